//! Selection networks: comparisons that put the values of a window in order as far as a rank needs it, made for each window
//! and carried out on many places at a time.
//!
//! A network is a formula of minima and maxima of two values. It is written down as if every window were sorted: its columns
//! (the taps at one offset along a row), then columns merged with their neighbours, two by two (Batcher's odd-even merge).
//! Two things make that cheap. What the wanted rank does not depend on is left out. And a formula that is another one some
//! places further on is not computed again but read there: so columns are sorted once, for all windows that have them, and
//! merged once with each neighbour.
//!
//! The formula's steps run one after the other, each on as many places that all steps together fit the L1 cache.

use std::collections::HashMap;
use std::ptr;

use crate::convert::Value;
use crate::error::Error;
use crate::memory::{self, Aligned, CACHE_LINE};
use crate::simd;

/// Bytes that the values of a network may take.
const CACHE: usize = 24 << 10;

/// Bytes of values that a step computes at a time: at least, and at most.
const SHORT: usize = 256;
pub(crate) const LONG: usize = 1024;

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
#[derive(Default)]
pub(crate) struct Formulas {
    nodes: Vec<Node>,
    known: HashMap<Node, u32>,
}

impl Formulas {
    /// The value of an input some places further on.
    pub(crate) fn input(&mut self, number: u32, shift: u32) -> Ref {
        Ref { node: self.node(Node::Input(number)), shift }
    }

    fn node(&mut self, node: Node) -> u32 {
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        })
    }

    fn pair(&mut self, a: Ref, b: Ref, of: fn(Ref, Ref) -> Node) -> Ref {
        let shift = a.shift.min(b.shift);
        let unshifted = |r: Ref| Ref { shift: r.shift - shift, ..r };
        let (a, b) = (unshifted(a.min(b)), unshifted(a.max(b)));
        Ref { node: self.node(of(a, b)), shift }
    }

    /// The lower and the higher of two values.
    fn in_order(&mut self, a: Ref, b: Ref) -> (Ref, Ref) {
        (self.pair(a, b, Node::Lower), self.pair(a, b, Node::Higher))
    }

    /// Values in order.
    pub(crate) fn sorted(&mut self, values: &[Ref]) -> Vec<Ref> {
        if values.len() < 2 {
            return values.to_vec();
        }
        let (one, other) = values.split_at(values.len().next_power_of_two() / 2);
        let (one, other) = (self.sorted(one), self.sorted(other));
        self.merged(&one, &other)
    }

    /// Two lists in order as one (Batcher's odd-even merge).
    pub(crate) fn merged(&mut self, a: &[Ref], b: &[Ref]) -> Vec<Ref> {
        match (a, b) {
            ([], one) | (one, []) => return one.to_vec(),
            (&[a], &[b]) => {
                let (low, high) = self.in_order(a, b);
                return vec![low, high];
            }
            _ => {}
        }
        let every_other = |list: &[Ref], from: usize| list.iter().skip(from).step_by(2).copied().collect::<Vec<_>>();
        let even = self.merged(&every_other(a, 0), &every_other(b, 0));
        let odd = self.merged(&every_other(a, 1), &every_other(b, 1));
        let mut merged = vec![even[0]];
        for (i, &high) in odd.iter().enumerate() {
            match even.get(i + 1) {
                Some(&low) => {
                    let (low, high) = self.in_order(high, low);
                    merged.extend([low, high]);
                }
                None => merged.push(high),
            }
        }
        merged.extend(even.iter().skip(odd.len() + 1));
        merged
    }

    /// The values at some places, from the first to the last, of two lists in order as one.
    pub(crate) fn merged_from(&mut self, a: &[Ref], b: &[Ref], first: usize, last: usize) -> Vec<Ref> {
        // Number `i` of a list comes to place `i` at least, and is further on by the other's length at most.
        let below = |list: &[Ref], other: &[Ref]| first.saturating_sub(other.len()).min(list.len());
        let (below_a, below_b) = (below(a, b), below(b, a));
        let (a, b) = (&a[below_a..a.len().min(last + 1)], &b[below_b..b.len().min(last + 1)]);
        let below = below_a + below_b;
        self.merged(a, b)[first - below..=last - below].to_vec()
    }

    /// How many comparisons some values depend on.
    pub(crate) fn cost(&self, wanted: &[Ref]) -> usize {
        let mut needed = vec![false; self.nodes.len()];
        wanted.iter().for_each(|wanted| needed[wanted.node as usize] = true);
        let mut cost = 0;
        for i in (0..self.nodes.len()).rev() {
            if let (true, Node::Lower(a, b) | Node::Higher(a, b)) = (needed[i], self.nodes[i]) {
                cost += 1;
                needed[a.node as usize] = true;
                needed[b.node as usize] = true;
            }
        }
        cost
    }
}

/// Formulas as steps to be carried out.
pub(crate) struct Network<V> {
    steps: Vec<Step>,
    /// Where the results are, in the order wanted.
    results: Vec<Operand>,
    /// Places that are computed at a time, at most.
    places: usize,
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

#[derive(Clone, Copy)]
struct Step {
    a: Operand,
    b: Operand,
    /// Where the lower and the higher value go: offsets in the network's own values; `NOWHERE`: it is not wanted.
    low: u32,
    high: u32,
    /// How many places it is needed for beyond those of the results.
    beyond: u32,
}

const NOWHERE: u32 = u32::MAX;

impl<V: Value> Network<V> {
    /// Values of a cache line.
    const LINE: usize = CACHE_LINE / size_of::<V>();

    pub(crate) fn new(formulas: &Formulas, wanted: &[Ref]) -> Result<Self, Error> {
        let nodes = &formulas.nodes;
        // How many places beyond the first ones each value is needed for; `None`: for none.
        let mut beyond: Vec<Option<u32>> = memory::filled(nodes.len(), None)?;
        let mut last_use = memory::filled(nodes.len(), 0_usize)?;
        for &wanted in wanted {
            let beyond = &mut beyond[wanted.node as usize];
            *beyond = (*beyond).max(Some(wanted.shift));
            last_use[wanted.node as usize] = usize::MAX;
        }
        for i in (0..nodes.len()).rev() {
            let (Some(own), Node::Lower(a, b) | Node::Higher(a, b)) = (beyond[i], nodes[i]) else { continue };
            for operand in [a, b] {
                let n = operand.node as usize;
                beyond[n] = beyond[n].max(Some(own + operand.shift));
                last_use[n] = last_use[n].max(i);
            }
        }

        // Both values of a pair are computed together, when the first is due: the other, if there is one, is next.
        let is_needed = |i: usize| beyond.get(i).is_some_and(Option::is_some);
        let twin = |i: usize| match (nodes[i], nodes.get(i + 1)) {
            (Node::Lower(a, b), Some(&Node::Higher(c, d))) if (a, b) == (c, d) => {
                (is_needed(i) && is_needed(i + 1)).then_some(i + 1)
            }
            _ => None,
        };

        // First slots by number, so that their size can be chosen when it is known how many there are.
        let mut slot = memory::filled(nodes.len(), NOWHERE)?;
        let mut free: Vec<u32> = Vec::new();
        let mut slots = 0;
        let mut expiring: Vec<Vec<u32>> = memory::filled(nodes.len(), Vec::new())?;
        let mut planned = Vec::new();
        let mut i = 0;
        while i < nodes.len() {
            let (due, next) = match twin(i) {
                Some(other) => (vec![i, other], i + 2),
                None => (vec![i], i + 1),
            };
            if let (Some(_), Node::Lower(a, b) | Node::Higher(a, b)) = (beyond[i], nodes[i]) {
                let mut step = (a, b, NOWHERE, NOWHERE, 0);
                for &n in &due {
                    let own = free.pop().unwrap_or_else(|| {
                        slots += 1;
                        slots - 1
                    });
                    slot[n] = own;
                    if last_use[n] < nodes.len() {
                        expiring[last_use[n]].push(own);
                    }
                    match nodes[n] {
                        Node::Lower(..) => step.2 = own,
                        _ => step.3 = own,
                    }
                    step.4 = step.4.max(beyond[n].unwrap_or(0));
                }
                planned.push(step);
            }
            for n in due {
                free.append(&mut expiring[n]);
            }
            i = next;
        }

        let furthest = beyond.iter().flatten().max().copied().unwrap_or(0) as usize;
        let bytes = (CACHE / (slots as usize).max(1)).clamp(SHORT, LONG);
        let places = (bytes / size_of::<V>()).saturating_sub(furthest).max(bytes / size_of::<V>() / 2);
        let places = places.next_multiple_of(Self::LINE);
        // An odd number of cache lines, so that slots don't all begin at the same place of a page.
        let lines = (places + furthest).div_ceil(Self::LINE) + 1;
        let size = (lines | 1) * Self::LINE;

        let operand = |r: Ref| match nodes[r.node as usize] {
            Node::Input(number) => Operand { base: number + 1, offset: r.shift },
            _ => Operand { base: 0, offset: slot[r.node as usize] * size as u32 + r.shift },
        };
        let place = |slot: u32| if slot == NOWHERE { NOWHERE } else { slot * size as u32 };
        let steps = planned.into_iter().map(|(a, b, low, high, beyond)| Step {
            a: operand(a),
            b: operand(b),
            low: place(low),
            high: place(high),
            beyond,
        });
        let inputs = nodes.iter().map(|node| if let Node::Input(number) = node { number + 1 } else { 0 }).max();
        Ok(Network {
            steps: steps.collect(),
            results: memory::collected(wanted.iter().map(|&wanted| operand(wanted)))?,
            places,
            values: Aligned::new((slots as usize).max(1) * size, 0)?,
            bases: memory::filled(inputs.unwrap_or(0) as usize + 1, ptr::null())?,
        })
    }

    /// How many places are computed at a time, at most.
    pub(crate) fn places(&self) -> usize {
        self.places
    }

    /// Computes the results of so many places. Every input is read as far as its formulas look, and up to a cache line
    /// further.
    ///
    /// # Safety
    /// They can be read.
    pub(crate) unsafe fn run(&mut self, inputs: impl Iterator<Item = *const V>, places: usize) {
        assert!(places <= self.places);
        let values = self.values.as_mut_ptr();
        self.bases[0] = values;
        self.bases[1..].iter_mut().zip(inputs).for_each(|(base, input)| *base = input);
        let (steps, bases) = (&self.steps[..], &self.bases[..]);
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
        let result = self.results[number];
        self.bases[result.base as usize].wrapping_add(result.offset as usize)
    }
}

impl Step {
    /// # Safety
    /// What it reads and writes is there.
    #[inline(always)]
    unsafe fn run<V: Value>(&self, bases: &[*const V], values: *mut V, places: usize) {
        // SAFETY: as the caller has it. What is written is no operand's: slots are free when they are taken.
        unsafe {
            let a = bases.get_unchecked(self.a.base as usize).add(self.a.offset as usize);
            let b = bases.get_unchecked(self.b.base as usize).add(self.b.offset as usize);
            let (low, high) = (values.wrapping_add(self.low as usize), values.wrapping_add(self.high as usize));
            let count = (places + self.beyond as usize).next_multiple_of(CACHE_LINE / size_of::<V>());
            // Plain loops over values: compilers find the vectors, and what they check beforehand takes little.
            if self.high == NOWHERE {
                for i in 0..count {
                    *low.add(i) = lower(*a.add(i), *b.add(i));
                }
            } else if self.low == NOWHERE {
                for i in 0..count {
                    *high.add(i) = higher(*a.add(i), *b.add(i));
                }
            } else {
                for i in 0..count {
                    let (a, b) = (*a.add(i), *b.add(i));
                    *low.add(i) = lower(a, b);
                    *high.add(i) = higher(a, b);
                }
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
