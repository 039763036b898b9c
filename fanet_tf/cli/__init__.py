"""The commands: absl flags live here and nowhere else.

Two modules that define the same flag cannot be imported into one process, so
nobody imports a command.
"""

from fanet_tf.files import process

process.prepare()
