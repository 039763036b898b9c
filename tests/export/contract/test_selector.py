"""The selectors agree: numpy, flatbuffer, manifest, C header, Kotlin."""

import json
import shutil
import subprocess

import exports
import numpy as np
import pytest

from export.contract import selector
from export.contract import selector_code
from export.flatbuffer import runtime
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import bundle as bundle_reader

GAINS = np.float32(np.arange(100, 6401) / 100)

# The array that ships: four members, gain 8 lies on the middle edge.
PROFILE = profile_lib.load("imx258")
NOISE = {
    "sensor": PROFILE.sensor,
    "status": PROFILE.status,
    "gain_range": list(PROFILE.gain_range),
    "a_coefficients": list(PROFILE.a_coefficients),
    "b_coefficients": list(PROFILE.b_coefficients),
}
EDGES = [float(np.float32(e)) for e in np.geomspace(2.1e-4, 1.344e-2, 5)]

_MAIN = """
#include <stdio.h>
#include "nsma_selector.h"
static void show(NsmaChoice c) {
  printf("%.9g %.9g %.9g %.9g %d\\n", c.a, c.b, c.scale, c.offset, c.member);
}
int main(void) {
  float x, y;
  int previous;
  char kind;
  while (scanf(" %c %f %f %d", &kind, &x, &y, &previous) == 4) {
    double pairs[] = {0.5 * x, y, 1.5 * x, y};
    if (kind == 'g') show(nsma_from_gain(x, previous));
    if (kind == 'i') show(nsma_from_iso(x, y, previous));
    if (kind == 'n') show(nsma_from_noise(x, y, previous));
    if (kind == 'p') show(nsma_from_noise_profile(pairs, 2, previous));
  }
  return 0;
}
"""


def manifest():
    return {
        "name": "test */ array",
        "noise": NOISE,
        "selector": {
            "edges": EDGES,
            "hysteresis": selector.hysteresis(EDGES),
        },
    }


@pytest.fixture(scope="module")
def c_selector(tmp_path_factory):
    """A function from lines of questions to the C header's answers."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("c")
    for name, text in selector_code.write(manifest()).items():
        (folder / name).write_text(text)
    (folder / "main.c").write_text(_MAIN)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O2"]
    # Once as C++ too, as an app may include it.
    for language, extra in (("c++", ["-fsyntax-only"]), ("c", ["-o", "ask"])):
        chosen = flags if language == "c" else flags[1:]
        subprocess.run(
            [compiler, "-x", language, *chosen, "main.c", *extra],
            cwd=folder,
            check=True,
        )

    def ask(questions):
        answers = subprocess.run(
            [folder / "ask"],
            input="\n".join(questions),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert len(answers) == len(questions)
        return [[float(x) for x in line.split()] for line in answers]

    return ask


def as_list(choice):
    return [choice[n] for n in ("a", "b", "scale", "offset", "member")]


def test_the_c_header_gives_the_same_bits_at_every_gain(c_selector):
    answers = c_selector([f"g {gain:.9g} 0 -1" for gain in GAINS])
    for gain, answer in zip(GAINS, answers, strict=True):
        expected = as_list(selector.select(gain, NOISE, EDGES))
        assert np.array_equal(np.float32(answer), np.float32(expected)), gain


def test_the_c_header_takes_iso_noise_and_noise_profiles(c_selector):
    choice = selector.select(8.0, NOISE, EDGES)
    a, b = choice["a"], choice["b"]
    answers = c_selector(
        ["i 800 100 -1", f"n {a:.9g} {b:.9g} -1", f"p {a:.9g} {b:.9g} -1"]
    )
    for answer in answers:
        np.testing.assert_allclose(answer, as_list(choice), rtol=1e-6)


def test_the_c_header_follows_the_hysteresis(c_selector):
    vectors = selector.hysteresis(EDGES)["test_vectors"]
    answers = c_selector(
        [f"n {v['a']:.9g} 1e-6 {v['previous']}" for v in vectors]
    )
    assert [a[-1] for a in answers] == [v["member"] for v in vectors]


def test_a_video_changes_the_member_once_an_edge():
    """Up and down over an edge in ripples smaller than the hysteresis."""
    edge = EDGES[2]
    a = edge * np.exp(np.linspace(-0.3, 0.3, 200))
    a = a * (1 + 0.04 * np.sin(np.arange(200)))
    member, members = -1, []
    for value in a:
        member = selector.member(value, EDGES, member)
        members.append(member)
    assert members[0] == 1 and members[-1] == 2
    assert np.count_nonzero(np.diff(members)) == 1
    plain = [selector.member(value, EDGES) for value in a]
    assert np.count_nonzero(np.diff(plain)) > 1


def test_an_edge_belongs_to_the_member_above_it():
    chosen = selector.select(8.0, NOISE, EDGES)
    assert np.float32(chosen["a"]) == np.float32(EDGES[2])
    assert chosen["member"] == 2
    assert selector.select(7.99, NOISE, EDGES)["member"] == 1


def test_the_flatbuffer_agrees_at_every_gain():
    """Bit for bit, as all of it is float32 in one order."""
    runner = runtime.Runner(selector.flatbuffer(NOISE, EDGES))
    for gain in GAINS:
        got = runner({"gain": gain[None]})
        want = selector.select(gain, NOISE, EDGES)
        assert got["member"].item() == want["member"]
        for name in ("a", "b", "scale", "offset"):
            assert got[name].item() == pytest.approx(want[name], rel=1e-6)


def test_the_reader_of_bundles_agrees_with_the_selector():
    bundle = bundle_reader.load(exports.small()[2])
    noise, edges = bundle.noise, bundle.edges
    for gain in GAINS:
        chosen = selector.select(gain, noise, edges)
        assert bundle.member_for(chosen["a"]).index == chosen["member"]


def test_gains_outside_the_range_are_clamped(c_selector):
    low, high = (selector.select(g, NOISE, EDGES) for g in (1.0, 64.0))
    assert selector.select(0.1, NOISE, EDGES) == low
    assert selector.select(999, NOISE, EDGES) == high
    answers = c_selector(["g 0.1 0 -1", "g 999 0 -1", "g nan 0 -1"])
    for answer, expected in zip(answers, (low, high, low), strict=True):
        np.testing.assert_allclose(answer, as_list(expected), rtol=1e-6)


def test_one_member_needs_no_edges():
    one = [EDGES[0], EDGES[-1]]
    runner = runtime.Runner(selector.flatbuffer(NOISE, one))
    assert runner({"gain": np.float32([8.0])})["member"].item() == 0
    text = selector_code.write(
        {
            **manifest(),
            "selector": {"edges": one, "hysteresis": {"factor": 1.1}},
        }
    )
    assert "#define NSMA_MEMBERS 1" in text["nsma_selector.h"]


def test_the_kotlin_code_holds_the_same_numbers():
    """It is compiled by review where there is no compiler."""
    texts = selector_code.write(manifest())
    edges = [selector_code._literal(edge) for edge in EDGES]
    for name, text in texts.items():
        assert ", ".join(edges) in text, name
        assert "$" not in text
    assert json.dumps(EDGES)  # Finite.


@pytest.mark.slow
def test_the_kotlin_code_gives_the_same_members(tmp_path):
    if not shutil.which("kotlinc"):
        pytest.skip("needs kotlinc")
    for name, text in selector_code.write(manifest()).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "main.kt").write_text(
        "fun main() { generateSequence(::readLine).forEach { "
        "val c = NsmaSelector.fromGain(it.toFloat()); "
        'println("${c.a} ${c.b} ${c.scale} ${c.offset} ${c.member}") } }\n'
    )
    files = ["main.kt", "NsmaSelector.kt"]
    subprocess.run(
        ["kotlinc", *files, "-include-runtime", "-d", "ask.jar"],
        cwd=tmp_path,
        check=True,
    )
    answers = subprocess.run(
        ["java", "-jar", "ask.jar"],
        cwd=tmp_path,
        input="\n".join(f"{gain:.9g}" for gain in GAINS),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for gain, answer in zip(GAINS, answers, strict=True):
        expected = as_list(selector.select(gain, NOISE, EDGES))
        got = np.float32([float(x) for x in answer.split()])
        assert np.array_equal(got, np.float32(expected)), gain
