"""DNGs made after public reports, each with the outcome that is right."""

import pathlib
import shutil
import subprocess
import warnings

import numpy as np
import pytest
import rawpy

from fanet_tf.denoising import batch
from fanet_tf.denoising import bundle
from fanet_tf.denoising import denoiser
from fanet_tf.denoising import noise_source
from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer

CASES = pathlib.Path(__file__).parents[2] / "../shared/cases/raw"
LIKE_BASE = (
    "f32_unit f32_counts4095 two_cfa_second black_deltaV_wave"
    " black_deltaH_steps bl_4_no_repeat triple_illuminant pgtm_ifd0"
    " canon_note_odd lensinfo_unknown no_neutral"
).split()
REFUSED = {
    "lj92_zeroblock": "damaged data in tile 1",
    "cut60_base": "cut short: strip 1",
    "jxl": "JPEG XL",
}
UNUSABLE = {
    "np_zero": "says a=0, b=0",
    "np_negb": "b=-1e-06",
    "np_absurd": "a=5, b=3",
    "np_2pairs": "4 numbers",
}

if not CASES.is_dir():
    pytest.skip(
        "needs the DNGs of ../shared/cases/raw", allow_module_level=True
    )


def case(name):
    return CASES / f"{name}.dng"


def clean():
    with np.load(case("base").with_name("base.clean.npz")) as archive:
        return archive["clean"].astype(np.float32)


@pytest.fixture(scope="module")
def task():
    array = bundle.load(None)
    return batch.Task(denoiser.Denoiser(array), noise_source.chooser(array))


@pytest.fixture(scope="module")
def base(task, tmp_path_factory):
    path, said = denoised(task, "base", tmp_path_factory.mktemp("base"))
    assert not said
    return path


def denoised(task, name, folder):
    """Returns the path that was written, and what was warned of."""
    target = folder / f"{name}.dng"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        batch.denoise(task, batch.Job(case(name), target))
    return target, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("name", LIKE_BASE)
def test_the_scene_is_that_of_base(task, base, tmp_path, name):
    path, said = denoised(task, name, tmp_path)
    assert not said
    a, b = (reader.read(p).normalized() for p in (base, path))
    # Each file has noise of its own or rounds in its own way.
    for row in (0, 1):
        for column in (0, 1):
            means = [x[row::2, column::2].mean() for x in (a, b)]
            assert means[1] == pytest.approx(means[0], rel=1e-3)
    assert np.sqrt(np.mean((a - b) ** 2)) < 3e-3
    rows = (b - a).mean(1)
    assert np.abs(rows - rows.mean()).max() < 4e-3


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_named(name):
    with pytest.raises(InputError, match=REFUSED[name]):
        reader.read(case(name))


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_useless_noise_profile_is_said(task, tmp_path, name):
    path, said = denoised(task, name, tmp_path)
    assert len(said) == 1 and UNUSABLE[name] in said[0]
    for choose in (
        task.noise_of,
        noise_source.chooser(task.denoiser.bundle, "estimate"),
    ):
        noise = choose(reader.read(case(name)))
        assert noise.a == pytest.approx(2e-3, rel=0.1)
        assert noise.b == pytest.approx(2e-5, rel=0.3)
    assert "NoiseProfile that cannot be used" in software(path)


def software(path):
    return tiff.text(tiff.read(path).ifds[0].tags[305])


def test_a_profile_ten_times_too_large_is_said(task, tmp_path):
    _, said = denoised(task, "np_wrong_x10", tmp_path)
    assert len(said) == 1 and "says 10" in said[0]
    assert "--noise=estimate" in said[0]


def test_the_noise_goes(base):
    scene = clean()
    errors = []
    for found in (case("base"), base):
        x = reader.read(found).normalized()
        # The scene is in the camera's colours but for one gain a plane.
        planes = [
            (x[r::2, c::2], scene[r::2, c::2]) for r in (0, 1) for c in (0, 1)
        ]
        fits = [(p, s * (p * s).sum() / (s * s).sum()) for p, s in planes]
        errors.append(np.mean([np.mean((p - s) ** 2) for p, s in fits]))
    assert errors[1] < errors[0]


@pytest.mark.parametrize(
    "name, numbers",
    [
        ("triple_illuminant", range(52529, 52536)),
        ("pgtm_ifd0", [52525]),
        ("lensinfo_unknown", [50736]),
    ],
)
def test_tags_are_kept(tmp_path, name, numbers):
    writer.write(tmp_path / "a.dng", reader.read(case(name)))
    before, after = (
        tiff.read(path).ifds[0].tags
        for path in (case(name), tmp_path / "a.dng")
    )
    found = [number for number in numbers if number in before]
    assert found
    for number in found:
        assert after[number].data == before[number].data


def test_the_maker_note_stays(tmp_path):
    source, target = case("canon_note_odd"), tmp_path / "a.dng"
    writer.write(target, reader.read(source))
    notes = [
        tiff.read(path).ifds[0].children[tiff.EXIF][0].tags[tiff.MAKER_NOTE]
        for path in (source, target)
    ]
    assert notes[0] == notes[1]  # Its offset too.


def test_libraw_balances_both_alike(tmp_path):
    source, target = case("no_neutral"), tmp_path / "a.dng"
    writer.write(target, reader.read(source))
    pictures = []
    for path in (source, target):
        with rawpy.imread(str(path)) as raw:
            pictures.append(raw.postprocess(use_camera_wb=True).mean((0, 1)))
    np.testing.assert_allclose(pictures[1], pictures[0], rtol=1e-3)


@pytest.mark.slow
def test_exiftool_finds_nothing_new(tmp_path):
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool (Debian: libimage-exiftool-perl)")
    names = ["base", *LIKE_BASE, *UNUSABLE, "np_wrong_x10"]
    for name in names:
        writer.write(tmp_path / f"{name}.dng", reader.read(case(name)))
    before = validated([case(name) for name in names])
    after = validated([tmp_path / f"{name}.dng" for name in names])
    for name in names:
        assert after[name] <= before[name], name


def validated(paths):
    """Returns exiftool's warnings of each file, by its stem."""
    said = subprocess.run(
        ["exiftool", "-validate", "-warning", "-a", "-s3", *paths],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {}
    for line in said.splitlines():
        if line.startswith("========"):
            now = found.setdefault(pathlib.Path(line.split()[1]).stem, set())
        elif "Warning" not in line:  # Their number is no warning itself.
            now.add(line)
    return found
