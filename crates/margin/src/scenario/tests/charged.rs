//! Charges beside the grid, at their edges.

use super::*;

fn flat(charges: Charges) -> Grid {
    Grid { moves_bps: vec![0], extended: None, charges, ..buckets() }
}

fn charged(
    charges: Charges,
    settled: Settled,
    futures: &[Holding],
    options: &[Holding],
) -> Assessment {
    let lines = vec![
        option(Kind::Call, 6_000_000, 700_000, 0),
        option(Kind::Put, 6_000_000, 700_000, 0),
        option(Kind::Call, 6_600_000, 700_000, 0),
    ];
    assess(&Table::price(&flat(charges), &listing(settled, 8, lines)).unwrap(), futures, options).0
}

#[test]
fn net_short_options_of_a_strike_are_charged_and_others_do_not_offset_them() {
    // The venue's own example: +10 and -20 at a strike is ten short, each 0.01 coin.
    let charges = Charges { short_option_e9: 10_000_000, ..Charges::default() };
    let short = |options: &[Holding]| {
        charged(charges.clone(), Settled::Coin, &[], options).charge.short_options
    };
    assert_eq!(short(&[holding(0, 100_000), holding(1, -200_000)]), 10_000_000);
    assert_eq!(short(&[holding(0, 100_000), holding(1, -100_000)]), 0);
    assert_eq!(short(&[holding(0, 100_000), holding(1, -100_001)]), 100);
    assert_eq!(short(&[holding(0, 100_000), holding(2, -100_000)]), 10_000_000);
    // In quote, of the forward: ten at 60,100.
    let quote = charged(charges.clone(), Settled::Quote, &[], &[holding(0, -100_000)]);
    assert_eq!(quote.charge.short_options, 601_000_000_000);
    // The scratch of the last account leaves nothing behind.
    let lines = vec![option(Kind::Call, 6_000_000, 700_000, 0)];
    let table = Table::price(&flat(charges), &listing(Settled::Coin, 8, lines)).unwrap();
    let mut scratch = Scratch::default();
    for (size, right) in [(-100_000, 10_000_000), (50_000, 0), (-50_000, 5_000_000)] {
        let positions = Positions { futures: &[], options: &[holding(0, size)] };
        let found = table.assess(&positions, &mut scratch).unwrap();
        assert_eq!(found.charge.short_options, right);
    }
}

#[test]
fn futures_that_offset_each_other_are_charged_once() {
    // 100 coins against 100: one coin at 1 %.
    let charges = Charges { offset_futures_e9: 10_000_000, ..Charges::default() };
    let offset = |futures: &[Holding]| {
        charged(charges.clone(), Settled::Coin, futures, &[]).charge.offset_futures
    };
    let (long, short) = (holding(0, 6_000_000 * 10_000), holding(1, -6_010_000 * 10_000));
    assert_eq!(offset(&[long, short]), 100_000_000);
    assert_eq!(offset(&[long]), 0);
    assert_eq!(offset(&[long, holding(1, -3_005_000 * 10_000)]), 50_000_000);
}

#[test]
fn an_expiry_rolls_by_its_years_and_at_least_by_the_least_move() {
    let roll = |annual_bps, least_bps, futures: &[Holding], options: &[Holding]| {
        let roll = Some(Roll { annual_bps, least_bps });
        charged(Charges { roll, ..Charges::default() }, Settled::Quote, futures, options)
            .charge
            .roll
    };
    // 60,100.00000000 for seven days at 7.5 %: 86.44; at least one percent: 601.
    let one = [holding(1, 10_000)];
    assert_eq!(roll(750, 0, &one, &[]), 8_644_520_548);
    assert_eq!(roll(750, 100, &one, &[]), 60_100_000_000);
    assert_eq!(roll(750, 14, &one, &[]), 8_644_520_548);
    assert_eq!(roll(750, 15, &one, &[]), 9_015_000_000);
    assert_eq!(roll(750, 0, &[holding(1, -10_000)], &[]), 8_644_520_548);
    assert_eq!(roll(750, 100, &[holding(0, 10_000)], &[]), 0);
    // A synthetic short offsets the future of its expiry: call and put deltas differ by one.
    let synthetic = [holding(0, -10_000), holding(1, 10_000)];
    assert!(roll(750, 100, &one, &synthetic) <= 1);
    assert!(roll(750, 100, &[holding(0, 10_000)], &synthetic).abs_diff(60_100_000_000) <= 1);
}

#[test]
fn net_delta_is_charged_above_its_threshold_and_not_at_it() {
    let charge = |above, futures: &[Holding]| {
        let concentration = Some(Concentration { above, rate_bps: 1_000 });
        let charges = Charges { concentration, ..Charges::default() };
        charged(charges, Settled::Quote, futures, &[]).charge.concentration
    };
    let (one, both) = ([holding(0, 10_000)], [holding(0, 10_000), holding(1, -10_000)]);
    assert_eq!(charge(6_000_000_000_000, &one), 0);
    assert_eq!(charge(5_999_999_999_999, &one), 1);
    assert_eq!(charge(5_999_999_999_990, &one), 1);
    assert_eq!(charge(5_999_999_999_989, &one), 2);
    assert_eq!(charge(0, &both), 1_000_000_000);
}

#[test]
fn a_delta_counts_at_the_larger_end_of_its_error() {
    let concentration = Some(Concentration { above: 0, rate_bps: 10_000 });
    let charges = Charges { concentration, ..Charges::default() };
    let lines =
        vec![option(Kind::Call, 6_000_000, 700_000, 0), option(Kind::Put, 6_000_000, 700_000, 0)];
    let table = Table::price(&flat(charges), &listing(Settled::Quote, 8, lines)).unwrap();
    // A million units, so that a thousandth of a base unit in the delta of one shows.
    let charge = |line, size| assess(&table, &[], &[holding(line, size)]).0.charge.concentration;
    for line in 0..2 {
        let (least, most) = table.delta[line];
        assert!(least < most);
        let largest = u128::from(least.unsigned_abs().max(most.unsigned_abs())) * 1_000;
        for size in [10_000_000_000, -10_000_000_000] {
            // An end that rounds up by 1e-9 rounds up to the base unit.
            assert!((largest..=largest + 1).contains(&charge(line, size)));
        }
    }
}

#[test]
fn a_minimum_is_scaled_by_slices_of_itself() {
    let minimum = shocks().charges.minimum.unwrap();
    let scaled = |raw: u128| minimum.scaled(raw).unwrap();
    let million = 1_000_000;
    assert_eq!(scaled(10_000 * million), 10_000 * million);
    assert_eq!(scaled(10_000 * million + 1), 10_000 * million + 2);
    assert_eq!(scaled(70_000 * million), 130_000 * million);
    assert_eq!(scaled(170_000 * million), 530_000 * million);
    assert_eq!(scaled(300_000 * million), 1_310_000 * million);
    assert_eq!(scaled(470_000 * million), 2_670_000 * million);
    assert_eq!(scaled(470_000 * million + 1), 2_670_000 * million + 8);
    assert_eq!(minimum.scaled(u128::MAX), Err(MoneyError::Overflow));
    // It stands in for a smaller worst loss: two futures that offset each other lose nothing.
    let charges = Charges { minimum: Some(minimum), ..Charges::default() };
    let futures = [holding(0, 10_000), holding(0, -10_000)];
    let found = charged(charges, Settled::Quote, &futures, &[]);
    assert_eq!((found.worst_loss, found.minimum), (0, 24_000_000_000 + 14_000_000_000));
    assert_eq!(found.initial, found.minimum);
}

#[test]
fn tiers_that_do_not_rise_are_refused() {
    let minimum = |tiers| Minimum { futures_e9: 1, short_options_e9: 1, tiers };
    let tier = |to| MinimumTier { to, multiplier: 1 };
    for (tiers, message) in [
        (vec![], "grid.charges.minimum.tiers is 0; at least one tier is right"),
        (
            vec![tier(5), tier(5)],
            "grid.charges.minimum.tiers is 2; a tier, counted from 1, whose edge is above the one before is right",
        ),
    ] {
        let grid = flat(Charges { minimum: Some(minimum(tiers)), ..Charges::default() });
        assert_eq!(grid.check().unwrap_err().to_string(), message);
    }
}
