"""The fields of a run; files in `configs/` change a few of them.

    fanet-train --config=configs/fan.py --workdir=runs/fan \
        --config.train.steps=30000
"""

from ml_collections import ConfigDict


def default_config() -> ConfigDict:
    """Returns every field with its default; locked, so a typo is refused."""
    config = ConfigDict()
    config.seed = 0

    # The network: a name of `models.names()`, and its builder's arguments.
    # The defaults are the layout R1 of docs/network.md.
    config.model = ConfigDict()
    config.model.name = "unet"
    config.model.transform = "anscombe"  # Or "ksigma".
    config.model.widths = (16, 32, 64, 64)  # Finest level first.
    config.model.blocks = 1  # ARNet blocks per stage.
    config.model.mid_blocks = 2  # At the coarsest level.
    config.model.expansion = 2  # Hidden channels per input channel.
    config.model.group_width = 4  # Channels per group.
    config.model.kernel_size = 3  # Of the group convolutions.
    config.model.block_residual = True  # Where the widths agree.
    config.model.feature_align = True
    config.model.fa_hidden = 8  # Channels of the Feature-Align trunk.
    config.model.fa_kernel = 3
    config.model.skip_ratio = 2  # 0 leaves the skips out.
    config.model.fusion = "add"  # Or "concat".
    config.model.downsampling = "max"  # Or "haar".
    config.model.upsampling = "bilinear"  # "depth_to_space", "haar".
    config.model.stem_input = "detail"  # Or "stabilised".

    config.data = ConfigDict()
    config.data.sources = ("bundled", "dead_leaves:32")  # Or folders.
    config.data.weights = (1.0, 1.0)  # Share of the crops of each source.
    config.data.smooth_share = 0.5  # Crops from enlarged, defocused images.
    config.data.camera = "imx258"  # White balance and colour matrices.
    config.data.profile = "imx258"  # Noise: a shipped name or a .json file.
    config.data.b_law = "auto"  # "gain", "line" (the paper), "line_scatter".
    config.data.batch_size = 16
    config.data.patch_size = 128  # Sensor pixels: 64 x 64 packed.

    config.nsma = ConfigDict()
    config.nsma.members = 1  # 4 is the paper's array.
    config.nsma.overlap = 0.0  # Of a subrange in log a, added at each end.
    config.nsma.only = -1  # Train this member alone; -1 trains all.

    # Weight of each loss; 0 leaves it out. Domain: "stabilised" counts errors
    # in deviations of the noise, "raw" in units of the white level.
    config.loss = ConfigDict()
    config.loss.domain = "stabilised"
    config.loss.charbonnier = 393.5  # Young et al., section 3.4.

    config.train = ConfigDict()
    config.train.steps = 2_500_000  # Of each member; the paper's.
    config.train.learning_rate = 1e-4  # Peak; cosine decay to 0.
    config.train.warmup_steps = 0
    config.train.ema = 0.999  # Of the weights; what is validated and saved.
    config.train.init_from = ""  # A .keras file or a run's folder.
    config.train.checkpoint_every = 1000  # Steps.
    config.train.keep_checkpoints = 2
    config.train.log_every = 100
    config.train.deterministic = True  # A resumed run is the same run.

    config.validation = ConfigDict()
    config.validation.source = "held_back"  # Or a folder of photographs.
    config.validation.every = 5000  # Steps.
    config.validation.gains = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    config.validation.limit = 0  # Of the photographs; 0 takes all.
    config.validation.size = 288  # Sensor pixels of each centre crop.
    return config.lock()
