/* Random frames through a network that changes nothing: what comes out must be
 * the counts that went in, and no byte outside of a buffer may be touched.
 *
 *     random_frames NUMBER
 *
 * Prints how many frames were denoised, and how many of them had a shading map
 * and how many defects; then how many came to each status of nsma_plan. */
#include <stdio.h>
#include <stdlib.h>
#include "nsma_denoise.h"

typedef struct {
  NsmaRaw raw;
  NsmaChoice choice;
  uint8_t *data;
  float *gains;
  NsmaDefect *defects;
} Frame;

static uint64_t state = 25;

static uint32_t any(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}

static int32_t between(int32_t low, int32_t high) {
  return low + (int32_t)any((uint32_t)(high - low + 1));
}

/* The area, its levels, and rows that are as short as they may be. */
static void draw_area(NsmaRaw *raw) {
  static const int32_t formats[] = {NSMA_RAW16, NSMA_RAW10, NSMA_RAW12};
  /* 160 x 160 pixels are enough blocks for their mean to be put back. */
  static const int32_t sizes[] = {1, 1, 9, 9, 40, 40, 40, 90, 90, 160};
  const int32_t most = sizes[any(10)];
  int32_t k, columns;
  raw->width = any(8) ? between(1, most) : most;
  raw->height = any(8) ? between(1, most) : most;
  raw->left = between(0, 3);
  raw->top = between(0, 3);
  raw->format = formats[any(3)];
  raw->cfa = between(NSMA_RGGB, NSMA_BGGR);
  raw->white = 900.0f + (float)any(100);
  /* Close above black, but not so that black is 16 whites below it. */
  if (!any(64)) raw->white = 85.0f + (float)any(15);
  for (k = 0; k < 4; ++k) raw->black[k] = (float)any(80);
  columns = raw->left + raw->width;
  raw->row_bytes = (size_t)columns * 2;
  if (raw->format == NSMA_RAW10) raw->row_bytes = ((size_t)columns + 3) / 4 * 5;
  if (raw->format == NSMA_RAW12) raw->row_bytes = ((size_t)columns + 1) / 2 * 3;
  k = between(0, 8);
  raw->row_bytes += (size_t)k;
  raw->bytes = raw->row_bytes * (size_t)(raw->top + raw->height);
  raw->bytes -= (size_t)between(0, k);
}

/* In half of the frames that can have one. */
static void draw_shading(Frame *frame) {
  NsmaRaw *raw = &frame->raw;
  int32_t i, floats, rows = raw->height < 7 ? raw->height : 7;
  int32_t columns = raw->width < 7 ? raw->width : 7;
  if (rows < 2 || columns < 2 || any(2)) return;
  rows = between(2, rows);
  columns = between(2, columns);
  if ((rows > columns) != (raw->height > raw->width)) {
    rows = columns = rows < columns ? rows : columns;
  }
  floats = 4 * rows * columns;
  frame->gains = (float *)malloc((size_t)floats * sizeof(float));
  for (i = 0; i < floats; ++i) {
    frame->gains[i] = 1.0f + (float)any(100) / 33.0f;
  }
  raw->shading = frame->gains;
  raw->shading_rows = rows;
  raw->shading_columns = columns;
}

/* In half of the frames: alone, in clusters, and outside of the area. */
static void draw_defects(Frame *frame) {
  NsmaRaw *raw = &frame->raw;
  const int32_t columns = raw->left + raw->width + 2;
  const int32_t pixels = columns * (raw->top + raw->height + 2);
  int32_t at = -1;
  size_t n;
  if (any(2)) return;
  raw->defect_count = 1 + any(40);
  frame->defects =
      (NsmaDefect *)malloc(raw->defect_count * sizeof(NsmaDefect));
  for (n = 0; n < raw->defect_count; ++n) {
    at += any(2) ? 1 : between(1, 1 + pixels / 16);
    frame->defects[n].row = at / columns;
    frame->defects[n].column = at % columns;
  }
  raw->defects = frame->defects;
}

/* Whatever an app could do wrong with a frame. */
static void spoil(Frame *frame) {
  static const float gains[] = {0.5f, 16.5f, -1.0f, NAN, INFINITY};
  static const float levels[] = {-1.0f, 1e9f, NAN, INFINITY};
  NsmaRaw *raw = &frame->raw;
  const size_t last = raw->defect_count - 1;
  switch (any(18)) {
    case 0: raw->format = 35; break;
    case 1: raw->cfa = any(2) ? between(-9, -1) : between(4, 9); break;
    case 2: raw->white = (float)any(2); break;
    case 3: raw->white = levels[any(4)]; break;
    case 4: raw->black[any(4)] = levels[any(4)]; break;
    case 5: raw->width = any(2) ? (int32_t)any(1u << 31) : 40000; break;
    case 6: raw->height = -between(0, 99); break;
    case 7: raw->left = (int32_t)any(1u << 31); break;
    case 8: raw->top = (int32_t)any(1u << 31); break;
    case 9: raw->row_bytes = any(2) ? any(20) : SIZE_MAX - any(9); break;
    case 10: raw->bytes = any((uint32_t)raw->bytes + 1); break;
    case 11: frame->choice = nsma_from_gain(gains[any(5)], -1); break;
    case 12: frame->choice.a = any(2) ? NAN : 2.0f; break;
    case 13:
      if (raw->shading) frame->gains[any(4)] = gains[any(5)];
      break;
    case 14: raw->shading_columns = between(-1, 1); break;
    case 15: raw->shading_rows = any(2) ? 65 : raw->height + 1; break;
    case 16:
      if (raw->defects) frame->defects[any(2) ? 0 : last].column = -1;
      break;
    case 17:
      if (raw->defects) frame->defects[last] = frame->defects[last / 2];
      break;
  }
}

static void draw_data(Frame *frame) {
  NsmaRaw *raw = &frame->raw;
  size_t n;
  frame->data = (uint8_t *)malloc(raw->bytes ? raw->bytes : 1);
  for (n = 0; n < raw->bytes; ++n) frame->data[n] = (uint8_t)any(256);
  if (raw->format == NSMA_RAW16) {
    for (n = 1; n < raw->bytes; n += 2) frame->data[n] &= 3;
  }
  raw->data = any(256) ? frame->data : NULL;
}

/* Returns how many counts are not those of the frame. */
static int32_t wrong(const NsmaPlan *plan, const uint16_t *out, size_t row,
                     int32_t factor) {
  const NsmaRaw *raw = &plan->raw;
  int32_t y, x, off = 0;
  for (y = 0; y < raw->height; ++y) {
    for (x = 0; x < raw->width; ++x) {
      const int32_t in = nsmai_count(raw, y, x);
      const int32_t want = factor * in < 65535 ? factor * in : 65535;
      const int32_t got = out[(size_t)y * row + (size_t)x];
      if (abs(got - want) <= 1) continue;
      printf("%d, %d: %d instead of %d\n", y, x, got, want);
      ++off;
    }
  }
  return off;
}

/* Returns 0 if all goes well. */
static int denoise(const NsmaPlan *plan) {
  const NsmaRaw *raw = &plan->raw;
  const size_t bytes = nsma_workspace_bytes(plan);
  const int32_t tiles = nsma_tiles(plan), start = between(0, tiles - 1);
  const int32_t factor = between(1, 16);
  const size_t row = (size_t)raw->width + any(5);
  const size_t count = row * (size_t)(raw->height - 1) + (size_t)raw->width;
  void *work = malloc(bytes);
  float *noisy = (float *)malloc(NSMA_TILE_FLOATS * sizeof(float));
  uint16_t *out = (uint16_t *)malloc(count * sizeof(uint16_t));
  int32_t k;
  int code = 0;
  memset(work, 0xA5, bytes);
  if (nsma_begin(plan, work, bytes)) code = 2;
  for (k = 0; k < tiles && !code; ++k) {
    const int32_t tile = (start + k) % tiles;
    if (nsma_fill(plan, tile, noisy, NSMA_TILE_FLOATS)) code = 3;
    if (nsma_take(plan, tile, noisy, NSMA_TILE_FLOATS, work, bytes)) code = 4;
  }
  if (!code && nsma_finish(plan, work, bytes, factor, out, count, row)) {
    code = 5;
  }
  if (!code && wrong(plan, out, row, factor)) code = 6;
  free(out);
  free(noisy);
  free(work);
  return code;
}

int main(int argc, char **argv) {
  const int number = argc > 1 ? atoi(argv[1]) : 1;
  int i, shaded = 0, defective = 0, statuses[NSMA_BAD_DEFECTS + 1] = {0};
  for (i = 0; i < number; ++i) {
    Frame frame = {0};
    NsmaPlan plan;
    NsmaStatus status;
    int code = 0;
    frame.choice = nsma_from_gain((float)between(1, 64), -1);
    draw_area(&frame.raw);
    draw_shading(&frame);
    draw_defects(&frame);
    while (!any(6)) spoil(&frame);
    draw_data(&frame);
    status = nsma_plan(&frame.raw, &frame.choice, &plan);
    ++statuses[status];
    if (status == NSMA_OK) {
      shaded += frame.raw.shading != NULL;
      defective += frame.raw.defect_count > 0;
      code = denoise(&plan);
    }
    free(frame.defects);
    free(frame.gains);
    free(frame.data);
    if (code) return code;
  }
  printf("%d %d %d\n", statuses[NSMA_OK], shaded, defective);
  for (i = 0; i <= NSMA_BAD_DEFECTS; ++i) printf("%d ", statuses[i]);
  printf("\n");
  return 0;
}
