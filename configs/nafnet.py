"""A rival: NAFNet without normalisation and global pooling.

    fanet-train --config=configs/nafnet.py --workdir=runs/nafnet

At the paper's cost; trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("nafnet")
