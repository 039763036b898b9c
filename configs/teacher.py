"""The teacher at the paper's width: UPI's U-Net, for Feature Loss.

    fanet-train --config=configs/teacher.py --workdir=runs/teacher

74.304 GMACs/MP and 11.8 M parameters: for a GPU.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("teacher")
