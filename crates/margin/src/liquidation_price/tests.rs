//! The solver against closed forms and against a naive search.

mod ask;
mod closed_forms;
mod cross;
mod mixed;
mod requirement;

use super::*;
use crate::tiers::{Tier, TierTable};
use breakwater_money::rational;
use proptest::prelude::*;

fn r(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

fn int(value: i128) -> Rational {
    rational::from_raw(value, 0)
}

/// Caps in whole units, rates in 1e-9.
fn table(rows: &[(u128, u64)]) -> TierTable {
    let row = |&(cap, rate_e9)| Tier { cap, rate_e9, leverage_max: 1 };
    TierTable::new(rows.iter().map(row).collect()).unwrap()
}

fn steps() -> Maintenance {
    let rows = [(1_000, 10_000_000), (5_000, 50_000_000), (20_000, 500_000_000)];
    Maintenance::from_table(&table(&rows), 0)
}

fn opened(quantity: &str, entry: &str, maintenance: Maintenance) -> Opened {
    Opened { leg: Leg { quantity: r(quantity), maintenance }, entry: r(entry) }
}

fn isolated(quantity: &str, entry: &str, margin: &str) -> LinearBook {
    LinearBook::cross(r(margin), vec![opened(quantity, entry, steps())], &[])
}

#[test]
fn the_tier_is_the_one_at_the_root_not_at_entry() {
    // Entered at 6,000 of notional, in the third tier. The second tier's line, with the
    // deduction 40 that continuity gives, has its root at 4,789.47 of notional: inside itself.
    let book = isolated("10", "600", "1410");
    let root = book.liquidation_price(&r("600")).unwrap();
    assert_eq!(root.price, r("9100/19")); // (6000 - 1410 - 40) / (10 * 0.95)
    assert_eq!(root.tier(), Some(1));
    assert_eq!(book.equity(&root.price), book.maintenance(&root.price));
}

#[test]
fn a_root_on_a_cap_belongs_to_the_lower_tier() {
    // Requirement of 5,000 of notional: 10 + 200 = 210.
    let long = isolated("10", "600", "1210").liquidation_price(&r("600")).unwrap();
    assert_eq!((long.price.clone(), long.tier()), (r("500"), Some(1)));
    let short = isolated("-10", "400", "1210").liquidation_price(&r("400")).unwrap();
    assert_eq!((short.price.clone(), short.tier()), (r("500"), Some(1)));
}

#[test]
fn a_short_carried_past_the_position_limit_still_has_its_price() {
    // At 20,000 of notional the requirement is 7,710; beyond, the last rate goes on.
    let root = isolated("-10", "2000", "9210").liquidation_price(&r("2000")).unwrap();
    assert_eq!(root.price, r("2100")); // 9210 + 20000 - 10P = 5P - 2290
    assert_eq!(root.tier(), None);
}

#[test]
fn no_price_above_zero_is_no_price() {
    let nothing = Healthy::Between { lower: None, upper: None };
    assert_eq!(isolated("10", "100", "1000").healthy(), nothing);
    assert_eq!(isolated("10", "100", "2000").healthy(), nothing);
    assert_eq!(isolated("-10", "100", "-1000").healthy(), Healthy::Nowhere);
    assert_eq!(isolated("-10", "100", "-1000").liquidation_price(&r("100")), None);
    let flat =
        |equity| LinearBook { equity_constant: equity, held_maintenance: r("5"), legs: vec![] };
    assert_eq!(flat(r("6")).healthy(), nothing);
    assert_eq!(flat(r("5")).healthy(), Healthy::Nowhere);
}

#[test]
fn hedged_legs_share_a_price_below_and_a_price_above() {
    let legs = vec![opened("10", "100", steps()), opened("-9", "100", steps())];
    let book = LinearBook::cross(r("59.5"), legs, &[]);
    let Healthy::Between { lower: Some(lower), upper: Some(upper) } = book.healthy() else {
        panic!("{:?}", book.healthy());
    };
    // In the first tiers -40.5 + P = 0.19 P.
    assert_eq!((lower.price.clone(), lower.tiers), (r("50"), vec![Some(0), Some(0)]));
    // The long in its third tier, the short in its second: -40.5 + P = 5.45 P - 2290 - 40.
    assert_eq!((upper.price.clone(), upper.tiers), (r("228950/445"), vec![Some(2), Some(1)]));
    for root in [&lower.price, &upper.price] {
        assert_eq!(book.equity(root), book.maintenance(root));
    }
    let near = |mark: &Rational| book.liquidation_price(mark).unwrap().price;
    assert_eq!(near(&(&lower.price + r("1"))), lower.price);
    assert_eq!(near(&(&upper.price - r("1"))), upper.price);
    assert_eq!(near(&r("1")), lower.price);
}

#[test]
fn bankruptcy_is_where_equity_is_zero() {
    // E - s (margin + wallet) / Q
    assert_eq!(isolated("2", "100", "30").bankruptcy_price(), Some(r("85")));
    assert_eq!(isolated("-2", "100", "30").bankruptcy_price(), Some(r("115")));
    assert_eq!(isolated("2", "100", "200").bankruptcy_price(), None);
    let legs = vec![opened("2", "100", steps()), opened("-2", "90", steps())];
    assert_eq!(LinearBook::cross(r("30"), legs, &[]).bankruptcy_price(), None);
}

#[test]
fn a_lending_account_has_its_price_on_either_side() {
    let root = |cc: &str, c: &str, dc: &str, d: &str| lending_root(&r(cc), &r(c), &r(dc), &r(d));
    // 10 units at threshold 0.8 against a debt of 4,000.
    assert_eq!(root("0", "8", "4000", "0"), Some(r("500")));
    // Debt of 2 units against weighted collateral of 3,000.
    assert_eq!(root("3000", "0", "0", "2"), Some(r("1500")));
    // On both sides: only the difference counts.
    assert_eq!(root("0", "8", "4000", "3"), Some(r("800")));
    assert_eq!(root("5000", "8", "4000", "0"), None);
    assert_eq!(root("3000", "0", "4000", "2"), None);
    assert_eq!(root("3000", "2", "4000", "2"), None);
    assert_eq!(root("4000", "2", "4000", "1"), None);
}

/// The sum over slices, as a table is read by a person.
fn naive_requirement(rows: &[(u128, u64)], notional: &Rational) -> Rational {
    let (mut floor, mut sum) = (int(0), int(0));
    for (index, &(cap, rate_e9)) in rows.iter().enumerate() {
        let cap = int(i128::try_from(cap).unwrap());
        let last = index + 1 == rows.len();
        let top = if last || *notional < cap { notional.clone() } else { cap.clone() };
        if top > floor {
            sum += (top - &floor) * rational::from_raw(rate_e9.into(), 9);
        }
        floor = cap;
    }
    sum
}

/// What the solver is judged by: one table, several legs, a constant, no algebra.
#[derive(Debug)]
struct Naive {
    rows: Vec<(u128, u64)>,
    equity_constant: Rational,
    quantities: Vec<Rational>,
}

impl Naive {
    fn book(&self) -> LinearBook {
        let maintenance = Maintenance::from_table(&table(&self.rows), 0);
        let leg = |q: &Rational| Leg { quantity: q.clone(), maintenance: maintenance.clone() };
        LinearBook {
            equity_constant: self.equity_constant.clone(),
            held_maintenance: int(0),
            legs: self.quantities.iter().map(leg).collect(),
        }
    }

    fn liquidatable(&self, price: &Rational) -> bool {
        let mut surplus = self.equity_constant.clone();
        for quantity in &self.quantities {
            surplus += quantity * price;
            surplus -= naive_requirement(&self.rows, &(magnitude(quantity) * price));
        }
        surplus <= int(0)
    }
}

/// Halves the way from a healthy to a liquidatable price until only 1e-12 of it is left.
fn bisect(
    is_liquidatable: &dyn Fn(&Rational) -> bool,
    mut healthy: Rational,
    mut liquidatable: Rational,
) -> [Rational; 2] {
    for _ in 0..40 {
        let middle = (&healthy + &liquidatable) / int(2);
        if is_liquidatable(&middle) {
            liquidatable = middle;
        } else {
            healthy = middle;
        }
    }
    [healthy, liquidatable]
}

/// Tables, marks and legs; the equity at the mark is a share of the gross notional.
fn any_naive(legs: usize) -> impl Strategy<Value = (Naive, Rational)> {
    (
        prop::collection::vec((1u128..50_000, 1u64..100_000_000), 1..8),
        prop::collection::vec((1i128..500, any::<bool>()), legs),
        1i128..3_000,
        -200i128..1_500,
    )
        .prop_map(|(steps, sides, mark, equity_permille)| {
            let (mut cap, mut rate_e9) = (0, 0);
            let rows = steps.into_iter().map(|(width, rise)| {
                (cap, rate_e9) = (cap + width, rate_e9 + rise);
                (cap, rate_e9)
            });
            let rows: Vec<_> = rows.collect();
            let signed =
                |(size, long): (i128, bool)| rational::from_raw(if long { size } else { -size }, 1);
            let quantities: Vec<Rational> = sides.into_iter().map(signed).collect();
            let mark = int(mark);
            let gross: Rational = quantities.iter().map(|q| magnitude(q) * &mark).sum();
            let net: Rational = quantities.iter().map(|q| q * &mark).sum();
            let equity_constant = gross * rational::from_raw(equity_permille, 3) - net;
            (Naive { rows, equity_constant, quantities }, mark)
        })
}

/// From a healthy mark, each end of the interval is the first liquidatable price that way.
fn judge(
    is_liquidatable: &dyn Fn(&Rational) -> bool,
    found: Healthy,
    mark: &Rational,
) -> Result<(), TestCaseError> {
    if is_liquidatable(mark) {
        return Ok(());
    }
    let Healthy::Between { lower, upper } = found else {
        return Err(TestCaseError::fail("healthy at the mark, yet nowhere"));
    };
    let far = mark * int(1_000_000);
    for (end, limit) in [(lower, mark / int(1_000_000)), (upper, far)] {
        let Some(root) = end else {
            prop_assert!(!is_liquidatable(&limit));
            continue;
        };
        prop_assert!(is_liquidatable(&root.price));
        for part in 1..20 {
            let between = mark + (&root.price - mark) * rational::from_raw(part, 0) / int(20);
            prop_assert!(!is_liquidatable(&between), "smaller move {between}");
        }
        if (&root.price - mark) * (&limit - &root.price) <= int(0) {
            continue; // The root lies beyond the limit of this search.
        }
        let [healthy, liquidatable] = bisect(is_liquidatable, mark.clone(), limit);
        let inside = (&root.price - &healthy) * (&liquidatable - &root.price);
        prop_assert!(inside >= int(0), "{healthy} {} {liquidatable}", root.price);
    }
    Ok(())
}

/// The same of a book of linear contracts.
fn judge_linear(naive: &Naive, mark: &Rational) -> Result<(), TestCaseError> {
    judge(&|price| naive.liquidatable(price), naive.book().healthy(), mark)
}

proptest! {
    #[test]
    fn one_way_the_root_is_the_smallest_move_that_liquidates((naive, mark) in any_naive(1)) {
        judge_linear(&naive, &mark)?;
        let Healthy::Between { lower, upper } = naive.book().healthy() else { return Ok(()) };
        prop_assert!(lower.is_none() || upper.is_none());
        let long = naive.quantities[0] > int(0);
        let wrong_side = if long { &upper } else { &lower };
        prop_assert!(wrong_side.is_none());
        // The tier is that of the notional at the root, read off the table.
        for root in lower.iter().chain(&upper) {
            let notional = magnitude(&naive.quantities[0]) * &root.price;
            let caps = naive.rows.iter().map(|row| int(i128::try_from(row.0).unwrap()));
            let inside = caps.into_iter().position(|cap| notional <= cap);
            prop_assert_eq!(root.tier(), inside);
        }
    }

    #[test]
    fn hedged_the_root_is_the_smallest_move_that_liquidates((naive, mark) in any_naive(2)) {
        judge_linear(&naive, &mark)?;
    }

    #[test]
    fn three_legs_too((naive, mark) in any_naive(3)) {
        judge_linear(&naive, &mark)?;
    }
}
