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

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::{ptr, slice};

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;

/// Bytes of values that a step computes at a time, about. Fewer would leave all values in the L1 cache, but what is to be
/// done for each step takes more than the L2 cache does.
pub(crate) const BYTES: usize = 1024;

/// A value some places further on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ref {
    node: u32,
    shift: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    /// What lies at a place of an input.
    Input(u32),
    Lower(Ref, Ref),
    Higher(Ref, Ref),
}

/// Formulas, each kept once.
pub(crate) struct Formulas {
    nodes: Vec<Node>,
    known: HashMap<Node, u32, BuildHasherDefault<Quick>>,
}

/// A hash of few numbers that nobody chooses to do harm: a tenth of the time.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        // An odd number without much order in its bits: 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u32(number as u32);
    }

    fn finish(&self) -> u64 {
        // The product's upper bits are the good ones, and tables look at the lower.
        self.0.rotate_left(26)
    }
}

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
    /// For about so many.
    pub(crate) fn with_room(n: usize) -> Result<Self, Error> {
        let mut known = HashMap::default();
        known.try_reserve(n).map_err(|_| memory::out_of_memory::<(Node, u32)>(n))?;
        Ok(Formulas { nodes: memory::reserved(n)?, known })
    }

    /// The value of an input some places further on.
    pub(crate) fn input(&mut self, number: u32, shift: u32) -> Result<Ref, Error> {
        Ok(Ref { node: self.node(Node::Input(number))?, shift })
    }

    fn node(&mut self, node: Node) -> Result<u32, Error> {
        self.known.try_reserve(1).map_err(|_| memory::out_of_memory::<(Node, u32)>(self.nodes.len()))?;
        match self.known.entry(node) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(unknown) => {
                memory::push(&mut self.nodes, node)?;
                Ok(*unknown.insert(self.nodes.len() as u32 - 1))
            }
        }
    }

    fn pair(&mut self, a: Ref, b: Ref, of: fn(Ref, Ref) -> Node) -> Result<Ref, Error> {
        let shift = a.shift.min(b.shift);
        let unshifted = |r: Ref| Ref { shift: r.shift - shift, ..r };
        let (a, b) = (unshifted(a.min(b)), unshifted(a.max(b)));
        Ok(Ref { node: self.node(of(a, b))?, shift })
    }

    /// The lower and the higher of two values.
    fn in_order(&mut self, a: Ref, b: Ref) -> Result<[Ref; 2], Error> {
        Ok([self.pair(a, b, Node::Lower)?, self.pair(a, b, Node::Higher)?])
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
        self.merge(Every { list: a, step: 1 }, Every { list: b, step: 1 })
    }

    fn merge(&mut self, a: Every<'_>, b: Every<'_>) -> Result<Vec<Ref>, Error> {
        // There is room for all from here on: nothing below allocates but other lists.
        let mut merged = memory::reserved(a.len() + b.len())?;
        match (a.len(), b.len()) {
            (0, _) | (_, 0) => merged.extend(a.values().chain(b.values())),
            (1, 1) => merged.extend(self.in_order(a.list[0], b.list[0])?),
            _ => {
                let (even, odd) = (self.merge(a.even(), b.even())?, self.merge(a.odd(), b.odd())?);
                merged.push(even[0]);
                for (i, &high) in odd.iter().enumerate() {
                    match even.get(i + 1) {
                        Some(&low) => merged.extend(self.in_order(high, low)?),
                        None => merged.push(high),
                    }
                }
                merged.extend(even.iter().skip(odd.len() + 1));
            }
        }
        Ok(merged)
    }

    /// The values at some places, from the first to the last, of two lists in order as one.
    pub(crate) fn merged_from(&mut self, a: &[Ref], b: &[Ref], first: usize, last: usize) -> Result<Vec<Ref>, Error> {
        // Number `i` of a list comes to place `i` at least, and is further on by the other's length at most.
        let below = |list: &[Ref], other: &[Ref]| first.saturating_sub(other.len()).min(list.len());
        let (below_a, below_b) = (below(a, b), below(b, a));
        let (a, b) = (&a[below_a..a.len().min(last + 1)], &b[below_b..b.len().min(last + 1)]);
        let below = below_a + below_b;
        memory::copied(&self.merged(a, b)?[first - below..=last - below])
    }

    /// How many formulas there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many comparisons some values depend on.
    pub(crate) fn cost<'r>(&self, wanted: impl IntoIterator<Item = &'r Ref>) -> Result<usize, Error> {
        let mut needed = memory::filled(self.nodes.len(), false)?;
        wanted.into_iter().for_each(|wanted| needed[wanted.node as usize] = true);
        let mut cost = 0;
        for i in (0..self.nodes.len()).rev() {
            if let (true, Node::Lower(a, b) | Node::Higher(a, b)) = (needed[i], self.nodes[i]) {
                cost += 1;
                needed[a.node as usize] = true;
                needed[b.node as usize] = true;
            }
        }
        Ok(cost)
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
        let groups = Groups::new(formulas, wanted)?.list;
        let nodes = &formulas.nodes;

        // How many places beyond the first ones each value is needed for, and the last group that needs it.
        let mut beyond = memory::filled(nodes.len(), 0_u32)?;
        let mut last_use = memory::filled(nodes.len(), 0_usize)?;
        for &wanted in wanted {
            let beyond = &mut beyond[wanted.node as usize];
            *beyond = (*beyond).max(wanted.shift);
            last_use[wanted.node as usize] = usize::MAX;
        }
        for (g, group) in groups.iter().enumerate().rev() {
            let own = group.stored().map(|node| beyond[node as usize]).max().unwrap_or(0);
            for operand in group.operands() {
                let n = operand.node as usize;
                beyond[n] = beyond[n].max(own + operand.shift);
                last_use[n] = last_use[n].max(g);
            }
        }

        // First slots by number, so that their size can be chosen when it is known how many there are.
        let mut slot = memory::filled(nodes.len(), 0_u32)?;
        let mut free: Vec<u32> = Vec::new();
        let mut slots = 0;
        for (g, group) in groups.iter().enumerate() {
            for node in group.stored() {
                slot[node as usize] = free.pop().unwrap_or_else(|| {
                    slots += 1;
                    slots - 1
                });
            }
            for operand in group.operands() {
                let n = operand.node as usize;
                if last_use[n] == g && !matches!(nodes[n], Node::Input(_)) {
                    memory::push(&mut free, slot[n])?;
                    // Not once more if it is another of the group's operands too.
                    last_use[n] = usize::MAX;
                }
            }
        }

        let furthest = beyond.iter().max().copied().unwrap_or(0) as usize;
        let most = BYTES / size_of::<V>();
        let places = most.saturating_sub(furthest).max(most / 2).next_multiple_of(Self::LINE);
        // An odd number of cache lines, so that slots don't all begin at the same place of a page.
        let lines = (places + furthest).div_ceil(Self::LINE) + 1;
        let size = (lines | 1) * Self::LINE;

        let operand = |r: Ref| match nodes[r.node as usize] {
            Node::Input(number) => Operand { base: number + 1, offset: r.shift },
            _ => Operand { base: 0, offset: slot[r.node as usize] * size as u32 + r.shift },
        };
        let steps = groups.iter().map(|group| Step {
            operands: group.list.map(operand),
            stored: group.results.map(|node| node.map_or(0, |node| slot[node as usize] * size as u32)),
            kind: group.kind(),
            beyond: group.stored().map(|node| beyond[node as usize]).max().unwrap_or(0),
        });
        let inputs = nodes.iter().map(|node| if let Node::Input(number) = node { number + 1 } else { 0 }).max();
        Ok(Program {
            steps: memory::collected(steps)?,
            results: memory::collected(wanted.iter().map(|&wanted| operand(wanted)))?,
            places,
            room: (slots as usize).max(1) * size,
            inputs: inputs.unwrap_or(0) as usize,
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

/// Comparisons that a step makes.
struct Group {
    /// What the first compares, and the second with what goes on; of one comparison the last is the second once more.
    list: [Ref; 3],
    /// The nodes of what is stored: see [`Step`].
    results: [Option<u32>; 3],
    /// Whether there are two, and whether the higher value goes on.
    carries: Option<bool>,
}

impl Group {
    fn operands(&self) -> impl Iterator<Item = Ref> {
        self.list.into_iter()
    }

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

/// Comparisons in groups: a value that only one other comparison looks at stays where it is computed, in a register.
struct Groups {
    list: Vec<Group>,
}

/// Both values of two in order, if they are needed.
struct Comparison {
    operands: [Ref; 2],
    /// The nodes of the lower and the higher.
    results: [Option<u32>; 2],
    is_done: bool,
}

impl Groups {
    fn new(formulas: &Formulas, wanted: &[Ref]) -> Result<Self, Error> {
        let nodes = &formulas.nodes;
        let mut is_needed = memory::filled(nodes.len(), false)?;
        wanted.iter().for_each(|wanted| is_needed[wanted.node as usize] = true);
        for i in (0..nodes.len()).rev() {
            if let (true, Node::Lower(a, b) | Node::Higher(a, b)) = (is_needed[i], nodes[i]) {
                is_needed[a.node as usize] = true;
                is_needed[b.node as usize] = true;
            }
        }

        // The higher value's node, if there is one, is next to the lower's.
        let mut comparisons: Vec<Comparison> = memory::reserved(nodes.len())?;
        let mut comparison_of = memory::filled(nodes.len(), None)?;
        for i in (0..nodes.len()).filter(|&i| is_needed[i]) {
            let (operands, is_high) = match nodes[i] {
                Node::Input(_) => continue,
                Node::Lower(a, b) => ([a, b], 0),
                Node::Higher(a, b) => ([a, b], 1),
            };
            if comparisons.last().is_none_or(|last| last.operands != operands) {
                comparisons.push(Comparison { operands, results: [None; 2], is_done: false });
            }
            let number = comparisons.len() - 1;
            comparisons[number].results[is_high] = Some(i as u32);
            comparison_of[i] = Some(number);
        }

        // The only comparison that looks at a value, and at the same place.
        let mut only_user = memory::filled(nodes.len(), None)?;
        let mut uses = memory::filled(nodes.len(), 0_u32)?;
        for (number, comparison) in comparisons.iter().enumerate() {
            for operand in comparison.operands {
                uses[operand.node as usize] += 1;
                only_user[operand.node as usize] = (operand.shift == 0).then_some(number);
            }
        }
        wanted.iter().for_each(|wanted| uses[wanted.node as usize] += 2);

        let mut list = memory::reserved(comparisons.len())?;
        for number in 0..comparisons.len() {
            if comparisons[number].is_done {
                continue;
            }
            comparisons[number].is_done = true;
            let Comparison { operands: [a, b], results, .. } = comparisons[number];
            // What the second comparison looks at besides must have been computed by now.
            let next = [(1, results[1]), (0, results[0])].into_iter().find_map(|(is_high, node)| {
                let node = node?;
                let user = only_user[node as usize]
                    .filter(|&user: &usize| uses[node as usize] == 1 && !comparisons[user].is_done)?;
                let third = comparisons[user].operands.into_iter().find(|operand| operand.node != node)?;
                let is_there =
                    comparison_of[third.node as usize].is_none_or(|of: usize| of != number && comparisons[of].is_done);
                is_there.then_some((is_high, user, third))
            });
            list.push(match next {
                Some((is_high, user, third)) => {
                    comparisons[user].is_done = true;
                    let [low, high] = comparisons[user].results;
                    Group {
                        list: [a, b, third],
                        results: [results[1 - is_high], low, high],
                        carries: Some(is_high == 1),
                    }
                }
                None => Group { list: [a, b, b], results: [None, results[0], results[1]], carries: None },
            });
        }
        Ok(Groups { list })
    }
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
            known: &mut HashMap<(u32, u32), V>,
        ) -> V {
            let place = place + r.shift;
            if let Some(&value) = known.get(&(r.node, place)) {
                return value;
            }
            let value = match formulas.nodes[r.node as usize] {
                Node::Input(number) => input(number as usize, place as usize),
                Node::Lower(a, b) => lower(of(formulas, a, place, input, known), of(formulas, b, place, input, known)),
                Node::Higher(a, b) => {
                    higher(of(formulas, a, place, input, known), of(formulas, b, place, input, known))
                }
            };
            known.insert((r.node, place), value);
            value
        }
        let mut known = HashMap::new();
        wanted.iter().map(|list| list.iter().map(|&wanted| of(self, wanted, 0, &input, &mut known)).collect()).collect()
    }
}
