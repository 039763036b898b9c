"""Feature-Align arranged for the machine: half the size inside.

    fanet-train --config=configs/fan_fast.py --workdir=runs/fan_fast

At most 2.70 GMACs/MP; docs/network.md says what it gains and loses.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_fast")
