/*
 * What llc.h says of memory that is not to be had: LLC_ERROR_MEMORY, nothing written, nothing lost; other threads that can't
 * be started are done without.
 *
 * Every call is made again and again, and each time another allocation fails: the first, the second and so on; and once
 * more with all later ones failing too. Of the thousands that large selection networks take, some are left out.
 *
 * The allocator's functions are defined here, so all that the library, Rust and the C library allocate goes through them.
 * Only for glibc, whose own functions have other names as well.
 */

#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "check.h"
#include "llc.h"
#include "names.h"
#include "views.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* Allocations from now on, by their number, that fail: from one to before another. */
static atomic_long fail_from, fail_before;
/* Allocations so far, and those that are not freed yet. */
static atomic_long number, living;

static int fails(void)
{
    const long this_one = atomic_fetch_add(&number, 1);

    if (this_one < atomic_load(&fail_from) || this_one >= atomic_load(&fail_before))
        return 0;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *memory)
{
    atomic_fetch_add(&living, memory != NULL);
    return memory;
}

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    void *moved;

    if (memory == NULL)
        return malloc(size);
    moved = fails() ? NULL : __libc_realloc(memory, size);
    atomic_fetch_sub(&living, moved == NULL && size == 0);
    return moved;
}

void *memalign(size_t alignment, size_t size);

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}

void free(void *memory)
{
    atomic_fetch_sub(&living, memory != NULL);
    __libc_free(memory);
}

enum { ELEMENTS = 1 << 14, UNTOUCHED = 0xa5, TAPS_MAX = 33 * 33 };

static double input_data[ELEMENTS], expected[ELEMENTS], output_data[ELEMENTS];

struct call {
    const char *name;
    const llc_array *input;
    const llc_window *window;
    const llc_options *options;
    llc_filter_fn function;
    llc_batch_fn batch;
    void *user_data;
};

static llc_status made(const struct call *call, void *output, llc_error *error)
{
    llc_array array = *call->input;

    array.data = output;
    array.strides = NULL;
    memset(output, UNTOUCHED, ELEMENTS * sizeof(double));
    if (call->batch != NULL)
        return llc_batch_filter(call->input, &array, call->window, call->batch, call->user_data, call->options, error);
    return llc_generic_filter(call->input, &array, call->window, call->function, call->user_data, call->options, error);
}

/* The same where allocations from one to before another fail. */
static llc_status made_without(const struct call *call, long from, long before, llc_error *error)
{
    llc_status status;

    atomic_store(&number, 0);
    atomic_store(&fail_before, before);
    atomic_store(&fail_from, from);
    status = made(call, output_data, error);
    atomic_store(&fail_before, 0);
    return status;
}

static int is_untouched(const void *memory)
{
    const unsigned char *bytes = (const unsigned char *)memory;
    size_t i;

    for (i = 0; i < ELEMENTS * sizeof(double); i++)
        if (bytes[i] != UNTOUCHED)
            return 0;
    return 1;
}

/* Which one fails after number n: the next, or one further on the more have failed already. */
static long next(long n)
{
    return n + 1 + n / (clock_slowdown() > 1 ? 4 : 60);
}

static void check(const struct call *call)
{
    const int threads = call->options == NULL ? 0 : call->options->threads;
    llc_error error;
    long n, before;
    int all, failed;

    CHECK_INT(made(call, expected, &error), LLC_OK, "%s: %s", call->name, error.message);
    before = atomic_load(&living);
    for (all = 0; all < 2; all++)
        for (n = 0, failed = 1; failed; n = next(n)) {
            const llc_status status = made_without(call, n, all ? LONG_MAX : n + 1, &error);

            failed = atomic_load(&number) > n;
            if (failed && (threads < 2 || status != LLC_OK)) {
                CHECK_INT(status, LLC_ERROR_MEMORY, "%s, allocation %ld: %s", call->name, n, error.message);
                CHECK(error.message[0] != 0, "%s, allocation %ld", call->name, n);
                CHECK(is_untouched(output_data), "%s, allocation %ld", call->name, n);
            } else {
                CHECK_INT(status, LLC_OK, "%s, allocation %ld: %s", call->name, n, error.message);
                CHECK(memcmp(output_data, expected, sizeof expected) == 0, "%s, allocation %ld", call->name, n);
            }
            /* The C library keeps what threads that have ended had. */
            CHECK(threads < 2 ? atomic_load(&living) == before : atomic_load(&living) <= before,
                  "%s, allocation %ld: %ld living, not %ld", call->name, n, atomic_load(&living), before);
            if (check_failures > 20)
                exit(check_result());
        }
    CHECK(n > 1, "%s: nothing was allocated", call->name);
}

struct subject {
    int32_t dtype, ndim;
    intptr_t shape[3], window[3];
    int is_box;
};

static const struct subject subjects[] = {
    {LLC_FLOAT64, 2, {17, 41, 0}, {3, 3, 0}, 1},  {LLC_UINT8, 2, {17, 41, 0}, {3, 3, 0}, 1},
    {LLC_FLOAT32, 2, {17, 41, 0}, {3, 4, 0}, 0},  {LLC_UINT16, 2, {17, 41, 0}, {7, 3, 0}, 1},
    {LLC_UINT8, 2, {17, 41, 0}, {13, 13, 0}, 1},  {LLC_FLOAT64, 2, {9, 33, 0}, {23, 21, 0}, 0},
    {LLC_UINT16, 2, {9, 21, 0}, {33, 33, 0}, 1},  {LLC_INT32, 3, {4, 5, 6}, {2, 3, 3}, 1},
    {LLC_FLOAT32, 1, {200, 0, 0}, {19, 0, 0}, 1}, {LLC_INT64, 2, {9, 1, 0}, {11, 1, 0}, 1},
};

static void built_ins_say_that_memory_is_missing(void)
{
    const int step = clock_slowdown() > 1 ? 5 : 1;
    double numbers[TAPS_MAX];
    int s, f;

    for (f = 0; f < TAPS_MAX; f++)
        numbers[f] = f % 3;
    for (s = 0; s < (int)(sizeof subjects / sizeof *subjects); s++)
        for (f = s % step; f < NAMES; f += step) {
            const struct subject *subject = &subjects[s];
            const llc_array input = array_view(input_data, subject->dtype, subject->ndim, subject->shape, NULL);
            llc_window window = box_window(subject->ndim, subject->window);
            uint8_t mask[TAPS_MAX];
            struct call call = {names[f], &input, &window, NULL, NULL, NULL, NULL};

            memset(mask, 1, sizeof mask);
            mask[0] = mask[5] = (uint8_t)subject->is_box;
            window.footprint = mask;
            call.function = llc_builtin(names[f]);
            call.user_data = parameter(names[f], numbers);
            check(&call);
        }
}

static int sums(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                const llc_batch *batch, void *user_data)
{
    intptr_t i, k;

    (void)batch;
    (void)user_data;
    for (i = 0; i < count; i++)
        for (k = return_values[i] = 0; k < filter_size; k++)
            return_values[i] += taps[k][i];
    return 1;
}

static int heard(double fraction, void *progress_data)
{
    (void)fraction;
    (void)progress_data;
    return 1;
}

static void functions_of_ones_own_do_too(void)
{
    static const intptr_t shape[2] = {60, 70}, extents[2] = {3, 3}, origins[2] = {1, 0}, strides[2] = {-568, 8};
    static const intptr_t line[1] = {5};
    static const int32_t axes[1] = {-1}, modes[2] = {LLC_MODE_WRAP, LLC_MODE_CONSTANT};
    llc_array input = array_view(input_data, LLC_FLOAT64, 2, shape, NULL);
    llc_window window = box_window(2, extents);
    llc_options options = thread_options(0);
    struct call call = {"a callback", &input, &window, &options, pixel_sum, NULL, NULL};

    check(&call);
    call.batch = sums;
    call.name = "a batch callback";
    check(&call);
    options.axis_modes = modes;
    options.progress = heard;
    window.origins = origins;
    input.strides = strides;
    input.data = input_data + 59 * 71;
    call.name = "modes, origins, strides and progress";
    check(&call);
    call.batch = NULL;
    call.name = "the same with a callback";
    check(&call);
    options.axis_modes = NULL;
    window = box_window(1, line);
    window.axes = axes;
    call.name = "axes";
    check(&call);
}

static int slow_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    const double until = clock_ms() + 0.002;

    while (clock_ms() < until)
        ;
    return pixel_sum(buffer, filter_size, return_value, user_data);
}

static void threads_that_cannot_be_started_are_done_without(void)
{
    static const intptr_t shape[2] = {30, 60}, extents[2] = {3, 3}, large[2] = {9, 9}, wide[2] = {100, 160};
    llc_array input = array_view(input_data, LLC_FLOAT64, 2, shape, NULL);
    llc_window window = box_window(2, extents);
    llc_options options = thread_options(4);
    struct call call = {"threads", &input, &window, &options, slow_sum, NULL, NULL};

    check(&call);
    input.shape = wide;
    window.shape = large;
    call.name = "threads, mode";
    call.function = llc_builtin("mode");
    check(&call);
}

/* What is wrong is said where even the text's memory is missing. */
static void other_errors_become_those_of_memory(void)
{
    static const intptr_t shape[2] = {17, 41}, extents[2] = {3, -3};
    const llc_array input = array_view(input_data, LLC_FLOAT64, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    const struct call call = {"an argument", &input, &window, NULL, pixel_sum, NULL, NULL};
    llc_status status = LLC_OK;
    llc_error error;
    long n;

    for (n = 0; status != LLC_ERROR_SHAPE && n < 100; n++) {
        const long before = atomic_load(&living);

        status = made_without(&call, n, n + 1, &error);
        CHECK(status == LLC_ERROR_MEMORY || status == LLC_ERROR_SHAPE, "%d: %s", status, error.message);
        CHECK_INT(atomic_load(&living), before, "allocation %ld", n);
    }
    CHECK(n > 1 && n < 100, "%ld", n);
}

int main(void)
{
    int i;

    for (i = 0; i < ELEMENTS; i++)
        input_data[i] = i * 7 % 31;
    built_ins_say_that_memory_is_missing();
    functions_of_ones_own_do_too();
    threads_that_cannot_be_started_are_done_without();
    other_errors_become_those_of_memory();
    return check_result();
}
