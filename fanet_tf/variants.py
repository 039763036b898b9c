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
    "feature_align": True,
    "fa_hidden": 8,  # Channels of the Feature-Align trunk.
    "fa_input": "stabilised",  # Or "detail".
    "skip_ratio": 2,  # 0 leaves the skips out.
    "downsampling": "max",  # Or "haar".
    "upsampling": "bilinear",  # Or "haar".
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

# Steps: "depth", "point", "light", "align" (fanet_tf/models/gated.py).
_GATED = {
    "name": "gated",
    "transform": "anscombe",
    "widths": (12, 24, 48, 96),  # Finest level first.
    "stem_stride": 1,  # Or 2: the finest level at half the packed size.
    "encoder": ("depth point align",) * 3,  # One text a level.
    "middle": "depth point align depth point align",
    "decoder": ("depth point align",) * 3,
    "fa_hidden": 4,  # Channels of the Feature-Align trunk.
    "stem_input": "detail",  # Or "stabilised".
    "head_kernel": 1,
}
_PLAIN_GATES = {
    **_GATED,
    "encoder": ("depth point",) * 3,
    "middle": "depth point depth point",
    "decoder": ("depth point",) * 3,
    "head_kernel": 3,
}
# Feature-Align once a level, and nothing but the ends at full size.
_HALF = {
    **_GATED,
    "widths": (32, 64, 96),
    "stem_stride": 2,
    "encoder": ("depth point",) * 2,
    "middle": "depth light align",
    "decoder": ("depth point align",) * 2,
    "fa_hidden": 8,
}
# One level more, for what is wide and faint: soft and dark scenes at high
# gain. What was the coarsest level is now half on the way down, half up.
_HALF_DEEP = {
    **_HALF,
    "widths": (32, 64, 96, 96),
    "encoder": (*_HALF["encoder"], "depth"),
    "decoder": (*_HALF["decoder"], "light align"),
}
# Three blocks a stage: for a computer, and to teach.
_LARGE = {
    **_HALF_DEEP,
    "encoder": (
        "depth point depth point depth point",
        "depth point depth point depth point",
        "depth depth light depth light",
    ),
    "middle": "depth light align depth light depth light",
    "decoder": (
        "depth point align depth point depth point",
        "depth point align depth point depth point",
        "light align light depth light depth",
    ),
}

# Fields that were taken out, and the value that says nothing. Older runs have
# them.
_RETIRED = {
    "unet": {
        "block_residual": True,
        "fa_kernel": 3,
        "fusion": "add",
        "output": "residual",
    },
    "gated": {"fa_kernel": 3},
}
_LAST_WITH_ALL = "b3c5caa"


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

    @property
    def clip_norm(self) -> float:
        """Norm at which training clips all gradients together; 0: never.

        What gated blocks multiply can run away in one step. Three times the
        usual norm holds it; at half size that once did not.
        """
        if self.model["name"] != "gated":
            return 0.0
        return 150.0 if self.model["stem_stride"] == 2 else 300.0


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
    # Group convolutions of 4 channels take most of R1's time: 8 a group, and no
    # wider than the features at the two finest levels.
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
    # The default of the configs but imx258.py. A point-wise head pays for the
    # Feature-Align layers.
    "fan_gate": Variant("Feature-Align, gated blocks", _GATED),
    "fan_half": Variant("Feature-Align, gated blocks at half size", _HALF),
    "fan_half_deep": Variant(
        "Feature-Align, gated blocks at half size, deep", _HALF_DEEP
    ),
    "fan_large": Variant("Feature-Align, three blocks a stage", _LARGE),
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
    # The sizes of its release, 1.4 times the budget: to time beside ours.
    "pmrid_public": Variant(
        "PMRID, public sizes",
        {
            "name": "pmrid",
            "transform": "anscombe",
            "stem_width": 16,
            "widths": (64, 128, 256, 512),
            "blocks": (2, 2, 4, 4),
            "decoder_widths": (64, 32, 32, 16),
            "kernel_size": 5,
            "stem_input": "stabilised",
        },
    ),
    "nafnet": Variant("NAFNet-style", _PLAIN_GATES),
}

# Of the family, and others at its cost.
STUDENTS = (
    "plain",
    "wavelet",
    "fan",
    "fan_no_skips",
    "fan_fast",
    "fan_deep",
    "fan_gate",
    "fan_half",
    "fan_half_deep",
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
    model = current(model)
    for variant in VARIANTS.values():
        if {k: _plain(v) for k, v in variant.model.items()} == model:
            return variant.title
    return None


def current(model: dict) -> dict:
    """Returns the `model` section of an older run in today's fields.

    Args:
        model: as the run's `config.json` holds it.

    Raises:
        InputError: its network was taken out since.
    """
    model = {key: _plain(value) for key, value in model.items()}
    network = model.get("name")
    for field, neutral in _RETIRED.get(network, {}).items():
        value = model.pop(field, neutral)
        if value != neutral:
            raise InputError(
                f"`model.{field}` must be {neutral!r}; commit {_LAST_WITH_ALL} "
                "is the last one that builds other networks. "
                f"Received: {value!r}"
            )
    if network == "gated":
        model = _in_steps(model)
    defaults = {"unet": _UNET, "gated": _GATED}.get(network, {})
    return {k: _plain(v) for k, v in {**defaults, **model}.items()}


def _in_steps(model):
    """Rewrites a gated network whose blocks are counted as one of steps."""
    if "blocks" not in model:
        return model
    model = dict(model)
    block = "depth point"
    if model.pop("feature_align"):
        block += " align"
    blocks, width = model.pop("blocks"), model.pop("base_width")
    stages = [" ".join([block] * count) for count in blocks]
    model["widths"] = [width * 2**level for level in range(len(blocks) + 1)]
    model["encoder"] = model["decoder"] = stages
    model["middle"] = " ".join([block] * model.pop("mid_blocks"))
    return model


def _plain(value):
    """A list, as JSON gives it, for a tuple."""
    return list(value) if isinstance(value, tuple | list) else value
