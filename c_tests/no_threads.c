/* Where no thread can be started, the calling thread does all the work: every pthread_create here fails. */

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

static int refused;

/* Takes the place of the C library's, for the library under test too. */
#ifdef __cplusplus
extern "C"
#endif
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    (void)thread, (void)attributes, (void)start, (void)argument;
    refused++;
    return EAGAIN;
}

enum { COUNT = 64 };

static int slow_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    intptr_t i;

    ++*(int *)user_data;
    clock_sleep_ms(1);
    for (i = 0; i < filter_size; i++)
        *return_value += buffer[i];
    return 1;
}

static void calling_thread_does_the_work_of_threads_that_do_not_start(void)
{
    static const int32_t thread_counts[] = {1, 2, 8};
    const intptr_t shape[1] = {COUNT}, extents[1] = {3};
    double input_data[COUNT], results[3][COUNT];
    const llc_array input = array_view(input_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_window window = box_window(1, extents);
    int i;

    for (i = 0; i < COUNT; i++)
        input_data[i] = i % 7;
    for (i = 0; i < 3; i++) {
        const llc_array output = array_view(results[i], LLC_FLOAT64, 1, shape, NULL);
        const llc_options options = thread_options(thread_counts[i]);
        int calls = 0;

        refused = 0;
        CHECK_INT(llc_generic_filter(&input, &output, &window, slow_sum, &calls, &options, NULL), LLC_OK,
                  "threads %d", (int)thread_counts[i]);
        CHECK_INT(calls, COUNT, "threads %d", (int)thread_counts[i]);
        CHECK((refused > 0) == (thread_counts[i] > 1), "threads %d: %d not started", (int)thread_counts[i], refused);
        CHECK(memcmp(results[0], results[i], sizeof results[0]) == 0, "threads %d", (int)thread_counts[i]);
    }
}

int main(void)
{
    calling_thread_does_the_work_of_threads_that_do_not_start();
    return check_result();
}
