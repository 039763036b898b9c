"""The halo that PMRID's published weights need, by the rule of the export.

The halo of an exported member is measured, not read off its layers
(`export.contract.halo`). This measures PMRID's on the same kind of tiles, noise
and photographs, so that the megapixels which are kept of a tile compare: the
smallest halo whose largest error and seams are within the tolerance. It is one
network for all gains, so the largest over the gains counts.

Example:

    python benchmarks/peer_halo.py --pmrid=pmrid.npz --photographs=photos
"""

from absl import app
from absl import flags

from export.contract import halo
from export.contract import quality
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import evaluation_sets
from fanet_tf.denoising import bundle
from fanet_tf.peers import pmrid

_PMRID = flags.DEFINE_string("pmrid", None, "Its weights.", required=True)
_PHOTOGRAPHS = flags.DEFINE_string(
    "photographs", "held_back", "Folder, or held_back."
)
_LIMIT = flags.DEFINE_integer("limit", 24, "Takes the first N photographs.")
_GAINS = flags.DEFINE_list("gains", [1, 2, 4, 8, 16, 32, 64], "Sensor gains.")
_TILE = flags.DEFINE_integer("tile", 384, "Packed pixels, a side.")
_TOLERANCE = flags.DEFINE_float(
    "tolerance", halo.TOLERANCE, "Largest error, in deviations of the noise."
)

_PROFILE = "imx258"
_STRIDE = 16  # Packed pixels of its coarsest level.
_TILES = (256, 384, 512, 640)


def main(argv):
    """Prints the errors of each halo and gain, then the halos."""
    del argv
    profile = profile_lib.load(_PROFILE)
    photographs = evaluation_sets.clean_scenes(
        _PHOTOGRAPHS.value, camera.get(_PROFILE), _LIMIT.value
    )
    gains = tuple(map(float, _GAINS.value))
    gate = quality.Gate(photographs, profile, gains, "signed")
    method = pmrid.method(_PMRID.value)
    size = (_TILE.value, _TILE.value)
    # No halo that a quarter of the tile cannot show is measured.
    exact = _TILE.value // 4
    tables = []
    print("| gain | halo | largest error | seam |\n| --- | --- | --- | --- |")
    for gain in gains:
        noise, a = profile.noise(gain), float(profile.a(gain))

        def run(inputs, noise=noise):
            return method.denoise(inputs["noisy"][0], noise)[None]

        frames = gate.frames((a, a), *size)
        tables.append(halo.measure(run, frames, _STRIDE, exact))
        for row in tables[-1]:
            print(
                f"| {gain:g} | {row.halo} | {row.largest:.3f} "
                f"| {row.seam:.4f} |",
                flush=True,
            )
    for gain, table in zip(gains, tables, strict=True):
        needed = halo.choose([table], _TOLERANCE.value, exact)
        print(f"PMRID, gain {gain:g}: {needed}")
    needed = halo.choose(tables, _TOLERANCE.value, exact)
    print(f"PMRID, all gains: {needed}, keeps {_kept(needed)}")
    ours = bundle.load(None).members[0].tile.halo
    print(f"shipped array: {ours}, keeps {_kept(ours)}")


def _kept(pixels):
    shares = (max(tile - 2 * pixels, 0) ** 2 / tile**2 for tile in _TILES)
    return ", ".join(
        f"{share:.2f} of {tile}"
        for tile, share in zip(_TILES, shares, strict=True)
    )


if __name__ == "__main__":
    app.run(main)
