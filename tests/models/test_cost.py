"""Laws of what a network costs."""

import json
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT
from helpers import randomise

from export.flatbuffer import convert
from fanet_tf import models
from fanet_tf import variants
from fanet_tf.denoising import macs
from fanet_tf.errors import InputError
from fanet_tf.models import cost
from fanet_tf.models import cost_table as cost_report
from fanet_tf.variants import RIVALS
from fanet_tf.variants import STUDENTS


def core(name, cells=2, **changes):
    model = {**variants.get(name).model, **changes}
    size = cells * models.stride(**model)
    return models.core(height=size, width=2 * size, **model)


def by_hand(
    widths,
    blocks,
    mid_blocks,
    feature_align,
    fa_hidden,
    skip_ratio,
    expansion,
    group_width,
    detail_cells=(),
    upsampling="bilinear",
    **rest,
):
    """MACs per packed position of a U-Net, from its sizes alone."""
    del rest
    levels = len(widths)
    haar = upsampling == "haar"

    def per_level(value, count=levels):
        return value if isinstance(value, tuple) else (value,) * count

    blocks = (*per_level(blocks, levels - 1), mid_blocks)
    expansion, group_width = per_level(expansion), per_level(group_width)

    def block(level, inputs, outputs):
        hidden = expansion[level] * inputs
        macs = inputs * hidden + hidden * outputs
        macs += 9 * group_width[level] * hidden
        if feature_align:
            macs += 36 * fa_hidden + 2 * fa_hidden * outputs
        return macs

    def stage(level, inputs, width, outputs):
        chain = [inputs, *[width] * (blocks[level] - 1), outputs]
        return sum(
            block(level, *pair)
            for pair in zip(chain[:-1], chain[1:], strict=True)
        )

    bands = len(detail_cells) or 1
    total = widths[0] * 4 * (bands + 1)  # Stem and head.
    for level, width in enumerate(widths[:-1]):
        finer = width if haar else widths[max(level - 1, 0)]
        own = stage(level, finer, width, width)
        own += stage(level, width, width, finer)
        if skip_ratio:
            own += width * width // skip_ratio
        if haar:  # Squeeze and widening, a level below.
            below = widths[level + 1]
            own += (4 * width * below + below * 4 * width) / 4
        total += own / 4**level
    finer = widths[-1] if haar else widths[-2]
    bottom = stage(levels - 1, finer, widths[-1], finer)
    return total + bottom / 4 ** (levels - 1)


def gated_by_hand(
    widths,
    stem_stride,
    encoder,
    middle,
    decoder,
    fa_hidden,
    head_kernel,
    **rest,
):
    """MACs per packed position of a network of gated blocks."""
    del rest

    def stage(width, steps):
        return sum(
            {
                "depth": 3 * width * width + 2 * 9 * width,
                "point": 3 * width * width,
                "light": 3 * width * width + 9 * width,
                "align": 36 * fa_hidden + 2 * fa_hidden * width,
            }[step]
            for step in steps.split()
        )

    # Per position of the finest level.
    cell = stem_stride**2
    total = (9 if cell == 1 else 16) * 4 * widths[0]
    total += head_kernel**2 * widths[0] * 4 * cell
    for level, (width, below) in enumerate(
        zip(widths[:-1], widths[1:], strict=True)
    ):
        own = stage(width, encoder[level]) + stage(width, decoder[level])
        # Down and widening, a level below.
        total += (own + 2 * 4 * width * below / 4) / 4**level
    total += stage(widths[-1], middle) / 4 ** (len(widths) - 1)
    return total / cell


@pytest.mark.parametrize("name", (*STUDENTS, "nafnet"))
def test_the_count_is_that_of_the_sizes(name):
    counted = cost.count(core(name)).gmacs_per_mp
    model = variants.get(name).model
    count = {"unet": by_hand, "gated": gated_by_hand}[model["name"]]
    expected = count(**model) / 4000
    assert counted == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", list(variants.VARIANTS))
def test_the_count_is_that_of_the_graphs_kernels(name):
    """Positions of each layer's output times the shapes of its weights."""
    network = core(name)
    _, height, width, _ = network.input_shape
    total = kernels = biases = 0
    for layer in network.layers:
        for weight in layer.weights:
            size = int(np.prod(weight.shape))
            if len(weight.shape) == 4:
                total += size * int(np.prod(layer.output.shape[1:3]))
                kernels += size
            else:
                biases += size
    counted = cost.count(network)
    assert counted.weights == kernels and counted.biases == biases
    assert counted.parameters == network.count_params()
    assert counted.gmacs_per_mp == pytest.approx(
        total / (height * width) / 4000, rel=1e-12
    )


@pytest.mark.parametrize(
    "name",
    [
        "fan",
        "wavelet",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "plain",
                "fan_no_skips",
                "fan_fast",
                "fan_deep",
                "fan_gate",
                "fan_half",
                "nafnet",
                "pmrid",
            )
        ),
    ],
)
def test_the_count_is_that_of_the_flatbuffers_shapes(tmp_path, name):
    model = variants.get(name).model
    size = 2 * models.stride(**model)
    trained = models.build(height=size, width=size, **model)
    randomise(trained)  # A kernel of zeros would pass for a fixed one.
    static = convert.static_member(trained, model, size, size)
    path = tmp_path / "member.tflite"
    path.write_bytes(convert.convert(static))
    counted = cost.count(trained.get_layer("core"))
    assert macs.gmacs_per_mp(path) == pytest.approx(
        counted.gmacs_per_mp, rel=1e-12
    )
    # What is left out is what is listed as fixed. XNNPACK's converter gives
    # each fixed layer one convolution.
    fixed = [c for c in macs.convolutions(path) if c.is_fixed]
    listed = [r.name for r in counted.rows if r.kind == "fixed"]
    assert len(fixed) == len(listed)


def test_costs_are_the_papers():
    for name, variant in variants.VARIANTS.items():
        counted = cost.count(core(name))
        if variant.paper_gmacs is not None:
            limit = 0.005 if name == "teacher" else 0.01
            assert counted.gmacs_per_mp == pytest.approx(
                variant.paper_gmacs, rel=limit
            ), name
        if variant.paper_weights is not None:
            assert counted.weights == pytest.approx(
                variant.paper_weights, rel=0.01
            ), name


@pytest.mark.parametrize("name", [*STUDENTS, *RIVALS])
def test_no_student_is_above_the_papers_cost(name):
    counted = cost.count(core(name))
    assert counted.gmacs_per_mp <= variants.BUDGET
    assert counted.parameters <= 700_000


def test_the_network_at_half_size_moves_half_of_what_fan_gate_moves():
    gate, half = (cost.count(core(n)) for n in ("fan_gate", "fan_half"))
    assert half.traffic_mb_per_mp < 0.52 * gate.traffic_mb_per_mp
    assert half.gmacs_per_mp < gate.gmacs_per_mp


def test_the_layer_table_is_r1():
    rows = {row.name: row for row in cost.count(core("fan")).rows}
    assert rows["stem"].macs == 64
    assert rows["enc0.group"].macs == 1152 and rows["enc0.group"].groups == 8
    assert rows["fa_enc1.shared"].macs == 72
    assert rows["mid_b.project"].macs == 128
    assert rows["skip0"].weights == 128 and rows["skip0"].biases == 8
    assert rows["dec2.group"].groups == 32


def test_the_wavelet_network_is_w1():
    counted = cost.count(core("wavelet"))
    rows = {row.name: row for row in counted.rows}
    assert (counted.weights, counted.biases) == (65_920, 1_380)
    assert rows["squeeze0"].macs == 256 and rows["widen0"].macs == 256
    assert rows["idwt0"].kind == rows["dwt0"].kind == "fixed"


def test_the_rival_at_its_papers_sizes_has_its_papers_cost():
    """1,031,908 parameters and 3.743 GMACs/MP are those of its release."""
    counted = cost.count(core("pmrid_public"))
    assert counted.gmacs_per_mp == pytest.approx(3.743, rel=2e-4)
    # Four biases where its transposed convolutions have one.
    assert counted.parameters == 1_031_908 + 3 * (64 + 32 + 32 + 16)


def test_traffic_of_one_convolution():
    """Stem of 4 to 16 channels: 20 values of 4 bytes a packed position."""
    row = cost.count(core("fan", stem_input="stabilised")).rows
    stem = next(r for r in row if r.name == "stem")
    assert stem.moved == 20
    assert cost.Cost((stem,)).traffic_mb_per_mp == 20


def test_an_impossible_network_is_the_users_mistake():
    model = {**variants.get("fan").model, "widths": (16, 31, 64)}
    with pytest.raises(InputError, match="Received"):
        cost_report.report("mine", model, with_radius=False)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fanet_tf.cli.cost", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_the_command_prints_json():
    result = run("fan", "fan_no_skips", "--json", "--layers", "--noradius")
    assert result.returncode == 0, result.stderr
    record = json.loads(result.stdout)
    fan, bare = record["networks"]
    assert abs(fan["paper"]["difference_percent"]) < 1
    assert abs(fan["paper"]["weights_difference_percent"]) < 1
    assert abs(bare["paper"]["difference_percent"]) < 1
    assert len(fan["layers"]) > 50 and "chosen" in record["notes"][0]


def test_the_command_reads_a_config():
    result = run(
        "--config=configs/paper.py:plain",
        "--config.model.mid_blocks=1",
        "--noradius",
    )
    assert (result.returncode, result.stderr) == (0, "")
    row = next(line for line in result.stdout.splitlines() if "plain" in line)
    assert "2.2800" not in row and "chosen" in result.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["resnet"], "A variant must be one of"),
        (["fan", "--config=configs/fan.py"], "not both"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, message):
    result = run(*arguments)
    assert result.returncode == 2 and message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
