"""Values of integer tensors: `value = (stored - zero point) * scale`.

The LiteRT runtime takes and gives integer tensors as they are stored; its
details of a tensor hold `dtype` and `quantization`, the pair (scale, zero
point), with scale 0 where the tensor is not quantized.
"""

import numpy as np


def stored(value: np.ndarray, detail: dict) -> np.ndarray:
    """Returns a float array in the number format of a tensor."""
    dtype = detail["dtype"]
    scale, zero_point = detail["quantization"]
    if np.issubdtype(dtype, np.integer) and scale:
        limits = np.iinfo(dtype)
        value = np.rint(value / scale) + zero_point
        value = np.clip(value, limits.min, limits.max)
    return np.asarray(value).astype(dtype)


def real(value: np.ndarray, detail: dict) -> np.ndarray:
    """Returns float32 for an array in the number format of a tensor."""
    scale, zero_point = detail["quantization"]
    if np.issubdtype(value.dtype, np.integer) and scale:
        return (value.astype(np.float32) - zero_point) * np.float32(scale)
    return value
