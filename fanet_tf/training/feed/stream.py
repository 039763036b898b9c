"""Training crops from sets too large for memory, mixed by weight.

A source is named `kind:folder`:

    photos:     photographs, unprocessed        mirflickr:  the same, MIRFLICKR
    raws:       RAW files of low noise          sid:        See-in-the-Dark
    sidd:       SIDD's clean frames

Young et al. mix unprocessed MIRFLICKR with clean frames of SIDD and
See-in-the-Dark. Crops are drawn in blocks of some batches: a block is a
function of the seed and its number alone, so a run that was stopped goes on
with the batch it would have had; and each file that is opened gives several
crops, spread over the block. Nothing else is held.
"""

import copy
import dataclasses
from collections.abc import Callable

import numpy as np

from fanet_tf.data import damage as damage_lib
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.data.camera import Camera
from fanet_tf.errors import InputError
from fanet_tf.raw import unprocess
from fanet_tf.training.feed import augment


@dataclasses.dataclass(frozen=True)
class Source:
    """One set.

    Attributes:
        name: `kind:folder`.
        items: its files (or pairs), a list.
        crops: `f(item, rng, count, size) -> [count, size, size, 4]`, clean
            packed RGGB.
    """

    name: str
    items: list
    crops: Callable


def _places(rng, count: int, shape, size: int, name):
    """Draws upper left corners of windows of `size` in `shape`."""
    room = np.array(shape[:2]) - size
    if room.min() < 0:
        raise InputError(
            f"{name}: must be at least {size} x {size} pixels. "
            f"Received: {tuple(shape[:2])}"
        )
    return rng.integers(0, room + 1, (count, 2))


def _photo_crops(camera: Camera):
    """Crops of a photograph, each unprocessed with a camera of its own."""
    matrices = camera.cam_from_rgb()

    def crops(path, rng, count, size):
        srgb = folder_lib.read_srgb(path)
        places = _places(rng, count, srgb.shape, 2 * size, path)
        windows = np.stack(
            [srgb[y : y + 2 * size, x : x + 2 * size] for y, x in places]
        )
        srgb = np.float32(windows / np.iinfo(srgb.dtype).max)
        weights = rng.random((count, len(matrices))) + 1e-6
        weights /= weights.sum(axis=1, keepdims=True)
        mean, deviation = camera.rgb_gain
        normal = np.clip(rng.standard_normal(count), -3.0, 3.0)
        return unprocess.unprocess(
            srgb,
            np.float32(np.einsum("nm,mij->nij", weights, matrices)),
            np.float32(1.0 / (mean + deviation * normal)),
            np.float32(rng.uniform(*camera.red_gain, count)),
            np.float32(rng.uniform(*camera.blue_gain, count)),
        )

    return crops


def _scene_crops(read: Callable):
    """Crops of a clean frame that is read whole."""

    def crops(item, rng, count, size):
        clean = read(item).clean
        places = _places(rng, count, clean.shape, size, item)
        return np.stack([clean[y : y + size, x : x + size] for y, x in places])

    return crops


def _sidd_crops(pair, rng, count, size):
    """Crops of a clean frame of SIDD, read window by window."""
    # A pixel more each way, for a phase that is not RGGB.
    window = 2 * size + 2
    places = _places(rng, count, sidd.size(pair), window, pair.name)
    return np.stack(
        [
            sidd.read_clean(pair, (int(y), int(x), window, window)).clean[
                :size, :size
            ]
            for y, x in places
        ]
    )


def _build(kind: str, folder: str, camera: Camera) -> Source:
    name = f"{kind}:{folder}"
    if kind in ("photos", "mirflickr"):
        find = (
            folder_lib.mirflickr if kind == "mirflickr" else folder_lib.photos
        )
        return Source(name, find(folder), _photo_crops(camera))
    if kind == "raws":
        files = folder_lib.raws(folder)
        return Source(name, files, _scene_crops(folder_lib.read_raw_scene))
    if kind == "sid":
        files = sid.long_exposures(folder, "train")
        return Source(name, files, _scene_crops(sid.read_clean))
    return Source(name, sidd.find(folder), _sidd_crops)


KINDS = ("photos", "mirflickr", "raws", "sid", "sidd")


def is_streamed(source: str) -> bool:
    """Whether a config's source is one of these and not of `photos`."""
    return source.partition(":")[0] in KINDS


def source(name: str, camera: Camera) -> Source:
    """Finds the files of `kind:folder`; reads none of them."""
    kind, _, folder = name.partition(":")
    if kind not in KINDS or not folder:
        raise InputError(
            f"A streamed source must be KIND:FOLDER, KIND of {', '.join(KINDS)}"
            f". Received: {name!r}"
        )
    return _build(kind, folder, camera)


class Mixture:
    """Draws clean crops from several sets.

    Args:
        sources: see `source`.
        weights: share of the crops that each gives.
        batch_size: crops of a batch.
        size: of a crop, in packed pixels.
        seed: of the run.
        block: batches of a block.
        crops_per_file: that one opening of a file gives.
        damage_limit: share of a set's files that may be damaged.
    """

    def __init__(
        self,
        sources: list[Source],
        weights,
        batch_size: int,
        size: int,
        seed: int,
        block: int = 16,
        crops_per_file: int = 8,
        damage_limit: float = 0.01,
    ):
        weights = np.asarray(weights, np.float64)
        if len(weights) != len(sources) or not (
            np.all(weights >= 0) and weights.sum() > 0
        ):
            raise InputError(
                "There must be a weight for each source, none negative and not "
                f"all 0. Received: {len(sources)} sources, weights="
                f"{weights.tolist()}"
            )
        self.sources = sources
        self.weights = weights / weights.sum()
        self.batch_size = batch_size
        self.size = size
        self.seed = seed
        self.block_batches = block
        self.crops_per_file = crops_per_file
        self.damage = [
            damage_lib.Damage(len(s.items), damage_limit) for s in sources
        ]

    def seeded(self, seed: int) -> "Mixture":
        """Returns the same sets drawn from another seed; damage is shared."""
        other = copy.copy(self)
        other.seed = seed
        return other

    def block(self, number: int):
        """Draws block `number`: `[block * batch_size, size, size, 4]`."""
        total = self.block_batches * self.batch_size
        rng = np.random.default_rng([self.seed, 2, number])
        # Each crop draws its source; those of one source share openings.
        drawn = rng.choice(len(self.sources), total, p=self.weights)
        crops = []
        for index in range(len(self.sources)):
            wanted = int(np.sum(drawn == index))
            while wanted > 0:
                count = min(self.crops_per_file, wanted)
                some = self._from_one_file(index, rng, count)
                if some is not None:
                    crops.append(some)
                    wanted -= count
        crops = rng.permutation(np.concatenate(crops))
        uniform = rng.random((3, total))
        return augment.augment(crops, uniform).astype(np.float32)

    def _from_one_file(self, index: int, rng, count: int):
        """Returns crops with a spare row and column; None: damaged."""
        source = self.sources[index]
        item = source.items[rng.integers(len(source.items))]
        name = item.name if isinstance(item, sidd.Pair) else str(item)
        with self.damage[index].reading(name):
            crops = source.crops(item, rng, count, self.size + 1)
            if not np.isfinite(crops).all():
                raise InputError(f"{name}: must hold finite values.")
            return np.clip(crops, 0.0, 1.0)
        return None


def clean_batches(mixture: Mixture, first: int, last: int):
    """Returns the clean batches `first` to `last - 1` as a tf.data.Dataset.

    Each `[batch_size, size, size, 4]` float32. Blocks are read by two threads,
    ahead of the training.
    """
    import tensorflow as tf

    per_block = mixture.block_batches
    shape = (per_block * mixture.batch_size, mixture.size, mixture.size, 4)

    def read(number):
        crops = tf.numpy_function(
            lambda n: mixture.block(int(n)), [number], tf.float32
        )
        return tf.ensure_shape(crops, shape)

    blocks = tf.data.Dataset.range(first // per_block, -(-last // per_block))
    dataset = blocks.map(read, num_parallel_calls=2, deterministic=True)
    dataset = dataset.unbatch().batch(mixture.batch_size, drop_remainder=True)
    return dataset.skip(first % per_block).take(last - first)


def from_names(names, weights, camera: Camera, batch_size, patch_size):
    """Returns the mixture of a config's sources, or None: none is streamed.

    Args:
        names: `config.data.sources`.
        weights: `config.data.weights`.
        camera: for unprocessed photographs.
        batch_size: crops of a batch.
        patch_size: of a crop, in sensor pixels.
    """
    streamed = [is_streamed(name) for name in names]
    if not any(streamed):
        return None
    if not all(streamed):
        raise InputError(
            f"Sources must all be streamed ({', '.join(KINDS)}) or none; a "
            "folder of photographs is streamed as photos:FOLDER. "
            f"Received: {', '.join(names)}"
        )
    sources = [source(name, camera) for name in names]
    return Mixture(sources, weights, batch_size, patch_size // 2, seed=0)


def batches(mixture: Mixture, synthesis, first: int, last: int):
    """Returns training batches: the mixture's crops with drawn noise.

    Args:
        mixture: of the clean crops.
        synthesis: a `synthesis.Synthesis`; its seed and its noise are drawn
            from, its bank may be None.
        first: first batch.
        last: one past the last.

    Returns:
        A tf.data.Dataset of `(inputs, clean)`, as `synthesis.batches` gives.
    """
    import tensorflow as tf

    def add_noise(step, clean):
        key = tf.stack([tf.cast(synthesis.seed, tf.int64), step])
        seeds = tf.random.split(key, 4, alg="philox")
        return synthesis.exposed(clean, seeds[2:])

    clean = clean_batches(mixture.seeded(synthesis.seed), first, last)
    dataset = tf.data.Dataset.zip(tf.data.Dataset.range(first, last), clean)
    # AutoGraph cannot convert a method of a NamedTuple, and need not.
    add_noise = tf.autograph.experimental.do_not_convert(add_noise)
    return dataset.map(add_noise).prefetch(4)
