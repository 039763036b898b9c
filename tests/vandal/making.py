"""Makes a command's inputs in a process that may use TensorFlow."""

import pathlib
import sys

from vandal import commands


def cli():
    """Takes the name of a job and a folder."""
    name, folder = sys.argv
    (command,) = (c for c in commands.COMMANDS if c.name == name)
    command.make(pathlib.Path(folder))
