"""Turns a picture around a point: a function of coordinates, compiled for `scipy.ndimage.geometric_transform`.

    python python/examples/swirl.py [PATH]

It needs `pip install 'libllc[scipy,numba]' matplotlib`.
"""

import sys

import llc
import numpy as np
from pictures import photograph, save
from scipy import ndimage as ndi


@llc.jit_geometric_function
def swirl(output, input, y, x, angle, radius):
    """Where an element of the output comes from: turned by `angle` at the point, by nothing far from it."""
    dy, dx = output[0] - y, output[1] - x
    turned = angle * np.exp(-(dy * dy + dx * dx) / radius**2)
    sine, cosine = np.sin(turned), np.cos(turned)
    input[0] = y + cosine * dy - sine * dx
    input[1] = x + sine * dy + cosine * dx


path = sys.argv[1] if len(sys.argv) > 1 else "swirl.png"
picture = photograph()
# SciPy hands compiled functions no arguments: they are bound to it.
result = ndi.geometric_transform(picture, swirl.bind(150.0, 200.0, 4.0, 120.0), order=1, mode="nearest")
save(path, ("a photograph", picture), ("swirled", result))
