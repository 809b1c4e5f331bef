//! The models against the papers' numbers, independent quadratic programmes and each other.

use super::power_law::{PowerLaw, PowerMarket};
use super::*;
use proptest::prelude::*;

fn paper() -> LinearMarket {
    LinearMarket {
        volatility: 0.95,
        half_spread: 0.0625,
        temporary: 2.5e-6,
        permanent: 2.5e-7,
        drift_per_day: 0.0,
    }
}

fn problem(risk_aversion: f64) -> AlmgrenChriss {
    let sale = Sale { quantity: 1e6, horizon_days: 5.0, intervals: 5 };
    AlmgrenChriss { sale, market: paper(), risk_aversion }
}

fn assert_near(found: f64, right: f64, share: f64, what: &str) {
    let allowed = share * right.abs().max(1e-300);
    assert!((found - right).abs() <= allowed, "{what}: {found} instead of {right}");
}

/// `min n'Hn/2 + c'n` with the trades adding up to `quantity`: the linear system of its
/// conditions, by Gauss with full rows and partial pivots. Shares no code with the models.
fn quadratic_programme(hessian: &[Vec<f64>], linear: &[f64], quantity: f64) -> Vec<f64> {
    let size = linear.len();
    let mut rows: Vec<Vec<f64>> = (0..size)
        .map(|k| {
            let mut row = hessian[k].clone();
            row.extend([1.0, -linear[k]]);
            row
        })
        .collect();
    let mut sum = vec![1.0; size];
    sum.extend([0.0, quantity]);
    rows.push(sum);
    for pivot in 0..=size {
        let best = (pivot..=size)
            .max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()))
            .unwrap();
        rows.swap(pivot, best);
        for row in 0..=size {
            if row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot];
                let subtracted = rows[pivot].clone();
                for (cell, less) in rows[row].iter_mut().zip(subtracted).skip(pivot) {
                    *cell -= factor * less;
                }
            }
        }
    }
    (0..size).map(|k| rows[k][size + 1] / rows[k][k]).collect()
}

/// The optimum of linear impact from the definition of cost: `gains[k - 1]` is what a unit held
/// after trade k earns.
fn linear_optimum(problem: &AlmgrenChriss, gains: &[f64]) -> Vec<f64> {
    let Sale { quantity, intervals, .. } = problem.sale;
    let tau = problem.sale.interval_days();
    let market = &problem.market;
    let risk = 2.0 * problem.risk_aversion * market.volatility * market.volatility * tau;
    let pace = 2.0 * (market.temporary - 0.5 * market.permanent * tau) / tau;
    let mut hessian = vec![vec![0.0; intervals]; intervals];
    let mut linear = vec![0.0; intervals];
    for (k, row) in hessian.iter_mut().enumerate() {
        row[k] += pace;
    }
    // x_k = X - n_1 - ... - n_k.
    for k in 1..intervals {
        for i in 0..k {
            linear[i] += -risk * quantity + gains[k - 1];
            for cell in hessian[i].iter_mut().take(k) {
                *cell += risk;
            }
        }
    }
    quadratic_programme(&hessian, &linear, quantity)
}

#[test]
fn rows_of_the_paper_come_out() {
    // Aversion, trades in thousands, expected cost, deviation.
    let rows = [
        (0.0, [200.0; 5], 662_500.00, 1_040_672.86),
        (1e-6, [458.044, 252.101, 141.957, 85.756, 62.142], 911_226.99, 603_430.67),
        (5e-6, [724.075, 199.819, 55.218, 15.532, 5.356], 1_535_388.09, 272_687.06),
    ];
    for (risk_aversion, trades, expected, deviation) in rows {
        let problem = problem(risk_aversion);
        let proposal = problem.propose().unwrap();
        for (found, row) in proposal.trades.iter().zip(trades) {
            assert!((found / 1e3 - row).abs() < 6e-4, "{found} {row}");
        }
        let cost = problem.cost(&proposal).unwrap();
        assert!((cost.expected - expected).abs() < 0.006, "{cost:?}");
        assert!((cost.deviation() - deviation).abs() < 0.006, "{cost:?}");
    }
    assert_near(problem(1e-9).kappa_per_day().unwrap(), 0.019493280054319828, 1e-12, "kappa");
    assert_near(problem(1e-6).kappa_per_day().unwrap(), 0.607_076_163_247, 1e-11, "kappa");
    assert_eq!(problem(0.0).half_life_days().unwrap(), None);
    let at_once = baselines::immediate(&problem(0.0).sale).unwrap();
    let cost = problem(0.0).cost(&at_once).unwrap();
    assert_near(cost.expected, 2_562_500.0, 1e-14, "immediate");
    assert_eq!(cost.variance, 0.0);
}

#[test]
fn relaxation_under_drift_is_that_of_the_papers_section_four() {
    // alpha / (2 lambda sigma^2) with the paper's alpha of 0.02 a day.
    let mut problem = problem(1e-6);
    problem.market.drift_per_day = 0.02;
    problem.sale = Sale { quantity: 1e6, horizon_days: 200.0, intervals: 2_000 };
    let middle = problem.propose().unwrap().holdings[1_000];
    assert_near(middle, 0.02 / (2.0 * 1e-6 * 0.95 * 0.95), 1e-9, "relaxed level");
}

#[test]
fn expected_cost_is_that_of_the_mean_path_played_trade_by_trade() {
    let mut problem = problem(1e-6);
    problem.market.drift_per_day = 0.05;
    let proposal = problem.propose().unwrap();
    let (market, tau) = (&problem.market, problem.sale.interval_days());
    let (mut price, mut received) = (50.0, 0.0);
    for trade in &proposal.trades {
        received += trade * (price - market.half_spread - market.temporary * trade / tau);
        price += market.drift_per_day * tau - market.permanent * trade;
    }
    let shortfall = 50.0 * 1e6 - received;
    assert_near(problem.cost(&proposal).unwrap().expected, shortfall, 1e-10, "shortfall");
}

#[test]
fn a_huge_horizon_overflows_nothing_and_loses_nothing() {
    for risk_aversion in [0.0, 1e-30, 1e-12, 1e-6, 1.0, 1e12] {
        for horizon_days in [1e-6, 5.0, 1e6] {
            let mut problem = problem(risk_aversion);
            problem.market.permanent = 0.0;
            problem.sale = Sale { quantity: 1e6, horizon_days, intervals: 1_000 };
            let proposal = problem.propose().unwrap();
            assert_eq!((proposal.holdings[0], proposal.holdings[1_000]), (1e6, 0.0));
            assert!(proposal.holdings.windows(2).all(|pair| pair[0] >= pair[1]));
            assert!(problem.cost(&proposal).unwrap().utility(risk_aversion).is_finite());
            let sum: f64 = proposal.trades.iter().sum();
            assert_near(sum, 1e6, 1e-12, "sum");
        }
    }
}

#[test]
fn the_slope_of_the_frontier_is_minus_the_aversion() {
    let problem = problem(0.0);
    let aversions = frontier::spread_aversions(&problem, 40).unwrap();
    assert_eq!(aversions.len(), 40);
    for aversion in aversions.iter().skip(1).copied() {
        let step = 1e-4 * aversion;
        let points = frontier(&problem, &[aversion - step, aversion + step]).unwrap();
        let variance = |point: &FrontierPoint| point.deviation * point.deviation;
        let slope = (points[1].expected - points[0].expected)
            / (variance(&points[1]) - variance(&points[0]));
        assert_near(slope, -aversion, 2e-4, "slope");
    }
    let points = frontier(&problem, &aversions).unwrap();
    for pair in points.windows(2) {
        assert!(pair[0].expected < pair[1].expected && pair[0].deviation > pair[1].deviation);
    }
}

#[test]
fn value_at_risk_adds_as_many_deviations_as_the_confidence_says() {
    let cost = Cost { expected: 100.0, variance: 400.0 };
    let z = z_of_confidence(0.95).unwrap();
    assert_near(z, 1.644_853_626_951_472_6, 1e-12, "z");
    assert_near(cost.value_at_risk(z), 100.0 + 20.0 * z, 1e-15, "value at risk");
    assert_eq!(cost.value_at_risk(z_of_confidence(0.5).unwrap()).round(), 100.0);
}

fn power(exponent: f64, permanent: f64, risk_aversion: f64) -> PowerLaw {
    let linear = paper();
    PowerLaw {
        sale: Sale { quantity: 1e6, horizon_days: 5.0, intervals: 40 },
        market: PowerMarket {
            volatility: linear.volatility,
            half_spread: linear.half_spread,
            temporary: linear.temporary * libm::pow(2e5, 1.0 - exponent),
            exponent,
            permanent,
            drift_per_day: 0.0,
        },
        risk_aversion,
    }
}

#[test]
fn at_exponent_one_the_power_law_is_the_closed_form() {
    for risk_aversion in [0.0, 1e-9, 1e-6, 1e-4, 1e-2] {
        let power = power(1.0, 2.5e-7, risk_aversion);
        let mut linear = problem(risk_aversion);
        linear.sale = power.sale;
        let (shot, closed) = (power.propose().unwrap(), linear.propose().unwrap());
        for (shot, closed) in shot.holdings.iter().zip(&closed.holdings) {
            assert!((shot - closed).abs() <= 1e-10 * closed + 1e-12, "{shot} {closed}");
        }
        let (left, right) = (power.cost(&shot).unwrap(), linear.cost(&closed).unwrap());
        assert_near(left.expected, right.expected, 1e-12, "expected");
        assert_near(left.utility(risk_aversion), right.utility(risk_aversion), 1e-12, "utility");
    }
}

#[test]
fn no_move_of_a_unit_between_two_trades_betters_the_power_law() {
    for (exponent, permanent) in [(0.1, 0.0), (0.5, 1e-8), (0.6, 0.0), (1.3, 0.0), (2.0, 0.0)] {
        for risk_aversion in [0.0, 1e-6, 1e-4] {
            let power = power(exponent, permanent, risk_aversion);
            let best = power.propose().unwrap();
            assert!(best.trades.iter().all(|trade| *trade >= 0.0));
            let least = power.cost(&best).unwrap().utility(risk_aversion);
            for from in [0, 1, 7, 20, 38] {
                for to in [0, 2, 8, 21, 39] {
                    let amount = 1e-3 * best.trades[from];
                    let mut trades = best.trades.clone();
                    trades[from] -= amount;
                    trades[to] += amount;
                    let moved = Proposal::of_trades(best.at_days.clone(), trades).unwrap();
                    let cost = power.cost(&moved).unwrap().utility(risk_aversion);
                    assert!(cost >= least * (1.0 - 1e-13), "{exponent} {from} {to}");
                }
            }
        }
    }
}

#[test]
fn sold_only_means_never_bought_and_still_the_best_of_those() {
    let mut problem = problem(1e-7);
    problem.market.drift_per_day = 2.0;
    problem.sale.intervals = 20;
    let free = problem.propose().unwrap();
    assert!(free.first_purchase().is_some());
    let refused = free.schedule(1_000_000, 1).unwrap_err().to_string();
    assert!(refused.contains("never buys"), "{refused}");
    let bound = problem.propose_sell_only().unwrap();
    assert!(bound.first_purchase().is_none() && bound.trades.iter().all(|trade| *trade >= 0.0));
    assert_eq!(bound.schedule(1_000_000, 1).unwrap().total(), 1_000_000);
    let least = problem.cost(&bound).unwrap().utility(1e-7);
    assert!(least >= problem.cost(&free).unwrap().utility(1e-7));
    for from in (0..20).filter(|k| bound.trades[*k] > 0.0) {
        for to in 0..20 {
            let mut trades = bound.trades.clone();
            let amount = 1e-3 * trades[from];
            trades[from] -= amount;
            trades[to] += amount;
            let moved = Proposal::of_trades(bound.at_days.clone(), trades).unwrap();
            let cost = problem.cost(&moved).unwrap().utility(1e-7);
            assert!(cost - least >= -1e-12 * least.abs(), "{from} {to}");
        }
    }
}

fn perpetual(side: Side, funding: Funding, risk_aversion: f64) -> Perpetual {
    let AlmgrenChriss { sale, market, .. } = problem(risk_aversion);
    let sale = Sale { intervals: 60, ..sale };
    Perpetual { sale, market, risk_aversion, side, price: 50.0, funding }
}

#[test]
fn funding_is_a_drift_and_the_optimum_is_the_programmes() {
    let settled = Funding {
        now_per_day: 0.003,
        mean_per_day: -0.0005,
        reversion_per_day: 0.7,
        times_days: (1..15).map(|k| f64::from(k) / 3.0).collect(),
        first_covers_days: 1.0 / 3.0,
    };
    let accrued = Funding { times_days: Vec::new(), ..settled.clone() };
    for funding in [Funding::constant(0.001), Funding::constant(-0.002), settled, accrued] {
        for side in [Side::Long, Side::Short] {
            for risk_aversion in [0.0, 1e-7, 1e-6] {
                let perpetual = perpetual(side, funding.clone(), risk_aversion);
                let gains = perpetual.gains().unwrap();
                let found = perpetual.propose().unwrap();
                let linear =
                    AlmgrenChriss { sale: perpetual.sale, market: perpetual.market, risk_aversion };
                for (found, exact) in found.trades.iter().zip(linear_optimum(&linear, &gains)) {
                    assert!((found - exact).abs() < 1e-9 * 1e6, "{found} {exact}");
                }
            }
        }
    }
}

#[test]
fn positive_funding_hurries_a_long_and_slows_a_short() {
    let held =
        |side, rate| perpetual(side, Funding::constant(rate), 1e-7).propose().unwrap().held_days();
    assert!(held(Side::Long, 0.002) < held(Side::Long, 0.0));
    assert!(held(Side::Short, 0.002) > held(Side::Short, 0.0));
    // With no funding it is the closed form; with constant funding the one with that drift.
    let perpetual = perpetual(Side::Long, Funding::constant(0.002), 1e-6);
    let mut market = perpetual.market;
    market.drift_per_day = -0.002 * 50.0;
    let closed = AlmgrenChriss { sale: perpetual.sale, market, risk_aversion: 1e-6 };
    let (found, closed_form) = (perpetual.propose().unwrap(), closed.propose().unwrap());
    for (found, closed) in found.holdings.iter().zip(&closed_form.holdings) {
        assert!((found - closed).abs() < 1e-9 * 1e6);
    }
    let cost = perpetual.cost(&found).unwrap();
    assert_near(cost.expected, closed.cost(&found).unwrap().expected, 1e-12, "cost");
    assert!(perpetual.funding_paid(&found).unwrap() > 0.0);
}

#[test]
fn who_earns_funding_waits_but_never_adds_when_told_so() {
    let perpetual = perpetual(Side::Long, Funding::constant(-0.05), 1e-8);
    assert!(perpetual.propose().unwrap().first_purchase().is_some());
    let bound = perpetual.propose_closing_only().unwrap();
    assert!(bound.trades.iter().all(|trade| *trade >= 0.0));
    let even = baselines::even(&perpetual.sale).unwrap();
    let utility = |proposal: &Proposal| perpetual.cost(proposal).unwrap().utility(1e-8);
    assert!(utility(&bound) < utility(&even));
}

#[test]
fn a_payment_falls_on_what_is_held_up_to_its_time() {
    let funding = Funding {
        now_per_day: 0.01,
        mean_per_day: 0.01,
        reversion_per_day: 0.0,
        times_days: vec![1.0, 2.5],
        first_covers_days: 0.5,
    };
    let mut perpetual = perpetual(Side::Long, funding, 0.0);
    perpetual.sale.intervals = 5;
    // At day 1 half a day is settled on what is held after the first trade, at 2.5 one and a half
    // on what is held after the third.
    let gains = perpetual.gains().unwrap();
    let right = [-0.01 * 0.5 * 50.0, 0.0, -0.01 * 1.5 * 50.0, 0.0, 0.0];
    for (found, right) in gains.iter().zip(right) {
        assert!((found - right).abs() < 1e-15, "{gains:?}");
    }
}

fn kernels() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for rate_per_day in [0.1, 1.0, 30.0] {
        kernels.push(Kernel::Exponential { rate_per_day });
    }
    for (scale_days, exponent) in [(0.01, 0.3), (0.1, 0.5), (1.0, 1.5)] {
        kernels.push(Kernel::PowerLaw { scale_days, exponent });
    }
    let at_days = vec![0.0, 0.1, 0.5, 2.0];
    kernels.push(Kernel::Table { at_days, shares: vec![1.0, 0.6, 0.3, 0.1] });
    kernels
}

fn grids() -> Vec<Vec<f64>> {
    let even = |many: u32, days: f64| (0..many).map(|k| f64::from(k) * days).collect();
    vec![
        vec![0.0],
        vec![0.0, 1.0],
        even(4, 1.0),
        even(40, 0.05),
        vec![0.0, 0.01, 0.02, 0.5, 0.51, 3.0, 10.0],
    ]
}

#[test]
fn no_round_trip_earns_under_any_kernel_on_any_grid() {
    for kernel in kernels() {
        let impact = TransientImpact::new(kernel, 5_000.0).unwrap();
        for grid in grids() {
            assert!(impact.check(&grid).unwrap() > 0.0);
            assert!(impact.cautions(&grid, 1.0).unwrap().is_empty(), "{impact:?} {grid:?}");
            if grid.len() < 2 {
                continue;
            }
            let least = impact.cheapest_round_trip(&grid).unwrap();
            assert!(least > 0.0);
            // Naively: every pair of times, and round trips of many trades.
            for (i, from) in grid.iter().enumerate() {
                for to in &grid[i + 1..] {
                    assert!(
                        impact.round_trip(50.0, *from, *to).unwrap()
                            >= 2.0 * 2_500.0 * least * (1.0 - 1e-9)
                    );
                }
            }
            for frequency in 1..6 {
                let mut trades: Vec<f64> =
                    (0..grid.len()).map(|k| libm::sin((k * frequency) as f64 + 0.3)).collect();
                let mean = trades.iter().sum::<f64>() / trades.len() as f64;
                trades.iter_mut().for_each(|trade| *trade -= mean);
                let squares: f64 = trades.iter().map(|trade| trade * trade).sum();
                let trip = Proposal::of_trades(grid.clone(), trades).unwrap();
                let cost = impact.cost(&trip).unwrap().expected;
                assert!(cost >= least * squares * (1.0 - 1e-9) - 1e-18, "{impact:?} {cost}");
            }
        }
    }
}

#[test]
fn the_optimum_of_any_kernel_is_that_of_the_programme() {
    for kernel in kernels() {
        let impact = TransientImpact::new(kernel.clone(), 1.0).unwrap();
        for grid in grids() {
            let gram = |i: usize| -> Vec<f64> {
                grid.iter().map(|at| kernel.left((at - grid[i]).abs())).collect()
            };
            let hessian: Vec<Vec<f64>> = (0..grid.len()).map(gram).collect();
            let exact = quadratic_programme(&hessian, &vec![0.0; grid.len()], 100.0);
            let found = impact.propose(100.0, &grid).unwrap();
            for (found, exact) in found.trades.iter().zip(&exact) {
                assert!((found - exact).abs() < 1e-9 * 100.0, "{kernel:?} {found} {exact}");
            }
            assert!(found.first_purchase().is_none(), "convex kernels never buy");
        }
    }
}

#[test]
fn the_block_books_closed_form_is_the_gram_systems_and_the_papers_figures() {
    let mut book = ObizhaevaWang {
        quantity: 1e5,
        horizon_days: 1.0,
        intervals: 10,
        density: 5_000.0,
        resilience_per_day: 2.0,
        half_spread: 0.0,
        volatility: 0.0,
    };
    assert_near(book.optimal_cost().unwrap(), 500_831.393_573_285_95, 1e-12, "optimal");
    let even = book.cost(&book.even().unwrap()).unwrap().expected;
    assert_near(even, 545_904.825_763_523_6, 1e-12, "even");
    let limit = book.continuous().unwrap();
    assert_eq!((limit.block, limit.rate_per_day, limit.cost), (25_000.0, 50_000.0, 500_000.0));
    for (intervals, resilience_per_day) in [(1, 2.0), (2, 0.1), (10, 20.0), (200, 5.0)] {
        book = ObizhaevaWang { intervals, resilience_per_day, ..book };
        let closed = book.propose().unwrap();
        let kernel = Kernel::Exponential { rate_per_day: resilience_per_day };
        let impact = TransientImpact::new(kernel, book.density).unwrap();
        let gram = impact.propose(1e5, &closed.at_days).unwrap();
        for (closed, gram) in closed.trades.iter().zip(&gram.trades) {
            assert_near(*closed, *gram, 1e-9, "trade");
        }
        let cost = book.cost(&closed).unwrap().expected;
        assert_near(cost, book.optimal_cost().unwrap(), 1e-12, "cost");
        assert!(cost > book.continuous().unwrap().cost);
    }
    // One pass over the trades equals the double sum.
    let kernel = Kernel::Exponential { rate_per_day: 2.0 };
    let trades = Proposal::of_trades(vec![0.0, 0.3, 1.1], vec![5.0, -2.0, 3.0]).unwrap();
    let naive: f64 = (0..3)
        .flat_map(|i| (0..3).map(move |j| (i, j)))
        .map(|(i, j)| {
            let apart = (trades.at_days[i] - trades.at_days[j]).abs();
            trades.trades[i] * trades.trades[j] * kernel.left(apart)
        })
        .sum();
    let found = TransientImpact::new(kernel, 1.0).unwrap().cost(&trades).unwrap().expected;
    assert_near(found, 0.5 * naive, 1e-14, "double sum");
}

#[test]
fn a_kernel_that_can_be_manipulated_is_refused_or_warned_of() {
    // Full impact for a day, then none: a sawtooth over half days earns.
    let at_days = vec![0.0, 1.0, 1.000_001];
    let cliff = Kernel::Table { at_days, shares: vec![1.0, 1.0, 0.0] };
    let impact = TransientImpact::new(cliff, 1.0).unwrap();
    let grid: Vec<f64> = (0..8).map(|k| f64::from(k) * 0.6).collect();
    let refused = impact.propose(1.0, &grid).unwrap_err();
    assert!(
        matches!(refused, ModelError::NotPositiveDefinite { eigenvalue, .. } if eigenvalue < 0.0)
    );
    assert!(refused.to_string().contains("a round trip would earn"), "{refused}");
    assert!(impact.cheapest_round_trip(&grid).unwrap() < 0.0);
    // No decay at all: nothing tells the times apart.
    let flat = Kernel::Table { at_days: vec![0.0], shares: vec![1.0] };
    let refused = TransientImpact::new(flat, 1.0).unwrap().check(&[0.0, 1.0]).unwrap_err();
    assert!(refused.to_string().contains("told apart"), "{refused}");
    // Positive definite, and yet not convex: the optimum sells too much and buys back.
    let bell: Vec<f64> = (0..60).map(|k| f64::from(k) * 0.1).collect();
    let shares = bell.iter().map(|at| libm::exp(-at * at)).collect();
    let bell = TransientImpact::new(Kernel::Table { at_days: bell, shares }, 1.0).unwrap();
    let grid: Vec<f64> = (0..6).map(|k| f64::from(k) * 0.5).collect();
    let cautions = bell.cautions(&grid, 1.0).unwrap();
    assert!(cautions.contains(&Caution::NotConvex { point: 1 }) || cautions.len() == 2);
    assert!(cautions.iter().any(|caution| matches!(caution, Caution::OptimumBuys { .. })));
    // A kernel that rises is named; so is impact that is not linear.
    let rises = Kernel::Table { at_days: vec![0.0, 1.0, 2.0], shares: vec![1.0, 0.1, 0.2] };
    let rises = TransientImpact::new(rises, 1.0).unwrap();
    assert_eq!(rises.cautions(&[0.0, 1.0], 1.0).unwrap(), [Caution::Rises { point: 1 }]);
    let exponential = Kernel::Exponential { rate_per_day: 1.0 };
    let cautions = TransientImpact::new(exponential, 1.0).unwrap().cautions(&[0.0, 1.0], 0.5);
    assert_eq!(cautions.unwrap(), [Caution::NonlinearWithExponentialDecay { exponent: 0.5 }]);
    let slow = |exponent| Kernel::PowerLaw { scale_days: 1.0, exponent };
    let warned = |decay, exponent| {
        let impact = TransientImpact::new(slow(decay), 1.0).unwrap();
        !impact.cautions(&[0.0, 1.0], exponent).unwrap().is_empty()
    };
    assert!(warned(0.4, 0.5) && warned(0.41, 0.9) && !warned(0.5, 0.5) && !warned(0.4, 1.0));
}

#[test]
fn the_square_root_law_pays_two_thirds_of_its_peak() {
    let law = SquareRootLaw {
        coefficient: 1.0,
        volatility_per_day: 0.02,
        volume_per_day: 1e8,
        exponent: 0.5,
    };
    assert_near(law.peak(1e6).unwrap(), 0.002, 1e-14, "peak");
    assert_near(law.average(1e6).unwrap(), 0.004 / 3.0, 1e-14, "average");
    assert_near(law.cost(1e6, 1.0).unwrap(), 4_000.0 / 3.0, 1e-14, "cost");
    // By pace, an even sale costs what the law says, whatever the horizon.
    for horizon_days in [0.1, 3.0] {
        let sale = Sale { quantity: 2e4, horizon_days, intervals: 12 };
        let pace = law.by_pace(&sale, 50.0, 0.0).unwrap();
        let even = baselines::even(&sale).unwrap();
        let cost = pace.cost(&even, sale.interval_days()).unwrap();
        assert_near(cost.expected, law.cost(2e4, 50.0).unwrap(), 1e-12, "even");
    }
    for exponent in [0.39, 0.71, f64::NAN] {
        assert!(SquareRootLaw { exponent, ..law }.peak(1.0).is_err());
    }
}

#[test]
fn baselines_follow_the_clock_the_volume_or_a_share_of_it() {
    let sale = Sale { quantity: 100.0, horizon_days: 2.0, intervals: 4 };
    assert_eq!(baselines::even(&sale).unwrap().trades, [25.0; 4]);
    assert_eq!(baselines::immediate(&sale).unwrap().trades, [100.0, 0.0, 0.0, 0.0]);
    let by_volume = baselines::by_volume(&sale, &[1.0, 0.0, 3.0, 4.0]).unwrap();
    assert_eq!(by_volume.trades, [12.5, 0.0, 37.5, 50.0]);
    // A tenth of 600 a day is 30 a half day: it takes four, the last of 10.
    let share = baselines::participation(&sale, 0.1, 600.0).unwrap();
    assert_eq!(share.trades, [30.0, 30.0, 30.0, 10.0]);
    assert_eq!(baselines::participation(&sale, 1.0, 1e9).unwrap().trades, [100.0]);
    assert!(baselines::participation(&sale, 1e-9, 1.0).is_err());
    assert!(baselines::participation(&sale, 1.1, 1.0).is_err());
    assert!(baselines::by_volume(&sale, &[0.0; 4]).is_err());
    assert!(baselines::by_volume(&sale, &[1.0; 3]).is_err());
    assert!(baselines::by_volume(&sale, &[1.0, -1.0, 1.0, 1.0]).is_err());
}

#[test]
fn wrong_input_is_named_with_its_value_and_what_would_be_right() {
    let said = |change: &dyn Fn(&mut AlmgrenChriss)| {
        let mut problem = problem(1e-6);
        change(&mut problem);
        problem.propose().unwrap_err().to_string()
    };
    assert_eq!(said(&|p| p.sale.quantity = 0.0), "quantity is 0; expected a number above 0");
    assert_eq!(
        said(&|p| p.sale.horizon_days = 0.0),
        "horizon_days is 0; expected a number above 0"
    );
    assert_eq!(said(&|p| p.sale.intervals = 0), "intervals is 0; expected at least 1");
    assert_eq!(
        said(&|p| p.market.volatility = -1.0),
        "volatility is -1; expected a number of at least 0"
    );
    assert_eq!(
        said(&|p| p.risk_aversion = f64::NAN),
        "risk_aversion is NaN; expected a number of at least 0"
    );
    assert!(said(&|p| p.market.permanent = 1e-4).contains("more intervals"));
    assert!(said(&|p| p.market.temporary = 0.0).contains("temporary is 0"));
    assert!(said(&|p| p.sale.intervals = usize::MAX).contains("at most"));
    let book = ObizhaevaWang {
        quantity: 1.0,
        horizon_days: 1.0,
        intervals: 1,
        density: 0.0,
        resilience_per_day: 1.0,
        half_spread: 0.0,
        volatility: 0.0,
    };
    assert_eq!(book.propose().unwrap_err().to_string(), "density is 0; expected a number above 0");
    let no_decay = Kernel::Exponential { rate_per_day: 0.0 };
    assert!(TransientImpact::new(no_decay, 1.0).is_err());
    assert!(power(0.05, 0.0, 0.0).propose().is_err());
    assert!(power(1.5, 1e-9, 0.0).propose().is_err());
    assert!(power(0.5, 1.0, 0.0).propose().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_closed_form_is_the_exact_optimum(
        intervals in 1usize..40, horizon in 0.01f64..50.0, quantity in 1.0f64..1e7,
        log_risk in -14.0f64..-4.0, log_impact in -8.0f64..-4.0, permanent_share in 0.0f64..0.9,
        drift in -0.5f64..0.5,
    ) {
        let sale = Sale { quantity, horizon_days: horizon, intervals };
        let temporary = libm::pow(10.0, log_impact);
        let market = LinearMarket {
            volatility: 0.95,
            half_spread: 0.0,
            temporary,
            permanent: permanent_share * 2.0 * temporary / sale.interval_days(),
            drift_per_day: drift,
        };
        let risk_aversion = libm::pow(10.0, log_risk);
        let problem = AlmgrenChriss { sale, market, risk_aversion };
        let found = problem.propose().unwrap();
        let gains = vec![drift * sale.interval_days(); intervals];
        let scale = found.holdings.iter().fold(0.0f64, |most, held| most.max(held.abs()));
        for (found, exact) in found.trades.iter().zip(linear_optimum(&problem, &gains)) {
            prop_assert!((found - exact).abs() < 1e-9 * scale, "{} {}", found, exact);
        }
        // Where it does not buy, shooting finds the same.
        if found.first_purchase().is_none() {
            let shot = problem.propose_sell_only().unwrap();
            for (shot, found) in shot.holdings.iter().zip(&found.holdings) {
                prop_assert!((shot - found).abs() < 1e-8 * scale, "{} {}", shot, found);
            }
        }
    }

    #[test]
    fn a_proposal_becomes_base_units_that_add_up(
        intervals in 1usize..200, quantity in 1u128..u128::MAX, lot in 1u128..1_000_000_000,
        log_risk in -12.0f64..0.0,
    ) {
        let mut problem = problem(libm::pow(10.0, log_risk));
        problem.sale.intervals = intervals;
        let schedule = problem.propose().unwrap().schedule(quantity, lot).unwrap();
        schedule.validate().unwrap();
        prop_assert_eq!(schedule.total(), quantity);
        let in_lots = |slice: &crate::Slice| slice.quantity.is_multiple_of(lot);
        prop_assert!(schedule.slices.iter().rev().skip(1).all(in_lots));
        prop_assert!(schedule.ends_after_nanos() < 5 * NANOS_A_DAY);
    }
}
