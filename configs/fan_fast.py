"""Feature-Align arranged for the machine, seeing the detail.

    fanet-train --config=configs/fan_fast.py --workdir=runs/fan_fast

2.3501 GMACs/MP, 0.4 of R1's time in float32 (docs/network.md). Trained as
configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_fast")
