"""Filters a picture that need not fit into memory, block by block: a mosaic of a photograph, 16384 x 16384 elements.

    python python/examples/large_mosaic.py [--tiles N] [PATH]

writes a small picture of the local standard deviation: bright where the photograph has detail. It needs
`pip install 'libllc[numba,dask]' matplotlib`.
"""

import argparse
from pathlib import Path

import dask.array as da
import numpy as np
from dask.diagnostics import ProgressBar
from matplotlib import image as pictures

import llc

PHOTOGRAPH = Path(__file__).resolve().parents[2] / "examples/data/camera.png"


@llc.jit_filter_function
def deviation(values):
    mean = 0.0
    for v in values:
        mean += v
    mean /= len(values)
    squares = 0.0
    for v in values:
        squares += (v - mean) ** 2
    return np.sqrt(squares / len(values))


parser = argparse.ArgumentParser()
parser.add_argument("path", nargs="?", default="large_mosaic.png")
parser.add_argument("--tiles", type=int, default=16, help="how many tiles of 1024 x 1024 along each axis")
options = parser.parse_args()

# Mirrored, the photograph fits itself on all sides.
tile = np.pad(pictures.imread(PHOTOGRAPH), ((0, 512), (0, 512)), "symmetric")
mosaic = da.tile(da.from_array(tile), (options.tiles, options.tiles))
# Nothing is computed yet. At the borders of tiles, windows see the neighbours' elements.
filtered = llc.generic_filter(mosaic, deviation, size=5)
small = da.coarsen(np.mean, filtered, {0: options.tiles, 1: options.tiles})
with ProgressBar():
    pictures.imsave(options.path, small.compute(), cmap="gray")
print(f"{mosaic.shape[0]} x {mosaic.shape[1]} elements, {mosaic.nbytes / 1e9:.1f} GB: {options.path}")
