/*
 * Reads the reference cases that tests/reference/make.py made with SciPy; it describes the file. C99 and C++11, for
 * little-endian machines.
 *
 *     reference_file file = reference_open(path);
 *     reference_case test;
 *     while (reference_next(&file, &test))
 *         ...
 *     reference_close(&file);
 */

#ifndef LLC_TESTS_REFERENCE_H
#define LLC_TESTS_REFERENCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "llc.h"

enum { REFERENCE_MAX_NDIM = 8 };

/* The arguments of a call and what comes out. The arrays have no data yet; all else is ready to be passed on. Points
   into itself, so it cannot be copied. */
typedef struct reference_case {
    const char *name;
    llc_array input, output;
    llc_window window;
    llc_options options;
    llc_filter_fn function;
    intptr_t user_data;

    /* The input's memory, NULL if it has no elements, and where in it element [0, ..., 0] is. */
    const unsigned char *memory;
    size_t memory_size, input_offset;
    /* The output's memory: where in the input's, if shared, else in one of that size. */
    int shared;
    size_t output_size, output_offset;
    /* The elements of the output in C order. */
    const unsigned char *expected;
    intptr_t count;
    size_t element_size;
    /* The output's strides also if it has none. */
    intptr_t output_strides[REFERENCE_MAX_NDIM];

    char text[64];
    intptr_t shape[REFERENCE_MAX_NDIM], input_strides[REFERENCE_MAX_NDIM];
    intptr_t window_shape[REFERENCE_MAX_NDIM], origins[REFERENCE_MAX_NDIM];
    int32_t axes[REFERENCE_MAX_NDIM], axis_modes[REFERENCE_MAX_NDIM];
} reference_case;

typedef struct reference_file {
    unsigned char *bytes;
    size_t size, at;
    int64_t left;
    /* What is wrong with the file, NULL if nothing is. */
    const char *wrong;
} reference_file;

static inline int64_t reference_int(reference_file *file)
{
    int64_t value = -1;
    if (file->wrong == NULL && file->size - file->at < sizeof value)
        file->wrong = "it ends too early";
    if (file->wrong != NULL)
        return -1;
    memcpy(&value, file->bytes + file->at, sizeof value);
    file->at += sizeof value;
    return value;
}

static inline double reference_float(reference_file *file)
{
    int64_t bits = reference_int(file);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* NULL and size 0 for none. */
static inline const unsigned char *reference_bytes(reference_file *file, size_t *size)
{
    int64_t stored = reference_int(file);
    *size = 0;
    if (stored < 0)
        return NULL;
    size_t padded = ((size_t)stored + 7) / 8 * 8;
    if (file->size - file->at < padded) {
        file->wrong = "it ends too early";
        return NULL;
    }
    const unsigned char *bytes = file->bytes + file->at;
    file->at += padded;
    *size = (size_t)stored;
    return bytes;
}

/* Returns items, or NULL for none. */
static inline const intptr_t *reference_ints(reference_file *file, intptr_t *items, int32_t *count)
{
    int64_t stored = reference_int(file);
    *count = 0;
    if (stored > REFERENCE_MAX_NDIM)
        file->wrong = "a list is too long";
    if (stored < 0 || file->wrong != NULL)
        return NULL;
    for (; *count < stored; ++*count)
        items[*count] = (intptr_t)reference_int(file);
    return items;
}

static inline const int32_t *reference_int32s(reference_file *file, int32_t *items)
{
    intptr_t wide[REFERENCE_MAX_NDIM];
    int32_t count;
    if (reference_ints(file, wide, &count) == NULL)
        return NULL;
    for (int32_t i = 0; i < count; i++)
        items[i] = (int32_t)wide[i];
    return items;
}

/* Opens the file and reads its head. file.wrong tells whether that worked. */
static inline reference_file reference_open(const char *path)
{
    reference_file file = { NULL, 0, 0, 0, NULL };
    FILE *stream = fopen(path, "rb");
    long size = -1;
    if (stream != NULL && fseek(stream, 0, SEEK_END) == 0 && (size = ftell(stream)) > 0) {
        rewind(stream);
        file.bytes = (unsigned char *)malloc((size_t)size);
        if (file.bytes != NULL)
            file.size = fread(file.bytes, 1, (size_t)size, stream);
    }
    if (stream != NULL)
        fclose(stream);
    if (file.size < 8 || memcmp(file.bytes, "llc-ref1", 8) != 0) {
        file.wrong = "it cannot be read, or is no file of reference cases";
        return file;
    }
    file.at = 8;
    file.left = reference_int(&file);
    return file;
}

/* Returns 0 at the end, or if the file is wrong. */
static inline int reference_next(reference_file *file, reference_case *test)
{
    static const llc_filter_fn functions[] = { pixel_minimum,  pixel_sum,     pixel_rank,
                                               pixel_weighted, pixel_divided, pixel_silent };
    static const llc_options defaults = LLC_OPTIONS_INIT;
    size_t size;
    int32_t count;

    if (file->wrong != NULL || file->left-- <= 0)
        return 0;
    memset(test, 0, sizeof *test);

    const unsigned char *name = reference_bytes(file, &size);
    if (name != NULL && size < sizeof test->text)
        memcpy(test->text, name, size);
    test->name = test->text;
    uint64_t function = (uint64_t)reference_int(file);
    if (function < sizeof functions / sizeof *functions)
        test->function = functions[function];
    else if (file->wrong == NULL)
        file->wrong = "it has an unknown callback";
    test->user_data = (intptr_t)reference_int(file);

    test->options = defaults;
    test->options.mode = (int32_t)reference_int(file);
    test->options.cval = reference_float(file);
    test->options.axis_modes = reference_int32s(file, test->axis_modes);

    test->input.dtype = (int32_t)reference_int(file);
    test->input.shape = reference_ints(file, test->shape, &test->input.ndim);
    test->input.strides = reference_ints(file, test->input_strides, &count);
    test->memory = reference_bytes(file, &test->memory_size);
    test->input_offset = (size_t)reference_int(file);

    test->output.dtype = (int32_t)reference_int(file);
    test->output.ndim = test->input.ndim;
    test->output.shape = test->input.shape;
    test->output.strides = reference_ints(file, test->output_strides, &count);
    int64_t output_size = reference_int(file);
    test->shared = output_size < 0;
    test->output_size = test->shared ? test->memory_size : (size_t)output_size;
    test->output_offset = (size_t)reference_int(file);

    test->window.shape = reference_ints(file, test->window_shape, &test->window.ndim);
    test->window.footprint = reference_bytes(file, &size);
    test->window.origins = reference_ints(file, test->origins, &count);
    test->window.axes = reference_int32s(file, test->axes);
    test->expected = reference_bytes(file, &size);
    if (file->wrong != NULL)
        return 0;

    /* The bits of a dtype are above its low byte. */
    test->element_size = (size_t)(test->output.dtype >> 8) / 8;
    intptr_t step = (intptr_t)test->element_size;
    test->count = 1;
    for (int32_t axis = test->output.ndim - 1; axis >= 0; axis--) {
        if (test->output.strides == NULL)
            test->output_strides[axis] = step * test->count;
        test->count *= test->shape[axis];
    }
    if (size != (size_t)test->count * test->element_size)
        file->wrong = "the number of expected elements is not the output's";
    return file->wrong == NULL;
}

static inline void reference_close(reference_file *file)
{
    free(file->bytes);
    file->bytes = NULL;
}

#endif
