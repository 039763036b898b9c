"""Feature-Align arranged for high gain: more width at coarse scales.

    fanet-train --config=configs/fan_deep.py --workdir=runs/fan_deep

At most 2.70 GMACs/MP; docs/network.md says what it gains and loses.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_deep")
