"""The wavelet U-Net W1: Haar DWT down, inverse DWT up, no Feature-Align.

    fanet-train --config=configs/wavelet.py --workdir=runs/wavelet

1.9780 GMACs/MP; the paper's is 1.9800. Trained as configs/fan.py.
"""

from fanet_tf.config import default_config


def get_config():
    return default_config("wavelet")
