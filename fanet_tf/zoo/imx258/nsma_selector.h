/* imx258: which member of the array serves a frame, and its two inputs.
 *
 * Written by fanet-export from manifest.json; Sony IMX258 (stand-in).
 * Noise in units where black is 0 and white is 1: Var[y|x] = a x + b.
 * float32 and one operation a statement, so that every platform agrees.
 */
#ifndef NSMA_SELECTOR_H_
#define NSMA_SELECTOR_H_

#define NSMA_MEMBERS 4

/* Feed `scale` and `offset` to the member `member`, each as [1, 1, 1, 1]. */
typedef struct {
  float a, b, scale, offset;
  int member;
} NsmaChoice;

static const float kNsmaEdges[NSMA_MEMBERS + 1] = {2.1e-4f, 5.939697e-4f, 1.68e-3f, 4.7517577e-3f, 1.344e-2f};

/* Member of a. `previous` is the last frame's in a video, else -1: it stays
 * until `a` is 10 % beyond its subrange, so that members do
 * not alternate at an edge. */
static inline int nsma_member(float a, int previous) {
  int member = 0, i;
  if (previous >= 0 && previous < NSMA_MEMBERS &&
      (previous == 0 || a >= kNsmaEdges[previous] / 1.1e+0f) &&
      (previous == NSMA_MEMBERS - 1 ||
       a < kNsmaEdges[previous + 1] * 1.1e+0f)) {
    return previous;
  }
  for (i = 1; i < NSMA_MEMBERS; ++i) member += a >= kNsmaEdges[i];
  return member;
}

/* From a and b themselves; a must be above 0. */
static inline NsmaChoice nsma_from_noise(float a, float b, int previous) {
  NsmaChoice choice;
  choice.a = a;
  choice.b = b;
  choice.scale = 1.0f / a;
  choice.offset = b * choice.scale;
  choice.offset = choice.offset * choice.scale;
  choice.member = nsma_member(a, previous);
  return choice;
}

/* From the sensor's gain, clamped to 1.0..64.0. */
static inline NsmaChoice nsma_from_gain(float gain, int previous) {
  float a, b;
  if (!(gain > 1.0f)) gain = 1.0f;
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
                                       int previous) {
  return nsma_from_gain(iso / base_iso, previous);
}

/* From Camera2's SENSOR_NOISE_PROFILE: `channels` pairs (S, O), averaged. */
static inline NsmaChoice nsma_from_noise_profile(const double *pairs,
                                                 int channels, int previous) {
  double a = 0.0, b = 0.0;
  int i;
  for (i = 0; i < channels; ++i) {
    a += pairs[2 * i] / channels;
    b += pairs[2 * i + 1] / channels;
  }
  return nsma_from_noise((float)a, (float)b, previous);
}

#endif /* NSMA_SELECTOR_H_ */
