"""Image formation: pure functions on arrays, no file, no network.

One convention for every array: NHWC, packed planes in the order R, Gr, Gb, B,
float32, 0 = black level, 1 = white level; noise `(a, b)` in those units.
`H, W` are sensor sizes, `h, w = H/2, W/2` packed ones.

Each function takes the namespace it works in as `xp`: `numpy` for whole
frames, `tensorflow.experimental.numpy` inside tf.data, `keras.ops` in losses.
Importing this package imports no TensorFlow.
"""
