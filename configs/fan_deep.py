"""Feature-Align with a fifth level, seeing the detail: for high gains.

    fanet-train --config=configs/fan_deep.py --workdir=runs/fan_deep

2.5975 GMACs/MP; docs/network.md says what it gains. Its halo is 80 packed
pixels, which a tile pays for. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_deep")
