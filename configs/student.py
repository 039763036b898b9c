"""The default network, taught by the U-Net of Brooks et al.: Feature Loss.

    fanet-train --config=configs/paper.py:teacher --workdir=runs/teacher
    fanet-train --config=configs/student.py --workdir=runs/student \
        --config.loss.teacher=runs/teacher

The paper's weight, 78.7, in the place of its Charbonnier's 393.5; what the
teacher sees of the prediction and of the clean RAW shall be the same. A weight
for `loss.charbonnier`, `loss.distillation` or `loss.rgb_perceptual` adds those
(the paper gives none for the last two). Steps and rate are the paper's.
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config()
    config.loss.charbonnier = 0.0
    config.loss.feature = 78.7
    config.nsma.members = 4
    return config
