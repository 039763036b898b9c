"""The published PMRID: weights in their places, strides as in PyTorch."""

import numpy as np
import pmrid_weights
import pytest

from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical
from fanet_tf.peers import pmrid
from fanet_tf.raw.noise import NoiseParams

NOISE = NoiseParams(np.array([3.36e-3]), np.array([2.06e-5]))


@pytest.fixture(scope="module")
def weights():
    return pmrid_weights.random()


class Reference:
    """The network in NumPy, after PyTorch's definitions; frames `[c, h, w]`."""

    def __init__(self, weights):
        self.weights = {k: v.astype(np.float64) for k, v in weights.items()}

    def conv(self, x, name, stride=1):
        kernel = self.weights[f"{name}.weight"]
        bias = self.weights.get(f"{name}.bias", np.zeros(len(kernel)))
        half = kernel.shape[-1] // 2
        padded = np.pad(x, ((0, 0), (half, half), (half, half)))
        height, width = x.shape[1] // stride, x.shape[2] // stride
        total = np.zeros((len(kernel), height, width))
        for i, j in np.ndindex(kernel.shape[2:]):
            part = padded[:, i::stride, j::stride][:, :height, :width]
            taps = kernel[:, :, i, j]
            if taps.shape[1] == len(x):
                total += np.einsum("oi,ihw->ohw", taps, part)
            else:
                total += taps[:, 0, None, None] * part
        return total + bias[:, None, None]

    def separable(self, x, name, stride=1):
        x = self.conv(x, f"{name}.depthwise", stride)
        return self.conv(x, f"{name}.pointwise")

    def pair(self, x, name):
        y = np.maximum(self.separable(x, f"{name}.conv0"), 0)
        return x + self.separable(y, f"{name}.conv1")

    def upsample(self, x, name):
        kernel = self.weights[f"{name}.weight"]
        y = np.einsum("ihw,iouv->ohuwv", x, kernel)
        y = y.reshape(len(y), 2 * x.shape[1], 2 * x.shape[2])
        return y + self.weights[f"{name}.bias"][:, None, None]

    def __call__(self, x):
        x = np.maximum(self.conv(x, "conv0.conv"), 0)
        skips = []
        for stage, blocks in enumerate(pmrid_weights.BLOCKS):
            skips.append(x)
            for block in range(blocks):
                name, stride = f"enc{stage + 1}.{block}", 2 - (block > 0)
                y = np.maximum(self.separable(x, f"{name}.conv1", stride), 0)
                y = self.separable(y, f"{name}.conv2")
                if block == 0:
                    x = self.separable(x, f"{name}.proj", stride)
                x = np.maximum(x + y, 0)
        x = np.maximum(self.separable(x, "encdec"), 0)
        for stage in range(4):
            name = f"dec{stage + 1}"
            x = self.upsample(
                self.pair(x, f"{name}.decode_conv"), f"{name}.upsample"
            )
            skip = self.separable(skips[3 - stage], f"{name}.proj_conv")
            x = x + np.maximum(skip, 0)
        return self.conv(self.pair(x, "out0"), "out1.conv")


def test_the_network_is_the_published_one(weights):
    frame = np.random.default_rng(1).normal(size=(32, 48, 4))
    ours = pmrid.network(weights, 32, 48)(frame[None].astype(np.float32))[0]
    theirs = Reference(weights)(frame.transpose(2, 0, 1)).transpose(1, 2, 0)
    error = np.abs(np.asarray(ours) - theirs).max()
    assert error < 1e-4 * np.abs(theirs).max()


def test_every_published_weight_is_used(weights):
    count = sum(w.size for w in weights.values())
    assert count == 1_031_908  # Of the release.
    assert pmrid.network(weights, 32, 32).count_params() >= count


def test_its_k_sigma_makes_the_noise_that_of_iso_1600():
    factor, shift = pmrid.k_sigma(NOISE)
    # At `x`, the variance of V x' in counts is k_a V x' + s_a.
    k = pmrid.WHITE * factor * NOISE.a[0]
    anchor = 0.0005995267 * 1600 + 0.00868861
    assert k == pytest.approx(anchor)
    for x in (0.0, 0.1, 0.7):
        variance = (pmrid.WHITE * factor) ** 2 * (NOISE.a[0] * x + NOISE.b[0])
        mean = pmrid.WHITE * (factor * x + shift)
        at_anchor = anchor * mean + 7.11772e-7 * 1600**2
        at_anchor += 6.514934e-4 * 1600 + 0.11492713
        assert variance == pytest.approx(at_anchor)


def test_a_network_of_zeros_gives_its_input(tmp_path):
    np.savez(tmp_path / "zero.npz", **pmrid_weights.zeros())
    method = pmrid.method(tmp_path / "zero.npz")
    noisy = np.random.default_rng(0).random((37, 50, 4), np.float32)
    expected = classical.identity(noisy, NOISE)
    np.testing.assert_allclose(
        method.denoise(noisy, NOISE), expected, atol=1e-5
    )
    assert method.gmacs_per_mp == pytest.approx(3.74, abs=0.01)
    assert variants.get("pmrid_public")


def test_other_weights_are_refused(weights, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    with pytest.raises(InputError, match=r"Missing: .*\.weight"):
        pmrid.method(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", **{**weights, "conv0.conv.bias": np.zeros(3)})
    with pytest.raises(InputError, match=r"conv0.conv of shape"):
        pmrid.method(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="archive of numbers"):
        pmrid.method(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", x=np.array([{}], object))
    with pytest.raises(InputError, match="archive of numbers"):
        pmrid.method(tmp_path / "d.npz")
