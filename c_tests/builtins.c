/* The built-in callbacks: by name, called directly, and through llc_generic_filter, which checks their parameters. */

#include <math.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "names.h"
#include "views.h"

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static void names_and_addresses_find_each_other(void)
{
    int i, j;

    for (i = 0; i < NAMES; i++) {
        llc_filter_fn function = llc_builtin(names[i]);
        CHECK(function != NULL && llc_builtin_name(function) != NULL, "%s", names[i]);
        CHECK(function == NULL || strcmp(llc_builtin_name(function), names[i]) == 0, "%s", names[i]);
        for (j = 0; j < i; j++)
            CHECK(function != llc_builtin(names[j]), "%s and %s are the same function", names[i], names[j]);
    }
    CHECK(llc_builtin("llc_median") == NULL && llc_builtin("") == NULL && llc_builtin(NULL) == NULL, "no such names");
    CHECK(llc_builtin_name(NULL) == NULL, "no function");
}

/* What a callback makes of some values, -1000 if it gives up. */
static double result(llc_filter_fn function, const double *values, intptr_t count, void *user_data)
{
    double buffer[16], value = 0.0;

    memcpy(buffer, values, (size_t)count * sizeof *values);
    return function(buffer, count, &value, user_data) != 0 ? value : -1000.0;
}

static void callbacks_give_what_they_say(void)
{
    static const double values[] = {5, 1, 4, 1, 3, 9}, weights[] = {1, -2, 0, 0.5, 1, 1};
    static const struct {
        const char *name;
        llc_filter_fn function;
        double expected;
    } cases[] = {
        {"minimum", llc_minimum, 1},
        {"maximum", llc_maximum, 9},
        {"range", llc_range, 8},
        {"sum", llc_sum, 23},
        {"mean", llc_mean, 23 / 6.0},
        {"median", llc_median, 3.5},
        {"median absolute deviation", llc_median_absolute_deviation, 2},
        {"mode", llc_mode, 1},
        {"distinct", llc_distinct, 5},
    };
    const double not_a_number = nan(""), none[] = {not_a_number, 2, not_a_number, 8};
    double percent = 50, fraction = 0.5, variance = 0, wrong = 100.5, negative = -0.25;
    intptr_t rank = -2, outside = 6;
    int i;

    for (i = 0; i < COUNT(cases); i++) {
        const double actual = result(cases[i].function, values, 6, NULL);
        CHECK(actual == cases[i].expected, "%s: %g, not %g", cases[i].name, actual, cases[i].expected);
        CHECK(isnan(result(cases[i].function, none, 4, NULL)) || cases[i].function == llc_distinct, "%s of NaN",
              cases[i].name);
    }
    for (i = 0; i < 6; i++)
        variance += (values[i] - 23 / 6.0) * (values[i] - 23 / 6.0) / 6;
    CHECK(fabs(result(llc_variance, values, 6, NULL) - variance) < 1e-14, "variance");
    CHECK(fabs(result(llc_standard_deviation, values, 6, NULL) - sqrt(variance)) < 1e-14, "standard deviation");
    CHECK(result(llc_rank, values, 6, &rank) == 5, "rank");
    CHECK(result(llc_percentile, values, 6, &percent) == 4, "percentile");
    CHECK(result(llc_quantile, values, 6, &fraction) == 3.5, "quantile");
    CHECK(result(llc_weighted_sum, values, 6, (void *)weights) == 15.5, "weighted sum");
    CHECK(result(llc_grey_erosion, values, 6, (void *)weights) == 0.5, "erosion");
    CHECK(result(llc_grey_dilation, values, 6, (void *)weights) == 10, "dilation");

    CHECK(result(llc_nan_count, none, 4, NULL) == 2 && result(llc_nan_sum, none, 4, NULL) == 10, "count and sum");
    CHECK(result(llc_nan_minimum, none, 4, NULL) == 2 && result(llc_nan_maximum, none, 4, NULL) == 8, "extremes");
    CHECK(result(llc_nan_mean, none, 4, NULL) == 5 && result(llc_nan_median, none, 4, NULL) == 5, "middle");
    CHECK(result(llc_nan_variance, none, 4, NULL) == 9 && result(llc_nan_standard_deviation, none, 4, NULL) == 3, "spread");
    CHECK(result(llc_nan_quantile, none, 4, &fraction) == 5, "quantile");

    CHECK(result(llc_sum, none, 0, NULL) == 0 && result(llc_distinct, none, 0, NULL) == 0, "no values");
    CHECK(result(llc_weighted_sum, none, 0, NULL) == 0 && isnan(result(llc_median, none, 0, NULL)), "no values");

    CHECK(result(llc_rank, values, 6, &outside) == -1000 && result(llc_rank, values, 6, NULL) == -1000, "no such rank");
    CHECK(result(llc_percentile, values, 6, &wrong) == -1000, "no percentile");
    CHECK(result(llc_quantile, values, 6, &negative) == -1000, "no quantile");
    CHECK(result(llc_grey_erosion, values, 6, NULL) == -1000, "no structure");
}

static int median_of_nine(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    intptr_t i, j;

    (void)user_data;
    for (i = 1; i < filter_size; i++) {
        const double value = buffer[i];
        for (j = i; j > 0 && buffer[j - 1] > value; j--)
            buffer[j] = buffer[j - 1];
        buffer[j] = value;
    }
    *return_value = buffer[filter_size / 2];
    return 1;
}

static void filters_give_what_callbacks_give(void)
{
    static double input[40 * 33], expected[40 * 33], output[40 * 33];
    static const intptr_t shape[] = {40, 33}, extents[] = {3, 3};
    const llc_array in = array_view(input, LLC_FLOAT64, 2, shape, NULL);
    const llc_array twin = array_view(expected, LLC_FLOAT64, 2, shape, NULL);
    const llc_array out = array_view(output, LLC_FLOAT64, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    int i;

    for (i = 0; i < 40 * 33; i++)
        input[i] = (i * 7919) % 1009;
    CHECK_INT(llc_generic_filter(&in, &twin, &window, median_of_nine, NULL, NULL, NULL), LLC_OK, "ours");
    CHECK_INT(llc_generic_filter(&in, &out, &window, llc_builtin("median"), NULL, NULL, NULL), LLC_OK, "theirs");
    CHECK(memcmp(output, expected, sizeof output) == 0, "median");

    /* A program's own address of a callback may be another than the library's: then it is called like any other. */
    CHECK(llc_builtin_name(llc_median) == NULL || strcmp(llc_builtin_name(llc_median), "median") == 0, "its address");
    memset(output, 0, sizeof output);
    CHECK_INT(llc_generic_filter(&in, &out, &window, llc_median, NULL, NULL, NULL), LLC_OK, "by its address");
    CHECK(memcmp(output, expected, sizeof output) == 0, "median by its address");
}

static void wrong_parameters_are_found_beforehand(void)
{
    double input[12] = {0}, output[12], percent = 101, fraction = nan("");
    intptr_t rank = 9;
    static const intptr_t shape[] = {3, 4}, extents[] = {3, 3};
    const struct {
        const char *name;
        void *user_data;
        llc_status status;
        const char *message;
    } cases[] = {
        {"rank", NULL, LLC_ERROR_NULL, "user_data of llc_rank is NULL"},
        {"rank", &rank, LLC_ERROR_ARGUMENT, "user_data of llc_rank is 9, but must be from -9 to 8 for 9 taps"},
        {"percentile", &percent, LLC_ERROR_ARGUMENT, "user_data of llc_percentile is 101, but must be from -100 to 100"},
        {"quantile", &fraction, LLC_ERROR_ARGUMENT, "user_data of llc_quantile is NaN, but must be from 0 to 1"},
        {"nan_quantile", (char *)&percent + 1, LLC_ERROR_ARGUMENT, "user_data of llc_nan_quantile is "},
        {"weighted_sum", NULL, LLC_ERROR_NULL, "user_data of llc_weighted_sum is NULL"},
    };
    int i, j;

    for (i = 0; i < COUNT(cases); i++) {
        const llc_array in = array_view(input, LLC_FLOAT64, 2, shape, NULL), out = array_view(output, LLC_FLOAT64, 2, shape, NULL);
        const llc_window window = box_window(2, extents);
        llc_error error;

        for (j = 0; j < 12; j++)
            output[j] = 77;
        CHECK_INT(llc_generic_filter(&in, &out, &window, llc_builtin(cases[i].name), cases[i].user_data, NULL, &error),
                  cases[i].status, "%s", cases[i].name);
        CHECK(strncmp(error.message, cases[i].message, strlen(cases[i].message)) == 0, "%s: %s", cases[i].name,
              error.message);
        for (j = 0; j < 12; j++)
            CHECK(output[j] == 77, "%s: output is untouched", cases[i].name);
    }
}

int main(void)
{
    names_and_addresses_find_each_other();
    callbacks_give_what_they_say();
    filters_give_what_callbacks_give();
    wrong_parameters_are_found_beforehand();
    return check_result();
}
