"""The lock names every file that may be installed."""

import re

from helpers import ROOT


def test_every_locked_version_has_hashes():
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        name, *rest = entry.split(" \\\n")
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+( ; .*)?$", name), name
        assert rest, f"{name} has no hash"
        assert all(
            re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", line) for line in rest
        ), name
    assert "setuptools" in {entry.partition("==")[0] for entry in entries}


def test_nothing_is_installed_without_its_hash():
    """The project itself is built by the locked setuptools."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    installs = [
        line for line in lines if "pip install" in line and "$(" in line
    ]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]
