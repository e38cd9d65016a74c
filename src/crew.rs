//! Threads that live as long as some work on the calling thread.
//!
//! The standard library's threads can't tell that there is no memory for what they are kept in: they end the program. So
//! those of Unix are started as C programs start them, and nothing is allocated for them here but the list to wait for.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Stack of a thread, whatever the environment says.
const STACK: usize = 4 << 20;

/// Other threads than the calling one.
#[derive(Default)]
pub(crate) struct Crew {
    at_work: Mutex<usize>,
    /// One of them has ended.
    ended: Condvar,
    /// The first panic of theirs.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Crew {
    /// Has at most `count` other threads run `body`, fewer if no more can be started, while `work` runs on this one; and
    /// waits for them. Panics go on here when all have ended.
    pub(crate) fn run<R>(count: usize, body: impl Fn() + Sync, work: impl FnOnce(&Crew) -> R) -> R {
        let crew = Crew::default();
        let result = system::run(&Member { crew: &crew, body }, count, || work(&crew));
        if let Some(panic) = locked(&crew.panic).take() {
            panic::resume_unwind(panic);
        }
        result
    }

    /// Waits until the others have ended, so long at most. Whether some still work.
    pub(crate) fn is_at_work_after(&self, time: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(locked(&self.at_work), time, |at_work| *at_work > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 > 0
    }
}

/// Nothing that these mutexes hold is left half written by a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What each of the threads does.
struct Member<'c, F> {
    crew: &'c Crew,
    body: F,
}

impl<F: Fn() + Sync> Member<'_, F> {
    /// Counts a thread that `start` starts, if it does.
    fn begin<T>(&self, start: impl FnOnce() -> Option<T>) -> Option<T> {
        *locked(&self.crew.at_work) += 1;
        let started = start();
        if started.is_none() {
            *locked(&self.crew.at_work) -= 1;
        }
        started
    }

    /// A thread's life.
    fn live(&self) {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(&self.body)) {
            locked(&self.crew.panic).get_or_insert(panic);
        }
        *locked(&self.crew.at_work) -= 1;
        self.crew.ended.notify_one();
    }
}

#[cfg(unix)]
mod system {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;
    use std::ptr;

    use super::{Member, STACK};
    use crate::memory;
    use crate::signals;

    pub(super) fn run<R, F: Fn() + Sync>(member: &Member<'_, F>, count: usize, work: impl FnOnce() -> R) -> R {
        // Without memory for the list none are started.
        let mut started = Started(memory::reserved(count).unwrap_or_default());
        let blocked = signals::Blocked::new();
        while started.0.len() < started.0.capacity().min(count) {
            // SAFETY: `started` waits for all threads, also when `work` panics.
            let Some(thread) = member.begin(|| unsafe { start(member) }) else { break };
            started.0.push(thread);
        }
        drop(blocked);
        work()
    }

    /// # Safety
    /// The thread has ended before `member` does.
    unsafe fn start<F: Fn() + Sync>(member: &Member<'_, F>) -> Option<libc::pthread_t> {
        extern "C" fn live<F: Fn() + Sync>(member: *mut c_void) -> *mut c_void {
            // SAFETY: `start` was given a reference to it, which lives until this thread has ended.
            unsafe { &*member.cast::<Member<'_, F>>() }.live();
            ptr::null_mut()
        }

        let mut attributes = MaybeUninit::uninit();
        let mut thread = MaybeUninit::uninit();
        // SAFETY: attributes are used between their beginning and their end; the thread is there if nothing went wrong.
        unsafe {
            if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
                return None;
            }
            let is_started = libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK) == 0
                && libc::pthread_create(
                    thread.as_mut_ptr(),
                    attributes.as_ptr(),
                    live::<F>,
                    ptr::from_ref(member).cast_mut().cast(),
                ) == 0;
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            is_started.then(|| thread.assume_init())
        }
    }

    /// Threads to wait for.
    struct Started(Vec<libc::pthread_t>);

    impl Drop for Started {
        fn drop(&mut self) {
            for &thread in &self.0 {
                // SAFETY: each is waited for once.
                unsafe { libc::pthread_join(thread, ptr::null_mut()) };
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::thread::{self, Builder};

    use super::{Member, STACK};

    pub(super) fn run<R, F: Fn() + Sync>(member: &Member<'_, F>, count: usize, work: impl FnOnce() -> R) -> R {
        thread::scope(|scope| {
            let start = || Builder::new().stack_size(STACK).spawn_scoped(scope, || member.live()).ok();
            (0..count).take_while(|_| member.begin(start).is_some()).for_each(drop);
            work()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_have_ended_when_it_returns() {
        for count in [0, 1, 7] {
            let ended = AtomicUsize::new(0);
            let body = || {
                std::thread::sleep(Duration::from_millis(5));
                ended.fetch_add(1, Ordering::Relaxed);
            };
            let result = Crew::run(count, body, |crew| {
                while crew.is_at_work_after(Duration::from_micros(100)) {}
                (ended.load(Ordering::Relaxed), "done")
            });
            assert_eq!((result, ended.into_inner()), ((count, "done"), count));
        }
    }

    #[test]
    fn panics_go_on_when_all_have_ended() {
        let ended = AtomicUsize::new(0);
        let turn = AtomicUsize::new(0);
        let body = || {
            assert!(turn.fetch_add(1, Ordering::Relaxed) > 0, "the first one panics");
            std::thread::sleep(Duration::from_millis(5));
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let caught = panic::catch_unwind(AssertUnwindSafe(|| Crew::run(3, body, |_| ())));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the first one panics"));
        assert_eq!(ended.into_inner(), 2);
    }

    #[test]
    fn a_panic_of_the_calling_thread_waits_for_the_others() {
        let ended = AtomicUsize::new(0);
        let body = || {
            std::thread::sleep(Duration::from_millis(5));
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let run = || Crew::run(2, body, |_| panic!("the calling thread panics"));
        assert!(panic::catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(ended.into_inner(), 2);
    }
}
