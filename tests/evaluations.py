"""A small evaluation for tests of its page."""

import numpy as np

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures as captures_lib
from fanet_tf.evaluation import classical
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import gallery

PROFILE = profile_lib.load("imx258")


def half(noisy, noise):
    return 0.5 * noisy


def small():
    """Two captures at three gains, two methods, names that need escaping."""
    photo = np.random.default_rng(0).random((64, 96, 3))
    scenes = [
        captures_lib.scene_from_srgb(
            name, photo**power, camera_lib.get("imx258")
        )
        for name, power in (("<b>one</b>", 1.0), ("two", 2.0))
    ]
    return evaluate.evaluate(
        captures_lib.synthetic(scenes, (1, 8, 64), PROFILE),
        {
            "identity": evaluate.Method(classical.identity, "Input"),
            "half": evaluate.Method(half, "Half <light>", 2.5),
        },
        gallery=gallery.Gallery(images=1, size=24),
        about={"facts": {"seed": 0}, "notes": ["LPIPS is missing."]},
        progress=False,
    )
