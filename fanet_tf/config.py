"""The fields of a run; files in `configs/` change a few of them.

    fanet-train --config=configs/fan.py --workdir=runs/fan \
        --config.train.steps=30000
"""

from ml_collections import ConfigDict

from fanet_tf import variants


def default_config(variant="fan_gate") -> ConfigDict:
    """Returns every field with its default; locked, so a typo is refused.

    Args:
        variant: the network, a name of `variants.VARIANTS`.
    """
    config = ConfigDict()
    config.seed = 0

    # The network: its name, the transform, and its builder's arguments.
    config.model = ConfigDict(variants.get(variant).model)

    config.data = ConfigDict()
    config.data.sources = ("bundled", "dead_leaves:32")  # Or folders.
    config.data.weights = (1.0, 1.0)  # Share of the crops of each source.
    config.data.smooth_share = 0.5  # Crops from enlarged, defocused images.
    # Of photographs, drawn for each crop (training/feed/optics.py): shares that
    # are blurred, by deviations in pixels, and underexposed, by stops.
    config.data.blur_share = 0.0
    config.data.blur = (0.5, 2.5)
    config.data.dark_share = 0.0
    config.data.dark_stops = (1.0, 5.0)
    # White balance and colour matrices: "imx258", "imx258_tuned", "dnd".
    config.data.camera = "imx258"
    config.data.profile = "imx258"  # Noise: a shipped name or a .json file.
    # How b follows a: "gain", "line" (the paper), "line_scatter".
    config.data.read_noise_law = "auto"
    # What the sensor does beyond (a, b): "none" (the paper), "phone"
    # (raw/sensor_presets.py), "profile" (what was measured with the profile);
    # its terms that are left out (sensor.TERMS), and the share of the crops
    # that have the others.
    config.data.realism = "none"
    config.data.realism_without = ()
    config.data.realism_share = 1.0
    config.data.batch_size = 16
    config.data.patch_size = 128  # Sensor pixels: 64 x 64 packed.
    config.data.service = ""  # tf.data service, "grpc://HOST:PORT".

    config.nsma = ConfigDict()
    config.nsma.members = 1  # 4 is the paper's array.
    config.nsma.overlap = 0.0  # Of a subrange in log a, added at each end.
    # Root mean square of a frame whose member is that of its `a`; a darker one
    # is denoised by a later member (nsma.py). 0: they are chosen by `a` alone.
    config.nsma.reference_signal = 0.0
    config.nsma.only = -1  # Train this member alone; -1 trains all.

    # Weight of each loss; 0 leaves it out. Domain: "stabilised" counts errors
    # in deviations of the noise, "raw" in units of the white level.
    config.loss = ConfigDict()
    config.loss.domain = "stabilised"
    config.loss.psnr_domain = "raw"  # As the PSNR that is reported.
    config.loss.charbonnier = 393.5  # Young et al., section 3.4.
    config.loss.psnr = 0.0  # Of each crop; 30 is like 393.5 above.
    config.loss.rgb_perceptual = 0.0  # VGG-16 behind the minimal ISP.
    config.loss.distillation = 0.0  # From the teacher's output.
    config.loss.feature = 0.0  # The teacher's activations; the paper: 78.7.
    config.loss.teacher = ""  # Folder of its finished run.
    config.loss.teacher_flips = 1  # Mean of its output over 1, 2, 4, 8 flips.
    config.loss.vgg = "imagenet"  # Fetched by Keras, or a weights file.

    config.train = ConfigDict()
    config.train.steps = 2_500_000  # Of each member; the paper's.
    config.train.learning_rate = 1e-4  # Peak; cosine decay to 0.
    config.train.warmup_steps = 0
    config.train.ema = 0.999  # Of the weights; what is validated and saved.
    # Of all gradients together; 0 leaves it out.
    config.train.clip_norm = variants.get(variant).clip_norm
    # Phases before these sizes: (share of the steps, patch size, batch size).
    config.train.patch_schedule = ()
    config.train.precision = "float32"  # Or "mixed_bfloat16".
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
    # What becomes of them (data/scene_kinds.py); pictures show the first.
    config.validation.scenes = ("photographs",)
    config.validation.below_black = "clipped"  # "signed": with a pedestal.
    config.validation.size = 288  # Sensor pixels of each centre crop.
    return config.lock()
