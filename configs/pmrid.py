"""A rival: separable 5 x 5 convolutions, as PMRID has them.

    fanet-train --config=configs/pmrid.py --workdir=runs/pmrid

Narrowed to the paper's cost; trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("pmrid")
