/*
 * llc.hpp - run a lambda over every neighbourhood of an n-dimensional array.
 *
 *     float in[480][640], out[480][640];
 *
 *     llc::generic_filter(in, out, llc::window::box({3, 3}), [](llc::values values) {
 *         double least = values[0];
 *         for (double value : values)
 *             if (value < least)
 *                 least = value;
 *         return least;
 *     });
 *
 * From the top: what went wrong (result, error), arrays (view), windows (window), how to run (options), what a function
 * gets to see (values, lanes), and the call itself, generic_filter, at the end.
 *
 * C++17 and later, header-only, over llc.h: link with -lllc. Functions are compiled with your program's flags. Optimised
 * with -O3, short functions of few values run on several pixels at once, with vector instructions; functions written for
 * lanes (see there) do at -O2, and with any number of values. gcc and clang compile them for AVX2 as well, for machines
 * that have it, if the program is for any x86-64; unless LLC_NO_DISPATCH is defined when this header is included. As with
 * any header, the files of a program are to agree on that, on -std and on -m flags.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef LLC_HPP
#define LLC_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif
#ifdef __cpp_lib_mdspan
#include <mdspan>
#endif

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "llc.h"

namespace llc {

/// The version of the library that runs; LLC_VERSION_STRING is that of the header.
inline const char *version() noexcept { return llc_version_string(); }

// ---------------------------------------------------------------------------------------------------------------------
// What went wrong
// ---------------------------------------------------------------------------------------------------------------------

/// How a call ended: true if everything was done.
class [[nodiscard]] result {
public:
    result() noexcept : error_{} { error_.index = -1; }
    explicit result(const llc_error &error) noexcept : error_(error) {}

    explicit operator bool() const noexcept { return error_.status == LLC_OK; }

    /// LLC_OK or an LLC_ERROR_*, which llc.h explains.
    llc_status status() const noexcept { return error_.status; }

    /// For LLC_ERROR_CALLBACK, which comes of callbacks in C, an output element counted in C order; otherwise -1.
    std::intptr_t index() const noexcept { return error_.index; }

    /// Which argument, its value, what is allowed. Empty if nothing went wrong.
    const char *message() const noexcept { return error_.message; }

private:
    llc_error error_;
};

/// A result that is not true, thrown: what() is its message.
class error : public std::runtime_error {
public:
    explicit error(const result &from)
        : std::runtime_error(from.message()), status_(from.status()), index_(from.index()) {}

    llc_status status() const noexcept { return status_; }
    std::intptr_t index() const noexcept { return index_; }

private:
    llc_status status_;
    std::intptr_t index_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Arrays
// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

/// What the calls see of views and windows.
struct access;

/// Says nothing about T until a template is instantiated with it.
template <class T>
inline constexpr bool never = false;

/// The nearest number that std::intptr_t has, of types that are wider: it is refused where any would do harm.
template <class I>
constexpr std::intptr_t nearest(I number) noexcept {
    using limits = std::numeric_limits<std::intptr_t>;
    if constexpr (sizeof(I) > sizeof(std::intptr_t)) {
        if (number > static_cast<I>(limits::max()))
            return limits::max();
        if (std::is_signed_v<I> && number < static_cast<I>(limits::min()))
            return limits::min();
    }
    return static_cast<std::intptr_t>(number);
}

/// An integer of any type, so that {rows, columns} may be of any.
struct integer {
    template <class I, std::enable_if_t<std::is_integral_v<I>, int> = 0>
    constexpr integer(I any) noexcept : value(nearest(any)) {}

    std::intptr_t value;
};

template <class R>
using range_value = std::decay_t<decltype(*std::begin(std::declval<const R &>()))>;

template <class R, class = void>
inline constexpr bool is_integer_range = false;
template <class R>
inline constexpr bool is_integer_range<R, std::void_t<range_value<R>>> = std::is_integral_v<range_value<R>>;

/// The type of C's elements, if they lie side by side and C knows how many there are.
template <class C, class = decltype(std::size(std::declval<C &>())), class = std::enable_if_t<!std::is_array_v<C>>>
using element = std::remove_pointer_t<decltype(std::data(std::declval<C &>()))>;

template <class T>
constexpr std::int32_t dtype() noexcept {
    constexpr bool is_text = std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char16_t> ||
                             std::is_same_v<T, char32_t>;
    constexpr bool is_known = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                              (std::is_integral_v<T> && !is_text && sizeof(T) <= 8);
    static_assert(is_known, "llc: elements are bool, integers of 8 to 64 bits (std::int8_t and std::uint8_t, not char), "
                            "float or double");
    constexpr int code = std::is_same_v<T, bool> ? 6 : std::is_floating_point_v<T> ? 2 : std::is_unsigned_v<T> ? 1 : 0;
    return code | static_cast<std::int32_t>(sizeof(T) * 8) << 8;
}
static_assert(dtype<bool>() == LLC_BOOL && dtype<std::int8_t>() == LLC_INT8 && dtype<float>() == LLC_FLOAT32 &&
              dtype<std::uint64_t>() == LLC_UINT64 && dtype<double>() == LLC_FLOAT64);

} // namespace detail

/// Extents, strides, origins or axes, one for each axis: {480, 640}, or any range of integers. Up to LLC_MAX_NDIM are
/// kept; size() counts those beyond as well, which every call then refuses.
class index_list {
public:
    index_list() noexcept = default;

    index_list(std::initializer_list<detail::integer> values) noexcept {
        for (detail::integer value : values)
            push_back(value.value);
    }

    template <class R, std::enable_if_t<detail::is_integer_range<R>, int> = 0>
    index_list(const R &values) {
        for (auto value : values)
            push_back(detail::nearest(value));
    }

    void push_back(std::intptr_t value) noexcept {
        if (size_ < LLC_MAX_NDIM)
            values_[static_cast<std::size_t>(size_)] = value;
        size_++;
    }

    std::int32_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::intptr_t *data() const noexcept { return values_.data(); }
    const std::intptr_t *begin() const noexcept { return data(); }
    const std::intptr_t *end() const noexcept { return data() + (size_ < LLC_MAX_NDIM ? size_ : LLC_MAX_NDIM); }

    /// Entry i, which is one of those kept.
    std::intptr_t operator[](std::size_t i) const noexcept { return values_[i]; }

private:
    std::array<std::intptr_t, LLC_MAX_NDIM> values_{};
    std::int32_t size_ = 0;
};

/// An n-dimensional array that belongs to somebody else: a pointer, extents and strides. Copying one copies no elements.
///
///     llc::view(pointer, {480, 640})                  C order without gaps, the last axis fastest
///     llc::view(pointer, {480, 640}, {1, 480})        steps in ELEMENTS, any sign; pointer is to element [0, 0]
///     llc::view(vector.data(), {480, 640})            an image in a std::vector
///     llc::view(vector)                               one axis: std::vector, std::array, std::span, ...
///     double image[480][640]; llc::view(image)        the axes of a C array, or of a std::mdspan
///
/// generic_filter takes containers (of elements side by side), C arrays and std::mdspan as they are. T is bool, an integer type of 8 to 64 bits, float or
/// double; const T will do for an input. Extents and strides are looked at by the calls that are handed the view, so
/// making one never fails.
template <class T>
class view {
public:
    view(T *data, const index_list &extents) noexcept : data_(data), extents_(extents) {}

    view(T *data, const index_list &extents, const index_list &strides) noexcept
        : data_(data), extents_(extents), strides_(strides), has_strides_(true) {}

    template <class U, std::size_t N>
    view(U (&array)[N]) noexcept : data_(first(array)) {
        push_extents<U[N]>();
    }

    template <class C, class = std::enable_if_t<std::is_convertible_v<detail::element<C> (*)[], T (*)[]>>>
    view(C &container) noexcept(noexcept(std::data(container)))
        : data_(std::data(container)), extents_{std::size(container)} {}

    template <class A>
    view(std::vector<bool, A> &) noexcept {
        static_assert(detail::never<A>, "llc: a std::vector<bool> has no elements of its own to point to: "
                                        "use std::vector<std::uint8_t>, or an array of bool");
    }
    template <class A>
    view(const std::vector<bool, A> &) noexcept {
        static_assert(detail::never<A>, "llc: a std::vector<bool> has no elements of its own to point to: "
                                        "use std::vector<std::uint8_t>, or an array of bool");
    }

    view(const view &) noexcept = default;
    view &operator=(const view &) noexcept = default;

    /// The same elements, only to be read.
    template <class U, class = std::enable_if_t<std::is_same_v<const U, T> && !std::is_const_v<U>>>
    view(const view<U> &other) noexcept
        : data_(other.data_), extents_(other.extents_), strides_(other.strides_), has_strides_(other.has_strides_) {}

#ifdef __cpp_lib_span
    template <class U, std::size_t N>
    view(std::span<U, N> &&span) noexcept : data_(span.data()), extents_{span.size()} {}
#endif

#ifdef __cpp_lib_mdspan
    template <class U, class E, class L, class A>
    view(const std::mdspan<U, E, L, A> &array) : data_(array.data_handle()), has_strides_(true) {
        static_assert(std::mdspan<U, E, L, A>::is_always_strided(), "llc: a std::mdspan needs a layout with strides");
        for (typename E::rank_type axis = 0; axis < array.rank(); axis++) {
            extents_.push_back(static_cast<std::intptr_t>(array.extent(axis)));
            strides_.push_back(static_cast<std::intptr_t>(array.stride(axis)));
        }
    }
#endif

    /// Address of element [0, ..., 0].
    T *data() const noexcept { return data_; }
    const index_list &extents() const noexcept { return extents_; }

private:
    template <class>
    friend class view;
    friend struct detail::access;

    template <class U, std::size_t N>
    static T *first(U (&array)[N]) noexcept {
        if constexpr (std::is_array_v<U>)
            return first(array[0]);
        else
            return array;
    }

    template <class U>
    void push_extents() noexcept {
        if constexpr (std::is_array_v<U>) {
            extents_.push_back(static_cast<std::intptr_t>(std::extent_v<U>));
            push_extents<std::remove_extent_t<U>>();
        }
    }

    T *data_ = nullptr;
    index_list extents_;
    index_list strides_;
    bool has_strides_ = false;
};

template <class T>
view(T *, const index_list &) -> view<T>;
template <class T>
view(T *, const index_list &, const index_list &) -> view<T>;
template <class U, std::size_t N>
view(U (&)[N]) -> view<std::remove_all_extents_t<U>>;
template <class C>
view(C &) -> view<detail::element<C>>;
template <class A>
view(std::vector<bool, A> &) -> view<bool>;
template <class A>
view(const std::vector<bool, A> &) -> view<const bool>;
#ifdef __cpp_lib_span
template <class U, std::size_t N>
view(std::span<U, N> &&) -> view<U>;
#endif
#ifdef __cpp_lib_mdspan
template <class U, class E, class L, class A>
view(const std::mdspan<U, E, L, A> &) -> view<U>;
#endif

// ---------------------------------------------------------------------------------------------------------------------
// Windows
// ---------------------------------------------------------------------------------------------------------------------

/// Which neighbours of an element a function gets to see: its taps. A window owns what it is made of.
///
/// It lies as llc.h says: centred, and one element further towards lower indices along an axis of even extent. Calls
/// look at it, and say what is wrong with it; making one fails only for lack of memory.
class window {
public:
    /// Every element of a box is a tap.
    static window box(const index_list &extents) { return window(extents); }

    /// The taps are the true elements of a mask, a range in C order of the extents.
    template <class Mask>
    static window from_footprint(const Mask &mask, const index_list &extents) {
        window made(extents);
        made.has_footprint_ = true;
        for (auto &&is_tap : mask) {
            static_assert(!std::is_array_v<std::remove_reference_t<decltype(is_tap)>>,
                          "llc: a mask that is an array of several axes has its own extents: from_footprint(mask)");
            made.footprint_.push_back(is_tap ? 1 : 0);
        }
        return made;
    }

    /// The same for a C array, of as many axes as that has.
    template <class U, std::size_t N>
    static window from_footprint(const U (&mask)[N]) {
        const view elements(mask);
        window made(elements.extents());
        made.has_footprint_ = true;
        for (std::intptr_t i = 0; i < made.volume(); i++)
            made.footprint_.push_back(elements.data()[i] ? 1 : 0);
        return made;
    }

    /// The centre and its nearest neighbours along each axis: 5 taps in 2-d.
    static window cross(int ndim) { return diamond(ndim, 1); }

    /// The taps whose steps from the centre, added up over the axes, are at most radius.
    static window diamond(int ndim, int radius) {
        return within(ndim, radius, radius, [](std::intptr_t step) { return step < 0 ? -step : step; });
    }

    /// The taps whose centres are at most radius away, in 2-d.
    static window disk(int radius) { return ball(2, radius); }

    /// The taps whose centres are at most radius away, in n-d.
    static window ball(int ndim, int radius) {
        return within(ndim, radius, std::intptr_t{radius} * radius, [](std::intptr_t step) { return step * step; });
    }

    /// The window with shifts, one for each of its axes; a positive one moves it towards lower indices.
    [[nodiscard]] window origins(const index_list &origins) const {
        window moved = *this;
        moved.origins_ = origins;
        moved.has_origins_ = true;
        return moved;
    }

    /// The window for these axes of an array, in any order, negative ones from the end; along others its extent is 1.
    [[nodiscard]] window axes(const index_list &axes) const {
        window turned = *this;
        turned.axes_ = axes;
        turned.has_axes_ = true;
        return turned;
    }

    const index_list &extents() const noexcept { return extents_; }

    /// The number of taps: how many values a function gets to see.
    std::intptr_t taps() const noexcept {
        if (!has_footprint_)
            return volume();
        std::intptr_t taps = 0;
        for (std::uint8_t is_tap : footprint_)
            taps += is_tap;
        return taps;
    }

private:
    friend struct detail::access;

    explicit window(const index_list &extents) : extents_(extents) {}

    /// The elements of the box; the largest number if there are more, 0 if an extent is not allowed.
    std::intptr_t volume() const noexcept {
        std::intptr_t volume = 1;
        for (std::intptr_t extent : extents_) {
            if (extent < 1)
                return 0;
            volume = volume > std::numeric_limits<std::intptr_t>::max() / extent
                         ? std::numeric_limits<std::intptr_t>::max()
                         : volume * extent;
        }
        return volume;
    }

    /// The taps whose steps from the centre come to at most limit.
    template <class Cost>
    static window within(int ndim, int radius, std::intptr_t limit, Cost cost) {
        index_list extents;
        for (int axis = 0; axis < ndim; axis++)
            extents.push_back(2 * std::intptr_t{radius} + 1);
        window made(extents);
        made.has_footprint_ = true;
        made.footprint_.resize(static_cast<std::size_t>(made.volume()));
        for (std::size_t i = 0; i < made.footprint_.size(); i++) {
            std::intptr_t sum = 0;
            auto rest = static_cast<std::intptr_t>(i);
            for (std::intptr_t extent : extents) {
                sum += cost(rest % extent - radius);
                rest /= extent;
            }
            made.footprint_[i] = sum <= limit;
        }
        return made;
    }

    index_list extents_;
    std::vector<std::uint8_t> footprint_;
    index_list origins_;
    index_list axes_;
    bool has_footprint_ = false;
    bool has_origins_ = false;
    bool has_axes_ = false;
};

// ---------------------------------------------------------------------------------------------------------------------
// How to run
// ---------------------------------------------------------------------------------------------------------------------

/// What lies outside the array, around a line a b c d.
enum class mode : std::int32_t {
    reflect = LLC_MODE_REFLECT,               ///< d c b a | a b c d | d c b a
    nearest = LLC_MODE_NEAREST,               ///< a a a a | a b c d | d d d d
    mirror = LLC_MODE_MIRROR,                 ///<   d c b | a b c d | c b a
    wrap = LLC_MODE_WRAP,                     ///< a b c d | a b c d | a b c d
    constant = LLC_MODE_CONSTANT,             ///< options.cval everywhere
    grid_constant = LLC_MODE_GRID_CONSTANT,   ///< the same as constant
    grid_mirror = LLC_MODE_GRID_MIRROR,       ///< the same as reflect
    grid_wrap = LLC_MODE_GRID_WRAP,           ///< the same as wrap
};

/// For options.threads: as many as the process may use cores.
inline constexpr int all_cores = LLC_ALL_CORES;

/// How to run: {.mode = llc::mode::nearest, .threads = llc::all_cores} in C++20; in C++17 set what is to differ.
struct options {
    /// The boundary mode along every axis of the window.
    llc::mode mode = llc::mode::reflect;
    /// The value outside the array, in mode constant.
    double cval = 0.0;
    /// Boundary modes, one for each axis of the window (entry i for its axes[i]), instead of mode. Empty: mode.
    std::vector<llc::mode> axis_modes = {};
    /// 1: the calling thread only. n: at most n threads, and the function, one and the same object, is called by several
    /// at a time. all_cores: as many as the process may use cores. Results are the same for any number.
    int threads = 1;
    /// Hears, on the calling thread, the fraction that is done, at the end and every 50 ms or so (between batches of at
    /// most LLC_BATCH_MAX elements). Cancels by returning false, or by throwing: that comes out of the call.
    std::function<bool(double)> progress = {};
};

// ---------------------------------------------------------------------------------------------------------------------
// What a function gets to see
// ---------------------------------------------------------------------------------------------------------------------

/// The values of a window's taps, in C order: std::span<const double>, and what stands for it in C++17. There are none if
/// a footprint has no taps.
#ifdef __cpp_lib_span
using values = std::span<const double>;
#else
class values {
public:
    using element_type = const double;
    using value_type = double;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using pointer = const double *;
    using reference = const double &;
    using iterator = const double *;

    constexpr values() noexcept = default;
    constexpr values(const double *data, std::size_t size) noexcept : data_(data), size_(size) {}

    constexpr const double *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const double *begin() const noexcept { return data_; }
    constexpr const double *end() const noexcept { return data_ + size_; }
    constexpr const double &operator[](std::size_t k) const noexcept { return data_[k]; }
    constexpr const double &front() const noexcept { return data_[0]; }
    constexpr const double &back() const noexcept { return data_[size_ - 1]; }
    constexpr values first(std::size_t n) const noexcept { return {data_, n}; }
    constexpr values last(std::size_t n) const noexcept { return {data_ + (size_ - n), n}; }
    constexpr values subspan(std::size_t from) const noexcept { return {data_ + from, size_ - from}; }
    constexpr values subspan(std::size_t from, std::size_t n) const noexcept { return {data_ + from, n}; }

private:
    const double *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

namespace detail {

inline constexpr std::size_t lane_count = LLC_LANES;

// Vectors are what a machine computes with: a pack holds the doubles it takes at a time, a truth says yes or no for each
// of them. Everything goes by reference, since code for any machine may not hold a wide pack in registers when it calls
// what is compiled for a machine that has them.
#define LLC_VECTORS(name, pack_type, linkage, square_root, magnitude)                                                   \
    struct name {                                                                                                       \
        using pack = pack_type;                                                                                         \
        using truth = decltype(pack() < pack());                                                                        \
        static constexpr std::size_t lanes = sizeof(pack) / sizeof(double);                                             \
                                                                                                                        \
        linkage static void load(pack &r, const double *from) noexcept { std::memcpy(&r, from, sizeof r); }             \
        linkage static void store(const pack &a, double *to) noexcept { std::memcpy(to, &a, sizeof a); }                \
        linkage static void splat(pack &r, double value) noexcept { r = value - pack{}; }                               \
        linkage static void add(pack &r, const pack &a, const pack &b) noexcept { r = a + b; }                          \
        linkage static void subtract(pack &r, const pack &a, const pack &b) noexcept { r = a - b; }                     \
        linkage static void multiply(pack &r, const pack &a, const pack &b) noexcept { r = a * b; }                     \
        linkage static void divide(pack &r, const pack &a, const pack &b) noexcept { r = a / b; }                       \
        linkage static void negate(pack &r, const pack &a) noexcept { r = -a; }                                         \
        linkage static void min(pack &r, const pack &a, const pack &b) noexcept { r = b < a ? b : a; }                  \
        linkage static void max(pack &r, const pack &a, const pack &b) noexcept { r = a < b ? b : a; }                  \
        linkage static void abs(pack &r, const pack &a) noexcept { r = magnitude(a); }                                  \
        linkage static void sqrt(pack &r, const pack &a) noexcept { r = square_root(a); }                               \
        linkage static void less(truth &r, const pack &a, const pack &b) noexcept { r = a < b; }                        \
        linkage static void less_equal(truth &r, const pack &a, const pack &b) noexcept { r = a <= b; }                 \
        linkage static void equal(truth &r, const pack &a, const pack &b) noexcept { r = a == b; }                      \
        linkage static void unequal(truth &r, const pack &a, const pack &b) noexcept { r = a != b; }                    \
        linkage static void both(truth &r, const truth &a, const truth &b) noexcept { r = a & b; }                      \
        linkage static void either(truth &r, const truth &a, const truth &b) noexcept { r = a | b; }                    \
        linkage static void one(truth &r, const truth &a, const truth &b) noexcept { r = a ^ b; }                       \
        linkage static void none(truth &r, const truth &a) noexcept { r = a == 0; }                                     \
        linkage static void select(pack &r, const truth &mask, const pack &a, const pack &b) noexcept                   \
        {                                                                                                               \
            r = mask ? a : b;                                                                                           \
        }                                                                                                               \
    };

#if defined(__GNUC__)
typedef double doubles_2 __attribute__((vector_size(16)));
typedef double doubles_4 __attribute__((vector_size(32)));
typedef double doubles_8 __attribute__((vector_size(64)));
#define LLC_MAGNITUDE(x) reinterpret_cast<pack>(reinterpret_cast<truth>(x) & std::numeric_limits<long long>::max())
#if defined(__AVX512F__)
// gcc 12 warns of what is inside _mm512_sqrt_pd.
#define LLC_SQUARE_ROOT(x) _mm512_maskz_sqrt_pd(0xFF, x)
LLC_VECTORS(avx512, doubles_8, [[gnu::always_inline]], LLC_SQUARE_ROOT, LLC_MAGNITUDE)
#undef LLC_SQUARE_ROOT
using vectors = avx512;
#elif defined(__AVX__)
LLC_VECTORS(avx, doubles_4, [[gnu::always_inline]], _mm256_sqrt_pd, LLC_MAGNITUDE)
using vectors = avx;
#elif defined(__SSE2__)
LLC_VECTORS(sse2, doubles_2, [[gnu::always_inline]], _mm_sqrt_pd, LLC_MAGNITUDE)
using vectors = sse2;
#elif defined(__aarch64__)
LLC_VECTORS(neon, doubles_2, [[gnu::always_inline]], vsqrtq_f64, LLC_MAGNITUDE)
using vectors = neon;
#else
LLC_VECTORS(scalar, double, [[gnu::always_inline]], std::sqrt, std::fabs)
using vectors = scalar;
#endif
#ifdef LLC_DISPATCH
/// For programs compiled for any machine, where the one they run on has more.
LLC_VECTORS(avx2, doubles_4, [[gnu::target("avx2")]], _mm256_sqrt_pd, LLC_MAGNITUDE)
#endif
#undef LLC_MAGNITUDE
#else
LLC_VECTORS(scalar, double, inline, std::sqrt, std::fabs)
using vectors = scalar;
#endif
#undef LLC_VECTORS

/// T, not to be deduced from an argument.
template <class T>
using as_it_is = std::enable_if_t<true, T>;

template <class V>
inline constexpr std::size_t pack_count = lane_count / V::lanes;

/// What lanes and masks do is done pack by pack: as expansions of 0, 1, ..., which compilers need not decide to unroll.
struct lanewise {
    /// Each pack of what this makes is set by operation, from those of the operands.
    template <class R, auto operation, class... T>
    [[gnu::always_inline]] static R each(const T &...operands) noexcept {
        return each<R, operation>(std::make_index_sequence<std::extent_v<decltype(R::packs_)>>(), operands...);
    }

    template <class R, auto operation, std::size_t... I, class... T>
    [[gnu::always_inline]] static R each(std::index_sequence<I...>, const T &...operands) noexcept {
        R made{lanewise()};
        (one<operation, I>(made, operands...), ...);
        return made;
    }

    template <auto operation, std::size_t I, class R, class... T>
    [[gnu::always_inline]] static void one(R &made, const T &...operands) noexcept {
        operation(made.packs_[I], operands.packs_[I]...);
    }
};

} // namespace detail

/// A yes or no for each lane, for llc::select and for & | ^ !.
template <class V>
class lane_mask {
public:
    [[gnu::always_inline]] friend lane_mask operator&(const lane_mask &a, const lane_mask &b) noexcept {
        return detail::lanewise::each<lane_mask, V::both>(a, b);
    }
    [[gnu::always_inline]] friend lane_mask operator|(const lane_mask &a, const lane_mask &b) noexcept {
        return detail::lanewise::each<lane_mask, V::either>(a, b);
    }
    [[gnu::always_inline]] friend lane_mask operator^(const lane_mask &a, const lane_mask &b) noexcept {
        return detail::lanewise::each<lane_mask, V::one>(a, b);
    }
    [[gnu::always_inline]] lane_mask operator!() const noexcept {
        return detail::lanewise::each<lane_mask, V::none>(*this);
    }

    /// There is no one answer for 16 elements.
    template <class T = void>
    explicit operator bool() const {
        static_assert(detail::never<T>, "llc: lanes can't decide a branch: use llc::select(mask, a, b), llc::min or "
                                        "llc::max, or pass llc::pixelwise(function)");
        return false;
    }

    lane_mask(const lane_mask &) noexcept = default;
    lane_mask &operator=(const lane_mask &) noexcept = default;
    /// As that of lanes.
    [[gnu::always_inline]] ~lane_mask() {}

private:
    friend struct detail::lanewise;

    /// Yet to be set.
    [[gnu::always_inline]] explicit lane_mask(detail::lanewise) noexcept {}

    typename V::truth packs_[detail::pack_count<V>];
};

/// Values of LLC_LANES (16) neighbouring elements of the output, computed with side by side.
///
/// A function that is generic over the type of its values is run on lanes: one call for 16 elements, compiled to vector
/// instructions at -O2 already, and fast with any number of taps.
///
///     [](auto values) {
///         auto least = values[0];
///         for (auto value : values)
///             least = llc::min(least, value);
///         return least;
///     }
///
/// Lanes and doubles mix in + - * / and comparisons, which give a lane_mask; llc::min, max, select, abs and sqrt stand in
/// for branches and for `<cmath>`, and do the same to doubles, to the bit. The value_type of the values is the type to
/// begin a sum with. What such a function returns is lanes, or one double for all of them. A generic function that does
/// not work on lanes, because it branches or sorts, goes into llc::pixelwise.
///
/// V says which vectors they are made of: what the program is compiled for, or AVX2 where the machine has it. The function
/// is compiled for both, so it should not name V; functions that it calls are generic too:
///
///     template <class V>
///     llc::lanes<V> clamped(llc::lanes<V> a, double low, double high) { return llc::min(llc::max(a, low), high); }
template <class V>
class lanes {
public:
    /// 0 in every lane.
    [[gnu::always_inline]] lanes() noexcept : lanes(0.0) {}

    /// The same value in every lane.
    [[gnu::always_inline]] lanes(double value) noexcept { set(value, indices()); }

    lanes(const lanes &) noexcept = default;
    lanes &operator=(const lanes &) noexcept = default;
    /// Not trivial, so that arguments are passed by reference: gcc remarks on values that are aligned like wide vectors.
    [[gnu::always_inline]] ~lanes() {}

    /// Lane i holds from[i].
    [[gnu::always_inline]] static lanes load(const double *from) noexcept {
        lanes loaded{detail::lanewise()};
        loaded.set(from, indices());
        return loaded;
    }

    /// Writes lane i to to[i].
    [[gnu::always_inline]] void store(double *to) const noexcept { get(to, indices()); }

    static constexpr std::size_t size() noexcept { return detail::lane_count; }

    [[gnu::always_inline]] friend lanes operator+(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lanes, V::add>(a, b);
    }
    [[gnu::always_inline]] friend lanes operator-(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lanes, V::subtract>(a, b);
    }
    [[gnu::always_inline]] friend lanes operator*(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lanes, V::multiply>(a, b);
    }
    [[gnu::always_inline]] friend lanes operator/(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lanes, V::divide>(a, b);
    }
    [[gnu::always_inline]] friend lanes operator-(const lanes &a) noexcept {
        return detail::lanewise::each<lanes, V::negate>(a);
    }
    [[gnu::always_inline]] friend lanes operator+(const lanes &a) noexcept { return a; }

    [[gnu::always_inline]] lanes &operator+=(const lanes &b) noexcept { return *this = *this + b; }
    [[gnu::always_inline]] lanes &operator-=(const lanes &b) noexcept { return *this = *this - b; }
    [[gnu::always_inline]] lanes &operator*=(const lanes &b) noexcept { return *this = *this * b; }
    [[gnu::always_inline]] lanes &operator/=(const lanes &b) noexcept { return *this = *this / b; }

    [[gnu::always_inline]] friend lane_mask<V> operator<(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lane_mask<V>, V::less>(a, b);
    }
    [[gnu::always_inline]] friend lane_mask<V> operator<=(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lane_mask<V>, V::less_equal>(a, b);
    }
    [[gnu::always_inline]] friend lane_mask<V> operator>(const lanes &a, const lanes &b) noexcept { return b < a; }
    [[gnu::always_inline]] friend lane_mask<V> operator>=(const lanes &a, const lanes &b) noexcept { return b <= a; }
    [[gnu::always_inline]] friend lane_mask<V> operator==(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lane_mask<V>, V::equal>(a, b);
    }
    [[gnu::always_inline]] friend lane_mask<V> operator!=(const lanes &a, const lanes &b) noexcept {
        return detail::lanewise::each<lane_mask<V>, V::unequal>(a, b);
    }

private:
    friend struct detail::lanewise;

    using indices = std::make_index_sequence<detail::pack_count<V>>;

    /// Yet to be set.
    [[gnu::always_inline]] explicit lanes(detail::lanewise) noexcept {}

    template <std::size_t... I>
    [[gnu::always_inline]] void set(double value, std::index_sequence<I...>) noexcept {
        (V::splat(packs_[I], value), ...);
    }
    template <std::size_t... I>
    [[gnu::always_inline]] void set(const double *from, std::index_sequence<I...>) noexcept {
        (V::load(packs_[I], from + I * V::lanes), ...);
    }
    template <std::size_t... I>
    [[gnu::always_inline]] void get(double *to, std::index_sequence<I...>) const noexcept {
        (V::store(packs_[I], to + I * V::lanes), ...);
    }

    typename V::pack packs_[detail::pack_count<V>];
};

/// b < a ? b : a, for each lane. A NaN in b is dropped, one in a stays.
template <class V>
[[gnu::always_inline]] inline lanes<V> min(const lanes<V> &a, const lanes<V> &b) noexcept {
    return detail::lanewise::each<lanes<V>, V::min>(a, b);
}
template <class V>
[[gnu::always_inline]] inline lanes<V> min(const lanes<V> &a, double b) noexcept { return min(a, lanes<V>(b)); }
template <class V>
[[gnu::always_inline]] inline lanes<V> min(double a, const lanes<V> &b) noexcept { return min(lanes<V>(a), b); }
[[gnu::always_inline]] inline double min(double a, double b) noexcept { return b < a ? b : a; }

/// a < b ? b : a, for each lane. A NaN in b is dropped, one in a stays.
template <class V>
[[gnu::always_inline]] inline lanes<V> max(const lanes<V> &a, const lanes<V> &b) noexcept {
    return detail::lanewise::each<lanes<V>, V::max>(a, b);
}
template <class V>
[[gnu::always_inline]] inline lanes<V> max(const lanes<V> &a, double b) noexcept { return max(a, lanes<V>(b)); }
template <class V>
[[gnu::always_inline]] inline lanes<V> max(double a, const lanes<V> &b) noexcept { return max(lanes<V>(a), b); }
[[gnu::always_inline]] inline double max(double a, double b) noexcept { return a < b ? b : a; }

/// mask ? a : b, for each lane. Either may be a double.
template <class V>
[[gnu::always_inline]] inline lanes<V> select(const lane_mask<V> &mask, const detail::as_it_is<lanes<V>> &a,
                                              const detail::as_it_is<lanes<V>> &b) noexcept {
    return detail::lanewise::each<lanes<V>, V::select>(mask, a, b);
}
[[gnu::always_inline]] inline double select(bool mask, double a, double b) noexcept { return mask ? a : b; }

/// The value without its sign, for each lane.
template <class V>
[[gnu::always_inline]] inline lanes<V> abs(const lanes<V> &a) noexcept {
    return detail::lanewise::each<lanes<V>, V::abs>(a);
}
[[gnu::always_inline]] inline double abs(double a) noexcept { return std::fabs(a); }

/// The square root, correctly rounded, for each lane.
template <class V>
[[gnu::always_inline]] inline lanes<V> sqrt(const lanes<V> &a) noexcept {
    return detail::lanewise::each<lanes<V>, V::sqrt>(a);
}
[[gnu::always_inline]] inline double sqrt(double a) noexcept { return std::sqrt(a); }

/// The values of 16 windows at a time: what values is to a double. Value k is loaded from the tap when it is asked for.
template <class V>
class lane_values {
public:
    using value_type = lanes<V>;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = lanes<V>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = lanes<V>;

        iterator() noexcept = default;
        iterator(const double *const *tap, std::size_t at) noexcept : tap_(tap), at_(at) {}

        [[gnu::always_inline]] lanes<V> operator*() const noexcept { return lanes<V>::load(*tap_ + at_); }
        [[gnu::always_inline]] lanes<V> operator[](std::ptrdiff_t k) const noexcept { return *(*this + k); }
        iterator &operator++() noexcept { return *this += 1; }
        iterator &operator--() noexcept { return *this -= 1; }
        iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
        iterator operator--(int) noexcept { return std::exchange(*this, *this - 1); }
        iterator &operator+=(std::ptrdiff_t n) noexcept {
            tap_ += n;
            return *this;
        }
        iterator &operator-=(std::ptrdiff_t n) noexcept { return *this += -n; }
        friend iterator operator+(iterator i, std::ptrdiff_t n) noexcept { return i += n; }
        friend iterator operator+(std::ptrdiff_t n, iterator i) noexcept { return i += n; }
        friend iterator operator-(iterator i, std::ptrdiff_t n) noexcept { return i -= n; }
        friend std::ptrdiff_t operator-(iterator a, iterator b) noexcept { return a.tap_ - b.tap_; }
        friend bool operator==(iterator a, iterator b) noexcept { return a.tap_ == b.tap_; }
        friend bool operator!=(iterator a, iterator b) noexcept { return a.tap_ != b.tap_; }
        friend bool operator<(iterator a, iterator b) noexcept { return a.tap_ < b.tap_; }

    private:
        const double *const *tap_ = nullptr;
        std::size_t at_ = 0;
    };

    /// Lane i of value k is taps[k][at + i].
    lane_values(const double *const *taps, std::size_t size, std::size_t at) noexcept
        : taps_(taps), size_(size), at_(at) {}

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    iterator begin() const noexcept { return {taps_, at_}; }
    iterator end() const noexcept { return {taps_ + size_, at_}; }
    [[gnu::always_inline]] lanes<V> operator[](std::size_t k) const noexcept { return lanes<V>::load(taps_[k] + at_); }
    [[gnu::always_inline]] lanes<V> front() const noexcept { return (*this)[0]; }
    [[gnu::always_inline]] lanes<V> back() const noexcept { return (*this)[size_ - 1]; }
    lane_values first(std::size_t n) const noexcept { return {taps_, n, at_}; }
    lane_values last(std::size_t n) const noexcept { return {taps_ + (size_ - n), n, at_}; }
    lane_values subspan(std::size_t from) const noexcept { return {taps_ + from, size_ - from, at_}; }
    lane_values subspan(std::size_t from, std::size_t n) const noexcept { return {taps_ + from, n, at_}; }

private:
    const double *const *taps_;
    std::size_t size_;
    std::size_t at_;
};

namespace detail {

template <class F>
class pixelwise_function {
public:
    explicit pixelwise_function(F function) : function_(std::move(function)) {}

    decltype(auto) operator()(values seen) { return function_(seen); }
    decltype(auto) operator()(values seen) const { return function_(seen); }

private:
    F function_;
};

template <class F>
inline constexpr bool is_pixelwise = false;
template <class F>
inline constexpr bool is_pixelwise<pixelwise_function<F>> = true;

} // namespace detail

/// The function, to be called with one window's llc::values at a time: for generic ones that do not work on lanes, and for
/// long ones, which sort for example. It is compiled once; functions of llc::values are for each number of taps up to 32.
template <class F>
auto pixelwise(F &&function) {
    return detail::pixelwise_function<std::decay_t<F>>(std::forward<F>(function));
}

// ---------------------------------------------------------------------------------------------------------------------
// The calls
// ---------------------------------------------------------------------------------------------------------------------

namespace detail {

/// A function on its way through the C library: no exception may cross that, so they are kept here meanwhile.
template <class F>
struct job {
    F &function;
    std::mutex mutex{};
    std::exception_ptr exception{};
    std::intptr_t element = 0;

    /// Keeps the exception being handled if it belongs to the lowest element so far. Returns what stops the call.
    int fail(std::intptr_t at) noexcept {
        std::lock_guard<std::mutex> lock(mutex);
        if (!exception || at < element) {
            exception = std::current_exception();
            element = at;
        }
        return 0;
    }
};

// What fills the results of a batch, each with a function for elements of some kind: from number at on, and keeping in at
// how far it has come. There is one for what the program is compiled for, and one for AVX2.

/// Writes lanes, or the first count of them.
template <class V>
[[gnu::always_inline]] inline void put(const lanes<V> &values, double *results, std::size_t count) noexcept {
    if (count >= lane_count)
        return values.store(results);
    double last[lane_count];
    values.store(last);
    std::memcpy(results, last, count * sizeof(double));
}

/// Has memory bring what will be needed soon: of the last tap, where an array is read for the first time, and of the
/// results, what is LLC_AHEAD of count elements from number at on.
[[gnu::always_inline]] inline void fetch(const double *last_tap, const double *results, std::size_t at,
                                         std::size_t count) noexcept {
    for (std::size_t i = at + LLC_AHEAD; i < at + count + LLC_AHEAD; i += LLC_CACHE_LINE) {
        LLC_PREFETCH(last_tap + i);
        LLC_PREFETCH(results + i);
    }
}

/// With more taps than this, it is not memory that a function waits for.
inline constexpr std::size_t fetched_taps = 64;

/// With a call of the function for 16 elements.
template <class F>
struct on_lanes {
    [[gnu::flatten]] static void fill(F &function, const double *const *taps, std::size_t n, double *results,
                                      std::size_t count, std::size_t &at) {
        for (; at < count; at += lane_count) {
            if (n > 0 && n <= fetched_taps)
                fetch(taps[n - 1], results, at, lane_count);
            put(lanes<vectors>(function(lane_values<vectors>(taps, n, at))), results + at, count - at);
        }
    }
#ifdef LLC_DISPATCH
    [[gnu::flatten, gnu::target("avx2")]] static void fill_avx2(F &function, const double *const *taps, std::size_t n,
                                                                double *results, std::size_t count, std::size_t &at) {
        for (; at < count; at += lane_count) {
            if (n > 0 && n <= fetched_taps)
                fetch(taps[n - 1], results, at, lane_count);
            put(lanes<avx2>(function(lane_values<avx2>(taps, n, at))), results + at, count - at);
        }
    }
#endif
};

// A function for nine values, which reads values[8], is compiled for every number of them: no reason to warn.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif
/// With a call for each element, of so many taps: the loop over the function's values has a constant length then, and when
/// a compiler has unrolled it, it can turn the loop over the elements into vector instructions.
template <class F, class K>
struct on_few;
template <class F, std::size_t... K>
struct on_few<F, std::index_sequence<K...>> {
    [[gnu::flatten]] static void fill(F &function, const double *const *taps, std::size_t, double *__restrict results,
                                      std::size_t count, std::size_t &at) {
        const double *const tap[] = {taps[K]..., nullptr};
        for (std::size_t j = 0; j < count;) {
            const std::size_t end = std::min<std::size_t>(count, j + LLC_BLOCK);
            if (sizeof...(K) > 0)
                fetch(tap[sizeof...(K) - 1], results, j, end - j);
            for (; j < end; j++) {
                const double value[] = {tap[K][j]..., 0.0};
                at = j;
                results[j] = static_cast<double>(function(values(value, sizeof...(K))));
            }
        }
    }
#ifdef LLC_DISPATCH
    [[gnu::flatten, gnu::target("avx2")]] static void fill_avx2(F &function, const double *const *taps, std::size_t,
                                                                double *__restrict results, std::size_t count,
                                                                std::size_t &at) {
        const double *const tap[] = {taps[K]..., nullptr};
        for (std::size_t j = 0; j < count;) {
            const std::size_t end = std::min<std::size_t>(count, j + LLC_BLOCK);
            if (sizeof...(K) > 0)
                fetch(tap[sizeof...(K) - 1], results, j, end - j);
            for (; j < end; j++) {
                const double value[] = {tap[K][j]..., 0.0};
                at = j;
                results[j] = static_cast<double>(function(values(value, sizeof...(K))));
            }
        }
    }
#endif
};
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/// Copies the taps of count elements, each element's n side by side. Where taps follow each other they are copied in
/// quads, the last of which may overlap the one before it.
inline void gather(const double *const *taps, std::size_t n, std::size_t at, std::size_t count, double *to) noexcept {
    constexpr std::size_t quad = 4;
    for (std::size_t k = 0, run = 1; k < n; k += run, run = 1) {
        const double *from = taps[k] + at;
        while (k + run < n && taps[k + run] == taps[k] + run)
            run++;
        for (std::size_t i = 0; run >= quad && i < run; i += quad) {
            const std::size_t offset = std::min(i, run - quad);
            for (std::size_t j = 0; j < count; j++)
                std::memcpy(to + j * n + k + offset, from + j + offset, quad * sizeof(double));
        }
        for (std::size_t i = 0; run < quad && i < run; i++)
            for (std::size_t j = 0; j < count; j++)
                to[j * n + k + i] = from[j + i];
    }
}

/// With a call for each element, of any number of taps, which are gathered a few elements ahead.
template <class F>
struct on_many {
    static void fill(F &function, const double *const *taps, std::size_t n, double *results, std::size_t count,
                     std::size_t &at) {
        const std::size_t group = std::min(count, std::max<std::size_t>(8, 2048 / std::max<std::size_t>(n, 1)));
        const std::unique_ptr<double[]> gathered(new double[group * n]);
        while (at < count) {
            const std::size_t now = std::min(group, count - at);
            gather(taps, n, at, now, gathered.get());
            for (std::size_t i = 0; i < now; i++, at++)
                results[at] = static_cast<double>(function(values(gathered.get() + i * n, n)));
        }
    }
};

template <class F>
using filler = void (*)(F &, const double *const *, std::size_t, double *, std::size_t, std::size_t &);

/// What a kind has for this machine.
template <class F, class Kind>
filler<F> best() noexcept {
#ifdef LLC_DISPATCH
    if (LLC_HAS_AVX2)
        return Kind::fill_avx2;
#endif
    return Kind::fill;
}

template <class F, std::size_t... N>
filler<F> few_or_many(std::size_t n, std::index_sequence<N...>) noexcept {
    static constexpr filler<F> (*few[])() noexcept = {best<F, on_few<F, std::make_index_sequence<N>>>...};
    return n < sizeof...(N) ? few[n]() : on_many<F>::fill;
}

/// Most taps that a function gets a loop of its own for.
inline constexpr std::size_t few_taps = 32;

/// What fills results with a function of n taps.
template <class F>
filler<F> filler_for(std::size_t n) noexcept {
    if constexpr (std::is_invocable_v<F &, lane_values<vectors>>) {
        static_assert(std::is_convertible_v<std::invoke_result_t<F &, lane_values<vectors>>, lanes<vectors>>,
                      "llc: a function of lanes returns lanes, or one double for all of them");
        (void)n;
        return best<F, on_lanes<F>>();
    } else {
        static_assert(std::is_invocable_v<F &, values>,
                      "llc: the function is to take llc::values, or be generic over the type of its values");
        static_assert(std::is_convertible_v<std::invoke_result_t<F &, values>, double>,
                      "llc: the function is to return what converts to double");
        if constexpr (is_pixelwise<std::remove_const_t<F>>) {
            (void)n;
            return on_many<F>::fill;
        } else {
            return few_or_many<F>(n, std::make_index_sequence<few_taps + 1>());
        }
    }
}

/// The batch callback.
template <class F>
int run(const double *const *taps, std::intptr_t n, double *results, std::intptr_t count, const llc_batch *batch,
        void *data) noexcept {
    auto &job = *static_cast<detail::job<F> *>(data);
    const auto size = static_cast<std::size_t>(n);
    std::size_t at = 0;
    try {
        filler_for<F>(size)(job.function, taps, size, results, static_cast<std::size_t>(count), at);
    } catch (...) {
        return job.fail(batch->first + static_cast<std::intptr_t>(at));
    }
    return 1;
}

/// A progress function on its way through the C library.
struct listener {
    const std::function<bool(double)> &tell;
    std::exception_ptr exception{};

    static int hear(double fraction, void *data) noexcept {
        auto &self = *static_cast<listener *>(data);
        try {
            return self.tell(fraction);
        } catch (...) {
            self.exception = std::current_exception();
            return 0;
        }
    }
};

/// What is refused here because C would not notice: it takes lists to be as long as they should be.
template <class... Numbers>
result refused(llc_status status, const char *format, const char *name, Numbers... numbers) noexcept {
    llc_error error = {};
    error.status = status;
    error.index = -1;
    std::snprintf(error.message, sizeof error.message, format, name, static_cast<long long>(numbers)...);
    return result(error);
}

/// Turns views and windows into what C takes.
struct access {
    template <class T>
    static result check(const view<T> &view, const char *name) noexcept {
        if (view.has_strides_ && view.strides_.size() != view.extents_.size())
            return refused(LLC_ERROR_ARGUMENT, "%s has %lld strides, but %lld extents", name, view.strides_.size(),
                           view.extents_.size());
        return result();
    }

    static result check(const window &window) noexcept {
        const std::int32_t ndim = window.extents_.size();
        const std::intptr_t volume = window.volume();
        if (window.has_footprint_ && volume > 0 && window.footprint_.size() != static_cast<std::size_t>(volume))
            return refused(LLC_ERROR_SHAPE, "%s has %lld elements, but its extents make %lld", "window.footprint",
                           window.footprint_.size(), volume);
        if (window.has_origins_ && window.origins_.size() != ndim)
            return refused(LLC_ERROR_ARGUMENT, "%s has %lld entries, but the window has %lld axes", "window.origins",
                           window.origins_.size(), ndim);
        if (window.has_axes_ && window.axes_.size() != ndim)
            return refused(LLC_ERROR_ARGUMENT, "%s has %lld entries, but the window has %lld axes", "window.axes",
                           window.axes_.size(), ndim);
        return result();
    }

    /// bytes: room for the strides.
    template <class T>
    static llc_array array(const view<T> &view, std::intptr_t *bytes) noexcept {
        std::size_t axis = 0;
        // Modulo 2^64: a stride for which that matters leads out of any memory.
        for (std::intptr_t stride : view.strides_)
            bytes[axis++] = static_cast<std::intptr_t>(static_cast<std::uintptr_t>(stride) * sizeof(T));
        using element = std::remove_const_t<T>;
        return {const_cast<element *>(view.data_), dtype<element>(), view.extents_.size(), view.extents_.data(),
                view.has_strides_ ? bytes : nullptr};
    }

    /// numbers: room for the axes.
    static llc_window box(const window &window, std::int32_t *numbers) noexcept {
        std::size_t i = 0;
        for (std::intptr_t axis : window.axes_)
            numbers[i++] = narrowed(axis);
        return {window.extents_.size(), 0, window.extents_.data(),
                window.has_footprint_ ? window.footprint_.data() : nullptr,
                window.has_origins_ ? window.origins_.data() : nullptr, window.has_axes_ ? numbers : nullptr};
    }

    /// The nearest number that C's type has.
    static std::int32_t narrowed(std::intptr_t number) noexcept {
        using limits = std::numeric_limits<std::int32_t>;
        return static_cast<std::int32_t>(std::min<std::intptr_t>(std::max<std::intptr_t>(number, limits::min()),
                                                                 limits::max()));
    }
};

inline result call(const llc_array &input, const llc_array &output, const window &window, llc_batch_fn function,
                   void *data, const options &options) {
    if (const result checked = access::check(window); !checked)
        return checked;
    if (!options.axis_modes.empty() && options.axis_modes.size() != static_cast<std::size_t>(window.extents().size()))
        return refused(LLC_ERROR_ARGUMENT, "%s has %lld entries, but the window has %lld axes", "options.axis_modes",
                       options.axis_modes.size(), window.extents().size());

    std::int32_t axes[LLC_MAX_NDIM];
    const llc_window around = access::box(window, axes);
    const std::vector<std::int32_t> modes = [&] {
        std::vector<std::int32_t> numbers;
        for (mode mode : options.axis_modes)
            numbers.push_back(static_cast<std::int32_t>(mode));
        return numbers;
    }();
    listener listener{options.progress};
    llc_options how = LLC_OPTIONS_INIT;
    how.mode = static_cast<std::int32_t>(options.mode);
    how.threads = options.threads;
    how.cval = options.cval;
    how.axis_modes = modes.empty() ? nullptr : modes.data();
    if (options.progress) {
        how.progress = detail::listener::hear;
        how.progress_data = &listener;
    }

    llc_error error;
    llc_batch_filter(&input, &output, &around, function, data, &how, &error);
    if (listener.exception)
        std::rethrow_exception(std::move(listener.exception));
    return result(error);
}

} // namespace detail

/// Calls function on the window around every element of input, and writes what it returns to output.
///
/// input, output: llc::view, or whatever one is made from; output has the extents of input, and any element type. If they
/// share memory, the result is as if input had been copied first. Values are cast as llc_generic_filter casts them:
/// truncated for integers, with NaN 0.
///
/// function: takes llc::values and returns what converts to double; or is generic over the type of its values and written
/// for lanes. It is called as the object it is, not copied, and may have state. With options.threads it is called by
/// several threads at a time; without, by the calling thread in C order, 16 elements at a time if it takes lanes.
///
/// Optimised with -O3, a short function of llc::values becomes a vectorised loop over the elements with up to 16 taps (gcc)
/// or 32 (clang), if it has no calls and no branches but short ones (std::sqrt is a call without -fno-math-errno);
/// otherwise it is called for one element at a time. Lanes have no such limits. Their results are the same, to the bit,
/// unless a compiler may fuse a * b + c (-ffp-contract) and does so in one of them only.
///
/// try_generic_filter returns what went wrong in the arguments or in the library, or that progress cancelled. What function
/// or progress throws comes out all the same, as does std::bad_alloc, when all threads have stopped: function's exception
/// for the lowest element, for any number of threads. All elements before that one are written but for the last
/// LLC_BATCH_MAX or so; later ones may be.
template <class Input, class Output, class F>
result try_generic_filter(const Input &input, Output &&output, const window &window, F &&function,
                          const options &options = {}) {
    const view in(input);
    const view out(output);
    static_assert(!std::is_const_v<std::remove_pointer_t<decltype(out.data())>>, "llc: output is to be written, not const");
    if (const result checked = detail::access::check(in, "input"); !checked)
        return checked;
    if (const result checked = detail::access::check(out, "output"); !checked)
        return checked;

    using function_type = std::remove_reference_t<F>;
    detail::job<function_type> job{function};
    std::intptr_t in_strides[LLC_MAX_NDIM], out_strides[LLC_MAX_NDIM];
    const result ended =
        detail::call(detail::access::array(in, in_strides), detail::access::array(out, out_strides), window,
                     detail::run<function_type>, &job, options);
    if (job.exception)
        std::rethrow_exception(std::move(job.exception));
    return ended;
}

/// The same; throws llc::error for what went wrong.
template <class Input, class Output, class F>
void generic_filter(const Input &input, Output &&output, const window &window, F &&function,
                    const options &options = {}) {
    const result ended = try_generic_filter(input, output, window, function, options);
    if (!ended)
        throw error(ended);
}

} // namespace llc

#endif // LLC_HPP
