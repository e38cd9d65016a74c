//! Gives the shared library its soname, so that programs linked against it record which ABI they need, and tells tests what
//! to compile their programs for.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let get = |name: &str| env::var(name).unwrap_or_default();
    println!("cargo:rustc-env=LLC_TARGET={}", get("TARGET"));
    println!("cargo:rustc-env=LLC_HOST={}", get("HOST"));
    let (major, minor) = (get("CARGO_PKG_VERSION_MAJOR"), get("CARGO_PKG_VERSION_MINOR"));
    // Until 1.0 every minor version may change the ABI.
    let abi = if major == "0" { format!("0.{minor}") } else { major };

    match get("CARGO_CFG_TARGET_OS").as_str() {
        "macos" | "ios" => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libllc.{abi}.dylib"),
        "windows" => {}
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libllc.so.{abi}"),
    }
}
