"""All clean images of a run in one array, and random crops of them.

A crop is a gather of linear indices, so a batch of crops from images of
different sizes, flipped and transposed, is one vectorised operation.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from fanet_tf.errors import InputError
from fanet_tf.raw import unprocess
from fanet_tf.training.feed import image_sources
from fanet_tf.training.feed import sources as sources_lib


@dataclasses.dataclass(frozen=True)
class Bank:
    """Clean images.

    Attributes:
        pixels: `[N, 3]` float16, all images one after another, *linear* RGB in
            0..1. Decoded once, when the bank is built: the sines and powers of
            `unprocess` would be the dearest step of a batch, and a look-up
            table still a quarter of it. float16 has 11 bits at every
            brightness, more than an 8-bit photograph.
        starts: `[images]` index of each image's first pixel.
        heights: `[images]`.
        widths: `[images]`.
        cumulative: `[images]` running sum of the chance of each image.
        per_source: how many of the images, one after another, come from each
            source; smooth variants count as images.
    """

    pixels: tf.Tensor
    starts: tf.Tensor
    heights: tf.Tensor
    widths: tf.Tensor
    cumulative: tf.Tensor
    per_source: tuple[int, ...] = ()

    def of_source(self, index: int) -> "Bank":
        """Returns a bank that gives crops of one source alone."""
        last = sum(self.per_source[: index + 1])
        first = last - self.per_source[index]
        chances = np.diff(self.cumulative.numpy(), prepend=np.float32(0.0))
        chances[:first] = chances[last:] = 0.0
        cumulative = np.cumsum(chances)
        with tf.device("cpu"):
            return dataclasses.replace(
                self, cumulative=tf.constant(cumulative / cumulative[-1])
            )


def build(sources, weights, smooth_share, seed, smallest) -> Bank:
    """Loads the sources of a run.

    Args:
        sources: names, see `image_sources`.
        weights: share of the crops that each source gives.
        smooth_share: share of the crops that come from a smooth variant of
            their image (`image_sources.smooth_variant`).
        seed: of the procedural images and the variants.
        smallest: images with a side below this are refused.
    """
    sources_lib.check_weights(sources, weights)
    images, chances = [], []
    for source, weight in zip(sources, weights, strict=True):
        loaded = image_sources.load(source, seed, smallest)
        share = image_sources.roots_of_areas(loaded)
        chance = weight * share / share.sum()
        if smooth_share > 0:
            loaded += [
                image_sources.smooth_variant(image, [seed, index])
                for index, image in enumerate(loaded)
            ]
            chance = np.concatenate(
                [chance * (1 - smooth_share), chance * smooth_share]
            )
        images += loaded
        chances.append(chance)
    sizes = np.array([i.shape[0] * i.shape[1] for i in images], np.int64)
    if sizes.sum() >= 2**31:
        raise InputError(
            "All training images together must have less than 2^31 pixels. "
            f"Received: {sizes.sum()}"
        )
    cumulative = np.cumsum(np.concatenate(chances))
    # The host's memory, whatever device the network trains on.
    table = decode_table().astype(np.float16)
    with tf.device("cpu"):
        return Bank(
            tf.constant(
                np.concatenate([table[i.reshape(-1, 3)] for i in images])
            ),
            tf.constant(np.cumsum(sizes) - sizes, tf.int32),
            tf.constant([i.shape[0] for i in images], tf.int32),
            tf.constant([i.shape[1] for i in images], tf.int32),
            tf.constant(cumulative / cumulative[-1], tf.float32),
            tuple(len(chance) for chance in chances),
        )


def decode_table() -> np.ndarray:
    """Returns `[65536]` float32: linear values of `image_sources` codes."""
    codes = np.arange(65536, dtype=np.float64) / 65535.0
    return unprocess.to_linear(codes).astype(np.float32)


def crops(bank: Bank, seed, batch_size: int, size: int):
    """Draws random crops, flipped and transposed at random.

    In cells of 2 x 2 pixels, as the mosaic wants them: a gather can give its
    pixels in any order, and each move of them afterwards costs a quarter of it.

    Args:
        bank: the images.
        seed: `[2]` int; the same seed draws the same crops.
        batch_size: how many.
        size: height and width in pixels; even.

    Returns:
        `[batch_size, size / 2, size / 2, 12]` float16, linear: RGB of the
        upper left, upper right, lower left and lower right pixel of each cell.
    """
    uniform = tf.random.stateless_uniform([6, batch_size], seed, alg="philox")
    image = tf.minimum(
        tf.searchsorted(bank.cumulative, uniform[0], side="right"),
        tf.size(bank.cumulative) - 1,
    )
    width = tf.gather(bank.widths, image)

    def position(draw, length):
        room = tf.cast(length - size + 1, tf.float32)
        # The product may round up to `room` itself.
        return tf.minimum(tf.cast(draw * room, tf.int32), length - size)

    top = position(uniform[1], tf.gather(bank.heights, image))
    left = position(uniform[2], width)

    def grid(draw):
        """`[B, size / 2, 2]`: 0, 1, ... or, flipped, size - 1, ..."""
        steps = tf.range(size)[None]
        steps = tf.where(draw[:, None] < 0.5, steps, size - 1 - steps)
        return tf.reshape(steps, [batch_size, size // 2, 2])

    row = grid(uniform[3])[:, :, None, :, None]
    column = grid(uniform[4])[:, None, :, None, :]
    width = width[:, None, None, None, None]
    transpose = uniform[5][:, None, None, None, None] >= 0.5
    # Of one row and of one column first: the sum alone is of full size.
    row = row * tf.where(transpose, 1, width)
    column = column * tf.where(transpose, width, 1)
    start = tf.gather(bank.starts, image) + top * width[:, 0, 0, 0, 0] + left
    row += start[:, None, None, None, None]
    cells = tf.gather(bank.pixels, row + column)
    return tf.reshape(cells, [batch_size, size // 2, size // 2, 12])
