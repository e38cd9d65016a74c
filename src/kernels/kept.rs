//! What calls have worked out, kept for later calls of the same kind.
//!
//! To make a network takes as long as to filter a small image with it; and who filters one image mostly filters others like
//! it. So a call takes out what an earlier one has put back: no two have it at a time, and whoever finds nothing, or somebody
//! else looking, makes his own. (Nobody waits: so it doesn't matter when a process forks.)

use std::any::Any;
use std::sync::Mutex;

use crate::memory;

/// Things of any type, as many as fit; those that were put back last.
pub(crate) struct Kept<const MOST: usize>(Mutex<Vec<Box<dyn Any + Send>>>);

/// What all calls share.
pub(crate) static KEPT: Kept<8> = Kept::new();

impl<const MOST: usize> Kept<MOST> {
    const fn new() -> Self {
        Kept(Mutex::new(Vec::new()))
    }

    /// Takes out what is wanted, if it is there.
    pub(crate) fn take<T: Send + 'static>(&self, is_wanted: impl Fn(&T) -> bool) -> Option<Box<[T; 1]>> {
        let mut things = self.0.try_lock().ok()?;
        let at =
            things.iter().position(|thing| thing.downcast_ref().is_some_and(|[thing]: &[T; 1]| is_wanted(thing)))?;
        things.remove(at).downcast().ok()
    }

    /// Puts something back.
    pub(crate) fn put<T: Send + 'static>(&self, thing: Box<[T; 1]>) {
        let Ok(mut things) = self.0.try_lock() else { return };
        let oldest = (things.len() == MOST).then(|| things.remove(0));
        // What there is no memory to keep is not kept.
        drop(memory::push(&mut things, thing));
        drop(things);
        drop(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Number(usize);

    #[test]
    fn the_last_ones_are_kept_and_taken_once() {
        let kept = Kept::<3>::new();
        (0..5).for_each(|i| kept.put(memory::boxed(Number(i)).unwrap()));
        let taken = |wanted| kept.take(|&Number(i)| i == wanted).map(|thing| *thing);
        assert_eq!(taken(1), None, "too old");
        assert_eq!(taken(3), Some([Number(3)]));
        assert_eq!(taken(3), None, "taken");
        assert!(kept.take(|_: &u8| true).is_none(), "of another type");
        assert_eq!(taken(2), Some([Number(2)]));
    }
}
