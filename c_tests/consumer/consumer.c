/* A program that uses libllc, however it found it: it is right, and is the version that the header says. */
#include <llc.h>
#include <stdio.h>
#include <string.h>

static int largest(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)user_data;
    for (intptr_t k = 0; k < filter_size; k++)
        if (k == 0 || buffer[k] > *return_value)
            *return_value = buffer[k];
    return 1;
}

int main(void)
{
    static double in[4][5] = {{0, 0, 0, 0, 0}, {0, 7, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 9}}, out[4][5], twin[4][5];
    static const double expected[4][5] = {{7, 7, 7, 0, 0}, {7, 7, 7, 0, 0}, {7, 7, 7, 9, 9}, {0, 0, 0, 9, 9}};
    llc_error error;
    if (llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT64, 4, 5), LLC_ARRAY(out, LLC_FLOAT64, 4, 5), LLC_BOX(3, 3), largest,
                           NULL, NULL, &error) != LLC_OK ||
        llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT64, 4, 5), LLC_ARRAY(twin, LLC_FLOAT64, 4, 5), LLC_BOX(3, 3),
                           llc_builtin("maximum"), NULL, NULL, &error) != LLC_OK)
        return fprintf(stderr, "%s\n", error.message), 1;
    if (memcmp(out, expected, sizeof out) != 0 || memcmp(twin, expected, sizeof twin) != 0)
        return fprintf(stderr, "the result is another one\n"), 1;
    if (strcmp(llc_version_string(), LLC_VERSION_STRING) != 0)
        return fprintf(stderr, "the library is %s, the header %s\n", llc_version_string(), LLC_VERSION_STRING), 1;
    return 0;
}
