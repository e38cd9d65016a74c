"""Takes noise away: with a built-in function, and with one of your own that knows what the noise looks like.

    python python/examples/denoise.py [PATH]

The latter keeps more, and copes with more noise. It needs `pip install 'libllc[numba]' matplotlib`.
"""

import sys

import llc
import numpy as np
from pictures import photograph, save


@llc.jit_filter_function
def mend(values):
    """The middle one of the values. If it is black or white, the mean of those that are neither, if there are any."""
    middle = values[len(values) // 2]
    total = count = 0.0
    for v in values:
        if 0 < v < 255:
            total += v
            count += 1
    return middle if 0 < middle < 255 or count == 0 else total / count


path = sys.argv[1] if len(sys.argv) > 1 else "denoise.png"
part = photograph()[40:260, 120:340]
random = np.random.default_rng(0)
stack = np.stack([part, part])
for picture, share in zip(stack, (0.1, 0.5)):
    is_noise = random.random(part.shape) < share
    picture[is_noise] = random.choice([0, 255], is_noise.sum())

# Windows extend along the last two axes only: each picture of the stack is filtered by itself.
medians = llc.generic_filter(stack, "median", size=3, axes=(1, 2))
mended = llc.generic_filter(stack, mend, size=3, axes=(1, 2))
save(path, ("noise in every tenth pixel", stack[0]), ("llc.median, 3 x 3", medians[0]), ("mend, 3 x 3", mended[0]),
     ("in every other pixel", stack[1]), ("llc.median, 3 x 3", medians[1]), ("mend, 3 x 3", mended[1]), rows=2)
