"""The default network in minutes, on the photographs that install with it.

    fanet-train --config=configs/minutes.py --workdir=runs/minutes

2,400 steps at batch 4: so early in training more steps are worth more than
larger batches. This schedule gave 47.9 / 43.6 / 39.4 / 35.3 dB RAW PSNR at
gains 1 / 4 / 16 / 64 on the photographs that are held back (one seed).
"""

from fanet_tf.config import default_config


def get_config():
    config = default_config()
    config.data.batch_size = 4
    config.train.steps = 2_400
    config.train.learning_rate = 3e-3
    config.train.warmup_steps = 100
    config.train.ema = 0.995  # 0.999 keeps a tenth of the random start.
    config.train.checkpoint_every = 200
    config.validation.every = 1_200
    config.validation.gains = (1.0, 4.0, 16.0, 64.0)
    return config
