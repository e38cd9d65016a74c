/*
 * Filters from plain functions: values in, one value out. The same in C and Rust: functions.c, functions.rs.
 *
 *     functions in.pgm minimum.pgm deviation.pgm
 */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>

#include <llc.hpp>

#include "../c/pgm.h"

int main(int argc, char **argv)
try {
    if (argc != 4) {
        std::fprintf(stderr, "usage: functions in.pgm minimum.pgm deviation.pgm\n");
        return 2;
    }
    const image in = read_pgm(argv[1]), out = new_image(in.height, in.width);
    const llc::view input(in.pixels, {in.height, in.width}), output(out.pixels, {in.height, in.width});
    llc::options options;
    options.threads = llc::all_cores;

    llc::generic_filter(input, output, llc::window::cross(2), [](llc::values values) {
        double result = std::numeric_limits<double>::infinity();
        for (double value : values)
            if (value < result)
                result = value;
        return result;
    }, options);
    write_pgm(argv[2], out);

    // Generic over what a value is: runs on sixteen pixels at once.
    const double gain = 5;
    llc::generic_filter(input, output, llc::window::box({3, 3}), [gain](auto values) {
        using value_type = typename decltype(values)::value_type;
        const double n = static_cast<double>(values.size());
        value_type sum = 0.0, squares = 0.0;
        for (auto value : values)
            sum += value;
        const value_type mean = sum / n;
        for (auto value : values)
            squares += (value - mean) * (value - mean);
        const value_type result = gain * llc::sqrt(squares / n);
        return llc::select(result < 255.0, result, value_type(255.0));
    }, options);
    write_pgm(argv[3], out);

    std::free(in.pixels);
    std::free(out.pixels);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "functions: %s\n", error.what());
    return 1;
}
