"""A whole frame through a bundle, tile by tile, on LiteRT; no TensorFlow.

    mosaic -> tiles [height, width, 4] -> member -> kept parts -> mosaic

`bundle.load` reads the array of a bundle, `denoiser.Denoiser` denoises frames
with it, `batch` does so for a folder of files. `noise` finds which `(a, b)` a
file has.

Conventions: a mosaic is `[H, W]`, 0 = black level, 1 = white level; packed
planes are `[h, w, 4]` in the order R, Gr, Gb, B; tiles, halos and strides count
packed pixels; noise is `(a, b)` with `Var[y | x] = a x + b`.
"""
