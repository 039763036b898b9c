"""What is said of the sources of a run is what their crops are."""

import cv2
import numpy as np
import pytest
from runs import small_config

from fanet_tf.training.feed import inventory
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule


@pytest.mark.parametrize("kind", ["", "photos:"])
def test_each_source_is_measured_apart(tmp_path, monkeypatch, kind):
    """A grey folder, in memory or streamed, beside sharp drawings."""
    monkeypatch.setattr(inventory, "_CROPS", 48)
    for index in range(3):
        grey = np.full((80, 90, 3), 128, np.uint8)
        cv2.imwrite(str(tmp_path / f"{index}.png"), grey)
    config = small_config()
    config.data.sources = (f"{kind}{tmp_path}", "dead_leaves:1")
    config.data.weights = (3.0, 1.0)
    config.data.batch_size = 16
    phases = schedule.phases(config.train, config.data)
    bank = pipeline.build_bank(config.data, phases, config.seed)
    grey, leaves = inventory.take(config.data, bank, 32, config.seed)
    assert (grey.name, grey.share, grey.count) == (
        config.data.sources[0],
        0.75,
        3,
    )
    assert (leaves.share, leaves.count) == (0.25, 1)
    assert grey.sharpness.size == 0 and leaves.sharpness.size > 30
    # One grey, whose brightness the camera draws; drawings are not.
    assert np.ptp(np.log(grey.brightness)) < np.ptp(np.log(leaves.brightness))
    config.data.blur_share = 1.0
    if not kind:  # Streamed sources have taken their optics already.
        _, blurred = inventory.take(config.data, bank, 32, config.seed)
        assert np.median(blurred.sharpness) < 0.8 * np.median(leaves.sharpness)
