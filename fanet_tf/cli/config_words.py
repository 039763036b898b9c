"""What people type for a config, and what the config wants.

`--config.data.sources=photos,dead_leaves:64` works beside the quoted tuple
`"('photos','dead_leaves:64')"`; `photos@3` gives a source its share.
"""

import ast
import contextlib
import difflib
import pathlib
import re
import sys
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagHolder
from ml_collections import ConfigDict

from fanet_tf import config as config_lib
from fanet_tf import variants
from fanet_tf.errors import InputError

_OVERRIDE = re.compile(r"--?(?:no)?config\.([\w.]+)(?:=(.*))?", re.DOTALL)


def fields(config: ConfigDict) -> dict[str, object]:
    """Returns `section.field` and value of every field."""
    flat = {}
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            flat |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            flat[name] = value
    return flat


def _tuples() -> set[str]:
    """Returns the fields that hold a tuple, of any network."""
    return {
        name
        for variant in variants.VARIANTS
        for name, value in fields(config_lib.default_config(variant)).items()
        if isinstance(value, tuple)
    }


def rewritten(argv: Sequence[str]) -> list[str]:
    """Returns the words that absl parses, of those that a user types.

    Raises:
        InputError: the config file is not there; absl would say so of the first
            of its fields.
    """
    for index, word in enumerate(argv[1:], 1):
        found = re.fullmatch(r"--?config(?:=(.*))?", word, re.DOTALL)
        if found:
            named = (
                found[1]
                if found[1] is not None
                else "".join(argv[index + 1 : index + 2])
            )
            _check_file(named.partition(":")[0])
    return with_tuples(argv)


def _check_file(name: str) -> None:
    path = pathlib.Path(name)
    if path.is_file():
        return
    others = {p.name: str(p) for p in sorted(path.parent.glob("*.py"))}
    near = difflib.get_close_matches(path.name, others, 3, 0.7)
    listed = ", ".join(others[other] for other in near)
    listed = f" (near it: {listed})" * bool(near)
    raise InputError(
        f"--config must name a config file. Received: {name!r}{listed}"
    )


def with_tuples(argv: Sequence[str]) -> list[str]:
    """Rewrites plain lists with commas as the tuples that absl expects."""
    tuples, words = _tuples(), []
    for word in argv:
        found = _OVERRIDE.fullmatch(word)
        if found and found[1] in tuples and "," in (found[2] or ""):
            word = f"--config.{found[1]}={_tuple(found[2])}"
        words.append(word)
    return words


def _tuple(text: str) -> str:
    try:
        ast.literal_eval(text)
        return text
    except (SyntaxError, ValueError):
        if text.lstrip()[:1] in "('\"[":
            return text  # A quoted tuple with a mistake: absl says which.
    return repr(tuple(part.strip() for part in text.split(",") if part.strip()))


def explain(argv: Sequence[str], flag: FlagHolder) -> str:
    """Names every field that the config lacks, and what is near it.

    Args:
        argv: that absl could not parse.
        flag: of the config.
    """
    plain = [word for word in argv if "config." not in word.partition("=")[0]]
    before = sys.argv
    try:
        # Where ml_collections looks for overrides.
        sys.argv = plain
        flags.FLAGS.unparse_flags()
        with contextlib.suppress(flags.Error):  # That another one is missing.
            flags.FLAGS(plain)
        clauses = unknown(argv, flag.value)
    except Exception:  # Absl's own words serve then.
        return ""
    finally:
        sys.argv = before
    return clauses and "there is no " + ", no ".join(clauses)


def unknown(argv: Sequence[str], config: ConfigDict) -> list[str]:
    """Returns a clause for every override of a field that is not there."""
    known = [*fields(config), *config]
    clauses = []
    for word in argv:
        found = _OVERRIDE.fullmatch(word)
        if found and found[1] not in known:
            clauses.append(f"config.{found[1]}{_near(found[1], known)}")
    return clauses


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 3, 0.7)
    leaf = name.rpartition(".")[2]
    near += [k for k in known if k.rpartition(".")[2] == leaf]
    names = dict.fromkeys(near)
    return f" (near it: {', '.join(f'config.{k}' for k in names)})" * bool(
        names
    )


def settle_shares(config: ConfigDict, given: bool) -> None:
    """Turns `photos@3` into a source and its weight.

    Sources without shares keep the config's weights where there are as many of
    them, and are drawn alike otherwise.

    Args:
        config: of the run; changed in place.
        given: whether the user has set `data.weights`.

    Raises:
        InputError: a share is not a positive number, or given twice.
    """
    data = config.data
    named = [_share(source) for source in data.sources]
    if any(share is not None for _, share in named):
        if given:
            raise InputError(
                "The shares must be given once, in `data.sources` "
                "(photographs@3) or in `data.weights`. Received: "
                f"{', '.join(data.sources)} and {data.weights}"
            )
        data.sources = tuple(source for source, _ in named)
        data.weights = tuple(
            1.0 if share is None else share for _, share in named
        )
    elif not given and len(data.weights) != len(data.sources):
        data.weights = (1.0,) * len(data.sources)


def _share(source: str) -> tuple[str, float | None]:
    name, at, share = source.rpartition("@")
    if not at or not re.fullmatch(r"\d*\.?\d+", share):
        return source, None
    return name, float(share)
