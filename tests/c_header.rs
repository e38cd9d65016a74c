//! `llc.h` and `llc.hpp` compile without a warning, alone, in every version of C and C++ they are meant for, with gcc and
//! with clang.
//!
//! Compilers that are not installed are left out, but not both, and clang not where `CI` or `LLC_REQUIRE_CLANG` is set.
#![cfg(unix)]

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const C: &[&str] = &["c99", "c11", "c17"];
const CPP: &[&str] = &["c++11", "c++14", "c++17", "c++20"];
const HPP: &[&str] = &["c++17", "c++20", "c++2b"];

#[test]
fn header_compiles_alone() {
    let source = r#"
        #include "llc.h"
    "#;
    expect_no_warnings("llc.h alone", &[C, CPP].concat(), source);
}

#[test]
fn header_may_be_included_twice() {
    let source = r#"
        #include "llc.h"
        #include "llc.h"
        llc_status status = LLC_OK;
    "#;
    expect_no_warnings("llc.h twice", &[C, CPP].concat(), source);
}

#[test]
fn options_init_works_in_c_and_cpp() {
    let source = r#"
        #include "llc.h"
        llc_options global = LLC_OPTIONS_INIT;
        int32_t threads(void);
        int32_t threads(void)
        {
            llc_options options = LLC_OPTIONS_INIT;
            options.threads = LLC_ALL_CORES;
            return options.threads;
        }
    "#;
    expect_no_warnings("LLC_OPTIONS_INIT", &[C, CPP].concat(), source);
}

#[test]
fn array_and_box_work_in_c() {
    let source = r#"
        #include "llc.h"
        llc_status first_program(llc_filter_fn function, llc_error *error);
        llc_status variables(const uint8_t *data, uint8_t *filtered, intptr_t rows, llc_filter_fn function);

        static float in[480][640], out[480][640];

        llc_status first_program(llc_filter_fn function, llc_error *error)
        {
            return llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT32, 480, 640), LLC_ARRAY(out, LLC_FLOAT32, 480, 640),
                                      LLC_BOX(3, 3), function, NULL, NULL, error);
        }

        llc_status variables(const uint8_t *data, uint8_t *filtered, intptr_t rows, llc_filter_fn function)
        {
            const llc_array *input = LLC_ARRAY(data, LLC_UINT8, rows, 2 * rows, 3);
            const llc_array *output = LLC_ARRAY(filtered, LLC_UINT8, rows, 2 * rows, 3);
            const llc_window *window = LLC_BOX(3, rows / 2, 1);
            return llc_generic_filter(input, output, window, function, NULL, NULL, NULL);
        }
    "#;
    expect_no_warnings("LLC_ARRAY and LLC_BOX", C, source);
}

/// Functions of a window's values, static and external, several in one file, of a known and of any number of taps.
const FUNCTIONS: &str = r#"
    #include "llc.h"
    #include <math.h>
    LLC_DECLARE_FUNCTION(declared_before);
    LLC_FUNCTION(declared_before, 5)
    {
        double least = values[0];
        for (intptr_t k = 1; k < n; k++)
            if (values[k] < least)
                least = values[k];
        return least;
    }
    LLC_STATIC_FUNCTION(unused, 9) { return values[0]; }
    LLC_STATIC_FUNCTION(scaled, 9)
    {
        double sum = 0, centre = values[n / 2];
        for (intptr_t k = 0; k < n; k++)
            sum += fabs(values[k] - centre);
        return sum * *(const double *)user_data;
    }
    LLC_FUNCTION(constant, 0) { return 1.0; }
    LLC_FUNCTION(spread, 9)
    {
        double sum = 0, squares = 0;
        for (intptr_t k = 0; k < n; k++)
            sum += values[k];
        for (intptr_t k = 0; k < n; k++)
            squares += (values[k] - sum / 9) * (values[k] - sum / 9);
        return squares;
    }
    llc_batch_fn functions(int which);
    llc_batch_fn functions(int which) { return which ? scaled_batch : declared_before_batch; }
"#;

#[test]
fn functions_of_values_compile_without_warnings() {
    expect_no_warnings("LLC_FUNCTION", &[C, CPP].concat(), FUNCTIONS);
}

/// What a function is written this way for: with the number of taps known, its loop over the elements is vectorised, for
/// any machine and for those with AVX2.
#[test]
#[cfg(target_arch = "x86_64")]
fn functions_of_a_known_number_of_values_are_vectorised() {
    for compiler in compilers() {
        let output = compiled(compiler, &["-x", "c", "-std=c99", "-O3", "-S", "-o", "-"], FUNCTIONS);
        let assembly = String::from_utf8_lossy(&output.stdout);
        for (name, instruction) in [("declared_before", "minpd"), ("scaled", "subpd"), ("spread", "mulpd")] {
            for (name, instruction, register) in [
                (format!("{name}_batch"), format!("\t{instruction}\t"), "%xmm"),
                (format!("{name}_loop_avx2"), format!("\tv{instruction}\t"), "%ymm"),
            ] {
                // (gcc calls what it made of a static function, say, name.isra.0.)
                let function = assembly.split_once(&format!("\n{name}")).expect("the function is there").1;
                let function = function.split_once(&format!(".size\t{name}")).expect("it ends").0;
                let vectorised = function.lines().any(|line| line.contains(&instruction) && line.contains(register));
                assert!(vectorised, "{compiler} does not vectorise {name}:\n{function}");
            }
        }
    }
}

#[test]
fn hpp_compiles_alone() {
    let source = r#"
        #include "llc.hpp"
    "#;
    expect_no_warnings("llc.hpp alone", HPP, source);
}

#[test]
fn hpp_may_be_included_twice() {
    let source = r#"
        #include "llc.h"
        #include "llc.hpp"
        #include "llc.hpp"

        void plain(const float *input, double (&output)[48][64]);
        bool lanes(const std::vector<std::uint8_t> &input, double *output);

        void plain(const float *input, double (&output)[48][64])
        {
            llc::options options;
            options.threads = llc::all_cores;
            llc::generic_filter(llc::view(input, {48, 64}), output, llc::window::cross(2), [](llc::values values) {
                return values.front() - values.back();
            }, options);
        }

        bool lanes(const std::vector<std::uint8_t> &input, double *output)
        {
            const auto function = [](auto values) {
                auto least = values[0];
                for (auto value : values)
                    least = llc::min(least, llc::select(value > 1.0, llc::sqrt(value), 2.0 * llc::abs(value)));
                return least;
            };
            const llc::view out(output, {input.size()});
            return llc::try_generic_filter(input, out, llc::window::box({9}), function)
                && llc::try_generic_filter(input, out, llc::window::box({9}), llc::pixelwise(function));
        }
    "#;
    expect_no_warnings("llc.hpp twice", HPP, source);
}

/// Compiles source with every compiler there is, in the given versions of C and C++.
fn expect_no_warnings(name: &str, standards: &[&str], source: &str) {
    for compiler in compilers() {
        for standard in standards {
            let language = if standard.starts_with("c++") { "c++" } else { "c" };
            let standard = format!("-std={standard}");
            let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-fsyntax-only"];
            let output = compiled(compiler, &[&["-x", language, &standard], &warnings[..]].concat(), source);
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}, {compiler} {standard}:\n{messages}");
        }
    }
}

fn compiled(compiler: &str, arguments: &[&str], source: &str) -> Output {
    let mut child = Command::new(compiler)
        .args(arguments)
        .arg("-I")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", source.trim()).unwrap();
    child.wait_with_output().unwrap()
}

fn compilers() -> Vec<&'static str> {
    let mut compilers = vec!["gcc", "clang"];
    compilers.retain(|compiler| Command::new(compiler).arg("--version").output().is_ok());
    assert!(!compilers.is_empty(), "neither gcc nor clang is installed");
    let required = ["CI", "LLC_REQUIRE_CLANG"].iter().any(|name| env::var_os(name).is_some());
    assert!(!required || compilers.contains(&"clang"), "clang is not installed, and CI or LLC_REQUIRE_CLANG is set");
    compilers
}
