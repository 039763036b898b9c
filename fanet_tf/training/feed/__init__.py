"""Batches of (noisy, scale, offset) and clean, from images and datasets.

    images or datasets -> clean crops -> noise drawn -> batch

`pipeline.batches` is the whole way of one training phase; `bank` holds images
in memory, `stream` mixes datasets that are too large for it, `synthesis` draws
the noise.
"""
