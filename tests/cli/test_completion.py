"""The lines of docs/README.md that complete a command's flags."""

import re
import subprocess
import sys

from helpers import ROOT


def test_the_documented_lines_complete_flags():
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```sh\n(for command in .*?done\n)```", text, re.S)
    lines = re.sub(r"in (\w+ )+\w+;", "in train;", lines, count=1)
    train = (
        f'fanet-train() {{ "{sys.executable}" -m fanet_tf.cli.train "$@"; }}'
    )
    asked = 'complete -p fanet-train; compgen -W "$flags" -- --dry'
    result = subprocess.run(
        ["bash", "-c", f"{train}\n{lines}\n{asked}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "--workdir" in result.stdout
    assert result.stdout.endswith("\n--dry_run\n--dry_run_picture\n")
