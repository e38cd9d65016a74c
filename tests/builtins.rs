//! Holds what the driver makes of the built-in callbacks to the callbacks themselves, bit for bit.
//!
//! Each filter runs twice: with the callback's own address, which the driver recognises and has a kernel for, and behind
//! a function of another address, which it calls for every element.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use llc as _;
use proptest::prelude::*;

type Callback = unsafe extern "C" fn(*mut f64, isize, *mut f64, *mut c_void) -> c_int;

#[repr(C)]
struct Array {
    data: *mut c_void,
    dtype: i32,
    ndim: i32,
    shape: *const isize,
    strides: *const isize,
}

#[repr(C)]
struct Window {
    ndim: i32,
    flags: i32,
    shape: *const isize,
    footprint: *const u8,
    origins: *const isize,
    axes: *const i32,
}

#[repr(C)]
struct Options {
    struct_size: usize,
    mode: i32,
    threads: i32,
    cval: f64,
    axis_modes: *const i32,
    progress: *const c_void,
    progress_data: *const c_void,
}

#[repr(C)]
struct Error {
    status: i32,
    reserved0: i32,
    index: isize,
    reserved: [isize; 2],
    message: [c_char; 256],
}

unsafe extern "C" {
    fn llc_builtin(name: *const c_char) -> Option<Callback>;
    fn llc_generic_filter(
        input: *const Array,
        output: *const Array,
        window: *const Window,
        function: Option<Callback>,
        user_data: *mut c_void,
        options: *const Options,
        error: *mut Error,
    ) -> i32;
}

/// What a twin calls.
struct Twin {
    function: Callback,
    user_data: *mut c_void,
}

unsafe extern "C" fn twin(buffer: *mut f64, size: isize, value: *mut f64, user_data: *mut c_void) -> c_int {
    // SAFETY: what the driver passes on, and whatever it calls a callback with.
    unsafe {
        let twin = &*user_data.cast::<Twin>();
        (twin.function)(buffer, size, value, twin.user_data)
    }
}

#[derive(Debug, Clone)]
struct Case {
    shape: Vec<usize>,
    input: (i32, Vec<u8>),
    output: i32,
    /// Elements are every so many, backwards if negative.
    step: isize,
    extents: Vec<usize>,
    mask: Option<Vec<u8>>,
    origins: Vec<isize>,
    /// Whether the window's entries are for the array's axes in reverse.
    turned: bool,
    mode: i32,
    cval: f64,
    threads: i32,
    /// Decides parameters.
    parameter: f64,
}

const INT: i32 = 0;
const UINT: i32 = 1;
const FLOAT: i32 = 2;
const BOOL: i32 = 6;

const DTYPES: [i32; 11] = [
    FLOAT | 64 << 8,
    FLOAT | 32 << 8,
    UINT | 8 << 8,
    UINT | 16 << 8,
    INT | 16 << 8,
    INT | 8 << 8,
    UINT | 32 << 8,
    INT | 32 << 8,
    INT | 64 << 8,
    UINT | 64 << 8,
    BOOL | 8 << 8,
];

fn size_of_dtype(dtype: i32) -> usize {
    (dtype >> 8) as usize / 8
}

/// Elements of a dtype as bytes, made of random numbers. The lower `spread` is, the more of them are equal.
fn elements(dtype: i32, random: &[u32], spread: u32, special: bool) -> Vec<u8> {
    let float = |random: u32| match random % 97 {
        0 if special => f64::NAN,
        1 if special => -f64::NAN,
        2 if special => -0.0,
        3 if special => 0.0,
        4 if special => f64::INFINITY,
        5 if special => f64::NEG_INFINITY,
        6 if special => 1.6e308,
        7 if special => -1.6e308,
        _ => f64::from(random % spread) * 0.37 - f64::from(spread / 3),
    };
    let mut bytes = Vec::new();
    for &random in random {
        let number = random % spread;
        match dtype {
            _ if dtype == FLOAT | 64 << 8 => bytes.extend(float(random).to_ne_bytes()),
            _ if dtype == FLOAT | 32 << 8 => bytes.extend((float(random) as f32).to_ne_bytes()),
            // Large and small numbers, also such as doubles don't hold.
            _ if size_of_dtype(dtype) == 8 => {
                bytes.extend(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_ne_bytes());
            }
            _ => bytes.extend(&number.wrapping_mul(0x9e37_79b9).rotate_left(7).to_ne_bytes()[..size_of_dtype(dtype)]),
        }
    }
    bytes
}

fn cases() -> impl Strategy<Value = Case> {
    let shapes = prop_oneof![
        3 => prop::collection::vec(1_usize..8, 1..5),
        3 => (1_usize..40, 1_usize..90).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (600_usize..3000).prop_map(|n| vec![n]),
        1 => (8000_usize..9000).prop_map(|n| vec![n]),
        2 => (2_usize..14, 512_usize..700).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (1_usize..4, 2000_usize..5000).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (70_usize..90, 512_usize..530).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (2_usize..6, 2_usize..8, 90_usize..130).prop_map(|(z, y, x)| vec![z, y, x]),
        1 => (2_usize..9, 100_usize..200, 3_usize..5).prop_map(|(z, y, x)| vec![z, y, x]),
    ];
    (shapes, prop::sample::select(vec![1_isize, 1, 1, -1, 2])).prop_flat_map(|(shape, step)| {
        let dims = shape.len();
        let count = shape.iter().product::<usize>() * step.unsigned_abs();
        let extents = prop::collection::vec(
            prop_oneof![3 => 1_usize..=[1, 130, 19, 6, 4][dims], 1 => Just(1_usize), 1 => Just(3_usize)],
            dims,
        );
        let tall = (20_usize..150, 1_usize..4).prop_map(|(rows, columns)| vec![rows, columns]);
        let extents = if dims == 2 { prop_oneof![9 => extents, 1 => tall].boxed() } else { extents.boxed() };
        let arrays = (
            prop::sample::select(DTYPES.to_vec()),
            prop::collection::vec(any::<u32>(), count),
            prop::sample::select(vec![2_u32, 9, 300, 1 << 30]),
            any::<bool>(),
        );
        (Just((shape, step)), arrays, extents).prop_flat_map(
            |((shape, step), (dtype, random, spread, special), extents)| {
                let volume = extents.iter().product::<usize>();
                let mask = prop_oneof![
                    3 => Just(None),
                    1 => prop::collection::vec(0_u8..2, volume).prop_map(Some),
                    1 => prop::collection::vec(prop::bool::weighted(0.9).prop_map(u8::from), volume).prop_map(Some),
                    1 => prop::collection::vec(prop::bool::weighted(0.1).prop_map(u8::from), volume).prop_map(Some),
                ];
                let origins: Vec<_> =
                    extents.iter().map(|&extent| -(extent as isize / 2)..=(extent as isize - 1) / 2).collect();
                let output = prop_oneof![2 => Just(dtype), 1 => prop::sample::select(DTYPES.to_vec())];
                let cval = prop::sample::select(vec![0.0, 1.0, -0.0, 3.7, f64::NAN, f64::INFINITY, 200.0, -1e300]);
                let fixed = Just((shape, (dtype, elements(dtype, &random, spread, special)), step, extents));
                let turned = prop::bool::weighted(0.1);
                (fixed, mask, (origins, turned), output, 0_i32..6, cval, 0_i32..4, 0.0_f64..1.0).prop_map(
                    |(
                        (shape, input, step, extents),
                        mask,
                        (origins, turned),
                        output,
                        mode,
                        cval,
                        threads,
                        parameter,
                    )| Case {
                        shape,
                        input,
                        output,
                        step,
                        extents,
                        mask,
                        origins,
                        turned,
                        mode,
                        cval,
                        threads,
                        parameter,
                    },
                )
            },
        )
    })
}

impl Case {
    fn taps(&self) -> usize {
        self.mask.as_ref().map_or(self.extents.iter().product(), |mask| mask.iter().filter(|&&tap| tap != 0).count())
    }

    /// The output's bytes with a function, and its user_data.
    fn run(&self, function: Callback, user_data: *mut c_void, threads: i32) -> Vec<u8> {
        let dims = self.shape.len();
        let isizes = |items: &[usize]| items.iter().map(|&item| item as isize).collect::<Vec<_>>();
        let (shape, extents) = (isizes(&self.shape), isizes(&self.extents));
        let size = size_of_dtype(self.input.0) as isize;
        let mut strides = vec![size * self.step; dims];
        for axis in (1..dims).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let count = self.shape.iter().product::<usize>();
        let first = if self.step < 0 { (count - 1) * size as usize } else { 0 };
        let turned: Vec<i32> = (0..dims as i32).rev().collect();
        let mut output = vec![0xa5_u8; count * size_of_dtype(self.output)];
        let array = |data, dtype, strides| Array { data, dtype, ndim: dims as i32, shape: shape.as_ptr(), strides };
        let input = array(self.input.1[first..].as_ptr().cast_mut().cast(), self.input.0, strides.as_ptr());
        let written = array(output.as_mut_ptr().cast(), self.output, ptr::null());
        let window = Window {
            ndim: dims as i32,
            flags: 0,
            shape: extents.as_ptr(),
            footprint: self.mask.as_ref().map_or(ptr::null(), |mask| mask.as_ptr()),
            origins: self.origins.as_ptr(),
            axes: if self.turned { turned.as_ptr() } else { ptr::null() },
        };
        let options = Options {
            struct_size: size_of::<Options>(),
            mode: self.mode,
            threads,
            cval: self.cval,
            axis_modes: ptr::null(),
            progress: ptr::null(),
            progress_data: ptr::null(),
        };
        let mut error = Error { status: 0, reserved0: 0, index: 0, reserved: [0; 2], message: [0; 256] };
        // SAFETY: the arrays are as long as they say, and all lists too.
        let status =
            unsafe { llc_generic_filter(&input, &written, &window, Some(function), user_data, &options, &mut error) };
        // SAFETY: the library ends its messages with a zero byte.
        let message = unsafe { CStr::from_ptr(error.message.as_ptr()) };
        assert_eq!(status, 0, "{message:?}");
        output
    }

    /// Compares a built-in with its twin.
    fn check(&self, name: &str) -> Result<(), TestCaseError> {
        let taps = self.taps();
        // SAFETY: a text that ends with a zero byte.
        let function = unsafe { llc_builtin(CString::new(name).unwrap().as_ptr()) }.expect("it is built in");
        let rank = ((2 * taps) as f64 * self.parameter) as isize - taps as isize;
        let number = if name == "percentile" { 200.0 * self.parameter - 100.0 } else { self.parameter };
        // Numbers that are zeros of both signs, too.
        let numbers: Vec<f64> = (0..taps).map(|k| ((k * 7 % 5) as f64 - 2.0) * (self.parameter - 0.5)).collect();
        let user_data: *const c_void = match name {
            "rank" => (&raw const rank).cast(),
            "percentile" | "quantile" | "nan_quantile" => (&raw const number).cast(),
            "weighted_sum" | "grey_erosion" | "grey_dilation" => numbers.as_ptr().cast(),
            _ => ptr::null(),
        };
        let mut data = Twin { function, user_data: user_data.cast_mut() };
        let expected = self.run(twin, (&raw mut data).cast(), 1);
        let output = self.run(function, user_data.cast_mut(), self.threads);
        let size = size_of_dtype(self.output);
        let different =
            expected.chunks(size).zip(output.chunks(size)).position(|(expected, output)| expected != output);
        if let Some(i) = different {
            let of = |bytes: &[u8]| format!("{:?}", &bytes[i * size..][..size]);
            return Err(TestCaseError::fail(format!(
                "{name}: element {i} is {}, not {}; {taps} taps",
                of(&output),
                of(&expected)
            )));
        }
        Ok(())
    }
}

/// Results of so many elements go past the caches.
#[test]
fn large_outputs() {
    let float = |size| FLOAT | size << 8;
    let cross = [0, 1, 0, 1, 1, 1, 0, 1, 0];
    type Filters = (&'static [usize], i32, &'static [usize], Option<[u8; 9]>, &'static [&'static str]);
    let cases: [Filters; 9] = [
        (&[1031, 2039], float(64), &[3, 3], None, &["minimum", "mean", "standard_deviation", "weighted_sum"]),
        (&[1031, 2039], float(64), &[3, 3], Some(cross), &["maximum", "sum", "nan_minimum"]),
        (&[2, 1100, 1000], float(64), &[1, 2, 6], None, &["minimum", "nan_mean"]),
        (&[150_001, 14], float(64), &[3, 3], None, &["minimum", "mean"]),
        (&[2_100_003], float(64), &[7], None, &["maximum", "sum"]),
        (&[1031, 4099], float(32), &[3, 3], None, &["minimum", "range", "mean"]),
        (&[1031, 4099], float(32), &[3, 3], Some(cross), &["maximum"]),
        (&[70, 60_001], float(32), &[9, 2], None, &["minimum"]),
        (&[1031, 16_411], UINT | 8 << 8, &[3, 4], None, &["minimum", "mean"]),
    ];
    let mut x = 1_u32;
    for (shape, dtype, extents, mask, names) in cases {
        for (special, threads) in [(false, 1), (true, 2)] {
            let random: Vec<u32> = (0..shape.iter().product::<usize>())
                .map(|_| {
                    x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    x >> 8
                })
                .collect();
            let mut input = elements(dtype, &random, 1 << 30, false);
            if special {
                // At a few places; elsewhere the fast ways are taken.
                for at in (0..random.len()).step_by(random.len() / 3 + 1) {
                    let bytes = elements(dtype, &[(at % 7) as u32 * 97 + 2], 1 << 30, true);
                    input[at * bytes.len()..][..bytes.len()].copy_from_slice(&bytes);
                }
            }
            let case = Case {
                shape: shape.to_vec(),
                input: (dtype, input),
                output: dtype,
                step: 1,
                extents: extents.to_vec(),
                mask: mask.map(Into::into),
                origins: vec![0; extents.len()],
                turned: false,
                mode: 0,
                cval: 0.0,
                threads,
                parameter: 0.3,
            };
            for name in names {
                case.check(name).unwrap_or_else(|error| panic!("{shape:?}, {dtype:#x}, {extents:?}: {error}"));
            }
        }
    }
}

macro_rules! families {
    ($($family:ident: $($name:literal)*;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $family(case in cases()) {
                    for name in [$($name),*] {
                        case.check(name)?;
                    }
                }
            )*
        }
    };
}
families! {
    extremes: "minimum" "maximum" "range" "nan_minimum" "nan_maximum";
    moments: "sum" "mean" "variance" "standard_deviation" "weighted_sum" "grey_erosion" "grey_dilation";
    moments_without_nan: "nan_count" "nan_sum" "nan_mean" "nan_variance" "nan_standard_deviation";
    ranks: "median" "rank" "percentile" "quantile" "nan_median" "nan_quantile";
    other_order_statistics: "median_absolute_deviation" "mode" "distinct";
}
