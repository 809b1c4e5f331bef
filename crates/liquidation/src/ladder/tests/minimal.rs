//! One lot less misses the line, against every number of lots in order.

use super::*;
use crate::Reason;

/// What the account lacks of a line, in its simplest form.
fn missing(margins: &Margins, act: Act) -> u128 {
    let line = match act {
        Act::ToInitial => margins.initial,
        Act::ToMaintenance { buffer_bps } | Act::Ramp { buffer_bps, .. } => {
            let buffer = (margins.maintenance * u128::from(buffer_bps)).div_ceil(10_000);
            margins.maintenance + buffer
        }
        _ => margins.maintenance,
    };
    let missing = (i128::try_from(line).unwrap() - margins.equity).max(0).unsigned_abs();
    if margins.breach { missing.max(1) } else { missing }
}

/// The first of all sizes, position by position and lot by lot, that leaves at most so much missing.
fn slow(account: &Account, act: Act, at: PriceBound, most: u128) -> Option<Vec<Sale>> {
    let mut sales: Vec<Sale> = Vec::new();
    for (asset, held) in (0u16..).zip(&account.held) {
        let lots = held.quantity.div_ceil(held.lot);
        for count in 1..=lots {
            let quantity = (held.lot * count).min(held.quantity);
            sales.push(Sale { asset: AssetId(asset), quantity, at });
            if missing(&account.sold(&sales).seen(), act) <= most {
                return Some(sales);
            }
            if count < lots {
                sales.pop();
            }
        }
    }
    None
}

/// The same sales with one lot less of the last.
fn one_lot_less(account: &Account, sales: &[Sale]) -> Vec<Sale> {
    let mut less = sales.to_vec();
    let last = less.last_mut().unwrap();
    let lot = account.held[last.asset.index()].lot;
    last.quantity = (last.quantity.div_ceil(lot) - 1) * lot;
    less
}

/// What may stay short after a ramp's step.
fn left(account: &Account, act: Act, standing: &Standing) -> u128 {
    let Act::Ramp { first_bps, nanos, at_once_below, .. } = act else { return 0 };
    let short = missing(&account.seen(), act);
    if at_once_below.is_some_and(|small| value(&short.to_string()) < small) {
        return 0;
    }
    let whole = 10_000 * u128::from(nanos);
    let elapsed = u128::from(standing.now.0 - standing.called_at.0);
    let share = (u128::from(first_bps) * u128::from(nanos) + 10_000 * elapsed).min(whole);
    ((short + standing.freed) * (whole - share)).div_ceil(whole)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_least_is_the_least(
        account in any_account(),
        act in prop_oneof![any_target(), any_ramp()],
        at in any_price(),
        elapsed in 0u64..1_200,
        freed in 0u128..2_000,
    ) {
        let rungs = vec![Rung::new(act, Some(at)), rung(Act::TakeOver)];
        let standing = Standing { now: Time(elapsed), freed, ..Standing::default() };
        let found = next(&ladder(rungs), &standing, &account).unwrap();
        if !account.seen().breach {
            prop_assert_eq!(found, Step::Nothing);
            return Ok(());
        }
        let most = left(&account, act, &standing);
        match found {
            Step::Sell(step) => {
                let after = account.sold(&step.sales).seen();
                prop_assert!(missing(&after, act) <= most);
                let less = account.sold(&one_lot_less(&account, &step.sales)).seen();
                prop_assert!(missing(&less, act) > most);
                // Selling at the mark only helps, and a grid of up to 64 lots leaves none out.
                let rises = at == PriceBound::Mark { slippage_bps: 0 };
                if rises || account.lots().iter().all(|lots| *lots <= 64) {
                    prop_assert_eq!(Some(step.sales), slow(&account, act, at, most));
                }
                prop_assert!(matches!(
                    step.reason,
                    Reason::InitialMargin | Reason::TargetHealth | Reason::Ramp
                ));
            }
            Step::Wait { until } => {
                prop_assert!(most >= missing(&account.seen(), act));
                // One instant earlier is too early, and then it is not.
                prop_assert!(until.0 > elapsed);
                let then = |now| left(&account, act, &Standing { now: Time(now), ..standing });
                let short = missing(&account.seen(), act);
                prop_assert!(then(until.0 - 1) >= short && then(until.0) < short);
            }
            Step::TakeOver => {
                if account.lots().iter().all(|lots| *lots <= 64) {
                    prop_assert_eq!(slow(&account, act, at, most), None);
                }
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
