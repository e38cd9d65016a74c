// The same in C++.
#include <llc.hpp>

#include <cstdio>
#include <exception>
#include <vector>

int main()
{
    std::vector<double> in(20), out(20);
    in[6] = 7;
    in[19] = 9;
    const std::vector<double> expected = {7, 7, 7, 0, 0, 7, 7, 7, 0, 0, 7, 7, 7, 9, 9, 0, 0, 0, 9, 9};
    try {
        const auto largest = [](llc::values values) {
            double found = values[0];
            for (double value : values)
                found = value > found ? value : found;
            return found;
        };
        llc::generic_filter(llc::view(in.data(), {4, 5}), llc::view(out.data(), {4, 5}), llc::window::box({3, 3}), largest);
    } catch (const std::exception &error) {
        return std::fprintf(stderr, "%s\n", error.what()), 1;
    }
    if (out != expected)
        return std::fprintf(stderr, "the result is another one\n"), 1;
    return 0;
}
