/* imx258_large: which member of the array serves a frame, and its two inputs.
 *
 * Written by fanet-export from manifest.json; Sony IMX258 (stand-in).
 * Noise in units where black is 0 and white is 1: Var[y|x] = a x + b.
 * Computes in float32, rounded after each operation, so that every platform
 * gives the same bits.
 */
#ifndef NSMA_SELECTOR_H_
#define NSMA_SELECTOR_H_

#include <stddef.h>
#include <stdint.h>

/* What C++ compilers take without a warning. */
#ifdef __cplusplus
#define NSMA_CAST(type, x) static_cast<type>(x)
#define NSMA_ADDRESS(pointer) reinterpret_cast<uintptr_t>(pointer)
#else
#define NSMA_CAST(type, x) ((type)(x))
#define NSMA_ADDRESS(pointer) ((uintptr_t)(pointer))
#endif

#define NSMA_MEMBERS 1

/* Same numbers in NsmaSelector.kt and, the first ones, in selector.tflite. */
typedef enum {
  NSMA_OK = 0,
  NSMA_BAD_GAIN = 1,     /* A gain must be positive and finite. */
  NSMA_BAD_ISO = 2,      /* Both ISOs must be positive and finite. */
  NSMA_BAD_NOISE = 3,    /* 1e-7 <= a <= 1 and 0 <= b <= 1. */
  NSMA_NO_PROFILE = 4,   /* A noise profile must have 1 to 4 pairs (S, O). */
  NSMA_BAD_CFA = 5,      /* Bayer only: RGGB, GRBG, GBRG or BGGR. */
  NSMA_BAD_FORMAT = 6,   /* RAW10, RAW12 or RAW16. */
  NSMA_BAD_LEVELS = 7,   /* Finite, and each black level below white. */
  NSMA_BAD_SIZE = 8,     /* 1 to 32767 pixels a side; left, top 0 or more. */
  NSMA_SHORT_BUFFER = 9, /* A buffer or its rows are too short, or null. */
  NSMA_ALIGNMENT = 10,   /* The workspace must be aligned to 8 bytes. */
  NSMA_BAD_TILE = 11,    /* Tiles are 0 to nsma_tiles() - 1. */
  NSMA_TILE_TWICE = 12,  /* A tile was taken already. */
  NSMA_TILE_MISSING = 13,/* Some tile was not taken yet. */
  NSMA_BAD_OUTPUT = 14,  /* The network gave NaN, infinity or over 16 white. */
  NSMA_BAD_FACTOR = 15,  /* The factor of the counts must be 1 or more. */
  NSMA_BAD_SHADING = 16, /* Gains of 1 to 16, 2 to 64 a side, of the area. */
  NSMA_BAD_DEFECTS = 17  /* Defects must be in reading order, each once. */
} NsmaStatus;

/* Bind `scale` and `offset` of the member `member` by these names, each as
 * [1, 1, 1, 1]. Unless `status` is NSMA_OK the numbers are 0 and `member` is
 * -1. */
typedef struct {
  float a, b, scale, offset;
  int32_t member, previous; /* `previous` as it was given. */
  NsmaStatus status;
} NsmaChoice;

/* Root mean square of the frames whose member is that of their a; a darker
 * frame has a later one (nsma_at_signal). 0: members are chosen by a alone. */
#define NSMA_REFERENCE_SIGNAL 0.0e+0f

static const float kNsmaEdges[NSMA_MEMBERS + 1] = {
    2.1e-4f, 1.344e-2f};

/* Member of a. `previous` is the last frame's in a video, else -1: it stays
 * until `a` is 10 % beyond its subrange, so that members do
 * not alternate at an edge. */
static inline int32_t nsma_member(float a, int32_t previous) {
  int32_t member = 0, i;
  if (previous >= 0 && previous < NSMA_MEMBERS) {
    const volatile float low = kNsmaEdges[previous] / 1.1e+0f;
    const volatile float high = kNsmaEdges[previous + 1] * 1.1e+0f;
    if ((previous == 0 || a >= low) &&
        (previous == NSMA_MEMBERS - 1 || a < high)) {
      return previous;
    }
  }
  for (i = 1; i < NSMA_MEMBERS; ++i) member += a >= kNsmaEdges[i];
  return member;
}

static inline NsmaChoice nsmai_refused(NsmaStatus status) {
  NsmaChoice choice = {0.0f, 0.0f, 0.0f, 0.0f, -1, -1, NSMA_OK};
  choice.status = status;
  return choice;
}

/* From a and b themselves. */
static inline NsmaChoice nsma_from_noise(float a, float b, int32_t previous) {
  NsmaChoice choice = {0.0f, 0.0f, 0.0f, 0.0f, -1, -1, NSMA_OK};
  /* Volatile: no compiler fuses or keeps more digits. */
  volatile float scale, offset;
  if (!(a >= 1e-7f && a <= 1.0f && b >= 0.0f && b <= 1.0f)) {
    return nsmai_refused(NSMA_BAD_NOISE);
  }
  scale = 1.0f / a;
  offset = b * scale;
  offset = offset * scale;
  choice.a = a;
  choice.b = b;
  choice.scale = scale;
  choice.offset = offset;
  choice.member = nsma_member(a, previous);
  choice.previous = previous;
  return choice;
}

/* The choice for a frame of this signal: the root mean square of its values
 * without its noise. nsma_plan measures it and calls this. */
static inline NsmaChoice nsma_at_signal(NsmaChoice choice, float signal) {
  volatile float a;
  if (choice.status != NSMA_OK || !(NSMA_REFERENCE_SIGNAL > 0.0f)) {
    return choice;
  }
  a = NSMA_REFERENCE_SIGNAL / signal;
  a = choice.a * a;
  choice.member = nsma_member(a, choice.previous);
  return choice;
}

/* From the sensor's gain, clamped to 1.0..64.0. */
static inline NsmaChoice nsma_from_gain(float gain, int32_t previous) {
  volatile float a, b;
  if (!(gain > 0.0f && gain <= 3.4028234e38f)) {
    return nsmai_refused(NSMA_BAD_GAIN);
  }
  if (gain < 1.0f) gain = 1.0f;
  if (gain > 64.0f) gain = 64.0f;
  a = 2.1e-4f * gain;
  a = a + 0.0e+0f;
  b = 7.9e-8f * gain;
  b = b + 0.0e+0f;
  b = b * gain;
  b = b + 3.5e-7f;
  return nsma_from_noise(a, b, previous);
}

/* From SENSOR_SENSITIVITY; base_iso is the lower end of the camera's
 * SENSOR_INFO_SENSITIVITY_RANGE. */
static inline NsmaChoice nsma_from_iso(float iso, float base_iso,
                                       int32_t previous) {
  if (!(iso > 0.0f && iso <= 3.4028234e38f && base_iso > 0.0f &&
        base_iso <= 3.4028234e38f)) {
    return nsmai_refused(NSMA_BAD_ISO);
  }
  return nsma_from_gain(iso / base_iso, previous);
}

static inline NsmaChoice nsmai_from_double(double a, double b,
                                           int32_t previous) {
  if (!(a >= 1e-7 && a <= 1.0 && b >= 0.0 && b <= 1.0)) {
    return nsmai_refused(NSMA_BAD_NOISE);
  }
  return nsma_from_noise(NSMA_CAST(float, a), NSMA_CAST(float, b), previous);
}

/* From Camera2's SENSOR_NOISE_PROFILE: `channels` pairs (S, O) in the order of
 * the CFA, averaged. */
static inline NsmaChoice nsma_from_noise_profile(const double *pairs,
                                                 int32_t channels,
                                                 int32_t previous) {
  double a = 0.0, b = 0.0;
  int32_t i;
  if (pairs == NULL || channels < 1 || channels > 4) {
    return nsmai_refused(NSMA_NO_PROFILE);
  }
  for (i = 0; i < channels; ++i) {
    a += pairs[2 * i];
    b += pairs[2 * i + 1];
  }
  return nsmai_from_double(a / channels, b / channels, previous);
}

/* The same from four pairs as Android's DngCreator writes them: of both greens
 * the pair with the larger slope. So the app and whoever reads the DNG denoise
 * for the same noise. `cfa` is SENSOR_INFO_COLOR_FILTER_ARRANGEMENT, 0 to 3. */
static inline NsmaChoice nsma_from_noise_profile_as_dng(const double *pairs,
                                                        int32_t cfa,
                                                        int32_t previous) {
  const int32_t red_first = cfa == 0 || cfa == 3; /* Then greens are 1, 2. */
  const double *red, *green, *blue;
  if (pairs == NULL) return nsmai_refused(NSMA_NO_PROFILE);
  if (cfa < 0 || cfa > 3) return nsmai_refused(NSMA_BAD_CFA);
  red = pairs + (red_first ? 0 : 2);
  blue = pairs + (red_first ? 6 : 4);
  green = pairs + (red_first ? 2 : 0);
  if (pairs[red_first ? 4 : 6] > green[0]) green = pairs + (red_first ? 4 : 6);
  return nsmai_from_double((red[0] + blue[0] + green[0] + green[0]) / 4.0,
                           (red[1] + blue[1] + green[1] + green[1]) / 4.0,
                           previous);
}

#endif /* NSMA_SELECTOR_H_ */
