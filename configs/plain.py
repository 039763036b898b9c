"""The plain U-Net: no Feature-Align layers, shrinked skips.

    fanet-train --config=configs/plain.py --workdir=runs/plain

2.2800 GMACs/MP; the paper's is 2.2840. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("plain")
