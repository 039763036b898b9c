"""Writes one member of a bundle: every recipe, through its two gates.

*Parity*: the flatbuffer computes what it should (Keras, or the simulation of
its integers). A failure is a bug, and no bundle is written. *Quality*: it loses
no more on photographs than its recipe may. A failure leaves that recipe out
for that member, unless losses are allowed, and the manifest says so.
"""

import dataclasses
import hashlib
import json
import math
import pathlib

import keras
import numpy as np
from absl import logging

from export.contract import golden
from export.contract import quality
from export.flatbuffer import convert
from export.flatbuffer import gpu
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import calibration
from export.int8 import float_layers
from export.int8 import quantization_aware
from export.int8 import simulate
from export.member.context import ExportContext
from export.member.recipes import Recipe
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.errors import InputError


class ParityError(InputError):
    """A flatbuffer does not compute what its member computes."""


@dataclasses.dataclass(frozen=True)
class Job:
    """What is the same for every member.

    Attributes:
        folder: that files are written to.
        profile: the sensor's noise.
        model: the config's `model` section, a dict.
        recipes: to write.
        tile: `height`, `width`, `halo`, `stride`.
        group_form: see `convert.GROUP_FORMS`.
        data: of calibration and fine-tuning.
        gate: measures quality; None measures none.
        allow_quality_loss: writes what misses its limit, too.
        essentials: what every flatbuffer says of the bundle.
        below_black: what the members have seen there, `"clipped"` or
            `"signed"`.
    """

    folder: pathlib.Path
    profile: NoiseProfile
    model: dict
    recipes: list[Recipe]
    tile: dict
    group_form: str
    data: calibration.Data
    gate: quality.Gate | None
    allow_quality_loss: bool
    essentials: dict
    below_black: str = "clipped"


def write_file(folder, name, content: bytes) -> dict:
    """Writes a file and returns its entry in the manifest."""
    (folder / name).write_bytes(content)
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def write(job: Job, trained, index: int, a_range) -> dict:
    """Writes the flatbuffers and golden tiles of a member.

    Args:
        job: see `Job`.
        trained: keras.Model with the weights.
        index: of the member.
        a_range: its subrange, as float32 holds it.

    Returns:
        Its entry in the manifest.
    """
    height, width = job.tile["height"], job.tile["width"]
    source = ExportContext(
        lambda *size: convert.static_member(
            trained, job.model, *size, job.group_form
        ),
        (height, width),
        index,
        a_range,
        job.model["transform"],
        job.data,
    )
    # The middle of the subrange, in log a.
    a = math.sqrt(a_range[0] * a_range[1])
    b = float(job.profile.b(job.profile.gain(a)))
    noisy = golden.noisy_tile(a, b, index, job.below_black)
    np.save(job.folder / f"golden/member_{index}_noisy.npy", noisy)
    inputs = golden.inputs(noisy, 1.0 / a, b / a**2, height, width)
    record = {
        "index": index,
        "a_range": list(a_range),
        "gain_range": [float(job.profile.gain(x)) for x in a_range],
        "transform": job.model["transform"],
        "below_black": job.below_black,
        "parameters": int(trained.count_params()),
        "tile": job.tile,
        "recipes": {},
        "core": {},
        "omitted": {},
        "golden": {
            "noisy": f"golden/member_{index}_noisy.npy",
            "scale": 1.0 / a,
            "offset": b / a**2,
            "crop": list(golden.crop_of(height, width)),
            "denoised": {},
        },
        "gpu_delegate": gpu.report(
            source.float32, _extreme(job, inputs, a_range)
        ),
    }
    writer = _Writer(job, source, inputs, record)
    for recipe in job.recipes:
        logging.info("Member %d: %s", index, recipe.name)
        writer.write(recipe)
    if not record["recipes"]:
        raise InputError(
            f"Member {index} must pass the quality gate in one recipe. "
            f"Received: {_losses(record['omitted'])}; --allow_quality_loss "
            "writes it all the same"
        )
    return record


def _extreme(job, inputs, a_range):
    """Returns the inputs at the low end of the subrange: largest `scale`."""
    a = a_range[0]
    b = float(job.profile.b(job.profile.gain(a)))
    return golden.inputs(
        inputs["noisy"][0], 1.0 / a, b / a**2, *inputs["noisy"].shape[1:3]
    )


def _losses(omitted):
    return ", ".join(
        f"{name} {max(g['loss_db'] for g in entry['quality']['gains']):.2f} dB"
        for name, entry in omitted.items()
    )


class _Writer:
    """Takes recipes of one member through the gates and to disk."""

    def __init__(self, job, source, inputs, record):
        self._job, self._source = job, source
        self._inputs, self._record = inputs, record
        self._expected = keras.ops.convert_to_numpy(
            source.member(inputs, training=False)
        )
        self._reference = None

    def write(self, recipe):
        flatbuffer = recipe.convert(self._source)
        run = self._runner(flatbuffer, recipe)
        denoised = run(self._inputs)
        parity = self._parity(recipe, flatbuffer, denoised)
        entry = {"about": recipe.about, "parity": parity}
        passed = True
        if self._job.gate is not None and recipe.quality_limit is not None:
            losses = self._quality_reference().losses(run)
            entry["quality"] = quality.record(losses, recipe.quality_limit)
            if recipe.stepwise:
                entry["steps"] = self._steps(recipe)
            passed = entry["quality"]["passed"]
            logging.info(
                "  loses %s",
                ", ".join(
                    f"{x.all_db:.3f} dB ({x.dark_db:.3f} in the dark) at gain "
                    f"{x.gain:g}"
                    for x in losses
                ),
            )
        if not passed and not self._job.allow_quality_loss:
            logging.warning(
                "Member %d is left out in %s: it loses more than %g dB.",
                self._source.index,
                recipe.name,
                recipe.quality_limit,
            )
            self._record["omitted"][recipe.name] = entry
            return
        self._save(recipe, flatbuffer, denoised, entry)

    def _steps(self, recipe):
        """Returns what each step towards the integers loses."""
        entries = []
        for step in self._source.steps:
            run = self._runner(step.integers(self._source.float32), recipe)
            losses = self._quality_reference().losses(run)
            entries.append(
                {
                    "step": step.name,
                    "float_layers": list(step.float_layers),
                    "float_share": round(
                        float_layers.share(
                            float_layers.convolution_macs(self._source.float32),
                            step.float_layers,
                        ),
                        4,
                    ),
                    "crops_loss_db": round(step.crops_db, 4),
                    "gains": quality.record(losses, recipe.quality_limit)[
                        "gains"
                    ],
                }
            )
        return entries

    def _save(self, recipe, flatbuffer, denoised, entry):
        index = self._source.index
        essentials = {
            **self._job.essentials,
            "member": index,
            "recipe": recipe.name,
            "a_range": self._record["a_range"],
            "transform": self._record["transform"],
            "below_black": self._record["below_black"],
            "tile": self._record["tile"],
        }
        content = json.dumps(essentials, separators=(",", ":")).encode()
        shipped = graph.add_metadata(flatbuffer, graph.METADATA, content)
        runner = runtime.Runner(shipped)
        entry = {
            **write_file(
                self._job.folder,
                f"member_{index}_{recipe.name}.tflite",
                shipped,
            ),
            "bytes_per_parameter": round(
                len(shipped) / self._record["parameters"], 3
            ),
            "inputs": [_tensor(n, d) for n, d in runner.inputs.items()],
            "outputs": [_tensor(n, d) for n, d in runner.outputs.items()],
            "undelegated": runtime.undelegated(shipped),
            **entry,
        }
        section = "core" if recipe.core else "recipes"
        self._record[section][recipe.name] = entry
        record = self._record["golden"]
        name = f"golden/member_{index}_{recipe.name}.npy"
        record["denoised"][recipe.name] = name
        np.save(
            self._job.folder / name,
            golden.crop_output(denoised, record["crop"]),
        )

    def _runner(self, flatbuffer, recipe):
        runner = runtime.Runner(flatbuffer)
        if recipe.core:
            return lambda inputs: self._around_core(runner, inputs)
        return lambda inputs: runner(inputs)[convert.OUTPUT]

    def _around_core(self, runner, inputs):
        stabilised, unit = self._source.stabilise(inputs)
        residual = runner({convert.CORE_INPUT: stabilised})
        return inputs["noisy"] + unit * residual[convert.CORE_OUTPUT]

    def _quality_reference(self):
        if self._reference is None:
            runner = runtime.Runner(self._source.float32)
            self._reference = self._job.gate.reference(
                lambda inputs: runner(inputs)[convert.OUTPUT],
                self._source.a_range,
                *self._source.size,
            )
        return self._reference

    def _parity(self, recipe, flatbuffer, denoised):
        error = float(np.max(np.abs(denoised - self._expected)))
        limit, measure, unit = (
            recipe.parity_limit,
            "max_abs",
            "of the 0..1 range",
        )
        entry = {"max_abs_error": error}
        if recipe.simulated:
            try:
                error = self._to_simulation(recipe, flatbuffer, denoised)
                measure, unit = "rms", "deviations of the noise"
                entry["simulated_rms_deviations"] = error
            except simulate.UnknownOperation as unknown:
                # Only Keras is left to compare with.
                logging.warning("No simulation: %s", unknown)
        # Written so that NaN fails as well.
        if not error <= limit:
            raise ParityError(
                f"Member {self._source.index} in {recipe.name} must agree with "
                f"Keras within {limit:g} {unit}. Received: {error:g}"
            )
        return {**entry, "limit": limit, "measure": measure}

    def _to_simulation(self, recipe, flatbuffer, denoised):
        """Returns the rms difference to the simulation, in deviations."""
        stabilised, unit = self._source.stabilise(self._inputs)
        inputs = self._inputs
        if recipe.core:
            inputs = {convert.CORE_INPUT: stabilised}
        simulated = quantization_aware.simulated(
            flatbuffer, self._source.integers_are_made_of(recipe.core), inputs
        )
        if recipe.core:
            simulated = self._inputs["noisy"] + unit * simulated
        return float(np.sqrt(np.mean(((denoised - simulated) / unit) ** 2)))


def _tensor(name, detail):
    entry = {
        "name": name,
        "shape": [int(n) for n in detail["shape"]],
        "dtype": np.dtype(detail["dtype"]).name,
    }
    if detail["quantization"][0]:
        scale, zero = detail["quantization"]
        entry.update(scale=float(scale), zero_point=int(zero))
    return entry
