#!/bin/sh
# Builds for another architecture and runs tests there, emulated.
#
#   cross.sh TRIPLE FOLDER [ARGUMENTS]      builds there; further arguments are cargo test's
#
# The compiler's standard library for it is rustup's (rustup target add TRIPLE), or else compiled from its source.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
triple=$1
mkdir -p "$2"
work=$(cd "$2" && pwd)
shift 2
needed() {
    echo "$triple needs $1: apt-get install $2" >&2
    exit 1
}

case $triple in
aarch64-unknown-linux-gnu) gnu=aarch64-linux-gnu ;;
s390x-unknown-linux-gnu) gnu=s390x-linux-gnu ;;
i686-unknown-linux-gnu) gnu=i686-linux-gnu ;;
*) echo "$triple: only aarch64, s390x and i686 (-unknown-linux-gnu)" >&2 && exit 1 ;;
esac
command -v $gnu-g++ > /dev/null || needed "a C++ compiler" "g++-$gnu"
if [ $gnu = i686-linux-gnu ]; then
    # An x86-64 runs it. Doubles are to be doubles, as they are elsewhere.
    [ -e /lib/ld-linux.so.2 ] || needed "a C library" "libc6-i386 lib32gcc-s1 lib32stdc++6"
    export LLC_CFLAGS="-msse2 -mfpmath=sse"
else
    emulator=qemu-${gnu%%-*}
    command -v $emulator > /dev/null || needed "an emulator" qemu-user
    export LLC_RUNNER="$emulator -L /usr/$gnu" LLC_SLOWDOWN=20
fi

name=$(echo "$triple" | tr a-z- A-Z_)
export "CARGO_TARGET_${name}_LINKER=$gnu-gcc"
[ -z "${LLC_RUNNER:-}" ] || export "CARGO_TARGET_${name}_RUNNER=$LLC_RUNNER"
libraries=$("${RUSTC:-rustc}" --print sysroot)/lib/rustlib
build=
if [ ! -d "$libraries/$triple" ]; then
    [ -d "$libraries/src/rust/library" ] || { echo "$triple needs its standard library: rustup target add $triple" >&2; exit 1; }
    export RUSTC_BOOTSTRAP=1
    build=-Zbuild-std
fi
# Tests of what takes how long (api) would measure the emulator.
exec cargo test --manifest-path "$root/Cargo.toml" $build --target "$triple" --target-dir "$work" --no-fail-fast \
    --lib --test engine --test builtins --test reference --test c_programs "$@"
