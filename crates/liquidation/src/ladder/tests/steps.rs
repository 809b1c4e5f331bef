//! One act at a time, at its limits.

use super::*;
use crate::Reason;

fn step(rungs: Vec<Rung>, account: &Account, standing: Standing) -> Step<Sales> {
    next(&ladder(rungs), &standing, account).unwrap()
}

/// What the act does, and a takeover where it has nothing to do.
fn first(act: Act, account: &Account) -> Step<Sales> {
    step(ending(act), account, Standing::default())
}

fn ending(act: Act) -> Vec<Rung> {
    let mut rungs = vec![rung(act)];
    if !act.ends() {
        rungs.push(rung(Act::TakeOver));
    }
    rungs
}

/// So long after the last of the sales since its call.
fn later(nanos: u64) -> Standing {
    Standing {
        called_at: Time(1_000),
        last_step_at: Some(Time(2_000)),
        now: Time(2_000 + nanos),
        steps: 1,
        ..Standing::default()
    }
}

#[test]
fn nothing_is_done_to_the_healthy_and_the_books_comparison_decides() {
    for (equity, equality_breaches, due) in
        [(3_001, true, false), (3_000, false, false), (3_000, true, true), (2_999, false, true)]
    {
        let account = Account { equality_breaches, ..Account::one(equity, tiered()) };
        let found = step(vec![rung(Act::TakeOver)], &account, Standing::default());
        assert_eq!(found, if due { Step::TakeOver } else { Step::Nothing });
    }
    let flat = Account::one(-5, Held { quantity: 0, ..tiered() });
    let rungs = vec![rung(Act::CancelOrders), rung(Act::TakeOver)];
    assert_eq!(step(rungs.clone(), &flat, Standing::default()), Step::Nothing);
    // Orders are cancelled even where there is no position.
    let open = Standing { orders_open: true, ..Standing::default() };
    assert_eq!(step(rungs, &flat, open), Step::CancelOrders);
}

#[test]
fn orders_are_cancelled_first_and_only_while_there_are_any() {
    let account = Account::one(2_000, tiered());
    let rungs = vec![rung(Act::CancelOrders), rung(Act::Whole)];
    let open = Standing { orders_open: true, ..Standing::default() };
    assert_eq!(step(rungs.clone(), &account, open), Step::CancelOrders);
    assert_eq!(sold(&step(rungs, &account, Standing::default())), 1_000);
}

#[test]
fn a_tier_down_goes_to_the_cap_in_whole_lots_and_passes_where_there_are_too_few() {
    let account = Account::one(2_000, tiered());
    // The second tier ends at 60,000: 600 units; the first at 20,000: 200.
    assert_eq!(sold(&first(Act::TierDown { tiers: 1 }, &account)), 400);
    assert_eq!(sold(&first(Act::TierDown { tiers: 2 }, &account)), 800);
    assert_eq!(first(Act::TierDown { tiers: 3 }, &account), Step::TakeOver);
    for (quantity, one) in [(601, 10), (600, 400), (610, 10), (611, 20), (201, 10)] {
        let account = Account::one(100, Held { quantity, ..tiered() });
        assert_eq!(sold(&first(Act::TierDown { tiers: 1 }, &account)), one, "{quantity}");
    }
    let lowest = Account::one(100, Held { quantity: 200, ..tiered() });
    assert_eq!(first(Act::TierDown { tiers: 1 }, &lowest), Step::TakeOver);
    // The last lot may be smaller than the others.
    let tight = Held { quantity: 23, lot: 50, tiers: vec![(2_200, 100), (0, 200)], ..tiered() };
    assert_eq!(sold(&first(Act::TierDown { tiers: 1 }, &Account::one(10, tight))), 23);
    // The first position with enough tiers below it is cut, and no other.
    let two = Account { held: vec![Held { quantity: 200, ..tiered() }, tiered()], ..account };
    let Step::Sell(found) = first(Act::TierDown { tiers: 1 }, &two) else { panic!() };
    assert_eq!((found.sales.len(), found.sales[0].asset), (1, AssetId(1)));
    assert_eq!((found.reason, found.rung), (Reason::TierDown, 0));
}

#[test]
fn a_fraction_is_rounded_up_to_lots_and_never_exceeds_the_position() {
    for (quantity, bps, part) in [
        (1_000, 2_000, 200),
        (1_001, 2_000, 210),
        (1_000, 1, 10),
        (7, 1, 7),
        (1_000, 10_000, 1_000),
    ] {
        let account = Account::one(-1, Held { quantity, ..tiered() });
        assert_eq!(sold(&first(Act::Fraction { bps }, &account)), part);
    }
}

#[test]
fn a_cut_to_initial_stops_at_the_first_lot_that_meets_it() {
    // Selling at the mark keeps equity of 2,000: 10 % of 200 units at 100.
    let account = Account::one(2_000, tiered());
    assert_eq!(sold(&first(Act::ToInitial, &account)), 800);
    let one_less = Account::one(1_999, tiered());
    assert_eq!(sold(&first(Act::ToInitial, &one_less)), 810);
    let broke = Account::one(-1, tiered());
    assert_eq!(first(Act::ToInitial, &broke), Step::TakeOver);
}

#[test]
fn equality_meets_maintenance_unless_equality_is_a_breach() {
    // 500 units require 20,000 at 1 % and 30,000 at 2 %: 800.
    let at = |equity, equality_breaches| {
        let account = Account { equality_breaches, ..Account::one(equity, tiered()) };
        sold(&first(Act::ToMaintenance { buffer_bps: 0 }, &account))
    };
    assert_eq!((at(800, false), at(800, true), at(799, false)), (500, 510, 510));
    let buffered = Account::one(880, tiered());
    assert_eq!(sold(&first(Act::ToMaintenance { buffer_bps: 1_000 }, &buffered)), 500);
    let short = Account::one(879, tiered());
    assert_eq!(sold(&first(Act::ToMaintenance { buffer_bps: 1_000 }, &short)), 510);
}

#[test]
fn what_no_amount_reaches_is_left_to_the_next_rung() {
    // At 6 % below the mark each part sold costs more than the 5 % it frees.
    let account = Account::one(2_000, tiered());
    let toxic = Rung::new(
        Act::ToMaintenance { buffer_bps: 0 },
        Some(PriceBound::Mark { slippage_bps: 600 }),
    );
    let found = step(vec![toxic, rung(Act::TakeOver)], &account, Standing::default());
    assert_eq!(found, Step::TakeOver);
}

#[test]
fn a_rung_waits_from_the_last_sale_and_holds_or_passes() {
    let account = Account::one(2_500, tiered());
    let fraction = rung(Act::Fraction { bps: 2_000 });
    let hold = Rung { wait_nanos: 30, ..fraction };
    let pass = Rung { meanwhile: Meanwhile::NextRung, ..hold };
    for (nanos, held, passed) in [(0, true, true), (29, true, true), (30, false, false)] {
        let found = step(vec![hold], &account, later(nanos));
        assert_eq!(matches!(found, Step::Wait { until: Time(2_030) }), held, "{nanos}");
        let found = step(vec![pass, rung(Act::Whole)], &account, later(nanos));
        assert_eq!(sold(&found) == 1_000, passed, "{nanos}");
    }
    // Before the first sale nothing waits, and passing over everything is waiting.
    let before = Standing { last_step_at: None, ..later(0) };
    assert_eq!(sold(&step(vec![hold], &account, before)), 200);
    assert_eq!(step(vec![pass], &account, later(1)), Step::Wait { until: Time(2_030) });
    // What was passed over may be due before what holds up the rest.
    let slow = Rung { wait_nanos: 40, ..rung(Act::Whole) };
    assert_eq!(step(vec![pass, slow], &account, later(1)), Step::Wait { until: Time(2_030) });
    let endless = Rung { wait_nanos: u64::MAX, ..hold };
    assert_eq!(step(vec![endless], &account, later(1)), Step::Wait { until: Time::MAX });
    // A rung with nothing to do holds up nobody.
    let idle = Rung { wait_nanos: 30, ..rung(Act::TierDown { tiers: 9 }) };
    assert_eq!(sold(&step(vec![idle, rung(Act::Whole)], &account, later(0))), 1_000);
}

#[test]
fn a_rung_bounded_by_steps_acts_so_often_and_no_more() {
    let account = Account::one(2_500, tiered());
    let mut once = rung(Act::Whole);
    once.bounds.steps.below = Some(1);
    let rungs = vec![once, rung(Act::TakeOver)];
    assert_eq!(sold(&step(rungs.clone(), &account, Standing::default())), 1_000);
    assert_eq!(step(rungs, &account, later(0)), Step::TakeOver);
}

#[test]
fn each_kind_of_bound_has_its_own_side_of_equality() {
    // 2,000 of 3,000.
    let account = Account::one(2_000, tiered());
    let line = |text| Some(Multiple::parse(text).unwrap());
    let none = Range::default();
    let equity = |equity| {
        let bounded = Rung { bounds: Bounds { equity, ..Bounds::default() }, ..rung(Act::Whole) };
        let rungs = vec![bounded, rung(Act::TakeOver)];
        step(rungs, &account, Standing::default()) != Step::TakeOver
    };
    for (text, [above, at_least, below, at_most]) in [
        ("0.6666", [true, true, false, false]),
        ("2/3", [false, true, false, true]),
        ("0.6667", [false, false, true, true]),
    ] {
        assert_eq!(equity(Range { above: line(text), ..none }), above, "above {text}");
        assert_eq!(equity(Range { at_least: line(text), ..none }), at_least, "at least {text}");
        assert_eq!(equity(Range { below: line(text), ..none }), below, "below {text}");
        assert_eq!(equity(Range { at_most: line(text), ..none }), at_most, "at most {text}");
    }
}

#[test]
fn a_bound_on_value_takes_the_positions_inside_it() {
    let small = Held { quantity: 10, ..tiered() };
    let account = Account { held: vec![small, tiered()], ..Account::one(2_000, tiered()) };
    for (above, takes) in [("999", 2), ("1000", 1), ("99999", 1)] {
        let mut big = rung(Act::Whole);
        big.bounds.notional.above = Some(value(above));
        let found = step(vec![big, rung(Act::TakeOver)], &account, Standing::default());
        let Step::Sell(found) = found else { panic!() };
        assert_eq!(found.sales.len(), takes, "{above}");
    }
    let mut none = rung(Act::Whole);
    none.bounds.notional.above = Some(value("100000"));
    let rungs = vec![none, rung(Act::TakeOver)];
    assert_eq!(step(rungs.clone(), &account, Standing::default()), Step::TakeOver);
    // The same bound where the numeraire's base unit is a tenth: 100,000 units are 10,000.
    none.bounds.notional.above = Some(value("9999.9"));
    let tenths = Account { decimals: 1, ..account };
    let found = step(vec![none, rung(Act::TakeOver)], &tenths, Standing::default());
    assert_eq!(sold_of(&found, 1), 1_000);
}

fn sold_of(step: &Step<Sales>, asset: u16) -> u128 {
    let Step::Sell(found) = step else { panic!("{step:?}") };
    found.sales.iter().filter(|sale| sale.asset == AssetId(asset)).map(|sale| sale.quantity).sum()
}

#[test]
fn a_block_takes_its_share_or_its_least_value_and_no_more_than_is_needed() {
    let block = |share_bps, least: &str| Act::PerBlock { share_bps, least_value: value(least) };
    let broke = Account::one(-1, tiered());
    // 20 % of 100,000; the least value where it is more; whole lots, and one at least.
    for (share, least, quantity) in [
        (2_000, "0", 200),
        (2_000, "25000", 250),
        (2_059, "0", 200),
        (0, "1", 10),
        (10_000, "0", 1_000),
        (0, "99999999", 1_000),
    ] {
        let found = first(block(share, least), &broke);
        assert_eq!(sold(&found), quantity, "{share} {least}");
        let Step::Sell(found) = found else { panic!() };
        assert_eq!(found.reason, Reason::BlockCap);
    }
    // Without lots to round down to: 10,150 and 10,199 are 101 units of 100.
    let fine = Account::one(-1, Held { lot: 1, ..tiered() });
    for least in ["10150", "10199", "10100"] {
        assert_eq!(sold(&first(block(0, least), &fine)), 101);
    }
    // 20 units above 980 that would do.
    let nearly = Account::one(2_900, tiered());
    let found = first(block(2_000, "0"), &nearly);
    assert_eq!(sold(&found), 20);
    // Across positions the first goes first.
    let two = Account { held: vec![Held { quantity: 100, ..tiered() }, tiered()], ..broke };
    let found = first(block(2_000, "0"), &two);
    assert_eq!((sold_of(&found, 0), sold_of(&found, 1)), (100, 120));
}

fn ramp(first_bps: u32, at_once_below: Option<Value>) -> Act {
    Act::Ramp { first_bps, nanos: 150, buffer_bps: 0, at_once_below }
}

#[test]
fn a_ramp_frees_its_share_of_the_shortage_and_waits_for_more() {
    // A flat 10 % in lots of one unit: a shortage of 1,000 on a requirement of 10,000.
    let flat = Held { lot: 1, tiers: vec![(0, 1_000)], ..tiered() };
    let account = Account::one(9_000, flat);
    let at = |elapsed: u64, freed| Standing {
        called_at: Time(500),
        now: Time(500 + elapsed),
        freed,
        ..Standing::default()
    };
    let find = |standing| step(vec![rung(ramp(1_000, None)), rung(Act::Whole)], &account, standing);
    // A unit frees 10: 10 % of the shortage are ten units, 40 % forty, all of it a hundred.
    for (elapsed, quantity) in [(0, 10), (45, 40), (135, 100), (9_999, 100)] {
        assert_eq!(sold(&find(at(elapsed, 0))), quantity, "{elapsed}");
    }
    // One ten-thousandth more time allows less than one unit more, which takes a whole lot.
    assert_eq!(sold(&find(at(46, 0))), 41);
    // What stays short is rounded up: of 1,005 a tenth is 100.5, and ten units free 100.
    let odd = Account { equity: 8_995, ..account.clone() };
    let rungs = vec![rung(ramp(1_000, None)), rung(Act::Whole)];
    assert_eq!(sold(&step(rungs, &odd, at(0, 0))), 10);
    // 250 freed of 1,250 are 20 %, allowed from 15 on; the first unit beyond from 16 on.
    for elapsed in [0, 14, 15] {
        assert_eq!(find(at(elapsed, 250)), Step::Wait { until: Time(516) }, "{elapsed}");
    }
    assert_eq!(sold(&find(at(16, 250))), 1);
    // Earlier than the call is no time at all.
    let early = Standing { now: Time(0), ..at(0, 250) };
    assert_eq!(find(early), Step::Wait { until: Time(516) });
    // A small shortage is freed at once, at the limit not.
    for (below, quantity) in [("1001", 100), ("1000", 10)] {
        let rungs = vec![rung(ramp(1_000, Some(value(below)))), rung(Act::Whole)];
        assert_eq!(sold(&step(rungs, &account, at(0, 0))), quantity);
    }
}

#[test]
fn a_ramp_that_waits_passes_if_it_says_so() {
    let account = Account::one(2_500, tiered());
    let pass = Rung { meanwhile: Meanwhile::NextRung, ..rung(ramp(0, None)) };
    assert_eq!(sold(&step(vec![pass, rung(Act::Whole)], &account, Standing::default())), 1_000);
}

/// Numbers at the edge of their types.
struct Vast;

impl Book for Vast {
    fn value_decimals(&self) -> u8 {
        u8::MAX
    }

    fn margins(&self) -> Result<Margins, Rejected> {
        let most = u128::MAX;
        Ok(Margins { equity: i128::MIN, maintenance: most, initial: most, breach: true })
    }

    fn positions(&self) -> Result<Vec<Position>, Rejected> {
        let all = Position { asset: AssetId(9), quantity: u128::MAX, lot: 0, notional: u128::MAX };
        Ok(vec![all, Position { asset: AssetId(0), quantity: 0, ..all }, all])
    }

    fn steps_down(&self, _: AssetId) -> Result<Vec<u128>, Rejected> {
        Ok(vec![u128::MAX, 0])
    }

    fn after(&self, _: &[Sale]) -> Result<Margins, Rejected> {
        Err(Rejection::Overflow.into())
    }
}

#[test]
fn what_leaves_its_range_is_refused_and_nothing_panics() {
    let standing = Standing {
        called_at: Time::MAX,
        last_step_at: Some(Time::MAX),
        now: Time(0),
        steps: u32::MAX,
        orders_open: false,
        freed: u128::MAX,
    };
    let overflow = Err(Rejection::Overflow);
    for (act, right) in [
        (Act::ToInitial, Ok(())),
        (Act::ToMaintenance { buffer_bps: 1 }, Ok(())),
        (Act::TierDown { tiers: 2 }, Ok(())),
        (Act::Fraction { bps: 3 }, Ok(())),
        (Act::Whole, Ok(())),
        (ramp(1, None), overflow),
        (Act::PerBlock { share_bps: 1, least_value: value("1") }, overflow),
    ] {
        let ladder = ladder(ending(act));
        let found = next(&ladder, &standing, &Vast).map(|_| ()).map_err(|told| told.rejection);
        assert_eq!(found, right, "{act:?}");
    }
}
