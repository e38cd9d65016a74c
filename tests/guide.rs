//! Compiles and runs the programs of `docs/guide`: every block in C or C++ is a whole one, and exits with 0 if what it says
//! is so. Blocks in Rust are documentation tests of the crate.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The blocks of a page: their languages, the lines they begin at, and their texts.
fn blocks(page: &str) -> Vec<(String, usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), number + 2, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, _, text))) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block doesn't end");
    blocks
}

#[test]
fn every_program_of_the_guide_compiles_and_says_what_is_so() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide");
    fs::create_dir_all(&folder).unwrap();
    // The static library: no file here has the shared one's soname.
    let built = env::current_exe().unwrap().with_file_name("libllc.a");
    let mut programs = 0;
    for entry in fs::read_dir(root.join("docs/guide")).unwrap() {
        let path = entry.unwrap().path();
        for (language, line, text) in blocks(&fs::read_to_string(&path).unwrap()) {
            let place = format!("{}:{line}", path.display());
            let (default, variable, standard) = match language.as_str() {
                "c" => ("cc", "CC", "-std=c11"),
                "cpp" => ("c++", "CXX", "-std=c++17"),
                "rust" | "text" => continue,
                other => panic!("{place}: nobody runs a block of \"{other}\""),
            };
            let name = format!("{}_{line}", path.file_stem().unwrap().display());
            let (source, program) = (folder.join(format!("{name}.{language}")), folder.join(name));
            fs::write(&source, text).unwrap();
            let mut compiler = Command::new(env::var(variable).unwrap_or(default.to_owned()));
            compiler.args([standard, "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", "-I"]);
            compiler.arg(root.join("include")).arg(&source).arg(&built).arg("-o").arg(&program);
            compiler.args(["-lpthread", "-ldl", "-lm"]);
            for mut command in [compiler, Command::new(&program)] {
                let output = command.output().unwrap_or_else(|error| panic!("{place}: {command:?}: {error}"));
                let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
                assert!(output.status.success(), "{place}: {command:?}: {}\n{}", output.status, text.concat());
            }
            programs += 1;
        }
    }
    assert!(programs > 0, "the guide has no programs");
}
