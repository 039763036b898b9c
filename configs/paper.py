"""Any network on the paper's schedule: `configs/paper.py:NAME`.

    fanet-train --config=configs/paper.py:plain --workdir=runs/plain

NAME is one of `fanet_tf/variants.py`:

    plain, wavelet, fan, fan_no_skips      the four of the paper's Table 1
    fan_fast, fan_deep, fan_gate           ours
    fan_half, fan_half_deep                ours, for phones
    fan_large                              ours, for a computer
    pmrid, nafnet                          rivals at the paper's cost
    pmrid_public                           PMRID at the sizes of its release
    teacher                                UPI's U-Net, for the Feature Loss

Cost: `fanet-cost NAME` prints it; 2.0 to 2.7 GMACs/MP, the teacher 74.3. Time:
2.5 M steps of 16 crops, two to three days on two cores; the teacher needs a GPU
(--config.model.base_width=8 is its quarter, 4.75 GMACs/MP, for a CPU). Result:
docs/network.md has them after 2,400 steps of 4 crops, a few minutes each, with

    --config.train.steps=2400 --config.data.batch_size=4 \
    --config.train.learning_rate=3e-3 --config.train.ema=0.995
"""

from fanet_tf.config import default_config


def get_config(variant="fan"):
    return default_config(variant)
