"""Is the output right, and did the delegate that was asked for execute?"""

import dataclasses

import numpy as np

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.tool.parse import Delegation
from android_bench.tool.tool import EXPECTED
from android_bench.tool.tool import HALF_PRECISION
from fanet_tf.denoising import quantized

SIGNATURE = "serving_default"
FLOAT_LIMIT = 1e-5
HALF_LIMIT = 1e-3
# One step of eight bits, for integer arithmetic behind a float output.
STEP_LIMIT = 1 / 255


@dataclasses.dataclass(frozen=True)
class Reference:
    """A model's golden inputs and what this machine makes of them.

    Attributes:
        names: the flatbuffer's input tensors, in its order.
        inputs: their values, in the model's number format.
        output: `[1, height, width, 4]` in the model's number format.
        step: of an integer output, in output units; 0 for float.
        zero: the integer that stands for 0.
        integer: whether anything is computed in integers.
    """

    names: tuple[str, ...]
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray
    step: float
    zero: int
    integer: bool


@dataclasses.dataclass(frozen=True)
class Check:
    """How far an output is from its reference.

    Attributes:
        error: greatest absolute difference, in `unit`.
        limit: what it may be.
        unit: `steps` or `of the range`.
    """

    error: float
    limit: float
    unit: str

    @property
    def passed(self) -> bool:
        """False for NaN too."""
        return self.error <= self.limit


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
        interpreter = Interpreter(str(model.path), num_threads=threads)
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
        tensors = interpreter.get_tensor_details()
        order = [item["name"] for item in interpreter.get_input_details()]
    except (ValueError, RuntimeError, KeyError) as error:
        raise BenchError(
            f"{model.path.name} must run on noisy, scale and offset with the "
            f"signature {SIGNATURE}. Received: "
            f"{' '.join(str(error).split())[:200]}"
        ) from None
    by_tensor = {details[key]["name"]: feeds[key] for key in feeds}
    integer = any(
        np.issubdtype(tensor["dtype"], np.integer)
        and tensor["quantization_parameters"]["scales"].size
        for tensor in tensors
    )
    step, zero = 0.0, 0
    if np.issubdtype(output.dtype, np.integer):
        step, zero = out_detail["quantization"]
    return Reference(
        tuple(order),
        tuple(by_tensor[name] for name in order),
        np.array(output),
        float(step),
        int(zero),
        integer,
    )


def _feed(value: np.ndarray, detail: dict) -> np.ndarray:
    if value.shape != tuple(detail["shape"]):
        raise ValueError(f"{detail['name']} of shape {tuple(detail['shape'])}")
    return quantized.stored(value, detail)


def compare(output: np.ndarray, host: Reference, delegate: str) -> Check:
    """Compares a device's output with this machine's.

    Integer outputs may differ by one step; float ones by 1e-5 of the range,
    1e-3 where a delegate computes in half precision, and one step of eight
    bits where the arithmetic inside is integer.
    """
    half = delegate in HALF_PRECISION
    difference = np.abs(
        output.astype(np.float64) - host.output.astype(np.float64)
    )
    worst = float(difference.max())
    if host.step and not half:
        return Check(worst, 1.0, "steps")
    spread = float(np.ptp(host.output.astype(np.float64))) or 1.0
    limit = FLOAT_LIMIT
    if half:
        limit = HALF_LIMIT
    if host.integer:
        limit = max(limit, STEP_LIMIT)
    return Check(worst / spread, limit, "of the range")


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
    if host.step:
        steps = np.rint(expected / host.step) + host.zero
        return Check(float(np.abs(crop - steps).max()), 1.0, "steps")
    spread = float(np.ptp(host.output)) or 1.0
    worst = float(np.abs(crop.astype(np.float64) - expected).max())
    limit = STEP_LIMIT if host.integer else FLOAT_LIMIT
    return Check(worst / spread, limit, "of the range")


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
