"""A Python child runs our code and nobody else's."""

import os
import subprocess

import pytest

from fanet_tf.files import children


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A folder that came with somebody's pictures."""
    for name in ("numpy", "json", "fanet_tf", "sitecustomize"):
        text = "import os; os.write(2, b'STOLEN'); os._exit(7)"
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["", ".", "relative:", None])
def test_modules_of_the_current_folder_do_not_run(hostile, monkeypatch, path):
    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path)
    command = children.python("-c", "import json, numpy, fanet_tf.errors")
    result = subprocess.run(
        command, env=children.environment(), capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_modules_beside_a_script_do_not_run(hostile):
    (hostile / "script.py").write_text("import json; print(json.dumps(1))")
    result = subprocess.run(
        children.python("script.py"),
        env=children.environment(),
        capture_output=True,
        text=True,
    )
    assert (result.stdout, result.stderr) == ("1\n", "")


def test_an_absolute_library_path_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", f".:{tmp_path}::x")
    assert children.environment()["PYTHONPATH"] == str(tmp_path)


def test_the_environment_says_where_and_how_many(monkeypatch):
    for name in ("PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "SECRET_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = children.environment(OPENBLAS_NUM_THREADS="2")
    assert found["PATH"] == os.environ["PATH"]
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["OPENBLAS_NUM_THREADS"] == "2"
    assert not {"PYTHONSTARTUP", "PYTHONHOME", "SECRET_KEY"} & set(found)
