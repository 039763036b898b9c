"""The phases of a run: patches may grow while it goes on."""

import dataclasses

from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Phase:
    """Steps `first` to `last - 1` have this size.

    Attributes:
        first: step.
        last: one past the last step.
        patch_size: of a crop, in sensor pixels.
        batch_size: crops per batch.
    """

    first: int
    last: int
    patch_size: int
    batch_size: int


def phases(config) -> list[Phase]:
    """Returns the phases of a config, one after another.

    `train.patch_schedule` lists what comes before the config's own sizes:
    `(share, patch_size, batch_size)` each, `share` of all the steps at which
    it ends. Small patches in large batches are the cheap way to begin.
    """
    steps, first, result = config.train.steps, 0, []
    for entry in config.train.patch_schedule:
        share, patch_size, batch_size = entry
        last = round(share * steps)
        if not first < last < steps or patch_size % 2 or batch_size < 1:
            raise InputError(
                "`train.patch_schedule` must list (share, patch_size, "
                "batch_size) with rising shares between 0 and 1 and even "
                f"patches. Received: {tuple(entry)}"
            )
        result.append(Phase(first, last, int(patch_size), int(batch_size)))
        first = last
    data = config.data
    return [*result, Phase(first, steps, data.patch_size, data.batch_size)]
