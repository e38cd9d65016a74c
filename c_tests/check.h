/*
 * CHECK: reports a promise that does not hold, says for which case, and goes on.
 *
 * Only for the thread that runs main: callbacks note what they see, the tests check it afterwards.
 */

#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

static int check_failures;

/* CHECK(condition, "threads %d", threads): the text, as for printf, names the case. */
#define CHECK(condition, ...) check_that((condition) ? NULL : #condition, __FILE__, __LINE__, __VA_ARGS__)

/* The same for two integers, whose values are part of the report. */
#define CHECK_INT(actual, expected, ...) \
    check_int(actual, expected, #actual, #expected, __FILE__, __LINE__, __VA_ARGS__)

/* What main returns: 0 if every check held. */
static inline int check_result(void)
{
    if (check_failures > 0)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures > 0;
}

static inline void check_report(const char *file, int line, const char *format, va_list arguments)
{
    check_failures++;
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
}

__attribute__((format(printf, 4, 5))) static inline void check_that(const char *broken, const char *file, int line,
                                                                    const char *format, ...)
{
    va_list arguments;

    if (broken == NULL)
        return;
    va_start(arguments, format);
    check_report(file, line, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": not true: %s\n", broken);
}

__attribute__((format(printf, 7, 8))) static inline void check_int(intmax_t actual, intmax_t expected,
                                                                   const char *actual_text, const char *expected_text,
                                                                   const char *file, int line, const char *format, ...)
{
    va_list arguments;

    if (actual == expected)
        return;
    va_start(arguments, format);
    check_report(file, line, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": %s is %" PRIdMAX ", not %s (%" PRIdMAX ")\n", actual_text, actual, expected_text, expected);
}

#endif
