"""Is the output right, and did the delegate that was asked for execute?"""

import dataclasses

import numpy as np

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.tool.parse import Delegation
from android_bench.tool.tool import EXPECTED
from android_bench.tool.tool import HALF_PRECISION
from fanet_tf.denoising import agreement
from fanet_tf.denoising import quantized
from fanet_tf.files import quiet

SIGNATURE = "serving_default"


@dataclasses.dataclass(frozen=True)
class Reference:
    """A model's golden inputs and what this machine makes of them.

    Attributes:
        names: the flatbuffer's input tensors, in its order.
        inputs: their values, in the model's number format.
        output: `[1, height, width, 4]` in the model's number format.
        step: of an integer output, in output units; 0 for float.
        zero: the integer that stands for 0.
        recipe: of the model.
        scale: `1 / a` of the golden tile's noise.
        offset: `b / a^2` of it.
    """

    names: tuple[str, ...]
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray
    step: float
    zero: int
    recipe: str
    scale: float
    offset: float

    def real(self, output: np.ndarray) -> np.ndarray:
        """An output in the model's number format, as numbers of 0..1."""
        if not self.step:
            return output
        return (output.astype(np.float64) - self.zero) * self.step


@dataclasses.dataclass(frozen=True)
class Check:
    """How far an output is from its reference.

    Attributes:
        difference: in deviations of the golden tile's noise.
        limits: what it may be.
    """

    difference: agreement.Difference
    limits: agreement.Limits

    @property
    def passed(self) -> bool:
        """False for NaN too."""
        return self.difference.within(self.limits)

    def record(self) -> dict:
        """For the results."""
        return {
            "error": self.difference.rms,
            "limit": self.limits.rms,
            "unit": "deviations",
            "db": self.difference.db,
            "largest": self.difference.largest,
            "largest_limit": self.limits.largest,
            "bias": self.difference.bias,
            "bias_limit": self.limits.bias,
        }


def reference(model: Model, threads: int = 1) -> Reference:
    """Runs the golden tile through the LiteRT runtime of this machine.

    Raises:
        BenchError: the runtime cannot run the model as the manifest says.
    """
    # The runtime takes a while to load; --help and --dry_run do without.
    from ai_edge_litert.interpreter import Interpreter

    values = {
        "noisy": model.golden_noisy(),
        "scale": np.full((1, 1, 1, 1), model.golden.scale, np.float32),
        "offset": np.full((1, 1, 1, 1), model.golden.offset, np.float32),
    }
    try:
        with quiet.standard_error():  # The first one says that it uses XNNPACK.
            interpreter = Interpreter(str(model.path), num_threads=threads)
            interpreter.allocate_tensors()
        runner = interpreter.get_signature_runner(SIGNATURE)
        details = runner.get_input_details()
        feeds = {
            name: _feed(values[name], detail)
            for name, detail in details.items()
        }
        (name, output), *others = runner(**feeds).items()
        if others:
            raise ValueError(f"{1 + len(others)} outputs")
        out_detail = runner.get_output_details()[name]
        order = [item["name"] for item in interpreter.get_input_details()]
    except (ValueError, RuntimeError, KeyError) as error:
        raise BenchError(
            f"{model.path.name} must run on noisy, scale and offset with the "
            f"signature {SIGNATURE}. Received: "
            f"{' '.join(str(error).split())[:200]}"
        ) from None
    by_tensor = {details[key]["name"]: feeds[key] for key in feeds}
    step, zero = 0.0, 0
    if np.issubdtype(output.dtype, np.integer):
        step, zero = out_detail["quantization"]
    return Reference(
        tuple(order),
        tuple(by_tensor[name] for name in order),
        np.array(output),
        float(step),
        int(zero),
        model.recipe,
        model.golden.scale,
        model.golden.offset,
    )


def _feed(value: np.ndarray, detail: dict) -> np.ndarray:
    if value.shape != tuple(detail["shape"]):
        raise ValueError(f"{detail['name']} of shape {tuple(detail['shape'])}")
    return quantized.stored(value, detail)


def compare(output: np.ndarray, host: Reference, delegate: str) -> Check:
    """Compares a device's output with this machine's.

    The limits are those of `denoising.agreement` for the model's number
    formats, and for half precision where the delegate may compute in it.
    """
    return _check(host.real(output), host.real(host.output), host, delegate)


def _check(output, reference, host, delegate="cpu") -> Check:
    return Check(
        agreement.difference(output, reference, host.scale, host.offset),
        agreement.limits(host.recipe, delegate in HALF_PRECISION),
    )


def from_bytes(data: bytes, host: Reference) -> np.ndarray:
    """The tensor in a dump of `--output_filepath`."""
    if len(data) != host.output.nbytes:
        raise BenchError(
            f"the device's output must be {host.output.nbytes} bytes. "
            f"Received: {len(data)}"
        )
    return np.frombuffer(data, host.output.dtype).reshape(host.output.shape)


def golden(model: Model, host: Reference) -> Check | None:
    """Compares this machine's output with the one in the bundle."""
    expected = model.golden_denoised()
    if expected is None:
        return None
    y, x, height, width = model.golden.crop
    crop = host.output[0, y : y + height, x : x + width]
    if crop.shape != expected.shape:
        raise BenchError(
            f"the golden output of {model.name} must have the crop's shape "
            f"{crop.shape}. Received: {expected.shape}"
        )
    return _check(host.real(crop), expected, host)


def executed(delegate: str, said: list[Delegation], kind: str) -> str | None:
    """Why the asked delegate did not execute the whole graph; None if it did.

    Args:
        delegate: what was asked for.
        said: from `parse.delegation`.
        kind: `classic` or `litert`.
    """
    ran = [d for d in said if d.extent != "none"]
    if kind == "litert" and delegate != "cpu":
        # Compiled with --require_full_delegation and without the CPU.
        wrong = [d for d in ran if _same(d.delegate, "XNNPACK")]
        wrong += [d for d in said if d.extent != "full"]
        return f"asked for {delegate}: {wrong[0].detail}" if wrong else None
    wanted = EXPECTED.get(delegate)
    if wanted is None:
        return f"asked for {delegate}, {ran[0].delegate} ran" if ran else None
    own = [d for d in said if _same(d.delegate, wanted)]
    short = [d for d in own if d.extent != "full"]
    if short:
        word = {"none": "did not execute", "partial": "executed only a part of"}
        return f"{wanted} {word[short[0].extent]} the graph: {short[0].detail}"
    if own or (kind == "litert" and not ran):
        return None
    if ran:
        return f"asked for {delegate}, {ran[0].delegate} ran"
    return f"asked for {delegate}, the tool names no delegate that ran"


def _same(said: str, wanted: str) -> bool:
    return wanted.lower() in said.lower()
