"""RAW denoising on phones: Feature-Align Networks from noise to device."""

__version__ = "0.1.0"
