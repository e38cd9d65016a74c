"""Smooths a picture and keeps its edges: Kuwahara's filter, which SciPy doesn't have, written as a function.

    python python/examples/custom_edge_filter.py [PATH]

It needs `pip install 'libllc[scipy,numba]' matplotlib`.
"""

import sys
import time

import llc
import numpy as np
from pictures import photograph, save
from scipy import ndimage as ndi


@llc.jit_filter_function
def kuwahara(values):
    """Of 7 x 7 values, the mean of that quarter, 4 x 4, which varies least."""
    result = least = np.inf
    for top in (0, 3):
        for left in (0, 3):
            total = squares = 0.0
            for y in range(top, top + 4):
                for x in range(left, left + 4):
                    total += values[7 * y + x]
                    squares += values[7 * y + x] ** 2
            variance = squares / 16 - (total / 16) ** 2
            if variance < least:
                least, result = variance, total / 16
    return result


def milliseconds(generic_filter):
    generic_filter(picture, kuwahara, size=7)  # In llc the first call for a size compiles the function for it.
    start = time.perf_counter()
    generic_filter(picture, kuwahara, size=7)
    return 1000 * (time.perf_counter() - start)


path = sys.argv[1] if len(sys.argv) > 1 else "custom_edge_filter.png"
picture = photograph()
print(f"llc: {milliseconds(llc.generic_filter):.1f} ms, SciPy: {milliseconds(ndi.generic_filter):.1f} ms")
save(path, ("a photograph", picture), ("Kuwahara, 7 x 7", llc.generic_filter(picture, kuwahara, size=7)))
