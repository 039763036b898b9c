"""Flags that say which data denoisers are compared on, and with which noise.

`fanet-evaluate` and `fanet-compare` have them in common.
"""

import math
from collections.abc import Mapping
from collections.abc import Sequence

from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.cli import max_pixels_flag
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import evaluation_sets
from fanet_tf.data import scene_kinds
from fanet_tf.data.evaluation_sets import EvaluationSet
from fanet_tf.errors import InputError
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import names

flags.adopt_module_key_flags(max_pixels_flag)

# Data: exactly one of these.
_PHOTOS = flags.DEFINE_string(
    "photos", None, "Folder of photographs, or held_back."
)
_RAWS = flags.DEFINE_string("raws", None, "Folder of RAW files of low noise.")
_SID = flags.DEFINE_string("sid", None, "Folder of See-in-the-Dark.")
_SIDD = flags.DEFINE_string("sidd", None, "Folder of SIDD (RAW).")
_PAIRS = flags.DEFINE_string("pairs", None, "Folder made by fanet-pairs.")

_GAINS = flags.DEFINE_list(
    "gains", ["1", "2", "4", "8", "16", "32", "64"], "Gains of synthetic noise."
)
_PROFILE = flags.DEFINE_string(
    "profile",
    None,
    "Noise: a shipped profile or a .json file; default: that of the bundle or "
    "run.",
)
_CAMERA = flags.DEFINE_string(
    "camera",
    "imx258",
    "Colour of unprocessed photographs: " + ", ".join(camera_lib.CAMERAS),
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the noise.")
_LIMIT = flags.DEFINE_integer(
    "limit", None, "Takes only the first N of the set.", lower_bound=1
)

_CROP = flags.DEFINE_integer(
    "crop",
    None,
    "Side of a centre crop of each photograph; default: the whole.",
    lower_bound=32,
)

_SCENES = flags.DEFINE_enum(
    "scenes",
    "photographs",
    list(scene_kinds.KINDS),
    "What becomes of --photos: photographs as they are, native (as soft as a "
    "sensor's own frames), dark (two stops under) or night (soft, four stops "
    "under).",
)


def parse_gains(texts: Sequence[str], profile: GainLaw) -> tuple[float, ...]:
    """Parses the gains of a run; each must lie in the profile's range."""
    low, high = profile.gain_range
    gains, outside = [], []
    for one in texts:
        try:
            gain = float(one)
        except ValueError:
            gain = math.nan
        gains.append(gain)
        if not low <= gain <= high:
            outside.append(repr(one))
    if outside:
        raise InputError(
            f"A gain must be a number of {low:g} to {high:g}, the range of "
            f"the profile {profile.sensor} ({profile.status}). "
            f"Received: {', '.join(outside)}"
        )
    if not gains:
        raise InputError("There must be at least one gain.")
    return tuple(dict.fromkeys(gains))


def check(*more: flags.FlagHolder) -> None:
    """Refuses no data set, two, and `--scenes` with one that has its own.

    Args:
        *more: further flags that name a data set.
    """
    sets = (_PHOTOS, _RAWS, _SID, _SIDD, _PAIRS, *more)
    known = [f"--{flag.name}" for flag in sets]
    given = [f"--{flag.name}" for flag in sets if flag.value is not None]
    if len(given) != 1:
        raise InputError(
            "Exactly one data set must be given: "
            f"{', '.join(known[:-1])} or {known[-1]}. "
            f"Received: {' '.join(given) or 'none'}"
        )
    if _SCENES.value != "photographs" and _PHOTOS.value is None:
        raise InputError(
            "--scenes must be used with --photos: other sets hold a sensor's "
            f"own frames. Received: --scenes={_SCENES.value} {given[0]}"
        )


def noise_law(methods: Mapping[str, Method]) -> GainLaw:
    """Returns the law of --profile, else the one the methods were made for."""
    if _PROFILE.value is not None:
        return profile_lib.load(_PROFILE.value)
    laws = []
    for method in methods.values():
        law = method.law
        if law and not any(law.equals(known) for known in laws):
            laws.append(law)
    if len(laws) > 1:
        raise InputError(
            "--profile must say which noise is drawn, since the methods were "
            "made for different ones. Received: "
            + ", ".join(f"{law.sensor} ({law.status})" for law in laws)
        )
    return laws[0] if laws else profile_lib.load("imx258")


def is_synthetic() -> bool:
    """Whether the noise is drawn, by the profile that `data` is given."""
    return _SIDD.value is None and _PAIRS.value is None


def data(profile: GainLaw) -> EvaluationSet:
    """Returns the data set that the flags name.

    Args:
        profile: the law of the noise that is drawn.
    """
    if _SIDD.value is not None:
        return evaluation_sets.smartphone(_SIDD.value, _LIMIT.value)
    if _PAIRS.value is not None:
        return evaluation_sets.pairs(_PAIRS.value, _LIMIT.value)
    gains = parse_gains(_GAINS.value, profile)
    rest = (gains, profile, SEED.value, _LIMIT.value)
    if _RAWS.value is not None:
        return evaluation_sets.raws(_RAWS.value, *rest)
    if _SID.value is not None:
        return evaluation_sets.see_in_the_dark(_SID.value, *rest)
    camera = camera_lib.get(_CAMERA.value)
    kind = scene_kinds.get(_SCENES.value)
    return evaluation_sets.photos(
        _PHOTOS.value, camera, *rest, _CROP.value, kind
    )


def about(
    data: EvaluationSet, methods: Mapping[str, Method], profile: GainLaw
) -> dict:
    """Returns the facts and notes of a run, for `evaluate.evaluate`."""
    notes = []
    if is_synthetic():
        notes += methods_lib.made_for_other_noise(methods, profile)
    facts = {**data.facts, "Machine": methods_lib.machine()}
    return {"facts": facts, "notes": notes}


def damage_notes(data: EvaluationSet) -> list[str]:
    """Returns a sentence on the files that were skipped, if there are any."""
    skipped = data.damage.skipped
    if not skipped:
        return []
    listed = names.printable(", ".join(skipped))
    return [f"{len(skipped)} damaged files were skipped: {listed}"]
