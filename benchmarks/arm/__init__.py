"""Flatbuffers on ARM without a phone: an aarch64 user space under qemu.

`user_space.build` makes the user space in a folder of its own, `guest` runs
flatbuffers there, and `instructions` counts what a core executes. It lives
beside the benchmarks because it is an instrument: no product code needs it,
while tests that run the product on aarch64 build the same folder.
"""
