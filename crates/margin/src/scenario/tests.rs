use super::*;
use crate::option::{Decimals, Settled};
use breakwater_money::{Rational, rational};
use breakwater_options::{Black76, Kind, Quote, Side};
use proptest::prelude::*;

mod charged;
mod naive;

/// The present parameters of a coin-settled venue: 16 % in nine buckets, volatility by 50 % and 25 %,
/// eight extended moves, maintenance at 80 % (Deribit; exchange reference, section 6). The dampener is
/// 100,000 USD there; here a coin and a half.
pub(super) fn buckets() -> Grid {
    Grid {
        moves_bps: (-4..=4).map(|bucket| bucket * 400).collect(),
        volatility: VolatilityMove {
            up_bps: 5_000,
            down_bps: 2_500,
            up_floor_ppm: 500_000,
            short_power_hundredths: 30,
            long_power_hundredths: 13,
        },
        extended: Some(Extended {
            moves_bps: vec![-6_600, -3_300, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000],
            factor_bps: 10_000,
            dampener: 150_000_000,
            range_bps: 1_600,
        }),
        charges: Charges {
            roll: Some(Roll { annual_bps: 750, least_bps: 100 }),
            ..Charges::default()
        },
        initial_bps: 10_000,
        maintenance_bps: 8_000,
    }
}

/// The moves of a merged unit settled in quote: 0, 4, 8 and 12 %, an extreme of 24 % that counts half,
/// basis of 5 % a year, a minimum by tiers (OKX since January 2025; same section). How volatility moves
/// and how initial margin follows is not on the page.
pub(super) fn shocks() -> Grid {
    let tier = |to: u128, multiplier| MinimumTier { to: to * 1_000_000, multiplier };
    Grid {
        moves_bps: vec![-1_200, -800, -400, 0, 400, 800, 1_200],
        volatility: VolatilityMove {
            up_bps: 3_500,
            down_bps: 2_500,
            up_floor_ppm: 0,
            short_power_hundredths: 30,
            long_power_hundredths: 30,
        },
        extended: Some(Extended {
            moves_bps: vec![-2_400, 2_400],
            factor_bps: 5_000,
            dampener: 0,
            range_bps: 1_200,
        }),
        charges: Charges {
            roll: Some(Roll { annual_bps: 500, least_bps: 0 }),
            minimum: Some(Minimum {
                futures_e9: 2_000_000,
                short_options_e9: 10_000_000,
                tiers: vec![
                    tier(10_000, 1),
                    tier(70_000, 2),
                    tier(170_000, 4),
                    tier(300_000, 6),
                    tier(470_000, 8),
                ],
            }),
            ..Charges::default()
        },
        initial_bps: 13_000,
        maintenance_bps: 10_000,
    }
}

/// Prices of two decimals, sizes of four; a perpetual and an expiry in seven days.
fn listing(settled: Settled, settle: u8, options: Vec<OptionLine>) -> Listing {
    Listing {
        settled,
        decimals: Decimals { price: 2, mark: 8, size: 4, settle },
        expiries: vec![
            Expiry { seconds: None, forward: 6_000_000 },
            Expiry { seconds: Some(7 * 86_400), forward: 6_010_000 },
        ],
        options,
    }
}

fn option(kind: Kind, strike: u128, volatility_ppm: u64, mark: u128) -> OptionLine {
    OptionLine { expiry: 1, kind, strike, volatility_ppm, mark }
}

fn holding(line: usize, quantity: i64) -> Holding {
    Holding { line, quantity }
}

fn assess(table: &Table, futures: &[Holding], options: &[Holding]) -> (Assessment, Vec<i128>) {
    let mut scratch = Scratch::default();
    let found = table.assess(&Positions { futures, options }, &mut scratch).unwrap();
    (found, scratch.losses().to_vec())
}

#[test]
fn a_venues_own_response_for_an_inverse_perpetual_is_reproduced() {
    // Deribit's sample response, aggregated vector: 0.31335083 coins, in 1e-8.
    let listing = Listing {
        decimals: Decimals { price: 0, mark: 8, size: 8, settle: 8 },
        expiries: vec![Expiry { seconds: None, forward: 1 }],
        ..listing(Settled::Coin, 8, Vec::new())
    };
    let table = Table::price(&buckets(), &listing).unwrap();
    let (found, losses) = assess(&table, &[holding(0, 31_335_083)], &[]);
    let by_move: Vec<i128> = losses.chunks(3).take(5).map(|bucket| bucket[0]).collect();
    assert_eq!(by_move, [5_968_588, 4_272_966, 2_724_790, 1_305_629, 0]);
    assert!(
        losses.chunks(3).take(9).all(|bucket| bucket[0] == bucket[1] && bucket[1] == bucket[2])
    );
    // The extended fall by 66 % costs 0.6083 coins, less a dampener larger than that.
    assert_eq!((found.worst, found.worst_loss), (0, 5_968_588));
    assert_eq!((found.initial, found.maintenance), (5_968_588, 4_774_871));
}

#[test]
fn a_venues_sixteen_rows_are_the_moves_of_a_future() {
    let r = |text| rational::parse(text).unwrap();
    let rows = array::span_future(&r("30000"), &r("31500"), &r("-2"));
    let thousands = [0, 0, -20, -20, 20, 20, -40, -40, 40, 40, -60, -60, 60, 60, -63, 63];
    let expected: Vec<Rational> = thousands.map(|n| rational::from_raw(n * 1_000, 0)).to_vec();
    assert_eq!(rows, expected);
    assert_eq!(array::worst_loss(&rows), r("63000"));
    assert_eq!(array::worst_loss(&[r("5"), r("0.5")]), r("0"));
    assert_eq!(array::worst_loss(&[]), r("0"));
    assert_eq!(array::inverse_profit(&r("1"), &r("-0.5")), Some(r("-1")));
    assert_eq!(array::inverse_profit(&r("1"), &r("-1")), None);
}

#[test]
fn the_factor_is_the_smallest_integer_that_is_large_enough() {
    let day = 86_400;
    for (seconds, power, factor) in [
        (30 * day, 30, 1_000_000_000_000),
        (30 * day, 13, 1_000_000_000_000),
        (day, 0, 1_000_000_000_000),
        // Two to the half, a quarter to the half, thirty sevenths to 0.3, and 1/2 to 0.13.
        (15 * day, 50, 1_414_213_562_374),
        (120 * day, 50, 500_000_000_000),
        (7 * day, 30, 1_547_415_577_211),
        (60 * day, 13, 913_831_450_230),
        (15 * day, 100, 2_000_000_000_000),
    ] {
        assert_eq!(factor_e12(seconds, power), Ok(factor), "{seconds} {power}");
    }
    // A second longer is a smaller factor, a second shorter a larger one.
    assert!(factor_e12(30 * day + 1, 30).unwrap() < 1_000_000_000_000);
    assert!(factor_e12(30 * day - 1, 30).unwrap() > 1_000_000_000_000);
    assert_eq!(factor_e12(0, 30), factor_e12(1, 30));
    assert!(
        factor_e12(u64::MAX, 100).unwrap() > 0
            && factor_e12(1, 100).unwrap() == 2_592_000 * 10u128.pow(12)
    );
    let refused = factor_e12(1, 101).unwrap_err().to_string();
    assert_eq!(refused, "grid.volatility.power is 101; at most 100 hundredths is right");
}

#[test]
fn volatility_moves_and_its_floor_reach_the_option() {
    // A call at the forward with a month left: its price is close to linear in volatility.
    let mut listing = listing(Settled::Quote, 6, vec![option(Kind::Call, 6_010_000, 400_000, 0)]);
    listing.expiries[1].seconds = Some(30 * 86_400);
    let value = |grid: &Grid, scenario| {
        Table::price(grid, &listing).unwrap().profit(0, scenario).unwrap().0
    };
    let grid = Grid { moves_bps: vec![0], extended: None, ..buckets() };
    let (up, same, down) = (value(&grid, 0), value(&grid, 1), value(&grid, 2));
    let near = |left: i64, right: i64| (left - right).abs() < right / 500;
    assert!(near(up, same / 2 * 3) && near(down, same / 4 * 3), "{up} {same} {down}");
    let floored = VolatilityMove { up_floor_ppm: 800_000, ..grid.volatility };
    let grid = Grid { volatility: floored, ..grid };
    assert!(near(value(&grid, 0), same * 2) && value(&grid, 1) == same && value(&grid, 2) == down);
    // Falling by all of it, an option at the strike is worth nothing, and nothing is owned.
    let none = VolatilityMove { down_bps: 10_000, ..grid.volatility };
    assert_eq!(value(&Grid { volatility: none, ..grid }, 2), 0);
}

#[test]
fn an_extended_loss_is_counted_in_part_and_dampened_to_nothing_and_no_further() {
    let table = |dampener, factor_bps| {
        let extended = Extended { moves_bps: vec![-3_200], factor_bps, dampener, range_bps: 1_600 };
        let grid = Grid { moves_bps: vec![0], extended: Some(extended), ..buckets() };
        Table::price(&grid, &listing(Settled::Quote, 2, Vec::new())).unwrap()
    };
    // One unit at 60,000.00 loses 19,200.00 at -32 %; the move is twice the range.
    let loss = |dampener, factor| assess(&table(dampener, factor), &[holding(0, 10_000)], &[]).1[3];
    assert_eq!((loss(0, 10_000), loss(0, 5_000)), (1_920_000, 960_000));
    assert_eq!((loss(1, 10_000), loss(1_919_999, 10_000)), (1_919_999, 1));
    assert_eq!((loss(1_920_000, 10_000), loss(u128::MAX, 10_000)), (0, 0));
    // A gain is not touched.
    let short = assess(&table(u128::MAX, 5_000), &[holding(0, -10_000)], &[]).1[3];
    assert_eq!(short, -1_920_000);
}

#[test]
fn a_written_option_costs_more_than_it_brings_and_a_held_one_its_mark_at_most() {
    let mark = 1_234_567_890;
    let listing = listing(Settled::Quote, 6, vec![option(Kind::Put, 5_500_000, 700_000, mark)]);
    let table = Table::price(&shocks(), &listing).unwrap();
    let (long, _) = assess(&table, &[], &[holding(0, 10_000)]);
    assert!(long.worst_loss <= 12_345_679, "{long:?}");
    let (short, _) = assess(&table, &[], &[holding(0, -10_000)]);
    assert!(short.worst_loss > long.worst_loss);
    assert_eq!(table.scenarios()[short.worst].volatility, VolatilityShock::Up);
    assert!(table.scenarios()[short.worst].move_bps == -2_400);
}

#[test]
fn what_is_no_grid_or_listing_is_refused_by_name() {
    let grid = |change: fn(&mut Grid)| {
        let mut grid = buckets();
        change(&mut grid);
        Table::price(&grid, &listing(Settled::Coin, 8, Vec::new())).unwrap_err().to_string()
    };
    assert_eq!(grid(|g| g.moves_bps.clear()), "grid.moves_bps is 0; 1 to 256 moves is right");
    assert_eq!(
        grid(|g| g.moves_bps[2] = -10_000),
        "grid.moves_bps is -10000; a move above -10000 and up to 990000 is right"
    );
    assert_eq!(
        grid(|g| g.maintenance_bps = 10_001),
        "grid.maintenance_bps is 10001; at most initial_bps is right"
    );
    assert_eq!(
        grid(|g| g.volatility.down_bps = 10_001),
        "grid.volatility.down_bps is 10001; at most 10000 is right"
    );
    assert_eq!(
        grid(|g| g.extended.as_mut().unwrap().range_bps = 0),
        "grid.extended.range_bps is 0; a range above zero is right"
    );
    let lines = |change: fn(&mut Listing)| {
        let mut listing = listing(Settled::Coin, 8, vec![option(Kind::Call, 1, 1, 1)]);
        change(&mut listing);
        Table::price(&buckets(), &listing).unwrap_err().to_string()
    };
    assert_eq!(
        lines(|l| l.options[0].expiry = 0),
        "options[0].expiry is 0; an expiry of the listing that ends is right"
    );
    assert_eq!(lines(|l| l.options[0].strike = 0), "options[0].strike is 0; 1 to 2^90 is right");
    assert_eq!(
        lines(|l| l.expiries[1].forward = 0),
        "expiries[1].forward is 0; 1 to 2^90 is right"
    );
    assert_eq!(lines(|l| l.decimals.mark = 19), "decimals.mark is 19; at most 18 is right");
    assert_eq!(
        lines(|l| l.options[0].mark = 1 << 89),
        "scenarios: overflow: the result does not fit"
    );
}

#[test]
fn a_future_whose_value_is_not_whole_gains_less_and_loses_more() {
    let listing = Listing {
        decimals: Decimals { price: 0, mark: 8, size: 13, settle: 0 },
        expiries: vec![Expiry { seconds: None, forward: 2 }],
        ..listing(Settled::Quote, 0, Vec::new())
    };
    let grid = Grid { moves_bps: vec![-5_000, 5_000], extended: None, ..buckets() };
    let table = Table::price(&grid, &listing).unwrap();
    let losses = |size| {
        let losses = assess(&table, &[holding(0, size)], &[]).1;
        (losses[0], losses[3])
    };
    // Half a tenth of 1e-12 beside three: of the value's 1e-9 the account gets the worse one.
    assert_eq!(losses(29_999_999_999_995), (3, -2));
    assert_eq!(losses(-29_999_999_999_995), (-2, 3));
    assert_eq!(losses(30_000_000_000_000), (3, -3));
    assert_eq!(losses(30_000_000_000_005), (4, -3));
    assert_eq!(losses(-30_000_000_000_005), (-3, 4));
}

#[test]
fn a_holding_of_no_line_or_of_too_much_is_refused() {
    let lines = vec![option(Kind::Call, 6_000_000, 700_000, 5_000_000)];
    let table = Table::price(&buckets(), &listing(Settled::Coin, 8, lines)).unwrap();
    let refuse = |futures: &[Holding], options: &[Holding]| {
        let mut scratch = Scratch::default();
        table.assess(&Positions { futures, options }, &mut scratch).unwrap_err().to_string()
    };
    assert_eq!(refuse(&[holding(2, 1)], &[]), "futures: a holding is of line 2, the listing has 2");
    assert_eq!(refuse(&[], &[holding(1, 1)]), "options: a holding is of line 1, the listing has 1");
    // A mark of 2^52 is 2^62 thousandths; four times 2^63 of them are 2^127.
    let lines = vec![option(Kind::Call, 6_000_000, 700_000, 1 << 52)];
    let table = Table::price(&buckets(), &listing(Settled::Coin, 8, lines)).unwrap();
    let many = vec![holding(0, i64::MIN); 5];
    let positions = Positions { futures: &[], options: &many };
    let refused = table.assess(&positions, &mut Scratch::default()).unwrap_err();
    assert_eq!(refused, ScenarioError::Money(MoneyError::Overflow));
}
