"""Trained for the Darmstadt Noise Dataset, as the paper's Table 4.

    fanet-train --config=configs/dnd.py --workdir=runs/dnd
    fanet-evaluate --dnd=dnd/data --bundle=runs/dnd/bundle --output=submission

The noise and the white balance of its four cameras, by Brooks et al. 2019:
log a uniform over 1e-4 to 0.012, log b = 2.18 log a + 1.20 with a scatter of
0.26; red 1.9 to 2.4, blue 1.5 to 1.9.
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config()
    config.data.camera = "dnd"
    config.data.profile = "dnd"
    config.data.read_noise_law = "line_scatter"
    config.nsma.members = 4
    # In this profile gain is a / 1e-4: a of 1e-4 to 0.012.
    config.validation.gains = (1.0, 4.0, 16.0, 64.0, 120.0)
    return config
