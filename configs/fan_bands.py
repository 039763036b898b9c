"""R1 with a gate on each band of the detail: what ships.

    fanet-train --config=configs/fan_bands.py --workdir=runs/fan_bands

2.6721 GMACs/MP. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_bands")
