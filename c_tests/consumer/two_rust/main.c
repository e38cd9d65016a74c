/* Two static libraries made of Rust in one program: neither is in the other's way. */
#include <llc.h>
#include <stdio.h>

unsigned other_rests(unsigned n);

int main(void)
{
    static double in[64][64], out[64][64];
    llc_options options = LLC_OPTIONS_INIT;
    llc_error error;
    options.threads = 2;
    in[5][5] = 3;
    if (llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT64, 64, 64), LLC_ARRAY(out, LLC_FLOAT64, 64, 64), LLC_BOX(3, 3),
                           llc_maximum, NULL, &options, &error) != LLC_OK)
        return fprintf(stderr, "%s\n", error.message), 1;
    return out[4][4] != 3 || out[7][7] != 0 || other_rests(100) != 7 || other_rests(13) != 0;
}
