//! `include/llc.h` is what cbindgen makes of `src/capi` today. `make header` rewrites it.

use std::path::Path;
use std::{env, fs};

/// What the header has before its generated part: includes, the version, and macros that only C can have.
const PREAMBLE: &str = r#"
#include <stddef.h>
#include <stdint.h>

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
