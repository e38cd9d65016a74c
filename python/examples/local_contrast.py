"""Evens out light and contrast: each value becomes its distance from the mean around it, in standard deviations.

    python python/examples/local_contrast.py [PATH]

It needs `pip install 'libllc[numba,tqdm]' matplotlib`.
"""

import sys

import llc
import numpy as np
from pictures import photograph, save


@llc.jit_filter_function
def normalised(values, epsilon):
    """(v - mean) / (deviation + epsilon) of the middle one. `epsilon` keeps flat areas from being all noise."""
    mean = 0.0
    for v in values:
        mean += v
    mean /= len(values)
    squares = 0.0
    for v in values:
        squares += (v - mean) ** 2
    return (values[len(values) // 2] - mean) / (np.sqrt(squares / len(values)) + epsilon)


path = sys.argv[1] if len(sys.argv) > 1 else "local_contrast.png"
picture = photograph()
# Extra arguments are numbers and arrays; others of the same types need no new compilation. The photograph is of bytes:
# without `output` the result would be too.
result = llc.generic_filter(picture, normalised, size=31, output=np.float32, extra_arguments=(8.0,), progress=True)
save(path, ("a photograph", picture), ("normalised, 31 x 31", result))
