"""HDF5 files from outside: data that lies in the file itself.

HDF5 can point anywhere: links into other files, datasets whose bytes lie in
another file, virtual datasets made of many. A file from outside could so read
any local file into a result. Here all of them are refused.
"""

import contextlib
import math
import pathlib
from collections.abc import Iterator

from fanet_tf.errors import InputError
from fanet_tf.files import inputs


@contextlib.contextmanager
def opened(path) -> Iterator:
    """Opens a regular HDF5 file, an `h5py.File`, for reading.

    Raises:
        InputError: not a regular file, or not HDF5.
    """
    import h5py

    path = pathlib.Path(path)
    inputs.check_regular(path)
    try:
        file = h5py.File(path, "r")
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: must be HDF5: {error}") from error
    with file:
        yield file


def member(group, name: str):
    """Returns what `group` itself holds under a name, or a path of names.

    Raises:
        InputError: nothing, a soft or an external link, or data elsewhere.
    """
    import h5py

    for part in name.split("/"):
        link = None
        if isinstance(group, h5py.Group):
            link = group.get(part, getlink=True)
        if link is None:
            raise InputError(
                f"{_name(group)}: must hold the variable {name!r}."
            )
        if not isinstance(link, h5py.HardLink):
            raise InputError(
                f"{_name(group)}: {part!r} must lie in the file itself. "
                "Received: a link"
            )
        group = inside(group[part])
    return group


def follow(file, reference):
    """Returns what an object reference of MATLAB's cells points at.

    Raises:
        InputError: no reference, or data elsewhere.
    """
    import h5py

    if not isinstance(reference, h5py.Reference) or not reference:
        raise InputError(f"{_name(file)}: a cell must refer to an object.")
    return inside(file[reference])


def inside(thing):
    """Refuses a dataset whose values lie in other files; returns the rest."""
    import h5py

    if isinstance(thing, h5py.Dataset):
        creation = thing.id.get_create_plist()
        if (
            thing.is_virtual
            or creation.get_layout() == h5py.h5d.VIRTUAL
            or creation.get_external_count()
        ):
            raise InputError(
                f"{_name(thing)}: the values of {thing.name} must lie in the "
                "file itself. Received: a dataset that points at others"
            )
    return thing


def check_count(dataset, most: int) -> None:
    """Refuses a dataset of more values than `most`, before reading.

    A chunk is read as a whole and may be larger than its dataset.
    """
    for shape in filter(None, (dataset.shape, dataset.chunks)):
        if math.prod(shape) > most:
            raise InputError(
                f"{_name(dataset)}: {dataset.name} must hold at most {most:,} "
                f"values. Received: {' x '.join(map(str, shape))}"
            )


def _name(thing) -> str:
    return str(thing.file.filename)
