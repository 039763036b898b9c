"""Feature-Align without shrinked skips.

    fanet-train --config=configs/fan_no_skips.py --workdir=runs/fan_no_skips

2.5833 GMACs/MP; the paper's is 2.5688. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_no_skips")
