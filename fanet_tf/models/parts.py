"""What every network here begins with."""

from keras import layers as klayers

from fanet_tf import layers

STEM_INPUTS = ("stabilised", "detail")

# Layers of a core, by the beginning of their names, that stay in float32 in
# mixed precision and in int8: what the input is split into, and the ends.
PRECISE = (
    "pyramid",
    "local_mean",
    "detail",
    "fa_mean",
    "fa_step",
    "fa_detail",
    "head",
)


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
            f"`{name}` must be one of {', '.join(map(str, choices))}. "
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


def bands(means, cells) -> list:
    """Splits the input by scale, its brightness left out.

        m_0 = stabilised,  m_k = enlarge(mean over cells[k] x cells[k])
        band_k = m_k-1 - m_k

    At gain 1 the input runs to 138 deviations of the noise; a network that
    carries that through every layer loses the noise. All bands together are
    the stabilised input less its means over the largest cells.

    Args:
        means: `pyramid`, at least down to the largest cell.
        cells: sides, growing powers of two.

    Returns:
        A `[B, h, w, 4]` for each cell, the finest first.
    """
    result, upper = [], means[0]
    for cell in cells:
        mean = means[cell.bit_length() - 1]
        mean = layers.Upsample(cell, name=f"local_mean{cell}")(mean)
        band = klayers.Subtract(name=f"detail{cell}")([upper, mean])
        result.append(band)
        upper = mean
    return result


def details(means) -> list:
    """Returns what each level of the input adds to the next coarser one.

        detail_k = clip(m_k - enlarge(m_k+1), -1, 1),    detail_K = m_K

    1 is 8 deviations of the noise, and more than that is an edge however high.
    Without the limit an edge of 100 deviations (gain 1) is multiplied through
    one Feature-Align layer after another: a few pixels a frame come out
    anywhere between black and white.

    Args:
        means: `pyramid`.

    Returns:
        As many tensors, of the same shapes; the coarsest is the input itself.
    """
    result = []
    for level, mean in enumerate(means[:-1]):
        coarser = layers.Upsample(name=f"fa_mean{level}")(means[level + 1])
        detail = klayers.Subtract(name=f"fa_step{level}")([mean, coarser])
        result.append(layers.Limit(name=f"fa_detail{level}")(detail))
    return [*result, means[-1]]


def joined(tensors, name):
    """Returns the tensors as one, by channels; a single one as it is."""
    if len(tensors) == 1:
        return tensors[0]
    return klayers.Concatenate(name=name)(tensors)


def check_cells(cells, stride) -> None:
    """Refuses cells that the input cannot be split by."""
    powers = {2**n for n in range(1, stride.bit_length())}
    if not set(cells) <= powers or list(cells) != sorted(set(cells)):
        raise ValueError(
            "`detail_cells` must be growing powers of two from 2 to the "
            f"network's stride, {stride}. Received: {tuple(cells)}"
        )


def stem_input(means, choice):
    """Returns what a network's first convolution sees.

    Args:
        means: `pyramid`, down to the coarsest level.
        choice: of `STEM_INPUTS`.
    """
    check_choice("stem_input", choice, STEM_INPUTS)
    if choice == "stabilised":
        return means[0]
    return bands(means, (2 ** (len(means) - 1),))[0]


def head(x, kernel_size: int = 1, enlarge: int = 1):
    """Returns the last convolution, which starts at zero.

    An untrained network leaves its input alone.

    Args:
        x: `[B, h, w, C]`.
        kernel_size: of the convolution.
        enlarge: 1, or 2 for an output of twice the size.

    Returns:
        `[B, enlarge h, enlarge w, 4]`.
    """
    x = klayers.Conv2D(
        4 * enlarge**2,
        kernel_size,
        padding="same",
        kernel_initializer="zeros",
        name="head",
        dtype="float32",
    )(x)
    if enlarge == 2:
        x = layers.DepthToSpace(name="head_up", dtype="float32")(x)
    return x
