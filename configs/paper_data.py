"""The paper's mix of data: photographs, SIDD and See-in-the-Dark.

    fanet-train --config=configs/paper_data.py --workdir=runs/paper_data

Wants data/mirflickr, data/sidd and data/sid (docs/data.md says where each is
had and what must lie in it). The paper does not give its shares; these count
each set about as it counts scenes.
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config()
    config.data.sources = (
        "mirflickr:data/mirflickr",
        "sidd:data/sidd",
        "sid:data/sid",
    )
    config.data.weights = (0.8, 0.1, 0.1)
    config.data.smooth_share = 0.0  # The paper takes photographs as they are.
    config.nsma.members = 4
    return config
