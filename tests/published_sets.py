"""Published data sets for tests: small files of the real formats."""

import h5py
import numpy as np
import raw_files
import scipy.io

from fanet_tf.raw import cfa


def write_mat73(path, **arrays):
    """Writes version 7.3 as MATLAB does: HDF5, columns first, a user block."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(
                name, data=np.asarray(array).T, chunks=True, compression="gzip"
            )


def tag_struct(**tags):
    """A MATLAB struct array of "UnknownTags"."""
    dtype = [("ID", object), ("Offset", object), ("Value", object)]
    array = np.empty((len(tags), 1), dtype)
    for i, (number, value) in enumerate(tags.items()):
        array[i, 0] = (int(number[1:]), 0, np.atleast_2d(value))
    return array


# R, G and B are 0, 1 and 2; two cells a row.
CODES = {p: ["RGB".index(c) for c in p] for p in cfa.PATTERNS}


def make_sidd(folder, pattern="BGGR", in_sub_ifd=False, frames=("010",)):
    """Writes one scene of SIDD; returns its noisy and clean mosaics."""
    rng = np.random.default_rng(3)
    scene = folder / "Data" / "0042_001_S6_00800_00350_3200_N"
    scene.mkdir(parents=True)
    mosaics = {}
    for frame in frames:
        clean = rng.random((24, 32), dtype=np.float32)
        noisy = np.clip(clean + 0.05, 0, 1)
        mosaics[frame] = noisy, clean
        for kind, array in (("NOISY", noisy), ("GT", clean)):
            write_mat73(scene / f"0042_{kind}_RAW_{frame}.MAT", x=array)
        own = {"t50706": [1, 4, 0, 0], "t51041": [2e-3, 1e-5, 3e-3, 2e-5] * 2}
        first = {"t33421": [2, 2], "t33422": CODES[pattern]}
        metadata = {
            "Model": "SM-G920",
            "AsShotNeutral": [0.5, 1.0, 0.625],
            "ColorMatrix2": np.eye(3).ravel() + 0.1,
        }
        if in_sub_ifd:
            sub = np.empty((1, 1), object)
            sub[0, 0] = {"UnknownTags": tag_struct(**first)}
            metadata |= {"SubIFDs": sub, "UnknownTags": tag_struct(**own)}
        else:
            metadata["UnknownTags"] = tag_struct(**(first | own))
        scipy.io.savemat(
            scene / f"0042_METADATA_RAW_{frame}.MAT", {"metadata": metadata}
        )
    return mosaics


def make_sid(folder):
    """Writes lists and files of See-in-the-Dark; DNG bytes named .ARW."""
    for kind in ("long", "short"):
        (folder / "Sony" / kind).mkdir(parents=True)
    lines = []
    for scene in ("00001", "00002"):
        long = f"./Sony/long/{scene}_00_10s.ARW"
        raw_files.camera_dng(folder / long, noise=None)
        for short in ("0.04s", "0.1s"):
            lines.append(
                f"./Sony/short/{scene}_00_{short}.ARW {long} ISO200 F8"
            )
    (folder / "Sony_train_list.txt").write_text("\n".join(lines) + "\n")


DND_BOXES = np.array([[1, 1, 12, 16], [5, 9, 16, 24], [3, 7, 14, 22]])
DND_PATTERNS = ("RGGB", "GRBG", "BGGR")


def make_dnd(folder):
    """Writes three frames of 24 x 32, three boxes each; returns mosaics."""
    rng = np.random.default_rng(1)
    (folder / "images_raw").mkdir(parents=True)
    frames = []
    references = h5py.special_dtype(ref=h5py.Reference)
    with h5py.File(folder / "info.mat", "w", userblock_size=512) as file:
        info, store = file.create_group("info"), file.create_group("#refs#")
        cells = {
            name: info.create_dataset(name, (1, 3), dtype=references)
            for name in ("boundingboxes", "camera", "nlf")
        }
        for i, pattern in enumerate(DND_PATTERNS):
            noisy = rng.random((24, 32), dtype=np.float32)
            frames.append(noisy)
            write_mat73(folder / f"images_raw/{i + 1:04d}.mat", Inoisy=noisy)
            boxes = store.create_dataset(
                f"b{i}", data=DND_BOXES.T.astype(float)
            )
            camera = store.create_group(f"c{i}")
            codes = ["?RGB".index(c) for c in pattern]
            camera["pattern"] = np.reshape(codes, (2, 2)).astype(float)
            nlf = store.create_group(f"n{i}")
            nlf["a"], nlf["b"] = [[1e-3 * (i + 1)]], [[1e-5]]
            cells["boundingboxes"][0, i] = boxes.ref
            cells["camera"][0, i] = camera.ref
            cells["nlf"][0, i] = nlf.ref
    return frames
