"""Shows what an app loses by common mistakes with a frame.

Denoises photographs with synthetic noise, once right and once with each
mistake, and prints how far the two are apart: rms and mean, in counts of 1023.
With `--picture` it draws a made scene (dead leaves) instead, once for each
mistake. With `--rounding` it prints instead how far a recipe's frames are apart
if the last bit of each value that the network sees differs.

Example:

    python benchmarks/app.py
    python benchmarks/app.py --gain=64
    python benchmarks/app.py --picture=docs/images/app_mistakes.jpg
    python benchmarks/app.py --rounding --recipe=dynamic_wi8_afp32
"""

import dataclasses

import cv2
import numpy as np
from absl import app
from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import dead_leaves
from fanet_tf.data import images
from fanet_tf.denoising import bundle
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.files import dng
from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw import unprocess

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_GAIN = flags.DEFINE_float("gain", 8.0, "Sensor gain.")
_PIXELS = flags.DEFINE_integer("pixels", 768, "Of a photograph's side.")
_ROUNDING = flags.DEFINE_bool("rounding", False, "Compare rounded inputs.")
_PICTURE = flags.DEFINE_string("picture", None, "JPEG to draw.")
_BLACK = 64.0
_WHITE = 1023.0
_PATTERN = "GRBG"
# Of the picture: the scene's seed and side, and the part that is shown.
_SEED, _SIDE, _SHOWN = 11, 320, 160
_COLUMNS, _LABEL = 5, 16


def frames():
    """Yields noisy RAW frames of photographs, GRBG, 10 bits."""
    for seed, photograph in enumerate(images.held_back().values()):
        height, width = (min(n, _PIXELS.value) for n in photograph.shape[:2])
        srgb = photograph[: height // 2 * 2, : width // 2 * 2] / 65535.0
        linear = unprocess.to_linear(np.float32(srgb)[None], np)
        yield frame(linear, seed)


def colours():
    """Returns the numbers of a typical camera, each of one frame."""
    return [np.float32(n)[None] for n in camera.get("imx258").typical()]


def frame(linear, seed):
    """Returns a noisy RAW frame of linear RGB `[1, H, W, 3]`."""
    a, b = noise()
    clean = unprocess.linear_to_packed(linear, *colours(), np)
    normal = np.random.default_rng(seed).standard_normal(clean.shape)
    noisy = clean + np.sqrt(a * clean + b) * normal
    mosaic = cfa.unpack(noisy, _PATTERN)[0, :, :, 0]
    return dng.synthetic(mosaic, noise=(a, b), pattern=_PATTERN)


def noise():
    """Returns `(a, b)` at the gain."""
    law = profile_lib.load("imx258")
    return float(law.a(_GAIN.value)), float(law.b(_GAIN.value))


class _Wrong(Denoiser):
    """Runs members with a mistake."""

    def runner(self, *arguments):
        """Returns a runner with the mistake."""
        runner = super().runner(*arguments)
        right, mistaken = runner.run, self.run

        class Runner:
            tile, member = runner.tile, runner.member

            def run(self, *inputs):
                return mistaken(right, *inputs)

        return Runner()


class Swapped(_Wrong):
    """Binds scale and offset to each other's input."""

    def run(self, right, noisy, scale, offset):
        """Runs a tile."""
        return right(noisy, offset, scale)


class OtherOrder(_Wrong):
    """Takes the planes for R, G, B, G."""

    def run(self, right, noisy, scale, offset):
        """Runs a tile."""
        order = [0, 1, 3, 2]
        return right(noisy[..., order], scale, offset)[..., order]


class LastBit(_Wrong):
    """Gives the network values that are one float32 larger."""

    def run(self, right, noisy, scale, offset):
        """Runs a tile."""
        above = np.nextafter(noisy, np.float32(np.inf))
        return right(above, scale, offset)


def rounding(array):
    """Prints what the last bit of the inputs changes."""
    pair = noise()
    found = []
    for image in frames():
        plain, moved = (
            kind(array, _RECIPE.value, own_tile=True).denoise(
                image, pair, keep_mean=True
            )
            for kind in (Denoiser, LastBit)
        )
        found.append(np.abs(plain.astype(np.float64) - moved).ravel())
    off = np.concatenate(found)
    rms = np.sqrt(np.mean(off**2))
    print(f"{_RECIPE.value}: rms {rms:.2g}, largest {off.max():.2g} counts")


def mistakes(array):
    """Returns name -> what denoises a frame with a mistake in it."""
    a, b = noise()

    def denoise(image, pair=(a, b), of=array, kind=Denoiser, **changes):
        image = dataclasses.replace(image, **changes)
        denoiser = kind(of, _RECIPE.value, own_tile=True)
        return denoiser.denoise(image, pair, keep_mean=True)

    def without_mean(image):
        denoiser = Denoiser(array, _RECIPE.value, own_tile=True)
        return denoiser.denoise(image, (a, b))

    def no_halo(image):
        members = tuple(
            dataclasses.replace(m, tile=dataclasses.replace(m.tile, halo=0))
            for m in array.members
        )
        return denoise(image, of=dataclasses.replace(array, members=members))

    def other_member(image):
        edges = [3.0 * edge for edge in array.edges]
        return denoise(image, of=dataclasses.replace(array, edges=edges))

    def black(level):
        return lambda i: denoise(i, black_level=4 * (level,))

    return {
        "right": denoise,
        "GRBG read as RGGB": lambda i: denoise(i, pattern="RGGB"),
        "GRBG read as BGGR": lambda i: denoise(i, pattern="BGGR"),
        "GRBG read as GBRG": lambda i: denoise(i, pattern="GBRG"),
        "planes R, G, B, G": lambda i: denoise(i, kind=OtherOrder),
        "black 0": black(0.0),
        "black twice": black(2 * _BLACK),
        "b as a deviation": lambda i: denoise(i, (a, b**0.5)),
        "gain twice too large": lambda i: denoise(i, (2 * a, 4 * b)),
        "the member below": other_member,
        "scale and offset swapped": lambda i: denoise(i, kind=Swapped),
        "no halo, nothing mirrored": no_halo,
        "no mean put back": without_mean,
    }


def table(array):
    """Prints how far each mistake is from the right frame."""
    errors = {}
    clean = []
    for image in frames():
        expected = None
        for name, denoise in mistakes(array).items():
            got = denoise(image).astype(np.float64)
            if expected is None:
                expected = got
                clean.append(np.std(image.visible - expected))
                continue
            errors.setdefault(name, []).append(got - expected)
    print(f"gain {_GAIN.value:g}: noise of {np.mean(clean):.1f} counts\n")
    print("| mistake | rms, counts | mean |\n| --- | --- | --- |")
    for name, found in errors.items():
        off = np.concatenate([f.ravel() for f in found])
        print(f"| {name} | {np.sqrt(np.mean(off**2)):.2f} | {off.mean():.2f} |")


def render(counts):
    """Returns the middle of a frame as it is developed, `[h, w, 3]` BGR."""
    matrix, _, red, blue = colours()
    # A column less, and GRBG is RGGB.
    values = (counts[:, 1:-1].astype(np.float32) - _BLACK) / (_WHITE - _BLACK)
    packed = cfa.pack(values[None, :, :, None])
    rgb = isp.to_srgb(packed, np.linalg.inv(matrix), red, blue)[0]
    top, left = ((side - _SHOWN) // 2 for side in rgb.shape[:2])
    shown = rgb[top : top + _SHOWN, left : left + _SHOWN, ::-1]
    return np.rint(255.0 * shown).astype(np.uint8)


def picture(array, path):
    """Draws the noisy frame, the right one, and one for each mistake."""
    linear = dead_leaves.dead_leaves(_SEED, _SIDE)[None]
    image = frame(linear, _SEED)
    panels = {"noisy": image.visible}
    for name, denoise in mistakes(array).items():
        panels[name] = denoise(image)
    drawn = []
    for name, counts in panels.items():
        label = np.full((_LABEL, _SHOWN, 3), 255, np.uint8)
        style = (cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
        cv2.putText(label, name, (2, 11), *style)
        drawn.append(np.concatenate([label, render(counts)]))
    blank = np.full_like(drawn[0], 255)
    drawn += [blank] * (-len(drawn) % _COLUMNS)
    rows = [
        np.concatenate(drawn[i : i + _COLUMNS], axis=1)
        for i in range(0, len(drawn), _COLUMNS)
    ]
    quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
    cv2.imwrite(path, np.concatenate(rows), quality)


def main(_):
    """Draws the picture, or prints the table or what rounding does."""
    array = bundle.load(_BUNDLE.value)
    if _PICTURE.value:
        picture(array, _PICTURE.value)
    elif _ROUNDING.value:
        rounding(array)
    else:
        table(array)


if __name__ == "__main__":
    app.run(main)
