"""From float32 to integers: calibration, and the stages that keep the picture.

`calibration.Data` draws crops of a member's own noise, `stages.stages` leads to
int8 step by step, and `quantise.static` and `quantise.dynamic` make flatbuffers
of it with ai-edge-quantizer.
"""
