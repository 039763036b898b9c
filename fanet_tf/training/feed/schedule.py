"""The phases of a run: its patches may grow."""

import dataclasses

from ml_collections import ConfigDict

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


def phases(train: ConfigDict, data: ConfigDict) -> list[Phase]:
    """Returns the phases of a run, one after another.

    Args:
        train: the config's `train` section. `patch_schedule` lists the phases
            before the last, `(share, patch_size, batch_size)` each; `share` of
            all steps is where it ends. Small patches in large batches are the
            cheap way to begin.
        data: the config's `data` section, with the sizes of the last phase.

    Raises:
        InputError: the phases do not follow one another.
    """
    steps, first, result = train.steps, 0, []
    for entry in train.patch_schedule:
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
    return [*result, Phase(first, steps, data.patch_size, data.batch_size)]
