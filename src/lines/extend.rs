//! Filling an extended line: elements as values, and around them what the boundary rules show.

use std::ops::Range;

use crate::array::Elements;
use crate::boundary::Mode;
use crate::convert::Value;
use crate::error::Error;
use crate::memory;

/// In place of an index: the constant.
pub(super) const OUTSIDE: usize = usize::MAX;

/// An axis as lines see it.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) extent: usize,
    /// Offset of the lowest tap.
    pub(crate) low: isize,
    /// From the lowest tap to the highest.
    pub(crate) span: usize,
    pub(crate) mode: Mode,
}

impl Axis {
    /// What coordinate `c` shows.
    #[inline]
    pub(crate) fn source(&self, c: isize) -> Option<usize> {
        self.mode.source(c, self.extent)
    }
}

/// How the last of several inner axes is extended: the same for everything along it.
pub(crate) struct LastAxis {
    /// Which elements are held ...
    inside: Range<usize>,
    /// ... and how many places lie before them.
    before: usize,
    /// The places around them, and what they show: another place or [`OUTSIDE`].
    margins: Vec<(usize, usize)>,
}

impl LastAxis {
    /// `None`: some place shows an element that is not held.
    pub(crate) fn new(axis: &Axis) -> Result<Option<LastAxis>, Error> {
        let len = axis.extent + axis.span;
        let shown = axis.low..axis.low + len as isize;
        let inside = shown.start.clamp(0, axis.extent as isize)..shown.end.clamp(0, axis.extent as isize);
        let mut margins = memory::reserved(len - inside.len())?;
        for c in shown.clone().filter(|c| !inside.contains(c)) {
            let from = match axis.source(c).map(|i| i as isize) {
                Some(i) if inside.contains(&i) => (i - shown.start) as usize,
                Some(_) => return Ok(None),
                None => OUTSIDE,
            };
            margins.push(((c - shown.start) as usize, from));
        }
        let before = if inside.is_empty() { 0 } else { (inside.start - shown.start) as usize };
        Ok(Some(LastAxis { inside: inside.start as usize..inside.end as usize, before, margins }))
    }

    /// Fills stretches of `pitch` values with what rows `range` of a matrix show.
    fn extend<V: Value>(&self, matrix: Elements<'_>, range: Range<usize>, pitch: usize, cval: V, values: &mut [V]) {
        matrix.read_rows(range, self.inside.clone(), &mut values[self.before..], pitch);
        for row in values.chunks_exact_mut(pitch) {
            for &(to, from) in &self.margins {
                row[to] = if from == OUTSIDE { cval } else { row[from] };
            }
        }
    }
}

/// How lines are extended.
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a, V> {
    pub(crate) last: Option<&'a LastAxis>,
    pub(crate) cval: V,
}

impl<V: Value> Extension<'_, V> {
    /// Fills `extended` with what `elements` show at the coordinates `range` along the first axis, and wherever the window
    /// reaches from there, along all axes.
    pub(crate) fn extend(
        self,
        elements: Elements<'_>,
        first: &Axis,
        rest: &[Axis],
        range: Range<usize>,
        extended: &mut [V],
    ) {
        let low = range.start as isize + first.low;
        let high = low + (range.len() + first.span) as isize;
        let each: usize = rest.iter().map(|axis| axis.extent + axis.span).product();

        let extend_one = |c: isize, extended: &mut [V]| match (first.source(c), rest.split_first()) {
            (None, _) => extended.fill(self.cval),
            (Some(i), None) => elements.at(i).read(extended),
            (Some(i), Some((next, rest))) => self.extend(elements.at(i), next, rest, 0..next.extent, extended),
        };
        let at = |c: isize| (c - low) as usize * each;

        // Elements within the array come in one go where nothing lies between them, or always the same.
        let inside = low.clamp(0, first.extent as isize)..high.clamp(0, first.extent as isize);
        let indices = inside.start as usize..inside.end as usize;
        if inside.is_empty() {
        } else if rest.iter().all(|axis| axis.span == 0 && axis.low == 0) {
            elements.read_range(indices, &mut extended[at(inside.start)..at(inside.end)]);
        } else if let (Some(last), [_]) = (self.last, rest) {
            last.extend(elements, indices, each, self.cval, &mut extended[at(inside.start)..at(inside.end)]);
        } else {
            for c in inside.clone() {
                extend_one(c, &mut extended[at(c)..at(c + 1)]);
            }
        }

        // What lies outside mostly shows what is there by now.
        let (before, after) = if inside.is_empty() { (low..high, 0..0) } else { (low..inside.start, inside.end..high) };
        for c in before.chain(after) {
            match first.source(c).map(|i| i as isize) {
                Some(i) if inside.contains(&i) => extended.copy_within(at(i)..at(i + 1), at(c)),
                _ => extend_one(c, &mut extended[at(c)..at(c + 1)]),
            }
        }
    }
}

/// What the windows of some elements at the end of a line show.
pub(crate) struct End {
    pub(crate) elements: Range<usize>,
    /// The elements of the line that the places show, or [`OUTSIDE`].
    sources: Vec<usize>,
    /// Places that show elements side by side, if they are many.
    side_by_side: Range<usize>,
}

/// Values that are worth copying together.
const MANY: usize = 16;

impl End {
    pub(crate) fn new(axis: &Axis, elements: Range<usize>) -> Result<Self, Error> {
        let low = elements.start as isize + axis.low;
        let high = if elements.is_empty() { low } else { low + (elements.len() + axis.span) as isize };
        let sources = memory::collected((low..high).map(|c| axis.source(c).unwrap_or(OUTSIDE)))?;
        let inside = low.clamp(0, axis.extent as isize)..high.clamp(0, axis.extent as isize);
        let side_by_side = if inside.len() < MANY { high..high } else { inside };
        let side_by_side = (side_by_side.start - low) as usize..(side_by_side.end - low) as usize;
        Ok(End { elements, sources, side_by_side })
    }

    /// Fills places with what they show.
    #[inline(always)]
    pub(crate) fn extend<V: Value>(&self, line: &[V], cval: V, places: &mut [V]) {
        let fill = |places: &mut [V], sources: &[usize]| {
            for (place, &source) in places.iter_mut().zip(sources) {
                *place = if source == OUTSIDE { cval } else { line[source] };
            }
        };
        let Range { start, end } = self.side_by_side;
        fill(places, &self.sources[..start]);
        if start < end {
            places[start..end].copy_from_slice(&line[self.sources[start]..][..end - start]);
            fill(&mut places[end..], &self.sources[end..]);
        }
    }

    /// The same for several lines, the places of each so many behind those of the one before. `None`: one of the constant.
    pub(crate) fn extend_lines<'l, V: Value>(
        &self,
        lines: impl Iterator<Item = Option<&'l [V]>>,
        cval: V,
        places: &mut [V],
        apart: usize,
    ) {
        for (line, places) in lines.zip(places.chunks_exact_mut(apart)) {
            match line {
                Some(line) => self.extend(line, cval, places),
                None => places.fill(cval),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines_show_what_the_mode_says() {
        let modes = [Mode::Reflect, Mode::Nearest, Mode::Mirror, Mode::Wrap, Mode::Constant];
        let windows = [(-1, 2), (-3, 3), (0, 4), (-12, 25), (-25, 50), (2, 0), (-15, 2)];
        for (extent, mode, (low, span)) in
            [10, 40].into_iter().flat_map(|n| modes.into_iter().flat_map(move |m| windows.map(|w| (n, m, w))))
        {
            let line: Vec<f64> = (0..extent).map(|i| i as f64).collect();
            let axis = Axis { extent, low, span, mode };
            for elements in [0..3, extent - 3..extent, 2..extent - 1] {
                let mut places = vec![f64::NAN; elements.len() + span];
                End::new(&axis, elements.clone()).unwrap().extend(&line, -1.0, &mut places);
                let first = elements.start as isize + low;
                let expected: Vec<f64> = (first..first + places.len() as isize)
                    .map(|c| mode.source(c, extent).map_or(-1.0, |i| line[i]))
                    .collect();
                assert_eq!(places, expected, "{extent} elements, {mode:?}, window {low} {span}, elements {elements:?}");
            }
        }
    }
}
