"""Feature-Align with gated blocks in the place of ARNet's: the default.

    fanet-train --config=configs/fan_gate.py --workdir=runs/fan_gate

2.6681 GMACs/MP; docs/network.md says what it gains. Trained as configs/fan.py,
but for the clipped gradients: what is multiplied can run away in one step.
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config("fan_gate")
    config.train.clip_norm = 300.0
    return config
