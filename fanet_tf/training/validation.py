"""PSNR per gain on photographs that are not trained on, while training."""

import numpy as np

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import evaluation_sets
from fanet_tf.data import scene_kinds
from fanet_tf.errors import InputError
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import ksigma
from fanet_tf.training import members


class Validation:
    """Captures of a subrange's gains, and the member that denoises them.

    Where `validation.scenes` names several kinds (`data/scene_kinds.py`), each
    is judged apart; `kinds` are their names, and `scenes` those of the first.

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
        # A run may be older than the field.
        names = config.validation.get("scenes", ("photographs",))
        if not names:
            raise InputError(
                "`validation.scenes` must name a kind of scenes. Received: none"
            )
        self.kinds = tuple(scene_kinds.get(name).name for name in names)
        scenes = {
            kind: evaluation_sets.clean_scenes(
                config.validation.source,
                camera_lib.get(config.data.camera),
                config.validation.limit,
                config.validation.size,
                scene_kinds.get(kind),
            )
            for kind in self.kinds
        }
        self.scenes = scenes[self.kinds[0]]
        signed = config.validation.get("below_black") == "signed"
        pedestal = captures.PEDESTAL if signed else 0.0
        self._captures = {
            (kind, gain): [
                captures.draw(s, gain, profile, pedestal=pedestal)
                for s in scenes[kind]
            ]
            for kind in self.kinds
            for gain in self.gains
        }

    def noisy_psnr(self, kind: str | None = None) -> dict[float, float]:
        """Returns the mean PSNR of the noisy captures, by gain."""
        return {
            gain: float(
                np.mean([psnr(c.noisy, c.clean) for c in self._of(gain, kind)])
            )
            for gain in self.gains
        }

    def _of(self, gain, kind=None):
        """Returns the captures of a gain; of the first kind by default."""
        return self._captures[kind or self.kinds[0], gain]

    def denoise(self, weights, gain, kind=None) -> list[np.ndarray]:
        """Returns the denoised captures of one gain, each `[h, w, 4]`."""
        self._member.set_weights(weights)
        group = self._of(gain, kind)
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

    def psnr(self, weights, kind: str | None = None) -> dict[float, float]:
        """Returns the mean PSNR of the denoised captures, by gain.

        Args:
            weights: of the member.
            kind: of scenes, one of `kinds`; None takes the first.
        """
        return {
            gain: float(
                np.mean(
                    [
                        psnr(denoised, capture.clean)
                        for denoised, capture in zip(
                            self.denoise(weights, gain, kind),
                            self._of(gain, kind),
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
            self._of(gain), self.denoise(weights, gain), strict=True
        ):
            frames = (capture.noisy, denoised, capture.clean)
            rows.append(
                np.concatenate([capture.colour.render(f) for f in frames], 1)
            )
        return np.stack(rows[:3])

    def record(self, weights) -> dict:
        """Returns what weights reach, as JSON keeps it.

        `psnr`: gain -> dB of the first kind; with more kinds also `psnr_of`:
        kind -> gain -> dB.
        """
        record = {"psnr": _by_name(self.psnr(weights))}
        if len(self.kinds) > 1:
            record["psnr_of"] = {
                kind: _by_name(self.psnr(weights, kind))
                for kind in self.kinds[1:]
            }
        return record

    def noisy_record(self) -> dict:
        """Returns gain -> dB of the noisy captures, as JSON keeps it."""
        return _by_name(self.noisy_psnr())


def _by_name(scores: dict[float, float]) -> dict[str, float]:
    return {f"{gain:g}": score for gain, score in scores.items()}
