"""The networks by name: what `configs/` trains and `fanet-cost` counts.

A variant is the `model` section of a config. No Keras here: a config is read
before the slow imports.

Widths are *chosen, not recovered*. The paper gives four costs and one size, and
hundreds of layouts meet them, none with clean widths (docs/network.md).
"""

import dataclasses

from fanet_tf.errors import InputError

# "the paper's cost" of a rival or of a variant of our own, in GMACs/MP.
BUDGET = 2.70

# Table 1 of Young et al. gives 89,696 as "bytes" of the network. It is read as
# a count of weights: 2.6688 GMACs/MP then mean 0.119 uses a position and
# weight, as U-Nets of 4 levels have; as bytes of float32 it would be 22,424
# weights, a network of almost one width.
PAPER_WEIGHTS = 89_696

_UNET = {
    "name": "unet",
    "transform": "anscombe",  # Or "ksigma".
    "widths": (16, 32, 64, 64),  # Finest level first.
    "blocks": 1,  # ARNet blocks per stage.
    "mid_blocks": 2,  # At the coarsest level.
    "expansion": 2,  # Hidden channels per input channel.
    "group_width": 4,  # Channels per group.
    "kernel_size": 3,  # Of the group convolutions.
    "block_residual": True,  # Where the widths agree.
    "feature_align": True,
    "fa_hidden": 8,  # Channels of the Feature-Align trunk.
    "fa_kernel": 3,
    "fa_input": "stabilised",  # Or "detail".
    "skip_ratio": 2,  # 0 leaves the skips out.
    "fusion": "add",  # Or "concat".
    "downsampling": "max",  # Or "haar".
    "upsampling": "bilinear",  # "depth_to_space", "haar".
    "output": "residual",  # Or "gated".
    "stem_input": "detail",  # Or "stabilised".
    "detail_cells": (),  # Of the local means; () is the stride alone.
}

# The stem sees the detail in bands, Feature-Align that of each level.
_DETAIL = {
    **_UNET,
    "fa_input": "detail",
    "detail_cells": (2, 4, 8),
    "mid_blocks": 1,
}
_FAST = {**_DETAIL, "expansion": (1, 1, 2, 2), "group_width": 8}

_GATED = {
    "name": "gated",
    "transform": "anscombe",
    "base_width": 12,  # Of the finest level; doubles with each.
    "blocks": (1, 1, 1),  # Per stage; their number is that of the halvings.
    "mid_blocks": 2,  # At the coarsest level.
    "feature_align": True,
    "fa_hidden": 4,  # Channels of the Feature-Align trunk.
    "fa_kernel": 3,
    "stem_input": "detail",  # Or "stabilised".
    "head_kernel": 1,
}


@dataclasses.dataclass(frozen=True)
class Variant:
    """One network of the family.

    Attributes:
        title: for tables.
        model: the `model` section of its config.
        paper_gmacs: the paper's GMACs/MP of it; None for what is ours.
        paper_weights: the paper's number of weights.
    """

    title: str
    model: dict
    paper_gmacs: float | None = None
    paper_weights: int | None = None


VARIANTS = {
    "plain": Variant(
        "Plain U-Net", {**_UNET, "feature_align": False}, paper_gmacs=2.2840
    ),
    "wavelet": Variant(
        "Wavelet",
        {
            **_UNET,
            "widths": (16, 16, 32, 64),
            "mid_blocks": 1,
            "feature_align": False,
            "downsampling": "haar",
            "upsampling": "haar",
        },
        paper_gmacs=1.9800,
    ),
    "fan": Variant(
        "Feature-Align",
        _UNET,
        paper_gmacs=2.6688,
        paper_weights=PAPER_WEIGHTS,
    ),
    "fan_no_skips": Variant(
        "FA w/o connections", {**_UNET, "skip_ratio": 0}, paper_gmacs=2.5688
    ),
    # R1 less a block at the coarsest level, which pays for the bands.
    "fan_detail": Variant("Feature-Align of the detail", _DETAIL),
    "fan_bands": Variant(
        "Feature-Align, gated bands",
        {**_DETAIL, "fa_input": "stabilised", "output": "gated"},
    ),
    # The default. Group convolutions of 4 channels take most of R1's time: 8
    # a group, and no wider than the features at the two finest levels.
    "fan_fast": Variant("Feature-Align, fast", _FAST),
    # A fifth level, and the stem sees bands down to it.
    "fan_deep": Variant(
        "Feature-Align, deep",
        {
            **_DETAIL,
            "widths": (16, 32, 48, 64, 64),
            "detail_cells": (2, 4, 8, 16),
        },
    ),
    # A point-wise head pays for the Feature-Align layers.
    "fan_gate": Variant("Feature-Align, gated blocks", _GATED),
    "teacher": Variant(
        "UPI U-Net (teacher)",
        {
            "name": "upi",
            "transform": "anscombe",
            "base_width": 32,
            "levels": 5,
            "stem_input": "detail",
        },
        paper_gmacs=74.305,
    ),
    "teacher_quarter": Variant(
        "UPI U-Net, quarter width",
        {
            "name": "upi",
            "transform": "anscombe",
            "base_width": 8,
            "levels": 5,
            "stem_input": "detail",
        },
    ),
    "pmrid": Variant(
        "PMRID-style",
        {
            "name": "pmrid",
            "transform": "anscombe",
            "stem_width": 16,
            "widths": (48, 96, 192, 384),
            "blocks": (2, 2, 4, 4),
            "decoder_widths": (48, 32, 24, 16),
            "kernel_size": 5,
            "stem_input": "detail",
        },
    ),
    "nafnet": Variant(
        "NAFNet-style", {**_GATED, "feature_align": False, "head_kernel": 3}
    ),
}

# Of the family, and others at its cost.
STUDENTS = (
    "plain",
    "wavelet",
    "fan",
    "fan_no_skips",
    "fan_detail",
    "fan_bands",
    "fan_fast",
    "fan_deep",
    "fan_gate",
)
RIVALS = ("pmrid", "nafnet")


def get(name: str) -> Variant:
    """Returns a variant by name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in VARIANTS:
        raise InputError(
            f"A variant must be one of {', '.join(VARIANTS)}. "
            f"Received: {name!r}"
        )
    return VARIANTS[name]


def title(model: dict) -> str | None:
    """Returns the title of the variant with this `model` section, if any."""
    if model.get("name") == _UNET["name"]:
        model = {**_UNET, **model}  # A run may be older than a field.
    plain = {key: _plain(value) for key, value in model.items()}
    for variant in VARIANTS.values():
        if {k: _plain(v) for k, v in variant.model.items()} == plain:
            return variant.title
    return None


def _plain(value):
    """A list, as JSON gives it, for a tuple."""
    return list(value) if isinstance(value, tuple | list) else value
