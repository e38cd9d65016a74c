"""Filters a picture that need not fit into memory, block by block: a mosaic of a photograph, 16384 x 16384 elements.

    python python/examples/large_mosaic.py [--tiles N] [PATH]

It needs `pip install 'libllc[numba,dask]' matplotlib`.
"""

import argparse

import dask.array as da
import llc
import numpy as np
from dask.diagnostics import ProgressBar
from pictures import photograph, save


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
parser.add_argument("--tiles", type=int, default=16, help="how many tiles of 1024 x 1024 along each axis, at least 2")
options = parser.parse_args()

# Mirrored, the photograph fits itself on all sides.
tile = np.pad(photograph().astype(np.float32), ((0, 512), (0, 512)), "symmetric")
mosaic = da.tile(da.from_array(tile), (options.tiles, options.tiles))
# Nothing is computed yet. At the borders of tiles, windows see the neighbours' elements.
filtered = llc.generic_filter(mosaic, deviation, size=5)
print(f"{mosaic.shape[0]} x {mosaic.shape[1]} elements, {mosaic.nbytes / 1e9:.1f} GB")
small = [da.coarsen(np.mean, array, {0: 2 * options.tiles, 1: 2 * options.tiles}) for array in (mosaic, filtered)]
with ProgressBar():
    before, after, detail = da.compute(*small, filtered[768:1280, 768:1280])
save(options.path, ("a mosaic, in small", before), ("its standard deviation, 5 x 5", after),
     ("a detail: four blocks meet", detail))
