/* $name: which member of the array serves a frame, and its two inputs.
 *
 * Written by fanet-export from manifest.json; $sensor ($status).
 * Noise in units where black is 0 and white is 1: Var[y|x] = a x + b.
 * float32 and one operation a statement, so that every platform agrees.
 */
#ifndef NSMA_SELECTOR_H_
#define NSMA_SELECTOR_H_

#define NSMA_MEMBERS $members

/* Feed `scale` and `offset` to the member `member`, each as [1, 1, 1, 1]. */
typedef struct {
  float a, b, scale, offset;
  int member;
} NsmaChoice;

static const float kNsmaEdges[NSMA_MEMBERS + 1] = {$edges_c};

/* Member of a. `previous` is the last frame's in a video, else -1: it stays
 * until `a` is $hysteresis_percent % beyond its subrange, so that members do
 * not alternate at an edge. */
static inline int nsma_member(float a, int previous) {
  int member = 0, i;
  if (previous >= 0 && previous < NSMA_MEMBERS &&
      (previous == 0 || a >= kNsmaEdges[previous] / $hysteresis_c) &&
      (previous == NSMA_MEMBERS - 1 ||
       a < kNsmaEdges[previous + 1] * $hysteresis_c)) {
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

/* From the sensor's gain, clamped to $gain_low..$gain_high. */
static inline NsmaChoice nsma_from_gain(float gain, int previous) {
  float a, b;
  if (!(gain > ${gain_low}f)) gain = ${gain_low}f;
  if (gain > ${gain_high}f) gain = ${gain_high}f;
  a = $a1_c * gain;
  a = a + $a0_c;
  b = $b2_c * gain;
  b = b + $b1_c;
  b = b * gain;
  b = b + $b0_c;
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
