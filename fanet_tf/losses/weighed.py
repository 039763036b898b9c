"""The losses of a config, by name."""

from fanet_tf.errors import InputError
from fanet_tf.losses import flip_mean
from fanet_tf.losses.charbonnier import charbonnier
from fanet_tf.losses.distillation import distillation
from fanet_tf.losses.domain import DOMAINS
from fanet_tf.losses.domain import error
from fanet_tf.losses.domain import variance
from fanet_tf.losses.feature import feature_loss
from fanet_tf.losses.psnr import psnr
from fanet_tf.losses.rgb_perceptual import rgb_perceptual

# Fields of the config's `loss` section that are weights.
NAMES = ("charbonnier", "psnr", "rgb_perceptual", "distillation", "feature")
# Those that need a teacher.
TAUGHT = ("distillation", "feature")


def weight(loss_config, name: str) -> float:
    """Returns the weight of a loss; 0 for one that is younger than the run."""
    return loss_config.get(name, 0.0)


def psnr_domain(loss_config) -> str:
    """Returns the domain of the PSNR loss; a run can be older than it."""
    return loss_config.get("psnr_domain", loss_config.domain)


def teacher_flips(loss_config) -> int:
    """Returns over how many flips a teacher's output is the mean."""
    return loss_config.get("teacher_flips", 1)


def check(loss_config) -> None:
    """Refuses a `loss` section that nothing can be trained with."""
    for field, domain in (
        ("domain", loss_config.domain),
        ("psnr_domain", psnr_domain(loss_config)),
    ):
        if domain not in DOMAINS:
            raise InputError(
                f"`loss.{field}` must be one of {', '.join(DOMAINS)}. "
                f"Received: {domain!r}"
            )
    if teacher_flips(loss_config) not in flip_mean.COUNTS:
        raise InputError(
            "`loss.teacher_flips` must be one of "
            f"{', '.join(map(str, flip_mean.COUNTS))}. "
            f"Received: {teacher_flips(loss_config)}"
        )
    weights = {name: weight(loss_config, name) for name in NAMES}
    if min(weights.values()) < 0 or max(weights.values()) <= 0:
        raise InputError(
            "The weights of the losses must not be negative, and one must be "
            f"above 0. Received: {weights}"
        )
    if any(weights[name] for name in TAUGHT) and not loss_config.teacher:
        raise InputError(
            "`loss.teacher` must be the folder of a finished run where "
            "`loss.distillation` or `loss.feature` have a weight. "
            f"Received: {loss_config.teacher!r}"
        )


def terms(loss_config, x, clean, denoised, teacher, features, vgg):
    """Returns each loss that has a weight, already weighed: name -> scalar.

    Args:
        loss_config: see `config.default_config`.
        x: a batch's inputs; `rgb_perceptual.COLOUR` among them if it is asked
            for.
        clean: `[B, h, w, 4]`.
        denoised: `[B, h, w, 4]`, what the student gives.
        teacher: member graph, or None.
        features: `feature.TeacherFeatures`, or None.
        vgg: `vgg.features`, or None.
    """
    scale, offset = x["scale"], x["offset"]

    def difference(target, domain=loss_config.domain):
        return error(denoised, clean, scale, offset, domain, target)

    of_psnr = psnr_domain(loss_config)
    losses = {
        "charbonnier": lambda: charbonnier(difference(clean)),
        "psnr": lambda: psnr(
            difference(clean, of_psnr),
            variance(clean, scale, offset, of_psnr),
        ),
        "rgb_perceptual": lambda: rgb_perceptual(vgg, denoised, clean, x),
        "distillation": lambda: distillation(
            difference(
                flip_mean.flip_mean(
                    teacher, member_inputs(x), teacher_flips(loss_config)
                )
            )
        ),
        "feature": lambda: feature_loss(
            features, denoised, clean, scale, offset
        ),
    }
    return {
        name: weight(loss_config, name) * loss()
        for name, loss in losses.items()
        if weight(loss_config, name)
    }


def member_inputs(x):
    """Returns of a batch's inputs those of a member graph."""
    return {name: x[name] for name in ("noisy", "scale", "offset")}
