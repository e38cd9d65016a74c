/* Arguments for calls: LLC_ARRAY, LLC_BOX and LLC_OPTIONS_INIT as functions, which C++ has as well. */

#ifndef VIEWS_H
#define VIEWS_H

#include "llc.h"

/* strides: NULL for C order without gaps. */
static inline llc_array array_view(void *data, int32_t dtype, int32_t ndim, const intptr_t *shape,
                                   const intptr_t *strides)
{
    llc_array array;

    array.data = data;
    array.dtype = dtype;
    array.ndim = ndim;
    array.shape = shape;
    array.strides = strides;
    return array;
}

/* A centred window of which every element is a tap. */
static inline llc_window box_window(int32_t ndim, const intptr_t *shape)
{
    llc_window window;

    window.ndim = ndim;
    window.flags = 0;
    window.shape = shape;
    window.footprint = NULL;
    window.origins = NULL;
    window.axes = NULL;
    return window;
}

static inline llc_options thread_options(int32_t threads)
{
    llc_options options = LLC_OPTIONS_INIT;

    options.threads = threads;
    return options;
}

static inline intptr_t element_count(int32_t ndim, const intptr_t *shape)
{
    intptr_t count = 1;
    int32_t axis;

    for (axis = 0; axis < ndim; axis++)
        count *= shape[axis];
    return count;
}

#endif
