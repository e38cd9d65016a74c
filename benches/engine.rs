//! The cases of compare.py through the Rust API, to profile the engine and to see what a change does to it.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use llc::{Element, Options, Threads, Window, generic_filter};
use ndarray::{Array, ArrayD, Dimension, IxDyn, ShapeBuilder};

fn minimum(values: &[f64]) -> f64 {
    values.iter().fold(f64::INFINITY, |least, &value| if value < least { value } else { least })
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

fn bench<A: Element, D: Dimension>(
    criterion: &mut Criterion,
    name: &str,
    input: Array<A, D>,
    window: Window<'_>,
    threads: &[usize],
) {
    let mut output = input.clone();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(input.len() as u64));
    for &count in threads {
        let options = || Options::new().threads(Threads::Count(count));
        group.bench_function(BenchmarkId::new("threads", count), |bencher| {
            bencher.iter(|| {
                generic_filter(black_box(input.view()), output.view_mut(), &window, options(), minimum).unwrap()
            })
        });
    }
}

fn generic(criterion: &mut Criterion) {
    let image = random::<f64, _>((2048, 2048));
    bench(criterion, "cross_f64_2048x2048", image.clone(), cross(2), &[1, 2]);
    bench(criterion, "3x3_f64_2048x2048", image.clone(), Window::new(&[3, 3]), &[1, 2]);
    bench(criterion, "11x11_f64_2048x2048", image, Window::new(&[11, 11]), &[1, 2]);
    bench(criterion, "cross_u8_2048x2048", random::<u8, _>((2048, 2048)), cross(2), &[1]);
    bench(criterion, "cross_f64_160x160x160", random::<f64, _>((160, 160, 160)), cross(3), &[1]);
    bench(criterion, "3x3_f64_16x16", random::<f64, _>((16, 16)), Window::new(&[3, 3]), &[1]);
}

criterion_group!(benches, generic);
criterion_main!(benches);
