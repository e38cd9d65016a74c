/*
 * A program that loads the library at run time, calls it, and unloads it, again and again: from its main thread, and from
 * threads of its own. Not linked with the library; its path is the argument.
 */

#include "clock.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "llc.h"
#include "views.h"

enum { TIMES = 100 };

static const char *path;

/* What dlsym returns, as functions: there is no cast from the one to the other. */
union symbol {
    void *address;
    llc_status (*filter)(const llc_array *, const llc_array *, const llc_window *, llc_filter_fn, void *,
                         const llc_options *, llc_error *);
    llc_filter_fn (*builtin)(const char *);
};

static void *load_call_unload(void *failures)
{
    float in[30][40], out[30][40];
    const intptr_t shape[2] = {30, 40}, extents[2] = {3, 3};
    const llc_array input = array_view(in, LLC_FLOAT32, 2, shape, NULL);
    const llc_array output = array_view(out, LLC_FLOAT32, 2, shape, NULL);
    const llc_window window = box_window(2, extents);
    const llc_options options = thread_options(2);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    union symbol filter, builtin;
    int i;

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        ++*(int *)failures;
        return NULL;
    }
    for (i = 0; i < 1200; i++)
        in[i / 40][i % 40] = (float)(i * 7 % 31);
    filter.address = dlsym(library, "llc_generic_filter");
    builtin.address = dlsym(library, "llc_builtin");
    *(int *)failures +=
        filter.filter(&input, &output, &window, builtin.builtin("median"), NULL, &options, NULL) != LLC_OK;
    *(int *)failures += dlclose(library) != 0;
    return NULL;
}

static int is_loaded(void)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

    if (library != NULL)
        dlclose(library);
    return library != NULL;
}

/* Memory that the process has, in KiB. */
static long resident(void)
{
    char line[256];
    long size = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            size = atol(line + 6);
    if (file != NULL)
        fclose(file);
    return size;
}

int main(int count, char **arguments)
{
    /* Valgrind reads all there is to know of a library each time. */
    const int times = clock_slowdown() > 1 ? 3 : TIMES;
    int failures = 0, i;
    long before;

    if (count != 2)
        return 2;
    path = arguments[1];
    /* A thread of its own: what is kept for a thread that called the library is gone when it ends. */
    for (i = 0; i < times; i++) {
        pthread_t thread;

        CHECK_INT(pthread_create(&thread, NULL, load_call_unload, &failures), 0, "thread %d", i);
        pthread_join(thread, NULL);
        CHECK(!is_loaded(), "still there after %d", i);
    }
    for (i = 0; i < 10; i++)
        load_call_unload(&failures);
    before = resident();
    for (i = 0; i < times; i++)
        load_call_unload(&failures);
    /* Valgrind and emulators, which are slow, keep something of every library. */
    if (clock_slowdown() == 1)
        CHECK(resident() - before < 1024, "%ld KiB more", resident() - before);
    CHECK_INT(failures, 0, "calls");
    return check_result();
}
