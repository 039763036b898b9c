"""Packaging of fanet_tf, export and android_bench."""

import pathlib

from setuptools import find_packages
from setuptools import setup

README = pathlib.Path(__file__).with_name("README.md")

# What denoising a frame and benchmarking a bundle need; no TensorFlow.
RUNTIME = [
    "absl-py>=2.3,<3",
    "ai-edge-litert>=2.3,<3",
    "jsonschema>=4.23,<5",
    "numpy>=2.1,<3",
    "opencv-python-headless>=5,<6",
    "rawpy>=0.25,<0.29",
    "tqdm>=4.66,<5",
]
# The fits of `fanet-calibrate`.
CALIBRATE = [
    "scipy>=1.13,<2",
]
# `fanet-evaluate` on bundles and classical methods, and `fanet-pairs`.
EVALUATE = [
    "h5py>=3.11,<4",
    "scikit-image>=0.25,<0.27",
    "scipy>=1.15,<2",
]
# Training, evaluation and export. The CPU wheel of TensorFlow is enough: a GPU
# is used through Keras's JAX backend (see docs/decisions.md).
TRAIN = [
    *CALIBRATE,
    *EVALUATE,
    "ai-edge-quantizer>=0.10,<0.11",
    "keras>=3.15,<3.16",
    "ml_collections>=1.1,<2",
    "scikit-learn>=1.5,<2",
    "tensorboard>=2.19,<3",
    "tensorflow-cpu>=2.21,<2.22;"
    " sys_platform == 'linux' and platform_machine == 'x86_64'",
    "tensorflow>=2.21,<2.22;"
    " sys_platform != 'linux' or platform_machine != 'x86_64'",
]
TEST = [
    "PyWavelets>=1.8,<2",
    "colour-demosaicing>=0.2.6,<0.3",
    "hypothesis>=6.100,<7",
    "jax>=0.6",  # The second Keras backend is tested, not only promised.
    "pre-commit>=4,<5",
    "pytest>=8,<10",
    "pytest-xdist>=3.6,<4",
    "ruff==0.17.5",
    "tifffile>=2025.1",
]

setup(
    name="fanet-tf",
    version="0.1.0",
    description=(
        "RAW denoising on phones, from the sensor's noise to milliseconds on"
        " the device: Feature-Align Networks in TensorFlow and LiteRT."
    ),
    long_description=README.read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",  # TensorFlow 2.21 has no wheels for 3.14.
    # Named one by one: `tests` and `configs` stay out of the wheel.
    packages=find_packages(
        include=[
            "fanet_tf",
            "fanet_tf.*",
            "export",
            "export.*",
            "android_bench",
            "android_bench.*",
        ]
    ),
    package_data={
        "fanet_tf.calibration": ["profiles/*.json"],
        "fanet_tf.evaluation": ["*.js", "*.html"],
        "fanet_tf.pages": ["*.css"],
        "fanet_tf.zoo": ["**/*"],
        "fanet_tf.denoising": ["*.json"],
        "export.contract": ["templates/*"],
    },
    install_requires=RUNTIME,
    extras_require={
        "bench": [],  # The base install is enough; the name is a promise.
        # BM3D's licence is for non-commercial use: never a dependency.
        "bm3d": ["bm3d>=4.0.3,<5"],
        "calibrate": CALIBRATE,
        "evaluate": EVALUATE,
        # The official LPIPS brings PyTorch along.
        "lpips": ["lpips>=0.1.4,<0.2", "torch>=2.2"],
        "train": TRAIN,
        "test": TRAIN + TEST,
    },
    entry_points={
        "console_scripts": [
            "fanet-bench = android_bench.cli.bench:cli",
            "fanet-calibrate = fanet_tf.cli.calibrate:cli",
            "fanet-card = export.card.cli:cli",
            "fanet-compare = fanet_tf.cli.compare:cli",
            "fanet-cost = fanet_tf.cli.cost:cli",
            "fanet-denoise = fanet_tf.cli.denoise:cli",
            "fanet-evaluate = fanet_tf.cli.evaluate:cli",
            "fanet-export = export.cli:cli",
            "fanet-pairs = fanet_tf.cli.pairs:cli",
            "fanet-quickstart = export.quickstart.cli:cli",
            "fanet-train = fanet_tf.cli.train:cli",
        ]
    },
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Processing",
    ],
)
