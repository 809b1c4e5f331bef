//! Ladders over books of linear positions with tiers, each sum in its simplest form.

mod ends;
mod minimal;
mod steps;
mod written;

use super::*;
use crate::{Rejected, Rejection};
use breakwater_money::{AssetId, Time};
use proptest::prelude::*;

/// A position whose value is `quantity x price`, whichever its side.
#[derive(Debug, Clone)]
struct Held {
    quantity: u128,
    price: u128,
    lot: u128,
    /// Cap of the notional and rate in basis points, lowest first; the last has no cap.
    tiers: Vec<(u128, u128)>,
    initial_bps: u128,
}

impl Held {
    fn notional(&self) -> u128 {
        self.quantity * self.price
    }

    /// The sum over slices of slice times rate, raised.
    fn maintenance(&self) -> u128 {
        let (mut sum, mut floor) = (0, 0);
        for (index, (cap, rate)) in self.tiers.iter().enumerate() {
            let cap = if index + 1 == self.tiers.len() { u128::MAX } else { *cap };
            sum += (self.notional().min(cap) - self.notional().min(floor)) * rate;
            floor = cap;
        }
        sum.div_ceil(10_000)
    }

    fn initial(&self) -> u128 {
        (self.notional() * self.initial_bps).div_ceil(10_000).max(self.maintenance())
    }

    /// Sizes of the caps below the position, largest first.
    fn steps_down(&self) -> Vec<u128> {
        let caps = self.tiers.iter().rev().skip(1).map(|(cap, _)| cap / self.price);
        caps.filter(|size| *size < self.quantity).collect()
    }
}

/// An account. Assets are numbered by position.
#[derive(Debug, Clone)]
struct Account {
    equity: i128,
    held: Vec<Held>,
    equality_breaches: bool,
    decimals: u8,
}

impl Account {
    fn one(equity: i128, held: Held) -> Account {
        Account { equity, held: vec![held], equality_breaches: false, decimals: 0 }
    }

    fn value(&self) -> u128 {
        self.held.iter().map(Held::notional).sum()
    }

    /// What a sale at its worst price costs, at the prices and in the account from which it was
    /// ordered.
    fn cost(&self, sale: &Sale, quantity: u128) -> i128 {
        let worth = quantity * self.held[sale.asset.index()].price;
        match sale.at {
            PriceBound::Mark { slippage_bps } => {
                i128::try_from((worth * u128::from(slippage_bps)).div_ceil(10_000)).unwrap()
            }
            PriceBound::Bankruptcy => {
                let value = i128::try_from(self.value()).unwrap();
                (self.equity * i128::try_from(worth).unwrap()).div_euclid(value)
            }
        }
    }

    /// The account after fills of these sizes at worst prices.
    fn filled(&self, fills: &[(Sale, u128)]) -> Account {
        let mut after = self.clone();
        for (sale, quantity) in fills {
            after.equity -= self.cost(sale, *quantity);
            after.held[sale.asset.index()].quantity -= quantity;
        }
        after
    }

    fn sold(&self, sales: &[Sale]) -> Account {
        let fills: Vec<_> = sales.iter().map(|sale| (*sale, sale.quantity)).collect();
        self.filled(&fills)
    }

    fn seen(&self) -> Margins {
        let maintenance = self.held.iter().map(Held::maintenance).sum();
        let required = i128::try_from(maintenance).unwrap();
        let equal = self.equality_breaches && self.equity == required && required > 0;
        Margins {
            equity: self.equity,
            maintenance,
            initial: self.held.iter().map(Held::initial).sum(),
            breach: self.equity < required || equal,
        }
    }

    fn lots(&self) -> Vec<u128> {
        self.held.iter().map(|held| held.quantity.div_ceil(held.lot)).collect()
    }

    fn is_flat(&self) -> bool {
        self.value() == 0
    }
}

impl Book for Account {
    fn value_decimals(&self) -> u8 {
        self.decimals
    }

    fn margins(&self) -> Result<Margins, Rejected> {
        Ok(self.seen())
    }

    fn positions(&self) -> Result<Vec<Position>, Rejected> {
        let position = |(asset, held): (u16, &Held)| Position {
            asset: AssetId(asset),
            quantity: held.quantity,
            lot: held.lot,
            notional: held.notional(),
        };
        Ok((0u16..).zip(&self.held).map(position).collect())
    }

    fn steps_down(&self, asset: AssetId) -> Result<Vec<u128>, Rejected> {
        Ok(self.held[asset.index()].steps_down())
    }

    fn after(&self, sales: &[Sale]) -> Result<Margins, Rejected> {
        Ok(self.sold(sales).seen())
    }
}

const MARK: Option<PriceBound> = Some(PriceBound::Mark { slippage_bps: 0 });

/// 1,000 units at 100 in lots of ten: 1 % to 20,000, 2 % to 60,000, 5 % above. Requires 3,000, and
/// 10,000 to open.
fn tiered() -> Held {
    Held {
        quantity: 1_000,
        price: 100,
        lot: 10,
        tiers: vec![(20_000, 100), (60_000, 200), (0, 500)],
        initial_bps: 1_000,
    }
}

fn rung(act: Act) -> Rung {
    Rung::new(act, if act.sells() { MARK } else { None })
}

fn ladder(rungs: Vec<Rung>) -> Ladder {
    Ladder::new(rungs).unwrap()
}

fn value(text: &str) -> Value {
    Value::parse(text).unwrap()
}

/// The sale of a step that sells in the first position.
fn sold(step: &Step<Sales>) -> u128 {
    match step {
        Step::Sell(sales) => {
            let first = sales.sales.iter().filter(|sale| sale.asset == AssetId(0));
            first.map(|sale| sale.quantity).sum()
        }
        other => panic!("{other:?}"),
    }
}

fn any_held() -> impl Strategy<Value = Held> {
    let tiers = prop::collection::vec((1u128..200_000, 20u128..1_500), 1..5);
    (1u128..5_000, 1u128..200, 1u128..60, tiers, 0u128..4_000).prop_map(
        |(quantity, price, lot, tiers, initial_bps)| {
            let (mut caps, mut rates): (Vec<_>, Vec<_>) = tiers.into_iter().unzip();
            caps.sort_unstable();
            caps.dedup();
            rates.sort_unstable();
            let tiers = caps.into_iter().zip(rates).collect();
            Held { quantity, price, lot, tiers, initial_bps }
        },
    )
}

/// Accounts from deep under water to somewhat above their requirement.
fn any_account() -> impl Strategy<Value = Account> {
    let held = prop::collection::vec(any_held(), 1..4);
    (held, -40i128..=110, any::<bool>()).prop_map(|(held, percent, equality_breaches)| {
        let mut account = Account { equity: 0, held, equality_breaches, decimals: 0 };
        let required = i128::try_from(account.seen().maintenance).unwrap();
        account.equity = (required * percent).div_euclid(100);
        account
    })
}

fn any_price() -> impl Strategy<Value = PriceBound> {
    prop_oneof![
        2 => Just(PriceBound::Mark { slippage_bps: 0 }),
        2 => (1u32..500).prop_map(|slippage_bps| PriceBound::Mark { slippage_bps }),
        1 => Just(PriceBound::Bankruptcy),
    ]
}

fn any_target() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::ToInitial),
        (0u32..2_000).prop_map(|buffer_bps| Act::ToMaintenance { buffer_bps }),
    ]
}

fn any_ramp() -> impl Strategy<Value = Act> {
    let small = prop::option::of((0u128..500).prop_map(|raw| value(&raw.to_string())));
    (0u32..=10_000, 1u64..1_000, 0u32..500, small).prop_map(
        |(first_bps, nanos, buffer_bps, at_once_below)| Act::Ramp {
            first_bps,
            nanos,
            buffer_bps,
            at_once_below,
        },
    )
}

fn any_last() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Whole),
        Just(Act::TakeOver),
        (1u32..=10_000).prop_map(|bps| Act::Fraction { bps }),
        (1u32..=10_000, 0u128..10_000).prop_map(|(share_bps, least)| Act::PerBlock {
            share_bps,
            least_value: value(&least.to_string()),
        }),
    ]
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let multiple = |percent: u32| Multiple::parse(&format!("{percent}/100")).unwrap();
    let equity = prop_oneof![
        3 => Just(Range::default()),
        1 => (1u32..120).prop_map(move |p| Range { below: Some(multiple(p)), ..Range::default() }),
        1 => (1u32..90).prop_map(move |p| Range { at_least: Some(multiple(p)), ..Range::default() }),
    ];
    let notional = prop_oneof![
        3 => Just(Range::default()),
        1 => (1u128..100_000).prop_map(|v| Range {
            above: Some(value(&v.to_string())),
            ..Range::default()
        }),
        1 => (1u128..100_000).prop_map(|v| Range {
            at_most: Some(value(&v.to_string())),
            ..Range::default()
        }),
    ];
    let steps = prop_oneof![
        3 => Just(Range::default()),
        1 => (1u32..4).prop_map(|n| Range { below: Some(n), ..Range::default() }),
    ];
    (equity, notional, steps).prop_map(|(equity, notional, steps)| Bounds {
        equity,
        notional,
        steps,
    })
}

fn any_rung(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Rung> {
    let meanwhile = prop_oneof![Just(Meanwhile::Hold), Just(Meanwhile::NextRung)];
    let wait = prop_oneof![Just(0u64), 1u64..100];
    (any_bounds(), act, any_price(), wait, meanwhile).prop_map(
        |(bounds, act, at, wait_nanos, meanwhile)| Rung {
            bounds,
            act,
            at: act.sells().then_some(at),
            wait_nanos,
            meanwhile,
        },
    )
}

/// Ladders with an unbounded end; of what is drawn, those that are ladders.
fn any_ladder() -> impl Strategy<Value = Ladder> {
    let middle = prop_oneof![
        1 => Just(Act::CancelOrders),
        2 => any_target(),
        2 => any_ramp(),
        2 => (1u8..3).prop_map(|tiers| Act::TierDown { tiers }),
        2 => any_last(),
    ];
    let last = any_rung(any_last()).prop_map(|rung| Rung { bounds: Bounds::default(), ..rung });
    let middle = prop::collection::vec(any_rung(middle), 0..5);
    (middle, last).prop_filter_map("no ladder", |(mut rungs, last)| {
        rungs.push(last);
        Ladder::new(rungs).ok()
    })
}
