//! The window around an output element: extents, footprint, origins and axes, and the taps they make.

use std::borrow::Cow;

use ndarray::{ArrayView, Dimension};

use crate::error::Error;
use crate::memory;

/// Which neighbours of an element the function gets to see.
///
/// Along an axis with extent `L` and origin `o`, output element `p` sees the input elements `p - L/2 - o + k` for `k` in
/// `0..L`. An even extent reaches one further towards lower indices; a positive origin moves the window there.
///
/// ```
/// use llc::Window;
/// use ndarray::array;
///
/// let square = Window::new(&[3, 3]);
/// let cross = Window::from_footprint(array![[false, true, false], [true, true, true], [false, true, false]].view());
/// let along_each_row = Window::new(&[9]).axes(&[1]);
///
/// let radius = 2; // lists are borrowed: those that are no constants need a name
/// let extents = [2 * radius + 1; 2];
/// let larger = Window::new(&extents);
/// ```
#[derive(Debug, Clone)]
pub struct Window<'a> {
    shape: Cow<'a, [usize]>,
    /// Non-zero where there is a tap, in C order.
    footprint: Option<Cow<'a, [u8]>>,
    origins: Option<&'a [isize]>,
    axes: Option<&'a [isize]>,
}

impl<'a> Window<'a> {
    /// A box: every element of a window with these extents is a tap.
    pub fn new(shape: &'a [usize]) -> Self {
        Self::from_parts(shape.into(), None)
    }

    /// The elements that are true, in C order.
    pub fn from_footprint<D: Dimension>(mask: ArrayView<'_, bool, D>) -> Window<'static> {
        let footprint: Vec<u8> = mask.iter().map(|&tap| tap.into()).collect();
        Window::from_parts(mask.shape().to_vec().into(), Some(footprint.into()))
    }

    /// The mask, if there is one, has the product of the extents as its length.
    pub(crate) fn from_parts(shape: Cow<'a, [usize]>, footprint: Option<Cow<'a, [u8]>>) -> Self {
        Window { shape, footprint, origins: None, axes: None }
    }

    /// Shifts the window along each filtered axis, by `-(L/2)` to `(L-1)/2` for an extent of `L`. Without: centred.
    pub fn origins(mut self, origins: &'a [isize]) -> Self {
        self.origins = Some(origins);
        self
    }

    /// Says which axes of the array the window's entries are for, in any order; negative ones count from the end.
    /// Without: all axes, in order.
    pub fn axes(mut self, axes: &'a [isize]) -> Self {
        self.axes = Some(axes);
        self
    }

    /// How many values the function gets to see: the true elements of the footprint, or all of the box.
    pub fn taps(&self) -> usize {
        match &self.footprint {
            Some(mask) => mask.iter().filter(|&&tap| tap != 0).count(),
            None => self.shape.iter().copied().fold(1, usize::saturating_mul),
        }
    }
}

/// The number of elements of a window, after a check of its extents.
pub(crate) fn volume(shape: &[usize]) -> Result<usize, Error> {
    if let Some(i) = shape.iter().position(|&extent| extent == 0) {
        return Err(Error::shape(format_args!("window.shape[{i}] is 0, but extents of a window are 1 or more")));
    }
    let mut volume = 1_isize;
    for (i, &extent) in shape.iter().enumerate() {
        let extended = isize::try_from(extent).ok().and_then(|extent| volume.checked_mul(extent));
        volume = extended.ok_or_else(|| {
            Error::shape(format_args!(
                "window.shape[{i}] is {extent}, but that makes more elements than intptr_t can count"
            ))
        })?;
    }
    Ok(volume as usize)
}

/// A window that is known to fit an array.
pub(crate) struct Fitted<'a> {
    shape: &'a [usize],
    footprint: Option<&'a [u8]>,
    /// For each entry of the window its array axis.
    pub(crate) axes: Vec<usize>,
    /// For each entry of the window the offset of its first element from the output element.
    pub(crate) first: Vec<isize>,
    /// Number of taps.
    pub(crate) taps: usize,
}

impl<'a> Fitted<'a> {
    /// Checks `window` against the extents of the array it is for.
    pub(crate) fn new(window: &'a Window<'a>, array: &[usize]) -> Result<Self, Error> {
        let shape = &*window.shape;
        let axes = fitted_axes(window, array.len())?;
        volume(shape)?;
        for (i, (&extent, &axis)) in shape.iter().zip(&axes).enumerate() {
            // Twice: the coordinates of taps are added up with room to spare.
            if (extent as isize).checked_add(array[axis] as isize).and_then(|sum| sum.checked_mul(2)).is_none() {
                return Err(Error::shape(format_args!(
                    "window.shape[{i}] is {extent}, but twice its sum with the array's extent, {}, must fit intptr_t",
                    array[axis]
                )));
            }
        }
        let first = fitted_origins(window)?;
        Ok(Fitted { shape, footprint: window.footprint.as_deref(), axes, first, taps: window.taps() })
    }

    /// Visits the taps in C order, as runs along the window's last axis: the index of the first, and how many.
    pub(crate) fn runs(&self, mut visit: impl FnMut(&[usize], usize) -> Result<(), Error>) -> Result<(), Error> {
        let Some((&row, outer)) = self.shape.split_last() else {
            // A window of no axes is the element itself.
            let itself = self.footprint.is_none_or(|mask| mask[0] != 0);
            return if itself { visit(&[], 1) } else { Ok(()) };
        };
        let mut index = memory::filled(self.shape.len(), 0)?;
        for r in 0..outer.iter().product() {
            let mut rest = r;
            for (place, extent) in index.iter_mut().zip(outer).rev() {
                *place = rest % extent;
                rest /= extent;
            }
            let mut column = 0;
            while column < row {
                let run = match self.footprint {
                    None => row,
                    Some(mask) => mask[r * row + column..][..row - column].iter().take_while(|&&tap| tap != 0).count(),
                };
                if run > 0 {
                    index[outer.len()] = column;
                    visit(&index, run)?;
                }
                // The element after a run is none.
                column += run + 1;
            }
        }
        Ok(())
    }
}

/// The array axis of each entry of the window.
fn fitted_axes(window: &Window<'_>, ndim: usize) -> Result<Vec<usize>, Error> {
    let entries = window.shape.len();
    let Some(axes) = window.axes else {
        // A list of no axes may be left out.
        return match entries {
            0 => Ok(Vec::new()),
            _ if entries == ndim => memory::collected(0..ndim),
            _ => Err(Error::shape(format_args!(
                "window.ndim is {entries}, but without axes it must be the array's: {ndim}"
            ))),
        };
    };
    if axes.len() != entries {
        return Err(Error::argument(format_args!(
            "window.axes has {} entries, but the window has {entries}",
            axes.len()
        )));
    }
    if entries > ndim {
        return Err(Error::shape(format_args!("window.ndim is {entries}, more than the array's: {ndim}")));
    }
    let mut fitted: Vec<usize> = memory::reserved(entries)?;
    for (i, &axis) in axes.iter().enumerate() {
        let from_front = if axis < 0 { axis.wrapping_add(ndim as isize) } else { axis };
        if !(0..ndim as isize).contains(&from_front) {
            return Err(Error::argument(format_args!(
                "window.axes[{i}] is {axis}, but an array of {ndim} axes allows {}..={}",
                -(ndim as isize),
                ndim as isize - 1
            )));
        }
        let from_front = from_front as usize;
        if let Some(earlier) = fitted.iter().position(|&other| other == from_front) {
            return Err(Error::argument(format_args!(
                "window.axes[{i}] is {axis}, the same axis as window.axes[{earlier}], but each is allowed once"
            )));
        }
        fitted.push(from_front);
    }
    Ok(fitted)
}

/// The offset of each entry's first element.
fn fitted_origins(window: &Window<'_>) -> Result<Vec<isize>, Error> {
    let shape = &*window.shape;
    if let Some(origins) = window.origins
        && origins.len() != shape.len()
    {
        return Err(Error::argument(format_args!(
            "window.origins has {} entries, but the window has {}",
            origins.len(),
            shape.len()
        )));
    }
    memory::try_collected(shape.iter().enumerate().map(|(i, &extent)| {
        let extent = extent as isize;
        let allowed = -(extent / 2)..=(extent - 1) / 2;
        let origin = window.origins.map_or(0, |origins| origins[i]);
        if !allowed.contains(&origin) {
            return Err(Error::argument(format_args!(
                "window.origins[{i}] is {origin}, but a window of {extent} allows {}..={}",
                allowed.start(),
                allowed.end()
            )));
        }
        Ok(-(extent / 2) - origin)
    }))
}
