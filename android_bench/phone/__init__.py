"""Talks to a phone: commands, files, facts and condition.

Only `adb.Adb` starts the adb client; everything else here goes through it.
Nothing here knows about models or measuring tools.

Entrances: `adb.Adb` (commands that survive a lost connection),
`transfer.push` and `transfer.pull` (files verified by sha256), and
`facts.read_facts` with `facts.condition` (what the phone is, how hot it is).
"""
