"""`fanet-denoise` in the ARM user space: `guest_denoise.py PYTHON ARGUMENTS`.

PYTHON is a program that starts the emulator with the guest's Python: the guest
itself cannot start programs of its architecture, and `fanet-denoise` decodes
RAW files in a process of its own.
"""

import sys

_SLOWER = 60  # Than a machine that the time limits are made for.


def main():
    """Runs the command."""
    from fanet_tf.cli import denoise  # Defines flags, and is no library.
    from fanet_tf.files import decode

    sys.executable = sys.argv.pop(1)
    decode._BASE_SECONDS *= _SLOWER
    denoise.cli()


if __name__ == "__main__":
    main()
