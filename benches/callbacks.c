/* What compare.py hands to SciPy and to libllc; it compiles this file. */
#include <llc.h>

int minimum(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    double least = buffer[0];
    (void)user_data;
    for (intptr_t i = 1; i < filter_size; i++)
        if (buffer[i] < least)
            least = buffer[i];
    *return_value = least;
    return 1;
}

typedef llc_status filter(const llc_array *, const llc_array *, const llc_window *, llc_filter_fn, void *,
                          const llc_options *, llc_error *);

/* Calls llc_generic_filter n times: small calls are to be timed without what ctypes adds. */
llc_status repeat(int n, filter *generic_filter, const llc_array *input, const llc_array *output,
                  const llc_window *window, llc_filter_fn function, const llc_options *options, llc_error *error)
{
    llc_status status = LLC_OK;
    for (int i = 0; i < n && status == LLC_OK; i++)
        status = generic_filter(input, output, window, function, NULL, options, error);
    return status;
}
