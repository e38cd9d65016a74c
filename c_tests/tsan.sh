#!/bin/sh
# The programs that use threads under ThreadSanitizer, which sees every access of theirs, the library's and the standard
# library's.
#
#   tsan.sh FOLDER      builds there
#
# The standard library is compiled anew for it, from its source.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
rustc=${RUSTC:-rustc}
triple=$("$rustc" -vV | sed -n 's/^host: //p')
[ -d "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library" ] || {
    echo "make stress needs the standard library's source: rustup component add rust-src" >&2
    exit 1
}
command -v clang > /dev/null || { echo "make stress needs clang: apt-get install clang" >&2; exit 1; }
mkdir -p "$1"
work=$(cd "$1" && pwd)

RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=thread" \
    cargo rustc --manifest-path "$root/Cargo.toml" -Zbuild-std=std,panic_unwind --target "$triple" --lib \
    --crate-type staticlib --target-dir "$work"
# Older runtimes than rustc's LLVM don't have these, but see calls of the plain ones.
cat > "$work/older.c" << 'END'
#include <string.h>
__attribute__((weak)) void *__tsan_memcpy(void *to, const void *from, size_t size) { return memcpy(to, from, size); }
__attribute__((weak)) void *__tsan_memmove(void *to, const void *from, size_t size) { return memmove(to, from, size); }
__attribute__((weak)) void *__tsan_memset(void *to, int byte, size_t size) { return memset(to, byte, size); }
END
clang -c -fno-builtin "$work/older.c" -o "$work/older.o"
# Where its shadow lies is not always free in an address space that is laid out at random. After a fork in a process with
# threads it goes on: the library promises that. A race whose history is forgotten is not reported.
run() {
    clang -std=c99 -g -O1 -fsanitize=thread -I"$root/include" "$1" "$work/older.o" "$work/$triple/debug/libllc.a" \
        -o "$work/program" -lpthread -ldl -lm
    LLC_SLOWDOWN=20 TSAN_OPTIONS="halt_on_error=1 history_size=7 die_after_fork=0" setarch -R "$work/program"
}

# A callback that counts without asking: what is looked for is seen, if not always at once.
cat > "$work/race.c" << 'END'
#include <llc.h>
static double in[400][400], out[400][400];
static int counting(double *buffer, intptr_t filter_size, double *return_value, void *user_data)
{
    volatile long *calls = (volatile long *)user_data;
    for (int i = 0; i < 50; i++)
        *calls += 1;
    *return_value = buffer[filter_size - 1];
    return 1;
}
int main(void)
{
    llc_options options = LLC_OPTIONS_INIT;
    long calls = 0;
    options.threads = 4;
    return llc_generic_filter(LLC_ARRAY(in, LLC_FLOAT64, 400, 400), LLC_ARRAY(out, LLC_FLOAT64, 400, 400), LLC_BOX(3, 3),
                              counting, &calls, &options, NULL) != LLC_OK;
}
END
for attempt in 1 2 3 4 5; do
    run "$work/race.c" > "$work/race.log" 2>&1 || true
    grep -q "data race" "$work/race.log" && break
    [ $attempt -lt 5 ] || { echo "ThreadSanitizer does not see a race: $work/race.log" >&2; exit 1; }
done
for program in threads failure progress batch no_threads process; do
    run "$here/$program.c" || { echo "$program failed under ThreadSanitizer" >&2; exit 1; }
    echo "$program: no race"
done
