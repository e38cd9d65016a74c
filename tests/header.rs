//! `include/llc.h` is what cbindgen makes of `src/capi` today. `make header` rewrites it.

use std::path::Path;
use std::{env, fs};

/// What the header has before its generated part: includes, the version, and macros that only C can have.
const PREAMBLE: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The version of this header; llc_version_string() is that of the library. */
#define LLC_VERSION_MAJOR @MAJOR@
#define LLC_VERSION_MINOR @MINOR@
#define LLC_VERSION_PATCH @PATCH@
#define LLC_VERSION_STRING "@MAJOR@.@MINOR@.@PATCH@"

/* Initialises an llc_options to all defaults: llc_options options = LLC_OPTIONS_INIT; */
#define LLC_OPTIONS_INIT { sizeof(llc_options), LLC_MODE_DEFAULT, 0, 0.0, NULL, NULL, NULL }

#ifndef __cplusplus
/*
 * Shorthands for arguments, C only. Each is a pointer to a compound literal, which lives as long as the enclosing
 * block. They take at least one extent.
 *
 *     LLC_ARRAY(data, dtype, extents...)   const llc_array *, in C order without gaps
 *     LLC_BOX(extents...)                  const llc_window *, every element a tap, centred
 */
#define LLC_ARRAY(data, dtype, ...) \
    (&(const llc_array){ (void *)(data), (dtype), LLC_COUNT(__VA_ARGS__), (const intptr_t[]){ __VA_ARGS__ }, NULL })
#define LLC_BOX(...) \
    (&(const llc_window){ LLC_COUNT(__VA_ARGS__), 0, (const intptr_t[]){ __VA_ARGS__ }, NULL, NULL, NULL })
#define LLC_COUNT(...) ((int32_t)(sizeof((const intptr_t[]){ __VA_ARGS__ }) / sizeof(intptr_t)))
#endif

/*
 * Callbacks from a function of a window's values. What follows in braces is its body: it sees
 *
 *     const double *values, intptr_t n, void *user_data
 *
 * and returns a double.
 *
 *     LLC_FUNCTION(minimum, 9)
 *     {
 *         double least = values[0];
 *         for (intptr_t k = 1; k < n; k++)
 *             if (values[k] < least)
 *                 least = values[k];
 *         return least;
 *     }
 *
 * This defines two callbacks: minimum, an llc_filter_fn for llc_generic_filter (and SciPy), and minimum_batch, an
 * llc_batch_fn for llc_batch_filter. (Names that begin with minimum_value and minimum_loop are the macro's own.) Both take
 * any window; n is 0 if a footprint has no taps, and more than 256 other taps than are given need memory, without which
 * minimum_batch gives up.
 *
 * For windows of as many taps as are given, a constant, minimum_batch is a loop over the elements that compilers turn into
 * vector instructions at -O3, if the body's loops are over all values, its branches only choose between values, and it
 * calls nothing but fabs and such; sqrt needs -fno-math-errno too. clang does so for up to 49 taps, gcc for up to 16, or
 * as many as --param max-completely-peel-times=49 says. With 0 taps given, or in other windows, the body is compiled into
 * the loop, but works on one element at a time; from some 50 taps on, llc_generic_filter is faster than that.
 *
 * In programs for any x86-64, gcc and clang compile the loop for AVX2 as well, and minimum_batch runs that where the
 * machine has it; unless LLC_NO_DISPATCH is defined when this header is included. With -ffp-contract=off, which gcc takes
 * for granted in C99 and later but not in C++, all of them give the same to the bit on any machine.
 *
 *     LLC_FUNCTION(name, taps)          external callbacks, whose declarations are
 *     LLC_DECLARE_FUNCTION(name);       for a header; for C++, within extern "C" if they are defined in C
 *     LLC_STATIC_FUNCTION(name, taps)   callbacks for this file only
 */
#define LLC_FUNCTION(name, taps) LLC_DECLARE_FUNCTION(name); LLC_DEFINE_FUNCTION(, name, taps)
#define LLC_STATIC_FUNCTION(name, taps) LLC_DEFINE_FUNCTION(LLC_UNUSED static, name, taps)
#define LLC_DECLARE_FUNCTION(name) \
    int name(double *buffer, intptr_t filter_size, double *return_value, void *user_data); \
    int name##_batch(const double *const *taps, intptr_t filter_size, double *return_values, intptr_t count, \
                     const llc_batch *batch, void *user_data)
#define LLC_DEFINE_FUNCTION(linkage, name, known) \
    static LLC_INLINE double name##_value(const double *values, intptr_t n, void *user_data); \
    linkage int name(double *buffer, intptr_t filter_size, double *return_value, void *user_data) \
    { \
        *return_value = name##_value(buffer, filter_size, user_data); \
        return 1; \
    } \
    LLC_DEFINE_LOOP(LLC_UNUSED static, name##_loop, name##_value, known) \
    LLC_DEFINE_LOOP(LLC_UNUSED LLC_AVX2 static, name##_loop_avx2, name##_value, known) \
    linkage int name##_batch(const double *const *taps, intptr_t filter_size, double *LLC_RESTRICT return_values, \
                             intptr_t count, LLC_UNUSED const llc_batch *batch, void *user_data) \
    { \
        if ((known) > 0 && filter_size == (known)) { \
            if (LLC_HAS_AVX2) \
                name##_loop_avx2(taps, return_values, count, user_data); \
            else \
                name##_loop(taps, return_values, count, user_data); \
        } else { \
            double few[LLC_FEW], *values = few; \
            if (filter_size > LLC_FEW && !(values = (double *)malloc((size_t)filter_size * sizeof(double)))) \
                return 0; \
            for (intptr_t j = 0; j < count; j++) { \
                for (intptr_t k = 0; k < filter_size; k++) \
                    values[k] = taps[k][j]; \
                return_values[j] = name##_value(values, filter_size, user_data); \
            } \
            if (values != few) \
                free(values); \
        } \
        return 1; \
    } \
    static LLC_INLINE double name##_value(LLC_UNUSED const double *values, LLC_UNUSED intptr_t n, \
                                          LLC_UNUSED void *user_data)
/* The loop over the elements, for a known number of taps. The last tap is where an array is read for the first time. */
#define LLC_DEFINE_LOOP(linkage, name, value, known) \
    linkage void name(const double *const *taps, double *LLC_RESTRICT results, intptr_t count, void *user_data) \
    { \
        const double *tap[(known) > 0 ? (known) : 1]; \
        for (intptr_t k = 0; k < (known); k++) \
            tap[k] = taps[k]; \
        for (intptr_t j = 0; j < count;) { \
            const intptr_t end = count - j < LLC_BLOCK ? count : j + LLC_BLOCK; \
            for (intptr_t i = j + LLC_AHEAD; (known) > 0 && i < end + LLC_AHEAD; i += LLC_CACHE_LINE) { \
                LLC_PREFETCH(tap[(known) > 0 ? (known) - 1 : 0] + i); \
                LLC_PREFETCH(results + i); \
            } \
            for (; j < end; j++) { \
                double values[(known) > 0 ? (known) : 1]; \
                for (intptr_t k = 0; k < (known); k++) \
                    values[k] = tap[k][j]; \
                results[j] = value(values, (known), user_data); \
            } \
        } \
    }
/* Counted in doubles: what is computed before more is fetched, a piece of what is fetched, and how far ahead that is. */
#define LLC_BLOCK 64
#define LLC_CACHE_LINE 8
#define LLC_AHEAD 512
#define LLC_FEW 256
#if defined(__GNUC__)
#define LLC_UNUSED __attribute__((unused))
#define LLC_INLINE __inline__ __attribute__((always_inline))
#define LLC_RESTRICT __restrict__
#define LLC_PREFETCH(address) __builtin_prefetch(address)
#else
#define LLC_UNUSED
#define LLC_INLINE inline
#define LLC_RESTRICT
#define LLC_PREFETCH(address) ((void)(address))
#endif
#if defined(__GNUC__) && defined(__x86_64__) && !defined(__AVX2__) && !defined(_WIN32) && \
    !defined(LLC_NO_DISPATCH)
#define LLC_DISPATCH
#define LLC_AVX2 __attribute__((target("avx2")))
#define LLC_HAS_AVX2 __builtin_cpu_supports("avx2")
#else
#define LLC_AVX2
#define LLC_HAS_AVX2 0
#endif
"#;

#[test]
fn committed_header_is_what_cbindgen_generates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/llc.h");

    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    config.after_includes = Some(
        PREAMBLE
            .trim()
            .replace("@MAJOR@", env!("CARGO_PKG_VERSION_MAJOR"))
            .replace("@MINOR@", env!("CARGO_PKG_VERSION_MINOR"))
            .replace("@PATCH@", env!("CARGO_PKG_VERSION_PATCH")),
    );
    let mut generated = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/capi/types.rs"))
        .with_src(root.join("src/capi/mod.rs"))
        .generate()
        .expect("cbindgen reads src/capi")
        .write(&mut generated);
    let generated = parenthesised(&String::from_utf8(generated).unwrap());

    if env::var_os("LLC_WRITE_HEADER").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "include/llc.h is out of date: run `make header` and commit the result");
}

/// `#define NAME -1` as `#define NAME (-1)`.
fn parenthesised(header: &str) -> String {
    let line = |line: &str| match line.strip_prefix("#define ").and_then(|define| define.split_once(" -")) {
        Some((name, number)) => format!("#define {name} (-{number})\n"),
        None => format!("{line}\n"),
    };
    header.lines().map(line).collect()
}
