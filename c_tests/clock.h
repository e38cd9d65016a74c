/*
 * Time, for the programs that check when things happen. Include it first: it asks the C library for POSIX.
 *
 * LLC_SLOWDOWN=n in the environment says that everything takes about n times as long as usual (valgrind: 20,
 * sanitizers: 5): limits on time are then n times as wide.
 */

#ifndef CLOCK_H
#define CLOCK_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <stdlib.h>
#include <time.h>

/* Milliseconds since some moment in the past. */
static inline double clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

static inline void clock_sleep_ms(int ms)
{
    struct timespec duration;

    duration.tv_sec = ms / 1000;
    duration.tv_nsec = ms % 1000 * 1000000L;
    nanosleep(&duration, NULL);
}

/* How many times as long as usual things take: 1, or LLC_SLOWDOWN. */
static inline int clock_slowdown(void)
{
    const char *text = getenv("LLC_SLOWDOWN");
    int slowdown = text == NULL ? 1 : atoi(text);

    return slowdown < 1 ? 1 : slowdown;
}

#endif
