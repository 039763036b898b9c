"""What can go wrong, by who has to act on it."""


class BenchError(Exception):
    """What was asked for cannot be done; one line for the user, exit 2."""


class AdbError(BenchError):
    """The adb client or the device refused."""


class DeviceLost(AdbError):
    """The connection ended before the command did; worth another try."""


class CommandTimeout(AdbError):
    """A command did not end within its time."""


class ToolError(BenchError):
    """The measuring tool failed: one job is lost, the plan goes on."""
