/* A callback that returns 0 stops the call, at the same element whatever the number of threads. */

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

static const int32_t thread_counts[] = {0, 1, 2, 3, 8, LLC_ALL_CORES};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0], NOT_WRITTEN = -1 };

/* Which callbacks fail: those of the elements listed, or of all from the first on. */
struct failing {
    const char *name;
    int ndim;
    intptr_t shape[3];
    int pause_ms;      /* before a callback succeeds: elements further back may fail earlier */
    int fail_pause_ms; /* before the lowest one fails, twice that before others: they fail while all is over */
    int all_after_first;
    intptr_t elements[4]; /* ends with -1; the lowest comes first */
};

static const struct failing cases[] = {
    {"small, first", 2, {5, 7}, 0, 0, 0, {0, -1}},
    {"small, last", 2, {5, 7}, 0, 0, 0, {34, -1}},
    {"small, two", 2, {5, 7}, 0, 0, 0, {16, 20, -1}},
    {"small, all", 2, {5, 7}, 0, 0, 1, {0, -1}},
    {"one element", 1, {1}, 0, 0, 0, {0, -1}},
    {"line, first", 1, {100000}, 0, 0, 0, {0, -1}},
    {"line, last", 1, {100000}, 0, 0, 0, {99999, -1}},
    {"line, middle", 1, {100000}, 0, 0, 0, {51234, -1}},
    {"line, three", 1, {100000}, 0, 0, 0, {31234, 71234, 99999, -1}},
    {"line, near the end", 1, {100000}, 0, 0, 1, {99990, -1}},
    {"line, all", 1, {100000}, 0, 0, 1, {0, -1}},
    {"image, first of a row", 2, {400, 300}, 0, 0, 0, {60000, 60001, -1}},
    {"image, last of a row", 2, {400, 300}, 0, 0, 0, {59999, 60000, -1}},
    {"image, second half", 2, {400, 300}, 0, 0, 1, {60000, -1}},
    {"image, last row", 2, {400, 300}, 0, 0, 0, {119700, -1}},
    {"short rows, three", 2, {40000, 3}, 0, 0, 0, {7, 60007, 119999, -1}},
    {"volume, two", 3, {30, 40, 50}, 0, 0, 0, {44444, 55555, -1}},
    {"slow line, middle", 1, {64}, 1, 0, 0, {40, 50, 63, -1}},
    {"slow line, all", 1, {64}, 1, 0, 1, {1, -1}},
    {"slow line, others later", 1, {64}, 1, 5, 1, {1, -1}},
    {"slow line, two, others later", 1, {64}, 1, 20, 0, {3, 63, -1}},
    {"slow line, last", 1, {64}, 1, 0, 0, {63, -1}},
    {"slow image, two", 2, {8, 8}, 1, 0, 0, {30, 33, -1}},
};

static int fails(const struct failing *failing, intptr_t element)
{
    int i;

    if (failing->all_after_first)
        return element >= failing->elements[0];
    for (i = 0; failing->elements[i] >= 0; i++)
        if (failing->elements[i] == element)
            return 1;
    return 0;
}

/* The input holds the C-order index of each element, the window is that element. */
static int sometimes_failing(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    const struct failing *failing = (const struct failing *)user_data;

    (void)filter_size;
    *return_value = buffer[0] * 2 + 1;
    if (fails(failing, (intptr_t)buffer[0])) {
        if (failing->fail_pause_ms > 0)
            clock_sleep_ms(buffer[0] == (double)failing->elements[0] ? failing->fail_pause_ms
                                                                     : 2 * failing->fail_pause_ms);
        return 0;
    }
    if (failing->pause_ms > 0)
        clock_sleep_ms(failing->pause_ms);
    return 1;
}

static void check_error(const llc_error *error, const struct failing *failing, int32_t threads)
{
    CHECK_INT(error->status, LLC_ERROR_CALLBACK, "%s, threads %d", failing->name, (int)threads);
    CHECK_INT(error->index, failing->elements[0], "%s, threads %d", failing->name, (int)threads);
    CHECK_INT(error->reserved0, 0, "%s, threads %d", failing->name, (int)threads);
    CHECK_INT(error->reserved[0], 0, "%s, threads %d", failing->name, (int)threads);
    CHECK_INT(error->reserved[1], 0, "%s, threads %d", failing->name, (int)threads);
    CHECK(memchr(error->message, 0, sizeof error->message) != NULL, "%s, threads %d", failing->name, (int)threads);
    CHECK(error->message[0] != 0, "%s, threads %d", failing->name, (int)threads);
}

/* All elements before the failing one are written; later ones may be, but with nothing wrong. */
static void check_output(const double *output_data, intptr_t count, const struct failing *failing, int32_t threads)
{
    intptr_t i, missing = 0, wrong = 0;

    for (i = 0; i < count; i++) {
        if (i < failing->elements[0])
            missing += output_data[i] == NOT_WRITTEN;
        wrong += output_data[i] != NOT_WRITTEN && output_data[i] != (double)i * 2 + 1;
    }
    CHECK_INT(missing, 0, "%s, threads %d: elements before the failing one", failing->name, (int)threads);
    CHECK_INT(wrong, 0, "%s, threads %d: elements", failing->name, (int)threads);
}

static void lowest_failing_element_is_reported_and_all_before_it_are_written(void)
{
    const intptr_t ones[3] = {1, 1, 1};
    size_t i, t;
    intptr_t k;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct failing *failing = &cases[i];
        const intptr_t count = element_count(failing->ndim, failing->shape);
        double *input_data = (double *)malloc((size_t)count * sizeof(double));
        double *output_data = (double *)malloc((size_t)count * sizeof(double));
        const llc_array input = array_view(input_data, LLC_FLOAT64, failing->ndim, failing->shape, NULL);
        const llc_array output = array_view(output_data, LLC_FLOAT64, failing->ndim, failing->shape, NULL);
        const llc_window window = box_window(failing->ndim, ones);

        for (k = 0; k < count; k++)
            input_data[k] = (double)k;
        for (t = 0; t < THREAD_COUNTS; t++) {
            const llc_options options = thread_options(thread_counts[t]);
            llc_error error;

            for (k = 0; k < count; k++)
                output_data[k] = NOT_WRITTEN;
            memset(&error, 0xA5, sizeof error);
            CHECK_INT(llc_generic_filter(&input, &output, &window, sometimes_failing, (void *)failing, &options,
                                         &error),
                      LLC_ERROR_CALLBACK, "%s, threads %d", failing->name, (int)thread_counts[t]);
            check_error(&error, failing, thread_counts[t]);
            check_output(output_data, count, failing, thread_counts[t]);
        }
        free(input_data);
        free(output_data);
    }
}

/* Input strides that make C order another order than memory's. */
static void failing_element_is_counted_in_c_order_of_any_layout(void)
{
    enum { ROWS = 60, COLUMNS = 70 };
    static double input_data[COLUMNS][ROWS], output_data[COLUMNS][ROWS];
    static const struct failing failing = {"Fortran order", 2, {ROWS, COLUMNS}, 0, 0, 0, {1234, 2345, -1}};
    const intptr_t strides[2] = {sizeof(double), ROWS * sizeof(double)}, ones[2] = {1, 1};
    const llc_array input = array_view(input_data, LLC_FLOAT64, 2, failing.shape, strides);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 2, failing.shape, strides);
    const llc_window window = box_window(2, ones);
    int row, column;
    size_t t;

    for (row = 0; row < ROWS; row++)
        for (column = 0; column < COLUMNS; column++)
            input_data[column][row] = row * COLUMNS + column;
    for (t = 0; t < THREAD_COUNTS; t++) {
        const llc_options options = thread_options(thread_counts[t]);
        llc_error error;

        CHECK_INT(llc_generic_filter(&input, &output, &window, sometimes_failing, (void *)&failing, &options, &error),
                  LLC_ERROR_CALLBACK, "threads %d", (int)thread_counts[t]);
        check_error(&error, &failing, thread_counts[t]);
    }
}

struct countdown {
    int calls, fails_at;
};

static int failing_once(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct countdown *countdown = (struct countdown *)user_data;

    (void)buffer, (void)filter_size, (void)return_value;
    return countdown->calls++ != countdown->fails_at;
}

static void one_thread_calls_no_callback_after_the_failing_one(void)
{
    enum { COUNT = 2000 };
    static double data[COUNT], output_data[COUNT];
    const intptr_t shape[1] = {COUNT}, extents[1] = {9};
    const llc_array input = array_view(data, LLC_FLOAT64, 1, shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_window window = box_window(1, extents);
    struct countdown countdown;
    int32_t threads;
    int fails_at;

    for (fails_at = 0; fails_at < COUNT; fails_at += fails_at < 70 ? 1 : 643)
        for (threads = 0; threads < 2; threads++) {
            const llc_options options = thread_options(threads);
            llc_error error;

            countdown.calls = 0;
            countdown.fails_at = fails_at;
            CHECK_INT(llc_generic_filter(&input, &output, &window, failing_once, &countdown, &options, &error),
                      LLC_ERROR_CALLBACK, "element %d", fails_at);
            CHECK_INT(error.index, fails_at, "element %d", fails_at);
            CHECK_INT(countdown.calls, fails_at + 1, "element %d", fails_at);
        }
}

/* Nothing of a failed call remains. */
static void library_works_after_a_failure(void)
{
    static const struct failing failing = {"one of three", 1, {3}, 0, 0, 0, {1, -1}};
    static const struct failing nothing = {"none of three", 1, {3}, 0, 0, 0, {-1}};
    const intptr_t ones[1] = {1};
    double input_data[3] = {0, 1, 2}, output_data[3] = {0};
    const llc_array input = array_view(input_data, LLC_FLOAT64, 1, failing.shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, failing.shape, NULL);
    const llc_window window = box_window(1, ones);
    llc_error error;

    CHECK_INT(llc_generic_filter(&input, &output, &window, sometimes_failing, (void *)&failing, NULL, NULL),
              LLC_ERROR_CALLBACK, "without an llc_error");
    CHECK_INT(llc_generic_filter(&input, &output, &window, sometimes_failing, (void *)&nothing, NULL, &error), LLC_OK,
              "next call");
    CHECK_INT(error.index, -1, "next call");
    CHECK(output_data[0] == 1 && output_data[1] == 3 && output_data[2] == 5, "next call: %g %g %g", output_data[0],
          output_data[1], output_data[2]);
}

int main(void)
{
    lowest_failing_element_is_reported_and_all_before_it_are_written();
    failing_element_is_counted_in_c_order_of_any_layout();
    one_thread_calls_no_callback_after_the_failing_one();
    library_works_after_a_failure();
    return check_result();
}
