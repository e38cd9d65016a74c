/*
 * llc_generic_filter gives what SciPy gives, bit for bit, for every case of tests/reference/cases.bin and any number of
 * threads, and so does llc_batch_filter with the same function as LLC_FUNCTION makes it; they write the output's elements
 * and nothing else.
 *
 *     reference cases.bin
 */

#include "reference.h"

/* The callbacks of callbacks.h once more, both forms from one body; one knows a number of taps that is frequent here, one
   that never comes, the others none. */

LLC_STATIC_FUNCTION(minimum, 9)
{
    double least = n > 0 ? values[0] : HUGE_VAL;
    for (intptr_t k = 1; k < n; k++)
        if (values[k] < least)
            least = values[k];
    return least;
}

LLC_STATIC_FUNCTION(sum, 3)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k];
    return sum;
}

LLC_STATIC_FUNCTION(weighted, 0)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++) {
        volatile double product = (double)(k + *(const intptr_t *)user_data) * values[k];
        sum += product;
    }
    return sum;
}

LLC_STATIC_FUNCTION(divided, 1000)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k] / (double)(k + 3);
    return sum;
}

LLC_STATIC_FUNCTION(silent, 0)
{
    return 0.0;
}

/* The same function in its three forms. */
static const struct form {
    llc_filter_fn reference, pixel;
    llc_batch_fn batch;
} forms[] = {
    {pixel_minimum, minimum, minimum_batch}, {pixel_sum, sum, sum_batch},
    {pixel_weighted, weighted, weighted_batch}, {pixel_divided, divided, divided_batch},
    {pixel_silent, silent, silent_batch},
};

typedef enum way { REFERENCE, MACRO_PIXEL, MACRO_BATCH, WAYS } way;
static const char *const way_names[] = {"as given", "LLC_FUNCTION", "LLC_FUNCTION's batch"};

/* Runs a case; skips it, and returns 0, if its function can't be run this way. */
static int run(const reference_case *test, way how, const llc_array *input, const llc_array *output,
               const llc_options *options, void *user_data, llc_error *error, llc_status *status)
{
    if (how == REFERENCE) {
        *status = llc_generic_filter(input, output, &test->window, test->function, user_data, options, error);
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].reference == test->function) {
            *status = how == MACRO_PIXEL
                          ? llc_generic_filter(input, output, &test->window, forms[i].pixel, user_data, options, error)
                          : llc_batch_filter(input, output, &test->window, forms[i].batch, user_data, options, error);
            return 1;
        }
    return 0;
}

/* A copy of the bytes, or size bytes of 0xA5; NULL for none. Exactly as large as asked for, so that tools notice who
   reads or writes beyond it. */
static unsigned char *new_memory(const unsigned char *bytes, size_t size)
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
static unsigned char *element(const reference_case *test, unsigned char *memory, intptr_t index)
{
    intptr_t offset = (intptr_t)test->output_offset;
    for (int32_t axis = test->output.ndim - 1; axis >= 0; axis--) {
        offset += index % test->shape[axis] * test->output_strides[axis];
        index /= test->shape[axis];
    }
    return memory + offset;
}

static int is_nan(const unsigned char *bytes, int32_t dtype)
{
    float single = 0;
    double number = 0;
    if (dtype == LLC_FLOAT32)
        memcpy(&single, bytes, sizeof single);
    if (dtype == LLC_FLOAT64)
        memcpy(&number, bytes, sizeof number);
    return single != single || number != number;
}

static void print_value(const unsigned char *bytes, int32_t dtype)
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
static int output_is_right(const reference_case *test, const char *how, int32_t threads, unsigned char *output,
                           unsigned char *before)
{
    for (intptr_t i = 0; i < test->count; i++)
        memcpy(element(test, before, i), test->expected + (size_t)i * test->element_size, test->element_size);

    for (intptr_t i = 0; i < test->count; i++) {
        unsigned char *wanted = element(test, before, i);
        unsigned char *got = element(test, output, i);
        /* Hardware and compilers do not agree on the sign and the payload of a NaN. */
        if (is_nan(wanted, test->output.dtype) && is_nan(got, test->output.dtype))
            memcpy(wanted, got, test->element_size);
        if (memcmp(wanted, got, test->element_size) != 0) {
            fprintf(stderr, "reference: %s, %s, %d threads: element %lld is ", test->name, how, (int)threads, (long long)i);
            print_value(got, test->output.dtype);
            fprintf(stderr, ", expected ");
            print_value(wanted, test->output.dtype);
            fprintf(stderr, "\n");
            return 0;
        }
    }
    for (size_t at = 0; at < test->output_size; at++)
        if (output[at] != before[at]) {
            fprintf(stderr, "reference: %s, %s, %d threads: byte %lld of the output's memory, which belongs to no element, "
                            "was written\n", test->name, how, (int)threads, (long long)at);
            return 0;
        }
    return 1;
}

static int passes(const reference_case *test, way how, int32_t threads)
{
    unsigned char *input_memory = new_memory(test->memory, test->memory_size);
    unsigned char *output_memory = test->shared ? input_memory : new_memory(NULL, test->output_size);
    unsigned char *before = new_memory(output_memory, test->output_size);
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

    if (!run(test, how, &input, &output, &options, &user_data, &error, &status)) {
        /* Not this way. */
    } else if (status != LLC_OK || error.status != LLC_OK || error.index != -1 || error.message[0] != '\0' ||
        error.reserved0 != 0 || error.reserved[0] != 0 || error.reserved[1] != 0) {
        error.message[sizeof error.message - 1] = '\0';
        fprintf(stderr, "reference: %s, %s, %d threads: returned %d; status %d, index %lld, message \"%s\"\n",
                test->name, way_names[how], (int)threads, (int)status, (int)error.status, (long long)error.index, error.message);
        passed = 0;
    } else {
        passed = output_is_right(test, way_names[how], threads, output_memory, before);
        if (!test->shared && test->memory_size > 0 && memcmp(input_memory, test->memory, test->memory_size) != 0) {
            fprintf(stderr, "reference: %s, %s, %d threads: the input was written\n", test->name, way_names[how], (int)threads);
            passed = 0;
        }
    }

    free(before);
    if (!test->shared)
        free(output_memory);
    free(input_memory);
    return passed;
}

int main(int argc, char **argv)
{
    static const int32_t threads[] = { 1, 2, 5 };
    int cases = 0, failed = 0;
    reference_case test;

    if (argc != 2) {
        fprintf(stderr, "usage: reference cases.bin\n");
        return 1;
    }
    reference_file file = reference_open(argv[1]);
    while (reference_next(&file, &test)) {
        int passed = 1;
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
            for (int how = 0; how < WAYS; how++)
                passed = passes(&test, (way)how, threads[i]) && passed;
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
    printf("reference: %d cases passed\n", cases);
    return 0;
}
