"""Mixed precision that leaves the precise parts alone.

Under `mixed_bfloat16` the convolutions of a network compute with 8 bits of
mantissa and keep float32 weights. What a member does before and after them
stays in float32: the transform, the means that the details are less of (at
gain 1 they are 138 deviations of the noise, and a bfloat16 step there is half
a deviation), the residual and the losses.
"""

from fanet_tf.errors import InputError
from fanet_tf.models.parts import PRECISE

PRECISIONS = ("float32", "mixed_bfloat16")


def check(precision: str) -> None:
    """Refuses a precision that is not one of `PRECISIONS`."""
    if precision not in PRECISIONS:
        raise InputError(
            f"`train.precision` must be one of {', '.join(PRECISIONS)}. "
            f"Received: {precision!r}"
        )


def apply(member, precision: str) -> None:
    """Lets the layers of a member's core compute in `precision`.

    Args:
        member: see `models.member.build`; weights and saved files are the
            same ones.
        precision: one of `PRECISIONS`.
    """
    check(precision)
    if precision == "float32":
        return
    for layer in member.get_layer("core").layers:
        if not layer.name.startswith(PRECISE):
            for inner in layer._flatten_layers():
                inner.dtype_policy = precision
