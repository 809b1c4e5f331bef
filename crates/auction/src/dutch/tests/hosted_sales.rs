//! A host that holds the money, and random calls on its sales.

use super::curves::any_curve;
use super::*;
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Do {
    Start { market: u8, wanted: u64, lot: u64 },
    Take { nth: usize, amount_share: u64, by_whole: bool, price_max_share: u64 },
    Reset { nth: usize },
    Withdraw { nth: usize },
    Pass { seconds: u64 },
    Feed { price: Option<u64> },
    Breaker { level: u64 },
    Halt { stop: bool },
}

/// All the lots and money that have moved, by sale.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Account {
    lot: U256,
    wanted: U256,
    taken: U256,
    collected: U256,
    returned: U256,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    terms: Terms,
    book: Book<u8>,
    markets: BTreeMap<u64, u8>,
    limits: Limits<u8>,
    clock: Clock,
    now: u64,
    feed: Option<Feed>,
    accounts: BTreeMap<u64, Account>,
    incentives: U256,
}

impl Host {
    fn new(terms: Terms) -> Self {
        let mut limits = Limits::new(rad_milli(100_000));
        limits.set_market(0, rad_milli(80_000));
        limits.set_market(1, rad_milli(60_000));
        Host {
            terms,
            book: Book::new(),
            markets: BTreeMap::new(),
            limits,
            clock: Clock::running(),
            now: 0,
            feed: feed(2_000),
            accounts: BTreeMap::new(),
            incentives: U256::ZERO,
        }
    }

    fn moment(&self) -> Moment {
        Moment { seconds: self.clock.seconds(self.now).unwrap(), feed: self.feed }
    }

    /// The open sale a call names, or one that there is not.
    fn nth(&self, nth: usize) -> u64 {
        let active = self.book.active();
        if active.is_empty() || nth == 0 { 999 } else { active[nth % active.len()] }
    }

    fn call(&mut self, call: &Do) -> Result<(), Refusal> {
        let (terms, moment) = (self.terms, self.moment());
        match *call {
            Do::Start { market, wanted, lot } => {
                let (wanted, lot) = (rad_milli(wanted), wad_milli(lot));
                let started = self.book.start(&terms, &moment, wanted, lot, market)?;
                self.limits.add(&market, wanted)?;
                self.book.apply(&started.change).unwrap();
                self.markets.insert(started.id, market);
                let account = Account { lot, wanted, ..Account::default() };
                self.accounts.insert(started.id, account);
                self.incentives += started.incentive;
            }
            Do::Take { nth, amount_share, by_whole, price_max_share } => {
                let id = self.nth(nth);
                let lot = self.book.listed(id).map_or(raw(1), |listed| listed.sale.lot);
                let amount =
                    if by_whole { U256::MAX } else { lot * raw(amount_share.into()) / raw(100) };
                let price =
                    self.book.status(&terms, &moment, id).map_or(raw(1), |status| status.price);
                let price_max = price * raw(price_max_share.into()) / raw(10);
                let bought = self.book.take(&terms, &moment, id, amount, price_max)?;
                self.limits.remove(&self.markets[&id], bought.released)?;
                self.book.apply(&bought.change).unwrap();
                let account = self.accounts.get_mut(&id).unwrap();
                account.taken += bought.slice;
                account.collected += bought.owed;
                if let Some((owner, returned)) = bought.returned {
                    assert_eq!(owner, self.markets[&id]);
                    account.returned += returned;
                }
            }
            Do::Reset { nth } => {
                let reset = self.book.reset(&terms, &moment, self.nth(nth))?;
                self.book.apply(&reset.change).unwrap();
                self.incentives += reset.incentive;
            }
            Do::Withdraw { nth } => {
                let id = self.nth(nth);
                let withdrawn = self.book.withdraw(id)?;
                self.limits.remove(&self.markets[&id], withdrawn.sale.wanted)?;
                self.book.apply(&withdrawn.change).unwrap();
                self.accounts.get_mut(&id).unwrap().returned += withdrawn.sale.lot;
            }
            Do::Pass { seconds } => self.now += seconds,
            Do::Feed { price } => self.feed = price.and_then(feed),
            Do::Breaker { level } => self.book.stop = Stop::level(U256::from(level)),
            Do::Halt { stop: true } => self.clock.stop(self.now)?,
            Do::Halt { stop: false } => self.clock.start(self.now)?,
        }
        Ok(())
    }

    fn check(&self) {
        let mut by_market = [U256::ZERO; 2];
        for (id, account) in &self.accounts {
            let sale = self.book.listed(*id).ok().map(|listed| &listed.sale);
            let open = sale.map_or(U256::ZERO, |sale| sale.lot);
            assert_eq!(account.lot, account.taken + account.returned + open, "lot of {id}");
            assert!(account.collected <= account.wanted);
            if let Some(sale) = sale {
                assert_eq!(sale.wanted, account.wanted - account.collected);
                by_market[usize::from(self.markets[id])] += sale.wanted;
            }
        }
        for (market, wanted) in (0..).zip(by_market) {
            assert_eq!(self.limits.market(&market).unwrap().open, wanted);
        }
        assert_eq!(self.book.wanted().unwrap(), self.limits.all().open);
        assert!(self.limits.all().open <= rad_milli(100_000));
        assert!(by_market[0] <= rad_milli(80_000) && by_market[1] <= rad_milli(60_000));
        for (place, id) in self.book.active().iter().enumerate() {
            assert_eq!(self.book.listed(*id).unwrap().place, place);
        }
        assert_eq!(self.book.sales().count(), self.book.active().len());
    }

    /// What a call must not do to the sales that were open before it.
    fn check_against(&self, before: &Host) {
        for (id, listed) in before.book.sales() {
            let Ok(after) = self.book.listed(id) else { continue };
            let (was, is) = (&listed.sale, &after.sale);
            assert!(is.lot <= was.lot && is.wanted <= was.wanted);
            let least = self.terms.remainder_least.min(was.wanted);
            assert!(is.wanted >= least && !is.wanted.is_zero());
            if (is.started, is.top) == (was.started, was.top) {
                let was = was.status(&self.terms, &before.moment()).unwrap();
                let is = is.status(&self.terms, &self.moment()).unwrap();
                assert!(is.price <= was.price, "the price of {id} rose");
                assert!(is.needs_reset || !was.needs_reset);
                if before.clock.is_stopped() && self.clock.is_stopped() {
                    assert_eq!(is, was, "the clock stands");
                }
            }
        }
    }
}

fn any_call() -> impl Strategy<Value = Do> {
    let nth = 0usize..8;
    prop_oneof![
        4 => (0u8..2, 0u64..40_000, 0u64..30_000)
            .prop_map(|(market, wanted, lot)| Do::Start { market, wanted, lot }),
        6 => (nth.clone(), 0u64..110, prop_oneof![4 => Just(false), 1 => Just(true)], 9u64..14).prop_map(
            |(nth, amount_share, by_whole, price_max_share)| {
                Do::Take { nth, amount_share, by_whole, price_max_share }
            }
        ),
        2 => nth.clone().prop_map(|nth| Do::Reset { nth }),
        1 => nth.prop_map(|nth| Do::Withdraw { nth }),
        4 => (0u64..3_000).prop_map(|seconds| Do::Pass { seconds }),
        1 => prop_oneof![4 => (0u64..4_000).prop_map(Some), 1 => Just(None)]
            .prop_map(|price| Do::Feed { price }),
        1 => prop_oneof![3 => Just(0u64), 1 => 0u64..5].prop_map(|level| Do::Breaker { level }),
        1 => any::<bool>().prop_map(|stop| Do::Halt { stop }),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let share = (0u64..=1_000).prop_map(|milli| Ray::from_raw(ray_milli(milli)));
    (any_curve(), share, 0u64..8_000, 0u64..5_000, 0u64..3).prop_map(
        |(curve, price_least, age, remainder, flat)| Terms {
            asking: Asking::Falling(curve),
            price_least,
            age_seconds_max: U256::from(age),
            remainder_least: rad_milli(remainder),
            incentive: Incentive { flat: rad_milli(flat), share: Wad::from_raw(wad_milli(flat)) },
            ..terms()
        },
    )
}

thread_local! {
    /// Calls accepted and refused, takes accepted, resets accepted.
    static SEEN: RefCell<[usize; 4]> = const { RefCell::new([0; 4]) };
}

fn run(terms: Terms, calls: &[Do]) {
    let mut host = Host::new(terms);
    for call in calls {
        let before = host.clone();
        let done = host.call(call);
        host.check();
        host.check_against(&before);
        if done.is_err() {
            assert_eq!(host, before, "a refused call changes nothing");
        }
        SEEN.with_borrow_mut(|seen| {
            seen[usize::from(done.is_err())] += 1;
            seen[2] += usize::from(done.is_ok() && matches!(call, Do::Take { .. }));
            seen[3] += usize::from(done.is_ok() && matches!(call, Do::Reset { .. }));
        });
    }
}

#[test]
fn sales_keep_their_promises_whatever_is_called() {
    let config = ProptestConfig { cases: 400, ..ProptestConfig::default() };
    let calls = (any_terms(), prop::collection::vec(any_call(), 1..60));
    proptest!(config, |((terms, calls) in calls)| run(terms, &calls));
    let [accepted, refused, takes, resets] = SEEN.with_borrow(|seen| *seen);
    let all = accepted + refused;
    assert!(accepted * 4 > all && refused * 20 > all, "{accepted} accepted, {refused} refused");
    assert!(takes * 40 > all && resets * 250 > all, "{takes} takes, {resets} resets of {all}");
}

#[test]
fn a_change_fits_the_book_it_was_computed_from_and_no_other() {
    let start = Moment { seconds: 0, feed: feed(1_000) };
    let mut book = Book::new();
    let first = book.start(&terms(), &start, rad_milli(50_000), wad_milli(60_000), ()).unwrap();
    book.apply(&first.change).unwrap();
    assert_eq!(book.apply(&first.change), Err(Refusal::Changed { id: 1 }));
    let taken = book.take(&terms(), &start, 1, wad_milli(1_000), U256::MAX).unwrap();
    book.apply(&taken.change).unwrap();
    let before = book.clone();
    let refused = book.apply(&taken.change).unwrap_err();
    assert_eq!(refused.to_string(), "sale 1 has changed since the call was computed");
    assert_eq!(book, before);
    let next = book.start(&terms(), &start, raw(1), raw(1), ()).unwrap();
    let also = book.start(&terms(), &start, raw(2), raw(2), ()).unwrap();
    book.apply(&next.change).unwrap();
    assert_eq!(book.apply(&also.change), Err(Refusal::Changed { id: 2 }));
    book.apply(&book.withdraw(2).unwrap().change).unwrap();
    // A number is not given again, so that a change of the sale that had it does not fit.
    assert_eq!(book.apply(&next.change), Err(Refusal::Changed { id: 2 }));
    assert_eq!(book.start(&terms(), &start, raw(1), raw(1), ()).unwrap().id, 3);
}

#[test]
fn a_sale_that_closes_gives_its_place_to_the_last() {
    let start = Moment { seconds: 0, feed: feed(1_000) };
    let mut book = Book::new();
    for _ in 0..4 {
        let started = book.start(&terms(), &start, rad_milli(1), wad_milli(1), ()).unwrap();
        book.apply(&started.change).unwrap();
    }
    let mut close = |id: u64| {
        book.apply(&book.withdraw(id).unwrap().change).unwrap();
        book.active().to_vec()
    };
    assert_eq!(close(2), [1, 4, 3]);
    assert_eq!(close(3), [1, 4]);
    assert_eq!(close(1), [4]);
    assert_eq!(close(4), [0u64; 0]);
    assert_eq!(book.withdraw(1), Err(Refusal::NotOpen { id: 1 }));
}
