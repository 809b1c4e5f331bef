//! The price in use, the breach line, and what the watch list is told.

use super::super::is_price_allowed;
use super::*;
use breakwater_liquidation::Exposures;
use breakwater_money::rounding::Rounding;
use proptest::prelude::*;

#[test]
fn a_jump_becomes_a_staircase_of_the_largest_steps_allowed() {
    // 4 basis points a slot.
    let mut pool = Pool::new(SHIPPED, 2);
    pool.deposit(A, 100 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.trade(A, B, BIG, 1);
    pool.mark(BIG, 12_000);
    let mut last = 10_000;
    for slots in [0, 1, 1, 7, 100, 1_000, 3] {
        pool.wait(slots);
        // Whoever looks before the step is taken sees the same as after.
        let seen = pool.equity(A);
        pool.accrue();
        assert_eq!(pool.equity(A), seen);
        let price = pool.market(BIG).price;
        let counted = slots.min(100);
        assert!(is_price_allowed(price, last, 4, counted));
        assert!(price == 12_000 || !is_price_allowed(price + 1, last, 4, counted));
        last = price;
        pool.judge();
    }
    // 9 slots, then a hundred twice, and 3: still short of the mark.
    assert_eq!((last, pool.market(BIG).lags()), (10_867, true));
    pool.price(BIG, 12_000);
    assert_eq!((pool.equity(A), pool.equity(B)), (119_900_000, 79_900_000));
}

#[test]
fn a_calm_market_saves_no_room_for_a_jump() {
    let mut pool = Pool::new(SHIPPED, 2);
    pool.accrue();
    pool.wait(90);
    pool.accrue();
    pool.mark(BIG, 11_000);
    assert_eq!(pool.market(BIG).price, 10_000);
    pool.wait(1);
    assert_eq!(pool.market(BIG).price, 10_004);
    pool.wait(1_000_000);
    assert_eq!(pool.market(BIG).price, 10_400);
    // Time that goes back is no time.
    pool.accrue();
    pool.now = Time(0);
    assert_eq!(pool.market(BIG).price, 10_400);
}

#[test]
fn at_its_maintenance_an_account_is_in_breach_and_a_unit_above_not() {
    // 3 from 100 at 90.00: 30 lost, and 5 % of 270 is 13.5.
    for (deposit, breach) in [(43_499_999, true), (43_500_000, true), (43_500_001, false)] {
        let mut pool = Pool::new(&plain(), 2);
        pool.deposit(A, deposit);
        pool.deposit(B, 1_000 * ONE);
        pool.trade(A, B, BIG, 3);
        pool.price(BIG, 9_000);
        let health = pool.health(A);
        assert_eq!((health.requirement, health.breach), (13_500_000, breach), "{deposit}");
        assert_eq!(pool.ask(&absorb(&[A])).is_ok(), breach);
        let mut options = Vec::new();
        pool.rulebook.calls(&pool.view(), A, &mut options).unwrap();
        assert_eq!(options.len(), usize::from(breach));
        assert_eq!(pool.rulebook.initial(&pool.view(), A).unwrap(), 27_000_000);
    }
    // A flat account needs nothing.
    let pool = Pool::new(&plain(), 1);
    let health = pool.health(A);
    assert_eq!((health.requirement, health.breach), (0, false));
}

#[test]
fn the_least_requirement_holds_for_small_positions() {
    let mut pool = Pool::new(&plain(), 2);
    pool.deposit(A, 20_000);
    pool.deposit(B, ONE);
    // A nano-contract is worth 0.00000002 and counts as one unit.
    pool.trade(A, B, FINE, 1);
    assert_eq!(pool.health(A).requirement, 10_000);
    assert_eq!(pool.rulebook.initial(&pool.view(), A).unwrap(), 20_000);
    assert_eq!(pool.refuses(&withdraw(A, 1)), Rejection::BelowInitial);
}

#[test]
fn the_liquidation_price_is_where_the_line_is() {
    let mut pool = Pool::new(&plain(), 3);
    pool.deposit(A, 70 * ONE);
    pool.deposit(B, 60 * ONE);
    pool.trade(A, B, BIG, 5);
    let price = |pool: &Pool, account, asset| {
        pool.rulebook.liquidation_price(&pool.view(), account, asset).unwrap()
    };
    // 70 - 5 (100 - P) = 0.25 P, and 60 - 5 (P - 100) = 0.25 P.
    let long = price(&pool, A, BIG).unwrap();
    let short = price(&pool, B, BIG).unwrap();
    assert_eq!(rational::format(&long, 6), rational::format(&(whole(430_000) / whole(4_750)), 6));
    assert_eq!(short, whole(560_000) / whole(5_250));
    for (account, root, up) in [(A, long, true), (B, short, false)] {
        let rounding = if up { Rounding::Floor } else { Rounding::Ceil };
        let line = rational::to_raw(&root, 2, rounding).unwrap();
        for (raw, breach) in [(line, true), (if up { line + 1 } else { line - 1 }, false)] {
            let mut there = Pool::new(&plain(), 3);
            there.deposit(A, 70 * ONE);
            there.deposit(B, 60 * ONE);
            there.trade(A, B, BIG, 5);
            there.price(BIG, raw);
            assert_eq!(there.health(account).breach, breach, "{account} at {raw}");
        }
    }
    assert_eq!(price(&pool, C, BIG), None);
    assert_eq!(price(&pool, A, FINE), None);
    assert_eq!(price(&pool, A, USDC), None);
    // Richer than its whole value, a long has none.
    pool.deposit(A, 600 * ONE);
    assert_eq!(price(&pool, A, BIG), None);
}

#[test]
fn what_may_be_sold_is_what_the_position_still_holds() {
    let mut pool = Pool::new(&plain(), 4);
    for account in [A, B, C, D] {
        pool.deposit(account, 300 * ONE);
    }
    pool.trade(A, B, BIG, 4);
    pool.trade(C, A, FINE, 30_000_000_000);
    let sold = |account| {
        let found = pool.rulebook.saleable(&pool.view(), account).unwrap();
        found.iter().map(|item| (item.asset, item.quantity, item.buy_back)).collect::<Vec<_>>()
    };
    assert_eq!(sold(A), [(FINE, 30_000_000_000, true), (BIG, 4, false)]);
    assert_eq!(sold(B), [(BIG, 4, true)]);
    assert_eq!(sold(D), []);
    let totals = pool.rulebook.totals(&pool.view(), USDC).unwrap();
    assert_eq!((totals.supplied, totals.borrowed), (1_200 * ONE, 0));
}

#[test]
fn while_a_price_lags_each_slot_asks_again() {
    let mut pool = Pool::new(SHIPPED, 2);
    pool.deposit(A, 100 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.trade(A, B, BIG, 1);
    let armed = |pool: &Pool| {
        let mut out = Exposures::default();
        let armed = pool.rulebook.exposures(&pool.view(), A, &mut out).unwrap();
        (armed.until, out.reach_bps)
    };
    assert_eq!(armed(&pool), (Time::MAX, None));
    pool.mark(BIG, 10_500);
    pool.now = pool.now.after(17);
    assert_eq!(armed(&pool), (Time(1_000_001 * SLOT), Some(0)));
}

#[test]
fn what_winners_are_kept_from_is_added_up_and_told() {
    use breakwater_liquidation::Touched;
    let mut pool = Pool::new(&plain(), 4);
    for (account, capital) in [(A, 30), (B, 400), (C, 400), (D, 400)] {
        pool.deposit(account, capital * ONE);
    }
    pool.trade(A, B, FINE, 13_000_000_007);
    pool.trade(C, D, FINE, 10_000_000_001);
    pool.price(FINE, 17_000_000);
    pool.does(&absorb(&[A]));
    // A few of ten billion units are held by nobody.
    assert!((1..10).contains(&pool.market(FINE).short.unheld));
    let key = StateKey::Asset(FINE, 2);
    let hidden = |pool: &Pool| u128::try_from(pool.state.get(key)).unwrap();
    pool.accrue();
    let first = hidden(&pool);
    pool.state.set(key, U256::from(100_000_000_000u128));
    let (mut steps, mut all, mut told) = (0, 0, Touched::Nobody);
    while told == Touched::Nobody {
        let before = hidden(&pool);
        pool.mark(FINE, if steps % 2 == 0 { 17_100_000 } else { 17_000_000 });
        pool.wait(100);
        told = pool.accrue().touched;
        steps += 1;
        // 100,000 of the price go by; a few of ten billion units are missing of what longs win.
        if told == Touched::Nobody {
            let kept = before - hidden(&pool);
            assert_eq!(kept > 0, steps % 2 == 1, "{kept}");
            all += kept;
        }
    }
    assert!(told == Touched::Everyone && steps > 4 && all <= 100_000_000_000, "{steps}");
    // A ten-thousandth of the price before the rise, anew.
    assert_eq!(hidden(&pool), 17_000_000 * 100_000_000_000);
    assert_eq!(first, 20_000_000 * 100_000_000_000);
}

/// Two accounts, one of them with a unit of dust against it.
fn with_dust() -> Pool {
    let mut pool = Pool::new(&plain(), 4);
    for (account, capital) in [(A, 45), (B, 400), (C, 400), (D, 400)] {
        pool.deposit(account, capital * ONE);
    }
    pool.trade(A, B, BIG, 4);
    pool.trade(C, D, BIG, 3);
    pool.price(BIG, 8_800);
    pool.does(&absorb(&[A]));
    pool.price(BIG, 9_000);
    pool
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn within_its_terms_an_account_never_falls_faster(
        moves in prop::collection::vec(8_000u128..10_000, 1..12), dusty in any::<bool>()
    ) {
        let mut pool = if dusty { with_dust() } else { Pool::new(&plain(), 4) };
        if !dusty {
            pool.deposit(C, 300 * ONE);
            pool.deposit(D, 300 * ONE);
            pool.trade(C, D, BIG, 3);
            pool.price(BIG, 9_000);
        }
        let surplus = |pool: &Pool, account| {
            let health = pool.health(account);
            health.equity - health.requirement as i128
        };
        let mut armed = Vec::new();
        let arm = |pool: &Pool, armed: &mut Vec<_>| {
            armed.clear();
            for account in [B, C, D] {
                let mut out = Exposures::default();
                let told = pool.rulebook.exposures(&pool.view(), account, &mut out).unwrap();
                let mark = pool.market(BIG).price;
                armed.push((account, surplus(pool, account), mark, out.terms, told.error));
            }
        };
        arm(&pool, &mut armed);
        for raw in moves {
            pool.mark(BIG, raw);
            let mut everyone = false;
            for _ in 0..20 {
                pool.wait(100);
                everyone |= pool.accrue().touched == breakwater_liquidation::Touched::Everyone;
            }
            if everyone {
                arm(&pool, &mut armed);
                continue;
            }
            for (account, before, mark, terms, error) in &armed {
                let moved = terms.iter().map(|term| {
                    let slope = term.equity - term.requirement as i128;
                    let by = raw as i128 - *mark as i128;
                    let change = slope * by;
                    change.div_euclid(*mark as i128) - 1
                }).sum::<i128>();
                // A long's requirement falls with its value, which its terms leave out: no worse.
                let now = surplus(&pool, *account);
                let bound = before + moved.min(0) - *error as i128;
                prop_assert!(now >= bound, "{account}: {now} below {bound}");
            }
        }
    }
}
