"""Measures a bundle of fanet_tf's models on phones, over adb.

The package imports nothing of `fanet_tf` or `export` and no TensorFlow: it
meets them through a bundle's `manifest.json` only, and runs on a laptop with
adb, numpy and the LiteRT runtime.
"""
