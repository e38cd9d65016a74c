//! The cases of compare.py through the Rust API, to profile the engine and to see what a change does to it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use llc::{Element, Options, Threads, Window, generic_filter, generic_filter_lanes, generic_filter_mut, lane_function};
use ndarray::{Array, ArrayD, Dimension, IxDyn, ShapeBuilder};

fn minimum(values: &[f64]) -> f64 {
    values.iter().fold(f64::INFINITY, |least, &value| if value < least { value } else { least })
}

fn minimum_mut(values: &mut [f64]) -> f64 {
    minimum(values)
}

lane_function! {
    fn minimum_lanes(values) {
        values.iter().fold(f64::INFINITY.into(), llc::Lanes::min)
    }
}

fn random<A: From<u8>, D: Dimension>(shape: impl ShapeBuilder<Dim = D>) -> Array<A, D> {
    let mut state = 1_u64;
    Array::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        A::from((state >> 56) as u8)
    })
}

/// An element and its neighbours along every axis.
fn cross(ndim: usize) -> Window<'static> {
    let near = |index: IxDyn| index.slice().iter().filter(|&&i| i != 1).count() <= 1;
    Window::from_footprint(ArrayD::from_shape_fn(vec![3; ndim], near).view())
}

/// Which engine: neighbourhoods gathered for each call, values of a known number, or lanes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Gathered,
    Values,
    Lanes,
}

fn bench<A: Element, D: Dimension>(
    criterion: &mut Criterion,
    way: Way,
    name: &str,
    input: &Array<A, D>,
    window: &Window<'_>,
    threads: &[usize],
) {
    let mut output = input.clone();
    let mut group = criterion.benchmark_group(format!("{way:?}/{name}"));
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(input.len() as u64));
    for &count in threads {
        group.bench_function(BenchmarkId::new("threads", count), |bencher| {
            bencher.iter(|| {
                let (input, output) = (black_box(input.view()), output.view_mut());
                let options = Options::new().threads(Threads::Count(count));
                match way {
                    Way::Gathered => generic_filter_mut(input, output, window, options, minimum_mut),
                    Way::Values => generic_filter(input, output, window, options, minimum),
                    Way::Lanes => generic_filter_lanes(input, output, window, options, minimum_lanes),
                }
                .unwrap()
            })
        });
    }
}

fn generic(criterion: &mut Criterion) {
    let image = random::<f64, _>((2048, 2048));
    let bytes = random::<u8, _>((2048, 2048));
    let volume = random::<f64, _>((160, 160, 160));
    let (square, large) = (Window::new(&[3, 3]), Window::new(&[11, 11]));
    for way in [Way::Gathered, Way::Values, Way::Lanes] {
        bench(criterion, way, "cross_f64_2048x2048", &image, &cross(2), &[1, 2]);
        bench(criterion, way, "3x3_f64_2048x2048", &image, &square, &[1, 2]);
        bench(criterion, way, "11x11_f64_2048x2048", &image, &large, &[1, 2]);
        bench(criterion, way, "cross_u8_2048x2048", &bytes, &cross(2), &[1]);
        bench(criterion, way, "cross_f64_160x160x160", &volume, &cross(3), &[1]);
        bench(criterion, way, "3x3_f64_16x16", &random::<f64, _>((16, 16)), &square, &[1]);
    }
}

criterion_group!(benches, generic);
criterion_main!(benches);
