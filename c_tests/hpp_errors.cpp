/*
 * llc.hpp says what went wrong: as a result, as an llc::error, or by letting out the exceptions of functions. Exceptions
 * stop every thread, and the one for the lowest element comes out; under a sanitizer, without a leak.
 */

#include <atomic>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>

#include "llc.hpp"

#include "check.h"

namespace {

const auto first = [](llc::values values) { return values[0]; };

/* ------------------------------------------------------ results ---------------------------------------------------- */

struct fault {
    const char *name;
    llc_status status;
    const char *text;
    std::function<llc::result(bool throws)> call;
};

/* One call, in the form that throws or in the one that doesn't. */
template <class In, class Out>
llc::result filter(bool throws, const In &input, Out &&output, const llc::window &window, const llc::options &options = {})
{
    if (!throws)
        return llc::try_generic_filter(input, output, window, first, options);
    llc::generic_filter(input, output, window, first, options);
    return {};
}

void every_error_is_a_result_and_an_exception()
{
    static double a[6], b[6];
    const auto box = llc::window::box({3, 3});
    const llc::index_list many(std::vector<int>(65, 1));
    llc::options modes, mode, threads, deaf;
    modes.axis_modes = {llc::mode::wrap};
    mode.mode = static_cast<llc::mode>(77);
    threads.threads = -5;
    deaf.progress = [](double) { return false; };
    const llc::view<double> grid(a, {2, 3}), out(b, {2, 3});

    const fault faults[] = {
        {"shapes", LLC_ERROR_SHAPE, "output.shape[1] is 2",
         [&](bool t) { return filter(t, grid, llc::view(b, {2, 2}), box); }},
        {"axes of arrays", LLC_ERROR_SHAPE, "output.ndim is 1", [&](bool t) { return filter(t, grid, b, box); }},
        {"strides of input", LLC_ERROR_ARGUMENT, "input has 1 strides, but 2 extents",
         [&](bool t) { return filter(t, llc::view(a, {2, 3}, {3}), out, box); }},
        {"strides of output", LLC_ERROR_ARGUMENT, "output has 3 strides, but 2 extents",
         [&](bool t) { return filter(t, grid, llc::view(b, {2, 3}, {3, 1, 1}), box); }},
        {"too many axes", LLC_ERROR_SHAPE, "input.ndim is 65",
         [&](bool t) { return filter(t, llc::view(a, many), llc::view(b, many), box); }},
        {"too many strides", LLC_ERROR_SHAPE, "input.ndim is 65",
         [&](bool t) { return filter(t, llc::view(a, many, many), llc::view(b, many), box); }},
        {"negative extent", LLC_ERROR_SHAPE, "-2",
         [&](bool t) { return filter(t, llc::view(a, {-2, 3}), llc::view(b, {-2, 3}), box); }},
        {"NULL", LLC_ERROR_NULL, "input.data",
         [&](bool t) { return filter(t, llc::view<double>(nullptr, {2, 3}), out, box); }},
        {"axes of window", LLC_ERROR_SHAPE, "window.ndim is 1",
         [&](bool t) { return filter(t, grid, out, llc::window::box({3})); }},
        {"too many axes of window", LLC_ERROR_SHAPE, "window.ndim is 65",
         [&](bool t) { return filter(t, grid, out, llc::window::box(many)); }},
        {"extent of window", LLC_ERROR_SHAPE, "window.shape[1] is 0",
         [&](bool t) { return filter(t, grid, out, llc::window::box({3, 0})); }},
        {"negative radius", LLC_ERROR_SHAPE, "window.shape[0] is -1",
         [&](bool t) { return filter(t, grid, out, llc::window::disk(-1)); }},
        {"footprint", LLC_ERROR_SHAPE, "window.footprint has 8 elements, but its extents make 9",
         [&](bool t) { return filter(t, grid, out, llc::window::from_footprint(std::vector<bool>(8), {3, 3})); }},
        {"number of origins", LLC_ERROR_ARGUMENT, "window.origins has 1 entries, but the window has 2 axes",
         [&](bool t) { return filter(t, grid, out, box.origins({1})); }},
        {"origin", LLC_ERROR_ARGUMENT, "window.origins[1] is 2", [&](bool t) { return filter(t, grid, out, box.origins({0, 2})); }},
        {"number of axes", LLC_ERROR_ARGUMENT, "window.axes has 3 entries, but the window has 2 axes",
         [&](bool t) { return filter(t, grid, out, box.axes({0, 1, 2})); }},
        {"axis", LLC_ERROR_ARGUMENT, "window.axes[1] is 2", [&](bool t) { return filter(t, grid, out, box.axes({0, 2})); }},
        {"an axis beyond 32 bits", LLC_ERROR_ARGUMENT, "window.axes[1] is 2147483647",
         [&](bool t) { return filter(t, grid, out, box.axes({std::int64_t{0}, std::int64_t{1} << 32})); }},
        {"modes of axes", LLC_ERROR_ARGUMENT, "options.axis_modes has 1 entries, but the window has 2 axes",
         [&](bool t) { return filter(t, grid, out, box, modes); }},
        {"mode", LLC_ERROR_ARGUMENT, "77", [&](bool t) { return filter(t, grid, out, box, mode); }},
        {"threads", LLC_ERROR_ARGUMENT, "-5", [&](bool t) { return filter(t, grid, out, box, threads); }},
        {"cancelled", LLC_ERROR_CANCELLED, "progress", [&](bool t) { return filter(t, grid, out, box, deaf); }},
    };
    for (const fault &fault : faults) {
        const llc::result result = fault.call(false);
        CHECK(!result, "%s", fault.name);
        CHECK_INT(result.status(), fault.status, "%s: %s", fault.name, result.message());
        CHECK_INT(result.index(), -1, "%s", fault.name);
        CHECK(std::strstr(result.message(), fault.text) != nullptr, "%s: %s", fault.name, result.message());

        bool thrown = false;
        try {
            (void)fault.call(true);
        } catch (const llc::error &error) {
            thrown = true;
            CHECK_INT(error.status(), fault.status, "%s", fault.name);
            CHECK_INT(error.index(), -1, "%s", fault.name);
            CHECK(std::strcmp(error.what(), result.message()) == 0, "%s: %s", fault.name, error.what());
        }
        CHECK(thrown, "%s", fault.name);
    }
}

void success_is_true()
{
    static double a[2][3], b[2][3];
    const llc::result result = llc::try_generic_filter(a, b, llc::window::box({3, 3}), first);
    CHECK(static_cast<bool>(result), "%s", result.message());
    CHECK_INT(result.status(), LLC_OK, "%s", result.message());
    CHECK_INT(result.index(), -1, "%s", result.message());
    CHECK(result.message()[0] == '\0', "%s", result.message());
}

/* ---------------------------------------------- exceptions of functions -------------------------------------------- */

/* Knows for which element it was thrown, and holds memory. */
struct oops : std::runtime_error {
    explicit oops(std::intptr_t at) : std::runtime_error(std::string(100, 'x')), element(at), kept(new std::intptr_t(at)) {}

    std::intptr_t element;
    std::shared_ptr<std::intptr_t> kept;
};

constexpr std::intptr_t size = 200000;

/* Element i holds i: windows of odd extent see their element in the middle. */
std::vector<double> ramp()
{
    std::vector<double> values(static_cast<std::size_t>(size));
    std::iota(values.begin(), values.end(), 0.0);
    return values;
}

/* The element whose exception comes out of a call, or -1. */
template <class F>
std::intptr_t caught(const llc::window &window, F &&function, std::vector<double> &output, int threads)
{
    static const std::vector<double> input = ramp();
    llc::options options;
    options.threads = threads;
    output.assign(input.size(), -1.0);
    try {
        (void)llc::try_generic_filter(input, output, window, function, options);
    } catch (const oops &caught) {
        CHECK_INT(*caught.kept, caught.element, "%d threads", threads);
        return caught.element;
    }
    return -1;
}

void the_exception_for_the_lowest_element_comes_out()
{
    std::vector<double> output;
    for (int threads : {1, 2, 7})
        for (int extent : {1, 9, 41})
            for (std::intptr_t lowest : {0, 1, 777, 100003, 199999}) {
                std::atomic<int> thrown{0};
                const auto function = [&, lowest](llc::values values) {
                    const auto at = static_cast<std::intptr_t>(values[values.size() / 2]);
                    if (at >= lowest && (at - lowest) % 1000 == 0) {
                        thrown++;
                        throw oops(at);
                    }
                    return static_cast<double>(at);
                };
                const auto window = llc::window::box({extent});
                CHECK_INT(caught(window, function, output, threads), lowest, "%d taps, %d threads", extent, threads);
                CHECK(thrown.load() >= 1 && thrown.load() <= threads, "%d thrown by %d threads", thrown.load(), threads);

                /* Whole batches are written: at least all elements before the one that failed's batch. */
                bool written = true;
                for (std::intptr_t i = 0; i < lowest - LLC_BATCH_MAX; i++)
                    written = written && output[static_cast<std::size_t>(i)] == static_cast<double>(i);
                CHECK(written, "%d taps, %d threads, lowest %d", extent, threads, static_cast<int>(lowest));
            }
}

void exceptions_from_functions_of_lanes_come_out()
{
    std::vector<double> output;
    for (int threads : {1, 3}) {
        const auto function = [](auto values) {
            double at[LLC_LANES];
            values[0].store(at);
            if (at[0] >= 5000.0)
                throw oops(static_cast<std::intptr_t>(at[0]));
            return values[0];
        };
        const std::intptr_t element = caught(llc::window::box({1}), function, output, threads);
        CHECK(element >= 5000 && element < 5000 + LLC_LANES, "%d, %d threads", static_cast<int>(element), threads);
    }
}

void anything_may_be_thrown()
{
    static double a[10], b[10];
    int number = 0;
    try {
        llc::generic_filter(a, b, llc::window::box({3}), [](llc::values) -> double { throw 42; });
    } catch (int thrown) {
        number = thrown;
    }
    CHECK_INT(number, 42, "an int");
}

/* ------------------------------------------------------ progress --------------------------------------------------- */

void progress_is_told_and_its_exceptions_come_out()
{
    static double a[500], b[500];
    double last = -1.0;
    llc::options options;
    options.progress = [&](double fraction) {
        last = fraction;
        return true;
    };
    llc::generic_filter(a, b, llc::window::box({3}), first, options);
    CHECK(last == 1.0, "%g", last);

    for (int threads : {1, 4}) {
        options.threads = threads;
        options.progress = [](double) -> bool { throw oops(12); };
        std::intptr_t element = -1;
        try {
            (void)llc::try_generic_filter(a, b, llc::window::box({3}), first, options);
        } catch (const oops &caught) {
            element = caught.element;
        }
        CHECK_INT(element, 12, "%d threads", threads);
    }
}

} // namespace

int main()
{
    every_error_is_a_result_and_an_exception();
    success_is_true();
    the_exception_for_the_lowest_element_comes_out();
    exceptions_from_functions_of_lanes_come_out();
    anything_may_be_thrown();
    progress_is_told_and_its_exceptions_come_out();
    return check_result();
}
