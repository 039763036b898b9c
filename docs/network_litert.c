/* Runs a member of a bundle on LiteRT's C API (2.3), for denoise_raw10.c. */
#include "litert/c/litert_common.h"
#include "litert/c/litert_compiled_model.h"
#include "litert/c/litert_environment.h"
#include "litert/c/litert_model.h"
#include "litert/c/litert_options.h"
#include "litert/c/litert_tensor_buffer.h"
#include "nsma_denoise.h"

int network_open(const char *path);
int network_run(const float *noisy, float scale, float offset, float *denoised);

static LiteRtEnvironment environment;
static LiteRtCompiledModel compiled;
static LiteRtTensorBuffer inputs[3], output;
static size_t noisy_at, scale_at, offset_at; /* Which input is which. */

/* Makes the buffer of one input or output. */
static int make_buffer(LiteRtTensor tensor, int is_input, size_t index,
                       LiteRtTensorBuffer *buffer) {
  LiteRtRankedTensorType type;
  LiteRtTensorBufferRequirements needs;
  LiteRtStatus status =
      is_input ? LiteRtGetCompiledModelInputBufferRequirements(compiled, 0,
                                                               index, &needs)
               : LiteRtGetCompiledModelOutputBufferRequirements(compiled, 0,
                                                                index, &needs);
  return status || LiteRtGetRankedTensorType(tensor, &type) ||
         LiteRtCreateManagedTensorBufferFromRequirements(environment, &type,
                                                         needs, buffer);
}

int network_open(const char *path) {
  LiteRtModel model;
  LiteRtOptions options;
  LiteRtSignature signature;
  LiteRtTensor tensor;
  size_t i, found = 0;
  if (LiteRtCreateEnvironment(0, NULL, &environment) ||
      LiteRtCreateModelFromFile(environment, path, &model) ||
      LiteRtCreateOptions(&options) ||
      LiteRtSetOptionsHardwareAccelerators(options, kLiteRtHwAcceleratorCpu) ||
      LiteRtCreateCompiledModel(environment, model, options, &compiled) ||
      LiteRtGetModelSignature(model, 0, &signature)) {
    return -1;
  }
  /* By name: the order differs from file to file. */
  for (i = 0; i < 3; ++i) {
    const char *name;
    if (LiteRtGetSignatureInputName(signature, i, &name) ||
        LiteRtGetSignatureInputTensorByIndex(signature, i, &tensor) ||
        make_buffer(tensor, 1, i, &inputs[i])) {
      return -1;
    }
    if (!strcmp(name, NSMA_NOISY)) found |= 1, noisy_at = i;
    if (!strcmp(name, NSMA_SCALE)) found |= 2, scale_at = i;
    if (!strcmp(name, NSMA_OFFSET)) found |= 4, offset_at = i;
  }
  if (LiteRtGetSignatureOutputTensorByIndex(signature, 0, &tensor) ||
      make_buffer(tensor, 0, 0, &output)) {
    return -1;
  }
  return found == 7 ? 0 : -1;
}

static int write_input(size_t index, const float *from, size_t floats) {
  void *to;
  if (LiteRtLockTensorBuffer(inputs[index], &to,
                             kLiteRtTensorBufferLockModeWrite)) {
    return -1;
  }
  memcpy(to, from, floats * sizeof(float));
  return (int)LiteRtUnlockTensorBuffer(inputs[index]);
}

int network_run(const float *noisy, float scale, float offset,
                float *denoised) {
  void *from;
  if (write_input(noisy_at, noisy, NSMA_TILE_FLOATS) ||
      write_input(scale_at, &scale, 1) || write_input(offset_at, &offset, 1) ||
      LiteRtRunCompiledModel(compiled, 0, 3, inputs, 1, &output) ||
      LiteRtLockTensorBuffer(output, &from, kLiteRtTensorBufferLockModeRead)) {
    return -1;
  }
  memcpy(denoised, from, NSMA_TILE_FLOATS * sizeof(float));
  return (int)LiteRtUnlockTensorBuffer(output);
}
