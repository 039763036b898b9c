"""How long the members of a bundle take on this machine, at a glance.

`fanet-bench --host` gives figures to compare: it interleaves and repeats.
"""

import statistics
import time

import numpy as np

from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.pages import tables

_PIXELS_PER_MP = 250_000  # Packed pixels of one RAW megapixel.


def time_members(array: Bundle) -> list[dict]:
    """Times every member in every recipe, at 2 threads.

    Returns:
        A row for each member and recipe: the file's size, and milliseconds per
        network megapixel and per useful one, which leaves the tile's halo out.
    """
    rows = []
    for member in array.members:
        tile = member.tile
        network_mp = tile.height * tile.width / _PIXELS_PER_MP
        useful = (tile.height - 2 * tile.halo) * (tile.width - 2 * tile.halo)
        noisy = np.full((tile.height, tile.width, 4), 0.2, np.float32)
        for recipe in array.recipes:
            runner = MemberRunner(member, recipe, 2, None)
            times = []
            for _ in range(6):
                start = time.perf_counter()
                runner.run(noisy, 1.0 / member.a_range[0], 1.0)
                times.append(time.perf_counter() - start)
            ms = 1e3 * statistics.median(times[1:])  # The first warms up.
            rows.append(
                {
                    "member": member.index,
                    "recipe": recipe,
                    "bytes": member.path(recipe).stat().st_size,
                    "ms_per_network_mp": ms / network_mp,
                    "ms_per_useful_mp": ms * _PIXELS_PER_MP / useful,
                }
            )
    return rows


_COLUMNS = ("member", "recipe", "kB", "ms/network MP", "ms/useful MP")


def _cells(timings) -> list[tuple[str, ...]]:
    return [
        (
            str(row["member"]),
            row["recipe"],
            f"{row['bytes'] / 1e3:.0f}",
            f"{row['ms_per_network_mp']:.0f}",
            f"{row['ms_per_useful_mp']:.0f}",
        )
        for row in timings
    ]


def text(timings: list[dict]) -> str:
    """Returns the rows as a table for the terminal."""
    return "\n".join(
        f"{c[0]:>6}  {c[1]:<18} {c[2]:>6} {c[3]:>14} {c[4]:>13}"
        for c in (_COLUMNS, *_cells(timings))
    )


def html(timings: list[dict]) -> str:
    """Returns the rows as HTML."""
    return (
        "<p>LiteRT with XNNPACK, 2 threads, median of 5. A useful megapixel "
        "leaves the tile's halo out.</p>"
        + tables.table(_COLUMNS, _cells(timings))
    )
