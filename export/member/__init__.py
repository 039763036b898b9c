"""One trained network to its flatbuffers, recipe by recipe, through two gates.

A *member* is the network of one noise subrange. Training made it for crops of
any size; a flatbuffer has one size, so the export builds it again at the size
of the tile that ships, and once more at the size of the calibration crops:

    trained member -> member of the tile's size  -> float32, float16, dynamic
                   -> member of the crops' size  -> ranges, constants -> static

The converter gives the tensors of both sizes the same names, so ranges and
constants that were found on crops apply to the tile. Each flatbuffer then runs
on a golden tile (`parity`: it computes what the member computes) and on
photographs (`contract.quality`: what it loses), gets short tensor names and
metadata, and is written as `member_<index>_<recipe>.tflite`.

Conventions: inputs are `noisy` `[1, h, w, 4]` (R, Gr, Gb, B; 0 = black,
1 = white), `scale` = 1/a and `offset` = b/a^2, each `[1, 1, 1, 1]`; the output
is `denoised`, as `noisy`. The *core* is the part between the transform and the
residual, `stabilised` to `residual` (`flatbuffer.core`). Tiles, halos and
strides count packed pixels. A loss is float32's RAW PSNR less the recipe's, in
dB: more is worse.

`recipes` names the number formats, `job.Options` is what a user chooses, and
`write.write` writes a member.
"""
