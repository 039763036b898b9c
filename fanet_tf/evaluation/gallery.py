"""Crops of an evaluation that a person looks at.

Three kinds: one *picked* crop of the first few images, at every gain, where
the clean frame has most detail (so the choice knows nothing of the results);
and the *worst* and *best* crops of the method in focus: where its RAW PSNR lies
lowest below, or highest above, that of the best other picture of the crop (the
noisy one included), whatever image or gain it comes from.
"""

import dataclasses
import math

import numpy as np

from fanet_tf.data.captures import Capture
from fanet_tf.metrics import psnr as psnr_lib


@dataclasses.dataclass(frozen=True)
class Crop:
    """One place of one capture, as every method shows it.

    Attributes:
        kind: `"picked"`, `"worst"` or `"best"`.
        image: name of the scene.
        gain: of the capture, None where unknown.
        box: `(y, x, height, width)` in packed pixels.
        pictures: `"noisy"`, each method and `"clean"` -> `[H, W, 3]` uint8.
        psnr: the same names but `"clean"` -> RAW PSNR in the crop, dB.
        focus: the method that worst and best speak of.
        lead: dB of the focus above the best other picture of the crop.
    """

    kind: str
    image: str
    gain: float | None
    box: tuple[int, int, int, int]
    pictures: dict[str, np.ndarray]
    psnr: dict[str, float]

    focus: str = ""
    lead: float | None = None


def detailed_box(clean, size: int):
    """Returns the box of `size` packed pixels with most fine detail.

    Detail is the mean absolute difference of neighbours in the square root of
    the two greens' mean: the root, so that shadows count as one sees them.
    """
    grey = np.sqrt(np.maximum(clean[..., 1] + clean[..., 2], 0.0))
    detail = np.zeros(grey.shape)
    detail[:-1] += np.abs(np.diff(grey, axis=0))
    detail[:, :-1] += np.abs(np.diff(grey, axis=1))
    boxes = list(_boxes(grey.shape, size, step=max(size // 4, 1)))
    sums = [detail[y : y + h, x : x + w].mean() for y, x, h, w in boxes]
    return boxes[int(np.argmax(sums))]


def _boxes(shape, size: int, step: int):
    height, width = (min(size, s) for s in shape[:2])
    for y in range(0, shape[0] - height + 1, step):
        for x in range(0, shape[1] - width + 1, step):
            yield y, x, height, width


def _cut(image, box, scale: int = 1):
    y, x, height, width = (scale * v for v in box)
    return image[y : y + height, x : x + width]


def _to_uint8(srgb):
    return np.rint(255.0 * np.clip(srgb, 0.0, 1.0)).astype(np.uint8)


def _crop_psnr(image, clean, box) -> float:
    return psnr_lib.psnr(_cut(image, box), np.clip(_cut(clean, box), 0.0, 1.0))


def _psnrs(capture: Capture, denoised, box) -> dict[str, float]:
    frames = {"noisy": capture.noisy, **denoised}
    return {k: _crop_psnr(v, capture.clean, box) for k, v in frames.items()}


def _lead(psnrs: dict[str, float], focus: str) -> float | None:
    lead = psnrs[focus] - max(v for k, v in psnrs.items() if k != focus)
    return lead if math.isfinite(lead) else None


class _Highest:
    """The crops of highest rank, at most one an image."""

    def __init__(self, count: int):
        self._count = count
        self._kept: dict[str, tuple[float, Crop]] = {}

    def offer(self, image: str, rank: float, make) -> None:
        """Keeps `make()` if its rank is among the highest."""
        kept = self._kept
        if image in kept:
            enters = rank > kept[image][0]
        else:
            enters = len(kept) < self._count or any(
                rank > other for other, _ in kept.values()
            )
        if not enters:
            return
        kept[image] = (rank, make())
        if len(kept) > self._count:
            del kept[min(kept, key=lambda name: kept[name][0])]

    def crops(self) -> list[Crop]:
        """Returns the crops, highest rank first."""
        ranked = sorted(self._kept.values(), key=lambda pair: -pair[0])
        return [crop for _, crop in ranked]


class Gallery:
    """Collects crops while an evaluation runs.

    Args:
        images: how many images get a picked crop.
        size: side of a crop in packed pixels; twice that in sRGB.
        extremes: how many worst and how many best crops are kept.
        focus: the method that worst and best speak of; None: the last one.
    """

    def __init__(
        self,
        images: int = 3,
        size: int = 120,
        extremes: int = 3,
        focus: str | None = None,
    ):
        self.images = images
        self.size = size
        self.focus = focus
        self._picked: list[Crop] = []
        self._places: dict[str, tuple] = {}
        self._worst = _Highest(extremes)
        self._best = _Highest(extremes)

    def add(self, capture: Capture, denoised, rendered, clean_rgb) -> None:
        """Keeps the crops worth keeping of one capture.

        Args:
            capture: the capture.
            denoised: name -> `[h, w, 4]` in 0..1.
            rendered: name -> `[2h, 2w, 3]` sRGB in 0..1.
            clean_rgb: `[2h, 2w, 3]` sRGB in 0..1.
        """
        focus = self.focus or next(reversed(denoised))
        pictures = {"noisy": None, **rendered, "clean": clean_rgb}

        def crop(kind, box):
            if pictures["noisy"] is None:
                pictures["noisy"] = capture.colour.render(capture.noisy)
            psnrs = _psnrs(capture, denoised, box)
            return Crop(
                kind,
                capture.name,
                capture.gain,
                box,
                {k: _to_uint8(_cut(v, box, 2)) for k, v in pictures.items()},
                psnrs,
                focus,
                _lead(psnrs, focus),
            )

        places = self._places
        if capture.name not in places and len(places) < self.images:
            places[capture.name] = detailed_box(capture.clean, self.size)
        if capture.name in places:
            self._picked.append(crop("picked", places[capture.name]))

        leads = {
            box: _lead(_psnrs(capture, denoised, box), focus)
            for box in _boxes(capture.clean.shape, self.size, self.size)
        }
        leads = {box: lead for box, lead in leads.items() if lead is not None}
        if leads:
            low, high = min(leads, key=leads.get), max(leads, key=leads.get)
            name = capture.name
            self._worst.offer(name, -leads[low], lambda: crop("worst", low))
            self._best.offer(name, leads[high], lambda: crop("best", high))

    def crops(self) -> list[Crop]:
        """Returns the picked crops, then the worst, then the best."""
        return [*self._picked, *self._worst.crops(), *self._best.crops()]
