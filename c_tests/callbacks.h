/*
 * The callbacks of the reference cases. tests/reference/make.py compiles this very file and passes them to SciPy;
 * tests/reference.rs has the same functions in Rust. C99 and C++11.
 *
 * They do nothing that rounds differently from one compiler to the next, and user_data, where one is read, is a
 * const intptr_t *.
 */

#ifndef LLC_TESTS_CALLBACKS_H
#define LLC_TESTS_CALLBACKS_H

#include <math.h>
#include <stdint.h>

/* The smallest value; of equal ones (-0.0 and 0.0) the first; NaN only if it comes first. Infinity if there is none. */
static inline int pixel_minimum(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)user_data;
    double minimum = filter_size > 0 ? buffer[0] : HUGE_VAL;
    for (intptr_t k = 1; k < filter_size; k++)
        if (buffer[k] < minimum)
            minimum = buffer[k];
    *return_value = minimum;
    return 1;
}

/* The plain sum, from +0.0 on in the order of the taps: 0.0 if there is none. */
static inline int pixel_sum(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)user_data;
    double sum = 0.0;
    for (intptr_t k = 0; k < filter_size; k++) {
        sum += buffer[k];
        /* The buffer is the callback's to overwrite: whoever reads it again gets nonsense. */
        buffer[k] = -1.0e300;
    }
    *return_value = sum;
    return 1;
}

/* Sorts the buffer in place and gives the value at index *user_data, or the last one if there are fewer. Writes nothing
   if there is none. */
static inline int pixel_rank(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    /* By insertion: where there are NaNs, the result depends on the algorithm. */
    for (intptr_t k = 1; k < filter_size; k++) {
        double value = buffer[k];
        intptr_t hole = k;
        for (; hole > 0 && buffer[hole - 1] > value; hole--)
            buffer[hole] = buffer[hole - 1];
        buffer[hole] = value;
    }
    intptr_t rank = *(const intptr_t *)user_data;
    if (filter_size > 0)
        *return_value = buffer[rank < filter_size ? rank : filter_size - 1];
    return 2;
}

/* The sum of the values, tap k times (k + *user_data). Exact for small integers. 0.0 if there is no tap. */
static inline int pixel_weighted(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    double sum = 0.0;
    for (intptr_t k = 0; k < filter_size; k++) {
        /* volatile: rounded before it is added, so that no compiler fuses the two into one operation. */
        volatile double product = (double)(k + *(const intptr_t *)user_data) * buffer[k];
        sum += product;
    }
    *return_value = sum;
    return 1;
}

/* The sum of the values, tap k divided by (k + 3): with values that are not integers, every step rounds, so that the
   last bits tell in which order the taps came. 0.0 if there is no tap. */
static inline int pixel_divided(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)user_data;
    double sum = 0.0;
    for (intptr_t k = 0; k < filter_size; k++)
        sum += buffer[k] / (double)(k + 3);
    *return_value = sum;
    return 1;
}

/* Writes nothing: the result is the 0.0 that *return_value is on entry. Any non-zero return is success. */
static inline int pixel_silent(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)buffer;
    (void)filter_size;
    (void)return_value;
    (void)user_data;
    return -1;
}

#endif
