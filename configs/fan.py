"""The Feature-Align network R1, one network for all gains: the paper's preset.

    fanet-train --config=configs/fan.py --workdir=runs/fan

Cost: 2.6793 GMACs/MP (the paper's: 2.6688), 89,728 weights. Time: the paper's
2.5 M steps of 16 crops take two to three days on two cores;
--config.train.steps=30000 --config.train.learning_rate=1.5e-3 takes an evening.
Result: 47.3 / 42.9 / 38.5 / 33.8 dB RAW PSNR at gains 1 / 4 / 16 / 64 after
2,400 steps of 4 crops (docs/network.md). Add --config.nsma.members=4 for the
array.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("fan")
