/* The functions of forms.c as C++ lambdas: of llc::values, and generic ones, which run on lanes. */

#include <cmath>
#include <cstdint>

#include <llc.hpp>

/* Two-dimensional arrays in C order, and how to filter them: as in forms.c. */
struct job {
    const void *input;
    void *output;
    std::intptr_t rows, columns;
    std::int32_t dtype, threads;
};

namespace {

template <class T, class F>
llc_status filter_elements(const job &job, const llc::window &window, F &function) {
    llc::options options;
    options.threads = job.threads;
    return llc::try_generic_filter(llc::view(static_cast<const T *>(job.input), {job.rows, job.columns}),
                                   llc::view(static_cast<T *>(job.output), {job.rows, job.columns}), window, function,
                                   options)
        .status();
}

template <class F>
llc_status filter(const job &job, const llc::window &window, F function) {
    switch (job.dtype) {
    case LLC_UINT8:
        return filter_elements<std::uint8_t>(job, window, function);
    case LLC_FLOAT32:
        return filter_elements<float>(job, window, function);
    case LLC_FLOAT64:
        return filter_elements<double>(job, window, function);
    default:
        return LLC_ERROR_DTYPE;
    }
}

const auto minimum = [](auto values) {
    auto least = values[0];
    for (auto value : values)
        least = llc::min(least, value);
    return least;
};

} // namespace

extern "C" {

llc_status filter_minimum(const job *job) {
    return filter(*job, llc::window::cross(2), [](llc::values values) {
        double least = values[0];
        for (double value : values)
            if (value < least)
                least = value;
        return least;
    });
}

llc_status filter_mean(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](llc::values values) {
        double sum = 0;
        for (double value : values)
            sum += value;
        return sum / static_cast<double>(values.size());
    });
}

llc_status filter_contrast(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](llc::values values) {
        double sum = 0;
        for (double value : values)
            sum += std::fabs(value - values[values.size() / 2]);
        return sum;
    });
}

llc_status filter_deviation(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](llc::values values) {
        double mean = 0, squares = 0;
        for (double value : values)
            mean += value;
        mean /= static_cast<double>(values.size());
        for (double value : values)
            squares += (value - mean) * (value - mean);
        return std::sqrt(squares / static_cast<double>(values.size()));
    });
}

llc_status lanes_minimum(const job *job) { return filter(*job, llc::window::cross(2), minimum); }

llc_status lanes_mean(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](auto values) {
        typename decltype(values)::value_type sum = 0.0;
        for (auto value : values)
            sum += value;
        return sum / static_cast<double>(values.size());
    });
}

llc_status lanes_contrast(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](auto values) {
        const auto centre = values[values.size() / 2];
        typename decltype(values)::value_type sum = 0.0;
        for (auto value : values)
            sum += llc::abs(value - centre);
        return sum;
    });
}

llc_status lanes_deviation(const job *job) {
    return filter(*job, llc::window::box({3, 3}), [](auto values) {
        typename decltype(values)::value_type mean = 0.0, squares = 0.0;
        for (auto value : values)
            mean += value;
        mean = mean / static_cast<double>(values.size());
        for (auto value : values)
            squares += (value - mean) * (value - mean);
        return llc::sqrt(squares / static_cast<double>(values.size()));
    });
}

llc_status lanes_minimum_large(const job *job) { return filter(*job, llc::window::box({11, 11}), minimum); }
}
