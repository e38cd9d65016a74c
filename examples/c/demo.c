/*
 * Two filters of our own over an 8-bit greyscale picture, on all cores.
 *
 *     demo in.pgm minimum.pgm contrast.pgm
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <llc.h>

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

typedef struct image {
    intptr_t height, width;
    uint8_t *pixels;
} image;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "demo: %s: %s\n", what, why);
    exit(1);
}

/* The next number of a PGM header, past blanks and comments; -1 if there is none. */
static long read_number(FILE *file)
{
    long number;
    int c = getc(file);
    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF)
                c = getc(file);
        c = getc(file);
    }
    ungetc(c, file);
    return fscanf(file, "%ld", &number) == 1 ? number : -1;
}

static image read_pgm(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path, "cannot be opened");
    if (getc(file) != 'P' || getc(file) != '5')
        fail(path, "is not a binary PGM");
    const long width = read_number(file), height = read_number(file), maximum = read_number(file);
    if (width < 1 || height < 1 || maximum < 1 || maximum > 255 || !isspace(getc(file)))
        fail(path, "is not an 8-bit PGM");
    if (height > INTPTR_MAX / width)
        fail(path, "is too large");

    image picture = { height, width, malloc((size_t)width * (size_t)height) };
    if (!picture.pixels)
        fail(path, "is too large");
    if (fread(picture.pixels, (size_t)width, (size_t)height, file) != (size_t)height)
        fail(path, "ends early");
    fclose(file);
    return picture;
}

static void write_pgm(const char *path, image picture)
{
    const size_t count = (size_t)picture.width * (size_t)picture.height;
    FILE *file = fopen(path, "wb");
    if (!file)
        fail(path, "cannot be opened for writing");
    fprintf(file, "P5\n%ld %ld\n255\n", (long)picture.width, (long)picture.height);
    if (fwrite(picture.pixels, 1, count, file) != count || fclose(file) != 0)
        fail(path, "cannot be written");
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
    image out = { in.height, in.width, malloc((size_t)in.width * (size_t)in.height) };
    if (!out.pixels)
        fail(argv[1], "is too large");
    run(in, out, &disk_window, minimum, NULL, argv[2]);
    run(in, out, LLC_BOX(15, 15), contrast, &noise, argv[3]);
    free(out.pixels);
    free(in.pixels);
    return 0;
}
