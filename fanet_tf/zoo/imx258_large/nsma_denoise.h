/* imx258_large: from a camera's RAW buffer to the network's tiles, and back.
 *
 * Written by fanet-export from manifest.json. It gives what
 * `fanet-denoise --tile=manifest` gives, with `--shading` and with a list of
 * `--defects` too; docs/android.md has an example.
 *
 *     NsmaPlan plan;
 *     status = nsma_plan(&raw, &choice, &plan);
 *     work = malloc(nsma_workspace_bytes(&plan));
 *     status = nsma_begin(&plan, work, bytes);
 *     for (tile = 0; tile < nsma_tiles(&plan); ++tile) {
 *       status = nsma_fill(&plan, tile, noisy, floats);
 *       ... run the member plan.choice.member: noisy, scale, offset ...
 *       status = nsma_take(&plan, tile, denoised, floats, work, bytes);
 *     }
 *     status = nsma_finish(&plan, work, bytes, factor, out, count, row);
 *
 * Nothing is allocated. Tiles may come in any order, and different tiles from
 * different threads at once; nsma_begin comes before them, nsma_finish after.
 * C99 and C++11; link with -lm.
 */
#ifndef NSMA_DENOISE_H_
#define NSMA_DENOISE_H_

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nsma_selector.h"

#define NSMA_BUNDLE "imx258_large"
/* Of manifest.json as sorted, compact JSON without `files`. */
#define NSMA_BUNDLE_SHA256 \
  "4d21e0ada742ecb6a5356c36b27f596c7f8f1e44f59306a029f922c1f8f75c57"

/* The network's tile [1, height, width, 4], planes R, Gr, Gb, B, float32. */
#define NSMA_TILE_HEIGHT 768
#define NSMA_TILE_WIDTH 768
#define NSMA_TILE_FLOATS \
  (NSMA_CAST(size_t, 4) * NSMA_TILE_HEIGHT * NSMA_TILE_WIDTH)
/* Packed pixels that are thrown away between tiles; of which tiles start at
 * multiples; and that are mirrored in at each side of the frame. */
#define NSMA_HALO 112
#define NSMA_STRIDE 16
#define NSMA_MIRRORED 16

/* Bind the tensors by these names: their order differs from file to file. */
#define NSMA_SIGNATURE "serving_default"
#define NSMA_NOISY "noisy"
#define NSMA_SCALE "scale"   /* [1, 1, 1, 1], plan.choice.scale. */
#define NSMA_OFFSET "offset" /* [1, 1, 1, 1], plan.choice.offset. */
#define NSMA_DENOISED "denoised"

/* Whether a member was trained on noise that is clipped at black. */
static const uint8_t kNsmaClipped[NSMA_MEMBERS] = {0};

/* A flatbuffer of the bundle. */
typedef struct {
  int32_t member;
  const char *recipe, *file, *sha256;
} NsmaFile;

/* Returns all of them, and how many they are. */
static inline const NsmaFile *nsma_files(int32_t *count) {
  static const NsmaFile files[] = {
      {0, "float16", "member_0_float16.tflite",
       "192f89f243c7a3599fda2b07b081a83e289fc788d3258aaa4e4f51a79815fe9b"},
  };
  *count = NSMA_CAST(int32_t, sizeof(files) / sizeof(files[0]));
  return files;
}

static inline const char *nsma_text(NsmaStatus status) {
  switch (status) {
    case NSMA_OK: return "ok";
    case NSMA_BAD_GAIN: return "a gain must be positive and finite";
    case NSMA_BAD_ISO: return "both ISOs must be positive and finite";
    case NSMA_BAD_NOISE: return "noise must be 1e-7 <= a <= 1, 0 <= b <= 1";
    case NSMA_NO_PROFILE: return "a noise profile must have 1 to 4 pairs";
    case NSMA_BAD_CFA: return "the colour filters must be Bayer";
    case NSMA_BAD_FORMAT: return "the format must be RAW10, RAW12 or RAW16";
    case NSMA_BAD_LEVELS: return "each black level must be below white";
    case NSMA_BAD_SIZE: return "sides must be 1 to 32767 pixels";
    case NSMA_SHORT_BUFFER: return "a buffer or its rows are too short";
    case NSMA_ALIGNMENT: return "the workspace must be aligned to 8 bytes";
    case NSMA_BAD_TILE: return "there is no such tile";
    case NSMA_TILE_TWICE: return "a tile was taken twice";
    case NSMA_TILE_MISSING: return "a tile was not taken";
    case NSMA_BAD_OUTPUT: return "the network gave NaN or beyond 16 white";
    case NSMA_BAD_FACTOR: return "the factor of the counts must be 1 or more";
    case NSMA_BAD_SHADING: return "shading must be 1 to 16, a grid of the area";
    case NSMA_BAD_DEFECTS: return "defects must be sorted, each once";
  }
  return "unknown";
}

/* The numbers of ImageFormat.RAW_SENSOR, RAW10 and RAW12. */
typedef enum { NSMA_RAW16 = 32, NSMA_RAW10 = 37, NSMA_RAW12 = 38 } NsmaFormat;

/* The numbers of SENSOR_INFO_COLOR_FILTER_ARRANGEMENT. */
typedef enum { NSMA_RGGB = 0, NSMA_GRBG, NSMA_GBRG, NSMA_BGGR } NsmaCfa;

/* A defective pixel of the buffer. nsma_plan writes what replaces it. */
typedef struct {
  int32_t row, column, count;
} NsmaDefect;

/* A RAW frame as the camera gives it; begin with `NsmaRaw raw = {0}`. `left`,
 * `top`, `width` and `height` are the area to denoise, in pixels of the buffer;
 * `cfa` and `black` are those of the area's upper left corner. */
typedef struct {
  const uint8_t *data;
  size_t bytes;     /* Of `data`. */
  size_t row_bytes; /* From a row to the next. */
  int32_t left, top, width, height;
  int32_t format; /* NsmaFormat. RAW16 is little-endian. */
  int32_t cfa;    /* NsmaCfa. */
  float black[4]; /* Counts, in reading order of the 2 x 2 cell. */
  float white;    /* Counts; saturated pixels have it, or more. */
  /* The gains that the frame was multiplied by, or null: as Android's
   * LensShadingMap.copyGainFactors writes them, [rows, columns, 4] of R, green
   * in the buffer's even rows, green in its odd rows, B. The outer points lie
   * on the outer pixels of the area. */
  const float *shading;
  int32_t shading_rows, shading_columns;
  /* Defective pixels in reading order, or null. Others than the area's are
   * passed over. */
  NsmaDefect *defects;
  size_t defect_count;
} NsmaRaw;

/* Tiles along one axis, in packed pixels. */
typedef struct {
  int32_t size, side, step, last, count;
} NsmaAxis;

typedef struct {
  int32_t start, keep, stop; /* Of the tile; its kept part, on the frame. */
} NsmaSpan;

/* What nsma_plan finds out; nothing changes it. What `raw` points to must stay
 * until nsma_finish. */
typedef struct {
  NsmaRaw raw;
  NsmaChoice choice;
  NsmaAxis rows, columns;
  int32_t row, column; /* Of the first red pixel. */
  int32_t saturated;   /* The least count that is. */
  float black[4], span[4], inverse[4]; /* Of R, Gr, Gb, B. */
  int32_t channels[4];                 /* Of the shading map, likewise. */
  float lowest_gain, highest_gain;
} NsmaPlan;

/* The lowest counts of what a tile keeps, and how many pixels have them; the
 * workspace begins with one a tile. */
typedef struct {
  int64_t there[4];
  int32_t lowest[4], done, unused;
} NsmaTile;

static inline NsmaAxis nsmai_axis(int32_t size, int32_t side) {
  NsmaAxis axis;
  int32_t padded = (size + NSMA_STRIDE - 1) / NSMA_STRIDE * NSMA_STRIDE;
  padded += 2 * NSMA_MIRRORED;
  if (padded < side) padded = side; /* A small frame is mirrored to a tile. */
  axis.size = size;
  axis.side = side;
  axis.step = (side - 2 * NSMA_HALO) / NSMA_STRIDE * NSMA_STRIDE;
  axis.last = padded - side;
  axis.count = 1 + (axis.last + axis.step - 1) / axis.step;
  /* Tiles that would keep nothing but what is mirrored. */
  while (axis.count > 1) {
    const int32_t i = axis.count - 1;
    const int32_t start = i * axis.step < axis.last ? i * axis.step : axis.last;
    if (start + NSMA_HALO - NSMA_MIRRORED < size) break;
    axis.count = i;
  }
  return axis;
}

static inline NsmaSpan nsmai_span(const NsmaAxis *axis, int32_t i) {
  NsmaSpan span;
  int32_t start = i * axis->step, next = start + axis->step;
  if (start > axis->last) start = axis->last;
  if (next > axis->last) next = axis->last;
  span.start = start - NSMA_MIRRORED;
  span.keep = i == 0 ? 0 : span.start + NSMA_HALO;
  span.stop = next + NSMA_HALO - NSMA_MIRRORED;
  if (i == axis->count - 1 || span.stop > axis->size) span.stop = axis->size;
  return span;
}

/* Mirrors about the outer pixels, which keeps the colours in their places. */
static inline int32_t nsmai_reflect(int32_t i, int32_t size) {
  const int32_t period = 2 * (size - 1);
  if (i >= 0 && i < size) return i;
  if (size == 1) return 0;
  i = (i < 0 ? -i : i) % period;
  return i < size ? i : period - i;
}

/* Returns the first defect that is not before a pixel of the buffer. */
static inline size_t nsmai_defect(const NsmaRaw *raw, int32_t row,
                                  int32_t column) {
  size_t low = 0, high = raw->defect_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const NsmaDefect *defect = raw->defects + middle;
    if (defect->row < row || (defect->row == row && defect->column < column)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Unpacks five bytes of RAW10: in 64 bits, four pixels of 16 bits each. */
static inline void nsmai_four(const uint8_t *p, uint16_t *out) {
  uint64_t four = p[0] | NSMA_CAST(uint64_t, p[1]) << 8 |
                  NSMA_CAST(uint64_t, p[2]) << 16 |
                  NSMA_CAST(uint64_t, p[3]) << 24;
  four = (four | four << 16) & 0x0000FFFF0000FFFFu;
  four = (four | four << 8) & 0x00FF00FF00FF00FFu;
  four = four << 2 | (p[4] * 0x0000040010004001u & 0x0003000300030003u);
  out[0] = NSMA_CAST(uint16_t, four & 65535u);
  out[1] = NSMA_CAST(uint16_t, four >> 16 & 65535u);
  out[2] = NSMA_CAST(uint16_t, four >> 32 & 65535u);
  out[3] = NSMA_CAST(uint16_t, four >> 48);
}

/* Reads `count` pixels of a row of the area, its defects corrected. */
static inline void nsmai_read(const NsmaRaw *raw, int32_t row, int32_t column,
                              int32_t count, uint16_t *out) {
  const uint8_t *p = raw->data;
  size_t x = NSMA_CAST(size_t, raw->left + column), defect;
  int32_t i = 0;
  p += NSMA_CAST(size_t, raw->top + row) * raw->row_bytes;
  if (raw->format == NSMA_RAW16) {
    for (p += 2 * x; i < count; ++i, p += 2) {
      out[i] = NSMA_CAST(uint16_t, p[0] | p[1] << 8);
    }
  } else if (raw->format == NSMA_RAW10) { /* Four pixels, their low bits. */
    p += x / 4 * 5;
    for (x %= 4; x != 0 && i < count; ++i) {
      out[i] = NSMA_CAST(uint16_t, p[x] << 2 | (p[4] >> 2 * x & 3));
      x = (x + 1) % 4;
      if (x == 0) p += 5;
    }
    for (; i + 4 <= count; i += 4, p += 5) nsmai_four(p, out + i);
    for (; i < count; ++i, ++x) {
      out[i] = NSMA_CAST(uint16_t, p[x] << 2 | (p[4] >> 2 * x & 3));
    }
  } else { /* RAW12: two pixels, then their low bits. */
    p += x / 2 * 3;
    if (x % 2 && count > 0) {
      out[i++] = NSMA_CAST(uint16_t, p[1] << 4 | p[2] >> 4);
      p += 3;
    }
    for (; i + 2 <= count; i += 2, p += 3) {
      out[i] = NSMA_CAST(uint16_t, p[0] << 4 | (p[2] & 15));
      out[i + 1] = NSMA_CAST(uint16_t, p[1] << 4 | p[2] >> 4);
    }
    if (i < count) out[i] = NSMA_CAST(uint16_t, p[0] << 4 | (p[2] & 15));
  }
  if (raw->defect_count == 0) return;
  row += raw->top;
  column += raw->left;
  for (defect = nsmai_defect(raw, row, column); defect < raw->defect_count;
       ++defect) {
    const NsmaDefect *d = raw->defects + defect;
    if (d->row != row || d->column >= column + count) break;
    if (d->count >= 0) out[d->column - column] = NSMA_CAST(uint16_t, d->count);
  }
}

static inline int32_t nsmai_count(const NsmaRaw *raw, int32_t row,
                                  int32_t column) {
  uint16_t count;
  nsmai_read(raw, row, column, 1, &count);
  return count;
}

/* Reads both rows of `count` packed pixels, which may lie outside: the upper
 * row and then the lower one, `2 count` pixels each. */
static inline void nsmai_rows(const NsmaPlan *plan, int32_t y, int32_t x,
                              int32_t count, uint16_t *out) {
  const NsmaRaw *raw = &plan->raw;
  const int32_t first = 2 * x - plan->column, end = first + 2 * count;
  const int32_t from = first < 0 ? 0 : first;
  const int32_t to = end > raw->width ? raw->width : end;
  int32_t below, i;
  for (below = 0; below < 2; ++below, out += 2 * count) {
    const int32_t row = nsmai_reflect(2 * y - plan->row + below, raw->height);
    if (from < to) nsmai_read(raw, row, from, to - from, out + (from - first));
    for (i = first; i < end; ++i) {
      if (i == from && from < to) i = to;
      if (i == end) break;
      out[i - first] = NSMA_CAST(
          uint16_t, nsmai_count(raw, row, nsmai_reflect(i, raw->width)));
    }
  }
}

/* Returns the map's line before a pixel, and how far it is behind. */
static inline int32_t nsmai_between(int32_t i, int32_t size, int32_t lines,
                                    float *behind) {
  const float step = NSMA_CAST(float, lines - 1) /
                     NSMA_CAST(float, size > 1 ? size - 1 : 1);
  const float x = NSMA_CAST(float, i) * step;
  int32_t line = NSMA_CAST(int32_t, x);
  if (line > lines - 2) line = lines - 2;
  *behind = x - NSMA_CAST(float, line);
  return line;
}

/* Returns the gain that a pixel of the area was multiplied by. */
static inline float nsmai_gain(const NsmaPlan *plan, int32_t plane, int32_t row,
                               int32_t column) {
  const NsmaRaw *raw = &plan->raw;
  const ptrdiff_t next = NSMA_CAST(ptrdiff_t, 4) * raw->shading_columns;
  const float *map;
  float down, right, low, high;
  if (raw->shading == NULL) return 1.0f;
  map = raw->shading + plan->channels[plane];
  map += next * nsmai_between(row, raw->height, raw->shading_rows, &down);
  map += 4 * nsmai_between(column, raw->width, raw->shading_columns, &right);
  low = map[0] + down * (map[next] - map[0]);
  high = map[4] + down * (map[next + 4] - map[4]);
  return low + right * (high - low);
}

/* The same of a packed pixel, which may lie outside. */
static inline float nsmai_packed_gain(const NsmaPlan *plan, int32_t y,
                                      int32_t x, int32_t plane) {
  return nsmai_gain(
      plan, plane,
      nsmai_reflect(2 * y - plan->row + plane / 2, plan->raw.height),
      nsmai_reflect(2 * x - plan->column + plane % 2, plan->raw.width));
}

/* Returns the plane of a pixel of the area. */
static inline int32_t nsmai_plane(const NsmaPlan *plan, int32_t row,
                                  int32_t column) {
  return 2 * ((row + plan->row) % 2) + (column + plan->column) % 2;
}

/* Returns a count as a value, 0 = black and 1 = white. */
static inline float nsmai_value(const NsmaPlan *plan, int32_t count,
                                int32_t plane) {
  return (NSMA_CAST(float, count) - plan->black[plane]) * plan->inverse[plane];
}

static inline float nsmai_deviation(const NsmaPlan *plan, float x) {
  return sqrtf(plan->choice.a * (x > 0.0f ? x : 0.0f) + plan->choice.b);
}

/* A step from a pixel of the area; back where there is nothing ahead. */
static inline int32_t nsmai_step(int32_t i, int32_t by, int32_t size) {
  const int32_t there = i + by >= 0 && i + by < size ? i + by : i - by;
  return there >= 0 && there < size ? there : i;
}

/* Reads a pixel of one colour with a defect, as a value. Sets `is_good` if it
 * is no defect itself, or one that is corrected. */
static inline float nsmai_neighbour(const NsmaPlan *plan, int32_t row,
                                    int32_t column, int *is_good) {
  const NsmaRaw *raw = &plan->raw;
  const int32_t plane = nsmai_plane(plan, row, column);
  const int32_t y = raw->top + row, x = raw->left + column;
  const size_t at = nsmai_defect(raw, y, x);
  const float count = NSMA_CAST(float, nsmai_count(raw, row, column));
  *is_good = at == raw->defect_count || raw->defects[at].row != y ||
             raw->defects[at].column != x || raw->defects[at].count >= 0;
  /* From white: so fanet-denoise rounds, and the counts are to be the same. */
  return 1.0f + (count - raw->white) / plan->span[plane];
}

/* Returns what replaces a pixel: the means of opposite neighbours, weighted
 * towards the direction of least change; -1 if it has no good neighbour. */
static inline int32_t nsmai_corrected(const NsmaPlan *plan, int32_t row,
                                      int32_t column) {
  static const int32_t steps[4][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
  const int32_t height = plan->raw.height, width = plan->raw.width;
  const int32_t plane = nsmai_plane(plan, row, column);
  const float gain = nsmai_gain(plan, plane, row, column);
  float means[4], changes[4], sum = 0.0f;
  double total, noise, count, weights = 0.0, directed = 0.0;
  int32_t i, side, number = 0, usable[4];
  for (i = 0; i < 4; ++i) {
    float far[2], near[2];
    int is_good;
    usable[i] = 1;
    for (side = 0; side < 2; ++side) {
      const int32_t sign = 2 * side - 1;
      const int32_t down = sign * steps[i][0], right = sign * steps[i][1];
      near[side] =
          nsmai_neighbour(plan, nsmai_step(row, down, height),
                          nsmai_step(column, right, width), &is_good);
      far[side] =
          nsmai_neighbour(plan, nsmai_step(row, 2 * down, height),
                          nsmai_step(column, 2 * right, width), &is_good);
      usable[i] &= is_good;
      number += is_good;
      if (is_good) sum += far[side];
    }
    means[i] = 0.5f * (far[0] + far[1]);
    changes[i] = (far[0] - far[1]) * (far[0] - far[1]);
    changes[i] += (near[0] - near[1]) * (near[0] - near[1]);
  }
  if (number == 0) return -1;
  total = NSMA_CAST(double, sum) / number;
  /* What the two differences have where there is nothing but noise. */
  noise = NSMA_CAST(double, plan->choice.a) * (total > 0.0 ? total : 0.0) +
          NSMA_CAST(double, plan->choice.b * gain);
  noise = 4.0 * (NSMA_CAST(double, gain) * noise);
  for (i = 0; i < 4; ++i) {
    const double weight =
        usable[i] ? 1.0 / (NSMA_CAST(double, changes[i]) + noise + 1e-12) : 0.0;
    weights += weight;
    directed += weight * NSMA_CAST(double, means[i]);
  }
  if (weights > 0.0) total = directed / weights;
  count = NSMA_CAST(double, plan->raw.white) +
          (total - 1.0) * NSMA_CAST(double, plan->span[plane]);
  count = rint(count);
  if (count < 0.0) count = 0.0;
  if (count > 65535.0) count = 65535.0;
  return NSMA_CAST(int32_t, count);
}

/* Corrects the defects of the area: of a cluster the rim, then what is inside.
 * A defect's `count` is -1 until its value is known, and below while others of
 * the same rim still want the old one. */
static inline void nsmai_correct(const NsmaPlan *plan) {
  const NsmaRaw *raw = &plan->raw;
  size_t i, known = 1;
  for (i = 0; i < raw->defect_count; ++i) raw->defects[i].count = -1;
  while (known > 0) {
    known = 0;
    for (i = 0; i < raw->defect_count; ++i) {
      NsmaDefect *defect = raw->defects + i;
      const int32_t row = defect->row - raw->top;
      const int32_t column = defect->column - raw->left;
      if (defect->count >= 0 || row < 0 || row >= raw->height || column < 0 ||
          column >= raw->width) {
        continue;
      }
      defect->count = -2 - nsmai_corrected(plan, row, column);
      known += defect->count < -1;
    }
    for (i = 0; i < raw->defect_count; ++i) {
      NsmaDefect *defect = raw->defects + i;
      if (defect->count < -1) defect->count = -2 - defect->count;
    }
  }
}

static inline NsmaStatus nsmai_check_extras(const NsmaRaw *raw) {
  const int32_t rows = raw->shading_rows, columns = raw->shading_columns;
  size_t i;
  if (raw->shading != NULL) {
    /* 64 is the largest SHADING_MAP_SIZE. A map that is turned by 90 degrees
     * has its longer side where the frame has its shorter one. */
    if (rows < 2 || columns < 2 || rows > 64 || columns > 64 ||
        rows > raw->height || columns > raw->width ||
        (rows > columns && raw->height < raw->width) ||
        (rows < columns && raw->height > raw->width)) {
      return NSMA_BAD_SHADING;
    }
    for (i = 0; i < NSMA_CAST(size_t, 4 * rows * columns); ++i) {
      if (!(raw->shading[i] >= 1.0f && raw->shading[i] <= 16.0f)) {
        return NSMA_BAD_SHADING;
      }
    }
  }
  if (raw->defect_count > 0 && raw->defects == NULL) return NSMA_BAD_DEFECTS;
  for (i = 0; i < raw->defect_count; ++i) {
    const NsmaDefect *defect = raw->defects + i;
    if (defect->row < 0 || defect->column < 0) return NSMA_BAD_DEFECTS;
    if (i > 0 && (defect[-1].row > defect->row ||
                  (defect[-1].row == defect->row &&
                   defect[-1].column >= defect->column))) {
      return NSMA_BAD_DEFECTS;
    }
  }
  return NSMA_OK;
}

static inline NsmaStatus nsmai_check(const NsmaRaw *raw) {
  uint64_t columns, row_bytes, needed;
  int32_t i;
  if (raw->cfa < NSMA_RGGB || raw->cfa > NSMA_BGGR) return NSMA_BAD_CFA;
  if (raw->width < 1 || raw->height < 1 || raw->left < 0 || raw->top < 0 ||
      raw->width > 32767 || raw->height > 32767 || raw->left > 32767 ||
      raw->top > 32767) {
    return NSMA_BAD_SIZE;
  }
  for (i = 0; i < 4; ++i) {
    if (!(raw->black[i] >= 0.0f && raw->black[i] < raw->white)) {
      return NSMA_BAD_LEVELS;
    }
  }
  if (!(raw->white <= 65535.0f)) return NSMA_BAD_LEVELS;
  columns = NSMA_CAST(uint64_t, raw->left) + NSMA_CAST(uint64_t, raw->width);
  if (raw->format == NSMA_RAW16) {
    row_bytes = 2 * columns;
  } else if (raw->format == NSMA_RAW10) {
    row_bytes = (columns + 3) / 4 * 5;
  } else if (raw->format == NSMA_RAW12) {
    row_bytes = (columns + 1) / 2 * 3;
  } else {
    return NSMA_BAD_FORMAT;
  }
  /* The last row may end where its pixels end. */
  if (raw->data == NULL || raw->row_bytes < row_bytes ||
      raw->bytes < row_bytes) {
    return NSMA_SHORT_BUFFER;
  }
  needed = NSMA_CAST(uint64_t, raw->top) + NSMA_CAST(uint64_t, raw->height) - 1;
  if ((raw->bytes - row_bytes) / raw->row_bytes < needed) {
    return NSMA_SHORT_BUFFER;
  }
  return nsmai_check_extras(raw);
}

static inline uint64_t nsmai_workspace(const NsmaPlan *plan) {
  const uint64_t tiles = NSMA_CAST(uint64_t, plan->rows.count) *
                         NSMA_CAST(uint64_t, plan->columns.count);
  const uint64_t pixels = NSMA_CAST(uint64_t, plan->raw.width) *
                          NSMA_CAST(uint64_t, plan->raw.height);
  return tiles * sizeof(NsmaTile) + pixels * sizeof(float);
}

static inline void nsmai_find_gains(NsmaPlan *plan) {
  const NsmaRaw *raw = &plan->raw;
  int32_t i;
  plan->lowest_gain = plan->highest_gain = 1.0f;
  if (raw->shading == NULL) return;
  plan->lowest_gain = plan->highest_gain = raw->shading[0];
  for (i = 1; i < 4 * raw->shading_rows * raw->shading_columns; ++i) {
    const float gain = raw->shading[i];
    if (gain < plan->lowest_gain) plan->lowest_gain = gain;
    if (gain > plan->highest_gain) plan->highest_gain = gain;
  }
}

/* Returns the signal of every eighth cell down and across: how bright the frame
 * is for the choice of its member. */
static inline float nsmai_signal(const NsmaPlan *plan) {
  const NsmaRaw *raw = &plan->raw;
  const int32_t height = raw->height / 2 * 2, width = raw->width / 2 * 2;
  const double least = 0.0001, most = 0.2;
  double total = 0.0, square = 0.0, count = 0.0;
  int32_t row, column, i;
  if (height == 0 || width == 0) return NSMA_CAST(float, most);
  for (row = 0; row < height; row += 2 * 8) {
    for (column = 0; column < width; column += 2 * 8) {
      for (i = 0; i < 4; ++i) {
        const int32_t y = row + i / 2, x = column + i % 2;
        const int32_t plane = nsmai_plane(plan, y, x);
        double value = NSMA_CAST(double, nsmai_count(raw, y, x));
        value -= NSMA_CAST(double, plan->black[plane]);
        value /= NSMA_CAST(double, plan->span[plane]);
        value /= NSMA_CAST(double, nsmai_gain(plan, plane, y, x));
        total += value;
        square += value * value;
        count += 1.0;
      }
    }
  }
  square = square / count -
           NSMA_CAST(double, plan->choice.a) * (total / count) -
           NSMA_CAST(double, plan->choice.b);
  if (!(square > least * least)) return NSMA_CAST(float, least);
  if (square > most * most) return NSMA_CAST(float, most);
  return NSMA_CAST(float, sqrt(square));
}

/* Checks a frame and its noise, lays the tiles, and writes what replaces the
 * defects. `choice` comes from nsma_selector.h; plan->choice has the member of
 * this frame, which depends on its brightness, too. */
static inline NsmaStatus nsma_plan(const NsmaRaw *raw, const NsmaChoice *choice,
                                   NsmaPlan *plan) {
  NsmaStatus status;
  NsmaChoice again;
  int32_t plane;
  memset(plan, 0, sizeof(*plan));
  if (choice->status != NSMA_OK) return choice->status;
  again = nsma_from_noise(choice->a, choice->b, choice->previous);
  if (again.status != NSMA_OK) return again.status;
  status = nsmai_check(raw);
  if (status != NSMA_OK) return status;
  plan->raw = *raw;
  plan->choice = again;
  plan->row = raw->cfa / 2;
  plan->column = raw->cfa % 2;
  plan->rows =
      nsmai_axis((raw->height + plan->row + 1) / 2, NSMA_TILE_HEIGHT);
  plan->columns =
      nsmai_axis((raw->width + plan->column + 1) / 2, NSMA_TILE_WIDTH);
  if (nsmai_workspace(plan) > SIZE_MAX / 2) {
    memset(plan, 0, sizeof(*plan));
    return NSMA_BAD_SIZE;
  }
  for (plane = 0; plane < 4; ++plane) {
    const int32_t row = plan->row ^ plane / 2;
    plan->black[plane] = raw->black[2 * row + (plan->column ^ plane % 2)];
    plan->span[plane] = raw->white - plan->black[plane];
    plan->inverse[plane] = 1.0f / plan->span[plane];
  }
  plan->saturated = NSMA_CAST(int32_t, ceilf(raw->white));
  /* Gr lies in the rows of red. */
  plan->channels[1] = 1 + (raw->top + plan->row) % 2;
  plan->channels[2] = 3 - plan->channels[1];
  plan->channels[3] = 3;
  nsmai_find_gains(plan);
  nsmai_correct(plan);
  if (NSMA_REFERENCE_SIGNAL > 0.0f) {
    plan->choice = nsma_at_signal(plan->choice, nsmai_signal(plan));
  }
  return NSMA_OK;
}

/* Returns the number of tiles; they are numbered from 0, row by row. */
static inline int32_t nsma_tiles(const NsmaPlan *plan) {
  return plan->rows.count * plan->columns.count;
}

/* Returns the size of the workspace: 4 bytes a pixel, and some a tile. */
static inline size_t nsma_workspace_bytes(const NsmaPlan *plan) {
  return NSMA_CAST(size_t, nsmai_workspace(plan));
}

/* Returns the largest power of two whose counts of white fit 16 bits: what
 * fanet-denoise multiplies the counts by. Use 1 for DngCreator. */
static inline int32_t nsma_factor(float white) {
  int32_t factor = 1;
  while (NSMA_CAST(float, 2 * factor) * white <= 65535.0f && factor < 65536) {
    factor *= 2;
  }
  return factor;
}

static inline NsmaStatus nsmai_check_work(const NsmaPlan *plan,
                                          const void *work, size_t bytes) {
  if (plan->rows.count < 1) return NSMA_BAD_SIZE; /* nsma_plan refused it. */
  if (work == NULL || bytes < nsma_workspace_bytes(plan)) {
    return NSMA_SHORT_BUFFER;
  }
  return NSMA_ADDRESS(work) % 8 ? NSMA_ALIGNMENT : NSMA_OK;
}

/* Returns the denoised values, which lie behind the records of the tiles. */
static inline const float *nsmai_mosaic(const NsmaPlan *plan,
                                        const void *work) {
  return NSMA_CAST(const float *,
                   NSMA_CAST(const void *, NSMA_CAST(const NsmaTile *, work) +
                                               nsma_tiles(plan)));
}

/* Prepares the workspace for a frame. */
static inline NsmaStatus nsma_begin(const NsmaPlan *plan, void *work,
                                    size_t bytes) {
  const NsmaStatus status = nsmai_check_work(plan, work, bytes);
  if (status != NSMA_OK) return status;
  memset(work, 0, NSMA_CAST(size_t, nsma_tiles(plan)) * sizeof(NsmaTile));
  return NSMA_OK;
}

/* Returns a count as the network wants it: no more than white, no less than
 * `low`. */
static inline float nsmai_seen(const NsmaPlan *plan, int32_t count,
                               int32_t plane, float low) {
  float value = nsmai_value(plan, count, plane);
  value = value > low ? value : low;
  return value < 1.0f ? value : 1.0f;
}

/* Writes a tile [1, height, width, 4] for the input `noisy`. */
static inline NsmaStatus nsma_fill(const NsmaPlan *plan, int32_t tile,
                                   float *noisy, size_t floats) {
  NsmaSpan rows, columns;
  uint16_t counts[4 * NSMA_TILE_WIDTH];
  float low;
  /* `noisy` cannot overlap it, so its levels stay in registers. */
  const NsmaPlan local = *plan;
  int32_t y, x;
  if (tile < 0 || tile >= nsma_tiles(plan)) return NSMA_BAD_TILE;
  if (noisy == NULL || floats < NSMA_TILE_FLOATS) return NSMA_SHORT_BUFFER;
  rows = nsmai_span(&plan->rows, tile / plan->columns.count);
  columns = nsmai_span(&plan->columns, tile % plan->columns.count);
  low = kNsmaClipped[plan->choice.member] ? 0.0f : -FLT_MAX;
  for (y = 0; y < NSMA_TILE_HEIGHT; ++y, noisy += 4 * NSMA_TILE_WIDTH) {
    nsmai_rows(plan, rows.start + y, columns.start, NSMA_TILE_WIDTH, counts);
    for (x = 0; x < NSMA_TILE_WIDTH; ++x) {
      const uint16_t *upper = counts + 2 * x;
      const uint16_t *lower = upper + 2 * NSMA_TILE_WIDTH;
      noisy[4 * x] = nsmai_seen(&local, upper[0], 0, low);
      noisy[4 * x + 1] = nsmai_seen(&local, upper[1], 1, low);
      noisy[4 * x + 2] = nsmai_seen(&local, lower[0], 2, low);
      noisy[4 * x + 3] = nsmai_seen(&local, lower[1], 3, low);
    }
    if (plan->raw.shading == NULL) continue;
    for (x = 0; x < 4 * NSMA_TILE_WIDTH; ++x) {
      noisy[x] /= nsmai_packed_gain(plan, rows.start + y, columns.start + x / 4,
                                    x % 4);
    }
  }
  return NSMA_OK;
}

/* Adds back what is above white. Where a pixel has none but saturated
 * neighbours in its tile, it stays as it is. */
static inline void nsmai_whites(const NsmaPlan *plan, const NsmaSpan *rows,
                                const NsmaSpan *columns, int32_t y,
                                const float *denoised, float *line) {
  enum { kWidth = NSMA_TILE_WIDTH + 2 };
  uint16_t near[3][4 * kWidth];
  const int32_t count = columns->stop - columns->keep;
  int32_t x, plane, i, j;
  for (i = 0; i < 3; ++i) {
    nsmai_rows(plan, y + i - 1, columns->keep - 1, count + 2, near[i]);
  }
  for (x = 0; x < count; ++x) {
    for (plane = 0; plane < 4; ++plane) {
      const int32_t at = plane / 2 * 2 * (count + 2) + plane % 2 + 2 * x;
      const int32_t here = near[1][at + 2];
      float excess, gain;
      int is_inner = 1;
      line[4 * x + plane] = denoised[4 * x + plane];
      if (here < plan->saturated) continue;
      for (i = 0; i < 3; ++i) {
        for (j = 0; j < 3; ++j) {
          const int32_t down = y + i - 1 - rows->start;
          const int32_t right = columns->keep + x + j - 1 - columns->start;
          is_inner &= near[i][at + 2 * j] >= plan->saturated || down < 0 ||
                      down >= NSMA_TILE_HEIGHT || right < 0 ||
                      right >= NSMA_TILE_WIDTH;
        }
      }
      excess = nsmai_value(plan, here, plane) - 1.0f;
      gain = nsmai_packed_gain(plan, y, columns->keep + x, plane);
      if (is_inner) {
        line[4 * x + plane] = (1.0f + excess) / gain;
      } else {
        line[4 * x + plane] += excess / gain;
      }
    }
  }
}

/* Notes the lowest counts of a row of the frame; returns the highest one.
 * `line` begins with a pixel of `plane`, the next is of `plane + 1`. */
static inline int32_t nsmai_note(NsmaTile *record, const uint16_t *line,
                                 int32_t from, int32_t to, int32_t plane) {
  int32_t even = 65536, odd = 65536, high = 0, i;
  if (from % 2 && from < to) odd = high = line[from];
  for (i = from + from % 2; i + 2 <= to; i += 2) {
    const int32_t left = line[i], right = line[i + 1];
    even = left < even ? left : even;
    odd = right < odd ? right : odd;
    high = left > high ? left : high;
    high = right > high ? right : high;
  }
  if (i < to) {
    even = line[i] < even ? line[i] : even;
    high = line[i] > high ? line[i] : high;
  }
  for (i = 0; i < 2; ++i) {
    const int32_t low = i ? odd : even;
    int32_t x;
    if (low > record->lowest[plane + i] || low == 65536) continue;
    if (low < record->lowest[plane + i]) record->there[plane + i] = 0;
    record->lowest[plane + i] = low;
    for (x = from + (from + i) % 2; x < to; x += 2) {
      record->there[plane + i] += line[x] == low;
    }
  }
  return high;
}

/* Whether all are finite and within 16 times white: the bits of such a number
 * less its sign are no more than those of 16. */
static inline int nsmai_is_good(const float *denoised) {
  uint32_t over = 0;
  size_t i;
  for (i = 0; i < NSMA_TILE_FLOATS; ++i) {
    uint32_t bits;
    memcpy(&bits, denoised + i, sizeof(bits));
    over |= 0x41800000u - (bits & 0x7FFFFFFFu);
  }
  return over >> 31 == 0;
}

/* Writes packed pixels to their places in the mosaic. */
static inline void nsmai_store(const NsmaPlan *plan, int32_t y, int32_t x,
                               int32_t count, const float *line,
                               float *mosaic) {
  const int32_t width = plan->raw.width, first = 2 * x - plan->column;
  int32_t below, i;
  for (below = 0; below < 2; ++below, line += 2) {
    const int32_t row = 2 * y - plan->row + below;
    /* Only the outermost packed pixels may lie half outside. */
    const int32_t from = first < 0, to = first + 2 * count > width;
    float *out;
    if (row < 0 || row >= plan->raw.height) continue;
    out = mosaic + NSMA_CAST(size_t, row) * NSMA_CAST(size_t, width);
    if (from) {
      out[0] = line[1];
      if (count == 1) continue;
    }
    out += first + 2 * from;
    for (i = from; i < count - to; ++i, out += 2) {
      out[0] = line[4 * i];
      out[1] = line[4 * i + 1];
    }
    if (to) out[0] = line[4 * i];
  }
}

/* Takes the kept part of the output `denoised`. Where the frame is above white
 * the excess is added again, and inside of saturated areas it stays as it is.
 * If the output is refused, nothing of it is kept. */
static inline NsmaStatus nsma_take(const NsmaPlan *plan, int32_t tile,
                                   const float *denoised, size_t floats,
                                   void *work, size_t bytes) {
  const NsmaStatus status = nsmai_check_work(plan, work, bytes);
  NsmaSpan rows, columns;
  NsmaTile *record;
  float *mosaic;
  int32_t y, width, first, from, to, i;
  if (status != NSMA_OK) return status;
  if (tile < 0 || tile >= nsma_tiles(plan)) return NSMA_BAD_TILE;
  if (denoised == NULL || floats < NSMA_TILE_FLOATS) return NSMA_SHORT_BUFFER;
  record = NSMA_CAST(NsmaTile *, work);
  mosaic = NSMA_CAST(float *, NSMA_CAST(void *, record + nsma_tiles(plan)));
  record += tile;
  if (record->done) return NSMA_TILE_TWICE;
  if (!nsmai_is_good(denoised)) return NSMA_BAD_OUTPUT;
  rows = nsmai_span(&plan->rows, tile / plan->columns.count);
  columns = nsmai_span(&plan->columns, tile % plan->columns.count);
  width = columns.stop - columns.keep;
  first = 2 * columns.keep - plan->column;
  /* What is mirrored is no pixel of the frame. */
  from = first < 0;
  to = first + 2 * width > plan->raw.width ? 2 * width - 1 : 2 * width;
  for (i = 0; i < 4; ++i) record->lowest[i] = 65536;
  for (y = rows.keep; y < rows.stop; ++y) {
    const float *out = denoised + 4 * (columns.keep - columns.start);
    uint16_t counts[4 * NSMA_TILE_WIDTH];
    float line[4 * NSMA_TILE_WIDTH];
    int32_t below, highest = 0;
    out += NSMA_CAST(size_t, y - rows.start) * (4 * NSMA_TILE_WIDTH);
    nsmai_rows(plan, y, columns.keep, width, counts);
    for (below = 0; below < 2; ++below) {
      const int32_t row = 2 * y - plan->row + below;
      int32_t high;
      if (row < 0 || row >= plan->raw.height) continue;
      high = nsmai_note(record, counts + 2 * below * width, from, to,
                        2 * below);
      if (high > highest) highest = high;
    }
    if (highest >= plan->saturated) {
      nsmai_whites(plan, &rows, &columns, y, out, line);
      out = line;
    }
    nsmai_store(plan, y, columns.keep, width, out, mosaic);
  }
  record->done = 1;
  return NSMA_OK;
}

/* Finds the value that each plane is clipped at in the shadows: noise has a
 * mean there. Many pixels stand exactly at the lowest count then. */
static inline NsmaStatus nsmai_floors(const NsmaPlan *plan,
                                      const NsmaTile *record, float floors[4]) {
  int32_t plane, tile;
  for (plane = 0; plane < 4; ++plane) {
    const int32_t row = plan->row ^ plane / 2;
    const int32_t column = plan->column ^ plane % 2;
    const int64_t size =
        NSMA_CAST(int64_t, (plan->raw.height - row + 1) / 2) *
        ((plan->raw.width - column + 1) / 2);
    int32_t lowest = 65536;
    int64_t there = 0;
    for (tile = 0; tile < nsma_tiles(plan); ++tile) {
      const int32_t low = record[tile].lowest[plane];
      if (!record[tile].done) return NSMA_TILE_MISSING;
      if (low < lowest) there = 0;
      if (low <= lowest) there += record[tile].there[plane];
      if (low < lowest) lowest = low;
    }
    floors[plane] = -FLT_MAX;
    if (there > 5 && 1000 * there > size && there < size) {
      /* With a shading map it varies; this is the highest it was. */
      const float floor = nsmai_value(plan, lowest, plane);
      floors[plane] =
          floor / (floor > 0.0f ? plan->lowest_gain : plan->highest_gain);
    }
  }
  return NSMA_OK;
}

enum { kNsmaBlocks = 16 }; /* That are measured at once. */

/* Sums of some blocks of 8 x 8 pixels of each plane, in values before the
 * shading correction: the frame, the result, and white. */
typedef struct {
  float noisy[kNsmaBlocks][4], denoised[kNsmaBlocks][4];
  float white[kNsmaBlocks][4];
} NsmaSums;

static inline void nsmai_sum(const NsmaPlan *plan, const float *mosaic,
                             int32_t top, int32_t left, int32_t blocks,
                             NsmaSums *sums) {
  const size_t stride = NSMA_CAST(size_t, plan->raw.width);
  int32_t y, block, x;
  memset(sums, 0, sizeof(*sums));
  for (y = top; y < top + 16; ++y) {
    const float *line = mosaic + NSMA_CAST(size_t, y) * stride + left;
    const int32_t plane = nsmai_plane(plan, y, 0), other = plane ^ 1;
    uint16_t counts[16 * kNsmaBlocks];
    nsmai_read(&plan->raw, y, left, 16 * blocks, counts);
    for (block = 0; block < blocks; ++block) {
      const uint16_t *count = counts + 16 * block;
      int32_t even = 0, odd = 0;
      float even_denoised = 0.0f, odd_denoised = 0.0f;
      for (x = 0; x < 16; x += 2, line += 2) {
        even += count[x];
        odd += count[x + 1];
        even_denoised += line[0];
        odd_denoised += line[1];
      }
      sums->denoised[block][plane] += even_denoised;
      sums->denoised[block][other] += odd_denoised;
      if (plan->raw.shading == NULL) {
        sums->noisy[block][plane] +=
            (NSMA_CAST(float, even) - 8.0f * plan->black[plane]) *
            plan->inverse[plane];
        sums->noisy[block][other] +=
            (NSMA_CAST(float, odd) - 8.0f * plan->black[other]) *
            plan->inverse[other];
        sums->white[block][plane] += 8.0f;
        sums->white[block][other] += 8.0f;
        continue;
      }
      for (x = 0; x < 16; ++x) {
        const int32_t side = x % 2 ? other : plane;
        const float gain = nsmai_gain(plan, side, y, left + 16 * block + x);
        sums->noisy[block][side] += nsmai_value(plan, count[x], side) / gain;
        sums->white[block][side] += 1.0f / gain;
      }
    }
  }
}

/* Measures what was taken from the mean of each plane, in deviations of the
 * noise, over blocks of 8 x 8 of its pixels from the area's upper left corner.
 * NSMA_TILE_MISSING until all tiles were taken. */
static inline NsmaStatus nsma_shifts(const NsmaPlan *plan, const void *work,
                                     size_t bytes, float shifts[4]) {
  NsmaStatus status = nsmai_check_work(plan, work, bytes);
  const NsmaTile *record = NSMA_CAST(const NsmaTile *, work);
  double taken[4] = {0.0, 0.0, 0.0, 0.0}, deviations[4] = {0.0, 0.0, 0.0, 0.0};
  int64_t used[4] = {0, 0, 0, 0};
  float floors[4];
  const float *mosaic;
  int32_t top, left, block, plane;
  if (status != NSMA_OK) return status;
  status = nsmai_floors(plan, record, floors);
  if (status != NSMA_OK) return status;
  mosaic = nsmai_mosaic(plan, work);
  for (top = 0; top + 16 <= plan->raw.height; top += 16) {
    for (left = 0; left + 16 <= plan->raw.width; left += 16 * kNsmaBlocks) {
      const int32_t rest = (plan->raw.width - left) / 16;
      const int32_t blocks = rest < kNsmaBlocks ? rest : kNsmaBlocks;
      NsmaSums sums;
      nsmai_sum(plan, mosaic, top, left, blocks, &sums);
      for (block = 0; block < blocks; ++block) {
        for (plane = 0; plane < 4; ++plane) {
          const float mean = sums.noisy[block][plane] / 64.0f;
          const float deviation = nsmai_deviation(plan, mean);
          if (mean - 4.0f * deviation > floors[plane] &&
              mean + 4.0f * deviation < sums.white[block][plane] / 64.0f) {
            taken[plane] += NSMA_CAST(
                double, mean - sums.denoised[block][plane] / 64.0f);
            deviations[plane] += NSMA_CAST(double, deviation);
            ++used[plane];
          }
        }
      }
    }
  }
  for (plane = 0; plane < 4; ++plane) {
    double shift = 0.0;
    if (used[plane] >= 64) shift = taken[plane] / deviations[plane];
    if (shift > 0.25) shift = 0.25;
    if (shift < -0.25) shift = -0.25;
    shifts[plane] = NSMA_CAST(float, shift);
  }
  return NSMA_OK;
}

enum { kNsmaChunk = 128 }; /* Pixels of a row that are finished at once. */

/* Puts the mean back, multiplies by the gain again and gives counts. Saturated
 * values stay, and no other becomes saturated. A row of the area from a column
 * on, which is even. (Loops of a fixed number of steps over arrays of its own:
 * compilers make vectors of them.) */
static inline void nsmai_restore(const NsmaPlan *plan, const float *shifts,
                                 int32_t row, int32_t column, float *x) {
  const int32_t even = nsmai_plane(plan, row, 0);
  const int32_t odd = even ^ 1;
  const float shift[2] = {shifts[even], shifts[odd]};
  const float span[2] = {plan->span[even], plan->span[odd]};
  const float black[2] = {plan->black[even], plan->black[odd]};
  float moved[kNsmaChunk];
  int32_t i;
  for (i = 0; i < kNsmaChunk; ++i) moved[i] = nsmai_deviation(plan, x[i]);
  for (i = 0; i < kNsmaChunk; i += 2) {
    moved[i] = x[i] + shift[0] * moved[i];
    moved[i + 1] = x[i + 1] + shift[1] * moved[i + 1];
  }
  if (plan->raw.shading != NULL) {
    for (i = 0; i < kNsmaChunk && column + i < plan->raw.width; ++i) {
      const float gain = nsmai_gain(plan, i % 2 ? odd : even, row, column + i);
      moved[i] *= gain;
      x[i] *= gain;
    }
  }
  for (i = 0; i < kNsmaChunk; ++i) {
    const float inside = moved[i] < 1.0f ? moved[i] : 1.0f;
    x[i] = x[i] < 1.0f - 1e-6f ? inside : x[i];
  }
  for (i = 0; i < kNsmaChunk; i += 2) {
    x[i] = x[i] * span[0] + black[0];
    x[i + 1] = x[i + 1] * span[1] + black[1];
  }
}

/* Rounds `factor` times the counts. */
static inline void nsmai_round(const float *counts, float factor,
                               uint16_t *out) {
  int32_t i;
  for (i = 0; i < kNsmaChunk; ++i) {
    float count = counts[i] * factor + 0.5f;
    count = count > 0.0f ? count : 0.0f;
    count = count < 65535.0f ? count : 65535.0f;
    out[i] = NSMA_CAST(uint16_t, NSMA_CAST(int32_t, count));
  }
}

static inline NsmaStatus nsmai_finish(const NsmaPlan *plan, const void *work,
                                      size_t bytes, int32_t factor,
                                      uint16_t *whole, float *exact,
                                      size_t count, size_t row_stride) {
  float shifts[4];
  const float *mosaic;
  const NsmaStatus status = nsma_shifts(plan, work, bytes, shifts);
  int32_t row, column;
  if (status != NSMA_OK) return status;
  if (factor < 1) return NSMA_BAD_FACTOR;
  if ((whole == NULL && exact == NULL) ||
      row_stride < NSMA_CAST(size_t, plan->raw.width) ||
      count < NSMA_CAST(size_t, plan->raw.width) ||
      (count - NSMA_CAST(size_t, plan->raw.width)) / row_stride <
          NSMA_CAST(size_t, plan->raw.height - 1)) {
    return NSMA_SHORT_BUFFER;
  }
  mosaic = nsmai_mosaic(plan, work);
  for (row = 0; row < plan->raw.height; ++row) {
    const size_t at = NSMA_CAST(size_t, row) * row_stride;
    const float *line = mosaic + NSMA_CAST(size_t, row) *
                                     NSMA_CAST(size_t, plan->raw.width);
    for (column = 0; column < plan->raw.width; column += kNsmaChunk) {
      const int32_t rest = plan->raw.width - column;
      const size_t n = NSMA_CAST(size_t, rest < kNsmaChunk ? rest : kNsmaChunk);
      float counts[kNsmaChunk] = {0.0f};
      uint16_t rounded[kNsmaChunk];
      memcpy(counts, line + column, n * sizeof(*counts));
      nsmai_restore(plan, shifts, row, column, counts);
      if (exact != NULL) {
        memcpy(exact + at + column, counts, n * sizeof(*counts));
      } else {
        nsmai_round(counts, NSMA_CAST(float, factor), rounded);
        memcpy(whole + at + column, rounded, n * sizeof(*rounded));
      }
    }
  }
  return NSMA_OK;
}

/* Writes the denoised area as `factor` times the counts of the sensor, rounded.
 * `count` is the size of `out`, `row` from a row to the next, both in
 * uint16. Black and white of the result are `factor` times the frame's. */
static inline NsmaStatus nsma_finish(const NsmaPlan *plan, const void *work,
                                     size_t bytes, int32_t factor,
                                     uint16_t *out, size_t count, size_t row) {
  return nsmai_finish(plan, work, bytes, factor, out, NULL, count, row);
}

/* The same in counts of the sensor, not rounded. */
static inline NsmaStatus nsma_finish_float(const NsmaPlan *plan,
                                           const void *work, size_t bytes,
                                           float *out, size_t count,
                                           size_t row) {
  return nsmai_finish(plan, work, bytes, 1, NULL, out, count, row);
}

#endif /* NSMA_DENOISE_H_ */
