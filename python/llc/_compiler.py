"""Numba compiles a function of a window's values into callbacks: machine code that no Python is needed to run.

A batch callback is compiled for a constant number of taps. Then LLVM unrolls the function's loops over its values, puts
these into registers, and what is left is one loop over the elements that it can turn into vector instructions - if it
meets the loops as they were written. Numba optimises each function by itself, which for an unknown number of values
means loops unrolled and vectorised in ways that nothing can undo. So the function is compiled here without these two
(`_Inlinable`), and they are done when it has become part of the loop over the elements (`_Vectorised`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import _capsules
from ._native import ffi, lib

try:
    import llvmlite.binding as llvm
    import numba
    from llvmlite import ir
    from numba.core import cgutils, compiler, errors, types
    from numba.core.caching import FunctionCache
    from numba.core.ccallback import CFunc
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler_machinery import FunctionPass, register_pass
    from numba.core.untyped_passes import IRProcessing
    from numba.extending import intrinsic
    from numba.np.arrayobj import populate_array
except ImportError as error:
    raise ImportError("functions are compiled by numba 0.62 or later: pip install 'libllc[numba]'") from error

# More taps than LLVM unrolls the loops of.
MOST_TAPS = 49

_VERSION = ffi.string(lib.llc_version_string()).decode()

_DOUBLES = types.CPointer(types.float64)
_POINTERS = types.CPointer(_DOUBLES)
_INDICES = types.CPointer(types.intp)
_FILTER = types.intc(_DOUBLES, types.intp, _DOUBLES, types.voidptr)
_FILTER1D = types.intc(_DOUBLES, types.intp, _DOUBLES, types.intp, types.voidptr)
_GEOMETRIC = types.intc(_INDICES, _DOUBLES, types.intc, types.intc, types.voidptr)
_BATCH = types.intc(_POINTERS, types.intp, _DOUBLES, types.intp, types.voidptr, types.voidptr)

_VALUES = types.Array(types.float64, 1, "C")
_COORDINATES = types.Array(types.intp, 1, "C")

# What numba says no with.
_REFUSALS = (errors.NumbaError, NotImplementedError)


# How things are compiled.


class _Library(JITCodeLibrary):
    """A module of machine code, optimised in steps of our own."""

    def _optimize(self, unroll: bool, vectorize: bool) -> None:
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_unrolling, tuning.loop_interleaving = unroll, vectorize
        tuning.loop_vectorization, tuning.slp_vectorization = vectorize, False
        builder = llvm.create_pass_builder(self._codegen._tm, tuning)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(self._final_module, builder)


class _Inlinable(_Library):
    def _optimize_final_module(self) -> None:
        self._optimize(unroll=False, vectorize=False)


class _Vectorised(_Library):
    def _optimize_final_module(self) -> None:
        # What numpy's functions have come to says of their loops that they are not to be unrolled once more.
        text = re.sub(r", !llvm\.loop !\d+", "", str(self._final_module))
        self._final_module = llvm.parse_assembly(text)
        self._optimize(unroll=False, vectorize=False)
        self._optimize(unroll=True, vectorize=True)


def _compiler(library: type[_Library]) -> type[compiler.CompilerBase]:
    """Numba's compiler, into such a library."""

    @register_pass(mutates_CFG=False, analysis_only=True)
    class CreateLibrary(FunctionPass):
        _name = f"llc{library.__name__}"

        def __init__(self) -> None:
            super().__init__()

        def run_pass(self, state: Any) -> bool:
            state.library = library(state.targetctx.codegen(), state.func_id.func_qualname)
            state.library.enable_object_caching()
            return False

    class Compiler(compiler.CompilerBase):
        def define_pipelines(self) -> list:
            passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
            passes.add_pass_after(CreateLibrary, IRProcessing)
            passes.finalize()
            return [passes]

    return Compiler


_INLINABLE, _VECTORISED = _compiler(_Inlinable), _compiler(_Vectorised)


class Compiled(NamedTuple):
    """A function in machine code, which is there as long as `keep` is."""

    address: int
    keep: Any


class _Cache(FunctionCache):
    """Callbacks in files, where numba keeps functions: beside the Python function's, as long as that stays the same."""

    def __init__(self, function: Callable[..., Any], what: tuple):
        super().__init__(function)
        self._what = what

    def _index_key(self, sig: Any, codegen: Any) -> tuple:
        return *super()._index_key(sig, codegen), *self._what


class _Callback(CFunc):
    def __init__(self, function: Callable[..., Any], signature: Any, pipeline: Any, check: Callable[[], Any]):
        super().__init__(function, signature, {}, {"error_model": "numpy"}, pipeline)
        self._check = check

    def _compile_uncached(self) -> Any:
        self._check()
        return super()._compile_uncached()


def _compile(
    signature: Any,
    function: Callable[..., Any],
    pipeline: Any = compiler.Compiler,
    check: Callable[[], Any] = lambda: None,
    cache: _Cache | None = None,
) -> Compiled:
    """A callback of this function, if it can be compiled: else `check` is to say why."""
    made = _Callback(function, (signature.args, signature.return_type), pipeline, check)
    if cache is not None:
        made._cache = cache
    made.compile()
    return Compiled(made.address, made)


def refusal(signature: bytes) -> Compiled:
    """A callback of this signature that gives up."""
    if signature == _capsules.FILTER:
        return _compile(_FILTER, lambda buffer, filter_size, return_value, user_data: 0)
    kind = _FILTER1D if signature == _capsules.FILTER1D else _GEOMETRIC
    return _compile(kind, lambda a, b, c, d, user_data: 0)


# Arguments besides the values.


class Arguments:
    """Further arguments of a function, in memory where callbacks find them: numbers, and numpy's arrays of these."""

    def __init__(self, values: Sequence[Any]):
        kinds, words, self.keep = [], [], []
        for value in values:
            if isinstance(value, np.ndarray):
                value = np.ascontiguousarray(value, value.dtype.newbyteorder("=")).reshape(value.shape)
                self.keep.append(value)
                kinds.append(types.Array(_kind(value.dtype), value.ndim, "C", readonly=True))
                words += [value.ctypes.data, *value.shape]
            elif isinstance(value, (bool, np.bool_)):
                kinds.append(types.boolean)
                words.append(int(value))
            elif isinstance(value, (int, np.integer)):
                if not -(2**63) <= value < 2**63:
                    raise ValueError(f"an extra argument is {value}: compiled functions take integers of 64 bits")
                kinds.append(types.int64)
                words.append(int(value))
            elif isinstance(value, (float, np.floating)):
                kinds.append(types.float64)
                words.append(int(np.float64(value).view(np.int64)))
            else:
                raise TypeError(f"an extra argument is {value!r}: compiled functions take numbers and arrays")
        self.kinds = tuple(kinds)
        self.words = np.array(words, dtype=np.int64)

    @property
    def address(self) -> int:
        return self.words.ctypes.data if self.kinds else 0


def _kind(dtype: np.dtype) -> Any:
    try:
        return numba.from_dtype(dtype)
    except _REFUSALS:
        raise TypeError(f"an extra argument is an array of {dtype}, which compiled functions don't take") from None


def _unpacking(kinds: tuple) -> Callable[[Any], Any]:
    """A compiled function that gives the arguments of such types that user_data points to."""

    @intrinsic
    def unpack(context: Any, user_data: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            word, values, number = ir.IntType(64), [], 0

            def at(number: int) -> Any:
                return builder.gep(builder.bitcast(arguments[0], word.as_pointer()), [ir.Constant(word, number)])

            for kind in kinds:
                if isinstance(kind, types.Array):
                    shape = [builder.load(at(number + 1 + axis)) for axis in range(kind.ndim)]
                    values.append(_array(context, builder, kind, builder.load(at(number)), shape))
                    number += 1 + kind.ndim
                else:
                    pointer = builder.bitcast(at(number), context.get_data_type(kind).as_pointer())
                    values.append(context.unpack_value(builder, kind, pointer))
                    number += 1
            return context.make_tuple(builder, signature.return_type, values)

        return types.Tuple(kinds)(user_data), generate

    return unpack


def _array(context: Any, builder: Any, kind: Any, address: Any, shape: list) -> Any:
    """An array of memory that belongs to somebody else."""
    array = context.make_array(kind)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides = [size]
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    populate_array(array, data=builder.inttoptr(address, array.data.type),
                   shape=cgutils.pack_array(builder, shape, ty=size.type),
                   strides=cgutils.pack_array(builder, strides[:len(shape)], ty=size.type),
                   itemsize=size, meminfo=None)
    return array._getvalue()


def _on_the_stack(count: int) -> Callable[[], Any]:
    """A compiled function that gives room for so many values."""

    @intrinsic
    def room(context: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return cgutils.alloca_once(builder, context.get_data_type(types.float64), size=count)

        return _DOUBLES(), generate

    return room


# What is compiled.


class Function:
    """A Python function, to be compiled as a part of callbacks."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]):
        self.function = function
        options = {"error_model": "numpy", **options}
        # Callbacks are kept, not what they are made of.
        self.is_cached = bool(options.pop("cache", False))
        self.options = tuple(sorted((name, repr(option)) for name, option in options.items()))
        self.inlined = inlined = numba.njit(forceinline=True, pipeline_class=_INLINABLE, **options)(function)

        @numba.njit(forceinline=True, pipeline_class=_INLINABLE)
        def apply(own, further):  # type: ignore[no-untyped-def]
            return inlined(*(own + further))

        self.apply = apply

    def returns(self, *kinds: Any) -> Any:
        """The type of what it returns for arguments of such types. TypeError if it can't be compiled for these."""
        try:
            self.inlined.compile(kinds)
        except _REFUSALS as error:
            raise TypeError(f"{self.function.__qualname__} can't be compiled for arguments of the types "
                            f"{', '.join(map(str, kinds))}: {_essence(error)}") from error
        return self.inlined.overloads[kinds].signature.return_type

    def returns_a_number(self, kinds: tuple) -> None:
        result = self.returns(_VALUES, *kinds)
        if not isinstance(result, (types.Number, types.Boolean)) or isinstance(result, types.Complex):
            raise TypeError(f"{self.function.__qualname__} is to return a number, but returns {result}")

    def cache(self, kinds: tuple, *what: Any) -> _Cache | None:
        """Where a callback is kept."""
        if not self.is_cached:
            return None
        return _Cache(self.function, ("llc", _VERSION, *what, str(kinds), self.options))

    def filter(self, kinds: tuple) -> Compiled:
        """A pixel callback."""
        apply, unpack = self.apply, _unpacking(kinds)

        def pixel(buffer, filter_size, return_value, user_data):  # type: ignore[no-untyped-def]
            values, further = numba.carray(buffer, (filter_size,)), unpack(user_data)
            try:
                return_value[0] = apply((values,), further)
            except Exception:
                return 0
            return 1

        return _compile(_FILTER, pixel, compiler.Compiler, lambda: self.returns_a_number(kinds),
                        self.cache(kinds, "pixel"))

    def batch(self, taps: int, kinds: tuple) -> Compiled:
        """A batch callback for windows of so many taps."""
        apply, unpack = self.apply, _unpacking(kinds)
        lines = [
            "def batch(tap_pointers, filter_size, return_values, count, batch, user_data):",
            f"    if filter_size != {taps}:",
            "        return 0",
            "    further, memory = unpack(user_data), doubles()",
            *(f"    p{k} = tap_pointers[{k}]" for k in range(taps)),
            f"    values = carray(memory, ({taps},))",
            "    for j in range(count):",
            *(f"        memory[{k}] = p{k}[j]" for k in range(taps)),
            "        try:",
            "            return_values[j] = apply((values,), further)",
            "        except Exception:",
            "            return 0",
            "    return 1",
        ]
        names = {"__name__": __name__, "apply": apply, "unpack": unpack, "doubles": _on_the_stack(taps),
                 "carray": numba.carray}
        exec("\n".join(lines), names)
        return _compile(_BATCH, names["batch"], _VECTORISED, lambda: self.returns_a_number(kinds),
                        self.cache(kinds, "batch", taps))

    def filter1d(self, kinds: tuple) -> Compiled:
        """A callback for `scipy.ndimage.generic_filter1d`."""
        apply, unpack = self.apply, _unpacking(kinds)

        def line(input_line, input_length, output_line, output_length, user_data):  # type: ignore[no-untyped-def]
            lines = numba.carray(input_line, (input_length,)), numba.carray(output_line, (output_length,))
            further = unpack(user_data)
            try:
                apply(lines, further)
            except Exception:
                return 0
            return 1

        return _compile(_FILTER1D, line, compiler.Compiler, lambda: self.returns(_VALUES, _VALUES, *kinds),
                        self.cache(kinds, "line"))

    def geometric(self, kinds: tuple, fills: bool) -> Compiled:
        """A callback for `scipy.ndimage.geometric_transform`: the function fills coordinates in, or returns them."""
        apply, unpack = self.apply, _unpacking(kinds)
        if fills:
            def fill(output, input, output_rank, input_rank, user_data):  # type: ignore[no-untyped-def]
                coordinates = numba.carray(output, (output_rank,)), numba.carray(input, (input_rank,))
                further = unpack(user_data)
                try:
                    apply(coordinates, further)
                except Exception:
                    return 0
                return 1

            return _compile(_GEOMETRIC, fill, compiler.Compiler, lambda: self.returns(_COORDINATES, _VALUES, *kinds),
                            self.cache(kinds, "coordinates", fills))

        def give(output, input, output_rank, input_rank, user_data):  # type: ignore[no-untyped-def]
            coordinates, further = numba.carray(output, (output_rank,)), unpack(user_data)
            try:
                found = apply((coordinates,), further)
            except Exception:
                return 0
            for axis in range(input_rank):
                input[axis] = found[axis]
            return 1

        return _compile(_GEOMETRIC, give, compiler.Compiler, lambda: self.returns(_COORDINATES, *kinds),
                        self.cache(kinds, "coordinates", fills))


def _essence(error: Exception) -> str:
    """What numba says, without what it says of itself."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    told = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith(('File "', "During:")) and told:
            break
        if line and not line.startswith("Failed in nopython"):
            told.append(line)
    return " ".join(told)
