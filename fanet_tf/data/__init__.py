"""Photographs, RAW files and published sets, as clean scenes or captures.

`evaluation_sets` gives the captures that a denoiser is judged on; `images`
reads photographs, `captures` draws noise on a clean scene, and each published
set has a reader of its own. None needs TensorFlow.
"""
