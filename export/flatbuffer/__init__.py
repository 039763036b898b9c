"""Flatbuffers: made from Keras, read as records, run, and judged for a GPU.

`convert.convert` makes the `.tflite` of a member, `graph.read` gives its
operations and tensors as plain records, and `runtime.Runner` runs it with
LiteRT. `gpu.report` reads whether the GPU delegate would take all of it.
"""
