/*
 * llc.hpp takes arrays and windows of every kind: what a view is made from, and what a window is made of.
 */

#include <cstring>
#include <list>
#include <numeric>
#include <string>

#include "llc.hpp"

#include "check.h"

namespace {

const auto copy = [](llc::values values) { return values[0]; };
const auto one = llc::window::box({1});
const auto one_by_one = llc::window::box({1, 1});

/* What is read through a view, in C order. */
template <class V>
std::vector<double> elements(const V &input, const llc::index_list &extents)
{
    std::intptr_t size = 1;
    for (std::intptr_t extent : extents)
        size *= extent;
    std::vector<double> read(static_cast<std::size_t>(size));
    const llc::index_list ones(std::vector<int>(static_cast<std::size_t>(extents.size()), 1));
    llc::generic_filter(input, llc::view(read.data(), extents), llc::window::box(ones), copy);
    return read;
}

std::vector<double> counted(int n)
{
    std::vector<double> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0.0);
    return numbers;
}

/* ------------------------------------------------------- arrays ---------------------------------------------------- */

void pointers_with_extents_and_strides()
{
    std::vector<double> data = counted(6);
    const std::size_t rows = 2, columns = 3;
    const int array[] = {2, 3};
    const std::list<short> list = {2, 3};
    CHECK(elements(llc::view(data.data(), {rows, columns}), {2, 3}) == data, "std::size_t in braces");
    CHECK(elements(llc::view(data.data(), {2, 3}), {2, 3}) == data, "int in braces");
    CHECK(elements(llc::view(data.data(), std::vector<long>{2, 3}), {2, 3}) == data, "a vector");
    CHECK(elements(llc::view(data.data(), std::array<unsigned, 2>{2, 3}), {2, 3}) == data, "a std::array");
    CHECK(elements(llc::view(data.data(), array), {2, 3}) == data, "an array");
    CHECK(elements(llc::view(data.data(), list), {2, 3}) == data, "a list");
    CHECK(elements(llc::view<const double>(data.data(), {2, 3}), {2, 3}) == data, "const");
    CHECK(elements(llc::view(data.data(), {}), {}) == std::vector<double>{0}, "no axes");
    CHECK(elements(llc::view(data.data(), {0, 3}), {0, 3}).empty(), "no elements");

    CHECK((elements(llc::view(data.data(), {3, 2}, {1, 3}), {3, 2}) == std::vector<double>{0, 3, 1, 4, 2, 5}), "turned");
    CHECK((elements(llc::view(&data[5], {6}, {-1}), {6}) == std::vector<double>{5, 4, 3, 2, 1, 0}), "backwards");
    CHECK((elements(llc::view(&data[4], {2, 2}, {0, -4}), {2, 2}) == std::vector<double>{4, 0, 4, 0}), "repeated");

    std::vector<float> output(6, -1.0f);
    llc::generic_filter(llc::view(data.data(), {3}), llc::view(&output[5], {3}, {-2}), one, copy);
    CHECK((output == std::vector<float>{-1, 2, -1, 1, -1, 0}), "an output with strides");
}

void containers()
{
    std::vector<double> output(4);
    const std::vector<double> expected = {1, 2, 3, 4};
    const std::vector<short> vector = {1, 2, 3, 4};
    const std::array<unsigned char, 4> array = {1, 2, 3, 4};

    llc::generic_filter(vector, output, one, copy);
    CHECK(output == expected, "const std::vector");
    llc::generic_filter(array, output, one, copy);
    CHECK(output == expected, "const std::array");
    llc::generic_filter(std::vector<int>{1, 2, 3, 4}, output, one, copy);
    CHECK(output == expected, "a std::vector that is gone after the call");
    std::array<double, 4> other = {};
    llc::generic_filter(vector, other, one, copy);
    CHECK(std::equal(other.begin(), other.end(), expected.begin()), "std::array as output");
#ifdef __cpp_lib_span
    llc::generic_filter(std::span(vector), std::span(output).first(4), one, copy);
    CHECK(output == expected, "std::span");
    CHECK(elements(llc::view(std::span(output)), {4}) == expected, "a view of a std::span");
#endif
    llc::view named(output);
    llc::generic_filter(named, named, one, [](llc::values values) { return values[0] + 1.0; });
    CHECK((output == std::vector<double>{2, 3, 4, 5}), "a view, in place");
}

void arrays_of_c()
{
    double line[3] = {0, 1, 2};
    const int grid[2][3] = {{0, 1, 2}, {3, 4, 5}};
    float cube[2][2][2] = {{{0, 1}, {2, 3}}, {{4, 5}, {6, 7}}};
    CHECK(elements(line, {3}) == counted(3), "double[3]");
    CHECK(elements(grid, {2, 3}) == counted(6), "const int[2][3]");
    CHECK(elements(cube, {2, 2, 2}) == counted(8), "float[2][2][2]");
    CHECK_INT(llc::view(cube).extents().size(), 3, "float[2][2][2]");

    double output[2][3] = {};
    llc::generic_filter(grid, output, one_by_one, copy);
    CHECK(output[1][2] == 5.0, "double[2][3] as output");
}

#ifdef __cpp_lib_mdspan
void mdspans()
{
    std::vector<double> data = counted(6), output(6);
    const std::mdspan grid(data.data(), 2, 3);
    const std::mdspan turned(data.data(), std::layout_left::mapping(std::extents<int, 2, 3>()));
    CHECK(elements(grid, {2, 3}) == data, "layout_right");
    CHECK((elements(turned, {2, 3}) == std::vector<double>{0, 2, 4, 1, 3, 5}), "layout_left");
    llc::generic_filter(grid, std::mdspan(output.data(), 2, 3), one_by_one, copy);
    CHECK(output == data, "an output");
}
#endif

/* The elements of each type, with 1 or its like in the middle. */
template <class T>
void type(const char *name, std::int32_t dtype)
{
    T input[3] = {T(0), T(1), T(0)}, output[3] = {};
    CHECK_INT(llc::detail::dtype<T>(), dtype, "%s", name);
    llc::generic_filter(input, output, llc::window::box({3}), [](llc::values values) { return values[0] + values[2]; });
    CHECK(output[0] == T(1) && output[1] == T(0) && output[2] == T(1), "%s", name);
}

void element_types()
{
    type<bool>("bool", LLC_BOOL);
    type<signed char>("signed char", LLC_INT8);
    type<std::int8_t>("int8_t", LLC_INT8);
    type<std::int16_t>("int16_t", LLC_INT16);
    type<std::int32_t>("int32_t", LLC_INT32);
    type<std::int64_t>("int64_t", LLC_INT64);
    type<std::uint8_t>("uint8_t", LLC_UINT8);
    type<std::uint16_t>("uint16_t", LLC_UINT16);
    type<std::uint32_t>("uint32_t", LLC_UINT32);
    type<std::uint64_t>("uint64_t", LLC_UINT64);
    type<long>("long", sizeof(long) == 8 ? LLC_INT64 : LLC_INT32);
    type<long long>("long long", LLC_INT64);
    type<unsigned long long>("unsigned long long", LLC_UINT64);
    type<float>("float", LLC_FLOAT32);
    type<double>("double", LLC_FLOAT64);
}

/* ------------------------------------------------------- windows --------------------------------------------------- */

/* The taps of a window, as the function sees them around a single one of value 1 in a 9 x 9 array: '#' where the result
   is 1, for the inner 7 x 7 elements. */
std::string shape(const llc::window &window)
{
    static double input[9][9], output[9][9];
    input[4][4] = 1.0;
    llc::options options;
    options.mode = llc::mode::constant;
    llc::generic_filter(input, output, window, [](auto values) {
        typename decltype(values)::value_type sum = 0.0;
        for (auto value : values)
            sum += value;
        return sum;
    }, options);
    std::string text;
    for (int y = 1; y < 8; y++, text += '/')
        for (int x = 1; x < 8; x++)
            text += output[y][x] != 0.0 ? '#' : '.';
    return text;
}

void windows()
{
    const bool mask[3][3] = {{false, false, false}, {false, true, false}, {false, true, true}};
    struct {
        const char *name;
        llc::window window;
        int taps;
        const char *shape;
    } cases[] = {
        {"box", llc::window::box({3, 5}), 15, "......./......./.#####./.#####./.#####./......./......./"},
        {"axes", llc::window::box({3, 5}).axes({1, 0}), 15, "......./..###../..###../..###../..###../..###../......./"},
        {"one axis", llc::window::box({5}).axes({-1}), 5, "......./......./......./.#####./......./......./......./"},
        {"origins", llc::window::box({1, 3}).origins({0, 1}), 3, "......./......./......./...###./......./......./......./"},
        {"mask", llc::window::from_footprint(mask), 3, "......./......./..##.../...#.../......./......./......./"},
        {"footprint", llc::window::from_footprint(std::vector<bool>{true, false, false, false, true, false}, {2, 3}), 2,
         "......./......./......./...#.../....#../......./......./"},
        {"cross", llc::window::cross(2), 5, "......./......./...#.../..###../...#.../......./......./"},
        {"diamond", llc::window::diamond(2, 2), 13, "......./...#.../..###../.#####./..###../...#.../......./"},
        {"disk", llc::window::disk(3), 29, "...#.../.#####./.#####./#######/.#####./.#####./...#.../"},
        {"disk 0", llc::window::disk(0), 1, "......./......./......./...#.../......./......./......./"},
    };
    for (const auto &item : cases) {
        CHECK_INT(item.window.taps(), item.taps, "%s", item.name);
        const std::string actual = shape(item.window);
        CHECK(actual == item.shape, "%s: %s", item.name, actual.c_str());
    }
    CHECK_INT(llc::window::ball(3, 1).taps(), 7, "ball");
    CHECK_INT(llc::window::ball(3, 2).taps(), 33, "ball");
    CHECK_INT(llc::window::diamond(3, 2).taps(), 25, "diamond");
    CHECK_INT(llc::window::cross(0).taps(), 1, "no axes");
    CHECK_INT(llc::window::box({0, 3}).taps(), 0, "an extent that is refused");
    CHECK_INT(llc::window::box({INTPTR_MAX, 3}).taps(), INTPTR_MAX, "more than can be counted");
}

void modes()
{
    const double input[] = {1, 2, 3, 4};
    double output[4];
    struct {
        llc::mode mode;
        double first, last;
    } cases[] = {
        {llc::mode::reflect, 2, 3}, {llc::mode::nearest, 1, 4},      {llc::mode::mirror, 3, 2},      {llc::mode::wrap, 3, 2},
        {llc::mode::constant, 9, 9}, {llc::mode::grid_constant, 9, 9}, {llc::mode::grid_mirror, 2, 3}, {llc::mode::grid_wrap, 3, 2},
    };
    for (const auto &item : cases)
        for (bool each : {false, true}) {
            llc::options options;
            options.cval = 9.0;
            if (each)
                options.axis_modes = {item.mode};
            else
                options.mode = item.mode;
            llc::generic_filter(input, output, llc::window::box({5}), [](llc::values values) { return values[0]; }, options);
            CHECK(output[0] == item.first, "mode %d: %g", static_cast<int>(item.mode), output[0]);
            llc::generic_filter(input, output, llc::window::box({5}), [](llc::values values) { return values.back(); }, options);
            CHECK(output[3] == item.last, "mode %d: %g", static_cast<int>(item.mode), output[3]);
        }
#if defined(__cpp_designated_initializers)
    llc::generic_filter(input, output, llc::window::box({5}), copy, {.mode = llc::mode::wrap, .threads = llc::all_cores});
    CHECK(output[0] == 3.0, "designated initialisers: %g", output[0]);
#endif
}

} // namespace

int main()
{
    CHECK(std::strcmp(llc::version(), LLC_VERSION_STRING) == 0, "%s", llc::version());
    pointers_with_extents_and_strides();
    containers();
    arrays_of_c();
#ifdef __cpp_lib_mdspan
    mdspans();
#endif
    element_types();
    windows();
    modes();
    return check_result();
}
