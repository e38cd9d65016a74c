/* Every argument that is not allowed gets its status and a message, before anything is written. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

enum {
    ROWS = 3,
    COLUMNS = 5,
    ELEMENTS = ROWS * COLUMNS,
    ENTRIES = LLC_MAX_NDIM + 1, /* of each list, so that a count one too large reads nothing that is not there */
    PATTERN = 0xA5
};

/* A call that is valid until a test spoils it: 3 x 5 doubles, a window of 3 x 4, every list given. */
struct call {
    double input_data[ELEMENTS], output_data[ELEMENTS];
    intptr_t input_shape[ENTRIES], input_strides[ENTRIES], output_shape[ENTRIES], output_strides[ENTRIES];
    intptr_t window_shape[ENTRIES], origins[ENTRIES];
    int32_t axes[ENTRIES], axis_modes[ENTRIES];

    llc_array input_array, output_array;
    llc_window a_window;
    llc_options all_options;

    const llc_array *input, *output;
    const llc_window *window;
    llc_filter_fn function;
    const llc_options *options;
    int calls;
};

static int counting(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    (void)buffer, (void)filter_size;
    ++*(int *)user_data;
    *return_value = 1.0;
    return 1;
}

static int counting_batch(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count,
                          const llc_batch *batch, void *user_data)
{
    intptr_t j;

    (void)taps, (void)filter_size, (void)batch;
    for (j = 0; j < count; j++)
        return_values[j] = 1.0;
    *(int *)user_data += (int)count;
    return 1;
}

static void make_valid(struct call *call)
{
    const llc_options defaults = LLC_OPTIONS_INIT;
    int i;

    memset(call, 0, sizeof *call);
    memset(call->output_data, PATTERN, sizeof call->output_data);
    for (i = 0; i < ENTRIES; i++) {
        call->input_shape[i] = call->output_shape[i] = call->window_shape[i] = 1;
        call->input_strides[i] = call->output_strides[i] = sizeof(double);
        call->axes[i] = i;
    }
    call->input_shape[0] = call->output_shape[0] = ROWS;
    call->input_shape[1] = call->output_shape[1] = COLUMNS;
    call->input_strides[0] = call->output_strides[0] = COLUMNS * (intptr_t)sizeof(double);
    call->window_shape[0] = 3;
    call->window_shape[1] = 4;

    call->input_array = array_view(call->input_data, LLC_FLOAT64, 2, call->input_shape, call->input_strides);
    call->output_array = array_view(call->output_data, LLC_FLOAT64, 2, call->output_shape, call->output_strides);
    call->a_window = box_window(2, call->window_shape);
    call->a_window.origins = call->origins;
    call->a_window.axes = call->axes;
    call->all_options = defaults;

    call->input = &call->input_array;
    call->output = &call->output_array;
    call->window = &call->a_window;
    call->function = counting;
    call->options = &call->all_options;
}

/* ---- spoiling one argument, by the name that messages call it ---- */

enum place_type { IS_INT32, IS_INTPTR, IS_POINTER };

struct place {
    const char *name;
    enum place_type type;
    void *address;
};

/* Sets an argument such as "window.flags" or "window.origins[1]"; pointers become NULL. */
static void set(struct call *call, const char *argument, intptr_t value)
{
    const struct place places[] = {
        {"input", IS_POINTER, &call->input},
        {"output", IS_POINTER, &call->output},
        {"window", IS_POINTER, &call->window},
        {"function", IS_POINTER, &call->function},
        {"input.data", IS_POINTER, &call->input_array.data},
        {"input.dtype", IS_INT32, &call->input_array.dtype},
        {"input.ndim", IS_INT32, &call->input_array.ndim},
        {"input.shape", IS_POINTER, &call->input_array.shape},
        {"input.shape[", IS_INTPTR, call->input_shape},
        {"input.strides", IS_POINTER, &call->input_array.strides},
        {"input.strides[", IS_INTPTR, call->input_strides},
        {"output.data", IS_POINTER, &call->output_array.data},
        {"output.dtype", IS_INT32, &call->output_array.dtype},
        {"output.ndim", IS_INT32, &call->output_array.ndim},
        {"output.shape", IS_POINTER, &call->output_array.shape},
        {"output.shape[", IS_INTPTR, call->output_shape},
        {"output.strides", IS_POINTER, &call->output_array.strides},
        {"output.strides[", IS_INTPTR, call->output_strides},
        {"window.ndim", IS_INT32, &call->a_window.ndim},
        {"window.flags", IS_INT32, &call->a_window.flags},
        {"window.shape", IS_POINTER, &call->a_window.shape},
        {"window.shape[", IS_INTPTR, call->window_shape},
        {"window.origins", IS_POINTER, &call->a_window.origins},
        {"window.origins[", IS_INTPTR, call->origins},
        {"window.axes", IS_POINTER, &call->a_window.axes},
        {"window.axes[", IS_INT32, call->axes},
        {"options", IS_POINTER, &call->options},
        {"options.struct_size", IS_INTPTR, &call->all_options.struct_size},
        {"options.mode", IS_INT32, &call->all_options.mode},
        {"options.threads", IS_INT32, &call->all_options.threads},
        {"options.axis_modes[", IS_INT32, call->axis_modes},
    };
    const char *bracket = strchr(argument, '[');
    const size_t length = bracket == NULL ? strlen(argument) : (size_t)(bracket - argument) + 1;
    const int index = bracket == NULL ? 0 : atoi(bracket + 1);
    size_t i;

    if (strncmp(argument, "options.axis_modes", 18) == 0)
        call->all_options.axis_modes = call->axis_modes; /* instead of mode: only where a test is about them */
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strlen(places[i].name) != length || strncmp(places[i].name, argument, length) != 0)
            continue;
        switch (places[i].type) {
        case IS_INT32:
            ((int32_t *)places[i].address)[index] = (int32_t)value;
            return;
        case IS_INTPTR:
            ((intptr_t *)places[i].address)[index] = value;
            return;
        case IS_POINTER:
            memset(places[i].address, 0, sizeof(void *));
            return;
        }
    }
    CHECK(0, "the test knows no argument %s", argument);
}

/* ---- running a call and judging how it ended ---- */

static llc_status run_batch(struct call *call, llc_error *error)
{
    return llc_batch_filter(call->input, call->output, call->window, call->function == NULL ? NULL : counting_batch,
                            &call->calls, call->options, error);
}

static llc_status run(struct call *call, llc_error *error)
{
    return llc_generic_filter(call->input, call->output, call->window, call->function, &call->calls, call->options,
                              error);
}

static void check_error_is_complete(const llc_error *error, llc_status status, const char *name)
{
    CHECK_INT(error->status, status, "%s", name);
    CHECK_INT(error->reserved0, 0, "%s", name);
    CHECK_INT(error->index, -1, "%s", name);
    CHECK_INT(error->reserved[0], 0, "%s", name);
    CHECK_INT(error->reserved[1], 0, "%s", name);
    CHECK(memchr(error->message, 0, sizeof error->message) != NULL, "%s: message has no end", name);
    CHECK((error->message[0] == 0) == (status == LLC_OK), "%s: \"%.255s\"", name, error->message);
}

/* The call ends with status, does nothing else, and its message contains all texts that are not NULL: that with a pixel
   callback and that with a batch callback. */
static void check_rejected(struct call *call, llc_status status, const char *name, const char *says,
                           const char *also_says)
{
    unsigned char *written = (unsigned char *)call->output_data;
    size_t i, changed = 0;
    llc_error error;
    int batch;

    for (batch = 0; batch < 2; batch++) {
        memset(&error, PATTERN, sizeof error);
        CHECK_INT(batch ? run_batch(call, &error) : run(call, &error), status, "%s, batch %d", name, batch);
        check_error_is_complete(&error, status, name);
        CHECK(says == NULL || strstr(error.message, says) != NULL, "%s: message \"%s\" lacks \"%s\"", name,
              error.message, says);
        CHECK(also_says == NULL || strstr(error.message, also_says) != NULL, "%s: message \"%s\" lacks \"%s\"", name,
              error.message, also_says);
    }
    for (i = 0; i < sizeof call->output_data; i++)
        changed += written[i] != PATTERN;
    CHECK_INT(changed, 0, "%s: bytes of output written", name);
    CHECK_INT(call->calls, 0, "%s: callbacks called", name);

    CHECK_INT(run(call, NULL), status, "%s: without an llc_error", name);
    CHECK_INT(run_batch(call, NULL), status, "%s: without an llc_error, batch", name);
}

/* The call succeeds, with a value for each of elements. */
static void check_accepted(struct call *call, int elements, const char *name)
{
    llc_error error;
    int batch;

    for (batch = 0; batch < 2; batch++) {
        call->calls = 0;
        memset(&error, PATTERN, sizeof error);
        CHECK_INT(batch ? run_batch(call, &error) : run(call, &error), LLC_OK, "%s, batch %d: \"%.255s\"", name, batch,
                  error.message);
        check_error_is_complete(&error, LLC_OK, name);
        CHECK_INT(call->calls, elements, "%s: elements, batch %d", name, batch);
    }
    CHECK_INT(run(call, NULL), LLC_OK, "%s: without an llc_error", name);
    CHECK_INT(run_batch(call, NULL), LLC_OK, "%s: without an llc_error, batch", name);
}

/* ---- the tests ---- */

static void null_is_an_error_where_a_pointer_is_needed(void)
{
    static const char *const arguments[] = {
        "input",      "output",      "window",      "function",     "input.data",
        "input.shape", "output.data", "output.shape", "window.shape",
    };
    struct call call;
    size_t i;

    for (i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        make_valid(&call);
        set(&call, arguments[i], 0);
        check_rejected(&call, LLC_ERROR_NULL, arguments[i], arguments[i], "NULL");
    }
}

static void null_is_fine_where_it_means_a_default(void)
{
    static const char *const arguments[] = {"options", "input.strides", "output.strides", "window.origins",
                                            "window.axes"};
    struct call call;
    size_t i;

    make_valid(&call);
    check_accepted(&call, ELEMENTS, "nothing is NULL");
    for (i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        make_valid(&call);
        set(&call, arguments[i], 0);
        check_accepted(&call, ELEMENTS, arguments[i]);
    }
}

static void null_is_fine_where_nothing_is_read(void)
{
    struct call call;

    make_valid(&call);
    set(&call, "input.shape[0]", 0);
    set(&call, "output.shape[0]", 0);
    set(&call, "input.data", 0);
    set(&call, "output.data", 0);
    check_accepted(&call, 0, "data of arrays without elements");

    make_valid(&call);
    set(&call, "window.ndim", 0);
    set(&call, "window.shape", 0);
    check_accepted(&call, ELEMENTS, "shape of a window without axes");

    make_valid(&call);
    set(&call, "input.ndim", 0);
    set(&call, "input.shape", 0);
    set(&call, "input.strides", 0);
    set(&call, "output.ndim", 0);
    set(&call, "output.shape", 0);
    set(&call, "output.strides", 0);
    set(&call, "window.ndim", 0);
    set(&call, "window.shape", 0);
    set(&call, "window.origins", 0);
    set(&call, "window.axes", 0);
    check_accepted(&call, 1, "every list of arrays without axes");
}

struct setting {
    const char *argument;
    intptr_t value;
    llc_status status;
};

static void every_value_that_is_not_allowed_is_an_error_that_names_it(void)
{
    static const struct setting table[] = {
        {"input.dtype", 0, LLC_ERROR_DTYPE},
        {"input.dtype", 1, LLC_ERROR_DTYPE},
        {"input.dtype", -1, LLC_ERROR_DTYPE},
        {"input.dtype", 2 | 16 << 8, LLC_ERROR_DTYPE},           /* half */
        {"input.dtype", 5 | 64 << 8, LLC_ERROR_DTYPE},           /* complex of floats */
        {"input.dtype", LLC_FLOAT32 | 1 << 16, LLC_ERROR_DTYPE}, /* bits beyond those of DLPack's */
        {"output.dtype", 0, LLC_ERROR_DTYPE},
        {"output.dtype", 7, LLC_ERROR_DTYPE},
        {"output.dtype", 2 | 8 << 8, LLC_ERROR_DTYPE},
        {"output.dtype", INT32_MIN, LLC_ERROR_DTYPE},
        {"output.dtype", INT32_MAX, LLC_ERROR_DTYPE},

        {"input.ndim", -1, LLC_ERROR_SHAPE},
        {"input.ndim", 65, LLC_ERROR_SHAPE},
        {"input.ndim", INT32_MIN, LLC_ERROR_SHAPE},
        {"input.ndim", INT32_MAX, LLC_ERROR_SHAPE},
        {"input.shape[0]", -1, LLC_ERROR_SHAPE},
        {"input.shape[1]", INTPTR_MIN, LLC_ERROR_SHAPE},
        {"output.ndim", -1, LLC_ERROR_SHAPE},
        {"output.ndim", 65, LLC_ERROR_SHAPE},
        {"output.ndim", 1, LLC_ERROR_SHAPE},
        {"output.ndim", 3, LLC_ERROR_SHAPE},
        {"output.shape[0]", -1, LLC_ERROR_SHAPE},
        {"output.shape[0]", ROWS - 1, LLC_ERROR_SHAPE},
        {"output.shape[0]", ROWS + 1, LLC_ERROR_SHAPE},
        {"output.shape[1]", 1, LLC_ERROR_SHAPE},
        {"output.shape[1]", 0, LLC_ERROR_SHAPE},

        {"window.ndim", -1, LLC_ERROR_SHAPE},
        {"window.ndim", 3, LLC_ERROR_SHAPE},
        {"window.ndim", 65, LLC_ERROR_SHAPE},
        {"window.ndim", INT32_MIN, LLC_ERROR_SHAPE},
        {"window.ndim", INT32_MAX, LLC_ERROR_SHAPE},
        {"window.flags", 1, LLC_ERROR_ARGUMENT},
        {"window.flags", -1, LLC_ERROR_ARGUMENT},
        {"window.flags", INT32_MIN, LLC_ERROR_ARGUMENT},
        {"window.shape[0]", 0, LLC_ERROR_SHAPE},
        {"window.shape[1]", 0, LLC_ERROR_SHAPE},
        {"window.shape[0]", -1, LLC_ERROR_SHAPE},
        {"window.shape[1]", INTPTR_MIN, LLC_ERROR_SHAPE},
        {"window.origins[0]", 2, LLC_ERROR_ARGUMENT},
        {"window.origins[0]", -2, LLC_ERROR_ARGUMENT},
        {"window.origins[0]", INTPTR_MAX, LLC_ERROR_ARGUMENT},
        {"window.origins[0]", INTPTR_MIN, LLC_ERROR_ARGUMENT},
        {"window.origins[1]", 2, LLC_ERROR_ARGUMENT},
        {"window.origins[1]", -3, LLC_ERROR_ARGUMENT},
        {"window.axes[0]", 2, LLC_ERROR_ARGUMENT},
        {"window.axes[1]", 2, LLC_ERROR_ARGUMENT},
        {"window.axes[1]", -3, LLC_ERROR_ARGUMENT},
        {"window.axes[0]", INT32_MAX, LLC_ERROR_ARGUMENT},
        {"window.axes[0]", INT32_MIN, LLC_ERROR_ARGUMENT},
        {"window.axes[1]", 0, LLC_ERROR_ARGUMENT}, /* repeats axes[0] */
        {"window.axes[1]", -2, LLC_ERROR_ARGUMENT},

        {"options.mode", 9, LLC_ERROR_ARGUMENT},
        {"options.mode", -1, LLC_ERROR_ARGUMENT},
        {"options.mode", INT32_MAX, LLC_ERROR_ARGUMENT},
        {"options.mode", INT32_MIN, LLC_ERROR_ARGUMENT},
        {"options.axis_modes[0]", 9, LLC_ERROR_ARGUMENT},
        {"options.axis_modes[1]", -1, LLC_ERROR_ARGUMENT},
        {"options.axis_modes[1]", INT32_MAX, LLC_ERROR_ARGUMENT},
        {"options.threads", -2, LLC_ERROR_ARGUMENT},
        {"options.threads", INT32_MIN, LLC_ERROR_ARGUMENT},
        {"options.struct_size", 0, LLC_ERROR_ARGUMENT},
        {"options.struct_size", 1, LLC_ERROR_ARGUMENT},
        {"options.struct_size", sizeof(llc_options) - 1, LLC_ERROR_ARGUMENT},
    };
    char name[80], value[32];
    struct call call;
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(value, sizeof value, "%" PRIdPTR, table[i].value);
        snprintf(name, sizeof name, "%s = %s", table[i].argument, value);
        make_valid(&call);
        set(&call, table[i].argument, table[i].value);
        check_rejected(&call, table[i].status, name, table[i].argument, value);
    }
}

static void errors_are_found_in_calls_without_elements_too(void)
{
    static const struct setting table[] = {
        {"input.dtype", 0, LLC_ERROR_DTYPE},
        {"output.shape[1]", COLUMNS + 1, LLC_ERROR_SHAPE},
        {"window.shape[0]", 0, LLC_ERROR_SHAPE},
        {"window.origins[1]", 2, LLC_ERROR_ARGUMENT},
        {"options.mode", 9, LLC_ERROR_ARGUMENT},
        {"function", 0, LLC_ERROR_NULL},
    };
    char name[80];
    struct call call;
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(name, sizeof name, "no elements, %s", table[i].argument);
        make_valid(&call);
        set(&call, "input.shape[0]", 0);
        set(&call, "output.shape[0]", 0);
        set(&call, table[i].argument, table[i].value);
        check_rejected(&call, table[i].status, name, table[i].argument, NULL);
    }
}

static void every_value_that_is_allowed_is_accepted(void)
{
    static const struct setting table[] = {
        {"input.dtype", LLC_BOOL, LLC_OK},
        {"input.dtype", LLC_INT8, LLC_OK},
        {"input.dtype", LLC_INT16, LLC_OK},
        {"input.dtype", LLC_INT32, LLC_OK},
        {"input.dtype", LLC_INT64, LLC_OK},
        {"input.dtype", LLC_UINT8, LLC_OK},
        {"input.dtype", LLC_UINT16, LLC_OK},
        {"input.dtype", LLC_UINT32, LLC_OK},
        {"input.dtype", LLC_UINT64, LLC_OK},
        {"input.dtype", LLC_FLOAT32, LLC_OK},
        {"output.dtype", LLC_BOOL, LLC_OK},
        {"output.dtype", LLC_INT8, LLC_OK},
        {"output.dtype", LLC_INT16, LLC_OK},
        {"output.dtype", LLC_INT32, LLC_OK},
        {"output.dtype", LLC_INT64, LLC_OK},
        {"output.dtype", LLC_UINT8, LLC_OK},
        {"output.dtype", LLC_UINT16, LLC_OK},
        {"output.dtype", LLC_UINT32, LLC_OK},
        {"output.dtype", LLC_UINT64, LLC_OK},
        {"output.dtype", LLC_FLOAT32, LLC_OK},

        {"window.ndim", 1, LLC_OK},
        {"window.shape[0]", 1, LLC_OK},
        {"window.shape[1]", 100, LLC_OK},
        {"window.origins[0]", -1, LLC_OK},
        {"window.origins[0]", 1, LLC_OK},
        {"window.origins[1]", -2, LLC_OK},
        {"window.origins[1]", 1, LLC_OK},
        {"window.axes[0]", -2, LLC_OK},
        {"window.axes[1]", -1, LLC_OK},

        {"options.mode", LLC_MODE_REFLECT, LLC_OK},
        {"options.mode", LLC_MODE_NEAREST, LLC_OK},
        {"options.mode", LLC_MODE_MIRROR, LLC_OK},
        {"options.mode", LLC_MODE_WRAP, LLC_OK},
        {"options.mode", LLC_MODE_CONSTANT, LLC_OK},
        {"options.mode", LLC_MODE_GRID_CONSTANT, LLC_OK},
        {"options.mode", LLC_MODE_GRID_MIRROR, LLC_OK},
        {"options.mode", LLC_MODE_GRID_WRAP, LLC_OK},
        {"options.axis_modes[0]", LLC_MODE_DEFAULT, LLC_OK},
        {"options.axis_modes[1]", LLC_MODE_GRID_WRAP, LLC_OK},
        {"options.threads", 1, LLC_OK},
        {"options.threads", INT32_MAX, LLC_OK},
    };
    char name[80];
    struct call call;
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(name, sizeof name, "%s = %" PRIdPTR, table[i].argument, table[i].value);
        make_valid(&call);
        set(&call, table[i].argument, table[i].value);
        check_accepted(&call, ELEMENTS, name);
    }
}

static void axes_may_be_given_in_any_order_but_only_once(void)
{
    static const struct {
        int32_t first, second;
        llc_status status;
    } table[] = {
        {0, 1, LLC_OK},
        {1, 0, LLC_OK},
        {-1, -2, LLC_OK},
        {-1, 0, LLC_OK},
        {1, 1, LLC_ERROR_ARGUMENT},
        {1, -1, LLC_ERROR_ARGUMENT},
        {-1, 1, LLC_ERROR_ARGUMENT},
        {-2, -2, LLC_ERROR_ARGUMENT},
    };
    char name[80], value[16];
    struct call call;
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(name, sizeof name, "window.axes = {%d, %d}", (int)table[i].first, (int)table[i].second);
        snprintf(value, sizeof value, "%d", (int)table[i].second);
        make_valid(&call);
        set(&call, "window.axes[0]", table[i].first);
        set(&call, "window.axes[1]", table[i].second);
        if (table[i].status == LLC_OK)
            check_accepted(&call, ELEMENTS, name);
        else
            check_rejected(&call, table[i].status, name, "window.axes[1]", value);
    }
}

static void window_without_axes_needs_the_arrays_ndim(void)
{
    struct call call;

    make_valid(&call);
    set(&call, "window.axes", 0);
    set(&call, "window.ndim", 1);
    check_rejected(&call, LLC_ERROR_SHAPE, "one extent, no axes", "window.ndim", "1");

    make_valid(&call);
    set(&call, "window.axes", 0);
    set(&call, "window.ndim", 3);
    check_rejected(&call, LLC_ERROR_SHAPE, "three extents, no axes", "window.ndim", "3");
}

/* 2^32 for 64-bit addresses: its square is one too many for an intptr_t, by far. */
#define HALF ((intptr_t)1 << (sizeof(intptr_t) * 4))

/* Extents and strides that are allowed each, but not together. */
static void sizes_that_cannot_be_addressed_are_errors(void)
{
    static const struct {
        const char *name, *says, *first;
        intptr_t first_value;
        const char *second;
        intptr_t second_value;
    } table[] = {
        {"elements", "input.shape", "input.shape[0]", HALF, "input.shape[1]", HALF},
        {"bytes", "input.shape", "input.shape[0]", HALF / 4, "input.shape[1]", HALF / 4},
        {"input reach", "input.strides", "input.strides[0]", INTPTR_MAX, NULL, 0},
        {"input reach below", "input.strides", "input.strides[0]", INTPTR_MIN, NULL, 0},
        {"input reach, both axes", "input.strides", "input.strides[0]", INTPTR_MAX / 2, "input.strides[1]", HALF / 4},
        {"output reach", "output.strides", "output.strides[1]", INTPTR_MAX / 4 + 1, NULL, 0},
        {"output reach below", "output.strides", "output.strides[1]", INTPTR_MIN, NULL, 0},
        {"taps", "window.shape", "window.shape[0]", HALF, "window.shape[1]", HALF},
        {"taps that wrap to few", "window.shape", "window.shape[0]", HALF, "window.shape[1]", HALF + 1},
        {"window and array together", "window.shape", "window.shape[0]", INTPTR_MAX, "window.shape[1]", 1},
    };
    struct call call;
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        make_valid(&call);
        set(&call, table[i].first, table[i].first_value);
        if (table[i].second != NULL)
            set(&call, table[i].second, table[i].second_value);
        if (strcmp(table[i].says, "input.shape") == 0) {
            set(&call, "input.strides", 0);
            set(&call, "output.strides", 0);
            memcpy(call.output_shape, call.input_shape, sizeof call.input_shape);
        }
        check_rejected(&call, LLC_ERROR_SHAPE, table[i].name, table[i].says, NULL);
    }
}

/* The biggest that can be addressed is not an error in the arguments: memory is what there is too little of. */
static void window_too_large_for_the_memory_is_an_error(void)
{
    static const struct {
        int rows_log2, columns_log2;
    } table[] = {{45, 0}, {0, 45}, {22, 23}};
    char name[80];
    struct call call;
    llc_error error;
    size_t i;

    if (sizeof(intptr_t) < 8)
        return; /* no such window can be written down */
    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(name, sizeof name, "window of 2^%d x 2^%d", table[i].rows_log2, table[i].columns_log2);
        make_valid(&call);
        set(&call, "window.shape[0]", (intptr_t)((uintmax_t)1 << table[i].rows_log2));
        set(&call, "window.shape[1]", (intptr_t)((uintmax_t)1 << table[i].columns_log2));
        memset(&error, PATTERN, sizeof error);
        CHECK_INT(run(&call, &error), LLC_ERROR_MEMORY, "%s: \"%.255s\"", name, error.message);
        check_error_is_complete(&error, LLC_ERROR_MEMORY, name);
    }
}

/* An input of zero strides may have more elements than there are bytes. To be copied, because it overlaps the output, it
   would need a size that no longer fits a size_t. */
static void input_too_large_to_be_copied_is_an_error(void)
{
    const intptr_t extents[] = {INTPTR_MAX / 4 + 2, INTPTR_MAX / 2 - 7};
    struct call call;
    llc_error error;
    size_t i;

    for (i = 0; i < sizeof extents / sizeof extents[0]; i++) {
        make_valid(&call);
        call.input_array.ndim = call.output_array.ndim = call.a_window.ndim = 1;
        call.input_shape[0] = call.output_shape[0] = extents[i];
        call.input_strides[0] = call.output_strides[0] = 0;
        call.window_shape[0] = 1;
        call.output_array.data = call.input_data;
        memset(&error, PATTERN, sizeof error);
        CHECK_INT(run(&call, &error), LLC_ERROR_MEMORY, "extent %zu: \"%.255s\"", i, error.message);
        check_error_is_complete(&error, LLC_ERROR_MEMORY, "input to be copied");
    }
}

/* Where there are no elements, strides may be anything. */
static void strides_of_no_elements_do_not_matter(void)
{
    struct call call;

    make_valid(&call);
    call.input_shape[0] = call.output_shape[0] = 0;
    call.input_shape[1] = call.output_shape[1] = 1000;
    call.input_strides[0] = call.output_strides[0] = INTPTR_MAX;
    call.input_strides[1] = call.output_strides[1] = INTPTR_MIN;
    check_accepted(&call, 0, "strides of no elements");
}

/* An llc_options of some struct_size, with zeros behind the fields of today. */
union sized_options {
    llc_options options;
    char bytes[8192];
};

static void check_sized(size_t size, size_t nonzero_byte, llc_status status, const char *name)
{
    static union sized_options sized;
    char size_text[32];
    struct call call;

    make_valid(&call);
    memset(&sized, 0, sizeof sized);
    sized.options.struct_size = size;
    if (nonzero_byte > 0)
        sized.bytes[nonzero_byte] = 1;
    call.options = &sized.options;
    snprintf(size_text, sizeof size_text, "%ju", (uintmax_t)size);
    if (status == LLC_OK)
        check_accepted(&call, ELEMENTS, name);
    else
        check_rejected(&call, status, name, "options", nonzero_byte > 0 ? NULL : size_text);
}

static void options_of_later_versions_must_be_zero_where_unknown(void)
{
    const size_t known = sizeof(llc_options);

    check_sized(known, 0, LLC_OK, "known size");
    check_sized(known + 1, 0, LLC_OK, "one more byte, zero");
    check_sized(known + 1, known, LLC_ERROR_ARGUMENT, "one more byte, not zero");
    check_sized(known + 8, 0, LLC_OK, "one more field, zero");
    check_sized(known + 8, known, LLC_ERROR_ARGUMENT, "one more field, first byte not zero");
    check_sized(known + 8, known + 7, LLC_ERROR_ARGUMENT, "one more field, last byte not zero");
    check_sized(known + 8, known + 8, LLC_OK, "one more field, zero, and something else behind it");
    check_sized(known, known, LLC_OK, "known size, and something else behind it");
    check_sized(4096, 0, LLC_OK, "largest size");
    check_sized(4096, 4095, LLC_ERROR_ARGUMENT, "largest size, last byte not zero");
    check_sized(4097, 0, LLC_ERROR_ARGUMENT, "larger than the largest size");
    check_sized(SIZE_MAX, 0, LLC_ERROR_ARGUMENT, "all ones");
    check_sized(SIZE_MAX / 2 + 1, 0, LLC_ERROR_ARGUMENT, "half of the address space");
}

static void every_status_has_a_text(void)
{
    static const int32_t statuses[] = {
        LLC_OK,
        LLC_ERROR_NULL,
        LLC_ERROR_ARGUMENT,
        LLC_ERROR_SHAPE,
        LLC_ERROR_DTYPE,
        LLC_ERROR_MEMORY,
        LLC_ERROR_CALLBACK,
        LLC_ERROR_CANCELLED,
        LLC_ERROR_INTERNAL,
    };
    static const int32_t unknown[] = {1, -9, -99, INT32_MAX, INT32_MIN};
    size_t i, k;

    for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const char *text = llc_status_string(statuses[i]);

        CHECK(text != NULL && text[0] != 0, "status %d", (int)statuses[i]);
        CHECK(text == llc_status_string(statuses[i]), "status %d: static text", (int)statuses[i]);
        for (k = 0; k < i; k++)
            CHECK(strcmp(text, llc_status_string(statuses[k])) != 0, "statuses %d and %d", (int)statuses[i],
                  (int)statuses[k]);
    }
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const char *text = llc_status_string(unknown[i]);

        CHECK(text != NULL && text[0] != 0, "status %d", (int)unknown[i]);
    }
}

static void library_has_the_version_of_its_header(void)
{
    char numbers[32];

    CHECK(strcmp(llc_version_string(), LLC_VERSION_STRING) == 0, "library %s, header %s", llc_version_string(),
          LLC_VERSION_STRING);
    snprintf(numbers, sizeof numbers, "%d.%d.%d", LLC_VERSION_MAJOR, LLC_VERSION_MINOR, LLC_VERSION_PATCH);
    CHECK(strcmp(numbers, LLC_VERSION_STRING) == 0, "numbers %s, text %s", numbers, LLC_VERSION_STRING);
}

int main(void)
{
    null_is_an_error_where_a_pointer_is_needed();
    null_is_fine_where_it_means_a_default();
    null_is_fine_where_nothing_is_read();
    every_value_that_is_not_allowed_is_an_error_that_names_it();
    errors_are_found_in_calls_without_elements_too();
    every_value_that_is_allowed_is_accepted();
    axes_may_be_given_in_any_order_but_only_once();
    window_without_axes_needs_the_arrays_ndim();
    sizes_that_cannot_be_addressed_are_errors();
    window_too_large_for_the_memory_is_an_error();
    input_too_large_to_be_copied_is_an_error();
    strides_of_no_elements_do_not_matter();
    options_of_later_versions_must_be_zero_where_unknown();
    every_status_has_a_text();
    library_has_the_version_of_its_header();
    return check_result();
}
