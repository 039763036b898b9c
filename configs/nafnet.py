"""A rival: NAFNet without normalisation and global pooling.

    fanet-train --config=configs/nafnet.py --workdir=runs/nafnet

At the paper's cost; trained as configs/fan_gate.py.
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config("nafnet")
    config.train.clip_norm = 300.0
    return config
