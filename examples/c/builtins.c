/*
 * Built-in filters over an 8-bit greyscale picture: the median takes noise away; a top-hat, made of a grey erosion and a
 * grey dilation, leaves the small bright things.
 *
 *     builtins in.pgm noisy.pgm denoised.pgm tophat.pgm
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <llc.h>

#include "pgm.h"

enum { RADIUS = 5, SIZE = 2 * RADIUS + 1 };

/* Runs a built-in filter on all cores. */
static void filter(const llc_array *in, const llc_array *out, const llc_window *window, const char *name,
                   double *parameter)
{
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;

    options.threads = LLC_ALL_CORES;
    if (llc_generic_filter(in, out, window, llc_builtin(name), parameter, &options, &error) != LLC_OK)
        fail(name, error.message);
}

/* One pixel in ten becomes black or white. */
static void add_noise(image in, image out)
{
    uint32_t random = 1;

    for (intptr_t i = 0; i < in.height * in.width; i++) {
        random = random * 1664525u + 1013904223u;
        const uint32_t number = random >> 16;
        out.pixels[i] = number % 10 ? in.pixels[i] : number & 16 ? 255 : 0;
    }
}

/* What a ball that rolls below the picture's surface does not reach: the picture less its opening. */
static void top_hat(image in, image out)
{
    static double heights[SIZE * SIZE];
    static uint8_t disk[SIZE * SIZE];
    const intptr_t extents[] = { SIZE, SIZE };
    const llc_window window = { 2, 0, extents, disk, NULL, NULL };
    intptr_t taps = 0;

    /* A height for each tap, in C order: of a ball that is flattened to a third. */
    for (int y = -RADIUS; y <= RADIUS; y++)
        for (int x = -RADIUS; x <= RADIUS; x++) {
            const int below = RADIUS * RADIUS - x * x - y * y;
            disk[(y + RADIUS) * SIZE + x + RADIUS] = below >= 0;
            if (below >= 0)
                heights[taps++] = below / (3.0 * RADIUS);
        }

    /* Between the two the values are no bytes: they are fractions, and may be below 0. */
    float *eroded = (float *)malloc(sizeof(float) * (size_t)(in.height * in.width));
    float *opened = (float *)malloc(sizeof(float) * (size_t)(in.height * in.width));
    if (!eroded || !opened)
        fail("picture", "too large");
    filter(LLC_ARRAY(in.pixels, LLC_UINT8, in.height, in.width), LLC_ARRAY(eroded, LLC_FLOAT32, in.height, in.width),
           &window, "grey_erosion", heights);
    filter(LLC_ARRAY(eroded, LLC_FLOAT32, in.height, in.width), LLC_ARRAY(opened, LLC_FLOAT32, in.height, in.width),
           &window, "grey_dilation", heights);
    for (intptr_t i = 0; i < in.height * in.width; i++) {
        /* Details are faint: twice as bright they are seen. */
        const float detail = 2 * ((float)in.pixels[i] - opened[i]);
        out.pixels[i] = (uint8_t)(detail < 0 ? 0 : detail > 255 ? 255 : detail);
    }
    free(eroded);
    free(opened);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        fail("usage", "builtins in.pgm noisy.pgm denoised.pgm tophat.pgm");

    const image in = read_pgm(argv[1]), out = new_image(in.height, in.width), noisy = new_image(in.height, in.width);
    add_noise(in, noisy);
    write_pgm(argv[2], noisy);
    filter(LLC_ARRAY(noisy.pixels, LLC_UINT8, in.height, in.width),
           LLC_ARRAY(out.pixels, LLC_UINT8, in.height, in.width), LLC_BOX(3, 3), "median", NULL);
    write_pgm(argv[3], out);
    top_hat(in, out);
    write_pgm(argv[4], out);
    free(in.pixels);
    free(noisy.pixels);
    free(out.pixels);
    return 0;
}
