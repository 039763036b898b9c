/* Denoises one RAW10 frame with a bundle of fanet_tf, in C.
 *
 *   cc -std=c99 -O2 -I BUNDLE denoise_raw10.c network.c -lm -o denoise_raw10
 *   ./denoise_raw10 BUNDLE float16 in.raw10 out.raw16 4208 3120 8
 *
 * reads 4208 x 3120 pixels of gain 8 in Android's ImageFormat.RAW10, without
 * padding between the rows, and writes them denoised, 16 bits a pixel. A
 * camera's buffer may have it: row_bytes is its row stride. network.c is yours:
 * it runs a flatbuffer, as network_litert.c does; see docs/android.md.
 */
#include <stdio.h>
#include <stdlib.h>

#include "nsma_denoise.h"

/* Opens a flatbuffer; then runs it on a tile. They return 0 if they could. */
int network_open(const char *path);
int network_run(const float *noisy, float scale, float offset, float *denoised);

static int fail(const char *name, const char *why) {
  fprintf(stderr, "%s: %s\n", name, why);
  return EXIT_FAILURE;
}

/* Opens the flatbuffer of a member. */
static int open_member(const char *bundle, const char *recipe, int32_t member) {
  int32_t count, i;
  const NsmaFile *files = nsma_files(&count);
  char path[4096];
  for (i = 0; i < count; ++i) {
    if (files[i].member == member && !strcmp(files[i].recipe, recipe)) {
      snprintf(path, sizeof(path), "%s/%s", bundle, files[i].file);
      return network_open(path);
    }
  }
  return -1;
}

int main(int argc, char **argv) {
  NsmaRaw raw = {0};
  NsmaChoice choice;
  NsmaPlan plan;
  NsmaStatus status;
  uint8_t *data;
  uint16_t *out;
  float *noisy, *denoised;
  void *work;
  size_t bytes, pixels;
  int32_t tile, factor, i;
  FILE *file;
  if (argc != 8) {
    return fail(argv[0], "BUNDLE RECIPE IN OUT WIDTH HEIGHT GAIN");
  }

  /* The sensor: take these from CameraCharacteristics and CaptureResult. */
  raw.width = atoi(argv[5]);
  raw.height = atoi(argv[6]);
  raw.format = NSMA_RAW10;
  raw.cfa = NSMA_RGGB;
  raw.white = 1023.0f;
  for (i = 0; i < 4; ++i) raw.black[i] = 64.0f;
  if (raw.width < 1 || raw.height < 1) return fail(argv[5], "no size");
  raw.row_bytes = ((size_t)raw.width + 3) / 4 * 5;
  raw.bytes = raw.row_bytes * (size_t)raw.height;

  /* The frame. */
  data = malloc(raw.bytes);
  file = fopen(argv[3], "rb");
  if (!data || !file || fread(data, 1, raw.bytes, file) != raw.bytes) {
    return fail(argv[3], "cannot be read, or is too short");
  }
  fclose(file);
  raw.data = data;

  /* Its noise chooses a member; the plan lays the tiles. */
  choice = nsma_from_gain((float)atof(argv[7]), -1);
  status = nsma_plan(&raw, &choice, &plan);
  if (status != NSMA_OK) return fail(argv[3], nsma_text(status));
  if (open_member(argv[1], argv[2], plan.choice.member)) {
    return fail(argv[1], "its flatbuffer cannot be opened");
  }

  /* Tile by tile through the network. */
  bytes = nsma_workspace_bytes(&plan);
  pixels = (size_t)raw.width * (size_t)raw.height;
  work = malloc(bytes);
  noisy = malloc(NSMA_TILE_FLOATS * sizeof(float));
  denoised = malloc(NSMA_TILE_FLOATS * sizeof(float));
  out = malloc(pixels * sizeof(uint16_t));
  if (!work || !noisy || !denoised || !out) return fail(argv[0], "no memory");
  status = nsma_begin(&plan, work, bytes);
  for (tile = 0; status == NSMA_OK && tile < nsma_tiles(&plan); ++tile) {
    status = nsma_fill(&plan, tile, noisy, NSMA_TILE_FLOATS);
    if (status != NSMA_OK) break;
    if (network_run(noisy, choice.scale, choice.offset, denoised)) {
      return fail(argv[1], "the network does not run");
    }
    status = nsma_take(&plan, tile, denoised, NSMA_TILE_FLOATS, work, bytes);
  }

  /* Counts of 16 bits: `factor` times black and white of the sensor. */
  factor = nsma_factor(raw.white);
  if (status == NSMA_OK) {
    status = nsma_finish(&plan, work, bytes, factor, out, pixels,
                         (size_t)raw.width);
  }
  if (status != NSMA_OK) return fail(argv[3], nsma_text(status));
  file = fopen(argv[4], "wb");
  if (!file || fwrite(out, 2, pixels, file) != pixels || fclose(file)) {
    return fail(argv[4], "cannot be written");
  }
  printf("member %d, %d tiles, counts times %d\n", (int)plan.choice.member,
         (int)nsma_tiles(&plan), (int)factor);
  return EXIT_SUCCESS;
}
