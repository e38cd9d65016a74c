# The front door. Everything is made below target/.
#
#   make          the shared and the static library, in target/release
#   make install, make uninstall   through CMake; PREFIX=/usr/local DESTDIR=
#   make demo     filters in C, C++ and Rust over a photograph, before and after
#   make test     every test: Rust, C, C++, Python, SciPy, the guide, the ABI, an install; valgrind and sanitizers
#   make stress   looks for races, fuzzes the C entry points; FUZZ_SECONDS=600
#   make docs     the reference and the guide as pages, target/doxygen/html
#   make lint     rustfmt, clippy and rustdoc, warnings are errors
#   make bench    side by side with SciPy and OpenCV; rewrites docs/builtins.png
#   make header   rewrites include/llc.h from src/capi
#   make abi      writes down the ABI anew, which make test compares
#   make reference   rewrites tests/reference/cases.bin with SciPy

CARGO ?= cargo
PYTHON ?= python3
# Whatever the environment says, so that the paths below are true.
export CARGO_TARGET_DIR := $(CURDIR)/target
RELEASE := target/release
DEMO := target/demo
VENV := target/venv
PREFIX ?= /usr/local
CMAKE ?= cmake
INSTALLER := target/cmake
# The ABI version, as in the soname that build.rs gives the library.
ABI := $(shell sed -n 's/^version = "\([0-9]*\.[0-9]*\).*/\1/p' Cargo.toml)
PNG := $(RELEASE)/examples/png
LINK_FLAGS := -L$(RELEASE) -Wl,-rpath,'$$ORIGIN/../release'
EXAMPLE_FLAGS := -O3 -fno-math-errno -ffp-contract=off -Wall -Wextra -Wpedantic -Iinclude $(LINK_FLAGS)

.PHONY: library install installer uninstall demo test test-rust test-scipy test-python test-abi test-install test-valgrind \
    test-sanitizers stress lint docs bench header abi reference clean

library:
	$(CARGO) build --release
	ln -sf libllc.so $(RELEASE)/libllc.so.$(ABI)

installer:
	@command -v $(CMAKE) >/dev/null || { echo "make install needs CMake: apt-get install cmake" >&2; exit 1; }
	$(CMAKE) -S . -B $(INSTALLER) -DCMAKE_INSTALL_PREFIX="$(PREFIX)" -DLLC_CARGO_TARGET_DIR="$(CARGO_TARGET_DIR)"
	$(CMAKE) --build $(INSTALLER)

install: installer
	DESTDIR="$(DESTDIR)" $(CMAKE) --install $(INSTALLER)

# What would be installed is what goes.
uninstall: installer
	rm -rf target/uninstall
	DESTDIR="$(CURDIR)/target/uninstall" $(CMAKE) --install $(INSTALLER) >/dev/null
	cd target/uninstall && find . ! -type d -exec rm -f "$(DESTDIR)/{}" \;
	cd target/uninstall && find . -type d -name llc -exec rmdir "$(DESTDIR)/{}" \;

demo: library
	$(CARGO) build --release --example png --example functions
	mkdir -p $(DEMO)
	$(CC) -std=c99 $(EXAMPLE_FLAGS) examples/c/first.c -o $(DEMO)/first -lllc
	$(CC) -std=c99 $(EXAMPLE_FLAGS) examples/c/demo.c -o $(DEMO)/demo -lllc -lm
	$(CC) -std=c99 $(EXAMPLE_FLAGS) examples/c/functions.c -o $(DEMO)/functions_c -lllc -lm
	$(CC) -std=c99 $(EXAMPLE_FLAGS) examples/c/builtins.c -o $(DEMO)/builtins -lllc
	$(CC) -std=c99 $(EXAMPLE_FLAGS) examples/c/modes.c -o $(DEMO)/modes -lllc
	$(CXX) -std=c++17 $(EXAMPLE_FLAGS) examples/cpp/functions.cpp -o $(DEMO)/functions_cpp -lllc
	$(DEMO)/first
	$(PNG) to-pgm examples/data/camera.png $(DEMO)/before.pgm
	$(DEMO)/demo $(DEMO)/before.pgm $(DEMO)/minimum.pgm $(DEMO)/contrast.pgm
	$(DEMO)/functions_c $(DEMO)/before.pgm $(DEMO)/cross.pgm $(DEMO)/deviation.pgm
	$(DEMO)/functions_cpp $(DEMO)/before.pgm $(DEMO)/cross_cpp.pgm $(DEMO)/deviation_cpp.pgm
	$(RELEASE)/examples/functions $(DEMO)/before.pgm $(DEMO)/cross_rust.pgm $(DEMO)/deviation_rust.pgm
	$(DEMO)/builtins $(DEMO)/before.pgm $(DEMO)/noisy.pgm $(DEMO)/denoised.pgm $(DEMO)/tophat.pgm
	$(DEMO)/modes $(DEMO)/before.pgm $(DEMO)/modes.pgm
	@for language in cpp rust; do for picture in cross deviation; do \
	    cmp $(DEMO)/$$picture.pgm $(DEMO)/$${picture}_$$language.pgm || exit 1; done; done; \
	    echo "The same functions in C, C++ and Rust gave the same pictures."
	@for picture in before minimum contrast cross deviation noisy denoised tophat modes; do \
	    $(PNG) to-png $(DEMO)/$$picture.pgm $(DEMO)/$$picture.png && echo "$(CURDIR)/$(DEMO)/$$picture.png"; done

test: docs test-rust test-scipy test-python test-abi test-install test-valgrind test-sanitizers

test-rust:
	$(CARGO) test
	for instructions in avx2 baseline; do \
	    LLC_INSTRUCTIONS=$$instructions $(CARGO) test --lib --test builtins --test engine || exit 1; done

# The built-in callbacks in SciPy's own filter, beside numpy's functions.
test-scipy: library $(VENV)/reference
	$(VENV)/bin/python tests/reference/builtins.py $(RELEASE)/libllc.so

# The Python package, as pip installs it; and SciPy's own tests with llc.generic_filter in place of SciPy's.
test-python: $(VENV)/python
	cd python/tests && ../../$(VENV)/python/bin/python -m pytest -q -p no:cacheprovider .
	cd python/tests && ../../$(VENV)/python/bin/python -m pytest -q -p no:cacheprovider -p in_scipys_place \
	    -W ignore --pyargs scipy.ndimage.tests.test_filters scipy.ndimage.tests.test_c_api

# What takes long. FUZZ_SECONDS says how long, for each of two processes.
FUZZ_SECONDS ?= 600
stress:
	c_tests/tsan.sh target/tsan
	c_tests/fuzz/run.sh target/fuzz $(FUZZ_SECONDS)

# The ABI beside what was written down of it.
test-abi: library
	c_tests/abi/check.sh target/abi $(RELEASE)/libllc.so

# Programs that use an installed library, found in every usual way.
test-install: library
	c_tests/consumer/check.sh target/install

# The C and C++ programs once more, each as one of its languages; their heap, and the library's, under valgrind (but what a
# program's own malloc has) ...
test-valgrind:
	@command -v valgrind >/dev/null || { echo "make test needs valgrind: apt-get install valgrind" >&2; exit 1; }
	LLC_SLOWDOWN=20 \
	LLC_RUNNER="valgrind -q --error-exitcode=9 --leak-check=full --suppressions=c_tests/valgrind.supp \
	    --soname-synonyms=somalloc=nouserintercepts" \
	    $(CARGO) test --test c_programs -- --skip ::cpp11 --skip ::cpp20

# ... and with the compiler's checks. (A window beyond all memory is to be refused, not to end the program.)
test-sanitizers:
	LLC_SLOWDOWN=5 ASAN_OPTIONS=allocator_may_return_null=1 \
	LLC_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" \
	    $(CARGO) test --test c_programs -- --skip ::cpp20

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

# The reference and the guide as pages, in target/doxygen. (That everything has a comment is rustc's business: missing_docs.)
docs:
	@command -v doxygen >/dev/null || { echo "make docs needs doxygen: apt-get install doxygen" >&2; exit 1; }
	mkdir -p target
	doxygen docs/Doxyfile

header:
	LLC_WRITE_HEADER=1 $(CARGO) test --test header

abi: library
	c_tests/abi/check.sh --write target/abi $(RELEASE)/libllc.so

bench: library $(VENV)/bench $(VENV)/python
	$(CARGO) build --release --example forms
	$(VENV)/bin/python benches/compare.py
	$(VENV)/bin/python benches/builtins.py --plot docs/builtins.png
	$(VENV)/python/bin/python benches/decorated.py

reference: $(VENV)/reference
	$(VENV)/bin/python tests/reference/make.py

$(VENV)/bench: benches/requirements.txt
$(VENV)/reference: tests/reference/requirements.txt
$(VENV)/%:
	$(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	touch $@

# An environment of its own, for whatever versions the package's extras ask for.
.PHONY: $(VENV)/python
$(VENV)/python:
	[ -d $@ ] || $(PYTHON) -m venv $@ || { echo "python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	$@/bin/python -m pip install --quiet 'python/[test]'

clean:
	$(CARGO) clean
