/*
 * Two filters of our own over an 8-bit greyscale picture, on all cores.
 *
 *     demo in.pgm minimum.pgm contrast.pgm
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <llc.h>

#include "pgm.h"

/* fmin of all values: dark things grow. */
static int minimum(double *values, intptr_t n, double *result, void *user_data)
{
    double least = values[0];
    (void)user_data;
    for (intptr_t i = 1; i < n; i++)
        if (values[i] < least)
            least = values[i];
    *result = least;
    return 1;
}

/* How far the centre is from the mean, in standard deviations: shadows and highlights show their detail alike. */
static int contrast(double *values, intptr_t n, double *result, void *user_data)
{
    const double noise = *(const double *)user_data; /* deviations well below this stay invisible */
    double sum = 0, squares = 0;
    for (intptr_t i = 0; i < n; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    const double mean = sum / (double)n;
    const double deviation = sqrt(fmax(squares / (double)n - mean * mean, 0));
    const double grey = 128 + 64 * (values[n / 2] - mean) / (deviation + noise);
    *result = fmin(fmax(grey, 0), 255); /* beyond 0 ... 255 it would wrap when cast to uint8_t */
    return 1;
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

/* Filters in to out, writes out to path and says how long the filter took. */
static void run(image in, image out, const llc_window *window, llc_filter_fn function, void *user_data,
                const char *path)
{
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;
    options.threads = LLC_ALL_CORES;

    const double start = milliseconds();
    llc_generic_filter(LLC_ARRAY(in.pixels, LLC_UINT8, in.height, in.width),
                       LLC_ARRAY(out.pixels, LLC_UINT8, out.height, out.width),
                       window, function, user_data, &options, &error);
    const double elapsed = milliseconds() - start;
    if (error.status != LLC_OK)
        fail("llc_generic_filter", error.message);

    write_pgm(path, out);
    printf("%s: %.1f ms, %.1f megapixels per second\n", path, elapsed,
           (double)in.width * (double)in.height / elapsed / 1e3);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: demo in.pgm minimum.pgm contrast.pgm\n");
        return 2;
    }
    const uint8_t disk[7][7] = {
        { 0, 0, 1, 1, 1, 0, 0 }, { 0, 1, 1, 1, 1, 1, 0 }, { 1, 1, 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1, 1, 1 },
        { 1, 1, 1, 1, 1, 1, 1 }, { 0, 1, 1, 1, 1, 1, 0 }, { 0, 0, 1, 1, 1, 0, 0 },
    };
    const llc_window disk_window = { .ndim = 2, .shape = (const intptr_t[]){ 7, 7 }, .footprint = &disk[0][0] };
    double noise = 6;

    image in = read_pgm(argv[1]);
    image out = new_image(in.height, in.width);
    run(in, out, &disk_window, minimum, NULL, argv[2]);
    run(in, out, LLC_BOX(15, 15), contrast, &noise, argv[3]);
    free(out.pixels);
    free(in.pixels);
    return 0;
}
