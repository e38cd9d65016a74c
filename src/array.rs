//! Strided n-dimensional views of the caller's memory: checked once when made, safe to use from then on.
//!
//! Reading and writing go element by element at byte offsets, so no alignment is needed and a view may alias anything. Only
//! values that lie aligned and side by side are lent as they are: those of an output as a slice of the piece they belong
//! to, those of an input as a slice, or as addresses.

use std::marker::PhantomData;
use std::ops::Range;
use std::{ptr, slice};

use crate::convert::{Reader, Value, write_run};
use crate::dtype::{DType, with_sample};
use crate::error::Error;
use crate::memory::{self, CACHE_LINE};
use crate::past;
use crate::simd;

/// Results that are cast at a time.
const BLOCK: usize = 256;

/// Extents and byte strides that are known to be addressable.
struct Layout {
    dtype: DType,
    shape: Vec<usize>,
    strides: Vec<isize>,
    /// Number of elements.
    count: usize,
}

impl Layout {
    /// Checks the extents and strides of the argument called `name`; no strides means C order without gaps.
    fn new(name: &str, dtype: DType, shape: Vec<usize>, strides: Option<Vec<isize>>) -> Result<Self, Error> {
        // A zero extent excuses nothing: whether a shape is allowed does not depend on the other extents.
        let size = if strides.is_some() { 1 } else { dtype.size() as isize };
        let mut product = size;
        for (i, &extent) in shape.iter().enumerate() {
            let extended = isize::try_from(extent.max(1)).ok().and_then(|extent| product.checked_mul(extent));
            product = extended.ok_or_else(|| {
                let unit = if strides.is_some() { "elements" } else { "bytes" };
                Error::shape(format_args!(
                    "{name}.shape[{i}] is {extent}, but that makes more {unit} than intptr_t can count"
                ))
            })?;
        }
        let count = shape.iter().product();

        let strides = match strides {
            Some(strides) => strides,
            None => contiguous(&shape, dtype.size())?,
        };
        let layout = Layout { dtype, shape, strides, count };
        if let Err(i) = layout.reach() {
            return Err(Error::shape(format_args!(
                "{name}.strides[{i}] is {}, but with an extent of {} the elements lie further apart than intptr_t can tell",
                layout.strides[i], layout.shape[i]
            )));
        }
        Ok(layout)
    }

    /// The bytes between the lowest and the highest element, relative to element [0, ..., 0]. `Err`: the axis along which
    /// they lie too far apart.
    fn reach(&self) -> Result<Range<isize>, usize> {
        let mut reach = 0..self.dtype.size() as isize;
        for (axis, (&extent, &stride)) in self.shape.iter().zip(&self.strides).enumerate() {
            if self.count == 0 {
                return Ok(0..0);
            }
            let extended = stride.checked_mul(extent as isize - 1).and_then(|last| {
                let (start, end) = (reach.start.checked_add(last.min(0))?, reach.end.checked_add(last.max(0))?);
                end.checked_sub(start).map(|_| start..end)
            });
            reach = extended.ok_or(axis)?;
        }
        Ok(reach)
    }

    /// The same elements in the same order with as few axes as possible: neighbours that continue each other merge,
    /// those of one element vanish.
    fn coalesced(&self) -> Result<(Vec<usize>, Vec<isize>), Error> {
        let mut shape = memory::reserved(self.shape.len())?;
        let mut strides = memory::reserved(self.shape.len())?;
        for (&extent, &stride) in self.shape.iter().zip(&self.strides).filter(|&(&extent, _)| extent != 1) {
            match (shape.last_mut(), strides.last_mut()) {
                // The reach is addressable, so this product does not overflow.
                (Some(outer), Some(step)) if *step == stride.wrapping_mul(extent as isize) => {
                    *outer *= extent;
                    *step = stride;
                }
                _ => {
                    shape.push(extent);
                    strides.push(stride);
                }
            }
        }
        Ok((shape, strides))
    }

    /// Whether two elements may share bytes. A true answer may be wrong, for strides that interlock.
    fn may_overlap_itself(&self) -> Result<bool, Error> {
        if self.count == 0 {
            return Ok(false);
        }
        let mut axes = memory::reserved(self.shape.len())?;
        axes.extend(self.shape.iter().zip(&self.strides).filter(|&(&extent, _)| extent > 1));
        axes.sort_unstable_by_key(|&(_, stride)| stride.unsigned_abs());

        // Axis by axis outwards: a step must leave behind all that the axes within it cover.
        let mut covered = self.dtype.size();
        for (&extent, &stride) in axes {
            if stride.unsigned_abs() < covered {
                return Ok(true);
            }
            covered += stride.unsigned_abs() * (extent - 1);
        }
        Ok(false)
    }
}

/// Strides in bytes of C order without gaps, for extents whose product in bytes is known not to overflow.
fn contiguous(shape: &[usize], size: usize) -> Result<Vec<isize>, Error> {
    let mut strides = memory::filled(shape.len(), 0)?;
    let mut step = size as isize;
    for (stride, &extent) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step *= extent.max(1) as isize;
    }
    Ok(strides)
}

/// An array that is read.
pub(crate) struct Input<'a> {
    data: *const u8,
    layout: Layout,
    /// The memory, if it is a copy of the caller's.
    _owned: Option<Vec<u8>>,
    caller: PhantomData<&'a [u8]>,
}

// SAFETY: the memory is only read through an Input, and `Input::new` asks that nobody writes it meanwhile.
unsafe impl Sync for Input<'_> {}

impl<'a> Input<'a> {
    /// Views the elements of `dtype` at `data`, the address of element [0, ..., 0].
    ///
    /// # Safety
    /// Each element that `shape` and `strides` reach is memory that can be read, and nobody else writes, during `'a`.
    pub(crate) unsafe fn new(
        name: &str,
        data: *const u8,
        dtype: DType,
        shape: Vec<usize>,
        strides: Option<Vec<isize>>,
    ) -> Result<Self, Error> {
        let layout = Layout::new(name, dtype, shape, strides)?;
        Ok(Input { data, layout, _owned: None, caller: PhantomData })
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// All elements.
    pub(crate) fn elements(&self) -> Elements<'_> {
        let Layout { dtype, ref shape, ref strides, .. } = self.layout;
        Elements { data: self.data, dtype, shape, strides, input: PhantomData }
    }

    /// The same array with another axis, of one element, before the others.
    pub(crate) fn with_leading_axis(mut self) -> Result<Self, Error> {
        let Layout { ref mut shape, ref mut strides, .. } = self.layout;
        let stride =
            shape.first().zip(strides.first()).map_or(0, |(&extent, &stride)| stride.wrapping_mul(extent as isize));
        memory::insert(shape, 0, 1)?;
        memory::insert(strides, 0, stride)?;
        Ok(self)
    }

    /// The dtype of its elements.
    pub(crate) fn dtype(&self) -> DType {
        self.layout.dtype
    }

    /// The same elements in memory of their own.
    fn copied(&self) -> Result<Input<'static>, Error> {
        let Layout { dtype, ref shape, count, .. } = self.layout;
        let bytes = count.checked_mul(dtype.size()).ok_or(memory::out_of_memory::<u8>(usize::MAX))?;
        let mut memory = memory::filled(bytes, 0_u8)?;
        self.elements().copy_bytes(&mut memory);
        let shape = memory::collected(shape.iter().copied())?;
        let layout = Layout::new("input", dtype, shape, None)?;
        Ok(Input { data: memory.as_ptr(), layout, _owned: Some(memory), caller: PhantomData })
    }

    /// This array, or a copy of it if writing `output` might alter it.
    pub(crate) fn apart_from(self, output: &Output<'_>) -> Result<Self, Error> {
        let bytes = |data: *const u8, layout: &Layout| {
            let reach = layout.reach().unwrap_or(0..0);
            data.addr().wrapping_add_signed(reach.start)..data.addr().wrapping_add_signed(reach.end)
        };
        let (read, written) = (bytes(self.data, &self.layout), bytes(output.data, &output.layout));
        if read.start < written.end && written.start < read.end { self.copied() } else { Ok(self) }
    }
}

/// The elements of an input, or those at some fixed leading indices.
#[derive(Clone, Copy)]
pub(crate) struct Elements<'a> {
    data: *const u8,
    dtype: DType,
    shape: &'a [usize],
    strides: &'a [isize],
    input: PhantomData<&'a Input<'a>>,
}

impl<'a> Elements<'a> {
    /// The elements at index `i` of the first axis.
    pub(crate) fn at(self, i: usize) -> Self {
        assert!(i < self.shape[0]);
        // The address of an element: the offset is within the reach that Layout::new checked.
        let data = self.data.wrapping_offset(self.strides[0] * i as isize);
        Elements { data, shape: &self.shape[1..], strides: &self.strides[1..], ..self }
    }

    /// Converts the elements to values, in C order.
    pub(crate) fn read<V: Value>(self, values: &mut [V]) {
        match self.shape.first() {
            None => self.read_run(0, 0, values),
            Some(&extent) => self.read_range(0..extent, values),
        }
    }

    /// As [`read`](Self::read), for a range of indices along the first axis.
    pub(crate) fn read_range<V: Value>(self, range: Range<usize>, values: &mut [V]) {
        assert!(range.start <= range.end && range.end <= self.shape[0]);
        match self.even_step() {
            Some(step) => self.read_run(range.start, step, values),
            None => {
                let each = self.shape[1..].iter().product();
                for (i, values) in range.zip(values.chunks_exact_mut(each)) {
                    self.at(i).read(values);
                }
            }
        }
    }

    /// Whether the elements along the last axis are values side by side, aligned, at any other indices.
    pub(crate) fn has_rows_of<V: Value>(&self) -> bool {
        let step = size_of::<V>() as isize;
        self.dtype == V::DTYPE
            && self.data.cast::<V>().is_aligned()
            && self
                .strides
                .split_last()
                .is_some_and(|(&last, outer)| last == step && outer.iter().all(|&stride| stride % step == 0))
    }

    /// A matrix of values, if its rows [hold](Self::has_rows_of) them side by side.
    pub(crate) fn matrix<V: Value>(self) -> Option<Matrix<'a, V>> {
        let (&[height, width], &[down, _]) = (self.shape, self.strides) else { return None };
        self.has_rows_of::<V>().then_some(Matrix { data: self.data, height, width, down, input: PhantomData })
    }

    /// The elements of a row that [holds](Self::has_rows_of) doubles.
    pub(crate) fn doubles(self) -> &'a [f64] {
        let &[extent] = self.shape else { panic!("not a row") };
        assert!(self.has_rows_of::<f64>());
        // SAFETY: the elements are doubles that lie aligned and side by side, and nobody writes them meanwhile.
        unsafe { slice::from_raw_parts(self.data.cast(), extent) }
    }

    /// The memory of the elements from number `first` on, if they lie evenly.
    pub(crate) fn prefetch_from(self, first: usize) -> Prefetch {
        match self.even_step() {
            Some(step) => Prefetch::new(self.data.wrapping_offset(step.wrapping_mul(first as isize)), step),
            None => Prefetch::NONE,
        }
    }

    /// The step from each element to the next, if it is the same throughout.
    fn even_step(&self) -> Option<isize> {
        let mut pairs = self.shape.windows(2).zip(self.strides.windows(2));
        let even = pairs.all(|(extents, strides)| strides[0] == strides[1].wrapping_mul(extents[1] as isize));
        if even { self.strides.last().copied() } else { None }
    }

    /// Reads elements that lie `step` bytes apart, from index `start` of the first axis on.
    fn read_run<V: Value>(self, start: usize, step: isize, values: &mut [V]) {
        let (inner, available) = match self.shape {
            [] => (1, 1),
            [extent, rest @ ..] => (rest.iter().product(), extent * rest.iter().product::<usize>()),
        };
        assert!(start * inner + values.len() <= available);
        let data = self.data.wrapping_offset(step * (start * inner) as isize);
        if self.dtype == V::DTYPE && step == size_of::<V>() as isize {
            // SAFETY: the run's elements are elements of the array, whose bytes are values wherever they lie.
            return unsafe { data.copy_to_nonoverlapping(values.as_mut_ptr().cast(), size_of_val(values)) };
        }
        let read = self.reader().run;
        // SAFETY: the run's elements are elements of the array: their number was just compared with what there is, and
        // whoever calls has found that they are `step` bytes apart.
        unsafe { read(data, step, values) }
    }

    /// Converts some columns of some rows of a matrix to values, each row to the start of another `pitch` of them.
    pub(crate) fn read_rows<V: Value>(self, rows: Range<usize>, columns: Range<usize>, values: &mut [V], pitch: usize) {
        let (&[height, width], &[down, along]) = (self.shape, self.strides) else { panic!("not a matrix") };
        assert!(rows.start <= rows.end && rows.end <= height && columns.start <= columns.end && columns.end <= width);
        if columns.is_empty() {
            return;
        }
        let data = self.data.wrapping_offset(down * rows.start as isize + along * columns.start as isize);
        let size = (rows.len(), columns.len());
        let read = self.reader().rows;
        // SAFETY: the rows and columns are the matrix's, as was just asserted.
        unsafe { read(data, (down, along), size, values, pitch) }
    }

    fn reader<V: Value>(self) -> Reader<V> {
        V::reader(self.dtype).expect("kernels choose their values by the dtype")
    }

    /// Copies the elements' bytes, in C order.
    fn copy_bytes(self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let size = self.dtype.size();
        if self.shape.is_empty() || self.even_step() == Some(size as isize) {
            assert!(bytes.len() == size * self.shape.iter().product::<usize>());
            // SAFETY: the elements lie side by side and have as many bytes as there are here, which are our own.
            unsafe { self.data.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) }
        } else {
            let extent = self.shape[0];
            for (i, bytes) in bytes.chunks_exact_mut(bytes.len() / extent).enumerate() {
                self.at(i).copy_bytes(bytes);
            }
        }
    }
}

/// Rows of values that lie side by side, aligned.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, V> {
    data: *const u8,
    height: usize,
    width: usize,
    /// Bytes from one row to the next.
    down: isize,
    input: PhantomData<&'a [V]>,
}

impl<'a, V: Value> Matrix<'a, V> {
    #[inline]
    pub(crate) fn row(self, i: usize) -> &'a [V] {
        assert!(i < self.height);
        let row = self.data.wrapping_offset(self.down * i as isize).cast();
        // SAFETY: the row's elements are values that lie aligned and side by side, and nobody writes them meanwhile.
        unsafe { slice::from_raw_parts(row, self.width) }
    }

    /// The values of a row and all after it, if they lie one after the other.
    #[inline]
    pub(crate) fn rows_from(self, i: usize) -> Option<&'a [V]> {
        assert!(i < self.height);
        let down = self.width * size_of::<V>();
        // SAFETY: likewise, and nothing lies between.
        (self.down == down as isize).then(|| unsafe {
            slice::from_raw_parts(self.data.wrapping_add(down * i).cast(), self.width * (self.height - i))
        })
    }
}

/// An array that is written.
pub(crate) struct Output<'a> {
    data: *mut u8,
    layout: Layout,
    /// Extents and strides for writing: as few axes as possible.
    shape: Vec<usize>,
    strides: Vec<isize>,
    /// No two elements share memory.
    distinct: bool,
    caller: PhantomData<&'a mut [u8]>,
}

impl<'a> Output<'a> {
    /// Whether no two of its elements share memory.
    pub(crate) fn is_distinct(&self) -> bool {
        self.distinct
    }

    /// Views the elements of `dtype` at `data`, the address of element [0, ..., 0].
    ///
    /// # Safety
    /// Each element that `shape` and `strides` reach is memory that can be written, and nobody else reads or writes it
    /// during `'a` but an [`Input`] that is kept [apart](Input::apart_from).
    pub(crate) unsafe fn new(
        name: &str,
        data: *mut u8,
        dtype: DType,
        shape: Vec<usize>,
        strides: Option<Vec<isize>>,
    ) -> Result<Self, Error> {
        let layout = Layout::new(name, dtype, shape, strides)?;
        let (shape, strides) = layout.coalesced()?;
        let distinct = !layout.may_overlap_itself()?;
        Ok(Output { data, layout, shape, strides, distinct, caller: PhantomData })
    }

    /// Whether it has more elements than caches keep, which lie side by side.
    pub(crate) fn goes_past(&self) -> bool {
        let size = self.layout.dtype.size();
        simd::WRITES_PAST && self.strides[..] == [size as isize] && self.layout.count >= past::MANY / size
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// The right to write all elements.
    pub(crate) fn whole(&mut self) -> Piece<'_> {
        Piece { range: 0..self.layout.count, output: self }
    }

    /// Writes elements from `first` on, in C order.
    ///
    /// # Safety
    /// Nobody else touches these elements meanwhile.
    unsafe fn write(&self, first: usize, values: &[f64]) {
        assert!(first + values.len() <= self.layout.count);
        let (&[.., row], &[.., step]) = (&self.shape[..], &self.strides[..]) else {
            // SAFETY: the one element there is.
            return unsafe { self.write_run(0, 0, values) };
        };
        let mut first = first;
        let mut values = values;
        while !values.is_empty() {
            let (mut outer, column) = (first / row, first % row);
            let mut offset = column as isize * step;
            for (&extent, &stride) in self.shape.iter().zip(&self.strides).rev().skip(1) {
                offset += (outer % extent) as isize * stride;
                outer /= extent;
            }
            let (now, later) = values.split_at(values.len().min(row - column));
            // SAFETY: elements of one row, whose indices are within the extents.
            unsafe { self.write_run(offset, step, now) };
            first += now.len();
            values = later;
        }
    }

    /// Writes elements `step` bytes apart, the first at `offset` bytes.
    ///
    /// # Safety
    /// They are elements of the array that nobody else touches meanwhile.
    unsafe fn write_run(&self, offset: isize, step: isize, values: &[f64]) {
        let data = self.data.wrapping_offset(offset);
        let write = with_sample!(self.layout.dtype, T => write_run::<T> as unsafe fn(*mut u8, isize, &[f64]));
        // SAFETY: passed on.
        unsafe { write(data, step, values) }
    }
}

/// The right to write a range of an output's elements, in C order. No two pieces share an element.
pub(crate) struct Piece<'a> {
    output: &'a Output<'a>,
    range: Range<usize>,
}

// SAFETY: a piece is divided only if the output's elements share no memory, so pieces write different memory.
unsafe impl Send for Piece<'_> {}

impl<'a> Piece<'a> {
    /// Which elements, counted in C order.
    pub(crate) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Whether the whole output is more than caches keep.
    pub(crate) fn goes_past(&self) -> bool {
        self.output.goes_past()
    }

    /// Whether [`split_front`](Self::split_front) is allowed.
    pub(crate) fn is_divisible(&self) -> bool {
        self.output.distinct
    }

    /// Takes the first `n` elements, or as many as there are.
    pub(crate) fn split_front(&mut self, n: usize) -> Piece<'a> {
        assert!(self.is_divisible());
        let cut = self.range.start + n.min(self.range.len());
        let front = self.range.start..cut;
        self.range.start = cut;
        Piece { output: self.output, range: front }
    }

    /// The memory of the elements from `first` on, if they lie side by side.
    pub(crate) fn prefetch_from(&self, first: usize) -> Prefetch {
        match self.output.strides[..] {
            [step] => Prefetch::new(self.output.data.wrapping_offset(step * first as isize), step),
            _ => Prefetch::NONE,
        }
    }

    /// A range of the elements itself, if they are values of this type side by side.
    pub(crate) fn values<V: Value>(&mut self, range: Range<usize>) -> Option<&mut [V]> {
        assert!(self.range.start <= range.start && range.start <= range.end && range.end <= self.range.end);
        let output = self.output;
        let data = output.data.cast::<V>().wrapping_add(range.start);
        let side_by_side = output.strides[..] == [size_of::<V>() as isize];
        if output.layout.dtype == V::DTYPE && side_by_side && data.is_aligned() {
            // SAFETY: the elements are this piece's own while it is borrowed, and whatever a caller's memory holds is a
            // value. As an array they begin at `data` and lie side by side.
            Some(unsafe { slice::from_raw_parts_mut(data, range.len()) })
        } else {
            None
        }
    }

    /// Writes elements from `first` on, cast from values by way of doubles, as all results are.
    pub(crate) fn write_values<V: Value>(&mut self, first: usize, values: &[V]) {
        let goes_past = self.goes_past();
        if let Some(own) = self.values(first..first + values.len()) {
            return if goes_past { past::copy(values, own) } else { own.copy_from_slice(values) };
        }
        let mut doubles = [0.0; BLOCK];
        for (i, values) in values.chunks(BLOCK).enumerate() {
            let doubles = &mut doubles[..values.len()];
            doubles.iter_mut().zip(values).for_each(|(double, value)| *double = value.to_f64());
            self.write(first + i * BLOCK, doubles);
        }
    }

    /// Writes elements from `first` on.
    pub(crate) fn write(&mut self, first: usize, values: &[f64]) {
        assert!(self.range.start <= first && first + values.len() <= self.range.end);
        // SAFETY: the elements are this piece's own, and the output's memory is nobody's but its pieces'.
        unsafe { self.output.write(first, values) }
    }
}

/// Memory that will soon be read or written: elements a few bytes apart.
///
/// A callback computes on what the cache holds, and meanwhile the memory is idle. Fetching ahead, a little at a time
/// because only a dozen fetches can be under way, hides most of the time that the input and the output take.
#[derive(Clone, Copy)]
pub(crate) struct Prefetch {
    data: *const u8,
    /// Bytes from one element to the next; 0: there is nothing to fetch.
    step: isize,
}

impl Prefetch {
    pub(crate) const NONE: Prefetch = Prefetch { data: ptr::null(), step: 0 };

    fn new(data: *const u8, step: isize) -> Self {
        if step.unsigned_abs() <= CACHE_LINE { Prefetch { data, step } } else { Prefetch::NONE }
    }

    /// The same from the element on that is `n` further.
    pub(crate) fn skip(self, n: usize) -> Self {
        Prefetch { data: self.data.wrapping_offset(self.step.wrapping_mul(n as isize)), ..self }
    }

    /// Starts to fetch a range of the elements.
    #[inline]
    pub(crate) fn fetch(self, range: Range<usize>) {
        let bytes = self.step * range.len() as isize;
        let start = self.data.wrapping_offset(self.step * range.start as isize + bytes.min(0));
        for line in (0..bytes.unsigned_abs()).step_by(CACHE_LINE) {
            simd::prefetch(start.wrapping_add(line));
        }
    }
}
