/*
 * What a process may do with the library: cancel a call from a signal handler, filter more elements than fit an
 * int, have denormals flushed to zero; and what it finds afterwards as it was.
 */

#include "clock.h"

#include <fenv.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "check.h"
#include "llc.h"
#include "views.h"

/* Signals. */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int until_interrupted(double fraction, void *moment)
{
    (void)fraction;
    /* The interruption is sent when the call has certainly begun. */
    if (*(double *)moment == 0) {
        *(double *)moment = clock_ms();
        kill(getpid(), SIGINT);
    }
    return !interrupted;
}

static int slowly(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    int i;

    (void)user_data;
    for (i = 0; i < 2000; i++)
        *return_value += buffer[i % filter_size];
    return 1;
}

static void a_signal_handler_may_cancel_through_progress(void)
{
    static float in[2000][1000], out[2000][1000];
    const intptr_t shape[2] = {2000, 1000}, extents[2] = {3, 3};
    const llc_array input = array_view(in, LLC_FLOAT32, 2, shape, NULL);
    const llc_array output = array_view(out, LLC_FLOAT32, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    struct sigaction action, before;
    int32_t threads;

    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    sigaction(SIGINT, &action, &before);
    for (threads = 1; threads <= 4; threads++) {
        double moment = 0;
        llc_options options = thread_options(threads);

        interrupted = 0;
        options.progress = until_interrupted;
        options.progress_data = &moment;
        CHECK_INT(llc_generic_filter(&input, &output, &window, slowly, NULL, &options, NULL), LLC_ERROR_CANCELLED,
                  "threads %d", (int)threads);
        CHECK(clock_ms() - moment < 200 * clock_slowdown(), "threads %d: %g ms later", (int)threads, clock_ms() - moment);
    }
    sigaction(SIGINT, &before, NULL);
}

/* Large arrays: of one element, seen again and again. */

#if INTPTR_MAX > 2147483647
static const intptr_t LARGE = (intptr_t)1 << 31;

struct large {
    intptr_t seen, last_first;
};

static int until_behind_2_31(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                             const llc_batch *batch, void *user_data)
{
    struct large *large = (struct large *)user_data;
    intptr_t i;

    (void)filter_size;
    for (i = 0; i < count; i++)
        return_values[i] = taps[1][i];
    large->last_first = batch->first;
    large->seen += count;
    return batch->first + count <= LARGE + 100;
}

static void more_elements_than_an_int_counts_are_no_different(void)
{
    const intptr_t shape[2] = {3, LARGE / 2}, strides[2] = {0, 0}, extents[2] = {1, 3};
    const llc_window window = box_window(2, extents);
    uint8_t in = 7, out = 0;
    struct large large = {0, 0};
    const llc_array input = array_view(&in, LLC_UINT8, 2, shape, strides);
    const llc_array output = array_view(&out, LLC_UINT8, 2, shape, strides);
    llc_error error;

    if (clock_slowdown() > 1)
        return;
    llc_batch_filter(&input, &output, &window, until_behind_2_31, &large, NULL, &error);
    CHECK_INT(error.status, LLC_ERROR_CALLBACK, "%s", error.message);
    CHECK_INT(error.index, large.last_first, "index");
    CHECK(error.index + LLC_BATCH_MAX > LARGE + 100, "index %" PRIdPTR, error.index);
    CHECK(large.seen > LARGE + 100 && large.seen <= LARGE + 100 + LLC_BATCH_MAX, "seen %" PRIdPTR, large.seen);
    CHECK_INT(out, 7, "result");
}
#endif

/* The floating-point environment. */

static void the_floating_point_environment_is_left_as_it_was(void)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    static const char *const names[] = {"median", "standard_deviation", "sum", "maximum"};
    double in[40][40], out[40][40];
    const intptr_t shape[2] = {40, 40}, extents[2] = {3, 3};
    const llc_array input = array_view(in, LLC_FLOAT64, 2, shape, NULL);
    const llc_array output = array_view(out, LLC_FLOAT64, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    unsigned m, f, flush;

    for (m = 0; m < 1600; m++)
        in[m / 40][m % 40] = m % 3 ? (double)(m * 7 % 11) / 3 : 5e-324;
    for (m = 0; m < 4; m++)
        for (f = 0; f < 4; f++)
            for (flush = 0; flush < 2; flush++) {
                const llc_options options = thread_options((int32_t)(1 + f % 2));

                fesetround(modes[m]);
#if defined(__SSE2__)
                const unsigned before = (_mm_getcsr() & ~0x8040u) | (flush ? 0x8040u : 0);
                _mm_setcsr(before);
                /* Valgrind knows no flushing. */
                const int has_it = _mm_getcsr() == before;
#endif
                CHECK_INT(llc_generic_filter(&input, &output, &window, llc_builtin(names[f]), NULL, &options, NULL), LLC_OK,
                          "%s", names[f]);
#if defined(__SSE2__)
                /* But for the flags of what happened. */
                if (has_it)
                    CHECK_INT(_mm_getcsr() & ~63u, before & ~63u, "%s", names[f]);
                _mm_setcsr(before & ~0x8040u);
#endif
                CHECK_INT(fegetround(), modes[m], "%s", names[f]);
            }
    fesetround(FE_TONEAREST);
}

int main(void)
{
    a_signal_handler_may_cancel_through_progress();
#if INTPTR_MAX > 2147483647
    more_elements_than_an_int_counts_are_no_different();
#endif
    the_floating_point_environment_is_left_as_it_was();
    return check_result();
}
