"""What every network here begins with."""

from keras import layers as klayers

from fanet_tf import layers

STEM_INPUTS = ("stabilised", "detail")


def check_size(height, width, stride) -> None:
    """Refuses a size that the network cannot halve often enough."""
    if height <= 0 or width <= 0 or height % stride or width % stride:
        raise ValueError(
            f"`height` and `width` must be positive multiples of {stride}, the "
            f"network's stride. Received: height={height}, width={width}"
        )


def check_choice(name, value, choices) -> None:
    """Refuses a value that is not among the choices."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(choices)}. "
            f"Received: {name}={value!r}"
        )


def check_positive(**values) -> None:
    """Refuses numbers, or sequences of them, that are not positive."""
    for name, value in values.items():
        numbers = value if isinstance(value, tuple | list) else (value,)
        if not numbers or min(numbers) <= 0:
            raise ValueError(
                f"`{name}` must be positive. Received: {name}={value}"
            )


def per_level(name, value, levels) -> tuple:
    """Returns one value for each of `levels` levels, from one or from all."""
    if not isinstance(value, tuple | list):
        return (value,) * levels
    if len(value) != levels:
        raise ValueError(
            f"`{name}` must be one number, or one for each of {levels} "
            f"levels. Received: {name}={tuple(value)}"
        )
    return tuple(value)


def pyramid(stabilised, halvings) -> list:
    """Returns the input averaged down 0, 1, ... `halvings` times."""
    levels = [stabilised]
    for level in range(1, halvings + 1):
        levels.append(layers.BoxDownsample(name=f"pyramid{level}")(levels[-1]))
    return levels


def detail(stabilised, coarsest, stride):
    """Takes the local mean from the input.

        detail = stabilised - enlarge(mean over stride x stride cells)

    At gain 1 the input runs to 138 deviations of the noise; a network that
    carries that through every layer loses the noise.

    Args:
        stabilised: `[B, h, w, 4]`.
        coarsest: its means, `[B, h / stride, w / stride, 4]`.
        stride: int.
    """
    mean = layers.Upsample(stride, name="local_mean")(coarsest)
    return klayers.Subtract(name="detail")([stabilised, mean])


def stem_input(stabilised, choice, stride):
    """Returns what a network's first convolution sees, see `STEM_INPUTS`."""
    check_choice("stem_input", choice, STEM_INPUTS)
    if choice == "stabilised":
        return stabilised
    halvings = stride.bit_length() - 1
    return detail(stabilised, pyramid(stabilised, halvings)[-1], stride)


def head(x, filters=4, kernel_size=1):
    """Returns the last convolution, which starts at zero.

    An untrained network leaves its input alone.
    """
    return klayers.Conv2D(
        filters,
        kernel_size,
        padding="same",
        kernel_initializer="zeros",
        name="head",
        dtype="float32",
    )(x)
