"""Machines that run jobs: a phone over adb, or this machine.

Both answer to the same calls (`identify`, `start`, `condition`, `run`,
`close`), so the runner need not know which one it drives.

Entrances: `phone.Phone`, whose command lines `launcher` writes, and
`host.Host`; `matmul.measure` times this machine's matrix product, to compare a
model's rate with.
"""
