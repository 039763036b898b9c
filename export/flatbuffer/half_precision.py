"""Runs a flatbuffer in half-precision arithmetic, as fast CPUs and GPUs do.

A float file, of float16 weights too, computes in float32 on a CPU unless the
app asks for half precision: XNNPACK's flag FORCE_FP16. Cores of Armv8.2 compute
all of it in 16 bits. x86 rounds every tensor to 16 bits and multiplies in 32,
which leaves about half of the error (0.006 deviations of the noise instead of
0.012, `docs/arm.md`).
"""

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
from ai_edge_litert.options import CpuOptions
from ai_edge_litert.options import Options

from fanet_tf.files import quiet

LARGEST = float(np.finfo(np.float16).max)  # 65,504.

_SIGNATURE = "serving_default"
_FORCE = 4  # TFLITE_XNNPACK_DELEGATE_FLAG_FORCE_FP16.


class HalfRunner:
    """Runs `serving_default` of a float flatbuffer in half precision.

    Only `CompiledModel` hands flags to XNNPACK. It lists the accelerators of
    the machine when it starts, at its first run and at its end: as a context
    (`with HalfRunner(...) as run:`), it does so unheard.

    Args:
        flatbuffer: bytes of a `.tflite` with one output.
        num_threads: of the CPU.
    """

    def __init__(self, flatbuffer: bytes, num_threads: int = 2):
        options = Options(
            hardware_accelerators=HardwareAccelerator.CPU,
            cpu_options=CpuOptions(
                num_threads=num_threads, xnnpack_flags=_FORCE
            ),
        )
        with quiet.standard_error():
            self._model = CompiledModel.from_buffer(
                bytes(flatbuffer), options=options
            )
        self._inputs = {
            name: self._model.create_input_buffer_by_name(_SIGNATURE, name)
            for name in self._model.get_input_tensor_details(_SIGNATURE)
        }
        details = self._model.get_output_tensor_details(_SIGNATURE)
        ((self._name, detail),) = details.items()
        self._shape = tuple(int(n) for n in detail["shape"])
        self._output = self._model.create_output_buffer_by_name(
            _SIGNATURE, self._name
        )
        self._started = False

    def __enter__(self) -> "HalfRunner":
        return self

    def __exit__(self, *error) -> None:
        with quiet.standard_error():
            for buffer in (*self._inputs.values(), self._output):
                buffer.destroy()
            self._model = None

    @property
    def delegated(self) -> bool:
        """Whether the delegate runs all of the graph."""
        return self._model.is_fully_accelerated()

    def __call__(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Returns the output, float32; NaN or infinite where 16 bits end."""
        if not self._started:
            self._started = True
            with quiet.standard_error():
                return self(inputs)
        for name, buffer in self._inputs.items():
            buffer.write(np.ascontiguousarray(inputs[name], np.float32))
        self._model.run_by_name(
            _SIGNATURE, self._inputs, {self._name: self._output}
        )
        values = self._output.read(int(np.prod(self._shape)), np.float32)
        return values.reshape(self._shape)
