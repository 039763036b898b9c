"""PSNR per gain on photographs that are not trained on, while training."""

import numpy as np

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import evaluation_sets
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import ksigma
from fanet_tf.training import members


class Validation:
    """Captures of a subrange's gains, and the member that denoises them.

    Args:
        config: of the run.
        profile: the sensor's noise.
        a_range: subrange of the member under training; gains outside are left
            out, and where none lies inside, its middle is taken.
    """

    def __init__(self, config, profile, a_range):
        low, high = (float(profile.gain(a)) for a in a_range)
        inside = 1.0 + 1e-6
        gains = [
            gain
            for gain in config.validation.gains
            if low / inside <= gain <= high * inside
        ]
        self.gains = gains or [float(np.sqrt(low * high))]
        half = config.validation.size // 2
        self._member = members.build(config.model, half, half)
        self.scenes = evaluation_sets.clean_scenes(
            config.validation.source,
            camera_lib.get(config.data.camera),
            config.validation.limit,
            config.validation.size,
        )
        signed = config.validation.get("below_black") == "signed"
        pedestal = captures.PEDESTAL if signed else 0.0
        self._captures = {
            gain: [
                captures.draw(s, gain, profile, pedestal=pedestal)
                for s in self.scenes
            ]
            for gain in self.gains
        }

    def noisy_psnr(self) -> dict[float, float]:
        """Returns the mean PSNR of the noisy captures, by gain."""
        return {
            gain: float(np.mean([psnr(c.noisy, c.clean) for c in group]))
            for gain, group in self._captures.items()
        }

    def denoise(self, weights, gain) -> list[np.ndarray]:
        """Returns the denoised captures of one gain, each `[h, w, 4]`."""
        self._member.set_weights(weights)
        group = self._captures[gain]
        scale, offset = ksigma.scale_offset(group[0].noise)
        return [
            np.clip(
                self._member.predict_on_batch(
                    {
                        "noisy": capture.noisy[None],
                        "scale": scale.astype(np.float32),
                        "offset": offset.astype(np.float32),
                    }
                )[0],
                0.0,
                1.0,
            )
            for capture in group
        ]

    def psnr(self, weights) -> dict[float, float]:
        """Returns the mean PSNR of the denoised captures, by gain."""
        return {
            gain: float(
                np.mean(
                    [
                        psnr(denoised, capture.clean)
                        for denoised, capture in zip(
                            self.denoise(weights, gain),
                            self._captures[gain],
                            strict=True,
                        )
                    ]
                )
            )
            for gain in self.gains
        }

    def pictures(self, weights, gain) -> np.ndarray:
        """Returns noisy, denoised, clean side by side, `[n, H, 3W, 3]` sRGB."""
        rows = []
        for capture, denoised in zip(
            self._captures[gain], self.denoise(weights, gain), strict=True
        ):
            frames = (capture.noisy, denoised, capture.clean)
            rows.append(
                np.concatenate([capture.colour.render(f) for f in frames], 1)
            )
        return np.stack(rows[:3])
