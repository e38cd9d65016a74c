/*
 * The functions of the comparison in C, as LLC_FUNCTION makes callbacks of them: SciPy gets the pixel form, libllc either.
 * forms.cpp and forms.rs have the same functions in other forms. compare.py compiles and loads all of them.
 */

#include <math.h>

#include <llc.h>

LLC_FUNCTION(minimum, 5)
{
    double least = values[0];
    for (intptr_t k = 1; k < n; k++)
        if (values[k] < least)
            least = values[k];
    return least;
}

LLC_FUNCTION(mean, 9)
{
    double sum = 0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k];
    return sum / (double)n;
}

LLC_FUNCTION(contrast, 9)
{
    double sum = 0;
    for (intptr_t k = 0; k < n; k++)
        sum += fabs(values[k] - values[n / 2]);
    return sum;
}

LLC_FUNCTION(deviation, 9)
{
    double mean = 0, squares = 0;
    for (intptr_t k = 0; k < n; k++)
        mean += values[k];
    mean /= (double)n;
    for (intptr_t k = 0; k < n; k++)
        squares += (values[k] - mean) * (values[k] - mean);
    return sqrt(squares / (double)n);
}

/* Two-dimensional arrays in C order, and how to filter them. */
typedef struct job {
    const void *input;
    void *output;
    intptr_t rows, columns;
    int32_t dtype, threads;
} job;

static llc_status filter(const job *job, intptr_t extent, const uint8_t *footprint, llc_batch_fn function)
{
    const intptr_t shape[2] = {job->rows, job->columns}, extents[2] = {extent, extent};
    const llc_array input = {(void *)job->input, job->dtype, 2, shape, NULL};
    const llc_array output = {job->output, job->dtype, 2, shape, NULL};
    const llc_window window = {2, 0, extents, footprint, NULL, NULL};
    llc_options options = LLC_OPTIONS_INIT;

    options.threads = job->threads;
    return llc_batch_filter(&input, &output, &window, function, NULL, &options, NULL);
}

llc_status filter_minimum(const job *job)
{
    static const uint8_t cross[9] = {0, 1, 0, 1, 1, 1, 0, 1, 0};

    return filter(job, 3, cross, minimum_batch);
}

llc_status filter_mean(const job *job)
{
    return filter(job, 3, NULL, mean_batch);
}

llc_status filter_contrast(const job *job)
{
    return filter(job, 3, NULL, contrast_batch);
}

llc_status filter_deviation(const job *job)
{
    return filter(job, 3, NULL, deviation_batch);
}

typedef llc_status generic_filter(const llc_array *, const llc_array *, const llc_window *, llc_filter_fn, void *,
                                  const llc_options *, llc_error *);

/* Calls llc_generic_filter n times: small calls are to be timed without what ctypes adds. */
llc_status repeat(int n, generic_filter *generic_filter, const llc_array *input, const llc_array *output,
                  const llc_window *window, llc_filter_fn function, const llc_options *options, llc_error *error)
{
    llc_status status = LLC_OK;
    for (int i = 0; i < n && status == LLC_OK; i++)
        status = generic_filter(input, output, window, function, NULL, options, error);
    return status;
}
