"""Flags that name what `fanet-evaluate` compares."""

from collections.abc import Container
from collections.abc import Sequence

from absl import flags

from fanet_tf.cli import network_flag
from fanet_tf.cli import program
from fanet_tf.denoising import defects
from fanet_tf.errors import InputError
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import names

_METHODS = flags.DEFINE_list(
    "methods",
    None,
    f"Classical methods, of {', '.join(methods_lib.CLASSICAL)}; or pmrid, with "
    "--pmrid. Default: identity, the input itself; none for --dnd.",
)
_PMRID = flags.DEFINE_string(
    "pmrid",
    None,
    "PMRID's published weights for --methods=pmrid: the checkpoint of its "
    "authors or a .npz of it (docs/evaluation.md). Needs TensorFlow.",
)
_BUNDLE = flags.DEFINE_multi_string(
    "bundle",
    None,
    "Folder of a bundle or name of a shipped one, or NAME=FOLDER; may be "
    "repeated. Default, without --run: imx258; empty: none.",
)
_RECIPE = flags.DEFINE_list(
    "recipe", None, "Number formats of the bundles; each is a row."
)
_RUN = flags.DEFINE_multi_string(
    "run",
    [],
    "Folder of a finished fanet-train run, whose Keras members are evaluated, "
    "or NAME=FOLDER; may be repeated. Needs TensorFlow.",
)
_DEFECTS = flags.DEFINE_enum(
    "defects",
    defects.NONE,
    [defects.NONE, defects.AUTO],
    "auto: every method gets frames whose defective pixels were found and "
    "corrected, as fanet-denoise does.",
)
_THREADS = flags.DEFINE_integer(
    "threads", None, "Threads of LiteRT; default: all cores.", lower_bound=1
)


def named(spec: str) -> tuple[str | None, str]:
    """Splits `NAME=PATH`; a plain `PATH` has no name."""
    name, separator, path = spec.partition("=")
    if separator and name and not any(c in name for c in "/\\"):
        return names.printable(name), path
    return None, spec


def unique(name: str, taken: Container[str]) -> str:
    """Returns `name`, or `name 2`, `name 3`, ... where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name} {number}" in taken:
        number += 1
    return f"{name} {number}"


def chosen(classical: Sequence[str] = ()) -> dict[str, Method]:
    """Returns the methods that the flags name, in the order of the table.

    Args:
        classical: the classical methods where --methods is not given.
    """
    given = classical if _METHODS.value is None else _METHODS.value
    methods = {name: _method(name) for name in given if name}

    def add(method: Method, name: str | None) -> None:
        method = methods_lib.relabel(method, name)
        methods[unique(method.label, methods)] = method

    for name, folder in _bundles():
        for recipe in _RECIPE.value or [None]:
            add(methods_lib.from_bundle(folder, recipe, _THREADS.value), name)
    for name, folder in map(named, _RUN.value):
        program.import_tensorflow()  # Only where it is asked for.
        from fanet_tf.training import keras_methods

        network_flag.use()
        add(keras_methods.from_run(folder), name)
    if not methods:
        raise InputError(
            "There must be something to evaluate: give --methods, --bundle or "
            "--run."
        )
    if _DEFECTS.value == defects.AUTO:
        return {n: methods_lib.without_defects(m) for n, m in methods.items()}
    return methods


def _method(name: str) -> Method:
    if name != "pmrid":
        return methods_lib.classical(name)
    if _PMRID.value is None:
        raise InputError("--methods=pmrid needs --pmrid=WEIGHTS.")
    # TensorFlow, only where it is asked for.
    from fanet_tf.peers import pmrid

    return pmrid.method(_PMRID.value)


def _bundles() -> list[tuple[str | None, str | None]]:
    """Returns names and folders; no folder stands for the shipped array."""
    if _BUNDLE.value is None:
        return [] if _RUN.value else [(None, None)]
    return [named(spec) for spec in _BUNDLE.value if spec]
