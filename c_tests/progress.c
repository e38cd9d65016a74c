/*
 * Progress is heard often enough, but not too often, and can cancel.
 *
 * The header promises 50 ms between calls. The limits here are twice that on average and five times that at worst, for
 * machines with other things to do, and LLC_SLOWDOWN widens them further (see clock.h).
 */

#include "clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

enum { SLOW_MS = 5, MOST_MS_BETWEEN_CALLS = 250, NEVER = INT32_MAX };

/* ---- work that takes about half a second on one thread ---- */

struct work {
    const char *name;
    int32_t ndim;
    intptr_t shape[2];
    double fast_us;    /* of a fast callback */
    int32_t slow_from; /* from this element on callbacks sleep for SLOW_MS instead */
    int slow_only_on_workers;
};

static const struct work works[] = {
    {"fast line", 1, {500000}, 1, NEVER, 0},
    {"fast image", 2, {500, 1000}, 1, NEVER, 0},
    {"fast, short rows", 2, {150000, 3}, 1, NEVER, 0},
    {"fast, two rows", 2, {2, 250000}, 1, NEVER, 0},
    {"slow line", 1, {150}, 0, 0, 0},
    {"slow column", 2, {150, 1}, 0, 0, 0},
    {"fast, then slow", 1, {100100}, 0, 100000, 0},
    {"fast rows, then slow", 2, {1001, 100}, 0, 100000, 0},
    {"slow on workers only", 1, {400}, 0, 0, 1},
    {"slow on workers only, rows", 2, {400, 1}, 0, 0, 1},
};
enum { WORKS = sizeof works / sizeof works[0] };

struct worked {
    const struct work *work;
    pthread_t caller;
    int64_t fast_spins;
};

static double spin(int64_t spins)
{
    volatile double value = 1.0;

    for (; spins > 0; spins--)
        value = value * 0.5 + 0.5;
    return value;
}

/* The best of several measurements: the machine may have had other things to do during some. */
static double spins_per_us(void)
{
    enum { TIMES = 20, SPINS = 100000 };
    static double per_us;
    static int times;

    for (; times < TIMES; times++) {
        const double start = clock_ms();
        double measured;

        spin(SPINS);
        measured = SPINS / ((clock_ms() - start) * 1000);
        if (measured > per_us)
            per_us = measured;
    }
    return per_us;
}

/* The input holds the C-order index of each element, the window is that element. */
static int working(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    const struct worked *worked = (const struct worked *)user_data;
    const int late = buffer[0] >= worked->work->slow_from;

    (void)filter_size;
    if (late && !(worked->work->slow_only_on_workers && pthread_equal(worked->caller, pthread_self())))
        clock_sleep_ms(SLOW_MS);
    else
        *return_value = spin(worked->fast_spins);
    return 1;
}

/* ---- who listens ---- */

struct listener {
    int cancels_after_ms; /* NEVER; 0: at once */
    double cancels_at_fraction;

    pthread_t caller;
    double start, previous_call, longest_gap, cancelled, end;
    double fraction;
    int calls, calls_after_cancelling, on_other_threads, out_of_range, falls;
};

static int listening(double fraction, void *progress_data)
{
    struct listener *l = (struct listener *)progress_data;
    const double now = clock_ms();

    l->calls++;
    l->calls_after_cancelling += l->cancelled > 0;
    l->on_other_threads += !pthread_equal(l->caller, pthread_self());
    l->out_of_range += !(fraction >= 0 && fraction <= 1);
    l->falls += l->calls > 1 && !(fraction >= l->fraction);
    if (now - l->previous_call > l->longest_gap)
        l->longest_gap = now - l->previous_call;
    l->previous_call = now;
    l->fraction = fraction;

    if (now - l->start >= l->cancels_after_ms || fraction >= l->cancels_at_fraction)
        l->cancelled = now;
    return l->cancelled == 0;
}

static llc_status run(const struct work *work, int32_t threads, int cancels_after_ms, double cancels_at_fraction,
                      struct listener *listener)
{
    const intptr_t ones[2] = {1, 1}, count = element_count(work->ndim, work->shape);
    double *input_data = (double *)malloc((size_t)(count + 1) * sizeof(double));
    double *output_data = (double *)malloc((size_t)(count + 1) * sizeof(double));
    const llc_array input = array_view(input_data, LLC_FLOAT64, work->ndim, work->shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, work->ndim, work->shape, NULL);
    const llc_window window = box_window(work->ndim, ones);
    llc_options options = thread_options(threads);
    struct worked worked;
    llc_status status;
    intptr_t i;

    for (i = 0; i < count; i++)
        input_data[i] = (double)i;
    worked.work = work;
    worked.caller = pthread_self();
    worked.fast_spins = (int64_t)(work->fast_us * spins_per_us());

    memset(listener, 0, sizeof *listener);
    listener->cancels_after_ms = cancels_after_ms;
    listener->cancels_at_fraction = cancels_at_fraction;
    listener->caller = pthread_self();
    listener->start = listener->previous_call = clock_ms();
    options.progress = listening;
    options.progress_data = listener;
    status = llc_generic_filter(&input, &output, &window, working, &worked, &options, NULL);
    listener->end = clock_ms();

    free(input_data);
    free(output_data);
    return status;
}

/* ---- the tests ---- */

static void check_manners(const struct listener *l, const char *name, int32_t threads)
{
    CHECK(l->calls > 0, "%s, threads %d", name, (int)threads);
    CHECK_INT(l->on_other_threads, 0, "%s, threads %d: calls", name, (int)threads);
    CHECK_INT(l->out_of_range, 0, "%s, threads %d: fractions", name, (int)threads);
    CHECK_INT(l->falls, 0, "%s, threads %d: fractions", name, (int)threads);
    CHECK_INT(l->calls_after_cancelling, 0, "%s, threads %d", name, (int)threads);
}

static void progress_is_heard_at_least_every_50_ms_and_rises_to_one(void)
{
    const double most = MOST_MS_BETWEEN_CALLS * clock_slowdown();
    int32_t threads;
    int i;

    for (i = 0; i < WORKS; i++)
        for (threads = 1; threads <= 2; threads++) {
            const char *name = works[i].name;
            struct listener l;
            double elapsed;

            CHECK_INT(run(&works[i], threads, NEVER, 2, &l), LLC_OK, "%s, threads %d", name, (int)threads);
            check_manners(&l, name, threads);
            elapsed = l.end - l.start;
            CHECK(l.fraction == 1, "%s, threads %d: ends with %.17g", name, (int)threads, l.fraction);
            CHECK(l.longest_gap < most, "%s, threads %d: nothing heard for %.0f ms", name, (int)threads,
                  l.longest_gap);
            CHECK(l.end - l.previous_call < most, "%s, threads %d: %.0f ms from the last call to the end", name,
                  (int)threads, l.end - l.previous_call);
            CHECK(l.calls >= elapsed / (100 * clock_slowdown()), "%s, threads %d: %d calls in %.0f ms", name,
                  (int)threads, l.calls, elapsed);
            CHECK(l.calls <= 50 + elapsed / 10, "%s, threads %d: %d calls in %.0f ms", name, (int)threads, l.calls,
                  elapsed);
        }
}

static void cancelling_ends_the_call_at_once(void)
{
    static const int moments_ms[] = {0, 100};
    const double most = MOST_MS_BETWEEN_CALLS * clock_slowdown();
    int32_t threads;
    int i, k;

    for (i = 0; i < WORKS; i++)
        for (threads = 1; threads <= 2; threads++)
            for (k = 0; k < 2; k++) {
                const char *name = works[i].name;
                struct listener l;

                if (works[i].slow_only_on_workers && moments_ms[k] > 0)
                    continue; /* the calling thread may be done by then */
                CHECK_INT(run(&works[i], threads, moments_ms[k], 2, &l), LLC_ERROR_CANCELLED,
                          "%s, threads %d, after %d ms", name, (int)threads, moments_ms[k]);
                check_manners(&l, name, threads);
                if (l.cancelled > 0)
                    CHECK(l.end - l.cancelled < most, "%s, threads %d, after %d ms: took another %.0f ms", name,
                          (int)threads, moments_ms[k], l.end - l.cancelled);
            }
}

static const struct work small_works[] = {
    {"one element", 1, {1}, 0, NEVER, 0},
    {"no axes", 0, {0}, 0, NEVER, 0},
    {"a few elements", 2, {2, 3}, 0, NEVER, 0},
    {"no elements", 2, {3, 0}, 0, NEVER, 0},
};
enum { SMALL_WORKS = sizeof small_works / sizeof small_works[0] };

static void small_calls_end_with_fraction_one_too(void)
{
    int32_t threads;
    int i;

    for (i = 0; i < SMALL_WORKS; i++)
        for (threads = 0; threads <= 2; threads++) {
            const char *name = small_works[i].name;
            struct listener l;

            CHECK_INT(run(&small_works[i], threads, NEVER, 2, &l), LLC_OK, "%s, threads %d", name, (int)threads);
            check_manners(&l, name, threads);
            CHECK(l.fraction == 1, "%s, threads %d: ends with %.17g", name, (int)threads, l.fraction);
        }
}

static void progress_that_always_cancels_cancels_every_call(void)
{
    int32_t threads;
    int i;

    for (i = 0; i < SMALL_WORKS; i++)
        for (threads = 0; threads <= 2; threads++) {
            struct listener l;

            CHECK_INT(run(&small_works[i], threads, 0, 2, &l), LLC_ERROR_CANCELLED, "%s, threads %d",
                      small_works[i].name, (int)threads);
            check_manners(&l, small_works[i].name, threads);
        }
}

static void cancelling_after_the_last_element_counts(void)
{
    static const struct work *const few[] = {&small_works[0], &small_works[2], &small_works[3], &works[4]};
    int32_t threads;
    size_t i;

    for (i = 0; i < sizeof few / sizeof few[0]; i++)
        for (threads = 1; threads <= 2; threads++) {
            struct listener l;

            CHECK_INT(run(few[i], threads, NEVER, 1, &l), LLC_ERROR_CANCELLED, "%s, threads %d", few[i]->name,
                      (int)threads);
            CHECK(l.fraction == 1, "%s, threads %d: cancelled at %.17g", few[i]->name, (int)threads, l.fraction);
        }
}

int main(void)
{
    progress_is_heard_at_least_every_50_ms_and_rises_to_one();
    cancelling_ends_the_call_at_once();
    small_calls_end_with_fraction_one_too();
    progress_that_always_cancels_cancels_every_call();
    cancelling_after_the_last_element_counts();
    return check_result();
}
