"""Measures a bundle of fanet_tf's models on phones over adb, or on this host.

`cli/` is the command `fanet-bench` and `session` one run of it: `plan` lists
the jobs, `runner` runs them on a target (`targets/`: a phone, the host, a
matrix product), `results/` keeps and shows what came out. `phone/` talks to a
device, `tool/` to `benchmark_model`.

Of fanet_tf the bench imports what needs no TensorFlow (`errors`, `files`,
`denoising`, `pages`, and how a command starts and fails, in `cli`): it runs on
a laptop with adb and the LiteRT runtime.
"""
