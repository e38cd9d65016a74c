#!/bin/sh
# Compares the ABI that llc.h describes, and the symbols that the library exports, with what was written down here:
#
#   symbols        what the library exports
#   constants      the header's constants
#   types.abi      the functions' arguments and the layout of structs, as abidw (libabigail) describes them
#   llc.h          the header of that time
#
#   check.sh FOLDER LIBRARY            compares, working in FOLDER
#   check.sh --write FOLDER LIBRARY    writes them down anew: make abi
#
# What breaks programs takes another soname: see build.rs. Whatever is added takes an entry in CHANGELOG.md.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
write=no
[ "$1" != --write ] || { write=yes; shift; }
work=$1
library=$2
: "${CC:=cc}"
mkdir -p "$work"

fail() { echo "abi: $*" >&2; exit 1; }
command -v abidiff > /dev/null || fail "abidiff is missing: apt-get install abigail-tools"
sorted() { LC_ALL=C sort "$@"; }

soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
nm -D --defined-only "$library" | awk '{ print $3 }' | sorted > "$work/symbols"

# A program has the values of constants in it. (Of these macros use some, which they may change.)
internal='LLC_AHEAD|LLC_BLOCK|LLC_CACHE_LINE|LLC_FEW|LLC_LANES|LLC_VERSION_.*'
{
    printf '#include <llc.h>\n#include <stdio.h>\nint main(void)\n{\n'
    "$CC" -std=c99 -dM -E -I "$root/include" "$root/include/llc.h" |
        sed -n 's/^#define \(LLC_[A-Z0-9_]*\) [-(0-9].*/\1/p' | grep -v -x -E "$internal" |
        sed 's/.*/    printf("%s %lld\\n", "&", (long long)(&));/'
    printf '    return 0;\n}\n'
} > "$work/constants.c"
"$CC" -std=c99 -I "$root/include" "$work/constants.c" -o "$work/constants_program"
"$work/constants_program" | sorted > "$work/constants"

# A library in C that has the header's functions: its debugging information says what their types are.
{
    echo '#include <llc.h>'
    "$CC" -std=c99 -E -P -I "$root/include" "$root/include/llc.h" |
        awk 'BEGIN { RS = ";" } /[ *\n]llc_[a-z_]+\(/ && !/[{}]/ && !/typedef/ { print $0 " { __builtin_trap(); }" }'
} > "$work/stub.c"
"$CC" -std=c99 -g -O0 -w -shared -fPIC -I "$root/include" "$work/stub.c" -Wl,-soname,"$soname" -o "$work/stub.so"
nm -D --defined-only "$work/stub.so" | awk '$3 ~ /^llc_/ { print $3 }' | sorted > "$work/declared"
diff "$work/declared" "$work/symbols" || fail "the library exports others than llc.h declares"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-architecture --exported-interfaces-only \
    --type-id-style hash "$work/stub.so" > "$work/types.abi"

if [ $write = yes ]; then
    cp "$work/symbols" "$work/constants" "$work/types.abi" "$root/include/llc.h" "$here"
    exit
fi

before=$(sed -n "s/.*soname='\([^']*\)'.*/\1/p" "$here/types.abi" | head -n 1)
[ "$soname" = "$before" ] || fail "the soname was $before and is $soname: write down its ABI with make abi"
breaks() { fail "programs that were linked with $soname break: $*. That takes another version, with its soname"; }
for list in symbols constants; do
    gone=$(LC_ALL=C comm -23 "$here/$list" "$work/$list")
    [ -z "$gone" ] || breaks "gone, or others now:" $gone
done
members() { sed -n "/class-decl name='$2'/,/<\/class-decl>/{ /layout-offset/p; /var-decl/p; }" "$1"; }
for struct in llc_options llc_batch; do
    members "$here/types.abi" $struct > "$work/members"
    [ -s "$work/members" ] || fail "types.abi doesn't say what $struct has"
    members "$work/types.abi" $struct | head -n "$(wc -l < "$work/members")" | diff "$work/members" - >&2 ||
        breaks "members of $struct are others (above), where it may only grow"
done
abidiff --no-added-syms --suppressions "$here/grows.suppr" "$here/types.abi" "$work/types.abi" > "$work/difference" ||
    { cat "$work/difference" >&2; breaks "functions or types are others (above)"; }

for list in symbols constants; do
    for name in $(LC_ALL=C comm -13 "$here/$list" "$work/$list" | cut -d ' ' -f 1); do
        grep -q -w "$name" "$root/CHANGELOG.md" || fail "$name is new: it takes an entry in CHANGELOG.md, and make abi"
        fail "$name is new: write it down with make abi"
    done
done
abidiff "$here/types.abi" "$work/types.abi" > "$work/difference" ||
    { cat "$work/difference" >&2; fail "a struct has grown: that takes an entry in CHANGELOG.md, and make abi"; }

for program in layout options builtins errors; do
    "$CC" -std=c99 -pthread -I "$here" "$root/c_tests/$program.c" -o "$work/$program" "$library" -lpthread -lm
    LD_LIBRARY_PATH=$(dirname "$library") "$work/$program" > "$work/log" ||
        { cat "$work/log"; fail "$program, compiled with the last header, doesn't run with this library"; }
done
echo "abi: compatible with what was written down as $before"
