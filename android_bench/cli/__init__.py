"""The command `fanet-bench`: its absl flags, and its words on the terminal.

`bench` is the command, `phone_flags` and `plan_flags` define most of its flags
and turn them into the settings of a `session`.
"""
