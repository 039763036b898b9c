"""A picture of a training batch: the same crops, clean and noisy, by gain."""

import os

import cv2
import numpy as np

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.errors import InputError
from fanet_tf.files import marks
from fanet_tf.pages import pictures
from fanet_tf.training.feed import pipeline
from fanet_tf.training.plan import Plan

_CROPS = 4  # Of a batch, evenly spaced: blurred ones come first.
_LABEL = 72  # Pixels, left of each row.


def check_output(path) -> None:
    """Refuses a path where something lies that is no picture of ours."""
    if not os.fspath(path).lower().endswith(".png"):
        raise InputError(
            f"The example batch must be a .png file. Received: {path}"
        )
    if os.path.lexists(path) and not marks.is_our_picture(path):
        raise InputError(
            "The example batch must be a new PNG, or one that fanet-train "
            f"wrote before. Received: {path}, a file of another origin"
        )
    pictures.check_output(path)


def gains(plan: Plan) -> list[float]:
    """Returns the gains of validation that the profile has."""
    low, high = plan.profile.gain_range
    wanted = plan.config.validation.gains
    return [g for g in wanted if low <= g <= high] or [low, high]


def render(plan: Plan, bank, seed: int) -> np.ndarray:
    """Renders crops of a run's first batch at every gain, from top to bottom.

    Args:
        plan: of the run.
        bank: see `pipeline.build_bank`.
        seed: of a member.

    Returns:
        `[H, W, 3]` uint8 sRGB; a row holds clean, noisy, clean, noisy, ...
    """
    data = plan.config.data.copy_and_resolve_references()
    data.service = ""  # It gives each of its batches once: to the training.
    colour = captures.typical_colour(camera_lib.get(data.camera))
    phase, rows = plan.phases[-1], []
    last = phase.batch_size - 1
    chosen = np.linspace(0, last, min(_CROPS, last + 1)).round().astype(int)
    for gain in gains(plan):
        a = float(plan.profile.a(gain))
        dataset = pipeline.batches(
            data, phase, bank, plan.profile, (a, a), seed, phase.first
        )
        inputs, clean = next(dataset.as_numpy_iterator())
        pairs = [
            pictures.to_uint8(colour.render(frame))
            for crop in chosen
            for frame in (clean[crop], inputs["noisy"][crop])
        ]
        label = _label(f"gain {gain:g}", phase.patch_size)
        rows.append(pictures.side_by_side([label, *pairs]))
    return pictures.one_below_another(rows)


def _label(text: str, height: int) -> np.ndarray:
    label = np.full((height, _LABEL, 3), 255, np.uint8)
    font, black = cv2.FONT_HERSHEY_SIMPLEX, (0, 0, 0)
    place = (2, height // 2)
    return cv2.putText(label, text, place, font, 0.4, black, 1, cv2.LINE_AA)


def write(path, picture: np.ndarray) -> None:
    """Writes a picture of `render` as PNG, whole or not at all."""
    check_output(path)
    pictures.write(path, pictures.png(picture), "fanet-train")
