"""Simple knowledge distillation: the teacher's output is the target."""

from keras import ops


def distillation(error):
    """Returns `mean(abs(student - teacher))`, Young et al., equation 4.

    Its gradient is the sign of the error, 0 at 0.

    Args:
        error: `[B, h, w, 4]`, the student's output minus the teacher's on the
            same noisy input, in the domain of the config (`domain.error`).
    """
    return ops.mean(ops.abs(ops.cast(error, "float32")))
