//! Holds the engine to a naive reference on random arrays, windows and options.

use llc::{
    Lanes, Mode, Options, Threads, Window, generic_filter, generic_filter_lanes, generic_filter_mut,
    generic_filter_seq, lane_function,
};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use proptest::prelude::*;

/// The definition, in ten lines: for every output element, every tap in C order of the footprint.
fn naive(
    input: &ArrayViewD<'_, f64>,
    mask: &ArrayD<bool>,
    (origins, axes, modes): (&[isize], &[isize], &[Mode]),
    cval: f64,
    function: impl Fn(&[f64]) -> f64,
) -> ArrayD<f64> {
    ArrayD::from_shape_fn(input.raw_dim(), |p| {
        let taps = mask.indexed_iter().filter(|&(_, &tap)| tap).map(|(k, _)| {
            let mut at = p.clone();
            for i in 0..axes.len() {
                let axis = axes[i].rem_euclid(input.ndim() as isize) as usize;
                let c = p[axis] as isize - (mask.shape()[i] / 2) as isize - origins[i] + k[i] as isize;
                match walk(modes[i], c, input.shape()[axis] as isize) {
                    Some(c) => at[axis] = c as usize,
                    None => return cval,
                }
            }
            input[at]
        });
        function(&taps.collect::<Vec<_>>())
    })
}

/// The element that coordinate `c` shows, found by going there step by step.
fn walk(mode: Mode, mut c: isize, n: isize) -> Option<isize> {
    while !(0..n).contains(&c) {
        c = match mode {
            Mode::Reflect | Mode::GridMirror if c < 0 => -1 - c,
            Mode::Reflect | Mode::GridMirror => 2 * n - 1 - c,
            Mode::Nearest => c.signum().max(0) * (n - 1),
            Mode::Mirror if n == 1 => 0,
            Mode::Mirror if c < 0 => -c,
            Mode::Mirror => 2 * (n - 1) - c,
            Mode::Wrap | Mode::GridWrap => c - n * c.signum(),
            Mode::Constant | Mode::GridConstant => return None,
        };
    }
    Some(c)
}

/// A function that tells every order of its values from every other.
fn weighted(values: &[f64]) -> f64 {
    values.iter().fold(0.25, |sum, value| sum * 1.0625 + value)
}

/// The same, for functions that may spoil the values.
fn weighted_mut(values: &mut [f64]) -> f64 {
    let result = weighted(values);
    values.fill(f64::NAN);
    result
}

lane_function! {
    /// The same, for lanes.
    fn weighted_lanes(values) {
        values.iter().fold(Lanes::splat(0.25), |sum, value| sum * 1.0625 + value)
    }
}

#[derive(Debug, Clone)]
struct Case {
    /// In the order of the memory, before it is cut and turned.
    memory: ArrayD<f64>,
    steps: Vec<isize>,
    permutation: Vec<usize>,
    axes: Vec<isize>,
    mask: ArrayD<bool>,
    box_window: bool,
    origins: Vec<isize>,
    modes: Vec<Mode>,
    cval: f64,
    threads: usize,
}

impl Case {
    /// The array to be filtered: a view of `memory` with steps, reversed and permuted axes.
    fn view(&self) -> ArrayViewD<'_, f64> {
        let mut view = self.memory.view();
        for (axis, &step) in self.steps.iter().enumerate() {
            view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
        }
        view.permuted_axes(IxDyn(&self.permutation))
    }
}

fn modes() -> impl Strategy<Value = Mode> {
    use Mode::*;
    prop::sample::select(vec![Reflect, Nearest, Mirror, Wrap, Constant, GridConstant, GridMirror, GridWrap])
}

fn cases() -> impl Strategy<Value = Case> {
    let shapes = prop_oneof![
        6 => prop::collection::vec(1_usize..8, 0..5),
        2 => (1_usize..6, 60_usize..200).prop_map(|(rows, columns)| vec![rows, columns]),
        2 => (60_usize..200, 1_usize..4).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (600_usize..4000).prop_map(|n| vec![n]),
        1 => (2_usize..6, 512_usize..900).prop_map(|(rows, columns)| vec![rows, columns]),
        1 => (2_usize..5, 5_usize..20, 64_usize..80).prop_map(|(z, y, x)| vec![z, y, x]),
    ];
    let arrays = shapes.prop_flat_map(|shape| {
        let dims = shape.len();
        let values = prop::collection::vec(-1000_i16..1000, shape.iter().product::<usize>());
        let steps = prop::collection::vec(prop::sample::select(vec![1_isize, 1, 1, -1, 2, -2, 3]), dims);
        let permutation = Just((0..dims).collect::<Vec<_>>()).prop_shuffle();
        (Just(shape), values, steps, permutation)
    });
    let windowed = arrays.prop_flat_map(|(shape, values, steps, permutation)| {
        let dims = shape.len();
        let all: Vec<isize> = (0..dims as isize).collect();
        let axes = (Just(all).prop_shuffle(), 0..=dims, any::<bool>()).prop_map(move |(mut axes, n, negative)| {
            axes.truncate(n);
            if negative {
                axes.iter_mut().for_each(|axis| *axis -= dims as isize);
            }
            axes
        });
        (Just((shape, values, steps, permutation)), axes)
    });
    windowed.prop_flat_map(|((shape, values, steps, permutation), axes)| {
        let n = axes.len();
        let largest = [1, 40, 9, 5, 4][n];
        prop::collection::vec(1_usize..=largest, n).prop_flat_map(move |extents| {
            let volume = extents.iter().product::<usize>();
            let mask = prop_oneof![
                Just(vec![true; volume]),
                prop::collection::vec(any::<bool>(), volume),
                prop::collection::vec(prop::bool::weighted(0.1), volume),
            ];
            let origins: Vec<_> =
                extents.iter().map(|&extent| -(extent as isize / 2)..=(extent as isize - 1) / 2).collect();
            let fixed =
                Just((shape.clone(), values.clone(), steps.clone(), permutation.clone(), axes.clone(), extents));
            let modes = prop::collection::vec(modes(), n);
            (fixed, mask, origins, modes, any::<bool>(), 0_usize..4).prop_map(
                |((shape, values, steps, permutation, axes, extents), mask, origins, modes, box_window, threads)| {
                    Case {
                        memory: ArrayD::from_shape_vec(IxDyn(&shape), values.into_iter().map(f64::from).collect())
                            .unwrap(),
                        steps,
                        permutation,
                        axes,
                        box_window: box_window && mask.iter().all(|&tap| tap),
                        mask: ArrayD::from_shape_vec(IxDyn(&extents), mask).unwrap(),
                        origins,
                        modes,
                        cval: -77.5,
                        threads,
                    }
                },
            )
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_tap_is_the_naive_one(case in cases()) {
        let input = case.view();
        let expected = naive(&input, &case.mask, (&case.origins, &case.axes, &case.modes), case.cval, weighted);

        let extents = case.mask.shape().to_vec();
        let window = if case.box_window { Window::new(&extents) } else { Window::from_footprint(case.mask.view()) };
        let window = window.origins(&case.origins).axes(&case.axes);
        let options = || Options::new().axis_modes(&case.modes).cval(case.cval);

        let zeros = || ArrayD::<f64>::zeros(input.raw_dim());
        let threaded = || options().threads(Threads::Count(case.threads));
        let mut output = zeros();
        generic_filter(input.view(), output.view_mut(), &window, threaded(), weighted).unwrap();
        prop_assert_eq!(&output, &expected, "values");
        let mut output = zeros();
        generic_filter_mut(input.view(), output.view_mut(), &window, threaded(), weighted_mut).unwrap();
        prop_assert_eq!(&output, &expected, "values that are overwritten");
        let mut output = zeros();
        generic_filter_lanes(input.view(), output.view_mut(), &window, threaded(), weighted_lanes).unwrap();
        prop_assert_eq!(&output, &expected, "lanes");

        // Into the same layout as the memory's, that is in another order than C's.
        let mut output = ArrayD::<f64>::zeros(IxDyn(&permuted(input.shape(), &case.permutation)));
        let turned = output.view_mut().permuted_axes(IxDyn(&case.permutation));
        generic_filter_seq(input.view(), turned, &window, options(), weighted).unwrap();
        prop_assert_eq!(output.permuted_axes(IxDyn(&case.permutation)), expected);
    }
}

/// The shape that `permutation` turns into `shape`.
fn permuted(shape: &[usize], permutation: &[usize]) -> Vec<usize> {
    let mut before = vec![0; shape.len()];
    for (&extent, &axis) in shape.iter().zip(permutation) {
        before[axis] = extent;
    }
    before
}

/// Lines that are too long to be kept whole are cut into tiles; outputs that are too large for the caches go past them.
#[test]
fn every_tap_of_a_large_array_is_the_naive_one() {
    use Mode::{Constant, Mirror, Reflect, Wrap};
    type Case = (&'static [usize], &'static [usize], &'static [isize], &'static [Mode]);
    let cases: [Case; 6] = [
        (&[1031, 2039], &[3, 3], &[0, 0], &[Reflect, Wrap]),
        (&[150_001, 14], &[1, 2], &[0, 0], &[Mirror, Constant]),
        (&[1_100_000], &[5], &[1], &[Wrap]),
        (&[3, 400_000], &[3, 2], &[-1, 0], &[Mirror, Reflect]),
        (&[250_000, 3], &[3, 3], &[0, 1], &[Constant, Wrap]),
        (&[4, 30_000, 2, 2], &[2, 2, 1, 2], &[0, -1, 0, 0], &[Wrap, Mirror, Reflect, Constant]),
    ];
    for (shape, extents, origins, modes) in cases {
        let mut x = 1_u32;
        let input = ArrayD::from_shape_simple_fn(shape, || {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(x >> 16)
        });
        let axes: Vec<_> = (0..shape.len() as isize).collect();
        let mask = ArrayD::from_elem(extents, true);
        let expected = naive(&input.view(), &mask, (origins, &axes, modes), -77.5, weighted);
        for threads in [Threads::Caller, Threads::Count(3)] {
            let mut output = ArrayD::<f64>::zeros(shape);
            let options = Options::new().axis_modes(modes).cval(-77.5).threads(threads);
            let window = Window::new(extents).origins(origins);
            generic_filter(input.view(), output.view_mut(), &window, options, weighted).unwrap();
            assert!(output == expected, "{shape:?}, {threads:?}");

            let mut output = ArrayD::<f64>::zeros(shape);
            let options = Options::new().axis_modes(modes).cval(-77.5).threads(threads);
            generic_filter_lanes(input.view(), output.view_mut(), &window, options, weighted_lanes).unwrap();
            assert!(output == expected, "lanes, {shape:?}, {threads:?}");

            let mut output = ArrayD::<f64>::zeros(shape);
            let options = Options::new().axis_modes(modes).cval(-77.5).threads(threads);
            generic_filter_mut(input.view(), output.view_mut(), &window, options, weighted_mut).unwrap();
            assert!(output == expected, "overwriting, {shape:?}, {threads:?}");
        }
    }
}
