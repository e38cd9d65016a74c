//! The Rust API gives what SciPy gives, bit for bit, for every case of `tests/reference/cases.bin`, every way to say what
//! the function is, and any number of threads; it writes the output's elements and nothing else. `tests/reference/make.py` describes the file.
//!
//! Safe Rust has no arrays that overlap and no elements without alignment: such cases run on copies. It has no output
//! whose own elements share memory either: such cases, by name "output on itself", are left out. `c_tests/reference.c`
//! runs them all, as they are.

use std::fmt::Debug;
use std::path::Path;

use llc::{
    Element, Error, LaneFunction, LaneValues, Lanes, Mode, Options, Threads, Window, generic_filter,
    generic_filter_lanes, generic_filter_mut, generic_filter_seq,
};
use ndarray::{
    ArrayD, ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Axis, Dimension, IxDyn, ShapeBuilder, StrideShape,
};

#[test]
fn results_are_those_of_scipy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/cases.bin");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file = Reader(bytes.strip_prefix(b"llc-ref1").expect("a file of reference cases"));

    let count = file.int();
    let failures: Vec<String> = (0..count).filter_map(|_| failure(&Case::read(&mut file))).collect();
    assert!(file.0.is_empty(), "{} bytes after the last case", file.0.len());
    assert!(count > 0 && failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// Runs `$body` with `$T` standing for the type of a dtype of the C ABI.
macro_rules! with_type {
    ($dtype:expr, $T:ident => $body:expr) => {
        with_type!(@ $dtype, $T => $body, 0x806 bool, 0x800 i8, 0x1000 i16, 0x2000 i32, 0x4000 i64, 0x801 u8,
            0x1001 u16, 0x2001 u32, 0x4001 u64, 0x2002 f32, 0x4002 f64)
    };
    (@ $dtype:expr, $T:ident => $body:expr, $($number:literal $type:ty),*) => {
        match $dtype {
            $($number => { type $T = $type; $body })*
            other => panic!("unknown dtype {other:#x}"),
        }
    };
}

fn failure(case: &Case) -> Option<String> {
    if case.name.starts_with("output on itself") {
        return None;
    }
    with_type!(case.input.dtype, A => with_type!(case.output.dtype, B => failure_of::<A, B>(case)))
}

fn failure_of<A: Value, B: Value>(case: &Case) -> Option<String> {
    let expected: Vec<B> = case.expected.chunks_exact(size_of::<B>()).map(B::from_bytes).collect();
    let (input, input_layout) = case.input.typed::<A>();
    let (untouched, layout) = case.output.typed::<B>();
    assert_eq!(expected.len(), case.output.shape.iter().product::<usize>(), "{}: expected elements", case.name);
    let mut wanted = untouched.clone();
    layout.view_mut(&mut wanted).iter_mut().zip(&expected).for_each(|(place, &value)| *place = value);

    let mut window = match &case.footprint {
        Some(mask) => Window::from_footprint(mask.view()),
        None => Window::new(&case.window),
    };
    if let Some(origins) = &case.origins {
        window = window.origins(origins);
    }
    if let Some(axes) = &case.axes {
        window = window.axes(axes);
    }
    let options = |threads| {
        let options = Options::new().cval(case.cval).threads(threads);
        match (case.mode, &case.axis_modes) {
            (_, Some(modes)) => options.axis_modes(modes),
            (Some(mode), None) => options.mode(mode),
            (None, None) => options,
        }
    };

    for (way, threads) in WAYS {
        let mut memory = untouched.clone();
        let (input, output) = (input_layout.view(&input), layout.view_mut(&mut memory));
        let Some(result) = way.run(input, output, &window, options(threads), case.function) else { continue };
        let how = format!("{way:?}, {threads:?}");
        if let Err(error) = result {
            return Some(format!("{}, {how}: {error}", case.name));
        }
        let (got, all) = (layout.view(&memory), layout.view(&wanted));
        if let Some(i) = got.iter().zip(all).position(|(got, wanted)| !got.is_same(wanted)) {
            let got = got.iter().nth(i).unwrap();
            return Some(format!("{}, {how}: element {i} is {got:?}, expected {:?}", case.name, expected[i]));
        }
        if let Some(i) = memory.iter().zip(&wanted).position(|(got, wanted)| !got.is_same(wanted)) {
            return Some(format!("{}, {how}: memory beside the output's elements was written, at {i}", case.name));
        }
    }
    None
}

// --- The ways to filter.

#[derive(Debug, Clone, Copy)]
enum Way {
    Closure,
    Overwriting,
    Sequential,
    Lanewise,
}

const WAYS: [(Way, Threads); 8] = [
    (Way::Closure, Threads::Caller),
    (Way::Closure, Threads::Count(2)),
    (Way::Closure, Threads::Count(5)),
    (Way::Overwriting, Threads::Caller),
    (Way::Overwriting, Threads::Count(5)),
    (Way::Sequential, Threads::Caller),
    (Way::Lanewise, Threads::Caller),
    (Way::Lanewise, Threads::Count(5)),
];

impl Way {
    /// `None`: the function can't be written this way.
    fn run<A: Element, B: Element>(
        self,
        input: ArrayViewD<'_, A>,
        output: ArrayViewMutD<'_, B>,
        window: &Window<'_>,
        options: Options<'_>,
        function: Function,
    ) -> Option<Result<(), Error>> {
        Some(match self {
            Way::Closure => generic_filter(input, output, window, options, reading(function)),
            Way::Overwriting => generic_filter_mut(input, output, window, options, overwriting(function)),
            Way::Sequential => generic_filter_seq(input, output, window, options, reading(function)),
            Way::Lanewise if function.kind == Kind::Rank => return None,
            Way::Lanewise => generic_filter_lanes(input, output, window, options, function),
        })
    }
}

// Closures are made here, not where the elements' types are known: they would be other ones for each pair of types.

fn reading(function: Function) -> impl Fn(&[f64]) -> f64 + Sync {
    move |values| function.value(&mut values.to_vec())
}

fn overwriting(function: Function) -> impl Fn(&mut [f64]) -> f64 + Sync {
    move |values| function.value(values)
}

// --- The callbacks: c_tests/callbacks.h in Rust.

#[derive(Clone, Copy)]
struct Function {
    kind: Kind,
    user_data: isize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Minimum,
    Sum,
    Rank,
    Weighted,
    Divided,
    Silent,
}

const KINDS: [Kind; 6] = [Kind::Minimum, Kind::Sum, Kind::Rank, Kind::Weighted, Kind::Divided, Kind::Silent];

impl Function {
    fn value(self, values: &mut [f64]) -> f64 {
        match self.kind {
            Kind::Minimum => {
                let least = |least: f64, value: f64| if value < least { value } else { least };
                values.iter().copied().reduce(least).unwrap_or(f64::INFINITY)
            }
            Kind::Sum => {
                let sum = values.iter().fold(0.0, |sum, value| sum + value);
                values.fill(-1.0e300);
                sum
            }
            Kind::Rank => rank(values, self.user_data),
            Kind::Weighted => {
                let weighted = values.iter().zip(self.user_data..);
                weighted.fold(0.0, |sum, (value, weight)| sum + weight as f64 * value)
            }
            Kind::Divided => values.iter().zip(3..).fold(0.0, |sum, (value, divisor)| sum + value / f64::from(divisor)),
            Kind::Silent => 0.0,
        }
    }
}

impl LaneFunction for Function {
    #[inline(always)]
    fn call<const N: usize>(&self, values: LaneValues<'_, N>) -> Lanes<N> {
        let zero = Lanes::splat(0.0);
        match self.kind {
            Kind::Minimum => values.iter().reduce(Lanes::min).unwrap_or(Lanes::splat(f64::INFINITY)),
            Kind::Sum => values.iter().fold(zero, |sum, value| sum + value),
            Kind::Rank => unreachable!("sorting is no work for lanes"),
            Kind::Weighted => {
                let weighted = values.iter().zip(self.user_data..);
                weighted.fold(zero, |sum, (value, weight)| sum + weight as f64 * value)
            }
            Kind::Divided => {
                values.iter().zip(3..).fold(zero, |sum, (value, divisor)| sum + value / f64::from(divisor))
            }
            Kind::Silent => zero,
        }
    }
}

fn rank(values: &mut [f64], rank: isize) -> f64 {
    for k in 1..values.len() {
        let mut hole = k;
        while hole > 0 && values[hole - 1] > values[hole] {
            values.swap(hole - 1, hole);
            hole -= 1;
        }
    }
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    values[last.min(rank as usize)]
}

// --- The elements.

trait Value: Element + Copy + Debug {
    fn from_bytes(bytes: &[u8]) -> Self;

    /// The same bits, or NaN both.
    fn is_same(&self, other: &Self) -> bool;
}

macro_rules! values {
    ($($type:ty, $same:expr;)*) => {$(
        impl Value for $type {
            fn from_bytes(bytes: &[u8]) -> Self {
                <$type>::from_le_bytes(bytes.try_into().unwrap())
            }

            fn is_same(&self, other: &Self) -> bool {
                let same: fn(&Self, &Self) -> bool = $same;
                same(self, other)
            }
        }
    )*};
}

values! {
    i8, |a, b| a == b;
    i16, |a, b| a == b;
    i32, |a, b| a == b;
    i64, |a, b| a == b;
    u8, |a, b| a == b;
    u16, |a, b| a == b;
    u32, |a, b| a == b;
    u64, |a, b| a == b;
    f32, |a, b| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    f64, |a, b| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
}

impl Value for bool {
    fn from_bytes(bytes: &[u8]) -> Self {
        bytes[0] != 0
    }

    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

// --- The arrays.

/// Where the elements of an array are in its memory, counted in elements.
struct Layout {
    shape: Vec<usize>,
    strides: Vec<isize>,
    offset: usize,
}

impl Layout {
    /// C order without gaps.
    fn plain(shape: &[usize]) -> Self {
        let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product::<usize>() as isize).collect();
        Layout { shape: shape.to_vec(), strides, offset: 0 }
    }

    /// The first element in memory, and the layout from there with all strides turned positive, as ndarray wants it.
    fn forwards(&self) -> (usize, StrideShape<IxDyn>) {
        let steps = self.shape.iter().zip(&self.strides);
        let below: usize = steps.map(|(&n, s)| n.saturating_sub(1) * (-s).max(0) as usize).sum();
        let strides: Vec<usize> = self.strides.iter().map(|stride| stride.unsigned_abs()).collect();
        (self.offset - below, IxDyn(&self.shape).strides(IxDyn(&strides)))
    }

    fn view<'a, T>(&self, memory: &'a [T]) -> ArrayViewD<'a, T> {
        let (start, shape) = self.forwards();
        let mut view = ArrayView::from_shape(shape, &memory[start..]).unwrap();
        self.backward_axes().for_each(|axis| view.invert_axis(axis));
        view
    }

    fn view_mut<'a, T>(&self, memory: &'a mut [T]) -> ArrayViewMutD<'a, T> {
        let (start, shape) = self.forwards();
        let mut view = ArrayViewMut::from_shape(shape, &mut memory[start..]).unwrap();
        self.backward_axes().for_each(|axis| view.invert_axis(axis));
        view
    }

    fn backward_axes(&self) -> impl Iterator<Item = Axis> {
        self.strides.iter().enumerate().filter(|(_, stride)| **stride < 0).map(|(axis, _)| Axis(axis))
    }
}

/// An array of the file.
struct Stored<'a> {
    dtype: i64,
    shape: Vec<usize>,
    /// In bytes, `None` for C order without gaps.
    strides: Option<Vec<isize>>,
    memory: std::borrow::Cow<'a, [u8]>,
    offset: usize,
}

impl Stored<'_> {
    /// The memory as elements, and where in it those of the array are. A layout that has no place for a `T` is made
    /// plain.
    fn typed<T: Value>(&self) -> (Vec<T>, Layout) {
        let size = size_of::<T>();
        let plain = Layout::plain(&self.shape);
        if self.memory.is_empty() {
            // ndarray wants memory for the strides of an array without elements too.
            return (Vec::new(), Layout { strides: vec![0; plain.strides.len()], ..plain });
        }
        let strides = self.strides.clone().unwrap_or(plain.strides.iter().map(|s| s * size as isize).collect());

        if self.offset.is_multiple_of(size) && strides.iter().all(|stride| stride % size as isize == 0) {
            let elements = self.memory.chunks_exact(size).map(T::from_bytes).collect();
            let strides = strides.iter().map(|stride| stride / size as isize).collect();
            return (elements, Layout { shape: self.shape.clone(), strides, offset: self.offset / size });
        }
        let elements = ndarray::indices(IxDyn(&self.shape)).into_iter().map(|index| {
            let steps = index.slice().iter().zip(&strides).map(|(&i, s)| i as isize * s).sum();
            T::from_bytes(&self.memory[self.offset.checked_add_signed(steps).unwrap()..][..size])
        });
        (elements.collect(), plain)
    }
}

// --- The file.

struct Case<'a> {
    name: &'a str,
    function: Function,
    /// `None` for the default.
    mode: Option<Mode>,
    axis_modes: Option<Vec<Mode>>,
    cval: f64,
    input: Stored<'a>,
    output: Stored<'a>,
    window: Vec<usize>,
    footprint: Option<ArrayD<bool>>,
    origins: Option<Vec<isize>>,
    axes: Option<Vec<isize>>,
    expected: &'a [u8],
}

impl<'a> Case<'a> {
    fn read(file: &mut Reader<'a>) -> Self {
        let name = str::from_utf8(file.bytes().unwrap()).unwrap();
        let function = Function { kind: KINDS[file.int() as usize], user_data: file.int() as isize };
        let (mode, cval) = (mode_of(file.int()), f64::from_bits(file.int() as u64));
        let axis_modes = file.ints(|number| mode_of(number).unwrap_or_default());

        let (dtype, shape) = (file.int(), file.ints(|extent| extent as usize).unwrap());
        let strides = file.ints(|stride| stride as isize);
        let (memory, offset) = (file.bytes().unwrap_or(&[]), file.int() as usize);
        let input = Stored { dtype, shape: shape.clone(), strides, memory: memory.into(), offset };

        let (dtype, strides) = (file.int(), file.ints(|stride| stride as isize));
        let memory = match file.int() {
            -1 => memory.into(),
            size => vec![0xA5; size as usize].into(),
        };
        let output = Stored { dtype, shape, strides, memory, offset: file.int() as usize };

        let window = file.ints(|extent| extent as usize).unwrap();
        let footprint = file.bytes().map(|mask| {
            let taps = mask.iter().map(|&tap| tap != 0).collect();
            ArrayD::from_shape_vec(IxDyn(&window), taps).unwrap()
        });
        let (origins, axes) = (file.ints(|origin| origin as isize), file.ints(|axis| axis as isize));
        let expected = file.bytes().unwrap();
        Case { name, function, mode, axis_modes, cval, input, output, window, footprint, origins, axes, expected }
    }
}

/// A mode by its number in the C ABI; 0 is the default.
fn mode_of(number: i64) -> Option<Mode> {
    use Mode::*;
    let modes = [Reflect, Nearest, Mirror, Wrap, Constant, GridConstant, GridMirror, GridWrap];
    (number > 0).then(|| modes[number as usize - 1])
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(size);
        self.0 = rest;
        taken
    }

    fn int(&mut self) -> i64 {
        i64::from_bytes(self.take(8))
    }

    fn ints<T>(&mut self, convert: impl Fn(i64) -> T) -> Option<Vec<T>> {
        let count = self.int();
        (count >= 0).then(|| (0..count).map(|_| convert(self.int())).collect())
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let size = usize::try_from(self.int()).ok()?;
        Some(&self.take(size.next_multiple_of(8))[..size])
    }
}
