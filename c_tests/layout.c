/*
 * The binary layout of every struct and the value of every constant, checked when this file is compiled.
 *
 * src/capi asserts the same numbers for the Rust side. Sizes are given for any machine with 4- or 8-byte pointers;
 * what depends on the alignment of double only for 8. Running the program prints the sizes and offsets.
 */

#include <stdio.h>

#include "llc.h"

#ifdef __cplusplus
#define ASSERT(condition) static_assert(condition, #condition)
#else
/* _Static_assert is C11; gcc and clang know it in C99 too, and __extension__ says that it is meant. */
#define ASSERT(condition) __extension__ _Static_assert(condition, #condition)
#endif

#define POINTER sizeof(void *)
#define LP64 (sizeof(void *) == 8)
#define FIELD_SIZE(type, field) sizeof(((type *)0)->field)

ASSERT(sizeof(intptr_t) == POINTER);
ASSERT(sizeof(size_t) == POINTER);
ASSERT(sizeof(int) == 4);
ASSERT(sizeof(float) == 4);
ASSERT(sizeof(double) == 8);
ASSERT(sizeof(llc_status) == 4);
ASSERT(sizeof(llc_filter_fn) == POINTER);
ASSERT(sizeof(llc_batch_fn) == POINTER);
ASSERT(sizeof(llc_progress_fn) == POINTER);

ASSERT(sizeof(llc_array) == 3 * POINTER + 8);
ASSERT(offsetof(llc_array, data) == 0);
ASSERT(offsetof(llc_array, dtype) == POINTER);
ASSERT(offsetof(llc_array, ndim) == POINTER + 4);
ASSERT(offsetof(llc_array, shape) == POINTER + 8);
ASSERT(offsetof(llc_array, strides) == 2 * POINTER + 8);
ASSERT(FIELD_SIZE(llc_array, data) == POINTER);
ASSERT(FIELD_SIZE(llc_array, dtype) == 4);
ASSERT(FIELD_SIZE(llc_array, ndim) == 4);
ASSERT(FIELD_SIZE(llc_array, shape[0]) == POINTER);
ASSERT(FIELD_SIZE(llc_array, strides[0]) == POINTER);

ASSERT(sizeof(llc_window) == 4 * POINTER + 8);
ASSERT(offsetof(llc_window, ndim) == 0);
ASSERT(offsetof(llc_window, flags) == 4);
ASSERT(offsetof(llc_window, shape) == 8);
ASSERT(offsetof(llc_window, footprint) == POINTER + 8);
ASSERT(offsetof(llc_window, origins) == 2 * POINTER + 8);
ASSERT(offsetof(llc_window, axes) == 3 * POINTER + 8);
ASSERT(FIELD_SIZE(llc_window, ndim) == 4);
ASSERT(FIELD_SIZE(llc_window, flags) == 4);
ASSERT(FIELD_SIZE(llc_window, shape[0]) == POINTER);
ASSERT(FIELD_SIZE(llc_window, footprint[0]) == 1);
ASSERT(FIELD_SIZE(llc_window, origins[0]) == POINTER);
ASSERT(FIELD_SIZE(llc_window, axes[0]) == 4);

ASSERT(sizeof(llc_batch) == 4 * POINTER);
ASSERT(offsetof(llc_batch, struct_size) == 0);
ASSERT(offsetof(llc_batch, first) == POINTER);
ASSERT(offsetof(llc_batch, ndim) == 2 * POINTER);
ASSERT(offsetof(llc_batch, shape) == 3 * POINTER);
ASSERT(FIELD_SIZE(llc_batch, struct_size) == POINTER);
ASSERT(FIELD_SIZE(llc_batch, shape[0]) == POINTER);

ASSERT(!LP64 || sizeof(llc_options) == 48);
ASSERT(offsetof(llc_options, struct_size) == 0);
ASSERT(offsetof(llc_options, mode) == POINTER);
ASSERT(offsetof(llc_options, threads) == POINTER + 4);
ASSERT(!LP64 || offsetof(llc_options, cval) == 16);
ASSERT(!LP64 || offsetof(llc_options, axis_modes) == 24);
ASSERT(!LP64 || offsetof(llc_options, progress) == 32);
ASSERT(!LP64 || offsetof(llc_options, progress_data) == 40);
ASSERT(offsetof(llc_options, axis_modes) == offsetof(llc_options, cval) + 8);
ASSERT(offsetof(llc_options, progress) == offsetof(llc_options, axis_modes) + POINTER);
ASSERT(offsetof(llc_options, progress_data) == offsetof(llc_options, progress) + POINTER);
ASSERT(FIELD_SIZE(llc_options, struct_size) == POINTER);
ASSERT(FIELD_SIZE(llc_options, mode) == 4);
ASSERT(FIELD_SIZE(llc_options, threads) == 4);
ASSERT(FIELD_SIZE(llc_options, cval) == 8);
ASSERT(FIELD_SIZE(llc_options, axis_modes[0]) == 4);

ASSERT(sizeof(llc_error) == 3 * POINTER + 264);
ASSERT(offsetof(llc_error, status) == 0);
ASSERT(offsetof(llc_error, reserved0) == 4);
ASSERT(offsetof(llc_error, index) == 8);
ASSERT(offsetof(llc_error, reserved) == POINTER + 8);
ASSERT(offsetof(llc_error, message) == 3 * POINTER + 8);
ASSERT(FIELD_SIZE(llc_error, status) == 4);
ASSERT(FIELD_SIZE(llc_error, reserved0) == 4);
ASSERT(FIELD_SIZE(llc_error, index) == POINTER);
ASSERT(FIELD_SIZE(llc_error, reserved) == 2 * POINTER);
ASSERT(FIELD_SIZE(llc_error, message) == 256);

struct after_char_array { char first; llc_array value; };
struct after_char_window { char first; llc_window value; };
struct after_char_batch { char first; llc_batch value; };
struct after_char_options { char first; llc_options value; };
struct after_char_error { char first; llc_error value; };
struct after_char_double { char first; double value; };

#define ALIGNMENT(type) offsetof(struct after_char_##type, value)

ASSERT(ALIGNMENT(array) == POINTER);
ASSERT(ALIGNMENT(window) == POINTER);
ASSERT(ALIGNMENT(batch) == POINTER);
ASSERT(ALIGNMENT(options) == (ALIGNMENT(double) > POINTER ? ALIGNMENT(double) : POINTER));
ASSERT(!LP64 || ALIGNMENT(options) == 8);
ASSERT(ALIGNMENT(error) == POINTER);

ASSERT(LLC_OK == 0);
ASSERT(LLC_ERROR_NULL == -1);
ASSERT(LLC_ERROR_ARGUMENT == -2);
ASSERT(LLC_ERROR_SHAPE == -3);
ASSERT(LLC_ERROR_DTYPE == -4);
ASSERT(LLC_ERROR_MEMORY == -5);
ASSERT(LLC_ERROR_CALLBACK == -6);
ASSERT(LLC_ERROR_CANCELLED == -7);
ASSERT(LLC_ERROR_INTERNAL == -8);

/* DLPack's type code in the low byte (int 0, uint 1, float 2, bool 6), bits above it. */
ASSERT(LLC_BOOL == 0x0806);
ASSERT(LLC_INT8 == 0x0800);
ASSERT(LLC_INT16 == 0x1000);
ASSERT(LLC_INT32 == 0x2000);
ASSERT(LLC_INT64 == 0x4000);
ASSERT(LLC_UINT8 == 0x0801);
ASSERT(LLC_UINT16 == 0x1001);
ASSERT(LLC_UINT32 == 0x2001);
ASSERT(LLC_UINT64 == 0x4001);
ASSERT(LLC_FLOAT32 == 0x2002);
ASSERT(LLC_FLOAT64 == 0x4002);

ASSERT(LLC_MAX_NDIM == 64);
ASSERT(LLC_BATCH_MAX == 1024);
ASSERT(LLC_LANES == 16);

ASSERT(LLC_MODE_DEFAULT == 0);
ASSERT(LLC_MODE_REFLECT == 1);
ASSERT(LLC_MODE_NEAREST == 2);
ASSERT(LLC_MODE_MIRROR == 3);
ASSERT(LLC_MODE_WRAP == 4);
ASSERT(LLC_MODE_CONSTANT == 5);
ASSERT(LLC_MODE_GRID_CONSTANT == 6);
ASSERT(LLC_MODE_GRID_MIRROR == 7);
ASSERT(LLC_MODE_GRID_WRAP == 8);

ASSERT(LLC_ALL_CORES == -1);

#if LLC_FLOAT64 != 0x4002 || LLC_ERROR_INTERNAL != -8 || LLC_ALL_CORES != -1 || LLC_MODE_WRAP != 4
#error "the preprocessor understands the constants"
#endif

/* The functions and fields have exactly these types: C++ and -Wpedantic accept no others here. */
static llc_status (*const generic_filter)(const llc_array *, const llc_array *, const llc_window *,
                                          int (*)(double *, intptr_t, double *, void *), void *, const llc_options *,
                                          llc_error *) = llc_generic_filter;
static llc_status (*const batch_filter)(const llc_array *, const llc_array *, const llc_window *,
                                        int (*)(const double *const *, intptr_t, double *, intptr_t,
                                                const llc_batch *, void *),
                                        void *, const llc_options *, llc_error *) = llc_batch_filter;
static const char *(*const status_string)(int32_t) = llc_status_string;
static const char *(*const version_string)(void) = llc_version_string;

static void field_types(llc_array *array, llc_window *window, llc_batch *batch, llc_options *options, llc_error *error)
{
    void **data = &array->data;
    int32_t *dtype = &array->dtype, *ndim = &array->ndim;
    const intptr_t **shape = &array->shape, **strides = &array->strides;
    int32_t *window_ndim = &window->ndim, *flags = &window->flags;
    const intptr_t **extents = &window->shape, **origins = &window->origins;
    const uint8_t **footprint = &window->footprint;
    const int32_t **axes = &window->axes;
    size_t *batch_size = &batch->struct_size;
    intptr_t *first = &batch->first, *batch_ndim = &batch->ndim;
    const intptr_t **batch_shape = &batch->shape;
    size_t *struct_size = &options->struct_size;
    int32_t *mode = &options->mode, *threads = &options->threads;
    double *cval = &options->cval;
    const int32_t **axis_modes = &options->axis_modes;
    int (**progress)(double, void *) = &options->progress;
    void **progress_data = &options->progress_data;
    int32_t *status = &error->status, *reserved0 = &error->reserved0;
    intptr_t *index = &error->index, *reserved = error->reserved;
    char *message = error->message;

    (void)data, (void)dtype, (void)ndim, (void)shape, (void)strides;
    (void)window_ndim, (void)flags, (void)extents, (void)origins, (void)footprint, (void)axes;
    (void)batch_size, (void)first, (void)batch_ndim, (void)batch_shape;
    (void)struct_size, (void)mode, (void)threads, (void)cval, (void)axis_modes, (void)progress, (void)progress_data;
    (void)status, (void)reserved0, (void)index, (void)reserved, (void)message;
}

#define PRINT(name, value) printf("%s %d\n", name, (int)(value))
#define PRINT_SIZE(type) \
    (PRINT("sizeof(llc_" #type ")", sizeof(llc_##type)), PRINT("alignof(llc_" #type ")", ALIGNMENT(type)))
#define PRINT_OFFSET(type, field) PRINT("offsetof(" #type ", " #field ")", offsetof(type, field))

int main(void)
{
    llc_array array;
    llc_window window;
    llc_batch batch;
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;

    field_types(&array, &window, &batch, &options, &error);
    (void)generic_filter, (void)batch_filter, (void)status_string, (void)version_string;

    PRINT_SIZE(array);
    PRINT_OFFSET(llc_array, data);
    PRINT_OFFSET(llc_array, dtype);
    PRINT_OFFSET(llc_array, ndim);
    PRINT_OFFSET(llc_array, shape);
    PRINT_OFFSET(llc_array, strides);

    PRINT_SIZE(window);
    PRINT_OFFSET(llc_window, ndim);
    PRINT_OFFSET(llc_window, flags);
    PRINT_OFFSET(llc_window, shape);
    PRINT_OFFSET(llc_window, footprint);
    PRINT_OFFSET(llc_window, origins);
    PRINT_OFFSET(llc_window, axes);

    PRINT_SIZE(batch);
    PRINT_OFFSET(llc_batch, struct_size);
    PRINT_OFFSET(llc_batch, first);
    PRINT_OFFSET(llc_batch, ndim);
    PRINT_OFFSET(llc_batch, shape);

    PRINT_SIZE(options);
    PRINT_OFFSET(llc_options, struct_size);
    PRINT_OFFSET(llc_options, mode);
    PRINT_OFFSET(llc_options, threads);
    PRINT_OFFSET(llc_options, cval);
    PRINT_OFFSET(llc_options, axis_modes);
    PRINT_OFFSET(llc_options, progress);
    PRINT_OFFSET(llc_options, progress_data);

    PRINT_SIZE(error);
    PRINT_OFFSET(llc_error, status);
    PRINT_OFFSET(llc_error, reserved0);
    PRINT_OFFSET(llc_error, index);
    PRINT_OFFSET(llc_error, reserved);
    PRINT_OFFSET(llc_error, message);

    return 0;
}
