"""The selectors agree: numpy, flatbuffer, manifest, C header, Kotlin."""

import json
import shutil
import subprocess

import exports
import numpy as np
import pytest
from selector_questions import EDGES
from selector_questions import FIELDS
from selector_questions import NOISE
from selector_questions import REFERENCE
from selector_questions import as_list
from selector_questions import in_python
from selector_questions import manifest
from selector_questions import questions

from export.contract import selector
from export.contract import selector_code
from export.flatbuffer import runtime
from fanet_tf.denoising import bundle as bundle_reader

GAINS = np.float32(np.arange(100, 6401) / 100)

_MAIN = r"""
#include <stdio.h>
#include "nsma_selector.h"
static void show(NsmaChoice c) {
  printf("%.9g %.9g %.9g %.9g %d %d\n", c.a, c.b, c.scale, c.offset,
         (int)c.member, (int)c.status);
}
int main(void) {
  float x, y;
  double p[10];
  int previous, count, i;
  char kind;
  while (scanf(" %c %d", &kind, &previous) == 2) {
    if (kind == 'p' || kind == 'd') {
      if (scanf("%d", &count) != 1) return 1;
      for (i = 0; i < 2 * count; ++i) {
        if (scanf("%lf", p + i) != 1) return 1;
      }
      if (kind == 'p') {
        show(nsma_from_noise_profile(count ? p : NULL, count, -1));
      } else {
        show(nsma_from_noise_profile_as_dng(count ? p : NULL, previous, -1));
      }
      continue;
    }
    if (scanf("%f %f", &x, &y) != 2) return 1;
    if (kind == 'g') show(nsma_from_gain(x, previous));
    if (kind == 'i') show(nsma_from_iso(x, y, previous));
    if (kind == 's') {
      show(nsma_at_signal(nsma_from_noise(x, 1e-6f, previous), y));
    }
    if (kind == 'n') show(nsma_from_noise(x, y, previous));
  }
  return 0;
}
"""


def _asker(folder, compiler, flags):
    """Returns a function from lines of questions to a program's answers."""
    for name, text in selector_code.write(manifest()).items():
        (folder / name).write_text(text)
    (folder / "main.c").write_text(_MAIN)
    subprocess.run(
        [compiler, *flags, "main.c", "-o", "ask"], cwd=folder, check=True
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


STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion"]
STRICT += ["-Werror", "-O2", "-fsanitize=undefined,float-divide-by-zero"]
STRICT += ["-fno-sanitize-recover=all"]


def _compiler():
    compiler = shutil.which("gcc") or shutil.which("cc")
    return compiler or pytest.skip("needs a C compiler")


@pytest.fixture(scope="module")
def c_selector(tmp_path_factory):
    """The C header, by whatever could go wrong with it stopped."""
    return _asker(tmp_path_factory.mktemp("c"), _compiler(), STRICT)


@pytest.fixture(scope="module")
def c_selector_fused(tmp_path_factory):
    flags = ["-std=gnu99", "-O3", "-march=native", "-ffp-contract=fast"]
    return _asker(tmp_path_factory.mktemp("fused"), _compiler(), flags)


def test_the_c_header_gives_the_same_bits_at_every_gain(c_selector):
    answers = c_selector([f"g -1 {gain:.9g} 0" for gain in GAINS])
    for gain, answer in zip(GAINS, answers, strict=True):
        expected = as_list(selector.select(gain, NOISE, EDGES))
        assert np.array_equal(np.float32(answer), np.float32(expected)), gain


NONSENSE = 50


def test_c_and_python_agree_on_good_and_bad_input(c_selector):
    asked = questions()
    assert len(asked) >= 1000 + NONSENSE - 1
    answers = c_selector(asked)
    for line, answer in zip(asked, answers, strict=True):
        expected = as_list(in_python(line))
        assert np.array_equal(np.float32(answer), np.float32(expected)), line
    statuses = {int(answer[-1]) for answer in answers}
    assert statuses == {int(status) for status in selector.Status}


def test_c_with_fused_operations_gives_the_same_bits(c_selector_fused):
    """`-std=gnu99 -O3 -march=native` fuses where the processor can."""
    answers = c_selector_fused([f"g -1 {gain:.9g} 0" for gain in GAINS[::7]])
    for gain, answer in zip(GAINS[::7], answers, strict=True):
        expected = as_list(selector.select(gain, NOISE, EDGES))
        assert np.array_equal(np.float32(answer), np.float32(expected)), gain


def test_the_flatbuffer_refuses_what_the_others_refuse():
    runner = runtime.Runner(selector.flatbuffer(NOISE, EDGES))
    for line in questions():
        if line[0] != "g":
            continue
        gain = np.float32(line.split()[2])
        got = runner({"gain": gain[None]})
        want = selector.select(gain, NOISE, EDGES)
        for name in FIELDS:
            assert got[name].item() == pytest.approx(want[name], rel=1e-6), (
                line,
                name,
            )


def test_a_dng_of_android_gives_what_its_reader_finds(tmp_path):
    """DngCreator keeps one pair a colour, of green the larger slope."""
    gr, gb, red, blue = (2e-3, 3e-6), (4e-3, 1e-6), (1e-3, 2e-6), (3e-3, 4e-6)
    written = np.array([red, gb, blue])  # As DngCreator: Gb's is larger.
    a, b = np.average(written, axis=0, weights=(1, 2, 1))
    orders = [
        (red, gr, gb, blue),
        (gr, red, blue, gb),
        (gb, blue, red, gr),
        (blue, gb, gr, red),
    ]
    for cfa, pairs in enumerate(orders):
        chosen = selector.from_noise_profile_as_dng(pairs, cfa, EDGES)
        np.testing.assert_allclose((chosen["a"], chosen["b"]), (a, b), 1e-6)


def test_the_c_header_follows_the_hysteresis(c_selector):
    vectors = selector.hysteresis(EDGES)["test_vectors"]
    answers = c_selector(
        [f"n {v['previous']} {v['a']:.9g} 1e-6" for v in vectors]
    )
    assert [a[-2] for a in answers] == [v["member"] for v in vectors]


def test_a_dark_frame_has_the_member_of_a_higher_gain(c_selector):
    """What is four stops under at gain 4 is what gain 64 is at 0 stops."""
    a = [selector.select(gain, NOISE, EDGES)["a"] for gain in (4.0, 64.0)]
    frames = [(a[0], REFERENCE / 16), (a[1], REFERENCE)]
    answers = c_selector([f"s -1 {a:.9g} {signal:.9g}" for a, signal in frames])
    assert [answer[-2] for answer in answers] == [3, 3]
    assert selector.member(a[0], EDGES) == 1


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
    answers = c_selector(["g -1 0.1 0", "g -1 999 0"])
    for answer, expected in zip(answers, (low, high), strict=True):
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
    # Of a bundle of before: by `a` alone.
    zero = selector_code._literal(0.0)
    assert f"REFERENCE_SIGNAL {zero}" in text["nsma_selector.h"]


def test_the_kotlin_code_holds_the_same_numbers():
    """`test_kotlin` compiles it where there is a compiler."""
    texts = selector_code.write(manifest())
    edges = [selector_code._literal(edge) for edge in EDGES]
    for name, text in texts.items():
        assert ", ".join(edges) in text, name
        assert "$" not in text
    assert json.dumps(EDGES)  # Finite.
