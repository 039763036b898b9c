"""Classical denoisers of packed RAW, to measure networks against.

Each takes a noisy frame and its noise and gives the denoised frame, like a
network does:

    noisy [h, w, 4], NoiseParams  ->  denoised [h, w, 4]

All but `identity` work where the noise has unit variance, so that one setting
serves every brightness:

    z = anscombe(noisy)  ->  filter  ->  inverse that is unbiased for this noise

The algebraic inverse of the Anscombe transform is too dark, since the mean of a
square root is not the root of the mean, and too bright near black, where the
sensor clips (Makitalo and Foi 2011; Foi 2009). `unbiased_inverse` inverts
`x -> E[anscombe(clip(x + noise))]` itself, by table.

References: Anscombe 1948; Buades et al. 2005 (non-local means); Dabov et al.
2007 (BM3D); Stein 1981 (unbiased risk estimate).
"""

import functools

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.raw import ksigma
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams

# Deviations of the Gaussian filter to choose from, in packed pixels.
_SIGMAS = (0.0, *np.geomspace(0.25, 8.0, 21))


@functools.lru_cache(maxsize=64)
def _mean_table(a: float, b: float):
    """Returns clean values `x` and the means of `anscombe(noisy)` at them."""
    # Evenly spaced in the root, as the transform is; past 1 the clipping at
    # white still tells 1.0 from 1.1, but no scene holds more than 1.
    x = np.linspace(0.0, 1.0, 2049)[:, None, None, None] ** 2
    noise = NoiseParams(np.array([a]), np.array([b]))
    normal = np.linspace(-6.0, 6.0, 241)
    weights = np.exp(-0.5 * normal**2)
    noisy = noise_lib.add_noise(x, noise, normal[None, :, None, None])
    z = ksigma.anscombe(noisy, *ksigma.scale_offset(noise))
    mean = np.einsum("xn,n->x", z[:, :, 0, 0], weights / weights.sum())
    return x.ravel(), np.maximum.accumulate(mean)


def stabilise(noisy, noise: NoiseParams):
    """Maps `[h, w, 4]` to the domain of unit variance, float32."""
    z = ksigma.anscombe(noisy[None], *ksigma.scale_offset(noise))
    return np.ascontiguousarray(z[0], dtype=np.float32)


def unbiased_inverse(z, noise: NoiseParams):
    """Maps a filtered `[h, w, 4]` back: the `x` whose mean stands at `z`."""
    a, b = noise.pair()
    x, mean = _mean_table(a, b)
    return np.interp(z, mean, x).astype(np.float32)


def identity(noisy, noise: NoiseParams):
    """Returns its input: the row "Input" of the paper's tables."""
    del noise
    return noisy


def _blur(plane, sigma: float):
    """Returns the filtered plane and the filter's centre weight."""
    if sigma == 0.0:
        return plane, 1.0
    radius = int(np.ceil(4.0 * sigma))
    kernel = cv2.getGaussianKernel(2 * radius + 1, sigma, cv2.CV_32F)
    blurred = cv2.sepFilter2D(
        plane, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT_101
    )
    return blurred, float(kernel[radius, 0]) ** 2


def gaussian(noisy, noise: NoiseParams):
    """Gaussian filter of each plane, its width chosen for each frame.

    The width is the one of least estimated risk in RAW units. For a linear
    filter with centre weight `c` Stein's estimate of the squared error is
    `(filtered - z)^2 - 1 + 2c`: it needs no clean frame, and gives the filter
    the best strength at each gain and in each picture.
    """
    z = stabilise(noisy, noise)
    planes = []
    for plane in np.moveaxis(z, -1, 0):
        plane = np.ascontiguousarray(plane)
        weight = _blur(plane, 2.0)[0] ** 2  # (dx/dz)^2, up to a factor.
        weight /= weight.mean()
        risks = []
        for sigma in _SIGMAS:
            blurred, centre = _blur(plane, sigma)
            risk = (blurred - plane) ** 2 - 1.0 + 2.0 * centre
            risks.append(np.mean(weight * risk))
        planes.append(_blur(plane, _SIGMAS[int(np.argmin(risks))])[0])
    return unbiased_inverse(np.stack(planes, axis=-1), noise)


def non_local_means(noisy, noise: NoiseParams):
    """Non-local means of the four planes together.

    One weight for all planes, from 3 x 3 x 4 patches in a 13 x 13 window, with
    the noise's share taken off the patch distance (scikit-image's
    `denoise_nl_means(sigma=1)`) and `h = 0.5`. Chosen on photographs apart from
    any test set: at gains 1 to 64 it is within 0.13 dB of the best of 3 to 7
    pixel patches, 13 and 21 pixel windows and `h` of 0.2 to 1.3, and 0.2 to 0.6
    dB better than the best setting of each plane by itself.
    """
    from skimage import restoration  # Slow to import, and not in the base.

    z = stabilise(noisy, noise)
    filtered = restoration.denoise_nl_means(
        z,
        patch_size=3,
        patch_distance=6,
        h=0.5,
        sigma=1.0,
        fast_mode=True,
        channel_axis=-1,
    )
    return unbiased_inverse(filtered, noise)


# Luma and three differences of R, Gr, Gb, B; orthonormal, so that each has
# noise of unit variance too. The match of patches is done on luma.
_OPPONENT = np.array(
    [
        [0.5, 0.5, 0.5, 0.5],
        [0.5, -0.5, -0.5, 0.5],
        [0.5**0.5, 0.0, 0.0, -(0.5**0.5)],
        [0.0, 0.5**0.5, -(0.5**0.5), 0.0],
    ]
)


def require_bm3d():
    """Returns the package `bm3d`, or says how to install it."""
    try:
        import bm3d as package
    except ImportError as error:
        raise InputError(
            "The method bm3d needs the optional package of that name "
            "(pip install '.[bm3d]' in a clone; its licence allows "
            f"non-commercial use only). Received: {error}"
        ) from error
    return package


def bm3d(noisy, noise: NoiseParams):
    """BM3D with the authors' package, which is an extra."""
    package = require_bm3d()
    z = stabilise(noisy, noise).astype(np.float64)
    filtered = package.bm3d(z @ _OPPONENT.T, 1.0) @ _OPPONENT
    return unbiased_inverse(filtered, noise)
