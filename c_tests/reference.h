/*
 * Reads the reference cases that tests/reference/make.py made with SciPy; it describes the file. Runs them, in whatever
 * ways a program has. C99 and C++11, for little-endian machines.
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

/* A copy of the bytes, or size bytes of 0xA5; NULL for none. Exactly as large as asked for, so that tools notice who
   reads or writes beyond it. */
static inline unsigned char *reference_memory(const unsigned char *bytes, size_t size)
{
    if (size == 0)
        return NULL;
    unsigned char *memory = (unsigned char *)malloc(size);
    if (memory == NULL) {
        fprintf(stderr, "reference: out of memory\n");
        exit(1);
    }
    if (bytes != NULL)
        memcpy(memory, bytes, size);
    else
        memset(memory, 0xA5, size);
    return memory;
}

/* The output element with that index in C order. */
static inline unsigned char *reference_element(const reference_case *test, unsigned char *memory, intptr_t index)
{
    intptr_t offset = (intptr_t)test->output_offset;
    for (int32_t axis = test->output.ndim - 1; axis >= 0; axis--) {
        offset += index % test->shape[axis] * test->output_strides[axis];
        index /= test->shape[axis];
    }
    return memory + offset;
}

static inline int reference_is_nan(const unsigned char *bytes, int32_t dtype)
{
    float single = 0;
    double number = 0;
    if (dtype == LLC_FLOAT32)
        memcpy(&single, bytes, sizeof single);
    if (dtype == LLC_FLOAT64)
        memcpy(&number, bytes, sizeof number);
    return single != single || number != number;
}

static inline void reference_print(const unsigned char *bytes, int32_t dtype)
{
#define PRINT(ctype, format, printed)           \
    {                                           \
        ctype value;                            \
        memcpy(&value, bytes, sizeof value);    \
        fprintf(stderr, format, (printed)value); \
        break;                                  \
    }
    switch (dtype) {
    case LLC_INT8: PRINT(int8_t, "%lld", long long)
    case LLC_INT16: PRINT(int16_t, "%lld", long long)
    case LLC_INT32: PRINT(int32_t, "%lld", long long)
    case LLC_INT64: PRINT(int64_t, "%lld", long long)
    case LLC_UINT16: PRINT(uint16_t, "%llu", unsigned long long)
    case LLC_UINT32: PRINT(uint32_t, "%llu", unsigned long long)
    case LLC_UINT64: PRINT(uint64_t, "%llu", unsigned long long)
    case LLC_FLOAT32: PRINT(float, "%.9g", double)
    case LLC_FLOAT64: PRINT(double, "%.17g", double)
    default: PRINT(uint8_t, "%llu", unsigned long long)
    }
#undef PRINT
}

/* Compares the output's memory with what it held before and the expected elements; says what is wrong and returns 0. */
static inline int reference_output_is_right(const reference_case *test, const char *way, int32_t threads,
                                            unsigned char *output, unsigned char *before)
{
    for (intptr_t i = 0; i < test->count; i++)
        memcpy(reference_element(test, before, i), test->expected + (size_t)i * test->element_size, test->element_size);

    for (intptr_t i = 0; i < test->count; i++) {
        unsigned char *wanted = reference_element(test, before, i);
        unsigned char *got = reference_element(test, output, i);
        /* Hardware and compilers do not agree on the sign and the payload of a NaN. */
        if (reference_is_nan(wanted, test->output.dtype) && reference_is_nan(got, test->output.dtype))
            memcpy(wanted, got, test->element_size);
        if (memcmp(wanted, got, test->element_size) != 0) {
            fprintf(stderr, "reference: %s, %s, %d threads: element %lld is ", test->name, way, (int)threads,
                    (long long)i);
            reference_print(got, test->output.dtype);
            fprintf(stderr, ", expected ");
            reference_print(wanted, test->output.dtype);
            fprintf(stderr, "\n");
            return 0;
        }
    }
    for (size_t at = 0; at < test->output_size; at++)
        if (output[at] != before[at]) {
            fprintf(stderr, "reference: %s, %s, %d threads: byte %lld of the output's memory, which belongs to no "
                            "element, was written\n", test->name, way, (int)threads, (long long)at);
            return 0;
        }
    return 1;
}

/* A way to run a case, of which a program has up to 8. run returns 0 if a case can't be run this way. */
typedef struct reference_way {
    const char *name;
    int (*run)(const reference_case *test, const llc_array *input, const llc_array *output, const llc_options *options,
               void *user_data, llc_error *error, llc_status *status);
} reference_way;

/* Counts the cases that could be run in runs. */
static inline int reference_passes(const reference_case *test, const reference_way *way, int32_t threads, int *runs)
{
    unsigned char *input_memory = reference_memory(test->memory, test->memory_size);
    unsigned char *output_memory = test->shared ? input_memory : reference_memory(NULL, test->output_size);
    unsigned char *before = reference_memory(output_memory, test->output_size);
    llc_array input = test->input, output = test->output;
    llc_options options = test->options;
    intptr_t user_data = test->user_data;
    llc_error error;
    llc_status status = LLC_OK;
    int passed = 1;

    input.data = input_memory == NULL ? NULL : input_memory + test->input_offset;
    output.data = output_memory == NULL ? NULL : output_memory + test->output_offset;
    options.threads = threads;
    memset(&error, 0x5A, sizeof error);

    const int ran = way->run(test, &input, &output, &options, &user_data, &error, &status);
    *runs += ran;
    if (!ran) {
        /* Not this way. */
    } else if (status != LLC_OK || error.status != LLC_OK || error.index != -1 || error.message[0] != '\0' ||
               error.reserved0 != 0 || error.reserved[0] != 0 || error.reserved[1] != 0) {
        error.message[sizeof error.message - 1] = '\0';
        fprintf(stderr, "reference: %s, %s, %d threads: returned %d; status %d, index %lld, message \"%s\"\n",
                test->name, way->name, (int)threads, (int)status, (int)error.status, (long long)error.index,
                error.message);
        passed = 0;
    } else {
        passed = reference_output_is_right(test, way->name, threads, output_memory, before);
        if (!test->shared && test->memory_size > 0 && memcmp(input_memory, test->memory, test->memory_size) != 0) {
            fprintf(stderr, "reference: %s, %s, %d threads: the input was written\n", test->name, way->name,
                    (int)threads);
            passed = 0;
        }
    }

    free(before);
    if (!test->shared)
        free(output_memory);
    free(input_memory);
    return passed;
}

/* A main function: runs every case of the file that is its argument in every way, with several numbers of threads. */
static inline int reference_main(int argc, char **argv, const reference_way *ways, int way_count)
{
    static const int32_t threads[] = { 1, 2, 5 };
    int cases = 0, failed = 0, runs[8] = { 0 };
    reference_case test;

    if (argc != 2) {
        fprintf(stderr, "usage: reference cases.bin\n");
        return 1;
    }
    reference_file file = reference_open(argv[1]);
    while (reference_next(&file, &test)) {
        int passed = 1;
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
            for (int way = 0; way < way_count; way++)
                passed = reference_passes(&test, &ways[way], threads[i], &runs[way]) && passed;
        cases++;
        failed += !passed;
    }
    reference_close(&file);

    if (file.wrong != NULL || cases == 0) {
        fprintf(stderr, "reference: %s: %s\n", argv[1], file.wrong != NULL ? file.wrong : "it has no cases");
        return 1;
    }
    if (failed > 0) {
        fprintf(stderr, "reference: %d of %d cases failed\n", failed, cases);
        return 1;
    }
    for (int way = 0; way < way_count; way++) {
        const int ran = runs[way] / (int)(sizeof threads / sizeof *threads);
        printf("reference: %s: %d of %d cases\n", ways[way].name, ran, cases);
        if (ran < cases / 20) {
            fprintf(stderr, "reference: %s: only %d of %d cases could be run\n", ways[way].name, ran, cases);
            return 1;
        }
    }
    return 0;
}

#endif
