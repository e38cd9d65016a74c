#!/bin/sh
# Installs libllc, moves it, and builds and runs programs against it in every usual way.
#
#   check.sh FOLDER      works in FOLDER, which is made anew; the environment has CC, CXX and MAKE
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$1
rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
: "${CC:=cc}" "${CXX:=c++}" "${MAKE:=make}"
export CC CXX
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
abi=${version%.*}

say() { echo "install: $*"; }
fail() { echo "install: $*" >&2; exit 1; }
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; fail "this failed: $*"; }; }

for tool in cmake pkg-config readelf; do
    command -v $tool > /dev/null || fail "$tool is missing: apt-get install cmake pkg-config binutils"
done

say "everything goes where it belongs, and goes away again"
quietly "$MAKE" -C "$root" install DESTDIR="$work/stage" PREFIX=/opt/llc
(cd "$work/stage/opt/llc" && find . ! -type d | LC_ALL=C sort) > "$work/files"
sed "s/VERSION/$version/; s/ABI/$abi/" "$here/files.txt" | diff - "$work/files" || fail "other files were installed"
echo kept > "$work/stage/opt/llc/lib/neighbour"
quietly "$MAKE" -C "$root" uninstall DESTDIR="$work/stage" PREFIX=/opt/llc
[ "$(cd "$work/stage/opt/llc" && find . ! -type d)" = ./lib/neighbour ] || fail "something was left, or too much removed"
[ ! -e "$work/stage/opt/llc/lib/cmake/llc" ] || fail "an empty folder was left"

quietly "$MAKE" -C "$root" install PREFIX="$work/first"
mv "$work/first" "$work/moved"
prefix=$work/moved
! grep -r "$work/first" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" || fail "a file names the folder it was installed in"

say "the soname, and what is exported"
readelf -d "$prefix/lib/libllc.so" | grep -q "SONAME.*\[libllc.so.$abi\]" || fail "the soname is not libllc.so.$abi"
nm -D --defined-only "$prefix/lib/libllc.so" | awk '{ print $3 }' | LC_ALL=C sort > "$work/symbols"
diff "$root/c_tests/abi/symbols" "$work/symbols" || fail "the library exports others than c_tests/abi/symbols has"

# Programs find the library where it was moved to.
export LD_LIBRARY_PATH="$prefix/lib" PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
needs_library() { readelf -d "$1" | grep -q "NEEDED.*libllc.so.$abi"; }

for shared in ON OFF; do
    say "CMake finds the package, BUILD_SHARED_LIBS=$shared"
    build=$work/find_package_$shared
    quietly cmake -S "$here/find_package" -B "$build" -DCMAKE_PREFIX_PATH="$prefix" -DBUILD_SHARED_LIBS=$shared
    grep -q "llc_DIR:PATH=$prefix/lib/cmake/llc" "$build/CMakeCache.txt" || fail "CMake found another package"
    quietly cmake --build "$build"
    (cd "$build" && quietly ctest --output-on-failure)
    needs_library "$build/c_shared" || fail "llc::shared is not the shared library"
    ! needs_library "$build/cpp_static" || fail "llc::static is not the static library"
    if [ $shared = ON ]; then needs_library "$build/c_llc"; else ! needs_library "$build/c_llc"; fi ||
        fail "llc::llc is the other library"
done
for asked in 0.0 0.2 1.0; do
    sed "s/find_package(llc 0.1/find_package(llc $asked/" "$here/find_package/CMakeLists.txt" > "$work/CMakeLists.txt"
    ! cmake -S "$work" -B "$work/find_package_$asked" -DCMAKE_PREFIX_PATH="$prefix" > "$work/log" 2>&1 ||
        fail "CMake takes this version for $asked"
    grep -q "llc-config.cmake, version: $version" "$work/log" || { cat "$work/log" >&2; fail "CMake failed for another reason"; }
done

say "CMake has the sources as a folder"
build=$work/add_subdirectory
quietly cmake -S "$here/add_subdirectory" -B "$build" -DLLC_SOURCE_DIR="$root" \
    -DLLC_CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
quietly cmake --build "$build"
(cd "$build" && quietly ctest --output-on-failure)

say "pkg-config, the shared library"
[ "$(pkg-config --modversion libllc)" = "$version" ] || fail "libllc.pc has another version"
quietly "$CC" -std=c99 -Wall -Wextra -Werror "$here/consumer.c" -o "$work/shared_c" $(pkg-config --cflags --libs libllc)
quietly "$CXX" -std=c++17 -Wall -Wextra -Werror "$here/consumer.cpp" -o "$work/shared_cpp" \
    $(pkg-config --cflags --libs libllc)
needs_library "$work/shared_c" || fail "that program doesn't need the shared library"
quietly "$work/shared_c"
quietly "$work/shared_cpp"

say "pkg-config --static, where only the static library is"
mkdir "$work/static"
cp -r "$prefix/lib" "$prefix/include" "$work/static"
rm "$work/static/lib"/libllc.so*
export PKG_CONFIG_PATH="$work/static/lib/pkgconfig"
unset LD_LIBRARY_PATH
quietly "$CC" -std=c99 "$here/consumer.c" -o "$work/static_c" $(pkg-config --static --cflags --libs libllc)
quietly "$CXX" -std=c++17 "$here/consumer.cpp" -o "$work/static_cpp" $(pkg-config --static --cflags --libs libllc)
quietly "$work/static_c"
quietly "$work/static_cpp"

say "Libs.private is what rustc says"
# In a folder of its own and not optimized: that takes seconds, and leaves other builds as they are.
says=$(cd "$root" && CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0 cargo rustc --lib --crate-type staticlib \
    --target-dir "$work/cargo" -- --print native-static-libs 2>&1 |
    sed -n 's/^note: native-static-libs: //p')
has=$(sed -n 's/^Libs.private: //p' "$prefix/lib/pkgconfig/libllc.pc")
[ "$says" = "$has" ] || fail "rustc says \"$says\", libllc.pc has \"$has\""

say "a second static library made of Rust"
rustc --edition 2024 -O --crate-type staticlib "$here/two_rust/other.rs" -o "$work/libother.a"
for order in "-l:libllc.a -lother" "-lother -l:libllc.a"; do
    quietly "$CC" -std=c99 -I"$prefix/include" "$here/two_rust/main.c" -o "$work/two_rust" -L"$prefix/lib" -L"$work" $order $has
    quietly "$work/two_rust"
done

say "all of it works"
