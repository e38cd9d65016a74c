/* The built-in callbacks, for what is tried with all of them. */

#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>
#include <string.h>

static const char *const names[] = {
    "minimum", "maximum", "range", "sum", "mean", "variance", "standard_deviation", "median", "rank", "percentile",
    "quantile", "median_absolute_deviation", "mode", "distinct", "weighted_sum", "grey_erosion", "grey_dilation",
    "nan_count", "nan_minimum", "nan_maximum", "nan_sum", "nan_mean", "nan_variance", "nan_standard_deviation",
    "nan_median", "nan_quantile",
};

enum { NAMES = sizeof names / sizeof *names };

/* A built-in's user_data, of which `numbers` are as many as a window has taps. */
static inline void *parameter(const char *name, double *numbers)
{
    static intptr_t rank = -1;
    static double percent = 33, fraction = 0.7;

    if (strcmp(name, "rank") == 0)
        return &rank;
    if (strcmp(name, "percentile") == 0)
        return &percent;
    return strstr(name, "quantile") ? &fraction : numbers;
}

#endif
