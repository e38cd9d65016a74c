/* What llc.h promises about batches: which elements they are made of, what may be read, how a call fails. */

#include "clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "callbacks.h"
#include "check.h"
#include "llc.h"
#include "views.h"

static const int32_t thread_counts[] = {1, 2, 5, LLC_ALL_CORES};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

/* Arrays and windows that are laid out in lines of all sorts: short and long, of one axis and of several, cut in tiles. */
static const struct problem {
    const char *name;
    int32_t dtype;
    int ndim;
    intptr_t shape[3], window[3];
} problems[] = {
    {"one element", LLC_FLOAT64, 1, {1}, {1}},
    {"short line", LLC_FLOAT64, 1, {37}, {5}},
    {"short line, long window", LLC_FLOAT64, 1, {37}, {81}},
    {"line of a batch and one", LLC_FLOAT64, 1, {LLC_BATCH_MAX + 1}, {1}},
    {"long line", LLC_FLOAT64, 1, {300000}, {3}},
    {"long line of bytes", LLC_UINT8, 1, {300000}, {3}},
    {"small image", LLC_FLOAT64, 2, {16, 16}, {3, 3}},
    {"image", LLC_FLOAT64, 2, {150, 2048}, {3, 3}},
    {"image of floats", LLC_FLOAT32, 2, {150, 1000}, {5, 4}},
    {"short rows", LLC_FLOAT64, 2, {20000, 3}, {3, 3}},
    {"short rows, one by one", LLC_FLOAT64, 2, {20000, 3}, {1, 1}},
    {"volume", LLC_FLOAT64, 3, {20, 60, 50}, {3, 2, 3}},
};
enum { PROBLEMS = sizeof problems / sizeof problems[0] };

/* What a batch callback sees and notes. */
struct notes {
    const struct problem *problem;
    intptr_t elements, taps;
    /* For the first element of each batch, how many it has. */
    intptr_t *counts;
    /* The batch that has this element gives up. */
    intptr_t fails_at;
    int wrong;
};

static int noting(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                  const llc_batch *batch, void *user_data)
{
    struct notes *notes = (struct notes *)user_data;
    const struct problem *problem = notes->problem;
    intptr_t readable = (count + LLC_LANES - 1) / LLC_LANES * LLC_LANES;
    volatile double sum = 0;
    intptr_t j, k;

    if (count < 1 || count > LLC_BATCH_MAX || filter_size != notes->taps || batch->struct_size < sizeof(llc_batch) ||
        batch->first < 0 || batch->first + count > notes->elements || batch->ndim != problem->ndim ||
        memcmp(batch->shape, problem->shape, (size_t)problem->ndim * sizeof(intptr_t)) != 0 ||
        (uintptr_t)return_values % sizeof(double) != 0 || notes->counts[batch->first] != 0) {
        notes->wrong = 1; /* nobody writes anything else */
        return 0;
    }
    notes->counts[batch->first] = count;
    if (notes->fails_at >= batch->first && notes->fails_at < batch->first + count)
        return 0;
    for (k = 0; k < filter_size; k++)
        for (j = 0; j < readable; j++)
            sum += taps[k][j];
    for (j = 0; j < count; j++)
        return_values[j] = filter_size == 1 ? taps[0][j] : 7;
    return 1;
}

static size_t size_of(int32_t dtype)
{
    return (size_t)(dtype >> 8) / 8;
}

/* Zeros, in memory of exactly so many elements, so that tools notice who reads or writes beyond it. */
static void *new_elements(intptr_t count, int32_t dtype)
{
    void *memory = malloc((size_t)count * size_of(dtype));

    if (memory == NULL)
        exit(1);
    memset(memory, 0, (size_t)count * size_of(dtype));
    return memory;
}

static llc_status run(const struct problem *problem, int32_t threads, void *input_data, void *output_data,
                      struct notes *notes, llc_error *error)
{
    const llc_array input = array_view(input_data, problem->dtype, problem->ndim, problem->shape, NULL);
    const llc_array output = array_view(output_data, problem->dtype, problem->ndim, problem->shape, NULL);
    const llc_window window = box_window(problem->ndim, problem->window);
    const llc_options options = thread_options(threads);

    memset(notes->counts, 0, (size_t)notes->elements * sizeof(intptr_t));
    notes->wrong = 0;
    return llc_batch_filter(&input, &output, &window, noting, notes, &options, error);
}

static struct notes new_notes(const struct problem *problem)
{
    struct notes notes;

    notes.problem = problem;
    notes.elements = element_count(problem->ndim, problem->shape);
    notes.taps = element_count(problem->ndim, problem->window);
    notes.counts = (intptr_t *)new_elements(notes.elements, LLC_FLOAT64);
    notes.fails_at = -1;
    notes.wrong = 0;
    return notes;
}

static void batches_follow_each_other_and_are_the_same_for_any_number_of_threads(void)
{
    int p, t;

    for (p = 0; p < PROBLEMS; p++) {
        const struct problem *problem = &problems[p];
        struct notes notes = new_notes(problem);
        void *input = new_elements(notes.elements, problem->dtype);
        void *output = new_elements(notes.elements, problem->dtype);
        intptr_t *first = (intptr_t *)new_elements(notes.elements, LLC_FLOAT64);
        intptr_t at;

        for (t = 0; t < THREAD_COUNTS; t++) {
            const int threads = (int)thread_counts[t];

            CHECK_INT(run(problem, thread_counts[t], input, output, &notes, NULL), LLC_OK, "%s, threads %d",
                      problem->name, threads);
            CHECK(!notes.wrong, "%s, threads %d: a batch is not as the header says", problem->name, threads);
            for (at = 0; at < notes.elements && notes.counts[at] > 0; at += notes.counts[at]) {
            }
            CHECK_INT(at, notes.elements, "%s, threads %d: the end of the batches", problem->name, threads);
            if (t == 0)
                memcpy(first, notes.counts, (size_t)notes.elements * sizeof(intptr_t));
            CHECK(memcmp(first, notes.counts, (size_t)notes.elements * sizeof(intptr_t)) == 0,
                  "%s, threads %d: other batches than with one", problem->name, threads);
        }
        free(notes.counts);
        free(first);
        free(input);
        free(output);
    }
}

/* Every batch of a long line of doubles is of some size: calls are to be worth their cost. */
static void batches_are_not_small_without_need(void)
{
    struct notes notes = new_notes(&problems[7]);
    void *input = new_elements(notes.elements, LLC_FLOAT64), *output = new_elements(notes.elements, LLC_FLOAT64);
    intptr_t i, batches = 0;

    CHECK_INT(run(&problems[7], 1, input, output, &notes, NULL), LLC_OK, "%s", problems[7].name);
    for (i = 0; i < notes.elements; i++)
        batches += notes.counts[i] > 0;
    CHECK(batches <= 150 * 4, "%d batches for 150 rows", (int)batches);
    free(notes.counts);
    free(input);
    free(output);
}

static void failing_batch_is_the_lowest_and_all_before_it_is_written(void)
{
    int p, t;
    intptr_t i;

    for (p = 0; p < PROBLEMS; p++) {
        const struct problem *problem = &problems[p];
        struct notes notes = new_notes(problem);
        void *input = new_elements(notes.elements, problem->dtype);
        const size_t size = size_of(problem->dtype);
        intptr_t index = -1;

        notes.fails_at = notes.elements * 2 / 3;
        for (t = 0; t < THREAD_COUNTS; t++) {
            unsigned char *output = (unsigned char *)new_elements(notes.elements, problem->dtype);
            const int threads = (int)thread_counts[t];
            intptr_t missing = 0;
            llc_error error;

            if (notes.taps == 1)
                memset(input, 1, (size_t)notes.elements * size);
            CHECK_INT(run(problem, thread_counts[t], input, output, &notes, &error), LLC_ERROR_CALLBACK,
                      "%s, threads %d", problem->name, threads);
            CHECK(!notes.wrong, "%s, threads %d: a batch is not as the header says", problem->name, threads);
            if (t == 0)
                index = error.index;
            CHECK_INT(error.index, index, "%s, threads %d", problem->name, threads);
            CHECK(error.index <= notes.fails_at && notes.fails_at < error.index + notes.counts[error.index],
                  "%s, threads %d: index %d", problem->name, threads, (int)error.index);
            for (i = 0; i < error.index; i++)
                missing += memcmp(output + (size_t)i * size, "\0\0\0\0\0\0\0", size) == 0;
            CHECK_INT(missing, 0, "%s, threads %d: elements not written", problem->name, threads);
            free(output);
        }
        free(notes.counts);
        free(input);
    }
}

static int first_tap_or_zero(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                             const llc_batch *batch, void *user_data)
{
    intptr_t j;

    (void)batch, (void)user_data;
    for (j = 0; j < count; j++)
        return_values[j] = filter_size > 0 ? taps[0][j] : 0.5;
    return 1;
}

static void window_without_taps_has_filter_size_zero(void)
{
    const intptr_t shape[1] = {100}, extents[1] = {3};
    const uint8_t none[3] = {0, 0, 0};
    double data[100] = {0}, output_data[100] = {0};
    const llc_array input = array_view(data, LLC_FLOAT64, 1, shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, shape, NULL);
    llc_window window = box_window(1, extents);
    int i;

    window.footprint = none;
    CHECK_INT(llc_batch_filter(&input, &output, &window, first_tap_or_zero, NULL, NULL, NULL), LLC_OK, "no taps");
    for (i = 0; i < 100; i++)
        CHECK(output_data[i] == 0.5, "element %d is %g", i, output_data[i]);
}

/* ---- functions that LLC_FUNCTION makes ---- */

LLC_DECLARE_FUNCTION(external_minimum);

LLC_FUNCTION(external_minimum, 9)
{
    double least = values[0];
    for (intptr_t k = 1; k < n; k++)
        if (values[k] < least)
            least = values[k];
    return least;
}

LLC_STATIC_FUNCTION(deviation, 5)
{
    double mean = 0, squares = 0;
    for (intptr_t k = 0; k < n; k++)
        mean += values[k];
    mean /= (double)n;
    for (intptr_t k = 0; k < n; k++)
        squares += (values[k] - mean) * (values[k] - mean);
    return sqrt(squares / (double)n) * *(const double *)user_data;
}

LLC_STATIC_FUNCTION(never_called, 3)
{
    return values[0];
}

static void both_forms_of_a_function_give_the_same(void)
{
    static const intptr_t windows[][2] = {{1, 1}, {1, 5}, {3, 3}, {5, 1}, {2, 4}, {16, 16}, {15, 21}};
    enum { ROWS = 40, COLUMNS = 700 };
    static double data[ROWS][COLUMNS], by_pixel[ROWS][COLUMNS], by_batch[ROWS][COLUMNS];
    const intptr_t shape[2] = {ROWS, COLUMNS};
    const llc_array input = array_view(data, LLC_FLOAT64, 2, shape, NULL);
    const llc_array pixels = array_view(by_pixel, LLC_FLOAT64, 2, shape, NULL);
    const llc_array batches = array_view(by_batch, LLC_FLOAT64, 2, shape, NULL);
    const struct {
        const char *name;
        llc_filter_fn pixel;
        llc_batch_fn batch;
    } functions[] = {{"minimum", external_minimum, external_minimum_batch}, {"deviation", deviation, deviation_batch}};
    double scale = 1.25;
    uint32_t x = 1;
    size_t f, w;
    int row, column;

    for (row = 0; row < ROWS; row++)
        for (column = 0; column < COLUMNS; column++) {
            x = x * 1664525u + 1013904223u;
            data[row][column] = (double)(x >> 8) / 1000.0;
        }
    for (f = 0; f < 2; f++)
        for (w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            const llc_window window = box_window(2, windows[w]);

            CHECK_INT(llc_generic_filter(&input, &pixels, &window, functions[f].pixel, &scale, NULL, NULL), LLC_OK,
                      "%s, window %d", functions[f].name, (int)w);
            CHECK_INT(llc_batch_filter(&input, &batches, &window, functions[f].batch, &scale, NULL, NULL), LLC_OK,
                      "%s, window %d", functions[f].name, (int)w);
            CHECK(memcmp(by_pixel, by_batch, sizeof by_pixel) == 0, "%s, window %d: results differ", functions[f].name,
                  (int)w);
        }
}

/* ---- progress ---- */

static int cancelling(double fraction, void *progress_data)
{
    (void)fraction;
    return --*(int *)progress_data > 0;
}

static int slow_batch(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                      const llc_batch *batch, void *user_data)
{
    (void)user_data;
    clock_sleep_ms(10);
    return first_tap_or_zero(taps, filter_size, return_values, count, batch, NULL);
}

static void progress_is_heard_between_batches_and_cancels(void)
{
    enum { COUNT = 100000 };
    static double data[COUNT];
    const intptr_t shape[1] = {COUNT}, extents[1] = {3};
    const llc_array array = array_view(data, LLC_FLOAT64, 1, shape, NULL);
    static double output_data[COUNT];
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_window window = box_window(1, extents);
    int t;

    for (t = 0; t < THREAD_COUNTS; t++) {
        llc_options options = thread_options(thread_counts[t]);
        int calls_left = 4;

        options.progress = cancelling;
        options.progress_data = &calls_left;
        CHECK_INT(llc_batch_filter(&array, &output, &window, slow_batch, NULL, &options, NULL), LLC_ERROR_CANCELLED,
                  "threads %d", (int)thread_counts[t]);
        CHECK_INT(calls_left, 0, "threads %d", (int)thread_counts[t]);
    }
}

int main(void)
{
    batches_follow_each_other_and_are_the_same_for_any_number_of_threads();
    batches_are_not_small_without_need();
    failing_batch_is_the_lowest_and_all_before_it_is_written();
    window_without_taps_has_filter_size_zero();
    both_forms_of_a_function_give_the_same();
    progress_is_heard_between_batches_and_cancels();
    return check_result();
}
