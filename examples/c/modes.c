/*
 * What the boundary modes make up around a picture: reflect, nearest, mirror, wrap and constant, side by side.
 *
 *     modes in.pgm modes.pgm
 *
 * A window of one tap only shifts a picture. So it shows the nine parts around and at a piece of it: shifted by as much as
 * the piece is large, up, down, left, right.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llc.h>

#include "pgm.h"

enum { SIZE = 96, TOP = 80, LEFT = 190, SHOWN = 40, PANEL = SIZE + 2 * SHOWN, GAP = 12, MODES = 5 };

/* Shifts a picture by as much as it is large. */
static void shifted(const llc_array *in, const llc_array *out, int down, int right, int32_t mode)
{
    static uint8_t footprint[2 * SIZE + 1][2 * SIZE + 1];
    const intptr_t extents[2] = { 2 * SIZE + 1, 2 * SIZE + 1 };
    const llc_window window = { 2, 0, extents, &footprint[0][0], NULL, NULL };
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;

    memset(footprint, 0, sizeof footprint);
    footprint[SIZE + down * SIZE][SIZE + right * SIZE] = 1;
    options.mode = mode;
    options.cval = 128;
    if (llc_generic_filter(in, out, &window, llc_builtin("maximum"), NULL, &options, &error) != LLC_OK)
        fail("shift", error.message);
}

int main(int argc, char **argv)
{
    static const int32_t modes[MODES] = { LLC_MODE_REFLECT, LLC_MODE_NEAREST, LLC_MODE_MIRROR, LLC_MODE_WRAP,
                                          LLC_MODE_CONSTANT };
    static uint8_t part[SIZE][SIZE];

    if (argc != 3)
        return fprintf(stderr, "usage: modes in.pgm modes.pgm\n"), 2;
    const image in = read_pgm(argv[1]), out = new_image(PANEL, MODES * PANEL + (MODES - 1) * GAP);
    if (in.height < TOP + SIZE || in.width < LEFT + SIZE)
        fail(argv[1], "is too small");
    memset(out.pixels, 255, (size_t)(out.height * out.width));

    /* A piece of the picture, as an array of its own: its lines are as far apart as the picture's. */
    const intptr_t shape[2] = { SIZE, SIZE }, strides[2] = { in.width, 1 };
    const llc_array piece = { in.pixels + TOP * in.width + LEFT, LLC_UINT8, 2, shape, strides };
    for (int m = 0; m < MODES; m++)
        for (int down = -1; down <= 1; down++)
            for (int right = -1; right <= 1; right++) {
                shifted(&piece, LLC_ARRAY(part, LLC_UINT8, SIZE, SIZE), down, right, modes[m]);
                for (int y = 0; y < SIZE; y++)
                    for (int x = 0; x < SIZE; x++) {
                        const int row = SHOWN + down * SIZE + y, column = SHOWN + right * SIZE + x;
                        uint8_t pixel = part[y][x];
                        if (row < 0 || row >= PANEL || column < 0 || column >= PANEL)
                            continue;
                        /* What is made up is shown paler. */
                        if (down || right)
                            pixel = (uint8_t)(128 + pixel / 2);
                        out.pixels[row * out.width + m * (PANEL + GAP) + column] = pixel;
                    }
            }
    write_pgm(argv[2], out);
    free(in.pixels);
    free(out.pixels);
    return 0;
}
