/*
 * What llc.h says of memory: the input is only read, and nothing outside the arrays is touched.
 *
 * Arrays lie against pages that can't be accessed, before them and behind them, and inputs can't be written: whatever reads
 * or writes where it may not ends the program.
 */

/* For MAP_ANONYMOUS. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#define _DARWIN_C_SOURCE 1

#include "clock.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "callbacks.h"
#include "check.h"
#include "llc.h"
#include "names.h"
#include "views.h"

enum { TAPS_MAX = 17 * 17 };

static const int32_t dtypes[] = {LLC_BOOL,   LLC_INT8,  LLC_UINT8,  LLC_INT16,   LLC_UINT16, LLC_INT32,
                                 LLC_UINT32, LLC_INT64, LLC_UINT64, LLC_FLOAT32, LLC_FLOAT64};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static size_t size_of(int32_t dtype)
{
    return dtype == LLC_BOOL ? 1 : (size_t)(dtype >> 8) / 8;
}

/* Whole pages between two that can't be accessed. */
struct guarded {
    char *pages;
    size_t page, size;
};

static struct guarded guarded(size_t size)
{
    struct guarded g;

    g.page = (size_t)sysconf(_SC_PAGESIZE);
    g.size = (size + g.page - 1) / g.page * g.page;
    g.pages = (char *)mmap(NULL, g.size + 2 * g.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.pages == MAP_FAILED || mprotect(g.pages + g.page, g.size, PROT_READ | PROT_WRITE) != 0) {
        perror("mmap");
        exit(2);
    }
    return g;
}

static void forget(struct guarded g)
{
    munmap(g.pages, g.size + 2 * g.page);
}

/* Where `size` bytes lie: at the beginning of the pages, or at their end. */
static char *at_edge(struct guarded g, size_t size, int at_end)
{
    return g.pages + g.page + (at_end ? g.size - size : 0);
}

/* A few of every type's values; of the floating-point types, special ones now and then. */
static void fill(char *data, int32_t dtype, intptr_t count, unsigned seed)
{
    intptr_t i;
    size_t k;

    for (i = 0; i < count; i++) {
        double value;
        float narrow;

        seed = seed * 1103515245 + 12345;
        value = seed >> 24 == 7 ? -0.0 : (double)(seed >> 16 & 1023) - 300;
        narrow = (float)value;
        if (dtype == LLC_FLOAT64)
            memcpy(data + 8 * i, &value, 8);
        else if (dtype == LLC_FLOAT32)
            memcpy(data + 4 * i, &narrow, 4);
        else
            for (k = 0; k < size_of(dtype); k++)
                data[(size_t)i * size_of(dtype) + k] = (char)(dtype == LLC_BOOL ? seed >> 20 & 1 : seed >> (16 + k) & 255);
    }
}

struct shape {
    int32_t ndim;
    intptr_t extents[3];
    struct {
        intptr_t extents[3];
    } windows[4];
    int count;
};

static const struct shape shapes[] = {
    {2, {24, 520, 0}, {{{3, 3, 0}}, {{5, 5, 0}}, {{11, 4, 0}}, {{1, 13, 0}}}, 4},
    {2, {9, 37, 0}, {{{3, 3, 0}}, {{9, 9, 0}}, {{17, 17, 0}}, {{13, 1, 0}}}, 4},
    {1, {700, 0, 0}, {{{3, 0, 0}}, {{33, 0, 0}}, {{2, 0, 0}}, {{0, 0, 0}}}, 3},
    {3, {6, 7, 40}, {{{3, 3, 3}}, {{1, 5, 2}}, {{2, 1, 9}}, {{0, 0, 0}}}, 3},
};

static void nothing_outside_the_arrays_is_touched(void)
{
    static const int32_t modes[] = {LLC_MODE_REFLECT, LLC_MODE_CONSTANT, LLC_MODE_WRAP};
    double numbers[TAPS_MAX];
    int s, w, d, f, at_end, turn = 0;

    for (w = 0; w < TAPS_MAX; w++)
        numbers[w] = w % 5 - 2;
    /* Where it takes very long, fewer types are enough. */
    for (s = 0; s < (int)(sizeof shapes / sizeof *shapes); s++)
        for (d = 0; d < DTYPES; d += clock_slowdown() > 1 ? 4 : 1) {
            const struct shape *shape = &shapes[s];
            const intptr_t count = element_count(shape->ndim, shape->extents);
            const size_t size = (size_t)count * size_of(dtypes[d]);
            const struct guarded in = guarded(size), out = guarded(size);

            for (at_end = 0; at_end < 2; at_end++) {
                char *data = at_edge(in, size, at_end);
                const llc_array input = array_view(data, dtypes[d], shape->ndim, shape->extents, NULL);
                const llc_array output =
                    array_view(at_edge(out, size, at_end), dtypes[d], shape->ndim, shape->extents, NULL);

                mprotect(in.pages + in.page, in.size, PROT_READ | PROT_WRITE);
                fill(data, dtypes[d], count, (unsigned)turn);
                mprotect(in.pages + in.page, in.size, PROT_READ);
                for (w = 0; w < shape->count; w++)
                    for (f = 0; f < NAMES; f++) {
                        llc_window window = box_window(shape->ndim, shape->windows[w].extents);
                        uint8_t mask[TAPS_MAX];
                        llc_options options = thread_options(turn % 3);
                        llc_error error;

                        memset(mask, 1, sizeof mask);
                        mask[0] = turn % 2 == 0;
                        window.footprint = mask;
                        options.mode = modes[turn++ % 3];
                        llc_generic_filter(&input, &output, &window, llc_builtin(names[f]), parameter(names[f], numbers),
                                           &options, &error);
                        CHECK_INT(error.status, LLC_OK, "%s: %s", names[f], error.message);
                        llc_generic_filter(&input, &output, &window, pixel_divided, NULL, &options, &error);
                        CHECK_INT(error.status, LLC_OK, "%s", error.message);
                    }
            }
            forget(in);
            forget(out);
        }
}

/* Every other element of every other line, from the last to the first. */
static void nothing_outside_a_view_with_strides_is_touched(void)
{
    const intptr_t shape[2] = {12, 300}, extents[2] = {3, 5};
    const size_t size = sizeof(float) * (11 * 2 * 600 + 299 * 2 + 1);
    const struct guarded in = guarded(size), out = guarded(size);
    const intptr_t strides[2] = {-2 * 600 * (intptr_t)sizeof(float), -2 * (intptr_t)sizeof(float)};
    const llc_window window = box_window(2, extents);
    int at_end, f;

    for (at_end = 0; at_end < 2; at_end++) {
        char *data = at_edge(in, size, at_end), *results = at_edge(out, size, at_end);
        const llc_array input = array_view(data + size - sizeof(float), LLC_FLOAT32, 2, shape, strides);
        const llc_array output = array_view(results + size - sizeof(float), LLC_FLOAT32, 2, shape, strides);

        mprotect(in.pages + in.page, in.size, PROT_READ | PROT_WRITE);
        fill(data, LLC_FLOAT32, (intptr_t)(size / sizeof(float)), 5);
        mprotect(in.pages + in.page, in.size, PROT_READ);
        for (f = 0; f < NAMES; f++) {
            double numbers[15] = {1, 2, 3};

            CHECK_INT(llc_generic_filter(&input, &output, &window, llc_builtin(names[f]), parameter(names[f], numbers),
                                         NULL, NULL),
                      LLC_OK, "%s", names[f]);
        }
    }
    forget(in);
    forget(out);
}

/* A thread with so little stack, or the least that the system allows; all of the built-ins, and windows of every way. */
static const size_t small_stack = 64 << 10;

static void *run_all(void *failures)
{
    static float in[40][60], out[40][60];
    double numbers[TAPS_MAX] = {1, 2, 3};
    int f, w;

    for (f = 0; f < 40 * 60; f++)
        in[f / 60][f % 60] = (float)(f * 7 % 31);
    for (f = 0; f < NAMES; f++)
        for (w = 0; w < 4; w++) {
            const intptr_t shape[2] = {40, 60};
            const llc_array arrays[2] = {array_view(in, LLC_FLOAT32, 2, shape, NULL),
                                         array_view(out, LLC_FLOAT32, 2, shape, NULL)};
            const llc_array bytes[2] = {array_view(in, LLC_UINT8, 2, shape, NULL),
                                        array_view(out, LLC_UINT8, 2, shape, NULL)};
            const llc_window window = box_window(2, shapes[1].windows[w].extents);
            const llc_options options = thread_options(w % 2 + 1);
            void *data = parameter(names[f], numbers);
            const llc_filter_fn function = llc_builtin(names[f]);

            *(int *)failures += llc_generic_filter(&arrays[0], &arrays[1], &window, function, data, &options, NULL) != LLC_OK;
            *(int *)failures += llc_generic_filter(&bytes[0], &bytes[1], &window, function, data, &options, NULL) != LLC_OK;
        }
    return NULL;
}

static void a_caller_may_have_a_small_stack(void)
{
    const size_t least = (size_t)PTHREAD_STACK_MIN;
    pthread_attr_t attributes;
    pthread_t thread;
    int failures = 0;

    pthread_attr_init(&attributes);
    CHECK_INT(pthread_attr_setstacksize(&attributes, small_stack < least ? least : small_stack), 0, "stack size");
    CHECK_INT(pthread_create(&thread, &attributes, run_all, &failures), 0, "thread");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    CHECK_INT(failures, 0, "calls");
}

int main(void)
{
    nothing_outside_the_arrays_is_touched();
    nothing_outside_a_view_with_strides_is_touched();
    a_caller_may_have_a_small_stack();
    return check_result();
}
