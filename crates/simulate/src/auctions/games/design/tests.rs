use super::*;

fn trials(count: u64) -> Trials {
    Trials::new(17, count, 2).unwrap()
}

/// A price that stands still, a chain that takes everything, and more wanted than the lot is worth.
fn calm() -> Lot {
    Lot { volatility: 0.0, inclusion: 1.0, ..Lot::plain(100.0, 20.0, 4_000.0) }
}

fn only(lot: &Lot, format: Format, count: u64) -> Alternative {
    play(lot, &[format], &trials(count)).unwrap()[0]
}

const ENGLISH: Format = Format::English { lifetime_s: 600 };
const FIRST: Format = Format::Sealed { pricing: Pricing::First, window_s: 600 };
const SECOND: Format = Format::Sealed { pricing: Pricing::Second, window_s: 600 };
const BATCH: Format = Format::Batch { window_s: 600 };

fn descent(lot: &Lot, start: f64, tail_s: u32) -> Format {
    let decay = choose_decay(lot, start, tail_s).unwrap().unwrap();
    Format::Dutch { start, shape: Shape::Stairs, tail_s, decay }
}

#[test]
fn in_calm_every_format_brings_what_order_statistics_say() {
    let lot = calm();
    // Second-highest of five values within 2 %: 1 - 2 * 2 % / 6.
    let closed = 1.0 - 0.04 / 6.0;
    for format in [FIRST, SECOND, BATCH, descent(&lot, 1.05, 7_200)] {
        let found = only(&lot, format, 4_000);
        // A step of the descent is what it may lose.
        let step = match format {
            Format::Dutch { decay, .. } => decay.log_decay_per_s * 12.0,
            _ => 1e-9,
        };
        assert!(found.revenue.agrees_with(closed, step), "{found:?} for {closed}");
        assert_eq!((found.unsold.mean, found.zero.mean), (0.0, 0.0), "{found:?}");
        let short = 4_000.0 - 2_000.0 * closed;
        assert!(found.shortfall.agrees_with(short, 2_000.0 * step + 1e-6), "{found:?}");
    }
    // Jumps half of the way end between the second-highest and the highest value, less a step of 3 %.
    let english = only(&lot, ENGLISH, 2_000).revenue;
    assert!(english.mean < 1.0 - 0.02 / 6.0 && english.mean > closed - 0.03, "{english:?}");
}

#[test]
fn the_market_sells_what_is_needed_at_its_impact() {
    let lot = calm();
    let whole = only(&lot, Format::Market, 10);
    assert!((whole.revenue.mean - 0.98).abs() < 1e-12 && whole.revenue.error < 1e-12, "{whole:?}");
    assert_eq!((whole.unsold.mean, whole.seconds.mean), (0.0, 0.0));
    // For a debt of 980 half of the lot is enough, at half of the impact: x (1 - 0.02 x) = 0.49.
    let part = only(&Lot { debt: 980.0, ..lot }, Format::Market, 10);
    let amount = (1.0 - libm::sqrt(1.0 - 0.08 * 0.49)) / 0.04;
    assert!((part.revenue.mean - (1.0 - 0.02 * amount)).abs() < 1e-12, "{part:?}");
    assert!(part.shortfall.mean < 1e-6);
}

#[test]
fn congestion_lets_a_bid_of_nothing_win_as_often_as_no_rival_lands() {
    // One rival in 49 blocks before the bid lapses; each takes him with 1 %.
    let lot = Lot { bidders: 2, inclusion: 0.01, volatility: 0.0, ..calm() };
    let found = only(&lot, ENGLISH, 6_000);
    let sold = 1.0 - found.unsold.mean;
    let closed = libm::pow(0.99, 49.0) * sold;
    assert!(found.zero.agrees_with(closed, 0.0), "{:?} for {closed}", found.zero);
    // A falling price never gives it away.
    assert_eq!(only(&lot, descent(&calm(), 1.05, 1_200), 500).zero.mean, 0.0);
    // With a reserve nobody gets it for nothing either.
    assert_eq!(only(&Lot { reserve: 0.7, ..lot }, ENGLISH, 500).zero.mean, 0.0);
}

#[test]
fn a_descent_loses_and_takes_what_the_closed_form_says() {
    // Blocks of a second of which one in ten takes anybody: close to the Poisson times of the formula.
    let lot = Lot {
        bidders: 1,
        inclusion: 0.1,
        block_s: 1,
        spread_bps: 0.0,
        volatility: 1.0,
        ..Lot::plain(1.0, 1.0, 5.0)
    };
    let decay = choose_decay(&lot, 1.02, 1_200).unwrap().unwrap();
    let format = Format::Dutch { start: 1.02, shape: Shape::Stairs, tail_s: 1_200, decay };
    let found = only(&lot, format, 6_000);
    let loss = 1.0 - found.revenue.mean;
    assert!((loss / decay.expected.loss - 1.0).abs() < 0.1, "{loss} {decay:?}");
    let seconds = found.seconds.mean;
    assert!((seconds / decay.expected.fill_s - 1.0).abs() < 0.05, "{seconds} {decay:?}");
    assert!(decay.expected.fill_s <= 600.0);
}

#[test]
fn a_faster_decay_is_chosen_where_waiting_is_dear() {
    let at_risk = Lot { volatility: 3.0, ..Lot::plain(1.0, 100.0, 98.0) };
    let safe = Lot { debt: 50.0, ..at_risk };
    let of = |lot: &Lot| choose_decay(lot, 1.05, 7_200).unwrap().unwrap().log_decay_per_s;
    assert!(of(&at_risk) > 1.5 * of(&safe), "{} {}", of(&at_risk), of(&safe));
    // A tail too short for the chain's pace has no rate at all.
    let slow = Lot { inclusion: 0.001, bidders: 1, ..safe };
    assert_eq!(choose_decay(&slow, 1.05, 1_200).unwrap(), None);
    assert!(formats(&slow).unwrap().len() < formats(&safe).unwrap().len());
}

#[test]
fn bidders_with_little_money_buy_in_parts_where_parts_are_sold() {
    // Nobody can pay more than 30 % of the lot.
    let lot = Lot { capital: Some(600.0), ..calm() };
    let parts = [BATCH, descent(&lot, 1.05, 7_200)].map(|format| only(&lot, format, 200));
    let whole = [FIRST, SECOND, ENGLISH].map(|format| only(&lot, format, 200));
    for part in parts {
        assert!(part.revenue.mean > 0.95, "{part:?}");
        for one in whole {
            assert!(one.revenue.mean < 0.5 && one.shortfall.mean > part.shortfall.mean, "{one:?}");
        }
    }
}

#[test]
fn a_debt_below_the_value_leaves_the_rest_with_the_owner() {
    let lot = Lot { debt: 1_000.0, ..calm() };
    for format in [ENGLISH, descent(&lot, 1.05, 7_200)] {
        let found = only(&lot, format, 500);
        assert_eq!(found.shortfall.mean, 0.0, "{found:?}");
        // Half of the lot is enough, so that about half of the loss of the whole is left.
        let paid = 1_000.0;
        let fair = paid / found.revenue.mean;
        assert!(fair < 1_100.0 && (found.loss.mean - (fair - paid)).abs() < 1.0, "{found:?}");
    }
}

#[test]
fn long_lifetimes_leave_a_shortfall_where_the_price_moves() {
    let lot = Lot { inclusion: 1.0, volatility: 2.0, ..Lot::plain(100.0, 20.0, 1_950.0) };
    let [short, long] =
        [600, 21_600].map(|lifetime_s| only(&lot, Format::English { lifetime_s }, 600));
    assert!(short.shortfall.interval()[1] < long.shortfall.interval()[0], "{short:?} {long:?}");
    assert!(short.seconds.mean < long.seconds.mean);
    // Bidders who ask for what it costs them to stand by a bid are not left with a loss.
    assert!(long.loss.mean > 0.0, "{long:?}");
}

#[test]
fn a_standing_bid_costs_what_the_reflection_principle_says() {
    // A deviation of 3 % over the time and a rise of 3 %: hit with 31.73 %.
    let lot = Lot { volatility: 0.03, ..calm() };
    let hit = 0.317_310_507_862_914;
    assert!((lot.outbid_cost(YEAR_S, 0.03) - 0.03 * hit / (1.0 - hit)).abs() < 1e-12);
    assert_eq!(calm().outbid_cost(600.0, 0.03), 0.0);
    assert_eq!((calm().sure_blocks(), Lot { inclusion: 0.5, ..lot }.sure_blocks()), (1, 7));
}

#[test]
fn the_answer_does_not_depend_on_threads() {
    let lot = Lot::plain(50.0, 1_800.0, 80_000.0);
    let of = |threads| compare(&lot, &Trials::new(5, 600, threads).unwrap()).unwrap();
    let alone = of(1);
    assert_eq!(alone.len(), formats(&lot).unwrap().len());
    assert_eq!(of(2), alone);
}

fn alternative(shortfall: [f64; 2], loss: [f64; 2]) -> Alternative {
    let of = |[mean, error]: [f64; 2]| Estimate { count: 100, mean, error };
    let none = Estimate::exact(0.0);
    Alternative {
        format: Format::Market,
        revenue: none,
        shortfall: of(shortfall),
        loss: of(loss),
        seconds: none,
        unsold: none,
        zero: none,
    }
}

#[test]
fn the_least_shortfall_wins_then_the_least_loss_and_ties_are_named() {
    let base = [
        alternative([10.0, 1.0], [5.0, 0.1]),
        alternative([11.0, 1.0], [3.0, 0.1]),
        alternative([20.0, 1.0], [0.0, 0.1]),
    ];
    let found = recommend(&base).unwrap();
    assert_eq!((found.best, found.because), (1, Because::Loss));
    assert_eq!((found.same_shortfall, found.ties), (vec![0], vec![]));
    let mut tied = base;
    tied[0].loss.mean = 3.1;
    let found = recommend(&tied).unwrap();
    assert_eq!((found.best, found.because, found.ties), (1, Because::Time, vec![0]));
    // Sold later, it is only tied.
    tied[1].seconds.mean = 60.0;
    let found = recommend(&tied).unwrap();
    assert_eq!((found.best, found.because, found.ties), (0, Because::Time, vec![1]));
    let mut clear = base;
    clear[1].shortfall.mean = 14.0;
    let found = recommend(&clear).unwrap();
    assert_eq!((found.best, found.because), (0, Because::Shortfall));
    // Intervals that just touch overlap: 10 + 1.96 and 13.92 - 1.96.
    clear[1].shortfall.mean = 13.92;
    assert_eq!(recommend(&clear).unwrap().best, 1);
    clear[1].shortfall.mean = 13.921;
    assert_eq!(recommend(&clear).unwrap().best, 0);
    assert_eq!(recommend(&[]), None);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let told = |lot: Lot| compare(&lot, &trials(2)).unwrap_err().to_string();
    let base = calm();
    assert!(told(Lot { quantity: 0.0, ..base }).starts_with("quantity is 0: it must be above 0"));
    assert!(told(Lot { mark: f64::NAN, ..base }).starts_with("mark is NaN"));
    assert!(told(Lot { debt: 20_001.0, ..base }).contains("at most ten times the lot's value"));
    assert!(told(Lot { bidders: 0, ..base }).starts_with("bidders is 0: it must be 1 to 1000"));
    assert!(told(Lot { inclusion: 0.0, ..base }).contains("0.0001 to 1"));
    assert!(told(Lot { block_s: 601, ..base }).starts_with("block_s is 601"));
    assert!(told(Lot { reserve: 1.0, ..base }).starts_with("reserve is 1"));
    assert!(told(Lot { capital: Some(1.0), ..base }).starts_with("capital is 1"));
    assert!(told(Lot { impact_bps: -1.0, ..base }).starts_with("impact_bps is -1"));
}
