//! The extension rules: which element stands in for a coordinate outside the array.

/// How an array goes on beyond its ends; `scipy.ndimage`'s boundary modes for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `d c b a | a b c d | d c b a`
    #[default]
    Reflect,
    /// `a a a a | a b c d | d d d d`
    Nearest,
    /// `d c b | a b c d | c b a`
    Mirror,
    /// `a b c d | a b c d | a b c d`
    Wrap,
    /// `v v v v | a b c d | v v v v`, v being [`Options::cval`](crate::Options::cval)
    Constant,
    /// The same as [`Mode::Constant`]: they differ for interpolation only.
    GridConstant,
    /// The same as [`Mode::Reflect`].
    GridMirror,
    /// The same as [`Mode::Wrap`].
    GridWrap,
}

impl Mode {
    /// The element that coordinate `c` of a line of `n` > 0 elements shows; `None` is the constant.
    #[inline]
    pub(crate) fn source(self, c: isize, n: usize) -> Option<usize> {
        if (c as usize) < n { Some(c as usize) } else { self.outside(c, n) }
    }

    /// [`source`](Self::source) for a coordinate outside 0..n, however far.
    fn outside(self, c: isize, n: usize) -> Option<usize> {
        let n = n as isize;
        // Back and forth in passes of `length`: every other one runs backwards. (The period, twice the length, might
        // not fit isize.)
        let fold = |length: isize| {
            let (pass, place) = (c.div_euclid(length), c.rem_euclid(length));
            if pass % 2 == 0 { place } else { n - 1 - place }
        };
        let source = match self {
            Mode::Reflect | Mode::GridMirror => fold(n),
            Mode::Nearest => c.clamp(0, n - 1),
            Mode::Mirror if n == 1 => 0,
            Mode::Mirror => fold(n - 1),
            Mode::Wrap | Mode::GridWrap => c.rem_euclid(n),
            Mode::Constant | Mode::GridConstant => return None,
        };
        Some(source as usize)
    }

    /// Whether coordinates outside show the constant.
    pub(crate) fn is_constant(self) -> bool {
        matches!(self, Mode::Constant | Mode::GridConstant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a window of 15 around the first of [1, 2, 3] reads, from SciPy.
    #[test]
    fn lines_go_on_as_in_scipy() {
        let cases: [(Mode, [usize; 15]); 4] = [
            (Mode::Reflect, [1, 1, 2, 3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1, 2]),
            (Mode::Mirror, [2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]),
            (Mode::Wrap, [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]),
            (Mode::Nearest, [1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3]),
        ];
        for (mode, expected) in cases {
            let read: Vec<_> = (-7..8).map(|c| mode.source(c, 3).unwrap() + 1).collect();
            assert_eq!(read, expected, "{mode:?}");
        }
    }

    #[test]
    fn a_line_of_one_element_shows_it_everywhere() {
        for mode in [Mode::Reflect, Mode::Nearest, Mode::Mirror, Mode::Wrap] {
            for c in [isize::MIN, -3, -2, -1, 0, 1, 2, 3, isize::MAX] {
                assert_eq!(mode.source(c, 1), Some(0), "{mode:?} at {c}");
            }
        }
        assert_eq!(Mode::Constant.source(0, 1), Some(0));
        assert_eq!(Mode::Constant.source(-1, 1), None);
    }

    #[test]
    fn the_largest_lines_do_not_overflow() {
        let n = isize::MAX as usize;
        assert_eq!(Mode::Reflect.source(-1, n), Some(0));
        assert_eq!(Mode::Mirror.source(-1, n), Some(1));
        assert_eq!(Mode::Wrap.source(-1, n), Some(n - 1));
        assert_eq!(Mode::Reflect.source(isize::MIN, n), Some(n - 1));
    }
}
