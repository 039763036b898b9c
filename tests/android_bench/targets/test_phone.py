import os
import subprocess

import pytest

from android_bench.targets import phone as phones


@pytest.mark.parametrize("beats", [False, True])
def test_guard_restores_a_phone_that_is_no_longer_measured(tmp_path, beats):
    folder = tmp_path / "run"
    folder.mkdir()
    shims = tmp_path / "bin"
    shims.mkdir()
    beat = f"echo $$ > {folder}/beat" if beats else "true"
    # A second is a millisecond here; the run ends after 12 looks if it beats.
    (shims / "sleep").write_text(
        f"#!/bin/sh\necho . >> {tmp_path}/looks\n{beat}\n"
        f"[ $(wc -l < {tmp_path}/looks) -ge 12 ] && rm -rf {folder}\n"
        "exit 0\n"
    )
    (shims / "cmd").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/cmd.log\n')
    for shim in shims.iterdir():
        shim.chmod(0o755)
    script = phones.GUARD.format(folder=folder, limit=50)
    subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"},
        timeout=20,
        check=True,
    )
    assert not folder.exists()
    assert (tmp_path / "cmd.log").exists() != beats
