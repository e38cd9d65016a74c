/*
 * Calls the library with arbitrary descriptors, windows, options and functions, made of the bytes that libFuzzer invents.
 *
 * What a call must not do, short of being handed a lying pointer: crash, hang, touch anything outside the arrays (they lie
 * against pages that can't be accessed), write to the input, write to the output before an error of the arguments, answer
 * with an error that has no text, or give another result than the callback called for every element.
 *
 *     make stress
 */

/* For MAP_ANONYMOUS. */
#define _DEFAULT_SOURCE 1

#include <llc.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../names.h"

/* Elements of an array, at most, and taps seen by all of them: more only takes longer. */
enum { ELEMENTS = 1 << 11, SEEN = 1 << 14 };

enum { POOL = 1 << 14 };

/* The input's memory, the output's, and that of the output of another call. */
static char *pools[3];

/* What the input's memory holds to begin with: many values, special ones, few, or one. */
enum { KINDS = 4 };
static char values[KINDS][POOL];

static void make_pools(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int i;

    for (i = 0; i < 3; i++) {
        char *pages = (char *)mmap(NULL, POOL + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (pages == MAP_FAILED || mprotect(pages + page, POOL, PROT_READ | PROT_WRITE) != 0)
            abort();
        pools[i] = pages + page;
    }
    for (i = 0; i < POOL; i++) {
        values[0][i] = (char)(i * 37 % 251);
        values[1][i] = (char)(i % 8 >= 6 ? 63 + i / 8 % 2 : 0);
        values[2][i] = (char)(i % 5);
        values[3][i] = -1;
    }
}

static const uint8_t *bytes;
static size_t left;

static uint8_t byte(void)
{
    if (left == 0)
        return 0;
    left--;
    return *bytes++;
}

static uint64_t word(void)
{
    uint64_t number = 0;
    int i;

    for (i = 0; i < 8; i++)
        number = number << 8 | byte();
    return number;
}

/* Mostly below `usual`; sometimes anything, and what is close to limits. */
static intptr_t number(int usual)
{
    const int kind = byte();

    if (kind < 236)
        return kind % usual;
    if (kind < 244)
        return -(kind - 235);
    if (kind < 248)
        return (intptr_t)word();
    return (intptr_t)(((uint64_t)1 << (kind < 252 ? 31 : 63)) - 2 + (uint64_t)(kind % 4));
}

static double real(void)
{
    static const double some[] = {0.0, -0.0, 1.0, 50.0, 100.0, -1.0, 0.5, 255.0, 1e300, 3e9, 5e-324};
    const int kind = byte();
    double value;
    uint64_t bits;

    if (kind < 220)
        return some[kind % (int)(sizeof some / sizeof *some)];
    bits = word();
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int32_t dtype(void)
{
    static const int32_t dtypes[] = {LLC_BOOL,   LLC_INT8,  LLC_UINT8,  LLC_INT16,   LLC_UINT16, LLC_INT32,
                                     LLC_UINT32, LLC_INT64, LLC_UINT64, LLC_FLOAT32, LLC_FLOAT64};
    const int kind = byte();

    return kind < 250 ? dtypes[kind % 11] : (int32_t)word();
}

static size_t size_of(int32_t type)
{
    return type == LLC_BOOL ? 1 : (size_t)(type >> 8 & 255) / 8;
}

struct array {
    llc_array view;
    intptr_t shape[80], strides[80];
    /* The product of the extents; -1: one is negative, or they are too many. */
    intptr_t count;
};

static void count(struct array *array)
{
    const int32_t ndim = array->view.ndim;
    int32_t i;

    /* Of what the library must refuse, nothing is looked at. */
    array->count = ndim >= 0 && ndim <= LLC_MAX_NDIM ? 1 : -1;
    for (i = 0; i < ndim && array->count >= 0; i++)
        if (array->shape[i] < 0 || (array->shape[i] > 0 && array->count > INTPTR_MAX / array->shape[i]))
            array->count = -1;
        else
            array->count *= array->shape[i];
}

/* Puts the elements in a pool, against its end or its beginning; returns 0 if they don't fit. */
static int place(struct array *array, char *memory, int at_end)
{
    const intptr_t size = (intptr_t)size_of(array->view.dtype);
    intptr_t low = 0, high = size, step = size;
    int32_t i;

    if (array->count <= 0) {
        array->view.data = memory;
        return 1;
    }
    for (i = array->view.ndim - 1; i >= 0; i--) {
        const intptr_t stride = array->view.strides == NULL ? step : array->strides[i];
        const intptr_t last = array->shape[i] - 1;

        if (last > 0 && (stride > POOL || stride < -POOL || last > POOL))
            return 0;
        if (last > 0 && stride < 0)
            low += last * stride;
        else if (last > 0)
            high += last * stride;
        step *= array->shape[i];
        if (high - low > POOL)
            return 0;
    }
    array->view.data = memory + (at_end ? POOL - high : -low);
    return 1;
}

struct twin {
    llc_filter_fn function;
    void *user_data;
};

static int call_twin(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    const struct twin *twin = (const struct twin *)user_data;

    return twin->function(buffer, filter_size, return_value, twin->user_data);
}

/* Writes to its buffer, and gives up when it has been called so often. */
static int some_function(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    intptr_t i;

    for (i = 0; i < filter_size; i++) {
        *return_value += buffer[i];
        buffer[i] = 0;
    }
    return (*(uint64_t *)user_data)-- != 0;
}

static int some_batch(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t many,
                      const llc_batch *batch, void *user_data)
{
    intptr_t i, k;

    if (many < 1 || many > LLC_BATCH_MAX || batch->struct_size < sizeof *batch)
        abort();
    for (i = 0; i < many; i++)
        for (k = return_values[i] = 0; k < filter_size; k++)
            return_values[i] += taps[k][i];
    return (*(uint64_t *)user_data)-- != 0;
}

static int some_progress(double fraction, void *progress_data)
{
    if (!(fraction >= 0 && fraction <= 1))
        abort();
    return (*(uint64_t *)progress_data)-- != 0;
}

static int is_of_arguments(llc_status status)
{
    return status == LLC_ERROR_NULL || status == LLC_ERROR_ARGUMENT || status == LLC_ERROR_SHAPE ||
           status == LLC_ERROR_DTYPE;
}

static void expect(int holds, const char *what, const llc_error *error)
{
    if (!holds) {
        fprintf(stderr, "%s (%d: %s)\n", what, error->status, error->message);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static double numbers[SEEN + 1];
    static uint8_t mask[SEEN];
    static char before[POOL];
    struct array in, out;
    llc_window window;
    intptr_t extents[80], origins[80], taps = 1;
    int32_t axes[80], modes[80];
    /* Options that are longer than the library knows. */
    union {
        llc_options options;
        char room[256];
    } options;
    llc_error error;
    llc_status status;
    uint64_t calls, hearings;
    uint8_t missing, flags;
    int i, kind, is_batch = 0, is_builtin = 0, has_null;
    llc_filter_fn function = some_function;
    void *user_data = &calls;

    if (pools[0] == NULL)
        make_pools();
    bytes = data;
    left = size;
    missing = byte();
    flags = byte();

    /* The arrays. */
    memset(&in, 0, sizeof in);
    in.view.dtype = dtype();
    in.view.ndim = (int32_t)number(5);
    for (i = 0; i < 80; i++)
        in.shape[i] = i < in.view.ndim ? number(in.view.ndim == 1 ? 200 : in.view.ndim == 2 ? 40 : 9) : 1;
    in.view.shape = in.shape;
    count(&in);
    out = in;
    out.view.shape = out.shape;
    out.view.dtype = dtype();
    if (flags & 1) {
        if (byte() > 200)
            out.view.ndim = (int32_t)number(5);
        if (byte() > 200)
            out.shape[byte() % 8] = number(9);
        count(&out);
    }
    if (flags & 2)
        for (in.view.strides = in.strides, i = 0; i < in.view.ndim && i < 80; i++)
            in.strides[i] = (intptr_t)((size_t)number(200) - 64);
    if (flags & 4)
        for (out.view.strides = out.strides, i = 0; i < out.view.ndim && i < 80; i++)
            out.strides[i] = (intptr_t)((size_t)number(200) - 64);
    if (in.count > ELEMENTS || out.count > ELEMENTS || !place(&in, pools[0], flags & 8) ||
        !place(&out, pools[1], flags & 16))
        return 0;

    /* The window. */
    memset(&window, 0, sizeof window);
    window.ndim = flags & 32 ? (int32_t)number(5) : in.view.ndim;
    window.flags = byte() > 250 ? 1 : 0;
    for (i = 0; i < 80; i++) {
        extents[i] = i < window.ndim ? number(window.ndim == 1 ? 120 : window.ndim == 2 ? 16 : 5) : 1;
        if (taps >= 0 && extents[i] >= 0 && (extents[i] == 0 || taps <= INTPTR_MAX / extents[i]))
            taps *= extents[i];
        else
            taps = -1;
    }
    window.shape = extents;
    if (taps > 0 && in.count > 0 && (taps > SEEN || taps * in.count > SEEN))
        return 0;
    if (byte() % 2 && taps >= 0 && taps <= SEEN) {
        const uint8_t some = byte(), every = (uint8_t)(byte() % 7 + 1);

        for (i = 0; i < taps; i++)
            mask[i] = i % every == 0 ? 1 : some >> i % 8 & 1;
        window.footprint = mask;
    }
    if (byte() % 4 == 0)
        for (window.origins = origins, i = 0; i < window.ndim && i < 80; i++)
            origins[i] = (intptr_t)((size_t)number(5) - 2);
    if (flags & 32 || byte() % 4 == 0)
        for (window.axes = axes, i = 0; i < window.ndim && i < 80; i++)
            axes[i] = (int32_t)((uint32_t)number(5) - byte() % 2 * 5u);

    /* The options. */
    memset(&options, 0, sizeof options);
    kind = byte();
    options.options.struct_size = kind < 240 ? sizeof options.options : (size_t)(kind - 239) * 12;
    if (kind % 7 == 0)
        options.room[sizeof options.options + 3] = (char)kind;
    options.options.mode = (int32_t)number(9);
    options.options.threads = (int32_t)number(3);
    options.options.cval = real();
    if (byte() % 8 == 0)
        for (options.options.axis_modes = modes, i = 0; i < 80; i++)
            modes[i] = i < 6 ? (int32_t)number(9) : 1;
    hearings = byte() < 250 ? ~(uint64_t)0 : byte() % 4;
    if (byte() % 4 == 0) {
        options.options.progress = some_progress;
        options.options.progress_data = &hearings;
    }

    /* The function. */
    calls = byte() < 250 ? ~(uint64_t)0 : word() % 512;
    kind = byte() % 32;
    for (i = 0; i <= taps && i < SEEN; i++)
        numbers[i] = (double)(i % 7) - 3;
    if (kind < NAMES) {
        const intptr_t rank = (intptr_t)((size_t)number(40) - 10);
        const double parameter = real();

        is_builtin = 1;
        function = llc_builtin(names[kind]);
        user_data = numbers;
        if (strcmp(names[kind], "rank") == 0)
            memcpy(numbers, &rank, sizeof rank);
        else
            numbers[0] = parameter;
    } else {
        is_batch = kind % 2;
    }

    /* The values. */
    memcpy(pools[0], values[byte() % KINDS], POOL);
    for (i = 0; left > 0; i++)
        pools[0][(size_t)i * 8191 % POOL] = (char)byte();
    memset(pools[1], 0xa5, POOL);
    memset(pools[2], 0xa5, POOL);
    memcpy(before, pools[0], POOL);

    has_null = missing > 224;
    memset(&error, 77, sizeof error);
    if (is_batch)
        status = llc_batch_filter(missing == 255 ? NULL : &in.view, missing == 254 ? NULL : &out.view,
                                  missing == 253 ? NULL : &window, missing == 252 ? NULL : some_batch, user_data,
                                  missing == 251 ? NULL : &options.options, &error);
    else
        status = llc_generic_filter(missing == 255 ? NULL : &in.view, missing == 254 ? NULL : &out.view,
                                    missing == 253 ? NULL : &window, missing == 252 ? NULL : function, user_data,
                                    missing == 251 ? NULL : &options.options, &error);
    expect(status == error.status, "the error has another status", &error);
    expect(status <= LLC_OK && status >= LLC_ERROR_INTERNAL, "there is no such status", &error);
    expect(status != LLC_ERROR_INTERNAL, "an internal error", &error);
    expect(memchr(error.message, 0, sizeof error.message) != NULL, "the message doesn't end", &error);
    expect((error.message[0] == 0) == (status == LLC_OK), "no message, or one of success", &error);
    expect((error.index >= 0) == (status == LLC_ERROR_CALLBACK), "an index of nothing", &error);
    expect(memcmp(before, pools[0], POOL) == 0, "the input was written to", &error);
    if (is_of_arguments(status))
        expect(memcmp(pools[1], pools[2], POOL) == 0, "the output was written to", &error);

    if (is_builtin && status == LLC_OK && !has_null) {
        struct twin twin;
        const llc_array other = out.view;
        llc_array same = other;

        twin.function = function;
        twin.user_data = user_data;
        same.data = pools[2] + ((char *)other.data - pools[1]);
        hearings = ~(uint64_t)0;
        options.options.threads = 1;
        status = llc_generic_filter(&in.view, &same, &window, call_twin, &twin, &options.options, &error);
        expect(status == LLC_OK, "the callback fails where the built-in does not", &error);
        expect(memcmp(pools[1], pools[2], POOL) == 0, "the built-in gives another result than its callback", &error);
    }
    return 0;
}

#ifdef REPLAY
/* Without libFuzzer: the files that are the arguments, one after the other. */
int main(int argc, char **argv)
{
    static uint8_t input[1 << 12];
    int i;

    for (i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        const size_t size = file == NULL ? 0 : fread(input, 1, sizeof input, file);

        if (file == NULL)
            return perror(argv[i]), 2;
        fclose(file);
        LLVMFuzzerTestOneInput(input, size);
    }
    return argc < 2;
}
#endif
