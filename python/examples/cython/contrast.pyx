# cython: language_level=3, boundscheck=False, wraparound=False
"""Local contrast: a callback, for SciPy's filter and llc's, and a function that hands it to the C library itself."""

from libc.stdint cimport intptr_t
from llc cimport (
    LLC_ALL_CORES, LLC_FLOAT64, LLC_OK, LLC_OPTIONS_INIT, llc_array, llc_error, llc_generic_filter, llc_options,
    llc_status, llc_window,
)

import numpy as np


# `api` is what LowLevelCallable.from_cython finds it by.
cdef api int contrast(double *values, intptr_t n, double *result, void *user_data) noexcept nogil:
    """The largest value less the smallest; 0 up to the threshold that user_data may point to."""
    cdef double low = values[0], high = values[0]
    cdef intptr_t k
    for k in range(1, n):
        low = min(low, values[k])
        high = max(high, values[k])
    result[0] = high - low
    if user_data and result[0] <= (<double *>user_data)[0]:
        result[0] = 0
    return 1


def local_contrast(const double[:, :] image, double threshold=0, int threads=LLC_ALL_CORES):
    """The contrast of the 3 x 3 elements around each element of an image; 0 up to a threshold."""
    cdef double[:, :] output = np.empty((image.shape[0], image.shape[1]))
    cdef intptr_t[2] extents = [3, 3]
    # Memoryviews have what the library wants to know of an array: any strides will do.
    cdef llc_array source = llc_array(
        <void *>&image[0, 0], LLC_FLOAT64, 2, <intptr_t *>image.shape, <intptr_t *>image.strides)
    cdef llc_array target = llc_array(
        &output[0, 0], LLC_FLOAT64, 2, <intptr_t *>output.shape, <intptr_t *>output.strides)
    cdef llc_window window = llc_window(2, 0, &extents[0], NULL, NULL, NULL)
    cdef llc_options options = LLC_OPTIONS_INIT
    cdef llc_error error
    cdef llc_status status
    options.threads = threads
    with nogil:
        status = llc_generic_filter(&source, &target, &window, contrast, &threshold, &options, &error)
    if status != LLC_OK:
        raise RuntimeError(error.message.decode())
    return np.asarray(output)
