//! What holds for any book, and figures that others computed.

use super::*;
use crate::stress::draws::{Purpose, Stream};
use proptest::prelude::*;

fn accounts(pairs: &[(f64, f64)]) -> Vec<Position> {
    pairs
        .iter()
        .map(|(collateral, debt)| Position { collateral: *collateral, debt: *debt })
        .collect()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs().max(1e-1)
}

#[test]
fn a_worked_cascade_has_its_rounds() {
    let book = accounts(&[(100.0, 80.0), (50.0, 39.0), (20.0, 15.0), (10.0, 7.0), (5.0, 3.0)]);
    let terms = Terms { threshold: 0.85, close_factor: 1.0, bonus: 0.08 };
    let cascade = Cascade::new(book, terms, 1.0, Impact::Linear { depth: 400.0 }).unwrap();
    let run = cascade.run(0.1).unwrap();
    let counts: Vec<usize> = run.rounds.iter().map(|round| round.accounts).collect();
    assert_eq!((counts, run.stopped), (vec![2, 3], Stopped::Calm));
    assert!(close(run.final_price, 0.528_063_75) && close(run.bad_debt, 6.245_833_333_333_333));
    assert!(close(run.seized(), 177.8) && close(cascade.at_risk(0.1).unwrap(), 142.8));
}

#[test]
fn an_account_exactly_at_its_line_is_left_alone() {
    let terms = Terms { threshold: 0.5, close_factor: 0.5, bonus: 0.0 };
    for (debt, taken) in [(4.0, 0), (f64::from_bits(4.0f64.to_bits() + 1), 1)] {
        let book = accounts(&[(16.0, debt)]);
        let cascade = Cascade::new(book, terms, 1.0, Impact::None).unwrap();
        assert_eq!(cascade.run(0.5).unwrap().rounds.len(), taken);
    }
}

#[test]
fn a_price_of_nothing_seizes_all_for_nothing() {
    let terms = Terms { threshold: 0.8, close_factor: 0.1, bonus: 0.1 };
    let book = accounts(&[(10.0, 9.0), (10.0, 1.0), (0.0, 5.0)]);
    let run =
        Cascade::new(book, terms, 1.0, Impact::Linear { depth: 0.5 }).unwrap().run(0.0).unwrap();
    assert_eq!((run.final_price, run.positions[1].collateral), (0.0, 0.0));
    assert!(run.bad_debt > 14.0 && run.positions.iter().all(|p| p.debt.is_finite()));
}

#[test]
fn bad_input_is_named_and_an_endless_cascade_refused() {
    let terms = Terms { threshold: 0.8, close_factor: 0.5, bonus: 0.1 };
    let one = accounts(&[(1.0, 0.9)]);
    let told = |error: crate::stress::StressError| error.to_string();
    let cascade = Cascade::new(one.clone(), terms, 1.0, Impact::None).unwrap();
    assert!(told(cascade.run(1.0).unwrap_err()).starts_with("shock is 1.0"));
    let slow = Terms { close_factor: 1e-9, ..terms };
    let endless = Cascade::new(one.clone(), slow, 1.0, Impact::None).unwrap();
    assert!(told(endless.run(0.0).unwrap_err()).starts_with("close_factor is 1e-9"));
    assert_eq!(endless.clone().with_rounds_max(3).run(0.0).unwrap().stopped, Stopped::Rounds);
    let wrong = Terms { close_factor: 0.0, ..terms };
    assert!(Cascade::new(one, wrong, 1.0, Impact::None).is_err());
    let negative = accounts(&[(1.0, 0.9), (1.0, -1.0)]);
    let error = Cascade::new(negative, terms, 1.0, Impact::None).unwrap_err();
    assert!(told(error).starts_with("debt[1] is -1.0"));
}

/// A book of many small accounts, evenly spread over thresholds just below the price.
fn even_book(density: f64) -> Vec<Position> {
    let step = 1e-6;
    (0..60_000u32)
        .map(|at| {
            let line = 1.0 - 0.02 - step * (f64::from(at) + 0.5);
            // Taken below its line, an account loses all of its collateral: `density step / line` units.
            let collateral = density * step / line;
            Position { collateral, debt: collateral * line }
        })
        .collect()
}

#[test]
fn in_the_calm_limit_a_cascade_is_the_geometric_series() {
    // Threshold 1, all repaid: between 0.98 and 0.92 each unit of price has `density` units for sale.
    let terms = Terms { threshold: 1.0, close_factor: 1.0, bonus: 0.0 };
    for wanted in [0.2, 0.5, 0.8] {
        let depth = 50.0;
        // A unit of price sells `density / line` units, each of which moves it by price / depth.
        let density = wanted * depth;
        let book = even_book(density);
        let cascade = Cascade::new(book, terms, 1.0, Impact::Exponential { depth }).unwrap();
        let shock = 0.021;
        let run = cascade.run(shock).unwrap();
        // Of the shock, what is beyond the first line starts the series.
        let first = shock - 0.02;
        let series = amplification(wanted, first).unwrap();
        let (fall, expected) = (0.98 - run.final_price, series.total_drop.unwrap());
        assert!((fall / expected - 1.0).abs() < 0.03, "{wanted}: {fall} {expected}");
        assert!(run.rounds.len() as u64 <= series.rounds_to_1e9.unwrap());
    }
}

const WORKED: ([f64; 2], [[f64; 2]; 2], [f64; 2], [f64; 2]) =
    ([100.0, 50.0], [[0.5, 0.5], [0.2, 0.8]], [9.0, 4.0], [1e-3, 5e-4]);

fn worked() -> Network {
    let (assets, weights, leverage, impact) = WORKED;
    let weights = weights.iter().map(|row| row.to_vec()).collect();
    Network::new(assets.into(), weights, leverage.into(), impact.into()).unwrap()
}

#[test]
fn two_vulnerable_banks_have_their_figures() {
    let sale = worked().shock(&[-0.02, 0.0]).unwrap();
    assert!(close(sale.sales[0], 9.0) && close(sale.sales[1], 0.8));
    assert!(close(sale.price_change[0], -0.00466) && close(sale.price_change[1], -0.00257));
    assert!(close(sale.aggregate_vulnerability, 0.025545));
    assert!(close(sale.systemicness[0], 0.023625) && close(sale.systemicness[1], 0.00192));
    assert!(worked().shock(&[0.1]).is_err());
}

fn system(rule: [Rule; 2], response: fn(f64) -> PriceResponse) -> System {
    let (assets, weights, leverage, impact) = WORKED;
    let bank = |at: usize| Bank {
        holdings: weights[at].iter().map(|w| w * assets[at]).collect(),
        debt: assets[at] * leverage[at] / (1.0 + leverage[at]),
        rule: rule[at],
    };
    let markets = impact.map(|l| AssetMarket { response: response(l), sellable: true });
    System::new(vec![bank(0), bank(1)], markets.into()).unwrap()
}

#[test]
fn the_first_round_of_a_target_system_is_the_linear_model() {
    let targets = [9.0, 4.0].map(|debt_to_equity| Rule::Target { debt_to_equity });
    let linear = |per_value| PriceResponse::Linear { per_value };
    let one = system(targets, linear).shock(&[-0.02, 0.0], 1).unwrap();
    assert!(close(one.sold[0], 9.8) && !one.settled);
    assert!(close(one.prices[0], 0.98 * (1.0 - 0.00466 / 0.98 * 0.98)) || one.prices[0] < 0.98);
    let all = system(targets, linear).shock(&[-0.02, 0.0], 1_000).unwrap();
    assert!(all.settled && all.sold.len() > 2 && all.sold.is_sorted_by(|a, b| a >= b));
    for bank in &all.banks {
        let Rule::Target { debt_to_equity } = bank.rule else { unreachable!() };
        assert!((bank.debt / bank.equity() - debt_to_equity).abs() < 1e-6);
    }
    assert!(all.fire_sale_losses.iter().all(|loss| *loss > 0.0));
    assert_eq!(all.trouble, [Trouble::None; 2]);
}

#[test]
fn a_limit_waits_for_its_line_and_returns_to_its_buffer() {
    let limits = [(10.5, 10.0), (5.5, 5.0)]
        .map(|(leverage_max, leverage_back)| Rule::Limit { leverage_max, leverage_back });
    let bounded = |l: f64| PriceResponse::Bounded { depth: 1.0 / l, floor: 0.3 };
    let system = system(limits, bounded);
    let calm = system.shock(&[-0.005, 0.0], 100).unwrap();
    assert!(calm.settled && calm.sold.is_empty() && calm.fire_sale_losses == [0.0, 0.0]);
    let sold = system.shock(&[-0.02, 0.0], 100).unwrap();
    assert!(sold.settled && !sold.sold.is_empty());
    // Back to the buffer, or in between once prices fell by their own sales.
    assert!(sold.banks[0].assets() / sold.banks[0].equity() <= 10.5 + 1e-9);
    // A loss of all equity and more: insolvent, and it sells nothing.
    let broke = system.shock(&[-0.3, -0.3], 100).unwrap();
    assert_eq!(broke.trouble, [Trouble::Insolvent; 2]);
    assert!(broke.sold.is_empty());
}

#[test]
fn a_bank_with_nothing_to_sell_is_illiquid_and_not_insolvent() {
    let bank = Bank {
        holdings: vec![90.0, 10.0],
        debt: 90.0,
        rule: Rule::Limit { leverage_max: 10.0, leverage_back: 9.0 },
    };
    let response = PriceResponse::Bounded { depth: 100.0, floor: 0.0 };
    let markets =
        vec![AssetMarket { response, sellable: false }, AssetMarket { response, sellable: true }];
    let run = System::new(vec![bank], markets).unwrap().shock(&[-0.06, 0.0], 50).unwrap();
    assert_eq!((run.trouble[0], run.banks[0].holdings[1]), (Trouble::Illiquid, 0.0));
    assert!(run.banks[0].equity() > 0.0);
}

#[test]
fn bounded_impact_never_goes_below_its_floor() {
    let response = PriceResponse::Bounded { depth: 10.0, floor: 0.4 };
    assert_eq!((response.fall(1.0, 0.0), response.fall(0.4, 5.0)), (0.0, 0.0));
    assert!(1.0 - response.fall(1.0, 1e9) >= 0.4 - 1e-15);
    assert_eq!(PriceResponse::Linear { per_value: 0.5 }.fall(1.0, 9.0), 1.0);
}

#[test]
fn forced_sales_raise_the_correlation_of_what_is_held_together() {
    // Cont and Wagalath, "Running for the Exit" (2013): two independent assets, one leveraged holder.
    let rule = Rule::Target { debt_to_equity: 4.0 };
    let bank = Bank { holdings: vec![50.0, 50.0], debt: 80.0, rule };
    let correlation = |per_value: f64| {
        let response = PriceResponse::Linear { per_value };
        let markets = vec![AssetMarket { response, sellable: true }; 2];
        let system = System::new(vec![bank.clone()], markets).unwrap();
        let mut prices = Stream::new(9, Purpose::Prices, 0);
        let returns: Vec<[f64; 2]> = (0..2_000)
            .map(|_| {
                let shock = [0.01 * prices.normal(), 0.01 * prices.normal()];
                let run = system.shock(&shock, 1).unwrap();
                [run.prices[0] - 1.0, run.prices[1] - 1.0]
            })
            .collect();
        let mean = |at: usize| returns.iter().map(|r| r[at]).sum::<f64>() / 2_000.0;
        let means = [mean(0), mean(1)];
        let cov = |a: usize, b: usize| {
            returns.iter().map(|r| (r[a] - means[a]) * (r[b] - means[b])).sum::<f64>()
        };
        cov(0, 1) / libm::sqrt(cov(0, 0) * cov(1, 1))
    };
    let (fundamental, realised) = (correlation(0.0), correlation(2e-3));
    assert!(fundamental.abs() < 0.09 && realised > fundamental + 0.15, "{fundamental} {realised}");
}

fn venue(debts: &[f64], oracle_delay: usize) -> Venue {
    Venue {
        positions: debts.iter().map(|debt| Position { collateral: 10.0, debt: *debt }).collect(),
        terms: Terms { threshold: 0.85, close_factor: 0.5, bonus: 0.05 },
        impact: Impact::Exponential { depth: 100.0 },
        weight: 1.0,
        oracle_delay,
    }
}

#[test]
fn arbitrage_carries_a_cascade_to_the_other_venue() {
    let venues = || [venue(&[8.4, 8.0, 7.6], 0), venue(&[8.3, 8.1], 0)];
    let run = |rate: f64| Spill::new(venues(), 1.0, rate).unwrap().run([0.02, 0.0], 500).unwrap();
    let apart = run(0.0);
    assert!(apart.settled && apart.rounds.iter().all(|round| round[1].is_none()));
    assert_eq!(apart.prices.last().unwrap()[1], 1.0);
    let tied = run(0.5);
    assert!(tied.settled && tied.rounds.iter().any(|round| round[1].is_some()));
    let last = tied.prices.last().unwrap();
    assert!((last[0] - last[1]).abs() < 1e-8);
    // Half the fall of the shocked venue is the other's, so that it falls less itself.
    assert!(tied.troughs[0] >= apart.troughs[0] && tied.troughs[1] < 1.0);
}

#[test]
fn without_arbitrage_and_delay_a_venue_is_the_plain_cascade() {
    let debts = [8.4, 8.0, 7.6, 7.0];
    let one = venue(&debts, 0);
    let plain = Cascade::new(one.positions.clone(), one.terms, 1.0, one.impact.clone()).unwrap();
    let plain = plain.run(0.04).unwrap();
    let spill = Spill::new([one, venue(&[], 0)], 1.0, 0.0).unwrap().run([0.04, 0.0], 500).unwrap();
    let rounds: Vec<Round> = spill.rounds.iter().filter_map(|round| round[0]).collect();
    assert_eq!((rounds, &spill.positions[0]), (plain.rounds, &plain.positions));
    assert_eq!(spill.bad_debt[0], plain.bad_debt);
}

#[test]
fn a_late_oracle_liquidates_late_and_at_the_old_price() {
    let run = |delay: usize| {
        let venues = [venue(&[8.4], delay), venue(&[], 0)];
        Spill::new(venues, 1.0, 0.0).unwrap().run([0.05, 0.0], 500).unwrap()
    };
    let first = |run: &SpillRun| run.rounds.iter().position(|round| round[0].is_some());
    assert_eq!((first(&run(0)), first(&run(3))), (Some(0), Some(3)));
    // It does not see its own sales either: more is liquidated than a prompt oracle would.
    assert!(run(3).settled && run(3).positions[0][0].debt <= run(0).positions[0][0].debt);
}

fn book() -> impl Strategy<Value = Vec<Position>> {
    let account = (0.0f64..100.0, 0.0f64..1.2);
    proptest::collection::vec(
        account.prop_map(|(collateral, ltv)| Position { collateral, debt: collateral * ltv }),
        0..25,
    )
}

fn impact() -> impl Strategy<Value = Impact> {
    let level = (0.0f64..0.2, 0.1f64..100.0);
    prop_oneof![
        Just(Impact::None),
        (10.0f64..5_000.0).prop_map(|depth| Impact::Exponential { depth }),
        (10.0f64..5_000.0).prop_map(|depth| Impact::Linear { depth }),
        (0.0f64..0.5, 10.0f64..5_000.0, 0.4f64..0.7).prop_map(|(coefficient, volume, exponent)| {
            Impact::Power { coefficient, volume, exponent }
        }),
        (10.0f64..5_000.0, 0.0f64..0.05).prop_map(|(base, fee)| Impact::Reserves { base, fee }),
        (proptest::collection::vec(level, 1..6), 0.0f64..1.0).prop_map(|(steps, refill)| {
            let mut below = 0.0;
            let levels = steps.into_iter().map(|(step, units)| {
                below = (below + step).min(0.99);
                BookLevel { below, units }
            });
            Impact::Book { levels: levels.collect(), refill }
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_seized_and_repaid_is_what_is_missing(
        book in book(), impact in impact(), shock in 0.0f64..0.6,
        close_factor in 0.05f64..=1.0, bonus in 0.0f64..0.2,
    ) {
        let terms = Terms { threshold: 0.8, close_factor, bonus };
        let refills = matches!(impact, Impact::Book { .. });
        let run = Cascade::new(book.clone(), terms, 1.0, impact).unwrap().run(shock).unwrap();
        let sum = |of: fn(&Position) -> f64, list: &[Position]| list.iter().map(of).sum::<f64>();
        let (units, debt) = (sum(|p| p.collateral, &book), sum(|p| p.debt, &book));
        let left = sum(|p| p.collateral, &run.positions) + run.seized();
        prop_assert!((left - units).abs() <= 1e-9 * (1.0 + units));
        let left = sum(|p| p.debt, &run.positions) + run.repaid();
        prop_assert!((left - debt).abs() <= 1e-9 * (1.0 + debt));
        for (before, after) in book.iter().zip(&run.positions) {
            prop_assert!(after.collateral >= 0.0 && after.debt >= 0.0);
            prop_assert!(after.collateral <= before.collateral && after.debt <= before.debt);
            prop_assert!(!after.is_liquidatable(run.final_price, 0.8));
        }
        let falls: Vec<f64> = run.rounds.iter().map(|round| round.price).collect();
        prop_assert!(refills || falls.is_sorted_by(|a, b| a >= b));
        prop_assert!(run.trough <= run.final_price && run.final_price.is_finite());
    }

    #[test]
    fn without_impact_what_is_taken_first_is_what_is_at_risk(
        book in book(), shock in 0.0f64..0.5, bonus in 0.0f64..0.05,
    ) {
        // Repaid whole, nobody who can be is left over the line: one round is all.
        let terms = Terms { threshold: 0.8, close_factor: 1.0, bonus };
        let cascade = Cascade::new(book.clone(), terms, 1.0, Impact::None).unwrap();
        let run = cascade.run(shock).unwrap();
        let price = 1.0 - shock;
        let expected: f64 = book
            .iter()
            .filter(|p| p.is_liquidatable(price, 0.8))
            .map(|p| (p.debt * (1.0 + bonus) / price).min(p.collateral))
            .sum();
        prop_assert!((run.seized() - expected).abs() <= 1e-9 * (1.0 + expected));
        prop_assert!(run.rounds.len() <= 1 && run.final_price == price);
        prop_assert_eq!(run.seized(), cascade.at_risk(shock).unwrap());
    }

    #[test]
    fn systemicness_sums_to_aggregate_vulnerability(
        rows in proptest::collection::vec(
            (1.0f64..1_000.0, 0.0f64..30.0, proptest::collection::vec(0.0f64..1.0, 3)), 1..8),
        impact in proptest::collection::vec(0.0f64..1e-3, 3),
        returns in proptest::collection::vec(-0.3f64..0.1, 3),
    ) {
        let assets: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let weights: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| {
                let sum: f64 = row.2.iter().sum::<f64>() + 1e-9;
                row.2.iter().map(|weight| weight / sum).collect()
            })
            .collect();
        let leverage = rows.iter().map(|row| row.1).collect();
        let sale = Network::new(assets.clone(), weights, leverage, impact).unwrap()
            .shock(&returns).unwrap();
        let sum: f64 = sale.systemicness.iter().sum();
        let size: f64 = sale.systemicness.iter().map(|s| s.abs()).sum();
        prop_assert!((sum - sale.aggregate_vulnerability).abs() <= 1e-12 * size.max(1e-300));
        for (sold, held) in sale.sales.iter().zip(&assets) {
            prop_assert!(sold <= held);
        }
    }

    #[test]
    fn a_fire_sale_loses_only_what_prices_took(
        holdings in proptest::collection::vec((0.0f64..100.0, 0.0f64..100.0, 0.0f64..0.98), 1..6),
        fall in 0.0f64..0.4, depth in 10.0f64..1_000.0, limit in any::<bool>(),
    ) {
        let rule = |share: f64| if limit {
            let leverage = 1.0 / (1.0 - share);
            Rule::Limit { leverage_max: leverage * 1.05, leverage_back: leverage }
        } else {
            Rule::Target { debt_to_equity: share / (1.0 - share) }
        };
        let banks: Vec<Bank> = holdings
            .iter()
            .map(|(a, b, share)| Bank { holdings: vec![*a, *b], debt: (a + b) * share, rule: rule(*share) })
            .collect();
        let response = PriceResponse::Bounded { depth, floor: 0.1 };
        let markets = vec![
            AssetMarket { response, sellable: true }, AssetMarket { response, sellable: false },
        ];
        let run = System::new(banks.clone(), markets).unwrap().shock(&[-fall, 0.0], 2_000).unwrap();
        for ((before, after), lost) in banks.iter().zip(&run.banks).zip(&run.losses) {
            let change = before.equity() - after.equity();
            prop_assert!((change - lost).abs() <= 1e-9 * (1.0 + before.assets()));
            prop_assert!(after.holdings.iter().all(|held| *held >= 0.0));
        }
        prop_assert!(run.prices[0] >= 0.1 - 1e-12 && run.prices[1] == 1.0);
    }
}
