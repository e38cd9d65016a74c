#!/bin/sh
# Fuzzes the C entry points with libFuzzer, the library under AddressSanitizer and with overflow checks.
#
#   run.sh FOLDER SECONDS      builds and keeps what it finds in FOLDER; two processes, so long each
#
# What is found is to be added to corpus/, which make test goes through, and which begins every run. FUZZ_COVERAGE=1 looks
# at functions only, not at every branch: more executions, fewer new ones.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$1
seconds=$2
triple=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$work/found"
work=$(cd "$work" && pwd)
command -v clang > /dev/null || { echo "make stress needs clang: apt-get install clang" >&2; exit 1; }

# Sanitizers are the compiler's unstable options. Coverage is what libFuzzer goes by.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=${FUZZ_COVERAGE:-3} -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
RUSTFLAGS="-Zsanitizer=address $coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions=on -Coverflow-checks=on" \
    cargo rustc --manifest-path "$root/Cargo.toml" --release --lib --crate-type staticlib --target "$triple" \
    --target-dir "$work"
clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -I"$root/include" "$here/fuzz.c" \
    "$work/$triple/release/libllc.a" -o "$work/fuzz" -lpthread -ldl -lm

cd "$work"
rm -f crash-* timeout-* oom-* fuzz-*.log
status=0
# Where memory was allocated is not kept, which takes time: what is found is run again by itself.
export ASAN_OPTIONS="malloc_context_size=0:quarantine_size_mb=4"
"$work/fuzz" -entropic=0 -len_control=0 -max_len=160 -reload=0 -reduce_inputs=0 -timeout=10 -rss_limit_mb=6000 \
    -max_total_time="$seconds" -print_final_stats=1 -print_funcs=0 -jobs=2 -workers=2 "$work/found" "$here/corpus" > "$work/log" 2>&1 || status=$?
grep -h 'stat::number_of_executed_units' fuzz-*.log || true
[ $status = 0 ] || { tail -n 40 fuzz-*.log >&2; echo "fuzzing found something: $work/crash-*, timeout-*" >&2; exit 1; }
