//! What the Rust API promises beyond the values: errors, panics, threads, progress.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use llc::{Error, Mode, Options, Threads, Window, generic_filter, generic_filter_seq, try_generic_filter};
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder, array, s};

fn first(values: &[f64]) -> f64 {
    values[0]
}

/// Takes long enough for workers to be started.
fn slow(values: &[f64]) -> f64 {
    thread::sleep(Duration::from_micros(200));
    values[0]
}

#[test]
fn errors_name_argument_value_and_what_is_allowed() {
    let input = Array2::<f64>::zeros((4, 5));
    let filter = |window: Window<'_>, options: Options<'_>| {
        let mut output = Array2::from_elem((4, 5), 7.0);
        let error = generic_filter(input.view(), output.view_mut(), &window, options, first).unwrap_err();
        assert!(output.iter().all(|&value| value == 7.0), "the output is untouched");
        error.to_string()
    };
    let plain = Options::new;
    let cases = [
        (filter(Window::new(&[3]), plain()), "window.ndim is 1, but without axes it must be the array's: 2"),
        (filter(Window::new(&[3, 0]), plain()), "window.shape[1] is 0, but extents of a window are 1 or more"),
        (
            filter(Window::new(&[3, 4]).origins(&[0, 2]), plain()),
            "window.origins[1] is 2, but a window of 4 allows -2..=1",
        ),
        (filter(Window::new(&[3, 3]).origins(&[0]), plain()), "window.origins has 1 entries, but the window has 2"),
        (filter(Window::new(&[3]).axes(&[2]), plain()), "window.axes[0] is 2, but an array of 2 axes allows -2..=1"),
        (
            filter(Window::new(&[3, 3]).axes(&[1, -1]), plain()),
            "window.axes[1] is -1, the same axis as window.axes[0], but each is allowed once",
        ),
        (
            filter(Window::new(&[3, 3]), plain().axis_modes(&[Mode::Wrap])),
            "options.axis_modes has 1 entries, but the window has 2",
        ),
        (
            filter(Window::new(&[usize::MAX / 4, 9]), plain()),
            "window.shape[1] is 9, but that makes more elements than intptr_t can count",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }

    let mut output = Array2::<f64>::zeros((4, 6));
    let error = generic_filter(input.view(), output.view_mut(), &Window::new(&[1, 1]), plain(), first).unwrap_err();
    assert_eq!(error, Error::Shape("output.shape[1] is 6, but must be the input's: 5".into()));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_window_beyond_memory_is_an_error() {
    let input = array![1.0, 2.0, 3.0];
    let mut output = array![7.0, 7.0, 7.0];
    for threads in [Threads::Caller, Threads::AllCores] {
        let options = Options::new().threads(threads);
        let result = generic_filter(input.view(), output.view_mut(), &Window::new(&[1 << 45]), options, first);
        assert!(matches!(result, Err(Error::Memory { .. })), "{result:?}");
    }
    assert_eq!(output, array![7.0, 7.0, 7.0]);
}

#[test]
fn a_panic_on_any_thread_comes_out_on_the_calling_one() {
    let input = Array1::from_iter((0..400).map(f64::from));
    for (threads, culprit) in [(1, 3.0), (2, 3.0), (2, 390.0), (4, 200.0)] {
        let mut output = input.clone();
        let calls = AtomicUsize::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let options = Options::new().threads(Threads::Count(threads));
            generic_filter(input.view(), output.view_mut(), &Window::new(&[1]), options, |values| {
                calls.fetch_add(1, Ordering::Relaxed);
                if values[0] == culprit {
                    std::panic::panic_any(format!("at {culprit}"));
                }
                slow(values)
            })
        }));
        let payload = panic.expect_err("the panic propagates");
        assert_eq!(payload.downcast_ref::<String>(), Some(&format!("at {culprit}")), "{threads} threads");
        if culprit < 100.0 {
            let calls = calls.into_inner();
            assert!(calls < 200, "the others stop: {calls} calls, {threads} threads");
        }
    }
}

#[test]
fn the_lowest_failure_is_reported_and_everything_before_it_written() {
    let input = Array2::from_shape_fn((40, 50), |(y, x)| (50 * y + x) as f64);
    for threads in [1, 2, 3, 8] {
        for bad in [vec![0], vec![1999], vec![700, 1300, 1999], vec![1, 2, 3]] {
            let mut output = Array2::from_elem((40, 50), -1.0);
            let options = Options::new().threads(Threads::Count(threads));
            let result =
                try_generic_filter(input.view(), output.view_mut(), &Window::new(&[1, 1]), options, |values| {
                    thread::sleep(Duration::from_micros(20));
                    (!bad.contains(&(values[0] as usize))).then_some(values[0])
                });
            assert_eq!(result, Err(Error::Callback { index: bad[0] }), "{threads} threads, {bad:?}");
            for index in 0..bad[0] {
                assert_eq!(output[[index / 50, index % 50]], index as f64, "{threads} threads, {bad:?}");
            }
        }
    }
}

/// The same where results go past the caches, some at a time.
#[test]
fn everything_before_a_failure_is_written_in_large_arrays() {
    let input = Array2::from_shape_fn((1030, 2050), |(y, x)| (2050 * y + x) as f64);
    for threads in [1, 2] {
        for bad in [0, 5, 2049, 1_234_567, 2_111_499] {
            let mut output = Array2::from_elem((1030, 2050), -1.0);
            let options = Options::new().threads(Threads::Count(threads));
            let function = |values: &[f64]| (values[0] != f64::from(bad)).then_some(values[0]);
            let result = try_generic_filter(input.view(), output.view_mut(), &Window::new(&[1, 1]), options, function);
            let bad = bad as usize;
            assert_eq!(result, Err(Error::Callback { index: bad }), "{threads} threads");
            let written = output.iter().take(bad).enumerate().all(|(index, &value)| value == index as f64);
            assert!(written, "{threads} threads, {bad}");
        }
    }
}

#[test]
fn threads_work_at_the_same_time_if_there_is_enough_to_do() {
    let input = Array1::<u8>::zeros(100);
    let mut output = input.clone();
    let mut ids = |threads, function: fn(&[f64]) -> f64| {
        let ids = Mutex::new(HashSet::new());
        let options = Options::new().threads(threads);
        generic_filter(input.view(), output.view_mut(), &Window::new(&[3]), options, |values| {
            ids.lock().unwrap().insert(thread::current().id());
            function(values)
        })
        .unwrap();
        ids.into_inner().unwrap().len()
    };
    assert_eq!(ids(Threads::Count(3), slow), 3);
    assert_eq!(ids(Threads::Count(1), slow), 1);
    assert_eq!(ids(Threads::Caller, slow), 1);
    assert_eq!(ids(Threads::AllCores, first), 1, "a small job stays on the calling thread");
}

#[test]
fn workers_come_when_a_function_gets_slow_late() {
    let input = Array1::from_iter((0..4_000).map(f64::from));
    let mut output = input.clone();
    let ids = Mutex::new(HashSet::new());
    let options = Options::new().threads(Threads::Count(2));
    generic_filter(input.view(), output.view_mut(), &Window::new(&[1]), options, |values| {
        if values[0] < 3_500.0 {
            return values[0];
        }
        ids.lock().unwrap().insert(thread::current().id());
        slow(values)
    })
    .unwrap();
    assert_eq!(ids.into_inner().unwrap().len(), 2);
    assert_eq!(output, input);
}

#[test]
fn results_do_not_depend_on_threads() {
    let input = Array2::from_shape_fn((300, 411), |(y, x)| (y * 7 + x * x) as f32 % 97.0);
    let window = Window::new(&[5, 4]);
    let weighted = |values: &[f64]| values.iter().fold(0.0, |sum, value| sum * 1.01 + value);
    let filtered = |threads| {
        let mut output = Array2::<f64>::zeros(input.raw_dim());
        let options = Options::new().mode(Mode::Mirror).threads(threads);
        generic_filter(input.view(), output.view_mut(), &window, options, weighted).unwrap();
        output
    };
    let alone = filtered(Threads::Caller);
    for threads in [Threads::Count(0), Threads::Count(2), Threads::Count(7), Threads::AllCores] {
        assert_eq!(filtered(threads), alone, "{threads:?}");
    }
}

#[test]
fn progress_is_told_often_and_cancels() {
    let input = Array1::<f64>::zeros(500);
    for threads in [Threads::Caller, Threads::Count(2)] {
        let mut output = input.clone();
        let mut told = Vec::new();
        let mut listen = |fraction| {
            told.push(fraction);
            true
        };
        let options = Options::new().threads(threads).progress(&mut listen);
        generic_filter(input.view(), output.view_mut(), &Window::new(&[1]), options, slow).unwrap();
        assert!(told.is_sorted() && told.last() == Some(&1.0) && told.len() >= 3, "{threads:?}: {told:?}");

        let started = Instant::now();
        let mut refuse = |_| false;
        let options = Options::new().threads(threads).progress(&mut refuse);
        let long = Array1::<f64>::zeros(50_000);
        let mut output = long.clone();
        let result = generic_filter(long.view(), output.view_mut(), &Window::new(&[1]), options, slow);
        assert_eq!(result, Err(Error::Cancelled), "{threads:?}");
        assert!(started.elapsed() < Duration::from_secs(1), "{threads:?}: cancelled after {:?}", started.elapsed());
    }

    let empty = Array2::<f64>::zeros((0, 5));
    let mut refuse = |_| false;
    let options = Options::new().progress(&mut refuse);
    let result = generic_filter(empty.view(), empty.clone().view_mut(), &Window::new(&[3, 3]), options, first);
    assert_eq!(result, Err(Error::Cancelled), "the end is told of an empty array too");
}

#[test]
fn a_sequential_function_is_called_in_c_order_on_the_calling_thread() {
    let input = Array2::from_shape_fn((7, 90), |(y, x)| 90.0 * y as f64 + x as f64);
    let mut output = Array2::<f64>::zeros((7, 90).f());
    let mut seen = Vec::new();
    let here = thread::current().id();
    generic_filter_seq(input.view(), output.view_mut(), &Window::new(&[1, 1]), Options::new(), |values| {
        assert_eq!(thread::current().id(), here);
        seen.push(values[0]);
        values[0]
    })
    .unwrap();
    assert_eq!(seen, Vec::from_iter((0..630).map(f64::from)));
    assert_eq!(output, input);
}

#[test]
fn views_with_zero_and_negative_strides_are_read_as_they_are() {
    let row = array![1.0, 2.0, 4.0];
    let broadcast: ArrayView2<'_, f64> = row.broadcast((2, 3)).unwrap();
    let mut output = Array2::<f64>::zeros((2, 3));
    let sum = |values: &[f64]| values.iter().sum();
    generic_filter(broadcast, output.view_mut(), &Window::new(&[1, 3]), Options::new(), sum).unwrap();
    assert_eq!(output, array![[4.0, 7.0, 10.0], [4.0, 7.0, 10.0]]);

    let mut output = Array1::<f64>::zeros(3);
    let backwards = row.slice(s![..;-1]);
    generic_filter(backwards, output.slice_mut(s![..;-1]), &Window::new(&[2]), Options::new(), first).unwrap();
    assert_eq!(output, array![2.0, 4.0, 4.0]);
}
