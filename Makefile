# The front door. Everything is made below target/.
#
#   make          the shared and the static library, in target/release
#   make demo     two filters in C over a photograph, before and after
#   make test     every test: Rust, C, C++; again under valgrind and with sanitizers
#   make lint     rustfmt, clippy and rustdoc, warnings are errors
#   make bench    side by side with SciPy
#   make header   rewrites include/llc.h from src/capi
#   make reference   rewrites tests/reference/cases.bin with SciPy

CARGO ?= cargo
PYTHON ?= python3
# Whatever the environment says, so that the paths below are true.
export CARGO_TARGET_DIR := $(CURDIR)/target
RELEASE := target/release
DEMO := target/demo
VENV := target/venv
# The ABI version, as in the soname that build.rs gives the library.
ABI := $(shell sed -n 's/^version = "\([0-9]*\.[0-9]*\).*/\1/p' Cargo.toml)
PNG := $(RELEASE)/examples/png
EXAMPLE_FLAGS := -std=c99 -O2 -Wall -Wextra -Wpedantic -Iinclude -L$(RELEASE) -Wl,-rpath,'$$ORIGIN/../release'

.PHONY: library demo test test-rust test-valgrind test-sanitizers lint bench header reference clean

library:
	$(CARGO) build --release
	ln -sf libllc.so $(RELEASE)/libllc.so.$(ABI)

demo: library
	$(CARGO) build --release --example png
	mkdir -p $(DEMO)
	$(CC) $(EXAMPLE_FLAGS) examples/c/first.c -o $(DEMO)/first -lllc
	$(CC) $(EXAMPLE_FLAGS) examples/c/demo.c -o $(DEMO)/demo -lllc -lm
	$(DEMO)/first
	$(PNG) to-pgm examples/data/camera.png $(DEMO)/before.pgm
	$(DEMO)/demo $(DEMO)/before.pgm $(DEMO)/minimum.pgm $(DEMO)/contrast.pgm
	@for picture in before minimum contrast; do \
	    $(PNG) to-png $(DEMO)/$$picture.pgm $(DEMO)/$$picture.png && echo "$(CURDIR)/$(DEMO)/$$picture.png"; done

test: test-rust test-valgrind test-sanitizers

test-rust:
	$(CARGO) test

# The C and C++ programs once more, each as one of its languages; their heap, and the library's, under valgrind ...
test-valgrind:
	@command -v valgrind >/dev/null || { echo "make test needs valgrind: apt-get install valgrind" >&2; exit 1; }
	LLC_SLOWDOWN=20 \
	LLC_RUNNER="valgrind -q --error-exitcode=9 --leak-check=full --suppressions=c_tests/valgrind.supp" \
	    $(CARGO) test --test c_programs -- --skip ::cpp11 --skip ::cpp20

# ... and with the compiler's checks. (A window beyond all memory is to be refused, not to end the program.)
test-sanitizers:
	LLC_SLOWDOWN=5 ASAN_OPTIONS=allocator_may_return_null=1 \
	LLC_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" \
	    $(CARGO) test --test c_programs

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

header:
	LLC_WRITE_HEADER=1 $(CARGO) test --test header

bench: library $(VENV)/bench
	$(CARGO) build --release --example forms
	$(VENV)/bin/python benches/compare.py

reference: $(VENV)/reference
	$(VENV)/bin/python tests/reference/make.py

$(VENV)/bench: benches/requirements.txt
$(VENV)/reference: tests/reference/requirements.txt
$(VENV)/%:
	$(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	touch $@

clean:
	$(CARGO) clean
