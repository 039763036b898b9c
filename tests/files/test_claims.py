"""A folder has one process at a time."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import claims

HOLD = """
    import sys
    from fanet_tf.files import claims
    with claims.claim(sys.argv[1]):
        print("claimed", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"claimed\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_claimed_folder_is_refused_with_its_owner(tmp_path, holder):
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    with pytest.raises(
        InputError, match=rf"in use by process {holder.pid} {since}"
    ):
        with claims.claim(tmp_path):
            pass


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_bars_nobody(tmp_path, holder, end):
    holder.send_signal(end)
    holder.wait()
    with claims.claim(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("claim", [claims.claim, claims.claim_beside])
def test_a_claim_ends_and_leaves_nothing(tmp_path, claim):
    folder = tmp_path / "out"
    folder.mkdir()
    for _ in range(2):
        with claim(folder):
            with pytest.raises(InputError, match=f"process {os.getpid()}"):
                with claim(folder):
                    pass
    assert os.listdir(tmp_path) == ["out"] and os.listdir(folder) == []


def test_claims_of_two_folders_do_not_meet(tmp_path):
    with claims.claim_beside(tmp_path / "a"):
        with claims.claim_beside(tmp_path / "b"):
            pass


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / claims.NAME).symlink_to("precious")
    with pytest.raises(OSError):
        with claims.claim(tmp_path):
            pass
    assert (tmp_path / "precious").read_text() == "mine"
