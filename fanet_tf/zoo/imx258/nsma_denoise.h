/* imx258: from a camera's RAW buffer to the network's tiles, and back.
 *
 * Written by fanet-export from manifest.json. It gives what
 * `fanet-denoise --tile=manifest` gives; docs/android.md has an example.
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

#define NSMA_BUNDLE "imx258"
/* Of manifest.json as sorted, compact JSON without `files`. */
#define NSMA_BUNDLE_SHA256 \
  "e20539cc76ce8a63ffec2fc00fe481572d57c7a8c68e1de62547e18b626b3b19"

/* The network's tile [1, height, width, 4], planes R, Gr, Gb, B, float32. */
#define NSMA_TILE_HEIGHT 384
#define NSMA_TILE_WIDTH 384
#define NSMA_TILE_FLOATS \
  (NSMA_CAST(size_t, 4) * NSMA_TILE_HEIGHT * NSMA_TILE_WIDTH)
/* Packed pixels that are thrown away between tiles; of which tiles start at
 * multiples; and that are mirrored in at each side of the frame. */
#define NSMA_HALO 28
#define NSMA_STRIDE 8
#define NSMA_MIRRORED 16

/* Bind the tensors by these names: their order differs from file to file. */
#define NSMA_SIGNATURE "serving_default"
#define NSMA_NOISY "noisy"
#define NSMA_SCALE "scale"   /* [1, 1, 1, 1], plan.choice.scale. */
#define NSMA_OFFSET "offset" /* [1, 1, 1, 1], plan.choice.offset. */
#define NSMA_DENOISED "denoised"

/* Whether a member was trained on noise that is clipped at black. */
static const uint8_t kNsmaClipped[NSMA_MEMBERS] = {0, 0, 0, 0};

/* A flatbuffer of the bundle. */
typedef struct {
  int32_t member;
  const char *recipe, *file, *sha256;
} NsmaFile;

/* Returns all of them, and how many they are. */
static inline const NsmaFile *nsma_files(int32_t *count) {
  static const NsmaFile files[] = {
      {0, "float16", "member_0_float16.tflite",
       "551b9274eb95bbb15c39de6b8d8ed6118e37778249d4469119cc2e8aab46e9fd"},
      {0, "dynamic_wi8_afp32", "member_0_dynamic_wi8_afp32.tflite",
       "7d5eccb152499621c25a256c8d183f2359630fa2a5ccdb8063604000fd615047"},
      {1, "float16", "member_1_float16.tflite",
       "6940b00c916b35b7e45475df6cd467acd1661bb6afe6951c4d3d589b84e8b1c6"},
      {1, "dynamic_wi8_afp32", "member_1_dynamic_wi8_afp32.tflite",
       "e2f334db128f5eb3b67eb4b5e922ce87c149a1c6f1c64bb571d20dba7141ccb4"},
      {2, "float16", "member_2_float16.tflite",
       "e3880eddf242446bcae83c59761ca287ff3e4be19feacb5f4a79e34e61d67c1c"},
      {2, "dynamic_wi8_afp32", "member_2_dynamic_wi8_afp32.tflite",
       "0ae590599c2d2114598f8d80bc6f0a9007c000efd400f40c72e95a93ddbd6d87"},
      {3, "float16", "member_3_float16.tflite",
       "34a9d1e706b6ad973ab431e56e71a350a781d9b00ea977471a87a8caea410480"},
      {3, "dynamic_wi8_afp32", "member_3_dynamic_wi8_afp32.tflite",
       "db0b01123376084abd5f3b3c5cc13d0c59cabd390e6726d853ab264e9d1210e8"},
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
  }
  return "unknown";
}

/* The numbers of ImageFormat.RAW_SENSOR, RAW10 and RAW12. */
typedef enum { NSMA_RAW16 = 32, NSMA_RAW10 = 37, NSMA_RAW12 = 38 } NsmaFormat;

/* The numbers of SENSOR_INFO_COLOR_FILTER_ARRANGEMENT. */
typedef enum { NSMA_RGGB = 0, NSMA_GRBG, NSMA_GBRG, NSMA_BGGR } NsmaCfa;

/* A RAW frame as the camera gives it. `left`, `top`, `width` and `height` are
 * the area to denoise, in pixels of the buffer; `cfa` and `black` are those of
 * the area's upper left corner. */
typedef struct {
  const uint8_t *data;
  size_t bytes;     /* Of `data`. */
  size_t row_bytes; /* From a row to the next. */
  int32_t left, top, width, height;
  int32_t format; /* NsmaFormat. RAW16 is little-endian. */
  int32_t cfa;    /* NsmaCfa. */
  float black[4]; /* Counts, in reading order of the 2 x 2 cell. */
  float white;    /* Counts; saturated pixels have it, or more. */
} NsmaRaw;

/* Tiles along one axis, in packed pixels. */
typedef struct {
  int32_t size, side, step, last, count;
} NsmaAxis;

typedef struct {
  int32_t start, keep, stop; /* Of the tile; its kept part, on the frame. */
} NsmaSpan;

/* What nsma_plan finds out; nothing changes it. `raw.data` must stay until the
 * last tile is taken. */
typedef struct {
  NsmaRaw raw;
  NsmaChoice choice;
  NsmaAxis rows, columns;
  int32_t row, column;            /* Of the first red pixel. */
  float black[4], span[4];        /* Of R, Gr, Gb, B. */
  float floors[4];                /* Where the plane is clipped, 1 = white. */
} NsmaPlan;

/* What one tile says of the means; the workspace begins with one a tile. */
typedef struct {
  double taken[4], deviations[4];
  int32_t blocks[4], done, unused;
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

static inline int32_t nsmai_count(const NsmaRaw *raw, int32_t row,
                                  int32_t column) {
  const size_t x = NSMA_CAST(size_t, raw->left + column);
  const uint8_t *p = raw->data;
  p += NSMA_CAST(size_t, raw->top + row) * raw->row_bytes;
  if (raw->format == NSMA_RAW16) return p[2 * x] | p[2 * x + 1] << 8;
  if (raw->format == NSMA_RAW10) { /* Four pixels, then their low bits. */
    p += x / 4 * 5;
    return p[x % 4] << 2 | (p[4] >> 2 * (x % 4) & 3);
  }
  p += x / 2 * 3; /* RAW12: two pixels, then their low bits. */
  return p[x % 2] << 4 | (p[2] >> 4 * (x % 2) & 15);
}

/* Returns a value of the frame, 0 = black and 1 = white, at a packed place
 * that may lie outside. */
static inline float nsmai_value(const NsmaPlan *plan, int32_t y, int32_t x,
                                int32_t plane) {
  const int32_t row =
      nsmai_reflect(2 * y - plan->row + plane / 2, plan->raw.height);
  const int32_t column =
      nsmai_reflect(2 * x - plan->column + plane % 2, plan->raw.width);
  const float count = NSMA_CAST(float, nsmai_count(&plan->raw, row, column));
  return (count - plan->black[plane]) / plan->span[plane];
}

/* Unpacks `count` pixels of a row of the buffer. */
static inline void nsmai_unpack(const NsmaRaw *raw, const uint8_t *p, size_t x,
                                int32_t count, uint16_t *out) {
  int32_t i;
  if (raw->format == NSMA_RAW16) {
    p += 2 * x;
    for (i = 0; i < count; ++i) {
      out[i] = NSMA_CAST(uint16_t, p[2 * i] | p[2 * i + 1] << 8);
    }
  } else if (raw->format == NSMA_RAW10) {
    for (i = 0; i < count && (x + NSMA_CAST(size_t, i)) % 4; ++i) {
      const size_t at = x + NSMA_CAST(size_t, i);
      const uint8_t *q = p + at / 4 * 5;
      out[i] = NSMA_CAST(uint16_t, q[at % 4] << 2 | (q[4] >> 2 * (at % 4) & 3));
    }
    p += (x + NSMA_CAST(size_t, i)) / 4 * 5;
    for (; i + 4 <= count; i += 4, p += 5) {
      out[i] = NSMA_CAST(uint16_t, p[0] << 2 | (p[4] & 3));
      out[i + 1] = NSMA_CAST(uint16_t, p[1] << 2 | (p[4] >> 2 & 3));
      out[i + 2] = NSMA_CAST(uint16_t, p[2] << 2 | (p[4] >> 4 & 3));
      out[i + 3] = NSMA_CAST(uint16_t, p[3] << 2 | (p[4] >> 6));
    }
    for (x = 0; i < count; ++i, ++x) {
      out[i] = NSMA_CAST(uint16_t, p[x] << 2 | (p[4] >> 2 * x & 3));
    }
  } else {
    for (i = 0; i < count; ++i) {
      const size_t at = x + NSMA_CAST(size_t, i);
      const uint8_t *q = p + at / 2 * 3;
      out[i] = NSMA_CAST(uint16_t,
                         q[at % 2] << 4 | (q[2] >> 4 * (at % 2) & 15));
    }
  }
}

/* Writes `count` packed pixels of the row y from x on, as `nsmai_value`. */
static inline void nsmai_line(const NsmaPlan *plan, int32_t y, int32_t x,
                              int32_t count, float *line) {
  const NsmaRaw *raw = &plan->raw;
  uint16_t counts[2 * NSMA_TILE_WIDTH];
  int32_t below, i;
  for (below = 0; below < 2; ++below) {
    const int32_t row = nsmai_reflect(2 * y - plan->row + below, raw->height);
    const int32_t first = 2 * x - plan->column, end = first + 2 * count;
    const int32_t from = first < 0 ? 0 : first;
    const int32_t to = end > raw->width ? raw->width : end;
    const float *black = plan->black + 2 * below;
    const float *span = plan->span + 2 * below;
    for (i = first; i < end && (i < 0 || i >= raw->width); ++i) {
      counts[i - first] = NSMA_CAST(
          uint16_t, nsmai_count(raw, row, nsmai_reflect(i, raw->width)));
    }
    if (from < to) {
      nsmai_unpack(raw,
                   raw->data + NSMA_CAST(size_t, raw->top + row) *
                                   raw->row_bytes,
                   NSMA_CAST(size_t, raw->left + from), to - from,
                   counts + (from - first));
      i = to;
    }
    for (; i < end; ++i) {
      counts[i - first] = NSMA_CAST(
          uint16_t, nsmai_count(raw, row, nsmai_reflect(i, raw->width)));
    }
    for (i = 0; i < count; ++i) {
      const float left = NSMA_CAST(float, counts[2 * i]);
      const float right = NSMA_CAST(float, counts[2 * i + 1]);
      line[4 * i + 2 * below] = (left - black[0]) / span[0];
      line[4 * i + 2 * below + 1] = (right - black[1]) / span[1];
    }
  }
}

static inline float nsmai_deviation(const NsmaPlan *plan, float x) {
  return sqrtf(plan->choice.a * (x > 0.0f ? x : 0.0f) + plan->choice.b);
}

/* Where a plane is clipped in the shadows: noise there has a mean of its own.
 * Many pixels stand exactly at the lowest count then. */
static inline void nsmai_find_floors(NsmaPlan *plan) {
  const NsmaRaw *raw = &plan->raw;
  uint16_t counts[256];
  int32_t row, column, i, lowest[4] = {65536, 65536, 65536, 65536};
  int64_t there[4] = {0, 0, 0, 0}, size[4] = {0, 0, 0, 0};
  for (row = 0; row < raw->height; ++row) {
    for (column = 0; column < raw->width; column += 256) {
      const int32_t left = raw->width - column;
      const int32_t count = left < 256 ? left : 256;
      nsmai_unpack(raw,
                   raw->data + NSMA_CAST(size_t, raw->top + row) *
                                   raw->row_bytes,
                   NSMA_CAST(size_t, raw->left + column), count, counts);
      for (i = 0; i < count; ++i) {
        const int32_t plane =
            2 * ((row + plan->row) % 2) + (i + plan->column) % 2;
        if (counts[i] < lowest[plane]) {
          lowest[plane] = counts[i];
          there[plane] = 0;
        }
        there[plane] += counts[i] == lowest[plane];
        ++size[plane];
      }
    }
  }
  for (i = 0; i < 4; ++i) {
    plan->floors[i] = -FLT_MAX;
    if (there[i] > 5 && 1000 * there[i] > size[i] && there[i] < size[i]) {
      plan->floors[i] =
          (NSMA_CAST(float, lowest[i]) - plan->black[i]) / plan->span[i];
    }
  }
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
  return NSMA_OK;
}

static inline uint64_t nsmai_workspace(const NsmaPlan *plan) {
  const uint64_t tiles = NSMA_CAST(uint64_t, plan->rows.count) *
                         NSMA_CAST(uint64_t, plan->columns.count);
  const uint64_t pixels = NSMA_CAST(uint64_t, plan->raw.width) *
                          NSMA_CAST(uint64_t, plan->raw.height);
  return tiles * sizeof(NsmaTile) + pixels * sizeof(float);
}

/* Checks a frame and its noise, and lays the tiles. Reads the frame once, to
 * see where it is clipped. `choice` comes from nsma_selector.h. */
static inline NsmaStatus nsma_plan(const NsmaRaw *raw, const NsmaChoice *choice,
                                   NsmaPlan *plan) {
  NsmaStatus status;
  NsmaChoice again;
  int32_t plane;
  memset(plan, 0, sizeof(*plan));
  if (choice->status != NSMA_OK) return choice->status;
  again = nsma_from_noise(choice->a, choice->b, choice->member);
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
  }
  nsmai_find_floors(plan);
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

/* Returns the least power of two that fills 16 bits: what fanet-denoise
 * multiplies the counts by. Use 1 for DngCreator. */
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

/* Prepares the workspace for a frame. */
static inline NsmaStatus nsma_begin(const NsmaPlan *plan, void *work,
                                    size_t bytes) {
  const NsmaStatus status = nsmai_check_work(plan, work, bytes);
  if (status != NSMA_OK) return status;
  memset(work, 0, NSMA_CAST(size_t, nsma_tiles(plan)) * sizeof(NsmaTile));
  return NSMA_OK;
}

/* Writes a tile [1, height, width, 4] for the input `noisy`. */
static inline NsmaStatus nsma_fill(const NsmaPlan *plan, int32_t tile,
                                   float *noisy, size_t floats) {
  NsmaSpan rows, columns;
  float low;
  int32_t y, x;
  if (tile < 0 || tile >= nsma_tiles(plan)) return NSMA_BAD_TILE;
  if (noisy == NULL || floats < NSMA_TILE_FLOATS) return NSMA_SHORT_BUFFER;
  rows = nsmai_span(&plan->rows, tile / plan->columns.count);
  columns = nsmai_span(&plan->columns, tile % plan->columns.count);
  low = kNsmaClipped[plan->choice.member] ? 0.0f : -FLT_MAX;
  for (y = 0; y < NSMA_TILE_HEIGHT; ++y) {
    nsmai_line(plan, rows.start + y, columns.start, NSMA_TILE_WIDTH, noisy);
    for (x = 0; x < 4 * NSMA_TILE_WIDTH; ++x) {
      const float value = noisy[x] > low ? noisy[x] : low;
      noisy[x] = value < 1.0f ? value : 1.0f;
    }
    noisy += 4 * NSMA_TILE_WIDTH;
  }
  return NSMA_OK;
}

/* Whether a saturated pixel has none but saturated neighbours in its tile. */
static inline int nsmai_is_inner(const NsmaPlan *plan, const NsmaSpan *rows,
                                 const NsmaSpan *columns, int32_t y, int32_t x,
                                 int32_t plane) {
  int32_t i, j;
  for (i = y - 1; i <= y + 1; ++i) {
    for (j = x - 1; j <= x + 1; ++j) {
      if (i < rows->start || i >= rows->start + NSMA_TILE_HEIGHT ||
          j < columns->start || j >= columns->start + NSMA_TILE_WIDTH) {
        continue;
      }
      if (nsmai_value(plan, i, j, plane) < 1.0f) return 0;
    }
  }
  return 1;
}

/* Adds a row of blocks of 8 packed pixels to their sums, four a block. */
static inline void nsmai_add(const float *line, int32_t blocks, float *sums) {
  int32_t block, i, plane;
  for (block = 0; block < blocks; ++block, line += 32, sums += 4) {
    for (i = 0; i < 8; ++i) {
      for (plane = 0; plane < 4; ++plane) sums[plane] += line[4 * i + plane];
    }
  }
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
      if (width > 0) out[0] = line[1];
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
  int32_t top, y, x, plane, is_bad = 0;
  size_t i;
  if (status != NSMA_OK) return status;
  if (tile < 0 || tile >= nsma_tiles(plan)) return NSMA_BAD_TILE;
  if (denoised == NULL || floats < NSMA_TILE_FLOATS) return NSMA_SHORT_BUFFER;
  record = NSMA_CAST(NsmaTile *, work);
  mosaic = NSMA_CAST(float *, NSMA_CAST(void *, record + nsma_tiles(plan)));
  record += tile;
  if (record->done) return NSMA_TILE_TWICE;
  for (i = 0; i < NSMA_TILE_FLOATS; ++i) {
    is_bad |= !(denoised[i] >= -16.0f && denoised[i] <= 16.0f);
  }
  if (is_bad) return NSMA_BAD_OUTPUT;
  rows = nsmai_span(&plan->rows, tile / plan->columns.count);
  columns = nsmai_span(&plan->columns, tile % plan->columns.count);
  /* Blocks of 8 x 8 packed pixels, as the means are measured. */
  for (top = rows.keep; top < rows.stop; top += 8) {
    const int32_t bottom = top + 8 < rows.stop ? top + 8 : rows.stop;
    const int32_t width = columns.stop - columns.keep;
    float noisy[4 * NSMA_TILE_WIDTH];
    float before[4 * (NSMA_TILE_WIDTH / 8 + 1)];
    float after[4 * (NSMA_TILE_WIDTH / 8 + 1)];
    memset(before, 0, sizeof(before));
    memset(after, 0, sizeof(after));
    for (y = top; y < bottom; ++y) {
      const float *from = denoised +
                          4 * (NSMA_CAST(size_t, y - rows.start) *
                                   NSMA_TILE_WIDTH +
                               NSMA_CAST(size_t, columns.keep - columns.start));
      int any_white = 0;
      nsmai_line(plan, y, columns.keep, width, noisy);
      nsmai_add(noisy, width / 8, before);
      for (x = 0; x < 4 * width; ++x) any_white |= noisy[x] >= 1.0f;
      for (x = 0; any_white && x < 4 * width; ++x) {
        const float was = noisy[x];
        noisy[x] = from[x];
        if (was >= 1.0f) {
          noisy[x] += was - 1.0f;
          if (nsmai_is_inner(plan, &rows, &columns, y, columns.keep + x / 4,
                             x % 4)) {
            noisy[x] = was;
          }
        }
      }
      if (any_white) from = noisy;
      nsmai_add(from, width / 8, after);
      nsmai_store(plan, y, columns.keep, width, from, mosaic);
    }
    if (bottom - top < 8) continue;
    for (x = 0; x < width / 8; ++x) {
      for (plane = 0; plane < 4; ++plane) {
        const float mean = before[4 * x + plane] / 64.0f;
        const float deviation = nsmai_deviation(plan, mean);
        if (mean - 4.0f * deviation > plan->floors[plane] &&
            mean + 4.0f * deviation < 1.0f) {
          record->taken[plane] +=
              NSMA_CAST(double, mean - after[4 * x + plane] / 64.0f);
          record->deviations[plane] += NSMA_CAST(double, deviation);
          ++record->blocks[plane];
        }
      }
    }
  }
  record->done = 1;
  return NSMA_OK;
}

/* Sums up what the tiles say: what was taken from the mean of each plane, in
 * deviations of the noise. NSMA_TILE_MISSING until all tiles were taken. */
static inline NsmaStatus nsma_shifts(const NsmaPlan *plan, const void *work,
                                     size_t bytes, float shifts[4]) {
  const NsmaStatus status = nsmai_check_work(plan, work, bytes);
  const NsmaTile *record;
  int32_t plane, tile;
  if (status != NSMA_OK) return status;
  record = NSMA_CAST(const NsmaTile *, work);
  for (plane = 0; plane < 4; ++plane) {
    double taken = 0.0, deviations = 0.0, shift = 0.0;
    int64_t blocks = 0;
    for (tile = 0; tile < nsma_tiles(plan); ++tile) {
      if (!record[tile].done) return NSMA_TILE_MISSING;
      taken += record[tile].taken[plane];
      deviations += record[tile].deviations[plane];
      blocks += record[tile].blocks[plane];
    }
    if (blocks >= 64 && deviations > 0.0) shift = taken / deviations;
    if (shift > 0.25) shift = 0.25;
    if (shift < -0.25) shift = -0.25;
    shifts[plane] = NSMA_CAST(float, shift);
  }
  return NSMA_OK;
}

/* Returns the counts of a denoised value, its mean put back. Saturated values
 * stay, and no other becomes saturated. */
static inline float nsmai_counts(const NsmaPlan *plan, float x, float shift,
                                 int32_t plane) {
  if (x < 1.0f) {
    x += shift * nsmai_deviation(plan, x);
    if (x > 1.0f) x = 1.0f;
  }
  return x * plan->span[plane] + plan->black[plane];
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
  mosaic = NSMA_CAST(
      const float *,
      NSMA_CAST(const void *,
                NSMA_CAST(const NsmaTile *, work) + nsma_tiles(plan)));
  for (row = 0; row < plan->raw.height; ++row) {
    const size_t at = NSMA_CAST(size_t, row) * row_stride;
    const float *line = mosaic + NSMA_CAST(size_t, row) *
                                     NSMA_CAST(size_t, plan->raw.width);
    const int32_t planes = 2 * ((row + plan->row) % 2);
    for (column = 0; column < plan->raw.width; ++column) {
      const int32_t plane = planes + (column + plan->column) % 2;
      float counts = nsmai_counts(plan, line[column], shifts[plane], plane);
      if (exact != NULL) {
        exact[at + NSMA_CAST(size_t, column)] = counts;
        continue;
      }
      counts = counts * NSMA_CAST(float, factor) + 0.5f;
      if (counts < 0.0f) counts = 0.0f;
      if (counts > 65535.0f) counts = 65535.0f;
      whole[at + NSMA_CAST(size_t, column)] = NSMA_CAST(uint16_t, counts);
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
