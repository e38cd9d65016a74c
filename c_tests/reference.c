/*
 * llc_generic_filter gives what SciPy gives, bit for bit, for every case of tests/reference/cases.bin and any number of
 * threads, and so does llc_batch_filter with the same function as LLC_FUNCTION makes it; they write the output's elements
 * and nothing else.
 *
 *     reference cases.bin
 */

#include "reference.h"

/* The callbacks of callbacks.h once more, both forms from one body; one knows a number of taps that is frequent here, one
   that never comes, the others none. */

LLC_STATIC_FUNCTION(minimum, 9)
{
    double least = n > 0 ? values[0] : HUGE_VAL;
    for (intptr_t k = 1; k < n; k++)
        if (values[k] < least)
            least = values[k];
    return least;
}

LLC_STATIC_FUNCTION(sum, 3)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k];
    return sum;
}

LLC_STATIC_FUNCTION(weighted, 0)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++) {
        volatile double product = (double)(k + *(const intptr_t *)user_data) * values[k];
        sum += product;
    }
    return sum;
}

LLC_STATIC_FUNCTION(divided, 1000)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k] / (double)(k + 3);
    return sum;
}

LLC_STATIC_FUNCTION(silent, 0)
{
    return 0.0;
}

/* The same function in its three forms. */
static const struct form {
    llc_filter_fn reference, pixel;
    llc_batch_fn batch;
} forms[] = {
    {pixel_minimum, minimum, minimum_batch}, {pixel_sum, sum, sum_batch},
    {pixel_weighted, weighted, weighted_batch}, {pixel_divided, divided, divided_batch},
    {pixel_silent, silent, silent_batch},
};

static const struct form *form_of(const reference_case *test)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].reference == test->function)
            return &forms[i];
    return NULL;
}

static int as_given(const reference_case *test, const llc_array *input, const llc_array *output,
                    const llc_options *options, void *user_data, llc_error *error, llc_status *status)
{
    *status = llc_generic_filter(input, output, &test->window, test->function, user_data, options, error);
    return 1;
}

static int macro_pixel(const reference_case *test, const llc_array *input, const llc_array *output,
                       const llc_options *options, void *user_data, llc_error *error, llc_status *status)
{
    const struct form *form = form_of(test);
    if (form != NULL)
        *status = llc_generic_filter(input, output, &test->window, form->pixel, user_data, options, error);
    return form != NULL;
}

static int macro_batch(const reference_case *test, const llc_array *input, const llc_array *output,
                       const llc_options *options, void *user_data, llc_error *error, llc_status *status)
{
    const struct form *form = form_of(test);
    if (form != NULL)
        *status = llc_batch_filter(input, output, &test->window, form->batch, user_data, options, error);
    return form != NULL;
}

int main(int argc, char **argv)
{
    static const reference_way ways[] = {
        {"as given", as_given}, {"LLC_FUNCTION", macro_pixel}, {"LLC_FUNCTION's batch", macro_batch},
    };
    return reference_main(argc, argv, ways, sizeof ways / sizeof *ways);
}
