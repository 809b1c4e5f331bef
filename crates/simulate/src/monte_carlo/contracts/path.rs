//! One path, fast: two orders, two frontiers, two queues.
//!
//! A long in breach owes more than its size is worth: `-k / q` is above `p (1 - maintenance)`. A short
//! in breach has less than its size costs: `q / k` is above `1 / (p (1 + maintenance))`. Both ratios
//! are keys of a [`Queue`], highest first.

use super::super::impact::{Impact, Price};
use super::super::law::Steps;
use super::super::observe::{self, Observer};
use super::super::queue::{Keyed, Queue};
use super::super::results::Row;
use super::super::rules::BPS;
use super::{Contract, ContractBook, Terms, factor};

impl Keyed for Contract {
    const NOBODY: Contract = Contract { long: true, size: 0, cash: 0 };

    #[inline]
    fn key(&self) -> Option<f64> {
        // The nearest floats of numbers up to 2^63, and the nearest of their quotient: each keeps
        // order to one part in 2^52, which `side_key` allows for.
        let (size, cash) = (self.size as f64, self.cash as f64);
        match (self.long, self.size) {
            (_, 0) => None,
            (true, _) if self.cash >= 0 => None,
            (true, _) => Some(-cash / size),
            // In breach at every price.
            (false, _) if self.cash <= 0 => Some(f64::MAX),
            (false, _) => Some(size / cash),
        }
    }
}

/// Accounts of one side in the order in which they come into breach.
#[derive(Debug)]
struct Side {
    long: bool,
    /// The breach prices, falling for longs and rising for shorts.
    breach_price: Vec<u64>,
    contracts: Vec<Contract>,
}

impl Side {
    /// How many from a place on are in breach at a price.
    fn due(&self, from: usize, price: u64) -> usize {
        let due = |at: &&u64| if self.long { **at >= price } else { **at <= price };
        self.breach_price[from..].iter().take_while(due).count()
    }
}

/// A book under its terms.
#[derive(Debug)]
pub(super) struct Ranked {
    terms: Terms,
    price: u64,
    sides: [Side; 2],
    /// Deficits of accounts without a position.
    bare: u64,
}

impl Ranked {
    pub(super) fn new(book: &ContractBook, terms: Terms) -> Ranked {
        let side = |long: bool| {
            let ours = book.contracts.iter().filter(|one| one.long == long);
            let mut keyed: Vec<(u64, Contract)> =
                ours.filter_map(|one| Some((terms.breach_price(one)?, *one))).collect();
            keyed.sort_unstable_by_key(|(at, _)| if long { u64::MAX - at } else { *at });
            let (breach_price, contracts) = keyed.into_iter().unzip();
            Side { long, breach_price, contracts }
        };
        let flat = book.contracts.iter().filter(|one| one.size == 0);
        let bare = flat.map(|one| terms.deficit(one, book.price)).sum();
        Ranked { terms, price: book.price, sides: [side(true), side(false)], bare }
    }

    /// A key at or below that of everybody on a side who is in breach at a price.
    fn side_key(&self, side: &Side, price: u64) -> f64 {
        const LOWER: f64 = 1.0 - 1.0 / (1u64 << 48) as f64;
        let maintenance = self.terms.maintenance;
        let scale = (self.terms.one * BPS) as f64;
        match side.long {
            true => (price * (BPS - maintenance)) as f64 / scale * LOWER,
            false => scale / (price * (BPS + maintenance)) as f64 * LOWER,
        }
    }
}

#[derive(Debug)]
struct Front {
    queue: Queue<Contract>,
    /// Accounts of the side, in order, that were taken out of the book.
    frontier: usize,
}

/// What a path needs beside the book.
#[derive(Debug)]
pub(super) struct Overlay {
    fronts: [Front; 2],
    batch: Vec<Contract>,
    bare: u64,
    touched: u64,
}

impl Overlay {
    pub(super) fn new(book: &Ranked) -> Overlay {
        let front = |side: &Side| {
            let first = book.side_key(side, book.price);
            Front { queue: Queue::new(first, side.contracts.len()), frontier: 0 }
        };
        let [long, short] = &book.sides;
        Overlay { fronts: [front(long), front(short)], batch: Vec::new(), bare: 0, touched: 0 }
    }

    pub(super) fn run(
        &mut self,
        book: &Ranked,
        impact: &Impact,
        mut steps: Steps<'_>,
        count: u32,
        observer: &mut impl Observer,
    ) -> Row {
        for front in &mut self.fronts {
            front.queue.clear();
            front.frontier = 0;
        }
        (self.bare, self.touched) = (book.bare, 0);
        let mut price = Price { units: book.price, held: 0 };
        let mut row = Row { trough: price.units, ..Row::default() };
        for step in 0..count {
            price = price.moved(libm::exp(steps.advance()));
            row.trough = row.trough.min(price.units);
            let mut rounds = 0;
            while rounds < book.terms.rounds_max {
                let before = row.liquidations;
                let [sold, bought] =
                    [0, 1].map(|side| self.round(book, side, price.units, &mut row));
                if row.liquidations == before {
                    break;
                }
                let before = price.units;
                price = price.moved(factor(impact, sold, bought));
                row.trough = row.trough.min(price.units);
                let closed = u128::from(sold + bought) * u128::from(before);
                observer.round(observe::Round {
                    step,
                    round: rounds,
                    before,
                    after: price.units,
                    value: u64::try_from(closed / u128::from(book.terms.one)).unwrap_or(u64::MAX),
                    net: sold.abs_diff(bought),
                });
                rounds += 1;
            }
            row.rounds_max = row.rounds_max.max(rounds);
            observer.stepped(step, price.units);
        }
        row.price = price.units;
        row.held = price.held;
        row.touched = self.touched;
        row.bad_debt = self.deficits(book, price.units);
        row
    }

    /// Closes what everybody in breach on one side must close, and says how much it was.
    fn round(&mut self, book: &Ranked, side: usize, price: u64, row: &mut Row) -> u64 {
        let (ranked, front) = (&book.sides[side], &mut self.fronts[side]);
        let key = book.side_key(ranked, price);
        let fresh = ranked.due(front.frontier, price);
        let bucket = front.queue.bucket(key);
        let breach = |one: &Contract| book.terms.in_breach(one, price);
        let again = match front.queue.reaches(bucket) {
            true => front.queue.take(bucket, breach, &mut self.batch),
            false => 0,
        };
        self.batch.truncate(again);
        let end = front.frontier + fresh;
        self.batch.extend_from_slice(&ranked.contracts[front.frontier..end]);
        front.frontier = end;
        self.touched += fresh as u64;
        let mut sum = 0;
        for one in &mut self.batch {
            let closed = book.terms.close(one, price);
            sum += closed.size;
            row.repaid += u128::from(closed.fee);
            if one.size == 0 {
                self.bare += one.cash.min(0).unsigned_abs();
            }
        }
        row.liquidations += self.batch.len() as u64;
        row.sold += u128::from(sum);
        front.queue.put(&self.batch);
        sum
    }

    fn deficits(&self, book: &Ranked, price: u64) -> u64 {
        let mut sum = self.bare;
        for (side, front) in book.sides.iter().zip(&self.fronts) {
            let key = book.side_key(side, price);
            let end = front.frontier + side.due(front.frontier, price);
            let fresh = side.contracts[front.frontier..end].iter();
            let held = front.queue.from(front.queue.bucket(key));
            sum += fresh.chain(held).map(|one| book.terms.deficit(one, price)).sum::<u64>();
        }
        sum
    }
}
