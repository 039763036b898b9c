"""The vandal: hostile names, links, twins, foreign files, kills, full disks.

Every command that writes is played with (`fanet-cost` only prints). The law is
in `play`. Commands run in processes forked from one that has their modules.
"""

import dataclasses

import numpy as np
import pytest
from vandal import attacks
from vandal import commands
from vandal import play
from vandal import zygote

COMMANDS = {command.name: command for command in commands.COMMANDS}
HEAVY = ("train", "export", "quickstart")
# Quick ones that write a file, two files, and a folder that is replaced.
FAST = ("denoise npy", "calibrate", "pairs")


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    made = zygote.Zygote(commands.LIGHT, tmp_path_factory.mktemp("zygote"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    modules = (*commands.LIGHT, *commands.HEAVY)
    made = zygote.Zygote(modules, tmp_path_factory.mktemp("zygote"))
    yield made
    made.close()


def played(player, command, cases):
    for attack in cases:
        player.play(command, attack)
    score = player.score
    print(
        f"{command.name}: {score.cases} cases, {score.processes} processes, "
        f"{score.cpu_seconds:.0f} CPU s, codes {score.codes}"
    )
    return score.broken


def some_played(made, folder, name, every):
    """Plays some of each kind; ends a command at each `every(steps)`-th."""
    command = COMMANDS[name]
    player = play.Player(made, folder)
    steps = len(player.events(command))
    cases = [
        *attacks.plain(command),
        *attacks.foreign(command),
        *attacks.links(command),
        *attacks.read_only(command),
        *attacks.ends(command, steps, every=every(steps)),
    ]
    return played(player, command, cases)


@pytest.mark.parametrize("name", FAST)
def test_nothing_is_lost(light, tmp_path, name):
    assert some_played(light, tmp_path, name, lambda steps: 5) == []


def test_a_deliberate_deletion_is_seen(light, tmp_path):
    careless = dataclasses.replace(
        COMMANDS["pairs"], prepare="vandal.tiny:careless"
    )
    player = play.Player(light, tmp_path)
    broken = played(player, careless, attacks.foreign(careless))
    assert any("is gone" in line or "changed" in line for line in broken)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in COMMANDS if n not in HEAVY])
def test_nothing_is_lost_by_any_light_command(light, tmp_path, name):
    command = COMMANDS[name]
    player = play.Player(light, tmp_path)
    steps = len(player.events(command))
    cases = [
        *attacks.plain(command),
        *attacks.names(command, np.random.default_rng(0), 20),
        *attacks.links(command),
        *attacks.foreign(command),
        *attacks.twins(command),
        *attacks.read_only(command),
        *attacks.ends(command, steps),
        *attacks.small_disk(command, (4096, 30_000)),
    ]
    assert played(player, command, cases) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_nothing_is_lost_by_any_heavy_command(heavy, tmp_path, name):
    """Seconds a run, so fewer of each kind."""
    broken = some_played(
        heavy, tmp_path, name, lambda steps: max(steps // 4, 1)
    )
    assert broken == []
