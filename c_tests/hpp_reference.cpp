/*
 * llc::generic_filter gives what SciPy gives, bit for bit, for the cases of tests/reference/cases.bin whose functions and
 * element types are among those here: as lambdas of llc::values, and as generic lambdas, which run on lanes.
 *
 *     hpp_reference cases.bin
 */

#include <cstring>
#include <limits>
#include <vector>

#include "llc.hpp"

#include "reference.h"

namespace {

const double infinity = std::numeric_limits<double>::infinity();

/* Generic over what a value is, so that they can be either kind of function. */

const auto minimum = [](auto values) {
    typename decltype(values)::value_type least = infinity;
    if (values.size() > 0)
        least = values[0];
    for (auto value : values)
        least = llc::min(least, value);
    return least;
};

const auto sum = [](auto values) {
    typename decltype(values)::value_type sum = 0.0;
    for (auto value : values)
        sum += value;
    return sum;
};

const auto divided = [](auto values) {
    typename decltype(values)::value_type sum = 0.0;
    for (std::size_t k = 0; k < values.size(); k++)
        sum += values[k] / static_cast<double>(k + 3);
    return sum;
};

const auto silent = [](auto) { return 0.0; };

/* One of them as a function of llc::values. */
template <class F>
struct of_values {
    const F &function;

    double operator()(llc::values values) const { return function(values); }
};

template <class F>
of_values(const F &) -> of_values<F>;

llc::options options_of(const llc_options &options, int32_t entries)
{
    llc::options made;
    if (options.mode != LLC_MODE_DEFAULT)
        made.mode = static_cast<llc::mode>(options.mode);
    made.cval = options.cval;
    made.threads = options.threads;
    for (int32_t i = 0; options.axis_modes != nullptr && i < entries; i++) {
        const int32_t mode = options.axis_modes[i];
        made.axis_modes.push_back(mode == LLC_MODE_DEFAULT ? llc::mode::reflect : static_cast<llc::mode>(mode));
    }
    return made;
}

template <class Integer>
std::vector<Integer> list(const Integer *items, int32_t count)
{
    return std::vector<Integer>(items, items + count);
}

llc::window window_of(const llc_window &window)
{
    const auto extents = list(window.shape, window.ndim);
    llc::window made = llc::window::box(extents);
    if (window.footprint != nullptr) {
        std::size_t volume = 1;
        for (intptr_t extent : extents)
            volume *= static_cast<std::size_t>(extent);
        made = llc::window::from_footprint(std::vector<std::uint8_t>(window.footprint, window.footprint + volume), extents);
    }
    if (window.origins != nullptr)
        made = made.origins(list(window.origins, window.ndim));
    if (window.axes != nullptr)
        made = made.axes(list(window.axes, window.ndim));
    return made;
}

/* Calls use with a view of the array's elements; false if they are of another type, or no pointer can point to them. */
template <class T, class Use>
bool use_as(const llc_array &array, int32_t dtype, const Use &use)
{
    constexpr auto size = static_cast<intptr_t>(sizeof(T));
    if (array.dtype != dtype || reinterpret_cast<std::uintptr_t>(array.data) % sizeof(T) != 0)
        return false;
    const auto extents = list(array.shape, array.ndim);
    if (array.strides == nullptr)
        return use(llc::view(static_cast<T *>(array.data), extents));
    std::vector<intptr_t> strides;
    for (int32_t axis = 0; axis < array.ndim; axis++) {
        if (array.strides[axis] % size != 0)
            return false;
        strides.push_back(array.strides[axis] / size);
    }
    return use(llc::view(static_cast<T *>(array.data), extents, strides));
}

template <class Use>
bool use_elements(const llc_array &array, const Use &use)
{
    return use_as<std::uint8_t>(array, LLC_UINT8, use) || use_as<std::int16_t>(array, LLC_INT16, use) ||
           use_as<float>(array, LLC_FLOAT32, use) || use_as<double>(array, LLC_FLOAT64, use);
}

/* Calls use with the C callback's twin; false if it has none. */
template <class Use>
bool use_function(llc_filter_fn function, const Use &use)
{
    return function == pixel_minimum   ? use(minimum)
           : function == pixel_sum     ? use(sum)
           : function == pixel_divided ? use(divided)
           : function == pixel_silent  ? use(silent)
                                       : false;
}

template <bool on_lanes>
int run(const reference_case *test, const llc_array *input, const llc_array *output, const llc_options *options, void *,
        llc_error *error, llc_status *status)
{
    return use_elements(*input, [&](auto in) {
        return use_elements(*output, [&](auto out) {
            return use_function(test->function, [&](const auto &function) {
                const llc::options how = options_of(*options, test->window.ndim);
                const llc::result ended = [&] {
                    if constexpr (on_lanes)
                        return llc::try_generic_filter(in, out, window_of(test->window), function, how);
                    else
                        return llc::try_generic_filter(in, out, window_of(test->window), of_values{function}, how);
                }();
                std::memset(error, 0, sizeof *error);
                error->status = *status = ended.status();
                error->index = ended.index();
                std::strncpy(error->message, ended.message(), sizeof error->message - 1);
                return true;
            });
        });
    });
}

} // namespace

int main(int argc, char **argv)
{
    static const reference_way ways[] = {{"values", run<false>}, {"lanes", run<true>}};
    return reference_main(argc, argv, ways, 2);
}
