"""The exceptions of the bench, named by who can act on them."""

from fanet_tf.errors import InputError


class BenchError(InputError):
    """The run cannot be done as requested; one line for the user, exit 2."""


class AdbError(BenchError):
    """The adb client or the device refused a command."""


class DeviceLost(AdbError):
    """The connection ended before the command did; a retry may succeed."""


class CommandTimeout(AdbError):
    """A command on the device exceeded its time limit."""


class ToolError(BenchError):
    """The measuring tool failed: one job is lost, the plan continues."""
