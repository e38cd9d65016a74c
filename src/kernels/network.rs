//! Selection networks: comparisons that put the values of a window in order as far as a rank needs it, made for each window
//! and carried out on many places at a time.
//!
//! A network is a formula of minima and maxima of two values. It is written down as if every window were sorted: its columns
//! (the taps at one offset along a row), then columns merged with their neighbours, two by two (Batcher's odd-even merge).
//! Two things make that cheap. What the wanted rank does not depend on is left out. And a formula that is another one some
//! places further on is not computed again but read there: so columns are sorted once, for all windows that have them, and
//! merged once with each neighbour.
//!
//! The formula's steps run one after the other, each on some hundred places. A step loads and stores more than it compares,
//! so two comparisons are made one step where the first has a value that only the second looks at.

use std::marker::PhantomData;
use std::ops::Range;
use std::{ptr, slice};

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;

/// Bytes of values that a step computes at a time, about. Fewer would leave all values in the L1 cache, but what is to be
/// done for each step takes more than the L2 cache does.
pub(crate) const BYTES: usize = 1024;

/// A value some places further on: an input's, or the lower or the higher one of two that are compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ref {
    /// Twice its node's number, and one more if it is the higher.
    value: u32,
    shift: u32,
}

impl Ref {
    fn node(self) -> usize {
        self.value as usize / 2
    }

    /// Whether it is the higher one, as a number.
    fn side(self) -> usize {
        self.value as usize % 2
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    /// What lies at a place of an input.
    Input(u32),
    Comparison([Ref; 2]),
}

impl Node {
    /// A number without much order in its bits.
    fn hash(self) -> u64 {
        let both = |one: u32, other: u32| u64::from(one) << 32 | u64::from(other);
        let (one, other) = match self {
            Node::Input(number) => (u64::MAX, number.into()),
            Node::Comparison([a, b]) => (both(a.value, b.value), both(a.shift, b.shift)),
        };
        // Odd, and without much order either: 2^64 divided by the golden ratio.
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = (one.wrapping_mul(ODD).rotate_left(32) ^ other).wrapping_mul(ODD);
        product ^ product >> 32
    }
}

/// Formulas, each kept once.
pub(crate) struct Formulas {
    nodes: Vec<Node>,
    /// The nodes' numbers: each in the first place from where its hash says on that is [free](FREE).
    known: Vec<u32>,
    /// Lists that are being merged.
    lists: Vec<Ref>,
}

/// No node's number.
const FREE: u32 = u32::MAX;

/// Every so many of a list's values, from the first on.
#[derive(Clone, Copy)]
struct Every<'l> {
    list: &'l [Ref],
    step: usize,
}

impl<'l> Every<'l> {
    fn len(self) -> usize {
        self.list.len().div_ceil(self.step)
    }

    fn values(self) -> impl Iterator<Item = Ref> + 'l {
        self.list.iter().step_by(self.step).copied()
    }

    fn even(self) -> Self {
        Every { step: 2 * self.step, ..self }
    }

    fn odd(self) -> Self {
        Every { list: self.list.get(self.step..).unwrap_or_default(), step: 2 * self.step }
    }
}

impl Formulas {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Formulas { nodes: Vec::new(), known: memory::filled(1 << 8, FREE)?, lists: Vec::new() })
    }

    /// The value of an input some places further on.
    pub(crate) fn input(&mut self, number: u32, shift: u32) -> Result<Ref, Error> {
        Ok(Ref { value: 2 * self.node(Node::Input(number))?, shift })
    }

    fn node(&mut self, node: Node) -> Result<u32, Error> {
        let (place, is_known) = self.place(node);
        if is_known {
            return Ok(self.known[place]);
        }
        let number = self.nodes.len() as u32;
        memory::push(&mut self.nodes, node)?;
        self.known[place] = number;
        if 2 * self.nodes.len() > self.known.len() {
            self.known = memory::filled(4 * self.known.len(), FREE)?;
            for number in 0..self.nodes.len() {
                let place = self.place(self.nodes[number]).0;
                self.known[place] = number as u32;
            }
        }
        Ok(number)
    }

    /// Where a node is known, or would be.
    fn place(&self, node: Node) -> (usize, bool) {
        let mut place = node.hash() as usize;
        loop {
            place &= self.known.len() - 1;
            match self.known[place] {
                FREE => return (place, false),
                number if self.nodes[number as usize] == node => return (place, true),
                _ => place += 1,
            }
        }
    }

    /// The lower and the higher of two values.
    fn in_order(&mut self, a: Ref, b: Ref) -> Result<[Ref; 2], Error> {
        let shift = a.shift.min(b.shift);
        let unshifted = |r: Ref| Ref { shift: r.shift - shift, ..r };
        let node = self.node(Node::Comparison([a.min(b), a.max(b)].map(unshifted)))?;
        Ok([0, 1].map(|high| Ref { value: 2 * node + high, shift }))
    }

    /// Values in order.
    pub(crate) fn sorted(&mut self, values: &[Ref]) -> Result<Vec<Ref>, Error> {
        if values.len() < 2 {
            return memory::copied(values);
        }
        let (one, other) = values.split_at(values.len().next_power_of_two() / 2);
        let (one, other) = (self.sorted(one)?, self.sorted(other)?);
        self.merged(&one, &other)
    }

    /// Two lists in order as one (Batcher's odd-even merge).
    pub(crate) fn merged(&mut self, a: &[Ref], b: &[Ref]) -> Result<Vec<Ref>, Error> {
        self.merged_in(a, b, 0..a.len() + b.len())
    }

    /// The values at some places, from the first to the last, of two lists in order as one.
    pub(crate) fn merged_from(&mut self, a: &[Ref], b: &[Ref], first: usize, last: usize) -> Result<Vec<Ref>, Error> {
        // Number `i` of a list comes to place `i` at least, and is further on by the other's length at most.
        let below = |list: &[Ref], other: &[Ref]| first.saturating_sub(other.len()).min(list.len());
        let (below_a, below_b) = (below(a, b), below(b, a));
        let (a, b) = (&a[below_a..a.len().min(last + 1)], &b[below_b..b.len().min(last + 1)]);
        let below = below_a + below_b;
        self.merged_in(a, b, first - below..last + 1 - below)
    }

    fn merged_in(&mut self, a: &[Ref], b: &[Ref], places: Range<usize>) -> Result<Vec<Ref>, Error> {
        self.lists.clear();
        self.merge(Every { list: a, step: 1 }, Every { list: b, step: 1 }, places)?;
        memory::copied(&self.lists)
    }

    /// Appends the values at some places to the lists.
    fn merge(&mut self, a: Every<'_>, b: Every<'_>, places: Range<usize>) -> Result<(), Error> {
        if places.is_empty() {
            return Ok(());
        }
        match (a.len(), b.len()) {
            (0, _) | (_, 0) => {
                let mut values = a.values().chain(b.values()).skip(places.start).take(places.len());
                values.try_for_each(|value| memory::push(&mut self.lists, value))
            }
            (1, 1) => {
                let both = self.in_order(a.list[0], b.list[0])?;
                both[places].iter().try_for_each(|&value| memory::push(&mut self.lists, value))
            }
            (len_a, len_b) => {
                // Even number 0 comes to place 0; odd number `i` and even number `i + 1` come to `2 i + 1` and `2 i + 2`.
                let within = |start: usize, end: usize, len: usize| start.min(len)..end.min(len);
                let even = within(places.start.div_ceil(2), places.end / 2 + 1, len_a.div_ceil(2) + len_b.div_ceil(2));
                let odd = within(places.start.saturating_sub(1) / 2, places.end / 2, len_a / 2 + len_b / 2);
                let start = self.lists.len();
                self.merge(a.even(), b.even(), even.clone())?;
                let middle = self.lists.len();
                self.merge(a.odd(), b.odd(), odd.clone())?;
                let end = self.lists.len();
                // Two places in turn have the same pair.
                let mut last = None;
                for place in places {
                    let at = (place.div_ceil(2), place.saturating_sub(1) / 2);
                    let low = even.contains(&at.0).then(|| start + at.0 - even.start);
                    let high = (place > 0 && odd.contains(&at.1)).then(|| middle + at.1 - odd.start);
                    let value = match (low, high) {
                        (Some(low), Some(high)) => {
                            let pair = match last {
                                Some((of, pair)) if of == low => pair,
                                _ => self.in_order(self.lists[low], self.lists[high])?,
                            };
                            last = Some((low, pair));
                            pair[(place - 1) % 2]
                        }
                        (Some(at), None) | (None, Some(at)) => self.lists[at],
                        (None, None) => unreachable!("every place has a value"),
                    };
                    memory::push(&mut self.lists, value)?;
                }
                self.lists.drain(start..end);
                Ok(())
            }
        }
    }

    fn is_input(&self, value: Ref) -> bool {
        matches!(self.nodes[value.node()], Node::Input(_))
    }

    /// How many formulas there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many minima and maxima some values depend on.
    pub(crate) fn cost<'r>(&self, wanted: impl IntoIterator<Item = &'r Ref>) -> Result<usize, Error> {
        let is_needed = self.needed(wanted)?;
        let of = |(node, needed): (&Node, &[bool; 2])| match node {
            Node::Input(_) => 0,
            Node::Comparison(_) => needed.iter().filter(|&&needed| needed).count(),
        };
        Ok(self.nodes.iter().zip(&is_needed).map(of).sum())
    }

    /// Of each node whether the lower and the higher value are needed for some values.
    fn needed<'r>(&self, wanted: impl IntoIterator<Item = &'r Ref>) -> Result<Vec<[bool; 2]>, Error> {
        let mut is_needed = memory::filled(self.nodes.len(), [false; 2])?;
        wanted.into_iter().for_each(|wanted| is_needed[wanted.node()][wanted.side()] = true);
        for (number, node) in self.nodes.iter().enumerate().rev() {
            if let Node::Comparison(operands) = node
                && is_needed[number] != [false; 2]
            {
                operands.iter().for_each(|operand| is_needed[operand.node()][operand.side()] = true);
            }
        }
        Ok(is_needed)
    }
}

/// Formulas as steps to be carried out on values of a type.
pub(crate) struct Program<V> {
    steps: Vec<Step>,
    /// Where the results are, in the order wanted.
    results: Vec<Operand>,
    /// Places that are computed at a time, at most.
    places: usize,
    /// How many values it needs room for, and how many inputs it has.
    room: usize,
    inputs: usize,
    of: PhantomData<fn(V)>,
}

/// What one thread carries out a program with.
pub(crate) struct Network<'p, V> {
    program: &'p Program<V>,
    values: Aligned<V>,
    /// Where the values begin, and then each input.
    bases: Vec<*const V>,
}

/// Where a value is: so many values from a base on.
#[derive(Clone, Copy)]
struct Operand {
    base: u32,
    offset: u32,
}

/// A comparison of two values; or of one of them, when they are in order, with a third.
struct Step {
    operands: [Operand; 3],
    /// Where values go: offsets in the network's own. The other one of the first two, the lower and the higher of the last.
    stored: [u32; 3],
    kind: u8,
    /// How many places it is needed for beyond those of the results.
    beyond: u32,
}

/// What a step is, as a number that code is compiled for: which of the last two values are stored; whether two are
/// compared before, which of them goes on, and whether the other is stored.
const LOW: u8 = 1;
const HIGH: u8 = 2;
const CHAIN: u8 = 4;
const CARRIES_HIGH: u8 = 8;
const OTHER: u8 = 16;

impl<V: Value> Program<V> {
    /// Values of a cache line.
    const LINE: usize = CACHE_LINE / size_of::<V>();

    pub(crate) fn new(formulas: &Formulas, wanted: &[Ref]) -> Result<Self, Error> {
        let groups = groups(formulas, wanted)?;
        let values = 2 * formulas.nodes.len();

        // How many places beyond the first ones each value is needed for, and the last group that needs it.
        let mut beyond = memory::filled(values, 0_u32)?;
        let mut last_use = memory::filled(values, 0_usize)?;
        for &wanted in wanted {
            let beyond = &mut beyond[wanted.value as usize];
            *beyond = (*beyond).max(wanted.shift);
            last_use[wanted.value as usize] = usize::MAX;
        }
        for (g, group) in groups.iter().enumerate().rev() {
            let own = group.stored().map(|value| beyond[value as usize]).max().unwrap_or(0);
            for operand in group.operands {
                let value = operand.value as usize;
                beyond[value] = beyond[value].max(own + operand.shift);
                last_use[value] = last_use[value].max(g);
            }
        }

        // First slots by number, so that their size can be chosen when it is known how many there are.
        let mut slot = memory::filled(values, 0_u32)?;
        let mut free: Vec<u32> = Vec::new();
        let mut slots = 0;
        for (g, group) in groups.iter().enumerate() {
            for value in group.stored() {
                slot[value as usize] = free.pop().unwrap_or_else(|| {
                    slots += 1;
                    slots - 1
                });
            }
            for operand in group.operands {
                let value = operand.value as usize;
                if last_use[value] == g && !formulas.is_input(operand) {
                    memory::push(&mut free, slot[value])?;
                    // Not once more if it is another of the group's operands too.
                    last_use[value] = usize::MAX;
                }
            }
        }

        let furthest = beyond.iter().max().copied().unwrap_or(0) as usize;
        let most = BYTES / size_of::<V>();
        let places = most.saturating_sub(furthest).max(most / 2).next_multiple_of(Self::LINE);
        // An odd number of cache lines, so that slots don't all begin at the same place of a page.
        let lines = (places + furthest).div_ceil(Self::LINE) + 1;
        let size = (lines | 1) * Self::LINE;

        let operand = |r: Ref| match formulas.nodes[r.node()] {
            Node::Input(number) => Operand { base: number + 1, offset: r.shift },
            Node::Comparison(_) => Operand { base: 0, offset: slot[r.value as usize] * size as u32 + r.shift },
        };
        let steps = groups.iter().map(|group| Step {
            operands: group.operands.map(operand),
            stored: group.results.map(|value| value.map_or(0, |value| slot[value as usize] * size as u32)),
            kind: group.kind(),
            beyond: group.stored().map(|value| beyond[value as usize]).max().unwrap_or(0),
        });
        let inputs = formulas.nodes.iter().map(|node| match node {
            Node::Input(number) => number + 1,
            Node::Comparison(_) => 0,
        });
        Ok(Program {
            steps: memory::collected(steps)?,
            results: memory::collected(wanted.iter().map(|&wanted| operand(wanted)))?,
            places,
            room: (slots as usize).max(1) * size,
            inputs: inputs.max().unwrap_or(0) as usize,
            of: PhantomData,
        })
    }
}

impl<'p, V: Value> Network<'p, V> {
    pub(crate) fn new(program: &'p Program<V>) -> Result<Self, Error> {
        let values = Aligned::new(program.room, 0)?;
        Ok(Network { program, values, bases: memory::filled(program.inputs + 1, ptr::null())? })
    }

    /// How many places are computed at a time, at most.
    pub(crate) fn places(&self) -> usize {
        self.program.places
    }

    /// Computes the results of so many places. Every input is read as far as its formulas look, and up to a cache line
    /// further.
    ///
    /// # Safety
    /// They can be read.
    pub(crate) unsafe fn run(&mut self, inputs: impl Iterator<Item = *const V>, places: usize) {
        assert!(places <= self.program.places);
        let values = self.values.as_mut_ptr();
        self.bases[0] = values;
        self.bases[1..].iter_mut().zip(inputs).for_each(|(base, input)| *base = input);
        let (steps, bases) = (&self.program.steps[..], &self.bases[..]);
        simd::widest(
            #[inline(always)]
            || {
                for step in steps {
                    // SAFETY: the slots are within the network's values, and inputs can be read as the caller has it.
                    unsafe { step.run(bases, values, places) };
                }
            },
        );
    }

    /// Where the values of a result are, of as many places as were computed last.
    pub(crate) fn result(&self, number: usize) -> *const V {
        let result = self.program.results[number];
        self.bases[result.base as usize].wrapping_add(result.offset as usize)
    }
}

/// Comparisons that a step makes: a value that only one other comparison looks at stays where it is computed, in a register.
struct Group {
    /// What the first compares, and the second with what goes on; of one comparison the last is the second once more.
    operands: [Ref; 3],
    /// The values that are stored: see [`Step`].
    results: [Option<u32>; 3],
    /// Whether there are two, and whether the higher value goes on.
    carries: Option<bool>,
}

impl Group {
    fn stored(&self) -> impl Iterator<Item = u32> {
        self.results.into_iter().flatten()
    }

    fn kind(&self) -> u8 {
        let bit = |is_so: bool, bit: u8| if is_so { bit } else { 0 };
        let [other, low, high] = self.results.map(|result| result.is_some());
        let carries = bit(self.carries.is_some(), CHAIN) | bit(self.carries == Some(true), CARRIES_HIGH);
        bit(low, LOW) | bit(high, HIGH) | bit(other, OTHER) | carries
    }
}

/// What looks at a value.
#[derive(Clone, Copy)]
enum Use {
    None,
    /// One comparison, and at the same place.
    Only(u32),
    Other,
}

/// The comparisons that values depend on, in groups.
fn groups(formulas: &Formulas, wanted: &[Ref]) -> Result<Vec<Group>, Error> {
    let nodes = &formulas.nodes[..];
    let needed = formulas.needed(wanted)?;
    let comparisons = || {
        nodes.iter().enumerate().filter_map(|(number, &node)| match node {
            Node::Comparison(operands) if needed[number] != [false; 2] => Some((number, operands)),
            _ => None,
        })
    };

    let mut uses = memory::filled(nodes.len(), [Use::None; 2])?;
    for (number, operands) in comparisons() {
        for operand in operands {
            let is_used = &mut uses[operand.node()][operand.side()];
            let is_only = matches!(is_used, Use::None) && operand.shift == 0;
            *is_used = if is_only { Use::Only(number as u32) } else { Use::Other };
        }
    }
    wanted.iter().for_each(|wanted| uses[wanted.node()][wanted.side()] = Use::Other);

    let results = |number: usize| [0, 1].map(|side| needed[number][side].then_some((2 * number + side) as u32));
    let mut is_done = memory::collected(nodes.iter().map(|node| matches!(node, Node::Input(_))))?;
    let mut groups = memory::reserved(comparisons().count())?;
    for (number, [a, b]) in comparisons() {
        if is_done[number] {
            continue;
        }
        is_done[number] = true;
        // What the second comparison looks at besides must have been computed by now.
        let next = [1, 0].into_iter().find_map(|side| {
            let Use::Only(user) = uses[number][side] else { return None };
            let user = user as usize;
            let Node::Comparison(operands) = nodes[user] else { return None };
            if is_done[user] {
                return None;
            }
            let third = operands.into_iter().find(|operand| (operand.node(), operand.side()) != (number, side))?;
            (third.node() != number && is_done[third.node()]).then_some((side, user, third))
        });
        groups.push(match next {
            Some((side, user, third)) => {
                is_done[user] = true;
                let [low, high] = results(user);
                let other = results(number)[1 - side];
                Group { operands: [a, b, third], results: [other, low, high], carries: Some(side == 1) }
            }
            None => {
                let [low, high] = results(number);
                Group { operands: [a, b, b], results: [None, low, high], carries: None }
            }
        });
    }
    Ok(groups)
}

impl Step {
    /// # Safety
    /// What it reads and writes is there.
    #[inline(always)]
    unsafe fn run<V: Value>(&self, bases: &[*const V], values: *mut V, places: usize) {
        let lines = (places + self.beyond as usize).div_ceil(Program::<V>::LINE);
        macro_rules! kinds {
            ($($kind:literal)*) => {
                match self.kind {
                    // SAFETY: as the caller has it.
                    $($kind => unsafe { self.run_kind::<V, $kind>(bases, values, lines) },)*
                    _ => unreachable!("no step is of another kind"),
                }
            };
        }
        kinds!(1 2 3 5 6 7 13 14 15 21 22 23 29 30 31);
    }

    /// # Safety
    /// What it reads and writes is there.
    #[inline(always)]
    unsafe fn run_kind<V: Value, const KIND: u8>(&self, bases: &[*const V], values: *mut V, lines: usize) {
        let count = lines * Program::<V>::LINE;
        // SAFETY: as the caller has it. What is written is no operand's: slots are free when they are taken.
        unsafe {
            let [a, b, c] = self.operands.map(|operand| {
                let start = bases.get_unchecked(operand.base as usize).add(operand.offset as usize);
                slice::from_raw_parts(start, count)
            });
            let to = |offset: u32, mask: u8| {
                let count = if KIND & mask == 0 { 0 } else { count };
                slice::from_raw_parts_mut(values.add(offset as usize), count)
            };
            let [other, low, high] = self.stored;
            compare::<V, KIND>(a, b, c, to(other, OTHER), to(low, LOW), to(high, HIGH));
        }
    }
}

// In a function of its own compilers know that what it writes is nothing of what it reads.

/// # Safety
/// Lists are of the same length, but for those that a step of this kind doesn't write.
#[inline(always)]
unsafe fn compare<V: Value, const KIND: u8>(a: &[V], b: &[V], c: &[V], other: &mut [V], low: &mut [V], high: &mut [V]) {
    for i in 0..a.len() {
        // SAFETY: the caller has it.
        unsafe {
            let (mut one, mut two) = (*a.get_unchecked(i), *b.get_unchecked(i));
            if KIND & CHAIN != 0 {
                let (lower, higher) = (lower(one, two), higher(one, two));
                let rest;
                (one, rest) = if KIND & CARRIES_HIGH != 0 { (higher, lower) } else { (lower, higher) };
                if KIND & OTHER != 0 {
                    *other.get_unchecked_mut(i) = rest;
                }
                two = *c.get_unchecked(i);
            }
            if KIND & LOW != 0 {
                *low.get_unchecked_mut(i) = lower(one, two);
            }
            if KIND & HIGH != 0 {
                *high.get_unchecked_mut(i) = higher(one, two);
            }
        }
    }
}

/// The lower of two values.
#[inline(always)]
pub(crate) fn lower<V: Value>(a: V, b: V) -> V {
    if b < a { b } else { a }
}

/// The higher of two values; of equal ones, the one that [`lower`] is not.
#[inline(always)]
pub(crate) fn higher<V: Value>(a: V, b: V) -> V {
    if b < a { a } else { b }
}

#[cfg(test)]
impl Formulas {
    /// The values of lists of formulas, of inputs by their number and place.
    pub(crate) fn values<V: Value>(&self, wanted: &[Vec<Ref>], input: impl Fn(usize, usize) -> V) -> Vec<Vec<V>> {
        fn of<V: Value>(
            formulas: &Formulas,
            r: Ref,
            place: u32,
            input: &impl Fn(usize, usize) -> V,
            known: &mut std::collections::HashMap<(u32, u32), V>,
        ) -> V {
            let place = place + r.shift;
            if let Some(&value) = known.get(&(r.value, place)) {
                return value;
            }
            let value = match formulas.nodes[r.node()] {
                Node::Input(number) => input(number as usize, place as usize),
                Node::Comparison(operands) => {
                    let [a, b] = operands.map(|operand| of(formulas, operand, place, input, known));
                    [lower(a, b), higher(a, b)][r.side()]
                }
            };
            known.insert((r.value, place), value);
            value
        }
        let mut known = std::collections::HashMap::new();
        wanted.iter().map(|list| list.iter().map(|&wanted| of(self, wanted, 0, &input, &mut known)).collect()).collect()
    }
}
