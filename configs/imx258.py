"""The array that ships, in two stages: a shared start, then four members.

    fanet-train --config=configs/imx258.py:shared --workdir=runs/imx258_shared
    fanet-train --config=configs/imx258.py:array --workdir=runs/imx258_array \
        --config.train.init_from=runs/imx258_shared

The network is that of the array that ships, `fan_half`; `:shared,fan_gate`
trains another one of `fanet_tf/variants.py`. Cost: 2.56 GMACs/MP. Time: at
batch 16 in mixed_bfloat16 one core of an AMD EPYC takes 8 steps a second, so 75
minutes for 36,000 shared steps and 8 for the 4,000 of a member; 17 steps a
second if it has AVX-512 BF16. The defaults, 16,000 and 4,000 steps of batch 8,
are a first try; results/imx258 has the commands of the array that ships, and
what it reached.

Photographs are expected below `data/` (see docs/data.md); name other
folders, and their shares, with --config.data.sources=FOLDER@3,dead_leaves:64@1.
"""

from fanet_tf.config import default_config
from fanet_tf.errors import InputError

STAGES = ("shared", "array")


def get_config(stage="shared"):
    stage, _, variant = stage.partition(",")
    if stage not in STAGES:
        raise InputError(
            f"The stage must be one of {', '.join(STAGES)}. Received: {stage!r}"
        )
    variant = variant or "fan_half"
    config = default_config(variant)
    config.data.sources = (
        "data/photos/cid22_train",
        "data/photos/clic_half",
        "data/linear",
        "dead_leaves:64",
    )
    config.data.weights = (0.5, 0.25, 0.15, 0.1)
    config.data.smooth_share = 0.6
    # Files of a phone: a pedestal, defects, correlation, wrong levels; and a
    # transform that keeps what lies below black.
    config.data.realism = "phone"
    # White balances along a curve of lights and the matrices of published
    # tuning. Validation sees its D50: those figures are not comparable with
    # runs on the camera "imx258", which fanet-evaluate goes on using.
    config.data.camera = "imx258_tuned"
    config.model.transform = "signed_anscombe_algebraic"
    config.data.batch_size = 8
    config.validation.source = "data/photos/cid22_val"
    config.validation.limit = 12
    config.train.checkpoint_every = 500
    config.validation.every = 2000
    config.train.steps = 16_000
    config.train.learning_rate = 2e-3
    config.train.warmup_steps = 200
    config.train.deterministic = False
    if stage == "array":
        config.nsma.members = 4
        config.nsma.overlap = 0.1
        config.train.steps = 4_000
        config.train.learning_rate = 1e-3
    return config
