/*
 * Filters from plain functions: values in, one value out. The same in C++ and Rust: functions.cpp, functions.rs.
 *
 *     functions in.pgm minimum.pgm deviation.pgm
 */
#include <math.h>
#include <stdio.h>

#include <llc.h>

#include "pgm.h"

/* The smallest value. */
LLC_STATIC_FUNCTION(minimum, 5)
{
    double result = INFINITY;
    for (intptr_t k = 0; k < n; k++)
        if (values[k] < result)
            result = values[k];
    return result;
}

/* The standard deviation, times the number that user_data points to, at most 255. */
LLC_STATIC_FUNCTION(deviation, 9)
{
    const double gain = *(const double *)user_data;
    double sum = 0, squares = 0;
    for (intptr_t k = 0; k < n; k++)
        sum += values[k];
    const double mean = sum / (double)n;
    for (intptr_t k = 0; k < n; k++)
        squares += (values[k] - mean) * (values[k] - mean);
    const double result = gain * sqrt(squares / (double)n);
    return result < 255 ? result : 255;
}

static void filter(image in, image out, const llc_window *window, llc_batch_fn function, void *user_data)
{
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;

    options.threads = LLC_ALL_CORES;
    if (llc_batch_filter(LLC_ARRAY(in.pixels, LLC_UINT8, in.height, in.width),
                         LLC_ARRAY(out.pixels, LLC_UINT8, out.height, out.width), window, function, user_data,
                         &options, &error) != LLC_OK)
        fail("llc_batch_filter", error.message);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: functions in.pgm minimum.pgm deviation.pgm\n");
        return 2;
    }
    const uint8_t cross[3][3] = { { 0, 1, 0 }, { 1, 1, 1 }, { 0, 1, 0 } };
    const llc_window cross_window = { .ndim = 2, .shape = (const intptr_t[]){ 3, 3 }, .footprint = &cross[0][0] };
    double gain = 5;

    image in = read_pgm(argv[1]);
    image out = new_image(in.height, in.width);
    filter(in, out, &cross_window, minimum_batch, NULL);
    write_pgm(argv[2], out);
    filter(in, out, LLC_BOX(3, 3), deviation_batch, &gain);
    write_pgm(argv[3], out);
    free(out.pixels);
    free(in.pixels);
    return 0;
}
