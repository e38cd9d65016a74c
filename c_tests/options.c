/* llc_options grows at its end: callers with the llc_options of another version get what they asked for. */

#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

/* llc_options as version 0.1.0 published it. Never to be changed: programs compiled with it exist. */
struct options_0_1 {
    size_t struct_size;
    int32_t mode;
    int32_t threads;
    double cval;
    const int32_t *axis_modes;
    int (*progress)(double fraction, void *progress_data);
    void *progress_data;
};

/* llc_options as some later version may publish it. */
struct options_of_the_future {
    llc_options known;
    int32_t new_mode, new_flag;
    double new_number;
    void *new_pointer;
};

enum { ROWS = 4, COLUMNS = 6, ELEMENTS = ROWS * COLUMNS };

static const double input_data[ELEMENTS] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4};

/* Gives each tap its own weight, so that no two boundary modes have the same result. */
static int weighted(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    intptr_t i;

    (void)user_data;
    for (i = 0; i < filter_size; i++)
        *return_value = *return_value * 1.5 + buffer[i];
    return 1;
}

static int count_progress(double fraction, void *progress_data)
{
    (void)fraction;
    ++*(int *)progress_data;
    return 1;
}

static void filter(const void *options, double *output_data, const char *name)
{
    const intptr_t shape[2] = {ROWS, COLUMNS}, extents[2] = {5, 4};
    const llc_array input = array_view((void *)input_data, LLC_FLOAT64, 2, shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    llc_error error;

    memset(output_data, 0, ELEMENTS * sizeof(double));
    CHECK_INT(llc_generic_filter(&input, &output, &window, weighted, NULL, (const llc_options *)options, &error),
              LLC_OK, "%s: %s", name, error.message);
}

static void check_same(const void *options, const void *same_options, const char *name)
{
    double results[ELEMENTS], same_results[ELEMENTS];
    int i;

    filter(options, results, name);
    filter(same_options, same_results, name);
    for (i = 0; i < ELEMENTS; i++)
        CHECK(results[i] == same_results[i], "%s: element %d is %g and %g", name, i, results[i], same_results[i]);
}

static void zeros_after_struct_size_are_all_defaults(void)
{
    llc_options zeros, init = LLC_OPTIONS_INIT, reflect = LLC_OPTIONS_INIT;

    memset(&zeros, 0, sizeof zeros);
    zeros.struct_size = sizeof zeros;
    reflect.mode = LLC_MODE_REFLECT;
    check_same(&zeros, NULL, "zeros");
    check_same(&init, NULL, "LLC_OPTIONS_INIT");
    check_same(&reflect, NULL, "mode");
}

static void options_of_version_0_1_work(void)
{
    static const int32_t modes[2] = {LLC_MODE_WRAP, LLC_MODE_MIRROR};
    struct options_0_1 old;
    llc_options options = LLC_OPTIONS_INIT;
    int calls = 0;

    memset(&old, 0, sizeof old);
    old.struct_size = sizeof old;
    check_same(&old, NULL, "all defaults");

    old.mode = options.mode = 5; /* LLC_MODE_CONSTANT in version 0.1 */
    old.cval = options.cval = -7.5;
    check_same(&old, &options, "mode and cval");

    old.axis_modes = options.axis_modes = modes;
    old.threads = options.threads = 2;
    check_same(&old, &options, "axis_modes and threads");

    old.progress = count_progress;
    old.progress_data = &calls;
    check_same(&old, &options, "progress and progress_data");
    CHECK(calls > 0, "progress called %d times", calls);
}

/* Else the tests above would compare equal things. */
static void options_make_a_difference(void)
{
    static const int32_t modes[2] = {LLC_MODE_WRAP, LLC_MODE_MIRROR};
    double results[4][ELEMENTS];
    llc_options options = LLC_OPTIONS_INIT;
    int i, k;

    filter(&options, results[0], "defaults");
    options.mode = LLC_MODE_CONSTANT;
    filter(&options, results[1], "mode");
    options.cval = -7.5;
    filter(&options, results[2], "mode and cval");
    options.axis_modes = modes;
    filter(&options, results[3], "axis_modes");

    for (i = 0; i < 4; i++)
        for (k = 0; k < i; k++)
            CHECK(memcmp(results[i], results[k], sizeof results[i]) != 0, "results %d and %d", i, k);
}

static void options_of_the_future_work_while_new_fields_are_zero(void)
{
    struct options_of_the_future future;
    llc_options options = LLC_OPTIONS_INIT;

    memset(&future, 0, sizeof future);
    future.known.struct_size = sizeof future;
    check_same(&future, NULL, "all defaults");

    future.known.mode = options.mode = LLC_MODE_CONSTANT;
    future.known.cval = options.cval = 2.25;
    check_same(&future, &options, "mode and cval");
}

static void options_of_the_future_are_refused_when_they_ask_for_what_is_not_known(void)
{
    const intptr_t shape[1] = {ELEMENTS}, extents[1] = {3};
    double output_data[ELEMENTS] = {0};
    const llc_array input = array_view((void *)input_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_array output = array_view(output_data, LLC_FLOAT64, 1, shape, NULL);
    const llc_window window = box_window(1, extents);
    struct options_of_the_future future;

    memset(&future, 0, sizeof future);
    future.known.struct_size = sizeof future;
    future.new_flag = 1;
    CHECK_INT(llc_generic_filter(&input, &output, &window, weighted, NULL, &future.known, NULL), LLC_ERROR_ARGUMENT,
              "new_flag = 1");
}

int main(void)
{
    CHECK(sizeof(void *) != 8 || sizeof(struct options_0_1) == 48, "size of version 0.1's llc_options");
    zeros_after_struct_size_are_all_defaults();
    options_of_version_0_1_work();
    options_make_a_difference();
    options_of_the_future_work_while_new_fields_are_zero();
    options_of_the_future_are_refused_when_they_ask_for_what_is_not_known();
    return check_result();
}
