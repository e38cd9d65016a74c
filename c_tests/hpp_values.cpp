/*
 * llc.hpp computes what C callbacks compute, bit for bit: functions of llc::values and of lanes, for any number of taps,
 * element types, windows, boundary modes and threads.
 */

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include "llc.hpp"

#include "check.h"

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

/* ------------------------------------------------ functions, three times ------------------------------------------- */

int c_minimum(double *buffer, intptr_t filter_size, double *return_value, void *)
{
    double least = infinity;
    for (intptr_t k = 0; k < filter_size; k++)
        if (buffer[k] < least)
            least = buffer[k];
    *return_value = least;
    return 1;
}

const auto minimum = [](llc::values values) {
    double least = infinity;
    for (double value : values)
        if (value < least)
            least = value;
    return least;
};

const auto lanes_minimum = [](auto values) {
    typename decltype(values)::value_type least = infinity;
    for (auto value : values)
        least = llc::min(least, value);
    return least;
};

/* Something of everything: sums, products, quotients, roots, comparisons. */
int c_blend(double *buffer, intptr_t filter_size, double *return_value, void *)
{
    double sum = 0.0, squares = 0.0, count = 0.0;
    for (intptr_t k = 0; k < filter_size; k++) {
        sum += buffer[k];
        squares += buffer[k] * buffer[k];
        if ((buffer[k] > 20.0 && !(buffer[k] >= 60.0)) || buffer[k] == 0.0)
            count += 1.0;
    }
    double mean = sum / (static_cast<double>(filter_size) + 1.0);
    double square = squares / 7.0 - mean * mean;
    *return_value = -std::sqrt(square < 0.0 ? 0.0 : square) + count * 0.1 + std::fabs(3.0 - mean);
    return 1;
}

const auto lanes_blend = [](auto values) {
    typename decltype(values)::value_type sum = 0.0, squares = 0.0, count = 0.0;
    for (std::size_t k = 0; k < values.size(); k++) {
        auto value = values[k];
        sum += value;
        squares += value * value;
        count += llc::select(((value > 20.0) & !(value >= 60.0)) | (value == 0.0), 1.0, 0.0);
    }
    auto mean = sum / (static_cast<double>(values.size()) + 1.0);
    return -llc::sqrt(llc::max(squares / 7.0 - mean * mean, 0.0)) + count * 0.1 + llc::abs(3.0 - mean);
};

const auto blend = [](llc::values values) { return lanes_blend(values); };

/* --------------------------------------------------------- cases --------------------------------------------------- */

struct kind {
    const char *name;
    llc::window window;
    std::intptr_t taps;
};

std::vector<kind> windows()
{
    std::vector<std::uint8_t> none(6, 0);
    return {
        {"no taps", llc::window::from_footprint(none, {2, 3}), 0},
        {"1 x 1", llc::window::box({1, 1}), 1},
        {"cross", llc::window::cross(2), 5},
        {"3 x 3", llc::window::box({3, 3}), 9},
        {"3 x 3, moved", llc::window::box({3, 3}).origins({-1, 1}), 9},
        {"disk", llc::window::disk(2), 13},
        {"2 x 8, turned", llc::window::box({2, 8}).axes({1, 0}), 16},
        {"5 x 5", llc::window::box({5, 5}), 25},
        {"4 x 8", llc::window::box({4, 8}), 32},
        {"3 x 11", llc::window::box({3, 11}), 33},
        {"11 x 11", llc::window::box({11, 11}), 121},
        {"diamond", llc::window::diamond(2, 9), 181},
    };
}

template <class T>
T sample(std::intptr_t i)
{
    auto x = static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 29)) % 101;
    if constexpr (std::is_floating_point_v<T>)
        return x == 7 ? static_cast<T>(nan) : x == 8 ? static_cast<T>(-0.0) : static_cast<T>(static_cast<double>(x) / 1.1);
    else
        return static_cast<T>(x);
}

/* A std::vector<bool> has no data(). */
template <class T>
struct image {
    explicit image(std::intptr_t count) : elements(new T[static_cast<std::size_t>(count)]), size(count)
    {
        for (std::intptr_t i = 0; i < size; i++)
            elements[static_cast<std::size_t>(i)] = sample<T>(i);
    }

    /* Bit for bit, but for what kind of NaN one is. */
    bool operator==(const image &other) const
    {
        return std::equal(elements.get(), elements.get() + size, other.elements.get(), [](T a, T b) {
            return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
        });
    }

    std::unique_ptr<T[]> elements;
    std::intptr_t size;
};

/* Compares functions to what the C callback gives, for every window and number of threads. */
template <class In, class Out, class... Functions>
void compare(const char *name, std::intptr_t rows, std::intptr_t columns, llc_filter_fn in_c, const Functions &...functions)
{
    image<In> input(rows * columns);
    image<Out> expected(rows * columns), output(rows * columns);
    const std::intptr_t extents[] = {rows, columns};
    const llc_array c_input = {input.elements.get(), llc::detail::dtype<In>(), 2, extents, nullptr};
    const llc_array c_output = {expected.elements.get(), llc::detail::dtype<Out>(), 2, extents, nullptr};

    for (const kind &kind : windows()) {
        CHECK_INT(kind.window.taps(), kind.taps, "%s", kind.name);
        llc::options options;
        options.mode = llc::mode::constant;
        options.cval = 17.25;

        /* The window by way of the header's own translation: hpp_views.cpp has it right or wrong by itself. */
        std::int32_t axes[LLC_MAX_NDIM];
        const llc_window c_window = llc::detail::access::box(kind.window, axes);
        llc_options c_options = LLC_OPTIONS_INIT;
        c_options.mode = LLC_MODE_CONSTANT;
        c_options.cval = options.cval;
        CHECK_INT(llc_generic_filter(&c_input, &c_output, &c_window, in_c, nullptr, &c_options, nullptr), LLC_OK, "%s",
                  kind.name);

        for (int threads : {1, 3}) {
            options.threads = threads;
            int which = 0;
            const auto check = [&](const auto &function) {
                output = image<Out>(rows * columns);
                llc::generic_filter(llc::view<const In>(input.elements.get(), extents),
                                    llc::view(output.elements.get(), extents), kind.window, function, options);
                CHECK(output == expected, "%s, %s, function %d, %d x %d elements, %d threads", name, kind.name, which,
                      static_cast<int>(rows), static_cast<int>(columns), threads);
                which++;
            };
            (check(functions), ...);
        }
    }
}

void any_taps_types_and_threads_give_what_c_callbacks_give()
{
    for (std::intptr_t columns : {1, 2, 15, 16, 17, 53}) {
        compare<double, double>("minimum", 7, columns, c_minimum, minimum, lanes_minimum, llc::pixelwise(lanes_minimum));
        compare<double, double>("blend", 7, columns, c_blend, lanes_blend, blend, llc::pixelwise(lanes_blend));
    }
    compare<double, double>("minimum", 203, 67, c_minimum, minimum, lanes_minimum);
    compare<double, double>("blend", 203, 67, c_blend, lanes_blend, blend, llc::pixelwise(lanes_blend));
    compare<float, float>("minimum of float", 19, 53, c_minimum, minimum, lanes_minimum);
    compare<std::uint8_t, float>("blend of uint8 to float", 19, 53, c_blend, lanes_blend, blend, llc::pixelwise(lanes_blend));
    compare<std::int32_t, std::int16_t>("blend of int32 to int16", 19, 53, c_blend, lanes_blend, blend, llc::pixelwise(lanes_blend));
    compare<std::uint64_t, double>("minimum of uint64", 19, 53, c_minimum, minimum, lanes_minimum);
    compare<bool, bool>("minimum of bool", 19, 53, c_minimum, minimum, lanes_minimum);
}

void results_are_those_of_a_plain_loop()
{
    constexpr int rows = 9, columns = 40;
    static double input[rows][columns], output[rows][columns];
    for (int i = 0; i < rows * columns; i++)
        input[i / columns][i % columns] = static_cast<double>((i * 37) % 101);

    llc::options options;
    options.mode = llc::mode::nearest;
    llc::generic_filter(input, output, llc::window::box({3, 4}), [](auto values) {
        typename decltype(values)::value_type sum = 0.0;
        double weight = 1.0;
        for (auto value : values)
            sum += weight++ * value;
        return sum;
    }, options);

    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            double sum = 0.0, weight = 1.0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -2; dx <= 1; dx++)
                    sum += weight++ * input[std::min(std::max(y + dy, 0), rows - 1)][std::min(std::max(x + dx, 0), columns - 1)];
            CHECK(output[y][x] == sum, "element %d, %d: %g, not %g", y, x, output[y][x], sum);
        }
}

/* ------------------------------------------------- lanes and doubles ----------------------------------------------- */

/* What f gives for lanes, in each of them, is what it gives for doubles. */
template <class F>
void expect_same(const char *name, F f)
{
    const double numbers[] = {0.0, -0.0, 1.0, -1.0, 1.5e300, -2.5e-310, infinity, -infinity, nan};
    for (double a : numbers)
        for (double b : numbers) {
            /* The window around an element of the second row is a column. */
            double columns[2][LLC_LANES], results[2][LLC_LANES];
            for (int i = 0; i < LLC_LANES; i++) {
                columns[0][i] = i % 3 == 0 ? 4.0 : a;
                columns[1][i] = i % 5 == 0 ? 9.0 : b;
            }
            llc::generic_filter(columns, results, llc::window::box({2, 1}),
                                [&](auto values) { return f(values[0], values[1]); });
            for (int i = 0; i < LLC_LANES; i++) {
                const double expected = f(columns[0][i], columns[1][i]);
                const bool same = std::isnan(expected) ? std::isnan(results[1][i])
                                                       : std::memcmp(&results[1][i], &expected, sizeof expected) == 0;
                CHECK(same, "%s of %g and %g in lane %d is %g, not %g", name, columns[0][i], columns[1][i], i,
                      results[1][i], expected);
            }
        }
}

/* Called by functions of lanes, and by functions of values. */
template <class V>
llc::lanes<V> clamped(llc::lanes<V> a, double low, double high)
{
    return llc::min(llc::max(a, low), high);
}

double clamped(double a, double low, double high) { return llc::min(llc::max(a, low), high); }

void lanes_do_what_doubles_do()
{
    expect_same("+", [](auto a, auto b) { return a + b; });
    expect_same("-", [](auto a, auto b) { return a - b; });
    expect_same("*", [](auto a, auto b) { return a * b; });
    expect_same("/", [](auto a, auto b) { return a / b; });
    expect_same("negation", [](auto a, auto b) { return -a + 0.0 * b; });
    expect_same("double on the left", [](auto a, auto) { return 2.0 - a; });
    expect_same("double on the right", [](auto a, auto) { return a / 3.0; });
    expect_same("assignments", [](auto a, auto b) {
        a += b;
        a -= 2.0;
        a *= 3.0;
        a /= b;
        return a;
    });
    expect_same("min", [](auto a, auto b) { return llc::min(a, b); });
    expect_same("max", [](auto a, auto b) { return llc::max(a, b); });
    expect_same("min and max with doubles", [](auto a, auto b) {
        return llc::min(llc::max(a, 0.5), 2.0) + llc::max(1, llc::min(3.0, b));
    });
    expect_same("a function", [](auto a, auto) { return clamped(a, -0.5, 2.0); });
    expect_same("abs", [](auto a, auto) { return llc::abs(a); });
    expect_same("sqrt", [](auto a, auto) { return llc::sqrt(a); });
    expect_same("<", [](auto a, auto b) { return llc::select(a < b, a, 3.0); });
    expect_same("<=", [](auto a, auto b) { return llc::select(a <= b, 1.0, b); });
    expect_same(">", [](auto a, auto b) { return llc::select(a > b, a, b); });
    expect_same(">=", [](auto a, auto b) { return llc::select(a >= b, a, b); });
    expect_same("==", [](auto a, auto b) { return llc::select(a == b, a, 5.0); });
    expect_same("!=", [](auto a, auto b) { return llc::select(a != b, a, 5.0); });
    expect_same("& | ^ !", [](auto a, auto b) {
        return llc::select(((a < b) & !(a == 0.0)) | ((b > 0.0) ^ (a > 0.0)), a, b);
    });
}

void minimum_and_maximum_drop_a_nan_in_b()
{
    CHECK(llc::min(1.0, nan) == 1.0 && std::isnan(llc::min(nan, 1.0)), "min");
    CHECK(llc::max(1.0, nan) == 1.0 && std::isnan(llc::max(nan, 1.0)), "max");
    CHECK(std::signbit(llc::min(-0.0, 0.0)) && !std::signbit(llc::min(0.0, -0.0)), "equal ones: the first");
}

/* -------------------------------------------- what a function gets to see ------------------------------------------- */

/* The same expressions work on values and on lane_values. */
const auto members = [](auto values) {
    const std::size_t n = values.size();
    auto sum = values.front() + 2.0 * values.back() + 3.0 * values[n / 2] + *(values.begin() + 1) + values.begin()[2];
    for (auto value : values.first(2))
        sum += 5.0 * value;
    for (auto value : values.last(3))
        sum += 7.0 * value;
    for (auto value : values.subspan(4))
        sum += 11.0 * value;
    for (auto value : values.subspan(1, 2))
        sum += 13.0 * value;
    sum = std::accumulate(values.begin(), values.end(), sum);
    return values.empty() ? 0.0 * sum : sum + static_cast<double>(values.end() - values.begin());
};

double of_values(llc::values values) { return values[0] - values[values.size() - 1]; }

struct counting {
    int calls = 0;

    float operator()(llc::values values)
    {
        calls++;
        return static_cast<float>(values.size());
    }
};

void functions_of_every_kind_are_called()
{
    std::vector<double> input(100), scalar(100), wide(100);
    std::iota(input.begin(), input.end(), 0.0);
    llc::generic_filter(input, scalar, llc::window::box({7}), llc::pixelwise(members));
    llc::generic_filter(input, wide, llc::window::box({7}), members);
    CHECK(scalar == wide, "members of values and lane_values");

    llc::generic_filter(input, scalar, llc::window::box({3}), of_values);
    CHECK(scalar[50] == -2.0, "a function: %g", scalar[50]);

    counting counter;
    llc::generic_filter(input, scalar, llc::window::box({3}), counter);
    CHECK_INT(counter.calls, 100, "an object with state is called itself, not a copy");
    CHECK(scalar[7] == 3.0, "a float: %g", scalar[7]);

    std::function<double(llc::values)> stored = of_values;
    llc::generic_filter(input, scalar, llc::window::box({5}), stored);
    CHECK(scalar[50] == -4.0, "a std::function: %g", scalar[50]);

    llc::generic_filter(input, wide, llc::window::box({5}), [](auto values) { return static_cast<double>(values.size()); });
    CHECK(wide == std::vector<double>(100, 5.0), "one double for all lanes");

    std::vector<double> order;
    llc::generic_filter(input, scalar, llc::window::box({1}), [&](llc::values values) {
        order.push_back(values[0]);
        return 0;
    });
    CHECK(order == input, "one thread calls in C order");
}

} // namespace

int main()
{
    any_taps_types_and_threads_give_what_c_callbacks_give();
    results_are_those_of_a_plain_loop();
    lanes_do_what_doubles_do();
    minimum_and_maximum_drop_a_nan_in_b();
    functions_of_every_kind_are_called();
    return check_result();
}
