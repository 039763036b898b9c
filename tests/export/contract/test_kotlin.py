"""The Kotlin code compiles, and gives what Python and C give."""

import subprocess

import app_code
import bundles
import numpy as np
import pytest
from app_code import COUNTS
from app_code import NOISE
from app_code import image_of
from selector_questions import as_list
from selector_questions import in_python
from selector_questions import manifest
from selector_questions import questions

from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.raw import cfa

pytestmark = pytest.mark.slow  # The compiler takes half a minute.

_SELECTOR = """
fun number(text: String) = when (text) {
    "nan" -> Double.NaN
    "inf" -> Double.POSITIVE_INFINITY
    "-inf" -> Double.NEGATIVE_INFINITY
    else -> text.toDouble()
}
fun main() { generateSequence(::readLine).forEach {
    val words = it.split(" ")
    val x = words.drop(2).map(::number)
    val pairs = x.drop(1).chunked(2)
        .mapNotNull { p -> if (p.size == 2) p[0] to p[1] else null }
        .ifEmpty { null }
    val cfa = words[1].toInt()
    val c = when (words[0]) {
        "g" -> NsmaSelector.fromGain(x[0].toFloat())
        "i" -> NsmaSelector.fromIso(x[0].toInt(), x[1].toInt())
        "n" -> NsmaSelector.fromNoise(x[0].toFloat(), x[1].toFloat())
        "p" -> NsmaSelector.fromNoiseProfile(pairs)
        else -> NsmaSelector.fromNoiseProfileAsDng(pairs, cfa)
    }
    println(listOf(c.a, c.b, c.scale, c.offset, c.member, c.status.ordinal)
        .joinToString(" "))
} }
"""

# Frames come in by stdin, tiles go out by stdout and come back.
_DENOISER = """
import java.io.*
import java.nio.ByteBuffer
fun main() {
    val from = DataInputStream(BufferedInputStream(System.`in`))
    val to = DataOutputStream(BufferedOutputStream(System.out))
    while (true) {
        val ints = try { IntArray(11) { from.readInt() } }
            catch (end: EOFException) { return }
        val levels = FloatArray(7) { from.readFloat() }
        val gains = FloatArray(4 * ints[8] * ints[9]) { from.readFloat() }
        val defects = List(ints[10]) { from.readInt() to from.readInt() }
        val data = ByteArray(ints[7])
        from.readFully(data)
        try {
            val raw = NsmaRaw(
                ByteBuffer.wrap(data), ints[4], ints[0], ints[1], ints[2],
                ints[3], levels.copyOf(4), levels[4], ints[5], ints[6],
                if (ints[8] > 0) gains else null, ints[8], ints[9], defects
            )
            val choice = NsmaSelector.fromNoise(levels[5], levels[6])
            val frame = NsmaDenoiser(raw, choice)
            to.writeInt(0)
            to.writeInt(frame.tiles)
            to.writeInt(frame.member)
            to.writeFloat(frame.scale)
            to.writeFloat(frame.offset)
            val noisy = FloatArray(NsmaBundle.TILE_FLOATS)
            for (tile in frame.tiles - 1 downTo 0) {
                frame.fill(tile, noisy)
                noisy.forEach { to.writeFloat(it) }
                to.flush()
                frame.take(tile, FloatArray(noisy.size) { from.readFloat() })
            }
            frame.finishFloat().forEach { to.writeFloat(it) }
            val factor = NsmaDenoiser.factor(levels[4])
            frame.finish(factor).forEach { to.writeShort(it.toInt()) }
            try { frame.take(0, noisy) }
            catch (e: NsmaException) { to.writeInt(e.status.ordinal) }
        } catch (e: NsmaException) { to.writeInt(e.status.ordinal) }
        to.flush()
    }
}
"""


def program(folder, texts):
    """Compiles; returns the command that runs `main`."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    subprocess.run(
        [
            *(app_code.compiler("kotlinc"), *texts),
            *("-include-runtime", "-d", "x.jar"),
        ],
        cwd=folder,
        check=True,
    )
    return [app_code.compiler("java"), "-jar", str(folder / "x.jar")]


def test_the_selector_agrees_on_good_and_bad_input(tmp_path):
    selector = app_code.selector_code.write(manifest())["NsmaSelector.kt"]
    command = program(
        tmp_path, {"NsmaSelector.kt": selector, "main.kt": _SELECTOR}
    )
    asked = questions()
    answers = subprocess.run(
        command,
        input="\n".join(asked),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for line, answer in zip(asked, answers, strict=True):
        got = np.float32([float(x) for x in answer.split()])
        expected = np.float32(as_list(in_python(line)))
        assert np.array_equal(got, expected), line


class Denoiser:
    """The Kotlin program in a process."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def read(self, kind, count):
        size = np.dtype(kind).itemsize * count
        return np.frombuffer(self.process.stdout.read(size), kind)

    def write(self, kind, values):
        self.process.stdin.write(np.asarray(values, kind).tobytes())
        self.process.stdin.flush()

    def start(self, raw, noise=NOISE):
        """Sends a frame; returns the status."""
        fields = (raw.width, raw.height, raw.format, raw.cfa, raw.row_bytes)
        gains = raw.gains if raw.gains is not None else np.zeros((0, 0, 4))
        sizes = (len(raw.content), *gains.shape[:2], raw.defect_count)
        self.write(">i4", (*fields, raw.left, raw.top, *sizes))
        self.write(">f4", (*raw.black, raw.white, *noise))
        self.write(">f4", gains.ravel())
        for defect in raw.listed or ():
            self.write(">i4", (defect.row, defect.column))
        self.process.stdin.write(raw.content)
        self.process.stdin.flush()
        return int(self.read(">i4", 1)[0])


@pytest.fixture(scope="module")
def array():
    return bundles.small(below_black="signed")


@pytest.fixture(scope="module")
def denoiser(array, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kotlin")
    app_code.write(folder, array.manifest)
    texts = {
        name: (folder / name).read_text()
        for name in ("NsmaSelector.kt", "NsmaDenoiser.kt")
    }
    made = Denoiser(program(folder, {**texts, "main.kt": _DENOISER}))
    yield made
    made.process.stdin.close()
    assert made.process.wait(timeout=60) == 0


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
    denoiser, array, pattern, shape, raw_format, bits, changes
):
    image = image_of(shape, pattern, bits, **changes)
    check_equal(denoiser, array, image, raw_format)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_shading_and_defects_equal_the_command(denoiser, array, pattern):
    image = image_of((140, 211), pattern, white=960, active=(3, 5, 138, 208))
    extras = {"defects": app_code.defects_of(image)}
    image.mosaic[tuple(np.transpose(extras["defects"]))] = 900
    check_equal(denoiser, array, image, "RAW10", **extras)
    extras["shading"] = app_code.shading_of((9, 13))
    check_equal(denoiser, array, image, "RAW16", **extras)


def check_equal(denoiser, array, image, raw_format, **extras):
    raw = app_code.raw_of(image, raw_format, row_padding=3, **extras)
    assert denoiser.start(raw) == 0
    tiles, member = denoiser.read(">i4", 2)
    scale, offset = denoiser.read(">f4", 2)
    runner = MemberRunner(array.members[member], "float32", 1)
    tile = (runner.tile.height, runner.tile.width, 4)
    for _ in range(tiles):
        noisy = denoiser.read(">f4", int(np.prod(tile))).astype(np.float32)
        denoised = runner.run(noisy.reshape(tile), scale, offset)
        denoiser.write(">f4", denoised.ravel())
    size = image.visible.shape
    got = denoiser.read(">f4", int(np.prod(size))).reshape(size)
    whole = denoiser.read(">u2", int(np.prod(size))).reshape(size)
    assert denoiser.read(">i4", 1)[0] == 12  # A tile that is taken twice.
    wanted, _ = app_code.expected(array, image, NOISE, **extras)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=COUNTS)
    factor = 1 << int(np.log2(65535 / image.white_level))
    wanted, _ = app_code.expected(array, image, NOISE, factor=factor, **extras)
    assert np.abs(whole.astype(int) - wanted).max() <= 1


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
