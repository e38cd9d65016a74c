//! `llc.h` compiles without a warning, alone, in every version of C and C++ it is meant for, with gcc and with clang.
//!
//! Compilers that are not installed are left out, but not both, and clang not where `CI` or `LLC_REQUIRE_CLANG` is set.
#![cfg(unix)]

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const C: &[&str] = &["c99", "c11", "c17"];
const CPP: &[&str] = &["c++11", "c++14", "c++17", "c++20"];

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
        llc_status variables(const uint8_t *data, uint8_t *out, intptr_t rows, llc_filter_fn function);

        static float in[480][640], out[480][640];

        llc_status first_program(llc_filter_fn function, llc_error *error)
        {
            return llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT32, 480, 640), LLC_ARRAY(out, LLC_FLOAT32, 480, 640),
                                      LLC_BOX(3, 3), function, NULL, NULL, error);
        }

        llc_status variables(const uint8_t *data, uint8_t *out, intptr_t rows, llc_filter_fn function)
        {
            const llc_array *input = LLC_ARRAY(data, LLC_UINT8, rows, 2 * rows, 3);
            const llc_array *output = LLC_ARRAY(out, LLC_UINT8, rows, 2 * rows, 3);
            const llc_window *window = LLC_BOX(3, rows / 2, 1);
            return llc_generic_filter(input, output, window, function, NULL, NULL, NULL);
        }
    "#;
    expect_no_warnings("LLC_ARRAY and LLC_BOX", C, source);
}

/// Compiles source with every compiler there is, in the given versions of C and C++.
fn expect_no_warnings(name: &str, standards: &[&str], source: &str) {
    for compiler in compilers() {
        for standard in standards {
            let language = if standard.starts_with("c++") { "c++" } else { "c" };
            let mut child = Command::new(compiler)
                .args(["-x", language, &format!("-std={standard}")])
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
                .arg("-")
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            writeln!(child.stdin.take().unwrap(), "{}", source.trim()).unwrap();
            let output = child.wait_with_output().unwrap();
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}, {compiler} -std={standard}:\n{messages}");
        }
    }
}

fn compilers() -> Vec<&'static str> {
    let mut compilers = vec!["gcc", "clang"];
    compilers.retain(|compiler| Command::new(compiler).arg("--version").output().is_ok());
    assert!(!compilers.is_empty(), "neither gcc nor clang is installed");
    let required = ["CI", "LLC_REQUIRE_CLANG"].iter().any(|name| env::var_os(name).is_some());
    assert!(!required || compilers.contains(&"clang"), "clang is not installed, and CI or LLC_REQUIRE_CLANG is set");
    compilers
}
