//! One path, fast: accounts wait in one queue a collateral until a price reaches their slack.

use super::super::impact::Price;
use super::super::queue::{Keyed, Queue};
use super::scan::move_all;
use super::{ASSETS, Basket, BasketBook, BasketRow, BasketRun, BasketSteps, BasketTerms};

/// An account that is looked at when a price falls below a trigger.
#[derive(Debug, Clone, Copy)]
struct Armed {
    trigger: f64,
    account: u32,
    /// How often the account had been armed by then; an older entry is out of date.
    arming: u32,
}

impl Keyed for Armed {
    const NOBODY: Armed = Armed { trigger: 0.0, account: 0, arming: 0 };

    fn key(&self) -> Option<f64> {
        (self.trigger > 0.0).then_some(self.trigger)
    }
}

/// The triggers of an account at some prices: it cannot be in breach while every price of what it
/// holds is at or above its own. Zero for what it does not hold, and if it cannot come into breach.
fn triggers(terms: &BasketTerms, basket: &Basket, prices: &[u64; ASSETS]) -> [f64; ASSETS] {
    // Roundings together are below one part in 2^50: the trigger is early by more than that.
    const EARLIER: f64 = 1.0 + 1.0 / (1u64 << 45) as f64;
    let allowed = terms.allowed(basket, prices);
    if allowed == 0 {
        return [0.0; ASSETS];
    }
    let part = terms.owed(basket) as f64 / allowed as f64 * EARLIER;
    [0, 1, 2].map(|asset| match basket.collateral[asset] {
        0 => 0.0,
        _ => part * prices[asset] as f64,
    })
}

/// A book and the order in which each price reaches its accounts for the first time.
#[derive(Debug)]
pub(super) struct Ranked {
    terms: BasketTerms,
    prices: [u64; ASSETS],
    baskets: Vec<Basket>,
    /// Triggers and accounts, falling.
    first: [Vec<(f64, u32)>; ASSETS],
    /// Debt of accounts without collateral.
    bare: u64,
}

impl Ranked {
    pub(super) fn new(book: &BasketBook, terms: BasketTerms) -> Ranked {
        let mut first = [const { Vec::new() }; ASSETS];
        for (basket, account) in book.baskets.iter().zip(0..) {
            let triggers = triggers(&terms, basket, &book.prices);
            for (order, trigger) in first.iter_mut().zip(triggers) {
                if trigger > 0.0 {
                    order.push((trigger, account));
                }
            }
        }
        for order in &mut first {
            order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        }
        let bare = book.baskets.iter().filter(|basket| basket.collateral == [0; ASSETS]);
        let bare = bare.map(|basket| basket.debt).sum();
        Ranked { terms, prices: book.prices, baskets: book.baskets.clone(), first, bare }
    }
}

/// An account that was looked at in this path.
#[derive(Debug, Clone, Copy)]
struct Seen {
    basket: Basket,
    arming: u32,
    liquidated: bool,
}

/// Stands for accounts that no path has looked at yet.
const UNSEEN: u32 = u32::MAX;

/// What a path needs beside the book.
#[derive(Debug)]
pub(super) struct Overlay {
    queues: [Queue<Armed>; ASSETS],
    frontiers: [usize; ASSETS],
    /// Of each account its place in `seen`, or [`UNSEEN`].
    places: Vec<u32>,
    accounts: Vec<u32>,
    seen: Vec<Seen>,
    batch: Vec<Armed>,
    /// Places of accounts to decide.
    due: Vec<u32>,
}

impl Overlay {
    pub(super) fn new(book: &Ranked) -> Overlay {
        let queue = |price: u64| Queue::new(price as f64, book.baskets.len());
        Overlay {
            queues: book.prices.map(queue),
            frontiers: [0; ASSETS],
            places: vec![UNSEEN; book.baskets.len()],
            accounts: Vec::new(),
            seen: Vec::new(),
            batch: Vec::new(),
            due: Vec::new(),
        }
    }

    pub(super) fn run(
        &mut self,
        book: &Ranked,
        run: &BasketRun,
        mut steps: BasketSteps<'_>,
    ) -> BasketRow {
        self.queues.iter_mut().for_each(Queue::clear);
        self.accounts.iter().for_each(|account| self.places[*account as usize] = UNSEEN);
        self.accounts.clear();
        self.seen.clear();
        self.frontiers = [0; ASSETS];
        let mut prices = book.prices.map(|units| Price { units, held: 0 });
        let mut row = BasketRow { troughs: book.prices, ..BasketRow::default() };
        for _ in 0..run.steps {
            let factors = steps.advance().map(libm::exp);
            move_all(&mut prices, factors, &mut row);
            let mut rounds = 0;
            while rounds < run.rules.rounds_max {
                let marks = prices.map(|price| price.units);
                let Some(sold) = self.round(book, &marks, &mut row) else { break };
                rounds += 1;
                let factors = [0, 1, 2].map(|asset| run.impacts[asset].factor(sold[asset]));
                move_all(&mut prices, factors, &mut row);
            }
            row.rounds_max = row.rounds_max.max(rounds);
        }
        row.prices = prices.map(|price| price.units);
        row.held = prices.iter().map(|price| price.held).sum();
        row.touched = self.seen.iter().filter(|seen| seen.liquidated).count() as u64;
        row.bad_debt = self.bad_debt(book, &row.prices);
        row
    }

    /// Decides everybody whom a price has reached; what was sold, or `None` if nobody is in breach.
    fn round(
        &mut self,
        book: &Ranked,
        prices: &[u64; ASSETS],
        row: &mut BasketRow,
    ) -> Option<[u64; ASSETS]> {
        self.due.clear();
        for (asset, price) in prices.iter().enumerate() {
            self.reach(book, asset, *price as f64);
        }
        let mut sold = [0; ASSETS];
        let before = row.liquidations;
        row.looked_at += self.due.len() as u64;
        let due = std::mem::take(&mut self.due);
        for place in due.iter().copied() {
            let seen = &mut self.seen[place as usize];
            if book.terms.in_breach(&seen.basket, prices) {
                let (asset, repaid, seized) = book.terms.liquidate(&mut seen.basket, prices);
                sold[asset] += seized;
                row.sold[asset] += u128::from(seized);
                row.repaid += u128::from(repaid);
                row.liquidations += 1;
                seen.liquidated = true;
            }
            let account = self.accounts[place as usize];
            let arming = seen.arming;
            let triggers = triggers(&book.terms, &seen.basket, prices);
            for (queue, trigger) in self.queues.iter_mut().zip(triggers) {
                queue.put(&[Armed { trigger, account, arming }]);
            }
        }
        self.due = due;
        (row.liquidations > before).then_some(sold)
    }

    /// Notes whom a price has reached.
    fn reach(&mut self, book: &Ranked, asset: usize, price: f64) {
        let fresh = &book.first[asset][self.frontiers[asset]..];
        let fresh = fresh.iter().take_while(|(trigger, _)| *trigger > price);
        let mut count = 0;
        for (_, account) in fresh {
            count += 1;
            let place = &mut self.places[*account as usize];
            if *place == UNSEEN {
                *place = self.seen.len() as u32;
                self.due.push(*place);
                self.accounts.push(*account);
                let basket = book.baskets[*account as usize];
                self.seen.push(Seen { basket, arming: 1, liquidated: false });
            }
        }
        self.frontiers[asset] += count;
        let queue = &mut self.queues[asset];
        let bucket = queue.bucket(price);
        if !queue.reaches(bucket) {
            return;
        }
        let taken = queue.take(bucket, |armed| armed.trigger > price, &mut self.batch);
        for armed in &self.batch[..taken] {
            let place = self.places[armed.account as usize];
            let seen = &mut self.seen[place as usize];
            if seen.arming == armed.arming {
                seen.arming += 1;
                self.due.push(place);
            }
        }
    }

    /// Debt that collateral does not cover. Whoever has some is in breach or bare, so if a price has
    /// reached nobody else, it is among those seen, those that are reached now, and the bare.
    fn bad_debt(&mut self, book: &Ranked, prices: &[u64; ASSETS]) -> u64 {
        self.due.clear();
        for (asset, price) in prices.iter().enumerate() {
            self.reach(book, asset, *price as f64);
        }
        let seen = self.seen.iter();
        book.bare + seen.map(|seen| book.terms.uncovered(&seen.basket, prices)).sum::<u64>()
    }
}
