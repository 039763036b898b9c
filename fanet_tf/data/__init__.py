"""Datasets and captures as scenes: clean frames, pairs, and how they look.

`evaluation_sets` makes what an evaluation runs on, `captures` draws noise on a
scene, `camera` has the colours of a sensor. Each dataset's module gives its
layout on disk and its source. `training.feed` makes batches of the same files.
"""
