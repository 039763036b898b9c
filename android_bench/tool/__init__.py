"""Google's `benchmark_model`: its command lines, its output, the verdict.

Two programs share that name, TFLite's and LiteRT's; `tool` tells them apart
and writes their flags, `parse` reads what they print, `verify` compares
outputs and delegates, `judge` puts these together. Nothing here runs anything
on a phone.

Entrances: `tool.identify`, `judge.latency` and `verify.reference`.
"""
