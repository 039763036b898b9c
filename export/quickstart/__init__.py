"""The main job on a small scale: train, export, denoise, report.

`run.run` is `fanet-quickstart`; `run.finish` repeats all but training and
export.
"""
