"""R1 whose Feature-Align layers see the detail, and its stem bands of it.

    fanet-train --config=configs/fan_detail.py --workdir=runs/fan_detail

2.6241 GMACs/MP. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_detail")
