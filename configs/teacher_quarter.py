"""The teacher at a quarter of the width: what a CPU can train.

    fanet-train --config=configs/teacher_quarter.py --workdir=runs/quarter

4.752 GMACs/MP and 0.74 M parameters.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("teacher_quarter")
