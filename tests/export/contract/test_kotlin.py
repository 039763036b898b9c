"""The Kotlin code compiles, and gives what Python and C give."""

import pathlib
import re
import subprocess
import zipfile

import app_code
import bundles
import numpy as np
import pytest
import selector_questions
from app_code import COUNTS
from app_code import NOISE
from app_code import image_of
from helpers import ROOT

from export.contract import denoiser_code
from export.contract import selector_code
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.raw import cfa

pytestmark = pytest.mark.slow  # The compiler takes half a minute.

_PROGRAMS = pathlib.Path(__file__).with_name("kotlin")
# Kotlin's own library has it from 1.8 on.
_USE = """
fun <T : AutoCloseable, R> T.use(block: (T) -> R): R =
    try { block(this) } finally { close() }
"""
ONE_BY_ONE, IN_THREADS, WRONG_CALLS = 0, 1, 2


@pytest.fixture(scope="module")
def array():
    return bundles.small(below_black="signed")


@pytest.fixture(scope="module")
def shipped():
    return bundle_reader.load()


@pytest.fixture(scope="module")
def jar(array, shipped, tmp_path_factory):
    """All programs in one, of a package each: starting takes the compiler long.

    Returns the path.
    """
    folder = tmp_path_factory.mktemp("kotlin")
    write = selector_code.write
    questions = selector_questions.manifest()
    texts = {**write(questions), **program("askSelector.kt")}
    add_package(folder / "questions", texts)
    for name, manifest in (
        ("small", array.manifest),
        ("shipped", shipped.manifest),
    ):
        texts = {**write(manifest), **denoiser_code.write(manifest)}
        add_package(folder / name, {**texts, **program("denoiseFrames.kt")})
    blocks = enumerate([*blocks_of_the_page(), _USE])
    code = {f"Block{number}.kt": text for number, text in blocks}
    add_package(folder / "page", {**texts, **code})
    write_platform(folder / "platform")
    subprocess.run(
        [
            *(app_code.compiler("kotlinc"), "-Werror", "-include-runtime"),
            *("-d", "programs.jar", "platform"),
            *("questions", "small", "shipped", "page"),
        ],
        cwd=folder,
        check=True,
    )
    return folder / "programs.jar"


def program(name):
    return {name: (_PROGRAMS / name).read_text()}


def add_package(folder, texts):
    """Writes the Kotlin ones of texts as a package."""
    folder.mkdir()
    for name, text in texts.items():
        if name.endswith(".kt"):
            (folder / name).write_text(f"package {folder.name}\n{text}")


def blocks_of_the_page():
    """Returns the Kotlin code of the page for apps."""
    page = (ROOT / "docs/android.md").read_text()
    return re.findall(r"^```kotlin\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def write_platform(folder):
    """Writes what the page uses of Android and LiteRT: a class, a file."""
    text = (_PROGRAMS / "platform.txt").read_text()
    for source in re.split(r"\n\n(?=package )", text):
        package = re.match(r"package ([\w.]+);", source)[1]
        name = re.search(r"^public .*?(?:class|enum) (\w+)", source, re.M)[1]
        path = folder.joinpath(*package.split("."), f"{name}.java")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def command(jar, main):
    return [app_code.compiler("java"), "-cp", str(jar), main]


def test_the_code_of_the_page_compiles(jar):
    """Against what `platform.txt` declares of Android and LiteRT."""
    names = set(zipfile.ZipFile(jar).namelist())
    for kind in ("LiteRtNetwork", "InterpreterNetwork"):
        assert f"page/{kind}.class" in names
    assert len(blocks_of_the_page()) == 3


def test_the_selector_agrees_on_good_and_bad_input(jar):
    asked = selector_questions.questions()
    answers = subprocess.run(
        command(jar, "questions.AskSelectorKt"),
        input="\n".join(asked),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for line, answer in zip(asked, answers, strict=True):
        got = np.float32([float(x) for x in answer.split()])
        chosen = selector_questions.in_python(line)
        expected = np.float32(selector_questions.as_list(chosen))
        assert np.array_equal(got, expected), line


class Denoiser:
    """The Kotlin program of a bundle in a process.

    Args:
        jar: of the programs.
        package: of the bundle.
        array: the bundle.
        recipe: of its flatbuffers.
    """

    def __init__(self, jar, package, array, recipe):
        self.array, self.recipe = array, recipe
        self._process = subprocess.Popen(
            command(jar, f"{package}.DenoiseFramesKt"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def close(self):
        self._process.stdin.close()
        assert self._process.wait(timeout=60) == 0

    def read(self, kind, *shape):
        kind = np.dtype(kind)
        count = int(np.prod(shape))
        data = self._process.stdout.read(kind.itemsize * count)
        return np.frombuffer(data, kind).reshape(shape)

    def write(self, kind, values):
        self._process.stdin.write(np.asarray(values, kind).tobytes())

    def start(self, raw, noise=NOISE, mode=ONE_BY_ONE, is_static=False):
        """Sends a frame; returns the status."""
        gains = raw.gains if raw.gains is not None else np.zeros((0, 0, 4))
        self.write(">i4", mode)
        self.write("u1", is_static)
        self.write(">f4", noise)
        self.write(
            ">i4",
            (
                *(raw.width, raw.height, raw.format, raw.cfa, raw.row_bytes),
                *(raw.left, raw.top, len(raw.content), *gains.shape[:2]),
                raw.defect_count,
            ),
        )
        self.write(">f4", (*raw.black, raw.white))
        self.write(">f4", gains.ravel())
        for defect in raw.listed or ():
            self.write(">i4", (defect.row, defect.column))
        self._process.stdin.write(raw.content)
        self._process.stdin.flush()
        return int(self.read(">i4", 1)[0])

    def run_tiles(self):
        """Runs the network on all tiles, with the inputs that are sent."""
        (tiles,) = self.read(">i4", 1)
        assert tiles > 0
        for _ in range(tiles):
            (member,) = self.read(">i4", 1)
            inputs = self.read(">f4", 2)
            runner = MemberRunner(self.array.members[member], self.recipe, 1)
            shape = (runner.tile.height, runner.tile.width, 4)
            noisy = self.read(">f4", *shape).astype(np.float32)
            self.write(">f4", runner.run(noisy, *inputs).ravel())
            self._process.stdin.flush()
        return tiles

    def denoise(self, image, raw, **options):
        """Returns the number of tiles, and the frame in counts and uint16."""
        assert self.start(raw, **options) == 0
        tiles = self.run_tiles()
        exact = self.read(">f4", *image.visible.shape)
        return tiles, exact, self.read(">u2", *image.visible.shape)


@pytest.fixture(scope="module")
def denoiser(jar, array):
    made = Denoiser(jar, "small", array, "float32")
    yield made
    made.close()


def check_equal(denoiser, image, raw_format, extras=None, **options):
    extras = extras or {}
    raw = app_code.raw_of(image, raw_format, row_padding=3, **extras)
    tiles, exact, whole = denoiser.denoise(image, raw, **options)
    frame = (denoiser.array, image, NOISE, denoiser.recipe)
    wanted, _ = app_code.expected(*frame, **extras)
    np.testing.assert_allclose(exact, wanted, rtol=0, atol=COUNTS)
    factor = 1 << int(np.log2(65535 / image.white_level))
    wanted, _ = app_code.expected(*frame, factor=factor, **extras)
    assert np.abs(whole.astype(int) - wanted).max() <= 1
    return tiles


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize(
    "shape, raw_format, bits, changes",
    [
        ((1, 1), "RAW16", 14, {}),
        ((40, 1), "RAW12", 12, {}),
        ((37, 53), "RAW10", 10, {}),
        ((131, 198), "RAW10", 10, {"white": 960}),
        ((140, 211), "RAW16", 10, {"active": (3, 5, 138, 208)}),
    ],
)
def test_it_equals_the_command(
    denoiser, pattern, shape, raw_format, bits, changes
):
    """Of odd sizes, smaller than a tile, with four dynamic black levels."""
    image = image_of(shape, pattern, bits, **changes)
    check_equal(denoiser, image, raw_format)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_shading_and_defects_equal_the_command(denoiser, pattern):
    image = image_of((140, 211), pattern, white=960, active=(3, 5, 138, 208))
    extras = {"defects": app_code.defects_of(image)}
    image.mosaic[tuple(np.transpose(extras["defects"]))] = 900
    check_equal(denoiser, image, "RAW10", extras)
    extras["shading"] = app_code.shading_of((9, 13))
    check_equal(denoiser, image, "RAW16", extras)


def test_static_levels_serve_where_there_are_no_dynamic_ones(denoiser):
    image = image_of((37, 53), "GBRG", white=960)
    check_equal(denoiser, image, "RAW10", is_static=True)


def test_a_plane_that_is_clipped_in_the_shadows_is_seen(denoiser):
    image = image_of((131, 198), "RGGB")
    np.maximum(image.mosaic, 70, out=image.mosaic)
    check_equal(denoiser, image, "RAW10")


def test_tiles_come_in_any_order_and_from_four_threads(denoiser):
    image = image_of((131, 198), "GRBG")
    raw = app_code.raw_of(image, "RAW10")
    plain = denoiser.denoise(image, raw)
    threaded = denoiser.denoise(image, raw, mode=IN_THREADS)
    assert plain[0] > 8
    for one, other in zip(plain, threaded, strict=True):
        np.testing.assert_array_equal(one, other)


def test_13_megapixels_through_the_shipped_array(jar, shipped):
    denoiser = Denoiser(jar, "shipped", shipped, shipped.recipes[0])
    image = image_of((3120, 4208), "GRBG")
    assert check_equal(denoiser, image, "RAW10") == 35
    denoiser.close()


def test_it_refuses_what_c_refuses(denoiser):
    image = image_of((40, 50), "RGGB")
    for status, changes, noise in (
        (3, {}, (0.0, 1e-6)),
        (5, {"cfa": 5}, NOISE),
        (6, {"format": 35}, NOISE),
        (7, {"white": 60.0}, NOISE),
        (8, {"width": 0}, NOISE),
        (8, {"left": -1}, NOISE),
        (9, {"height": 41}, NOISE),
        (9, {"row_bytes": 64}, NOISE),
        (16, {"shading": app_code.shading_of((9, 13), 17.0)}, NOISE),
        (16, {"shading": app_code.shading_of((14, 13))}, NOISE),
        (17, {"defects": [(3, 4), (3, 4)]}, NOISE),
        (17, {"defects": [(3, -1)]}, NOISE),
    ):
        raw = app_code.raw_of(image, "RAW10", **changes)
        assert denoiser.start(raw, noise) == status, changes


def test_wrong_calls_are_refused(denoiser):
    """Of fill and take, in `wrongCalls`; no tile is taken twice or missing."""
    raw = app_code.raw_of(image_of((131, 198), "RGGB"))
    assert denoiser.start(raw, mode=WRONG_CALLS) == 0
    assert denoiser.read(">i4", 1)[0] > 1
    statuses = denoiser.read(">i4", 10).tolist()
    assert statuses == [11, 11, 9, 14, 14, 14, 0, 12, 13, 15]
