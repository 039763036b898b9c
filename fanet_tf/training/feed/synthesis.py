"""Training batches: a clean crop, a camera, a gain, noise.

    crop -> linear -> colour matrix, white balance -> mosaic   = clean
    log a uniform, b by law -> add noise -> clip               = noisy

With a sensor model (`raw.sensor`) the last line is a real sensor's.

Batch `k` is a function of the run's seed and `k` alone: a run that was stopped
goes on with the batch it would have had. Everything is vectorised over the
batch, since a per-image map costs twice the time.
"""

import dataclasses

import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.calibration import measured_sensor
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.data import camera as camera_lib
from fanet_tf.data.camera import Camera
from fanet_tf.errors import InputError
from fanet_tf.raw import ksigma
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw import sampling
from fanet_tf.raw import sensor_presets
from fanet_tf.raw import unprocess
from fanet_tf.raw.sensor import SensorModel
from fanet_tf.raw.sensor_by_gain import SensorByGain
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import optics as optics_lib
from fanet_tf.training.feed.draws import StatelessDraws
from fanet_tf.training.feed.optics import Optics

READ_NOISE_LAWS = ("auto", "gain", "line", "line_scatter")


@dataclasses.dataclass(frozen=True)
class Synthesis:
    """What a training batch is made of.

    Attributes:
        bank: the clean images; None: other crops get the noise (`exposed`).
        camera: whose colour they take on.
        profile: whose noise.
        a_range: lowest and highest shot-noise slope; log a is uniform.
        read_noise_law: how b follows a, one of `READ_NOISE_LAWS`. `"gain"`:
            the profile's gain law; `"line"`: the paper's regression;
            `"line_scatter"`: that line with its scatter; `"auto"`: the line
            if it fits the gain law within 10 %, else the gain law.
        batch_size: crops per batch.
        patch_size: of a crop, in sensor pixels; even.
        seed: of the run.
        sensor: what it does beyond `(a, b)`; None is the paper's noise.
        optics: lens and exposure of each crop.
    """

    bank: bank_lib.Bank | None
    camera: Camera
    profile: NoiseProfile
    a_range: tuple[float, float]
    read_noise_law: str
    batch_size: int
    patch_size: int
    seed: int
    sensor: SensorModel | SensorByGain | None = None
    optics: Optics = Optics()

    def __post_init__(self):
        if self.read_noise_law not in READ_NOISE_LAWS:
            raise InputError(
                "`read_noise_law` must be one of "
                f"{', '.join(READ_NOISE_LAWS)}. "
                f"Received: {self.read_noise_law!r}"
            )
        if self.patch_size % 2 or self.patch_size <= 0:
            raise InputError(
                "`patch_size` must be even and positive. "
                f"Received: {self.patch_size}"
            )

    @property
    def is_clipped(self) -> bool:
        """Whether a batch has nothing below black."""
        return not self.sensor or self.sensor.below_black == "clipped"

    def clean(self, seeds):
        """Draws clean RAW crops `[B, h, w, 4]` from two seeds."""
        size = self.batch_size
        crops = bank_lib.crops(self.bank, seeds[0], size, self.patch_size)
        cells = tf.cast(crops, tf.float32)
        # Of a seed of their own: a run without optics draws what it drew.
        optics_seed = tf.random.split(seeds[1], 2, alg="philox")[1]
        of_optics = tf.random.stateless_uniform(
            [3, size], optics_seed, alg="philox"
        )
        cells = self.optics.blur_cells(cells, of_optics[0])
        uniform = tf.random.stateless_uniform(
            [self.camera.num_draws, size], seeds[1], alg="philox"
        )
        cam_from_rgb, red, blue = self.camera.colours(uniform, tnp)
        normal = tf.random.stateless_normal([size], seeds[1], alg="philox")
        mean, deviation = self.camera.rgb_gain
        # Three deviations: Brooks et al. divide by a normal that could be 0.
        brightness = mean + deviation * tf.clip_by_value(normal, -3.0, 3.0)
        packed = unprocess.cells_to_packed(
            cells, cam_from_rgb, 1.0 / brightness, red, blue, tnp
        )
        if self.optics.dark_share:
            factor = self.optics.exposure(of_optics[1:])
            packed *= factor[:, None, None, None]
        return packed

    def noise(self, seed) -> noise_lib.NoiseParams:
        """Draws `(a, b)` of a batch, each `[B]`."""
        shape = [self.batch_size]
        seeds = tf.random.split(seed, 2, alg="philox")
        uniform = tf.random.stateless_uniform(shape, seeds[0], alg="philox")
        a = sampling.sample_log_uniform_a(uniform, self.a_range, tnp)
        line = self.profile.line
        law = self.read_noise_law
        if law == "auto":
            law = self.profile.default_read_noise_law()
        if law == "gain":
            b = sampling.b_from_gain_law(
                a, self.profile.a_coefficients, self.profile.b_coefficients, tnp
            )
        else:
            normal = tf.random.stateless_normal(shape, seeds[1], alg="philox")
            b = sampling.b_from_line(
                a,
                line.slope,
                line.intercept,
                line.scatter if law == "line_scatter" else 0.0,
                normal,
                tnp,
            )
        return noise_lib.NoiseParams(a, b)

    def batch(self, step):
        """Returns batch `step`: `(inputs, clean)`.

        `inputs` is a member's: `noisy` `[B, h, w, 4]`, `scale` and `offset`
        `[B, 1, 1, 1]`; `clean` is `[B, h, w, 4]`; all float32.
        """
        key = tf.stack([tf.cast(self.seed, tf.int64), tf.cast(step, tf.int64)])
        seeds = tf.random.split(key, 4, alg="philox")
        return self.exposed(self.clean(seeds[:2]), seeds[2:])

    def exposed(self, clean, seeds):
        """Returns `(inputs, clean)` of clean crops, as `batch` does.

        Args:
            clean: `[B, h, w, 4]`.
            seeds: two, of the noise's strength and of the noise.
        """
        params = self.noise(seeds[0])
        if self.sensor is None:
            normal = tf.random.stateless_normal(
                tf.shape(clean), seeds[1], alg="philox"
            )
            noisy = noise_lib.add_noise(clean, params, normal, tnp)
        else:
            half = self.patch_size // 2
            clean = tf.ensure_shape(clean, (self.batch_size, half, half, 4))
            noisy, clean, params = self.sensor.expose(
                clean, params, StatelessDraws(seeds[1]), tnp
            )
        scale, offset = ksigma.scale_offset(params, tnp)
        return {"noisy": noisy, "scale": scale, "offset": offset}, clean


def of(
    data, bank, profile, a_range, batch_size: int, patch_size: int, seed: int
) -> Synthesis:
    """Returns the synthesis of a config's `data` section.

    Args:
        data: the section.
        bank: see `pipeline.build_bank`; where it is a list of sources the
            synthesis has no bank, and the sources' own crops get its noise.
        profile: see `Synthesis`, as all that follow.
        a_range: likewise.
        batch_size: likewise.
        patch_size: likewise.
        seed: likewise.
    """
    return Synthesis(
        bank if isinstance(bank, bank_lib.Bank) else None,
        camera_lib.get(data.camera),
        profile,
        a_range,
        data.read_noise_law,
        batch_size,
        patch_size,
        seed,
        sensor_of(data),
        optics_lib.of(data),
    )


# Of `data.realism`: the terms that the run's own profile was measured with.
OF_PROFILE = "profile"


def sensor_of(data) -> SensorModel | SensorByGain | None:
    """Returns the sensor model of a config's `data` section.

    A run may be older than the fields: it had the paper's noise.
    """
    name = data.get("realism", "none")
    without = data.get("realism_without", ())
    share = data.get("realism_share", 1.0)
    try:
        if name == OF_PROFILE:
            model = measured_sensor.of_profile(profile_lib.load(data.profile))
        elif name in sensor_presets.PRESETS:
            model = sensor_presets.preset(name)
        else:
            raise ValueError(
                f"must be one of {', '.join(sensor_presets.PRESETS)}, "
                f"{OF_PROFILE}. Received: {name!r}"
            )
        return model and model.without(*without).in_share(share)
    except ValueError as error:
        raise InputError(f"`data.realism`: {error}") from error


def below_black(data) -> str:
    """Returns what a run's members have seen below black.

    `"clipped"`: nothing, all noise was clipped at 0; `"signed"`: noise as files
    with a pedestal keep it.
    """
    model = sensor_of(data)
    return model.below_black if model else "clipped"


def batches(synthesis: Synthesis, first: int, last: int) -> tf.data.Dataset:
    """Returns the batches `first` to `last - 1`."""
    dataset = tf.data.Dataset.range(first, last)
    # Plain Python, nothing for AutoGraph to convert (and it cannot convert a
    # method of a NamedTuple).
    batch = tf.autograph.experimental.do_not_convert(synthesis.batch)
    dataset = dataset.map(batch, num_parallel_calls=2, deterministic=True)
    return dataset.prefetch(4)
