//! Random auctions, call by call against the naive model, with every purse compared.

use super::super::{
    Auction, Bid, Edge, Extension, Form, Party, Payment, Refusal, Restarts, Stage, Step, Terms,
};
use super::naive::{Naive, Placed, Standing};
use super::purses::Purses;
use super::{Who, units};
use breakwater_money::Wad;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const BIDDERS: Who = 4;

#[derive(Debug, Clone, Copy)]
enum Call {
    /// Who, per mille of the standing bid, lot off by.
    Raise(Who, u128, u128),
    /// Who, per mille of the standing lot, amount off by.
    Shrink(Who, u128, u128),
    /// What the phase asks for, a bid or a payment or a default: who, per mille.
    Suit(Who, u128),
    /// Until the next moment that counts, a second less, or a second more.
    Edge(u64),
    /// To exactly what is wanted.
    Fill(Who),
    Wait(u64),
    Restart,
    Settle,
    Pay(Who),
    Default,
    Cancel,
}

fn any_call() -> impl Strategy<Value = Call> {
    let who = 0..BIDDERS;
    prop_oneof![
        8 => (who.clone(), 1_000u128..1_600).prop_map(|(who, mille)| Call::Suit(who, mille)),
        2 => (who.clone(), 1_000u128..1_600, 0u128..20)
            .prop_map(|(who, rate, off)| Call::Raise(who, rate, off / 19)),
        2 => (who.clone(), 700u128..1_001, 0u128..20)
            .prop_map(|(who, rate, off)| Call::Shrink(who, rate, off / 19)),
        2 => who.clone().prop_map(Call::Fill),
        4 => (0u64..130).prop_map(Call::Wait),
        3 => (0u64..3).prop_map(Call::Edge),
        1 => Just(Call::Restart),
        1 => Just(Call::Settle),
        1 => who.prop_map(Call::Pay),
        1 => Just(Call::Default),
        1 => (0u8..8).prop_map(|n| if n == 0 { Call::Cancel } else { Call::Settle }),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let edge = prop_oneof![Just(Edge::BidsBefore), Just(Edge::BidsThrough), Just(Edge::DeadSecond)];
    let deposit = (1u128..11, 1u64..100).prop_map(|(tenths, pay_within)| Payment::Deposit {
        rate: Wad::new(tenths * 100_000_000_000_000_000),
        pay_within,
    });
    let payment = prop_oneof![Just(Payment::PassedOn), Just(Payment::Held), deposit];
    let extension = prop::option::of((1u64..80, 1u64..80, 0u64..200))
        .prop_map(|it| it.map(|(window, by, total_most)| Extension { window, by, total_most }));
    let restarts =
        (prop::option::of(0u32..4), 1_000u128..1_600, prop::option::of(1_000u128..9_999)).prop_map(
            |(most, mille, lot_most)| Restarts {
                most,
                growth: Wad::new(mille * 1_000_000_000_000_000),
                lot_most: lot_most.map(units),
            },
        );
    let amounts = (0u128..40, 0u128..400);
    let times = (prop::option::of(1u64..150), 1u64..400);
    (edge, payment, extension, restarts, amounts, times, 1_000u128..1_200).prop_map(
        |(edge, payment, extension, restarts, (opening, reserve), (lifetime, duration), step)| {
            // What is paid on cannot be returned: there the reserve is the opening bid.
            let paid_on = payment == Payment::PassedOn;
            Terms {
                opening: units(opening),
                reserve: units(if paid_on { opening } else { reserve }),
                step: Wad::new(step * 1_000_000_000_000_000),
                lifetime,
                duration,
                extension,
                restarts,
                edge,
                payment,
            }
        },
    )
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Rising),
        (400u128..2_000).prop_map(|n| Form::TwoPhase { wanted: units(n) }),
        (1u128..2_000).prop_map(|n| Form::Shrinking { price: units(n) }),
    ]
}

/// An auction with the model beside it.
struct Pair {
    auction: Auction<Who>,
    naive: Naive,
    purses: Purses,
    now: u64,
    /// Calls accepted, and all.
    taken: (u32, u32),
}

impl Pair {
    fn new(terms: Terms, form: Form, lot: u128) -> Self {
        let mut terms = terms;
        if matches!(form, Form::Shrinking { .. }) {
            (terms.opening, terms.reserve) = (units(0), units(0));
        }
        terms.check(form, units(lot)).unwrap();
        let auction = Auction::open(&terms, form, units(lot), 50).unwrap();
        let mut purses = Purses::default();
        if !matches!(form, Form::Shrinking { .. }) {
            purses.deliver(lot);
        }
        let naive = Naive::open(terms, form, lot, 50);
        Pair { auction, naive, purses, now: 50, taken: (0, 0) }
    }

    /// Takes over what the auction did, if it did, and says whether.
    fn commit(&mut self, result: Result<Step<Who>, Refusal>) -> bool {
        self.taken.1 += 1;
        let Ok(step) = result else { return false };
        self.taken.0 += 1;
        self.auction = step.auction;
        self.purses.apply(&step.moves);
        true
    }

    fn is_over(&self) -> bool {
        matches!(self.auction.stage, Stage::Sold | Stage::Unsold | Stage::Cancelled)
    }

    fn bid(&mut self, placed: Placed, raises: bool) {
        let bid = Bid { bidder: placed.who, amount: units(placed.amount), lot: units(placed.lot) };
        let (result, expected) = if raises {
            let expected = self.naive.takes_raise(&placed);
            (self.auction.raise(&self.naive.terms, &bid, self.now), expected)
        } else {
            let expected = self.naive.takes_shrink(&placed);
            (self.auction.shrink(&self.naive.terms, &bid, self.now), expected)
        };
        let (amount, lot) = self.naive.now_at();
        assert_eq!(self.commit(result), expected, "{placed:?}");
        if expected {
            self.naive.bids.push(placed);
            if raises {
                assert!(placed.amount > amount && placed.lot == lot, "bids increase");
            } else {
                assert!(placed.amount == amount && placed.lot < lot, "lots shrink");
            }
        }
    }

    fn call(&mut self, call: Call) {
        let (amount, lot) = self.naive.now_at();
        let (terms, now) = (self.naive.terms, self.now);
        match call {
            Call::Raise(who, mille, off) => {
                let amount = (amount * mille).div_ceil(1_000).max(1) + u128::from(amount == 0) * 30;
                self.bid(Placed { who, amount, lot: lot + off, at: now }, true);
            }
            Call::Fill(who) => {
                let amount = match self.naive.form {
                    Form::TwoPhase { wanted } => u128::try_from(wanted).unwrap(),
                    _ => amount * 2,
                };
                self.bid(Placed { who, amount, lot, at: now }, true);
            }
            Call::Shrink(who, mille, off) => {
                let placed =
                    Placed { who, amount: amount + off, lot: lot * mille / 1_000, at: now };
                self.bid(placed, false);
            }
            Call::Suit(who, mille) => {
                let shrinks = match self.naive.form {
                    Form::Rising => false,
                    Form::TwoPhase { wanted } => units(amount) == wanted,
                    Form::Shrinking { .. } => true,
                };
                self.call(match shrinks {
                    _ if matches!(self.naive.standing, Standing::Due(..)) => self.due(mille),
                    false => Call::Raise(who, mille, 0),
                    true => Call::Shrink(who, 1_000 - (mille - 1_000) / 2, 0),
                });
            }
            Call::Wait(seconds) => self.now += seconds,
            Call::Edge(off) => {
                let moments = self.naive.moments_ahead();
                let next = moments.into_iter().filter(|at| *at >= now).min();
                self.now = next.map_or(now, |at| now.max(at - 1 + off));
            }
            Call::Restart => {
                let expected = self.naive.takes_restart(now);
                assert_eq!(self.commit(self.auction.restart(&terms, now)), expected);
                if expected {
                    self.naive.restart(now);
                }
            }
            Call::Settle => {
                let expected = self.naive.takes_settlement(now);
                assert_eq!(self.commit(self.auction.settle(&terms, now)), expected);
                if expected {
                    self.naive.settle(now);
                }
            }
            Call::Pay(who) => self.pay(who),
            Call::Default => {
                let due = match self.naive.standing {
                    Standing::Due(place, by, deposited) if now > by => Some((place, deposited)),
                    _ => None,
                };
                let result = self.auction.default_of_winner(&terms, now);
                assert_eq!(self.commit(result), due.is_some());
                if let Some((place, deposited)) = due {
                    self.naive.default_of(place, deposited, now);
                }
            }
            Call::Cancel => {
                let expected = self.naive.takes_cancel();
                let leader = self.naive.at_stake().filter(|_| expected);
                assert_eq!(self.commit(self.auction.cancel(&terms)), expected);
                if expected {
                    self.naive.repaid = leader.map_or(0, |(_, amount)| amount);
                    self.naive.standing = Standing::Cancelled;
                }
            }
        }
    }

    /// A payment by the winner, or a claim of default, in time or not.
    fn due(&self, mille: u128) -> Call {
        match self.naive.standing {
            Standing::Due(place, ..) if mille < 1_150 => Call::Pay(self.naive.bids[place].who),
            _ => Call::Default,
        }
    }

    fn pay(&mut self, who: Who) {
        let due = match self.naive.standing {
            Standing::Due(place, by, _) if self.now <= by => {
                (self.naive.bids[place].who == who).then_some(place)
            }
            _ => None,
        };
        let result = self.auction.pay(&self.naive.terms, who, self.now);
        assert_eq!(self.commit(result), due.is_some());
        if let Some(place) = due {
            self.naive.standing = Standing::Sold(place);
        }
    }

    /// Every purse is what the history says: losers have everything back, nothing is lost or made.
    fn compare(&self) {
        let (naive, purses) = (&self.naive, &self.purses);
        let signed = |n: u128| i128::try_from(n).unwrap();
        let sold = naive.sold();
        let stake = naive.at_stake();
        for who in 0..BIDDERS {
            let staked = stake.filter(|(leader, _)| *leader == who).map_or(0, |(_, n)| n);
            let paid = sold.filter(|bid| bid.who == who).map_or(0, |bid| bid.amount);
            let lost: u128 = naive.forfeits.iter().filter(|(w, _)| *w == who).map(|(_, n)| n).sum();
            let party = Party::Bidder(who);
            assert_eq!(purses.money(party), -signed(staked + paid + lost), "money of {who}");
            let won = sold.filter(|bid| bid.who == who).map_or(0, |bid| bid.lot);
            assert_eq!(purses.lot(party), signed(won), "lot of {who}");
        }
        let staked = stake.map_or(0, |(_, amount)| amount);
        let price = sold.map_or(0, |bid| bid.amount);
        let forfeited: u128 = naive.forfeits.iter().map(|(_, amount)| amount).sum();
        let passed_on = naive.terms.payment == Payment::PassedOn;
        let held = if passed_on { 0 } else { staked };
        assert_eq!(purses.money(Party::Escrow), signed(held));
        assert_eq!(self.auction.held(&naive.terms), units(held));
        let cancelled = if passed_on { naive.repaid } else { 0 };
        let income = price + forfeited + (staked - held) + cancelled;
        assert_eq!(purses.money(Party::Seller), signed(income));
        assert_eq!(purses.money(Party::Canceller), -signed(cancelled));
        assert_eq!(
            purses.lot(Party::Escrow),
            signed(u128::try_from(self.auction.lot_held).unwrap())
        );
        let over = !matches!(naive.standing, Standing::Open | Standing::Due(..));
        assert!(!over || (purses.money(Party::Escrow), purses.lot(Party::Escrow)) == (0, 0));
        let (amount, lot) = naive.now_at();
        if naive.standing == Standing::Open {
            let here = (self.auction.bid, self.auction.lot, self.auction.ends_at);
            assert_eq!(here, (units(amount), units(lot), naive.end()));
            assert!(self.auction.ends_at <= naive.hard_end());
        }
    }

    /// After the hard end no bid is taken, and one call of settling or restarting is.
    fn ends(&mut self) {
        if self.auction.stage != Stage::Bidding {
            return;
        }
        self.now = self.now.max(self.naive.hard_end() + 1);
        let (amount, lot) = self.naive.now_at();
        let (who, at) = (0, self.now);
        self.bid(Placed { who, amount: amount * 2 + 1_000_000, lot, at }, true);
        self.bid(Placed { who, amount, lot: lot / 2, at }, false);
        assert!(self.naive.bids.last().is_none_or(|bid| bid.at < at), "a bid after the hard end");
        let left = self.naive.takes_restart(at) || self.naive.takes_settlement(at);
        let spent = self.naive.terms.restarts.most.is_some_and(|most| self.naive.rounds >= most);
        assert!(left || spent);
        self.call(if self.naive.bids.is_empty() { Call::Restart } else { Call::Settle });
        self.compare();
    }
}

#[test]
fn every_call_agrees_with_the_naive_model_and_no_money_is_lost() {
    let config = Config { cases: 3_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let taken = std::cell::Cell::new((0u32, 0u32));
    let ends = std::cell::RefCell::new(std::collections::BTreeMap::<String, u32>::new());
    let strategy =
        (any_terms(), any_form(), 1u128..1_000, prop::collection::vec(any_call(), 1..60));
    let outcome = runner.run(&strategy, |(terms, form, lot, calls)| {
        let mut pair = Pair::new(terms, form, lot);
        for call in calls {
            let over = pair.is_over();
            pair.call(call);
            pair.compare();
            if over {
                // One call after the end was enough to see that nothing is taken any more.
                break;
            }
        }
        pair.ends();
        let (accepted, all) = taken.get();
        taken.set((accepted + pair.taken.0, all + pair.taken.1));
        let stage = match pair.auction.stage {
            Stage::Awarded { .. } => "Awarded".to_owned(),
            stage => format!("{stage:?}"),
        };
        *ends.borrow_mut().entry(stage).or_default() += 1;
        Ok(())
    });
    outcome.unwrap();
    // The generator is worth something only if calls are taken and every way out is walked.
    let (accepted, all) = taken.get();
    let ends = ends.into_inner();
    assert!(accepted * 5 > all, "{accepted} of {all} calls taken");
    for stage in ["Bidding", "Awarded", "Sold", "Unsold", "Cancelled"] {
        assert!(ends.get(stage).is_some_and(|n| *n >= 20), "{stage} in {ends:?}");
    }
}
