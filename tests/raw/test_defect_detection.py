"""Defects are found and texture is not: singles, pairs, stars, edges."""

import numpy as np
import pytest
import raw_files
import textures
from scipy import special

from fanet_tf.data import camera
from fanet_tf.data import captures
from fanet_tf.data import images
from fanet_tf.files import reader
from fanet_tf.raw import cfa
from fanet_tf.raw import defect_detection
from fanet_tf.raw.noisy_mosaic import NoisyMosaic

GAINS = (1, 4, 16, 64)
BLACK, WHITE = 64.0, 1023.0


def noise_at(gain):
    """The stand-in law of the IMX258."""
    return 2.1e-4 * gain, 3.5e-7 + 7.9e-8 * gain**2


def noisy(clean, gain, seed=0):
    """Counts of a mosaic `[H, W]` in 0..1, as a 10-bit file with a pedestal."""
    a, b = noise_at(gain)
    normal = np.random.default_rng(seed).standard_normal(clean.shape)
    counts = BLACK + (WHITE - BLACK) * (clean + np.sqrt(a * clean + b) * normal)
    counts = np.clip(np.rint(counts), 0, WHITE).astype(np.uint16)
    return NoisyMosaic(counts, np.full((2, 2), BLACK), WHITE, noise_at(gain))


def texture(seed, height=512, width=640):
    packed = textures.frame(textures.spectra(seed, height, width))
    return cfa.unpack(packed[None])[0, :, :, 0]


@pytest.mark.parametrize("gain", GAINS)
def test_clean_texture_stays_bit_for_bit(gain):
    for seed in range(3):
        mosaic = noisy(texture(seed), gain, seed)
        before = mosaic.counts.copy()
        rows, columns = defect_detection.remove(mosaic)
        assert len(rows) == len(columns) == 0
        np.testing.assert_array_equal(mosaic.counts, before)


def test_less_than_one_in_a_million_of_photographs_is_changed():
    """10.5 megapixels, a gain each; twice as sharp as what sensors give."""
    folder = raw_files.shared("photos/cid22_val")
    found = pixels = 0
    for number, path in enumerate(sorted(folder.glob("*.png"))):
        scene = captures.scene_from_srgb(
            path.stem, images.read_srgb(path), camera.get("imx258")
        )
        clean = cfa.unpack(scene.clean[None])[0, :, :, 0]
        mosaic = noisy(clean, GAINS[number % len(GAINS)], number)
        found += len(defect_detection.remove(mosaic)[0])
        pixels += clean.size
    assert found <= 1e-6 * pixels


def test_red_points_where_green_is_blown_out_stay(rng):
    """Green at white cannot show that a point is wider than a pixel."""
    clean = np.full((512, 640), 0.25)
    clean[:, 1::2] = clean[1::2, :] = 2.0
    clean[1::2, 1::2] = 0.25
    rows, columns = defects(rng, clean.shape, 60)
    clean[rows // 2 * 2, columns // 2 * 2] = 0.4
    assert len(defect_detection.remove(noisy(clean, 4))[0]) == 0


@pytest.mark.parametrize("gain", [1, 4, 16])
def test_dead_pixels_in_a_blown_highlight_are_found(rng, gain):
    mosaic = noisy(np.full((512, 640), 2.0), gain)
    places = defects(rng, mosaic.counts.shape, 60)
    mosaic.counts[places] = BLACK
    rows, columns = defect_detection.remove(mosaic)
    assert set(zip(rows, columns, strict=True)) == set(
        zip(*places, strict=True)
    )
    assert np.all(mosaic.counts == WHITE)


def test_texture_that_ends_at_the_frames_edge_stays():
    """Frames of 48 x 48 photographed pixels: edges everywhere."""
    folder = raw_files.shared("photos/cid22_val")
    found = edges = 0
    for path in sorted(folder.glob("*.png"))[:6]:
        scene = captures.scene_from_srgb(
            path.stem, images.read_srgb(path), camera.get("imx258")
        )
        mosaic = noisy(cfa.unpack(scene.clean[None])[0, :, :, 0], 2)
        for top in range(0, mosaic.counts.shape[0] - 47, 48):
            for left in range(0, mosaic.counts.shape[1] - 47, 48):
                part = mosaic.counts[top : top + 48, left : left + 48]
                part = NoisyMosaic(
                    part.copy(), mosaic.black, WHITE, mosaic.noise
                )
                rows, columns = defect_detection.remove(part)
                found += np.sum((rows % 47 == 0) | (columns % 47 == 0))
                edges += 4 * 47
    assert found <= 5e-6 * edges, (found, edges)


def defects(rng, shape, count):
    """Places at least 24 pixels apart and from the edge."""
    rows, columns = (
        side.ravel()
        for side in np.meshgrid(
            np.arange(24, shape[0] - 24, 24), np.arange(24, shape[1] - 24, 24)
        )
    )
    chosen = rng.permutation(len(rows))[:count]
    return (
        rows[chosen] + rng.integers(0, 2, count),
        columns[chosen] + rng.integers(0, 2, count),
    )


@pytest.mark.parametrize(
    "gain, count", [(1, 500), (1, 0), (4, 700), (4, 0), (16, 1023)]
)
def test_single_defects_are_found_and_nothing_else(rng, gain, count):
    mosaic = noisy(np.full((512, 640), 0.25), gain)
    good = mosaic.counts.copy()
    places = defects(rng, good.shape, 60)
    mosaic.counts[places] = count
    spoilt = mosaic.counts.copy()
    rows, columns = defect_detection.remove(mosaic)
    assert set(zip(rows, columns, strict=True)) == set(
        zip(*places, strict=True)
    )
    others = np.ones(good.shape, bool)
    others[places] = False
    np.testing.assert_array_equal(mosaic.counts[others], spoilt[others])
    a, b = noise_at(gain)
    deviation = (WHITE - BLACK) * np.sqrt(a * 0.25 + b)
    error = mosaic.counts[places] - (BLACK + 0.25 * (WHITE - BLACK))
    # Mean of eight: less noise than a good pixel has.
    assert np.sqrt(np.mean(error**2)) < 0.6 * deviation


@pytest.mark.parametrize("offset", [(0, 1), (1, 0), (1, 1), (1, -1)])
@pytest.mark.parametrize(
    "gain, counts", [(4, (1023, 1023)), (4, (900, 1023)), (1, (0, 0))]
)
def test_both_of_a_pair_are_found(rng, offset, gain, counts):
    mosaic = noisy(np.full((512, 640), 0.25), gain)
    rows, columns = defects(rng, mosaic.counts.shape, 60)
    mosaic.counts[rows, columns] = counts[0]
    mosaic.counts[rows + offset[0], columns + offset[1]] = counts[1]
    found = set(zip(*defect_detection.remove(mosaic), strict=True))
    firsts = set(zip(rows, columns, strict=True))
    seconds = {(row + offset[0], column + offset[1]) for row, column in firsts}
    assert found == firsts | seconds


@pytest.mark.parametrize("row", [0, 1, 2, -3, -2, -1])
@pytest.mark.parametrize("column", [0, 1, 2, 100, -2, -1])
def test_defects_at_the_edge_are_found(row, column):
    mosaic = noisy(np.full((129, 194), 0.1), 4)  # Two bands and a row.
    mosaic.counts[row, column] = 1000
    rows, columns = defect_detection.remove(mosaic)
    found = list(zip(rows, columns, strict=True))
    assert found == [(row % 129, column % 194)]
    assert abs(int(mosaic.counts[row, column]) - 160) < 40


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 3), (4, 6)])
def test_the_smallest_frames_are_no_error(shape):
    mosaic = noisy(np.full(shape, 0.1), 4)
    mosaic.counts[0, 0] = 1000
    rows, _ = defect_detection.remove(mosaic)
    assert len(rows) <= 1


def test_a_defect_hidden_by_another_is_found_after_it(rng):
    """Two of one colour, two pixels apart: the stronger one comes first."""
    mosaic = noisy(np.full((256, 320), 0.1), 4)
    mosaic.counts[100, 100], mosaic.counts[100, 102] = 1000, 600
    rows, columns = defect_detection.remove(mosaic)
    assert list(zip(rows, columns, strict=True)) == [(100, 100), (100, 102)]


def stars(rng, blur, colour, peak, shape=(384, 384)):
    """Points on black sky, as a lens spreads them over square pixels."""
    scene = np.full(shape, 0.02)
    planes = np.array([[0, 1], [1, 2]])

    def share(places, centre):
        edges = (places[:, None] + [-0.5, 0.5] - centre) / blur / np.sqrt(2)
        return (
            np.diff(special.erf(edges))[:, 0]
            / special.erf(0.5 / blur / np.sqrt(2))
            / 2
        )

    for top in range(20, shape[0] - 20, 24):
        for left in range(20, shape[1] - 20, 24):
            rows, columns = top + np.arange(-6, 7), left + np.arange(-6, 7)
            spread = np.outer(
                share(rows, top + rng.uniform(-1, 1)),
                share(columns, left + rng.uniform(-1, 1)),
            )
            seen = np.take(colour, planes[rows[:, None] & 1, columns[None] & 1])
            scene[rows[:, None], columns] += peak * spread * seen
    return np.clip(scene, 0.0, 1.0)


@pytest.mark.parametrize("peak", [0.1, 0.4, 3.0])
@pytest.mark.parametrize("gain", [1, 16])
@pytest.mark.parametrize("colour", [(0.5, 1.0, 0.65), (1.0, 1.0, 1.0)])
def test_stars_stay(rng, colour, gain, peak):
    """The sharpest that a lens draws: half a pixel deviation."""
    clean = stars(rng, 0.5, colour, peak)
    rows, _ = defect_detection.remove(noisy(clean, gain))
    assert len(rows) <= 1  # Of 225.


@pytest.mark.parametrize("colour", [(1, 0.3, 0.05), (0.1, 1, 0.1)])
def test_coloured_lights_stay(rng, colour):
    clean = stars(rng, 0.7, colour, 0.5)
    rows, _ = defect_detection.remove(noisy(clean, 4))
    assert len(rows) <= 1


@pytest.mark.parametrize("size", [2, 3])
def test_highlights_of_more_than_one_pixel_stay(size):
    """Squares of white without any blur."""
    clean = np.full((256, 320), 0.2)
    for top in range(16, 240, 16):
        for left in range(16, 300, 17):
            clean[top : top + size, left : left + size] = 1.0
    rows, _ = defect_detection.remove(noisy(clean, 4))
    assert len(rows) == 0


def test_a_glint_of_two_pixels_at_white_stays(rng):
    """White cuts off most of what its green pixel got."""
    clean = np.full((512, 640), 0.75)
    clean[::2, ::2] = clean[1::2, 1::2] = 0.41
    rows, columns = defects(rng, clean.shape, 200)
    rows = rows // 2 * 2
    columns = columns // 2 * 2
    clean[rows, columns] = clean[rows, columns + 1] = 2.0
    assert len(defect_detection.remove(noisy(clean, 4))[0]) == 0


def test_lines_and_edges_stay():
    clean = np.full((256, 320), 0.1)
    clean[:, 100] = 0.9
    clean[60] = 0.7
    clean[128:, 160:] = 0.6
    y, x = np.mgrid[:256, :320]
    clean[y == x] = 0.8
    assert len(defect_detection.remove(noisy(clean, 4))[0]) == 0


def test_levels_of_each_plane_and_floats_count_alike():
    clean = np.full((128, 192), 0.2)
    clean[40, 50], clean[41, 91] = 0.9, 0.0
    a, b = noise_at(4)
    rng = np.random.default_rng(0)
    x = clean + np.sqrt(a * clean + b) * rng.standard_normal(clean.shape)
    black = np.array([[0.0, 100.0], [200.0, 400.0]])
    tiled = np.tile(black, (64, 96))
    found = [
        defect_detection.remove(NoisyMosaic(counts, black, 4000.0, (a, b)))
        for counts in (
            (tiled + x * (4000 - tiled)).astype(np.float32),
            np.clip(tiled + x * (4000 - tiled), 0, 4000).astype(np.uint16),
        )
    ]
    for rows, columns in found:
        assert list(rows) == [40, 41] and list(columns) == [50, 91]


def test_a_shading_corrected_corner_has_the_noise_of_its_gain(rng):
    """Its outliers of 7 deviations are 28 of the centre's: no defects."""
    gain, (a, b) = 4.0, noise_at(16)
    deviation = gain * np.sqrt(a * 0.02 / gain + b)
    x = 0.02 + deviation * rng.standard_normal((512, 640))
    x[defects(rng, x.shape, 100)] = 0.02 + 7 * deviation
    found = {}
    for name, told in (("told", lambda *_: np.float32(gain)), ("not", None)):
        counts = x.astype(np.float32)
        mosaic = NoisyMosaic(counts, np.zeros((2, 2)), 1.0, (a, b), told)
        found[name] = len(defect_detection.remove(mosaic)[0])
    assert found["told"] < 5 < 10 < found["not"]


def test_a_frame_that_is_no_sensors_is_refused_unchanged(rng):
    counts = rng.integers(900, 1000, (128, 192)).astype(np.uint16)
    counts[::6, ::6] = 0
    mosaic = NoisyMosaic(counts, np.zeros((2, 2)), 1023.0, (1e-3, 1e-5))
    before = counts.copy()
    with pytest.raises(defect_detection.TooManyError, match="of 24576"):
        defect_detection.remove(mosaic)
    np.testing.assert_array_equal(counts, before)


def test_the_hot_pixels_of_a_real_frame_are_found():
    """A Canon 550D's: 2922, 3589 and 4531 among 2080, 2180 and 2840."""
    image = reader.read(raw_files.shared("raw/colorchart.dng"))
    mosaic = NoisyMosaic(
        image.visible.copy(),
        np.full((2, 2), image.black_level[0]),
        image.white_level,
        (1.6e-4, 7.4e-7),
    )
    top, left = image.active[:2]
    rows, columns = defect_detection.remove(mosaic)
    assert [
        (r + top, c + left) for r, c in zip(rows, columns, strict=True)
    ] == [
        (261, 1514),
        (599, 1425),
        (702, 620),
    ]
