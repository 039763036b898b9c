"""The Feature-Align network R1, one network for all gains.

    fanet-train --config=configs/fan.py --workdir=runs/fan

Add --config.nsma.members=4 for the array. The schedule is the paper's, 2.5 M
steps: two to three days on two cores. Add --config.train.steps=30000
--config.train.learning_rate=1.5e-3 for an evening.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan")
