"""R1 with a gate beside its head: the step before configs/fan_bands.py.

    fanet-train --config=configs/fan_gated.py --workdir=runs/fan_gated

2.6953 GMACs/MP. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan_gated")
