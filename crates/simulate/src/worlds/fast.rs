//! One path, fast: an account is looked at when a price reaches its bounds, and not before.
//!
//! The accounts' first bounds are sorted once and shared by all paths; a path keeps a place in each
//! order, what it has changed, and heaps of new bounds. Whoever is reached is decided exactly.

use super::engine::{Closed, Crowd, Decided, Moved, run, taken};
use super::process::MARKETS_MAX;
use super::results::PathRow;
use super::rule::{Account, ONE, PerMarket, bounds};
use super::world::World;
use crate::monte_carlo::run::Paths;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A bound of an account. Entries of an older arming are out of date.
#[derive(Debug, Clone, Copy)]
struct Armed {
    /// Falling bounds as they are, rising ones negated: the largest is reached first.
    key: f64,
    account: u32,
    arming: u32,
}

impl PartialEq for Armed {
    fn eq(&self, other: &Armed) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Armed {}

impl PartialOrd for Armed {
    fn partial_cmp(&self, other: &Armed) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Armed {
    fn cmp(&self, other: &Armed) -> Ordering {
        self.key.total_cmp(&other.key).then(other.account.cmp(&self.account))
    }
}

/// Falling and rising bounds of every market.
const SIDES: usize = 2 * MARKETS_MAX;

/// Keys of an account's bounds by side; none where a side has none.
fn keys(below: &[f64; MARKETS_MAX], above: &[f64; MARKETS_MAX]) -> [Option<f64>; SIDES] {
    let mut keys = [None; SIDES];
    for at in 0..MARKETS_MAX {
        keys[2 * at] = (below[at] > 0.0).then_some(below[at]);
        keys[2 * at + 1] = above[at].is_finite().then_some(-above[at]);
    }
    keys
}

/// The first bounds of a world, in the order in which prices reach them.
#[derive(Debug)]
pub(super) struct Ranked<'a> {
    world: &'a World,
    order: [Vec<(f64, u32)>; SIDES],
    /// Who is to be looked at in the first round.
    first: Vec<u32>,
    /// Debt that nothing covers from the beginning, of accounts without collateral.
    bare: Vec<u32>,
}

impl<'a> Ranked<'a> {
    pub(super) fn new(world: &'a World) -> Ranked<'a> {
        let mut order = [const { Vec::new() }; SIDES];
        let (mut first, mut bare) = (Vec::new(), Vec::new());
        for (account, number) in world.accounts.iter().zip(0..) {
            if account.is_bare() {
                bare.push(number);
                continue;
            }
            let Some((below, above)) = bounds(account, &[ONE; MARKETS_MAX], &world.moving) else {
                first.push(number);
                continue;
            };
            for (side, key) in order.iter_mut().zip(keys(&below, &above)) {
                side.extend(key.map(|key| (key, number)));
            }
        }
        for side in &mut order {
            side.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        }
        Ranked { world, order, first, bare }
    }
}

/// Stands for accounts that this path has not looked at.
const UNSEEN: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Looked {
    number: u32,
    account: Account,
    arming: u32,
    liquidated: bool,
}

/// What a path needs beside the book, reused from path to path.
#[derive(Debug)]
pub(super) struct Overlay<'a> {
    book: &'a Ranked<'a>,
    frontiers: [usize; SIDES],
    heaps: [BinaryHeap<Armed>; SIDES],
    /// Of each account its place in `looked`, or [`UNSEEN`].
    places: Vec<u32>,
    looked: Vec<Looked>,
    /// In breach and not liquidated, or changed and to be looked at in the next round.
    waiting: Vec<u32>,
}

impl<'a> Overlay<'a> {
    fn new(book: &'a Ranked<'a>) -> Overlay<'a> {
        Overlay {
            book,
            frontiers: [0; SIDES],
            heaps: [const { BinaryHeap::new() }; SIDES],
            places: vec![UNSEEN; book.world.accounts.len()],
            looked: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn reset(&mut self) {
        for looked in &self.looked {
            self.places[looked.number as usize] = UNSEEN;
        }
        self.looked.clear();
        self.heaps.iter_mut().for_each(BinaryHeap::clear);
        self.frontiers = [0; SIDES];
        self.waiting.clear();
        self.waiting.extend_from_slice(&self.book.first);
        for number in &self.book.first {
            look(&mut self.places, &mut self.looked, self.book, *number).arming += 1;
        }
    }

    /// Notes an account whose bound was reached, if the bound is not out of date.
    fn reach(&mut self, number: u32, arming: u32, due: &mut Vec<u32>) {
        let looked = look(&mut self.places, &mut self.looked, self.book, number);
        if looked.arming == arming {
            looked.arming += 1;
            due.push(number);
        }
    }

    fn arm(&mut self, number: u32, prices: &PerMarket) {
        let looked = look(&mut self.places, &mut self.looked, self.book, number);
        let (account, arming) = (looked.account, looked.arming);
        if account.is_bare() {
            return;
        }
        let Some((below, above)) = bounds(&account, prices, &self.book.world.moving) else {
            self.waiting.push(number);
            return;
        };
        for (heap, key) in self.heaps.iter_mut().zip(keys(&below, &above)) {
            heap.extend(key.map(|key| Armed { key, account: number, arming }));
        }
    }
}

/// The account as this path has it.
fn look<'l>(
    places: &mut [u32],
    looked: &'l mut Vec<Looked>,
    book: &Ranked<'_>,
    number: u32,
) -> &'l mut Looked {
    let place = &mut places[number as usize];
    if *place == UNSEEN {
        *place = looked.len() as u32;
        let account = book.world.accounts[number as usize];
        looked.push(Looked { number, account, arming: 0, liquidated: false });
    }
    &mut looked[*place as usize]
}

impl Crowd for Overlay<'_> {
    fn due(&mut self, prices: &PerMarket, due: &mut Vec<u32>) {
        due.append(&mut self.waiting);
        for side in 0..SIDES {
            let price = prices[side / 2] as f64;
            let reached = if side % 2 == 0 { price } else { -price };
            let book = self.book;
            while let Some((key, number)) = book.order[side].get(self.frontiers[side])
                && *key > reached
            {
                self.frontiers[side] += 1;
                self.reach(*number, 0, due);
            }
            while let Some(armed) = self.heaps[side].peek()
                && armed.key > reached
            {
                let armed = *armed;
                self.heaps[side].pop();
                self.reach(armed.account, armed.arming, due);
            }
        }
        // The order of accounts decides who finds the keepers' money spent.
        due.sort_unstable();
    }

    fn account(&self, number: u32) -> Account {
        match self.places[number as usize] {
            UNSEEN => self.book.world.accounts[number as usize],
            place => self.looked[place as usize].account,
        }
    }

    fn settle(&mut self, number: u32, prices: &PerMarket, decided: Decided) {
        match decided {
            Decided::Waits => self.waiting.push(number),
            Decided::Safe => self.arm(number, prices),
            Decided::Liquidated(account) => {
                let looked = look(&mut self.places, &mut self.looked, self.book, number);
                looked.account = account;
                looked.liquidated = true;
                self.arm(number, prices);
            }
        }
    }

    fn close(&mut self, prices: &PerMarket, moved: &Moved) -> Closed {
        // Whoever has uncovered debt is in breach or bare, so was reached by now or is now.
        let mut due = Vec::new();
        self.due(prices, &mut due);
        let mut sums = Moved::default();
        let (mut touched, mut bad_debt) = (0, 0);
        for looked in &self.looked {
            taken(&self.book.world.accounts[looked.number as usize], &looked.account, &mut sums);
            touched += u64::from(looked.liquidated);
            bad_debt += looked.account.uncovered(prices);
        }
        for number in &self.book.bare {
            bad_debt += self.book.world.accounts[*number as usize].uncovered(prices);
        }
        Closed { touched, bad_debt, conserved: sums == *moved }
    }
}

/// A thread's overlay with its list of whom to look at.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    overlay: Overlay<'a>,
    due: Vec<u32>,
}

/// All paths of a world.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) book: &'a Ranked<'a>,
}

impl<'a> Paths for Work<'a> {
    type Overlay = Desk<'a>;
    type Row = PathRow;

    fn overlay(&self) -> Desk<'a> {
        Desk { overlay: Overlay::new(self.book), due: Vec::new() }
    }

    fn path(&self, desk: &mut Desk<'a>, path: u64) -> PathRow {
        desk.overlay.reset();
        run(self.book.world, &mut desk.overlay, path, &mut desk.due)
    }

    fn liquidations(row: &PathRow) -> u64 {
        row.liquidations
    }
}
