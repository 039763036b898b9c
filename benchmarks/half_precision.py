"""What half precision costs in flat areas, and where it is lost.

Flat areas leave the least noise, so there 16 bits cost most. A member of the
shipped array denoises flat tiles at gain 1, with noise of the stand-in profile:

    float32   all in float32
    half      all in half precision (x86: tensors of 16 bits, sums of 32)
    input     float32, but for the product `noisy scale` and the transform's
              result, which are rounded to 16 bits
    given     the same, and the residual is added to the rounded value that the
              network saw instead of to the exact one

Printed is the rms error that is left, in deviations of the noise.

Example:

    python benchmarks/half_precision.py
"""

import numpy as np
from absl import app
from absl import flags

from export.flatbuffer import convert
from export.flatbuffer import core as core_lib
from export.flatbuffer import half_precision
from export.flatbuffer import runtime
from fanet_tf.training import members
from fanet_tf.training import run_folder

_RUN = flags.DEFINE_string(
    "run", "fanet_tf/zoo/imx258_keras", "Folder of a finished run."
)
_LEVELS = flags.DEFINE_multi_float(
    "level", [0.02, 0.1, 0.3, 0.5, 0.8, 0.95], "Brightness, 0..1."
)

_A, _B = 2.1e-4, 4.29e-7  # Gain 1.
_SIZE, _BORDER = 128, 40
# Of the transform's result, in deviations: see `flatbuffer.core`.
_UNIT = 8.0


def _rounded(values):
    return np.asarray(values, np.float16).astype(np.float32)


def main(argv):
    """Prints the table."""
    del argv
    config = run_folder.read_config(_RUN.value)
    model = config.model.to_dict()
    trained = members.load(f"{_RUN.value}/member_0/member.keras")
    member = convert.static_member(trained, model, _SIZE, _SIZE, "native")
    float32 = runtime.denoiser(convert.convert(member))
    half = half_precision.HalfRunner(convert.convert(member, float16=True))
    core = runtime.Runner(convert.convert_core(member))

    def residual(stabilised):
        found = core({core_lib.INPUT: stabilised.astype(np.float32)})
        return found[core_lib.OUTPUT]

    print(f"{'level':>6} float32    half   input   given")
    for level in _LEVELS.value:
        inputs, clean = _tile(level)
        scale = inputs["scale"]
        product = _rounded(inputs["noisy"] * scale) / scale
        transform = config.model.transform
        stabilised, _ = core_lib.stabilise(
            {**inputs, "noisy": product}, transform
        )
        exact, unit = core_lib.stabilise(inputs, transform)
        seen = _rounded(stabilised)
        step = residual(seen)
        from_seen, given = (
            core_lib.restore(inputs, exact, unit, step + moved, transform)
            for moved in (0.0, _UNIT * (seen - exact))
        )
        row = [float32(inputs), half(inputs), from_seen, given]
        figures = " ".join(f"{_error(x, clean):7.4f}" for x in row)
        print(f"{level:6g} {figures}", flush=True)


def _tile(level):
    clean = np.full((1, _SIZE, _SIZE, 4), level, np.float32)
    normal = np.random.default_rng(0).standard_normal(clean.shape)
    noisy = np.minimum(clean + np.sqrt(_A * clean + _B) * normal, 1.0)
    one = np.ones((1, 1, 1, 1), np.float32)
    inputs = {
        "noisy": noisy.astype(np.float32),
        "scale": one * np.float32(1 / _A),
        "offset": one * np.float32(_B / _A**2),
    }
    return inputs, clean


def _error(denoised, clean):
    inner = np.s_[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    error = (denoised.astype(np.float64) - clean)[inner]
    deviation = np.sqrt(_A * clean[0, 0, 0, 0] + _B)
    return float(np.sqrt(np.mean(error**2)) / deviation)


if __name__ == "__main__":
    app.run(main)
