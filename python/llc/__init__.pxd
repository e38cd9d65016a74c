# libllc's C API, for `cimport llc`. What everything means, llc.h says.
#
# Its macros that take arguments only C can use: in a module, within the quotes of cdef extern from *.

from libc.stdint cimport int32_t, intptr_t, uint8_t

cdef extern from "llc.h" nogil:
    enum:
        LLC_VERSION_MAJOR
        LLC_VERSION_MINOR
        LLC_VERSION_PATCH
    const char *LLC_VERSION_STRING

    enum:
        LLC_OK
        LLC_ERROR_NULL
        LLC_ERROR_ARGUMENT
        LLC_ERROR_SHAPE
        LLC_ERROR_DTYPE
        LLC_ERROR_MEMORY
        LLC_ERROR_CALLBACK
        LLC_ERROR_CANCELLED
        LLC_ERROR_INTERNAL

    enum:
        LLC_BOOL
        LLC_INT8
        LLC_INT16
        LLC_INT32
        LLC_INT64
        LLC_UINT8
        LLC_UINT16
        LLC_UINT32
        LLC_UINT64
        LLC_FLOAT32
        LLC_FLOAT64

    enum:
        LLC_MODE_DEFAULT
        LLC_MODE_REFLECT
        LLC_MODE_NEAREST
        LLC_MODE_MIRROR
        LLC_MODE_WRAP
        LLC_MODE_CONSTANT
        LLC_MODE_GRID_CONSTANT
        LLC_MODE_GRID_MIRROR
        LLC_MODE_GRID_WRAP

    enum:
        LLC_MAX_NDIM
        LLC_ALL_CORES
        LLC_BATCH_MAX
        LLC_LANES

    ctypedef int32_t llc_status

    ctypedef struct llc_array:
        void *data
        int32_t dtype
        int32_t ndim
        const intptr_t *shape
        const intptr_t *strides

    ctypedef struct llc_window:
        int32_t ndim
        int32_t flags
        const intptr_t *shape
        const uint8_t *footprint
        const intptr_t *origins
        const int32_t *axes

    ctypedef struct llc_batch:
        size_t struct_size
        intptr_t first
        intptr_t ndim
        const intptr_t *shape

    ctypedef int (*llc_filter_fn)(double *buffer, intptr_t filter_size, double *return_value,
                                  void *user_data) noexcept nogil
    ctypedef int (*llc_batch_fn)(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                                 const llc_batch *batch, void *user_data) noexcept nogil
    ctypedef int (*llc_progress_fn)(double fraction, void *progress_data) noexcept nogil

    ctypedef struct llc_options:
        size_t struct_size
        int32_t mode
        int32_t threads
        double cval
        const int32_t *axis_modes
        llc_progress_fn progress
        void *progress_data

    ctypedef struct llc_error:
        llc_status status
        int32_t reserved0
        intptr_t index
        intptr_t reserved[2]
        char message[256]

# Cython assigns where C initialises.
cdef extern from *:
    """
    #ifdef __cplusplus
    #define LLC_OPTIONS_VALUE (llc_options LLC_OPTIONS_INIT)
    #else
    #define LLC_OPTIONS_VALUE ((llc_options) LLC_OPTIONS_INIT)
    #endif
    """
    const llc_options LLC_OPTIONS_INIT "LLC_OPTIONS_VALUE"

# Not extern: there is nothing to link. Modules take the addresses from llc.__pyx_capi__ (_c_api.py says why).

# What a module looks for in any case, and finds in versions with the same ABI.
cdef int libllc_abi_0_1

cdef llc_status llc_generic_filter(const llc_array *input, const llc_array *output, const llc_window *window,
                                   llc_filter_fn function, void *user_data, const llc_options *options,
                                   llc_error *error) noexcept nogil
cdef llc_status llc_batch_filter(const llc_array *input, const llc_array *output, const llc_window *window,
                                 llc_batch_fn function, void *user_data, const llc_options *options,
                                 llc_error *error) noexcept nogil
cdef const char *llc_status_string(llc_status status) noexcept nogil
cdef const char *llc_version_string() noexcept nogil

cdef int llc_minimum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_maximum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_range(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_mean(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_variance(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_standard_deviation(double *buffer, intptr_t filter_size, double *return_value,
                                void *user_data) noexcept nogil
cdef int llc_median(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_median_absolute_deviation(double *buffer, intptr_t filter_size, double *return_value,
                                       void *user_data) noexcept nogil
cdef int llc_mode(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_distinct(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_rank(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_percentile(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_quantile(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_weighted_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_grey_erosion(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_grey_dilation(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_count(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_minimum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_maximum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_mean(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_variance(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_standard_deviation(double *buffer, intptr_t filter_size, double *return_value,
                                    void *user_data) noexcept nogil
cdef int llc_nan_median(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil
cdef int llc_nan_quantile(double *buffer, intptr_t filter_size, double *return_value, void *user_data) noexcept nogil

cdef llc_filter_fn llc_builtin(const char *name) noexcept nogil
cdef const char *llc_builtin_name(llc_filter_fn function) noexcept nogil
