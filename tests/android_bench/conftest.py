"""A tiny bundle, a phone made of shims, and the stand-in tool."""

import functools
import os
import pathlib
import shutil
import socket
import subprocess
import sys

import bundles
import numpy as np
import pytest
from running import edit_manifest

HERE = pathlib.Path(__file__).parent

# Runs in a process of its own: TensorFlow's converter shares symbols with the
# runtime that the tests measure.
MAKE_MODELS = """
import pathlib, sys
import keras
import tensorflow as tf

folder = pathlib.Path(sys.argv[1])
shape = (64, 48, 4)
noisy = keras.Input(shape, batch_size=1, name="noisy")
scale = keras.Input((1, 1, 1), batch_size=1, name="scale")
offset = keras.Input((1, 1, 1), batch_size=1, name="offset")
keras.utils.set_random_seed(0)
x = keras.ops.sqrt(noisy * scale + offset)
y = keras.layers.Conv2D(40, 3, padding="same", activation="relu")(x)
y = keras.layers.Conv2D(4, 3, padding="same")(y)
y = keras.layers.Identity(name="denoised")(noisy + 0.01 * y / scale)
model = keras.Model([noisy, scale, offset], {"denoised": y})
archive = keras.export.ExportArchive()
archive.track(model)
signature = {
    "noisy": tf.TensorSpec((1, *shape), name="noisy"),
    "scale": tf.TensorSpec((1, 1, 1, 1), name="scale"),
    "offset": tf.TensorSpec((1, 1, 1, 1), name="offset"),
}
def serve(noisy, scale, offset):
    return model({"noisy": noisy, "scale": scale, "offset": offset})
archive.add_endpoint("serve", serve, input_signature=[*signature.values()])
archive.write_out(str(folder / "saved"), verbose=False)
for name in ("float32", "dynamic_wi8_afp32"):
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved"))
    if name != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (folder / f"{name}.tflite").write_bytes(converter.convert())
"""
RUN_GOLDEN = """
import pathlib, sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from ai_edge_litert.interpreter import Interpreter
folder = pathlib.Path(sys.argv[1])
noisy = np.load(folder / "noisy.npy")
tile = np.ascontiguousarray(np.tile(noisy, (2, 2, 1))[:64, :48][None])
for name in ("float32", "dynamic_wi8_afp32"):
    interpreter = Interpreter(str(folder / f"{name}.tflite"))
    runner = interpreter.get_signature_runner("serving_default")
    one = np.ones((1, 1, 1, 1), np.float32)
    out = runner(noisy=tile, scale=100 * one, offset=2 * one)["denoised"]
    np.save(folder / f"golden_{name}.npy", out[0, 8:24, 12:44])
"""
RECIPES = ("float32", "dynamic_wi8_afp32")

GETPROP = """#!/bin/sh
case $1 in
ro.product.manufacturer) echo Acme;;
ro.product.model) echo Fake 1;;
ro.soc.model) echo FK100;;
ro.build.version.release) echo 14;;
ro.build.version.sdk) echo 34;;
ro.build.fingerprint) echo acme/fake/fake:14/X/1:user/release-keys;;
ro.product.cpu.abi) echo arm64-v8a;;
*) echo;;
esac
"""
# A hot phone cools by one reading each time it is asked.
DUMPSYS = """#!/bin/sh
status=0; skin=31.5
if [ $1 = thermalservice ] && [ -s "$FAKE_ROOT/heat" ]; then
  read status skin < "$FAKE_ROOT/heat"
  sed -i 1d "$FAKE_ROOT/heat"
fi
case $1 in
battery) printf '  USB powered: true\\n  level: 87\\n  temperature: 287\\n';;
thermalservice) cat <<END
IsStatusOverride: false
Thermal Status: $status
Cached temperatures:
	Temperature{mValue=20.0, mType=3, mName=skin, mStatus=0}
Current temperatures from HAL:
	Temperature{mValue=$skin, mType=3, mName=skin, mStatus=0}
	Temperature{mValue=NaN, mType=2, mName=battery, mStatus=0}
Current cooling devices from HAL:
END
;;
esac
"""
CMD = """#!/bin/sh
echo "$*" >> "$FAKE_ROOT/cmd.log"
"""
# As toybox 0.8.9's, which races with its command and returns a code of its own.
TIMEOUT = """#!/bin/sh
shift
"$@"
exit 127
"""
TASKSET = """#!/bin/sh
echo "$1" >> "$FAKE_ROOT/taskset.log"
shift
exec "$@"
"""
SHIMS = {
    "getprop": GETPROP,
    "dumpsys": DUMPSYS,
    "cmd": CMD,
    "taskset": TASKSET,
    "timeout": TIMEOUT,
}


@pytest.fixture(scope="session")
def toybox(tmp_path_factory):
    """A folder with the commands of toybox, which Android's userland is."""
    program = shutil.which("toybox")
    if program is None:
        pytest.skip("needs toybox (Debian package `toybox`)")
    folder = tmp_path_factory.mktemp("toybox")
    listed = subprocess.run(
        [program], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split():
        (folder / name).symlink_to(program)
    (folder / "sh").symlink_to(shutil.which("mksh") or "/bin/sh")
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder with two .tflite of a tiny network and their golden arrays."""
    folder = tmp_path_factory.mktemp("models")
    noisy = np.random.default_rng(0).random((32, 32, 4), dtype="float32")
    np.save(folder / "noisy.npy", noisy)
    for script in (MAKE_MODELS, RUN_GOLDEN):
        subprocess.run(
            [sys.executable, "-c", script, str(folder), str(HERE)],
            check=True,
            capture_output=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        )
    return folder


@pytest.fixture(scope="session")
def bundle_maker(models):
    """Makes a bundle of so many members in both recipes, in a folder."""

    def make(parent, members=1, name="bundle"):
        folder = parent / name
        data = {r: (models / f"{r}.tflite").read_bytes() for r in RECIPES}
        bundles.write(folder, [data] * members, (64, 48), halo=8, stride=8)
        (folder / "golden").mkdir()
        for index in range(members):
            noisy = f"golden/member_{index}_noisy.npy"
            shutil.copy(models / "noisy.npy", folder / noisy)
            denoised = {}
            for recipe in RECIPES:
                denoised[recipe] = f"golden/member_{index}_{recipe}.npy"
                shutil.copy(
                    models / f"golden_{recipe}.npy", folder / denoised[recipe]
                )
            golden = {
                "noisy": noisy,
                "scale": 100.0,
                "offset": 2.0,
                "crop": [8, 12, 16, 32],
                "denoised": denoised,
            }
            edit_manifest(
                folder,
                lambda m, i=index, g=golden: m["members"][i].update(golden=g),
            )
        return folder

    return make


@pytest.fixture
def make_bundle(bundle_maker, tmp_path):
    """Makes bundles of so many members in both recipes."""
    return functools.partial(bundle_maker, tmp_path)


@pytest.fixture
def bundle(make_bundle):
    return make_bundle()


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
    """The stand-in as one executable file."""
    path = tmp_path_factory.mktemp("tool") / "android_aarch64_benchmark_model"
    path.write_text(
        f"#!{sys.executable}\n" + (HERE / "stand_in.py").read_text()
    )
    return path


@pytest.fixture(scope="session")
def litert_tool(tmp_path_factory, tool):
    """The stand-in for LiteRT's program."""
    path = tmp_path_factory.mktemp("litert") / "benchmark_model"
    path.write_text(
        tool.read_text().replace(
            'KIND = "classic"', 'KIND = "litert"  # dispatch_library_path'
        )
    )
    return path


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def adb_server(tmp_path_factory):
    """A real adb client with a home and a server of its own."""
    if shutil.which("adb") is None:
        pytest.skip("needs an adb client (Debian package `adb`)")
    changed = {
        "HOME": str(tmp_path_factory.mktemp("adb_home")),
        "ANDROID_ADB_SERVER_PORT": str(_free_port()),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    os.environ.pop("ANDROID_SERIAL", None)
    yield
    subprocess.run(["adb", "kill-server"], capture_output=True, check=False)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def adb(adb_server):
    """Runs the adb client once."""

    def run(*arguments):
        return subprocess.run(
            ["adb", *arguments], capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def make_phone(adb_server, tmp_path):
    """Makes fake phones that a real adb client can talk to."""
    import fake_adbd

    phones = []

    def make(name="phone", userland=None):
        folder = tmp_path / f"{name}_bin"
        folder.mkdir()
        for command in userland.iterdir() if userland else ():
            if command.name not in SHIMS:
                (folder / command.name).symlink_to(command)
        for shim, text in SHIMS.items():
            (folder / shim).write_text(text)
            (folder / shim).chmod(0o755)
        root = tmp_path / name
        for index in range(8):
            cpu = root / f"sys/devices/system/cpu/cpu{index}"
            (cpu / "cpufreq").mkdir(parents=True)
            khz = 1_800_000 if index < 4 else 2_400_000
            (cpu / "cpufreq/cpuinfo_max_freq").write_text(f"{khz}\n")
            (cpu / "cpufreq/scaling_governor").write_text("schedutil\n")
        phone = fake_adbd.FakeAdbd(root, folder)
        phones.append(phone)
        return phone

    yield make
    for phone in phones:
        subprocess.run(
            ["adb", "disconnect", phone.serial],
            capture_output=True,
            check=False,
        )
        phone.close()


@pytest.fixture
def phone(make_phone):
    return make_phone()
