"""Plays attacks on commands, and holds them to the law.

After each case:

* nothing outside of the output has changed: bytes, modes, owners, times;
* nothing of the user's inside of it has;
* exit code 0 comes with a whole result, and whatever is there is whole;
* a refusal is exit code 2 with one line, and no traceback;
* nothing of ours is left lying about, unless the process was killed;
* the same command then works, or says what to do.
"""

import dataclasses
import os
import pathlib
import shutil
import stat

from vandal import tree
from vandal import whole
from vandal import world as world_lib
from vandal import zygote
from vandal.attacks import Attack
from vandal.commands import Command

_STEERING = set(map(chr, range(32))) - set("\t\n\r")
_KILLED = -9


@dataclasses.dataclass
class Score:
    """What a run of cases came to.

    Attributes:
        cases: number of cases.
        processes: number of commands that were run for them.
        codes: exit code -> cases.
        cpu_seconds: of the commands.
        broken: a line for each breach of the law.
    """

    cases: int = 0
    processes: int = 0
    codes: dict = dataclasses.field(default_factory=dict)
    cpu_seconds: float = 0.0
    broken: list[str] = dataclasses.field(default_factory=list)


class Player:
    """Plays cases in processes that a zygote forks.

    Args:
        zygote: forks.
        folder: for worlds; empty.
    """

    def __init__(self, zygote: zygote.Zygote, folder: pathlib.Path):
        self._zygote, self._folder = zygote, folder
        self._inputs: dict[str, pathlib.Path] = {}
        self.score = Score()

    def inputs(self, command: Command) -> pathlib.Path:
        """Returns a folder with the inputs of a command, made once."""
        if command.name not in self._inputs:
            folder = self._folder / "inputs" / command.name.replace(" ", "_")
            folder.mkdir(parents=True)
            case = zygote.Case(
                "vandal.making",
                (command.name, os.fspath(folder)),
                os.fspath(self._folder),
                os.fspath(self._folder / "making"),
            )
            (made,) = self._zygote.run(case)
            assert made.code == 0, made.stderr
            self._inputs[command.name] = folder
        return self._inputs[command.name]

    def events(self, command: Command) -> list[str]:
        """Returns the steps of the writes of a whole run."""
        world = self._world(command, "in")
        (outcome,) = self._run(command, world, command.output)
        assert outcome.code == 0, outcome.stderr
        shutil.rmtree(world.base)
        return outcome.events

    def play(self, command: Command, attack: Attack) -> int | str:
        """Plays one case; returns its exit code."""
        world = self._world(command, attack.inputs)
        output = command.output if attack.output is None else attack.output
        self._confine(command, world, output)
        untouched = tree.snapshot(world.root)
        for _ in range(attack.runs):
            (first,) = self._run(command, world, output)
            assert first.code == 0, (command.name, attack.name, first.stderr)
        ours = tree.snapshot(world.root).keys() - untouched.keys()
        ours |= set(self._edited(command, world))
        attack.lay(world)
        attack.between(world)
        before = tree.snapshot(world.root)
        allowed = self._allowed(command, world, output)
        outcomes = self._run(
            command, world, output, attack.at_once, **attack.sabotage
        )
        broken = []
        after = tree.snapshot(world.root)
        killed = any(outcome.code == _KILLED for outcome in outcomes)
        broken += world_lib.broken_law(before, after, allowed, ours, killed)
        for outcome in outcomes:
            broken += self._said(command, attack, outcome)
        codes = [outcome.code for outcome in outcomes]
        broken += self._made(command, world, output, codes, before, after)
        if attack.must_refuse and 0 in codes:
            broken.append("it must be refused")
        if attack.must_work and codes != [0]:
            hint = command.again if attack.runs else ""
            if codes != [2] or not hint or hint not in outcomes[0].stderr:
                broken.append(f"it must work: {outcomes[0].stderr[-300:]}")
        if attack.then_works and 0 not in codes:
            attack.undo(world)
            work = os.fspath(world.work)
            before[work] = tree.snapshot(world.root)[work]
            broken += self._then(command, world, output, allowed, ours, before)
        self.score.cases += 1
        code = codes[0]
        self.score.codes[code] = self.score.codes.get(code, 0) + 1
        self.score.broken += [
            f"{command.name}: {attack.name}: code {codes}: {line}"
            for line in broken
        ]
        for handle in world.open:
            os.close(handle)
        _delete(world.base)
        return code

    def _world(self, command, name):
        base = self._folder / f"{self.score.cases}_{self.score.processes}"
        return world_lib.make(base, self.inputs(command), name)

    def _confine(self, command, world, output):
        """Stops a test that would write on the machine it runs on."""
        for name in (output, *command.beside(output)):
            if not tree.is_below(
                os.fspath(world.place(name)), os.fspath(world.root)
            ):
                raise ValueError(f"{name!r} leads out of the world")

    def _run(self, command, world, output, at_once=1, more="", **sabotage):
        arguments = [
            argument.replace("../in", f"../{world.inputs}", 1)
            for argument in command.arguments(output)
        ]
        arguments = [more, *arguments] if more else arguments
        cases = [
            zygote.Case(
                command.module,
                (command.program, *arguments),
                os.fspath(world.work),
                os.fspath(world.base / f"log{number}"),
                prepare=command.prepare,
                **sabotage,
            )
            for number in range(at_once)
        ]
        outcomes = self._zygote.run(*cases)
        self.score.processes += len(outcomes)
        self.score.cpu_seconds += sum(o.cpu_seconds for o in outcomes)
        return outcomes

    def _allowed(self, command, world, output):
        """Returns where the command may write."""
        if not command.writes or "\0" in output:
            return []
        places = [world.place(output), *self._edited(command, world)]
        places += [world.place(other) for other in command.beside(output)]
        return [
            os.fspath(place)
            if os.path.exists(os.path.dirname(place))
            else world_lib.first_missing(place)
            for place in places
        ]

    def _edited(self, command, world):
        """Returns the files among the inputs that the command changes."""
        folder = world.root / world.inputs
        return [os.fspath(folder / name) for name in command.edits]

    def _said(self, command, attack, outcome):
        """Yields what is wrong with code and messages."""
        if outcome.code == "hang":
            yield f"it hangs: {outcome.stderr[-300:]}"
            return
        allowed = {0, 2, *command.codes}
        if attack.sabotage.get("act") == "kill":
            allowed.add(_KILLED)
        if outcome.code not in allowed:
            yield f"code {outcome.code}: {outcome.stderr[-600:]}"
        text = outcome.stdout + outcome.stderr
        if "Traceback" in text:
            yield f"a traceback: {text[-900:]}"
        if _STEERING & set(text):
            yield f"control characters: {text[-300:]!r}"
        if any("\ud800" <= character <= "\udfff" for character in text):
            yield f"bytes that are no text: {text[-300:]!r}"
        if outcome.code == 2:
            lines = outcome.stderr.replace("\r", "\n").strip().splitlines()
            mine = [x for x in lines if x.startswith(f"{command.program}: ")]
            if len(mine) != 1 or lines[-1] != mine[0]:
                yield f"a refusal must be one line: {outcome.stderr[-300:]!r}"

    def _made(self, command, world, output, codes, before, after):
        """Yields what is wrong with the files that are there."""
        place = pathlib.Path(os.path.join(world.work, output))
        is_file = bool(os.path.splitext(command.output)[1])
        elsewhere = os.path.exists(place) and is_file != os.path.isfile(place)
        if 0 in codes and command.writes and not elsewhere:
            try:
                command.whole(place)
            except Exception as error:
                yield f"code 0, but not whole: {error!r}"
        fresh = [p for p in after.keys() - before.keys() if os.path.isfile(p)]
        for path in fresh:
            if os.path.basename(path).startswith(".fanet-tf-"):
                continue
            if "/.fanet-tf-" in path:  # A folder that is not yet in place.
                continue
            try:
                whole.file(path)
            except Exception as error:
                yield f"{path} is not whole: {error!r}"
        if command.replaces and os.path.isdir(place) and (fresh or 0 in codes):
            real = os.path.realpath(place)
            if any(tree.is_below(path, real) for path in fresh):
                try:
                    command.whole(place)
                except Exception as error:
                    yield f"a folder that is not whole: {error!r}"

    def _then(self, command, world, output, allowed, ours, before):
        """Yields what is wrong with the same command, once more."""
        (outcome,) = self._run(command, world, output)
        after = tree.snapshot(world.root)
        refused = outcome.code == 2
        yield from world_lib.broken_law(before, after, allowed, ours, refused)
        if outcome.code == 2 and command.again:
            if command.again not in outcome.stderr:
                yield f"then: what is to be done? {outcome.stderr[-300:]}"
                return
            # As it says.
            (outcome,) = self._run(command, world, output, more=command.again)
            after = tree.snapshot(world.root)
            yield from world_lib.broken_law(before, after, allowed, after)
        if outcome.code != 0:
            yield f"then: code {outcome.code}: {outcome.stderr[-600:]}"
            return
        try:
            command.whole(pathlib.Path(os.path.join(world.work, output)))
        except Exception as error:
            yield f"then: code 0, but not whole: {error!r}"
        for path in whole.temporary(world.root):
            yield f"then: {path} is left"


def _delete(folder):
    for path, folders, _ in os.walk(folder):
        for name in folders:
            whole_path = os.path.join(path, name)
            if not os.path.islink(whole_path):
                os.chmod(whole_path, stat.S_IRWXU)
    shutil.rmtree(folder)
