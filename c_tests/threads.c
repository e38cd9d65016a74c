/* What callers may rely on with threads: theirs and the library's. */

#include "clock.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "llc.h"
#include "views.h"

static const int32_t thread_counts[] = {0, 1, 2, 3, 8, LLC_ALL_CORES};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof thread_counts[0] };

/* ---- who calls back ---- */

/* The threads that callbacks ran on, each once. */
struct crew {
    pthread_mutex_t lock;
    pthread_t caller, members[64];
    int size;
};

static void crew_init(struct crew *crew)
{
    pthread_mutex_init(&crew->lock, NULL);
    crew->caller = pthread_self();
    crew->size = 0;
}

static void crew_join(struct crew *crew)
{
    int i;

    pthread_mutex_lock(&crew->lock);
    for (i = 0; i < crew->size && !pthread_equal(crew->members[i], pthread_self()); i++)
        ;
    if (i == crew->size && crew->size < 64)
        crew->members[crew->size++] = pthread_self();
    pthread_mutex_unlock(&crew->lock);
}

static int on_calling_thread(const struct crew *crew)
{
    return pthread_equal(crew->caller, pthread_self());
}

/* Runs function over a line of 64 elements, with callbacks slow enough that every worker gets some. */
enum { SLOW_ELEMENTS = 64 };

static llc_status run_over_line(llc_filter_fn function, void *user_data, int32_t threads, double *output_data)
{
    const intptr_t shape[1] = {SLOW_ELEMENTS}, extents[1] = {3};
    double input_data[SLOW_ELEMENTS];
    const llc_array input = array_view(input_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_window window = box_window(1, extents);
    const llc_options options = thread_options(threads);
    int i;

    for (i = 0; i < SLOW_ELEMENTS; i++)
        input_data[i] = i * 0.1;
    return llc_generic_filter(&input, &output, &window, function, user_data, &options, NULL);
}

/* ---- results ---- */

struct array_case {
    const char *name;
    int32_t ndim;
    intptr_t shape[3], extents[3];
};

/* Large enough for several threads, unless its name says otherwise. */
static const struct array_case array_cases[] = {
    {"one long line", 1, {40000}, {7}},
    {"image", 2, {200, 201}, {3, 3}},
    {"image, wide window", 2, {50, 201}, {1, 41}},
    {"short last axis", 2, {13000, 3}, {3, 5}},
    {"rows of one element", 2, {40000, 1}, {3, 1}},
    {"two long rows", 2, {2, 20000}, {3, 3}},
    {"small planes", 3, {2000, 5, 4}, {3, 3, 3}},
    {"volume", 3, {20, 40, 50}, {3, 2, 3}},
    {"a few elements", 2, {2, 3}, {3, 3}},
    {"one element", 1, {1}, {5}},
};

static int weighted(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    intptr_t i;

    (void)user_data;
    for (i = 0; i < filter_size; i++)
        *return_value = *return_value * 0.75 + buffer[i];
    return 1;
}

static void results_are_the_same_for_any_thread_count(void)
{
    size_t i, t;
    intptr_t k;

    for (i = 0; i < sizeof array_cases / sizeof array_cases[0]; i++) {
        const struct array_case *c = &array_cases[i];
        const intptr_t count = element_count(c->ndim, c->shape);
        const size_t size = (size_t)count * sizeof(double);
        double *input_data = (double *)malloc(size), *output_data = (double *)malloc(size);
        double *expected = (double *)malloc(size);
        const llc_array input = array_view(input_data, LLC_FLOAT64, c->ndim, c->shape, NULL);
        const llc_array output = array_view(output_data, LLC_FLOAT64, c->ndim, c->shape, NULL);
        const llc_window window = box_window(c->ndim, c->extents);

        for (k = 0; k < count; k++)
            input_data[k] = (double)((uint32_t)k * 2654435761u);
        for (t = 0; t < THREAD_COUNTS; t++) {
            const llc_options options = thread_options(thread_counts[t]);

            memset(output_data, 0, size);
            CHECK_INT(llc_generic_filter(&input, &output, &window, weighted, NULL, &options, NULL), LLC_OK,
                      "%s, threads %d", c->name, (int)thread_counts[t]);
            if (t == 0)
                memcpy(expected, output_data, size);
            CHECK(memcmp(expected, output_data, size) == 0, "%s, threads %d", c->name, (int)thread_counts[t]);
        }
        free(input_data);
        free(output_data);
        free(expected);
    }
}

/* The input holds the index of each element, the window is that element. */
static int mark_element(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    unsigned char *marks = (unsigned char *)user_data;

    (void)filter_size;
    *return_value = buffer[0];
    marks[(intptr_t)buffer[0]]++;
    return 1;
}

static void every_element_is_called_for_once(void)
{
    const intptr_t ones[3] = {1, 1, 1};
    size_t i, t;
    intptr_t k;

    for (i = 0; i < sizeof array_cases / sizeof array_cases[0]; i++) {
        const struct array_case *c = &array_cases[i];
        const intptr_t count = element_count(c->ndim, c->shape);
        double *data = (double *)malloc((size_t)count * sizeof(double));
        unsigned char *marks = (unsigned char *)malloc((size_t)count);
        const llc_array array = array_view(data, LLC_FLOAT64, c->ndim, c->shape, NULL);
        const llc_window window = box_window(c->ndim, ones);

        for (k = 0; k < count; k++)
            data[k] = (double)k;
        for (t = 0; t < THREAD_COUNTS; t++) {
            const llc_options options = thread_options(thread_counts[t]);
            intptr_t wrong = 0;

            memset(marks, 0, (size_t)count);
            CHECK_INT(llc_generic_filter(&array, &array, &window, mark_element, marks, &options, NULL), LLC_OK,
                      "%s, threads %d", c->name, (int)thread_counts[t]);
            for (k = 0; k < count; k++)
                wrong += marks[k] != 1 || data[k] != (double)k;
            CHECK_INT(wrong, 0, "%s, threads %d: elements", c->name, (int)thread_counts[t]);
        }
        free(data);
        free(marks);
    }
}

/* ---- how many threads ---- */

static int slow(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    crew_join((struct crew *)user_data);
    clock_sleep_ms(1);
    return weighted(buffer, filter_size, return_value, NULL);
}

static void slow_callbacks_run_on_several_threads_but_no_more_than_asked_for(void)
{
    static const struct array_case cases[] = {
        {"64", 1, {64}, {3}},          {"8 x 8", 2, {8, 8}, {3, 3}},       {"1 x 64", 2, {1, 64}, {3, 3}},
        {"64 x 1", 2, {64, 1}, {3, 3}}, {"4 x 4 x 4", 3, {4, 4, 4}, {1, 1, 1}},
    };
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    double input_data[64] = {0}, output_data[64];
    size_t i, t;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct array_case *c = &cases[i];
        const llc_array input = array_view(input_data, LLC_FLOAT64, c->ndim, c->shape, NULL);
        const llc_array output = array_view(output_data, LLC_FLOAT64, c->ndim, c->shape, NULL);
        const llc_window window = box_window(c->ndim, c->extents);

        for (t = 0; t < THREAD_COUNTS; t++) {
            const int32_t threads = thread_counts[t];
            const llc_options options = thread_options(threads);
            const int most = threads == LLC_ALL_CORES ? cores : threads == 0 ? 1 : (int)threads;
            struct crew crew;

            crew_init(&crew);
            CHECK_INT(llc_generic_filter(&input, &output, &window, slow, &crew, &options, NULL), LLC_OK,
                      "%s, threads %d", c->name, (int)threads);
            CHECK(crew.size <= most, "%s, threads %d: ran on %d", c->name, (int)threads, crew.size);
            if (threads > 1)
                CHECK(crew.size > 1, "%s, threads %d: ran on %d", c->name, (int)threads, crew.size);
        }
    }
}

static void asking_for_very_many_threads_is_fine(void)
{
    double expected[SLOW_ELEMENTS], results[SLOW_ELEMENTS];
    struct crew crew;

    crew_init(&crew);
    CHECK_INT(run_over_line(weighted, NULL, 1, expected), LLC_OK, "one thread");
    CHECK_INT(run_over_line(slow, &crew, INT32_MAX, results), LLC_OK, "INT32_MAX threads");
    CHECK(memcmp(expected, results, sizeof results) == 0, "INT32_MAX threads");
}

/* ---- order ---- */

enum { ORDERED = 60 };

struct sequence {
    struct crew crew;
    intptr_t indices[ORDERED];
    int calls, pause_ms;
};

static void sequence_init(struct sequence *sequence, int pause_ms)
{
    crew_init(&sequence->crew);
    sequence->calls = 0;
    sequence->pause_ms = pause_ms;
}

/* The input holds the C-order index of each element, the window is that element. */
static int note_sequence(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct sequence *sequence = (struct sequence *)user_data;

    (void)filter_size;
    crew_join(&sequence->crew);
    if (sequence->pause_ms > 0)
        clock_sleep_ms(sequence->pause_ms);
    pthread_mutex_lock(&sequence->crew.lock);
    if (sequence->calls < ORDERED)
        sequence->indices[sequence->calls] = (intptr_t)buffer[0];
    sequence->calls++;
    pthread_mutex_unlock(&sequence->crew.lock);
    *return_value = buffer[0] * 2 + 1;
    return 1;
}

static void check_sequence(const struct sequence *sequence, const char *name, int32_t threads)
{
    int i;

    CHECK_INT(sequence->calls, ORDERED, "%s, threads %d", name, (int)threads);
    CHECK_INT(sequence->crew.size, 1, "%s, threads %d", name, (int)threads);
    CHECK(pthread_equal(sequence->crew.members[0], sequence->crew.caller), "%s, threads %d", name, (int)threads);
    for (i = 0; i < ORDERED; i++)
        CHECK_INT(sequence->indices[i], i, "%s, threads %d: call %d", name, (int)threads, i);
}

static void one_thread_calls_back_in_c_order_on_the_calling_thread(void)
{
    static const struct {
        const char *name;
        intptr_t strides[3]; /* in elements */
        intptr_t first;
    } layouts[] = {
        {"C order", {20, 5, 1}, 0},
        {"Fortran order", {1, 3, 12}, 0},
        {"reversed", {-20, -5, -1}, ORDERED - 1},
        {"middle axis first", {5, 15, 1}, 0},
    };
    const intptr_t shape[3] = {3, 4, 5}, ones[3] = {1, 1, 1};
    const llc_window window = box_window(3, ones);
    size_t in, out;
    int32_t threads;
    int i, k;

    for (in = 0; in < 4; in++)
        for (out = 0; out < 4; out++)
            for (threads = 0; threads < 2; threads++) {
                const llc_options options = thread_options(threads);
                double input_data[ORDERED], output_data[ORDERED];
                intptr_t strides[2][3], offset[2];
                struct sequence sequence;
                llc_array input, output;
                char name[80];

                for (k = 0; k < 3; k++) {
                    strides[0][k] = layouts[in].strides[k] * (intptr_t)sizeof(double);
                    strides[1][k] = layouts[out].strides[k] * (intptr_t)sizeof(double);
                }
                input = array_view(input_data + layouts[in].first, LLC_FLOAT64, 3, shape, strides[0]);
                output = array_view(output_data + layouts[out].first, LLC_FLOAT64, 3, shape, strides[1]);
                for (i = 0; i < ORDERED; i++) {
                    offset[0] = i / 20 * strides[0][0] + i / 5 % 4 * strides[0][1] + i % 5 * strides[0][2];
                    *(double *)((char *)input.data + offset[0]) = i;
                }

                sequence_init(&sequence, in == out);
                snprintf(name, sizeof name, "%s to %s", layouts[in].name, layouts[out].name);
                CHECK_INT(llc_generic_filter(&input, &output, &window, note_sequence, &sequence, &options, NULL),
                          LLC_OK, "%s, threads %d", name, (int)threads);
                check_sequence(&sequence, name, threads);
                for (i = 0; i < ORDERED; i++) {
                    offset[1] = i / 20 * strides[1][0] + i / 5 % 4 * strides[1][1] + i % 5 * strides[1][2];
                    CHECK(*(double *)((char *)output.data + offset[1]) == i * 2 + 1, "%s, threads %d: element %d",
                          name, (int)threads, i);
                }
            }
}

static void output_that_shares_memory_with_itself_is_done_by_the_calling_thread_in_c_order(void)
{
    static const struct {
        const char *name;
        intptr_t strides[2]; /* in bytes */
    } layouts[] = {
        {"one element for all", {0, 0}},
        {"one element for each row", {8, 0}},
        {"one row for all", {0, 8}},
        {"rows that overlap", {16, 8}},
        {"rows that overlap, backwards", {16, -8}},
        {"elements that overlap", {60, 4}},
    };
    enum { WIDTH = 15, MEMORY = 1024, MIDDLE = 512 };
    const intptr_t shape[2] = {ORDERED / WIDTH, WIDTH}, ones[2] = {1, 1};
    const llc_window window = box_window(2, ones);
    const llc_options options = thread_options(4);
    double input_data[ORDERED];
    const llc_array input = array_view(input_data, LLC_FLOAT64, 2, shape, NULL);
    size_t layout;
    int i;

    for (i = 0; i < ORDERED; i++)
        input_data[i] = i;
    for (layout = 0; layout < sizeof layouts / sizeof layouts[0]; layout++) {
        const char *name = layouts[layout].name;
        const intptr_t *strides = layouts[layout].strides;
        char memory[MEMORY] = {0}, expected[MEMORY] = {0};
        const llc_array output = array_view(memory + MIDDLE, LLC_FLOAT64, 2, shape, strides);
        struct sequence sequence;

        sequence_init(&sequence, 1);
        CHECK_INT(llc_generic_filter(&input, &output, &window, note_sequence, &sequence, &options, NULL), LLC_OK,
                  "%s", name);
        check_sequence(&sequence, name, options.threads);
        for (i = 0; i < ORDERED; i++) {
            const double value = i * 2 + 1;

            memcpy(expected + MIDDLE + i / WIDTH * strides[0] + i % WIDTH * strides[1], &value, sizeof value);
        }
        CHECK(memcmp(memory, expected, sizeof memory) == 0, "%s: the last to be written stays", name);
    }
}

/* ---- what callbacks find on a worker ---- */

static const int asynchronous[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE};
static const int synchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

struct signals {
    struct crew crew;
    sigset_t caller_mask;
    int unblocked_asynchronous, blocked_synchronous, other_mask_on_caller;
};

static int same_signals(const sigset_t *a, const sigset_t *b)
{
    int number;

    for (number = 1; number < 32; number++)
        if (sigismember(a, number) != sigismember(b, number))
            return 0;
    return 1;
}

static int look_at_signals(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct signals *signals = (struct signals *)user_data;
    sigset_t mask;
    size_t i;

    (void)buffer, (void)filter_size, (void)return_value;
    crew_join(&signals->crew);
    clock_sleep_ms(1);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);

    pthread_mutex_lock(&signals->crew.lock);
    if (on_calling_thread(&signals->crew)) {
        signals->other_mask_on_caller += !same_signals(&mask, &signals->caller_mask);
    } else {
        for (i = 0; i < sizeof asynchronous / sizeof asynchronous[0]; i++)
            signals->unblocked_asynchronous += !sigismember(&mask, asynchronous[i]);
        for (i = 0; i < sizeof synchronous / sizeof synchronous[0]; i++)
            signals->blocked_synchronous += sigismember(&mask, synchronous[i]);
    }
    pthread_mutex_unlock(&signals->crew.lock);
    return 1;
}

static void workers_block_signals_and_the_caller_keeps_its_mask(void)
{
    struct signals signals;
    double output_data[SLOW_ELEMENTS];
    sigset_t original, blocked, after;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &blocked, &original);
    memset(&signals, 0, sizeof signals);
    crew_init(&signals.crew);
    pthread_sigmask(SIG_SETMASK, NULL, &signals.caller_mask);

    CHECK_INT(run_over_line(look_at_signals, &signals, 2, output_data), LLC_OK, "threads 2");
    pthread_sigmask(SIG_SETMASK, &original, &after);

    CHECK_INT(signals.crew.size, 2, "threads that called back");
    CHECK_INT(signals.unblocked_asynchronous, 0, "on workers");
    CHECK_INT(signals.blocked_synchronous, 0, "on workers");
    CHECK_INT(signals.other_mask_on_caller, 0, "in callbacks on the calling thread");
    CHECK(same_signals(&after, &signals.caller_mask), "mask of the caller after the call");
}

struct rounding {
    struct crew crew;
    int mode, other_modes;
};

static int look_at_rounding(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct rounding *rounding = (struct rounding *)user_data;

    crew_join(&rounding->crew);
    clock_sleep_ms(1);
    if (fegetround() != rounding->mode) {
        pthread_mutex_lock(&rounding->crew.lock);
        rounding->other_modes++;
        pthread_mutex_unlock(&rounding->crew.lock);
    }
    return weighted(buffer, filter_size, return_value, NULL);
}

/* Not so under valgrind, which always rounds to nearest. */
static int arithmetic_obeys_rounding_modes(void)
{
    volatile double three = 3.0, up, down;

    fesetround(FE_UPWARD);
    up = 1.0 / three;
    fesetround(FE_DOWNWARD);
    down = 1.0 / three;
    fesetround(FE_TONEAREST);
    return up > down;
}

static void workers_have_the_callers_rounding_mode(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    double one_thread[4][SLOW_ELEMENTS], results[SLOW_ELEMENTS];
    size_t i;

    for (i = 0; i < 4; i++) {
        struct rounding rounding;
        llc_status statuses[2];
        int mode_after;

        crew_init(&rounding.crew);
        rounding.mode = modes[i];
        rounding.other_modes = 0;
        fesetround(modes[i]);
        statuses[0] = run_over_line(weighted, NULL, 1, one_thread[i]);
        statuses[1] = run_over_line(look_at_rounding, &rounding, 2, results);
        mode_after = fegetround();
        fesetround(FE_TONEAREST);

        CHECK_INT(statuses[0], LLC_OK, "rounding mode %d", modes[i]);
        CHECK_INT(statuses[1], LLC_OK, "rounding mode %d", modes[i]);
        CHECK_INT(rounding.crew.size, 2, "rounding mode %d: threads that called back", modes[i]);
        CHECK_INT(rounding.other_modes, 0, "rounding mode %d: callbacks", modes[i]);
        CHECK_INT(mode_after, modes[i], "of the caller after the call");
        CHECK(memcmp(one_thread[i], results, sizeof results) == 0, "rounding mode %d: results", modes[i]);
    }
    if (arithmetic_obeys_rounding_modes())
        CHECK(memcmp(one_thread[1], one_thread[2], sizeof results) != 0, "rounding up and down differ");
}

/* 1.5 of the 2 MiB that a worker's stack has at least. */
enum { LOCALS = 3 << 19 };

static int use_stack(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    volatile char locals[LOCALS];
    size_t i, sum = 0;

    crew_join((struct crew *)user_data);
    clock_sleep_ms(1);
    for (i = 0; i < LOCALS; i += 1024)
        locals[i] = 1;
    for (i = 0; i < LOCALS; i += 1024)
        sum += (size_t)locals[i];
    weighted(buffer, filter_size, return_value, NULL);
    return sum == LOCALS / 1024;
}

static void workers_have_stacks_of_two_mebibytes(void)
{
    double expected[SLOW_ELEMENTS], results[SLOW_ELEMENTS];
    struct crew crew;

    crew_init(&crew);
    CHECK_INT(run_over_line(weighted, NULL, 1, expected), LLC_OK, "one thread");
    CHECK_INT(run_over_line(use_stack, &crew, 2, results), LLC_OK, "threads 2");
    CHECK_INT(crew.size, 2, "threads that called back");
    CHECK(memcmp(expected, results, sizeof results) == 0, "results");
}

/* ---- calls inside and beside calls ---- */

struct nested {
    struct crew crew;
    int32_t inner_threads;
    double expected[SLOW_ELEMENTS];
};

static int call_the_library(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct nested *nested = (struct nested *)user_data;
    double results[SLOW_ELEMENTS];

    crew_join(&nested->crew);
    clock_sleep_ms(1);
    if (run_over_line(weighted, NULL, nested->inner_threads, results) != LLC_OK ||
        memcmp(results, nested->expected, sizeof results) != 0)
        return 0;
    return weighted(buffer, filter_size, return_value, NULL);
}

static void callbacks_may_call_the_library(void)
{
    int32_t outer, inner;

    for (outer = 1; outer <= 3; outer++)
        for (inner = 1; inner <= 2; inner++) {
            double results[SLOW_ELEMENTS];
            struct nested nested;

            crew_init(&nested.crew);
            nested.inner_threads = inner;
            run_over_line(weighted, NULL, 1, nested.expected);
            CHECK_INT(run_over_line(call_the_library, &nested, outer, results), LLC_OK, "threads %d, inside %d",
                      (int)outer, (int)inner);
            CHECK(memcmp(results, nested.expected, sizeof results) == 0, "threads %d, inside %d", (int)outer,
                  (int)inner);
        }
}

static int slow_within_slow(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    struct nested *nested = (struct nested *)user_data;
    double results[SLOW_ELEMENTS];

    if (run_over_line(slow, &nested->crew, 2, results) != LLC_OK ||
        memcmp(results, nested->expected, sizeof results) != 0)
        return 0;
    return weighted(buffer, filter_size, return_value, NULL);
}

static void callbacks_may_start_threads_of_their_own(void)
{
    const intptr_t shape[1] = {6}, extents[1] = {3};
    double data[6] = {1, 2, 3, 4, 5, 6}, expected[6], results[6];
    const llc_array input = array_view(data, LLC_FLOAT64, 1, shape, NULL);
    const llc_array outputs[2] = {array_view(expected, LLC_FLOAT64, 1, shape, NULL),
                                  array_view(results, LLC_FLOAT64, 1, shape, NULL)};
    const llc_window window = box_window(1, extents);
    const llc_options options = thread_options(2);
    struct nested nested;

    crew_init(&nested.crew);
    run_over_line(weighted, NULL, 1, nested.expected);
    CHECK_INT(llc_generic_filter(&input, &outputs[0], &window, weighted, NULL, NULL, NULL), LLC_OK, "plain");
    CHECK_INT(llc_generic_filter(&input, &outputs[1], &window, slow_within_slow, &nested, &options, NULL), LLC_OK,
              "nested");
    CHECK(memcmp(expected, results, sizeof results) == 0, "results");
    CHECK(nested.crew.size > 2, "ran on %d threads", nested.crew.size);
}

enum { CALLERS = 16, CALLS_EACH = 625, HEIGHT = 20, WIDTH = 30 };

struct caller {
    int number, wrong;
};

static void *call_all_kinds(void *argument)
{
    static const char *const names[] = {"median", "minimum", "mean", "mode", "variance", "distinct"};
    struct caller *self = (struct caller *)argument;
    float in[HEIGHT][WIDTH], out[HEIGHT][WIDTH], expected[7][HEIGHT][WIDTH];
    const intptr_t shape[2] = {HEIGHT, WIDTH}, extents[2] = {3, 5};
    const llc_array input = array_view(in, LLC_FLOAT32, 2, shape, NULL);
    const llc_array output = array_view(out, LLC_FLOAT32, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    int call;

    for (call = 0; call < HEIGHT * WIDTH; call++)
        in[call / WIDTH][call % WIDTH] = (float)(call * (self->number + 7) % 101);
    for (call = 0; call < CALLS_EACH; call++) {
        const int kind = call % 7;
        const llc_options options = thread_options(call / 7 % 3);
        const llc_filter_fn function = kind == 6 ? weighted : llc_builtin(names[kind]);

        memset(out, 255, sizeof out);
        self->wrong += llc_generic_filter(&input, &output, &window, function, NULL, &options, NULL) != LLC_OK;
        if (call < 7)
            memcpy(expected[kind], out, sizeof out);
        self->wrong += memcmp(expected[kind], out, sizeof out) != 0;
    }
    return NULL;
}

static void sixteen_threads_may_make_ten_thousand_calls(void)
{
    pthread_t threads[CALLERS];
    struct caller callers[CALLERS];
    int i;

    for (i = 0; i < CALLERS; i++) {
        callers[i].number = i;
        callers[i].wrong = 0;
        CHECK_INT(pthread_create(&threads[i], NULL, call_all_kinds, &callers[i]), 0, "thread %d", i);
    }
    for (i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(callers[i].wrong, 0, "thread %d", i);
    }
}

static void child_may_use_the_library_after_fork(void)
{
    double expected[SLOW_ELEMENTS], results[SLOW_ELEMENTS];
    struct crew crew;
    pid_t child;
    int status = -1;

    crew_init(&crew);
    CHECK_INT(run_over_line(slow, &crew, 2, expected), LLC_OK, "before the fork");
    child = fork();
    if (child == 0) {
        crew_init(&crew);
        if (run_over_line(slow, &crew, 2, results) != LLC_OK || memcmp(expected, results, sizeof results) != 0)
            _exit(1);
        _exit(crew.size > 1 ? 0 : 2);
    }
    CHECK_INT(waitpid(child, &status, 0), child, "child");
    CHECK(WIFEXITED(status), "wait status %d", status);
    CHECK_INT(WEXITSTATUS(status), 0, "child");
}

int main(void)
{
    results_are_the_same_for_any_thread_count();
    every_element_is_called_for_once();
    slow_callbacks_run_on_several_threads_but_no_more_than_asked_for();
    asking_for_very_many_threads_is_fine();
    one_thread_calls_back_in_c_order_on_the_calling_thread();
    output_that_shares_memory_with_itself_is_done_by_the_calling_thread_in_c_order();
    workers_block_signals_and_the_caller_keeps_its_mask();
    workers_have_the_callers_rounding_mode();
    workers_have_stacks_of_two_mebibytes();
    callbacks_may_call_the_library();
    callbacks_may_start_threads_of_their_own();
    sixteen_threads_may_make_ten_thousand_calls();
    child_may_use_the_library_after_fork();
    return check_result();
}
