"""A phone's cores, their clusters, and masks that bind a process to them."""

import dataclasses

from android_bench.errors import BenchError

# Words for cores: all but those of the weakest cluster, all, one cluster each.
FAST, ALL = "fast", "all"
CLUSTERS = ("big", "mid", "little")
WORDS = (FAST, ALL, *CLUSTERS)


@dataclasses.dataclass(frozen=True)
class Core:
    """One core; `max_khz` and `capacity` are 0 where unknown."""

    index: int
    max_khz: int
    capacity: int
    governor: str

    @property
    def strength(self) -> tuple[int, int]:
        """Orders cores; equal within a cluster."""
        return (self.capacity, self.max_khz)


def parse(text: str) -> tuple[Core, ...]:
    """Reads the lines `core INDEX KHZ CAPACITY GOVERNOR`."""
    cores = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 5 and words[0] == "core" and words[1].isdigit():
            khz, capacity = (int(w) if w.isdigit() else 0 for w in words[2:4])
            cores.append(Core(int(words[1]), khz, capacity, words[4]))
    return tuple(sorted(cores, key=lambda core: core.index))


def clusters(cores: tuple[Core, ...]) -> dict[str, list[Core]]:
    """Returns the clusters by name; none where all cores are alike.

    `big` is the strongest and `little` the weakest; whatever lies between is
    `mid`.
    """
    levels = sorted({core.strength for core in cores}, reverse=True)
    if len(levels) < 2:
        return {}
    named = {"big": [], "mid": [], "little": []}
    for core in cores:
        place = levels.index(core.strength)
        last = len(levels) - 1
        named[
            "big" if place == 0 else "little" if place == last else "mid"
        ].append(core)
    return {name: found for name, found in named.items() if found}


def most_threads(cores: tuple[Core, ...], word: str) -> int | None:
    """Returns how many threads `word` has room for; None: any number.

    Raises:
        BenchError: the phone has no such cluster.
    """
    if word not in CLUSTERS:
        return None
    found = clusters(cores)
    if word not in found:
        raise BenchError(
            "`--affinity` must name clusters that the phone has. Received: "
            f"{word}, with {', '.join(found) or 'cores that are all alike'}"
        )
    return len(found[word])


def mask(cores: tuple[Core, ...], word: str, threads: int) -> str | None:
    """Returns a mask for `taskset`, in hexadecimal without 0x.

    Args:
        cores: of the phone.
        word: one of `WORDS`, or a mask.
        threads: how many threads need a core each.

    Returns:
        None where nothing is to be bound: for `all`, and for `fast` where the
        cores are alike or too few are fast. The scheduler then chooses.
    """
    if word == ALL:
        return None
    found = clusters(cores)
    if word == FAST:
        fast = [c for name in ("big", "mid") for c in found.get(name, [])]
        return _mask(fast) if fast and len(fast) >= threads else None
    return _mask(found[word]) if word in CLUSTERS else word


def _mask(chosen: list[Core]) -> str:
    return f"{sum(1 << core.index for core in chosen):x}"


def bound(mask_text: str | None) -> list[int] | None:
    """Returns the indices in a mask; None where nothing is bound."""
    if mask_text is None:
        return None
    bits = int(mask_text, 16)
    return [index for index in range(bits.bit_length()) if bits >> index & 1]


def described(indices: list[int] | None) -> str:
    """Returns `4-7` for four cores in a row, `0,4-7` for more, or `all`."""
    if indices is None:
        return "all"
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(
        str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs
    )
