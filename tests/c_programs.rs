//! Compiles the programs in `c_tests`, those in C as C99 and as C++11, those in C++ as C++17 and as C++20, and runs them
//! against this build's shared library.
//!
//! Each program checks what `llc.h` or `llc.hpp` promises about one subject, and exits with 0 if all of it holds. The
//! environment may vary how that is done:
//!
//! - `LLC_CFLAGS`: more flags for compiling and linking, such as `-fsanitize=address,undefined`;
//! - `LLC_RUNNER`: a command that runs the programs, such as `valgrind --error-exitcode=9`;
//! - `LLC_SLOWDOWN`: how much longer than usual that takes, see `c_tests/clock.h`;
//! - `CC` and `CXX`: the compilers, as everywhere.
#![cfg(unix)]

use std::env::consts::{DLL_SUFFIX, OS};
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{env, fs};

#[derive(Clone, Copy)]
enum Language {
    C99,
    Cpp11,
    Cpp17,
    Cpp20,
}

/// A list of programs, with their arguments: paths from the root of the repository; and the languages they are for.
macro_rules! programs {
    ($list:ident, $first:ident $First:ident, $second:ident $Second:ident: $($name:ident($($argument:literal),*);)*) => {
        const $list: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            #[test]
            fn $first() {
                super::check(stringify!($name), super::Language::$First, &[$($argument),*]);
            }

            #[test]
            fn $second() {
                super::check(stringify!($name), super::Language::$Second, &[$($argument),*]);
            }
        })*
    };
}

programs! { C, c99 C99, cpp11 Cpp11:
    batch();
    builtins();
    errors();
    failure();
    layout();
    memory();
    no_threads();
    options();
    process();
    progress();
    reference("tests/reference/cases.bin");
    threads();
}

programs! { CPP, cpp17 Cpp17, cpp20 Cpp20:
    hpp_errors();
    hpp_reference("tests/reference/cases.bin");
    hpp_values();
    hpp_views();
}

/// Programs that are compiled in a way of their own: see their tests.
const ALONE: &[&str] = &["allocation", "unload"];

#[test]
#[cfg(target_os = "linux")]
fn library_may_be_loaded_and_unloaded() {
    let program = c_program("unload", "unload.c", &["-pthread".as_ref(), "-ldl".as_ref()]);
    let mut command = runner(&program);
    command.arg(LIBRARY.join("libllc.so"));
    let output = command.output();
    expect_success(&command, output);
}

/// Programs linked with this build's library; its functions call those of the program where both have them.
fn linked(name: &str, source: &str, option: &str) -> PathBuf {
    let path = format!("-Wl,-rpath,{}", LIBRARY.display());
    let library = LIBRARY.join("libllc.so");
    c_program(name, source, &[option.as_ref(), library.as_ref(), path.as_ref(), "-pthread".as_ref(), "-lm".as_ref()])
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn memory_that_is_not_to_be_had_is_an_error() {
    // Atomics are C11's.
    let program = linked("allocation", "allocation.c", "-std=c11");
    let mut command = runner(&program);
    let output = command.output();
    expect_success(&command, output);
}

/// What fuzzing came upon, once more: see `c_tests/fuzz`.
#[test]
fn what_fuzzing_came_upon_does_no_harm() {
    let program = linked("fuzz", "fuzz/fuzz.c", "-DREPLAY");
    let mut command = runner(&program);
    command.args(fs::read_dir(root().join("c_tests/fuzz/corpus")).unwrap().map(|file| file.unwrap().path()));
    let output = command.output();
    expect_success(&command, output);
}

/// A program that is not linked as the others are.
fn c_program(name: &str, source: &str, more: &[&OsStr]) -> PathBuf {
    let program = folder().join(name);
    let mut command = compiler(Language::C99);
    command.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]).arg(root().join("include"));
    command.arg(root().join("c_tests").join(source)).args(more).arg("-o").arg(&program);
    let output = command.output();
    expect_success(&command, output);
    program
}

#[test]
fn every_program_is_in_the_list() {
    for entry in fs::read_dir(root().join("c_tests")).unwrap() {
        let path = entry.unwrap().path();
        let list = match path.extension().and_then(OsStr::to_str) {
            Some("c") => C,
            Some("cpp") => CPP,
            _ => continue,
        };
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            list.contains(&name) || ALONE.contains(&name),
            "{} is not run: add it to the list in tests/c_programs.rs",
            path.display()
        );
    }
}

/// Linkers may give a callback one address in a program and another in the library: in programs that are not position
/// independent, with a library that is bound to its own symbols. llc_builtin's is recognised always.
#[test]
#[cfg(target_os = "linux")]
fn builtins_are_recognised_however_a_program_is_linked() {
    let archive = env::current_exe().unwrap().with_file_name("libllc.a");
    let symbolic = folder().join("symbolic");
    fs::create_dir_all(&symbolic).unwrap();
    let bound = symbolic.join("libllc.so");
    let mut command = compiler(Language::C99);
    command
        .args(["-shared", "-Wl,-Bsymbolic-functions", "-Wl,--whole-archive"])
        .arg(&archive)
        .args(["-Wl,--no-whole-archive", "-lpthread", "-ldl", "-lm", "-lgcc_s", "-o"])
        .arg(&bound);
    let output = command.output();
    expect_success(&command, output);

    let ways: [(&str, &[&str], &Path); 4] = [
        ("no_pie", &["-no-pie", "-fno-pie"], &LIBRARY.join("libllc.so")),
        ("symbolic", &["-pie", "-fPIE"], &bound),
        ("symbolic_no_pie", &["-no-pie", "-fno-pie"], &bound),
        ("static", &[], &archive),
    ];
    for (way, options, library) in ways {
        let program = folder().join(format!("builtins_{way}"));
        let mut command = compiler(Language::C99);
        command
            .args(["-std=c99", "-pthread", "-I"])
            .arg(root().join("include"))
            .args(options)
            .arg(root().join("c_tests/builtins.c"))
            .arg("-o")
            .arg(&program)
            .arg(library)
            .arg(format!("-Wl,-rpath,{}", library.parent().unwrap().display()))
            .args(["-lpthread", "-ldl", "-lm"]);
        let output = command.output();
        expect_success(&command, output);
        let mut command = runner(&program);
        let output = command.output();
        expect_success(&command, output);
    }
}

/// Compiles the program and runs it. Some measure time, so that no more than one as C and one as C++ run at once.
fn check(name: &str, language: Language, arguments: &[&str]) {
    static RUNNING: [Mutex<()>; 2] = [const { Mutex::new(()) }; 2];

    let is_cpp = !matches!(language, Language::C99);
    let program = compiled(name, language);
    let mut command = runner(&program);
    for argument in arguments {
        let path = root().join(argument);
        assert!(path.exists(), "{name} needs {}, which is missing", path.display());
        command.arg(path);
    }

    let turn = RUNNING[usize::from(is_cpp)].lock().unwrap_or_else(PoisonError::into_inner);
    let output = command.output();
    drop(turn);
    expect_success(&command, output);
}

/// What runs a program.
fn runner(program: &Path) -> Command {
    match variable("LLC_RUNNER").split_first() {
        Some((runner, options)) => {
            let mut command = Command::new(runner);
            command.args(options).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn compiled(name: &str, language: Language) -> PathBuf {
    let (source, options, suffix): (_, &[&str], _) = match language {
        Language::C99 => ("c", &["-std=c99"], "c99"),
        // Of the two versions of a language, one uses what the machine has, the other what all machines have.
        Language::Cpp11 => ("c", &["-x", "c++", "-std=c++11", "-DLLC_NO_DISPATCH"], "cpp11"),
        // Results are compared to the bit: no compiler is to fuse products and sums in one function and not in another.
        Language::Cpp17 => ("cpp", &["-std=c++17", "-ffp-contract=off"], "cpp17"),
        Language::Cpp20 => ("cpp", &["-std=c++20", "-ffp-contract=off", "-DLLC_NO_DISPATCH"], "cpp20"),
    };
    let program = folder().join(format!("{name}_{suffix}"));

    let mut command = compiler(language);
    command
        .args(options)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"])
        .args(variable("LLC_CFLAGS"))
        .arg("-I")
        .arg(root().join("include"))
        .arg(root().join("c_tests").join(name).with_extension(source))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&*LIBRARY)
        .arg(format!("-Wl,-rpath,{}", LIBRARY.display()))
        .args(["-lllc", "-lpthread", "-lm"]);
    let output = command.output();
    expect_success(&command, output);
    program
}

/// What the cc crate takes for the C or the C++ compiler. Outside build scripts it wants to be told about the target.
fn compiler(language: Language) -> Command {
    cc::Build::new()
        .cpp(!matches!(language, Language::C99))
        .target(env!("LLC_TARGET"))
        .host(env!("LLC_HOST"))
        .opt_level(1)
        .debug(true)
        .out_dir(folder())
        .cargo_metadata(false)
        .get_compiler()
        .to_command()
}

/// A folder with the shared library cargo built for this test, under the names a linker and a loader look for.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = env::current_exe().unwrap().with_file_name(format!("libllc{DLL_SUFFIX}"));
    assert!(built.exists(), "cargo built no shared library {}", built.display());

    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    let abi = if major == "0" { format!("0.{minor}") } else { major.to_owned() };
    let loaded = match OS {
        "macos" => format!("libllc.{abi}.dylib"),
        _ => format!("libllc.so.{abi}"),
    };
    let library = folder().join("lib");
    fs::create_dir_all(&library).unwrap();
    for name in [format!("libllc{DLL_SUFFIX}"), loaded] {
        let _ = fs::remove_file(library.join(&name));
        symlink(&built, library.join(&name)).unwrap();
    }
    library
});

/// Where the programs go: a folder of this profile's.
fn folder() -> PathBuf {
    let profile = env::current_exe().unwrap().ancestors().nth(2).unwrap().file_name().unwrap().to_owned();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c_programs").join(profile);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The words of an environment variable, none if it is not set.
fn variable(name: &str) -> Vec<String> {
    env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn expect_success(command: &Command, output: std::io::Result<Output>) {
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
