"""Captured pairs: a noisy short exposure and its clean long exposure, aligned.

plan    which captures to make            align   one translation, sub-pixel
match   brightness, saturation, motion    build   captures -> a paired set
page    thumbnails of a paired set

The paper's way (Young et al., section 3.5): Shi-Tomasi features, Lucas-Kanade
flow, averaged to one translation of the whole frame. `data.paired` reads what
`build` writes.
"""
