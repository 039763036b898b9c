"""Which member denoises which frames best, and what `reference_signal` brings.

Every member denoises every scene at every gain, and two tables are printed: the
PSNR of each member, and what each reference signal gains over the choice by `a`
alone, in dB over all pixels, the darkest quarter and the flatter half. Take
photographs that the array was not judged on, so that the choice is no figure
of its own.

Example:

    python benchmarks/array_members.py --photographs=data/photos/clic_half
"""

import collections
import dataclasses

import numpy as np
import same_scenes
from absl import app
from absl import flags

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import captures
from fanet_tf.denoising import bundle
from fanet_tf.denoising import signal
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.evaluation import regions
from fanet_tf.metrics.psnr import psnr

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_PHOTOGRAPHS = flags.DEFINE_string(
    "photographs", "held_back", "A folder; default: three of scikit-image."
)
_LIMIT = flags.DEFINE_integer("limit", 24, "Photographs.", lower_bound=1)
_SIZE = flags.DEFINE_integer("size", 288, "Of the centre crops, pixels.")
_REFERENCES = flags.DEFINE_list(
    "references", ["0.06", "0.07", "0.086", "0.1", "0.12", "0.16"], "Signals."
)

_GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@dataclasses.dataclass(frozen=True)
class Frame:
    """What was measured of a scene at a gain.

    Attributes:
        kind: of the scene.
        gain: of the sensor.
        a: of its noise.
        signal: of the frame.
        psnr: `[members, 3]`, all pixels, darkest quarter, flatter half.
    """

    kind: str
    gain: float
    a: float
    signal: float
    psnr: np.ndarray


def measure(array, law):
    """Yields a `Frame` for each scene and gain."""
    denoisers = [
        Denoiser(array.alone(index), _RECIPE.value, own_tile=True)
        for index in range(len(array.members))
    ]
    scenes = same_scenes.by_kind(_PHOTOGRAPHS.value, _LIMIT.value, _SIZE.value)
    for kind, of_kind in scenes.items():
        for scene in of_kind:
            parts = (None, regions.dark(scene.clean), regions.flat(scene.clean))
            for gain in _GAINS:
                capture = captures.draw(scene, gain, law)
                found = [
                    [psnr(output, capture.clean, part) for part in parts]
                    for output in same_scenes.denoised(capture, denoisers)
                ]
                a, b = capture.noise.pair()
                level = signal.of_packed(capture.noisy, a, b)
                yield Frame(kind, gain, a, level, np.array(found))


def gained(frames, edges, reference):
    """Returns what a reference brings, `[frames, 3]` in dB."""
    return np.array(
        [
            frame.psnr[
                nsma.member_of(
                    nsma.at_reference(frame.a, frame.signal, reference), edges
                )
            ]
            - frame.psnr[nsma.member_of(frame.a, edges)]
            for frame in frames
        ]
    )


def _cells(values):
    return " / ".join(f"{value:+.2f}" for value in values)


def main(_):
    """Prints both tables."""
    array, law = bundle.load(_BUNDLE.value), profile_lib.load("imx258")
    frames = list(measure(array, law))
    groups = collections.defaultdict(list)
    for frame in frames:
        groups[frame.kind, frame.gain].append(frame)
    indices = [f"member {member.index}" for member in array.members]
    print(f"| scenes | gain | {' | '.join(indices)} |")
    print("| --- | --- |" + " --- |" * len(indices))
    for (kind, gain), group in groups.items():
        means = np.mean([frame.psnr[:, 0] for frame in group], 0)
        cells = " | ".join(f"{mean:.2f}" for mean in means)
        print(f"| {kind} | {gain:g} | {cells} |")
    kinds = list(dict.fromkeys(frame.kind for frame in frames))
    print(f"\n| reference | all scenes | {' | '.join(kinds)} | worst gain |")
    print("| --- | --- |" + " --- |" * (len(kinds) + 1))
    for text in _REFERENCES.value:
        found = gained(frames, array.edges, float(text))
        of = collections.defaultdict(list)
        for frame, row in zip(frames, found, strict=True):
            of[frame.kind].append(row)
            of[frame.kind, frame.gain].append(row)
        cells = [_cells(np.mean(of[kind], 0)) for kind in kinds]
        worst = min(groups, key=lambda key: np.mean(of[key], 0)[0])
        print(
            f"| {text} | {_cells(found.mean(0))} | {' | '.join(cells)} "
            f"| {np.mean(of[worst], 0)[0]:+.2f}, {worst[0]} {worst[1]:g} |"
        )


if __name__ == "__main__":
    app.run(main)
