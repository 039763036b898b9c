"""The wheel serves a machine that has the runtime's packages and no others."""

import functools
import importlib.metadata
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT
from packaging import requirements

PACKAGES = ("fanet_tf", "export", "android_bench")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")


def run(*command, cwd):
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needed(name, found):
    """Collects a distribution with what it needs, without extras."""
    distribution = importlib.metadata.distribution(name)
    found[distribution.name] = distribution
    for text in distribution.requires or []:
        wanted = requirements.Requirement(text)
        chosen = not wanted.marker or wanted.marker.evaluate({"extra": ""})
        if chosen and wanted.name not in found:
            needed(wanted.name, found)
    return found


@functools.cache
def entries():
    """Returns files and folders of the runtime's packages, by name."""
    found = needed("fanet-tf", {})
    del found["fanet-tf"]
    assert "numpy" in found and "tensorflow-cpu" not in found
    return {
        path.parts[0]: pathlib.Path(distribution.locate_file(path.parts[0]))
        for distribution in found.values()
        for path in distribution.files
        if path.parts[0] not in ("..", "__pycache__")
    }


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An empty environment with the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in PACKAGES:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skipped)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--quiet", "--no-input")
    built = ("wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, *built, "--wheel-dir", folder, source, cwd=folder)
    (wheel,) = folder.glob("fanet_tf-*-py3-none-any.whl")
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=folder)
    python = folder / "env/bin/python"
    run(
        *(*pip, "--python", python, "install", "--no-deps", "--no-index"),
        wheel,
        cwd=folder,
    )
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    for name, path in entries().items():
        (packages / name).symlink_to(path)
    return folder / "env/bin"


@pytest.mark.slow
def test_it_holds_no_tests_and_brings_no_tensorflow(environment, tmp_path):
    code = "import importlib.util as u; print([u.find_spec(n) is not None for "
    code += "n in ('fanet_tf', 'tensorflow', 'keras', 'tests', 'configs')])"
    found = run(environment / "python", "-c", code, cwd=tmp_path)
    assert found.split() == "[True, False, False, False, False]".split()


@pytest.mark.slow
def test_a_frame_is_denoised_with_the_array_in_the_wheel(environment, tmp_path):
    rng = np.random.default_rng(0)
    noisy = 0.3 + 0.03 * rng.standard_normal((128, 160))
    np.save(tmp_path / "in.npy", noisy.astype(np.float32))
    command = environment / "fanet-denoise"
    run(command, "in.npy", "out.npy", "--noise=3e-3,2e-6", cwd=tmp_path)
    assert np.std(np.load(tmp_path / "out.npy")) < 0.3 * np.std(noisy)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, package, extra",
    [
        ("train --config=a.py --workdir=b", "ml_collections", "train"),
        ("cost", "ml_collections", "train"),
        ("quickstart", "tensorflow", "train"),
        ("calibrate in.npy --output=p.json", "scipy", "calibrate"),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(
    environment, tmp_path, words, package, extra
):
    name, *rest = words.split()
    done = subprocess.run(
        [environment / f"fanet-{name}", *rest],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert f"The package {package} must be installed" in last
    assert f".[{extra}]" in last


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bench", "quickstart", "denoise", "export"])
def test_a_command_explains_itself(environment, tmp_path, name):
    said = run(environment / f"fanet-{name}", "--help", cwd=tmp_path)
    assert f"fanet-{name}" in said


@pytest.mark.slow
def test_uninstalling_leaves_nothing(environment, tmp_path):
    """The last test of the file: the environment is gone afterwards."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--python")
    python = environment / "python"
    run(*pip, python, "uninstall", "--yes", "fanet-tf", cwd=tmp_path)
    (packages,) = environment.parent.glob("lib/python*/site-packages")
    ours = ("fanet", "export", "android_bench")
    left = [
        path
        for folder in (environment, packages)
        for path in folder.iterdir()
        if path.name.startswith(ours)
    ]
    assert left == []
