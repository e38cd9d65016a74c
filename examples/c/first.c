/* The local range, maximum - minimum, of every 3x3 neighbourhood of an image. */
#include <stdio.h>
#include <llc.h>

static int range(double *values, intptr_t n, double *result, void *user_data)
{
    double low = values[0], high = values[0];
    (void)user_data;
    for (intptr_t i = 1; i < n; i++) {
        if (values[i] < low) low = values[i];
        if (values[i] > high) high = values[i];
    }
    *result = high - low;
    return 1; /* go on */
}

int main(void)
{
    static float in[4][6] = { { 0, 0, 0, 0, 0, 0 }, { 0, 5, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 7 } };
    static float out[4][6];
    llc_error error;

    if (llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT32, 4, 6), LLC_ARRAY(out, LLC_FLOAT32, 4, 6), LLC_BOX(3, 3), range,
                           NULL, NULL, &error) != LLC_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++)
            printf("%g%c", out[y][x], x < 5 ? ' ' : '\n');
    return 0;
}
