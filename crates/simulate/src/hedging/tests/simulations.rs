use crate::hedging::attribution::{Attribution, Terms};
use crate::hedging::{Outcome, SimulationSettings, paths, simulate};
use breakwater_options::Kind;
use breakwater_options::hedging::Policy;
use breakwater_options::hedging::discrete::Hedged;
use proptest::prelude::*;

/// Every step.
const EACH_STEP: Policy = Policy::Interval { seconds: 1 };

fn settings(policies: Vec<Policy>) -> SimulationSettings {
    SimulationSettings {
        kind: Kind::Call,
        quantity: -1.0,
        hedged: Hedged {
            spot: 100.0,
            strike: 100.0,
            years: 1.0 / 12.0,
            rate: 0.05,
            volatility: 0.2,
            intervals: 21,
        },
        realised: None,
        drift: 0.0,
        paths: 8_000,
        seed: 7,
        cost_one_way: 0.0,
        lot: 1e-7,
        policies,
    }
}

fn one(settings: &SimulationSettings) -> Outcome {
    simulate(settings).unwrap().outcomes.remove(0)
}

#[test]
fn the_simulated_error_is_the_exact_one_within_four_standard_errors() {
    for (kind, strike, rate) in [(Kind::Call, 100.0, 0.05), (Kind::Put, 104.0, 0.0)] {
        let mut settings = settings(vec![EACH_STEP]);
        settings.kind = kind;
        (settings.hedged.strike, settings.hedged.rate) = (strike, rate);
        let simulated = simulate(&settings).unwrap();
        let (exact, outcome) = (simulated.exact.unwrap(), &simulated.outcomes[0]);
        let off = (outcome.deviation - exact).abs();
        assert!(off < 4.0 * outcome.deviation_error, "{outcome:?} {exact}");
        assert!(outcome.deviation_error < 0.03 * exact);
        // The mean is zero within four standard errors of its own.
        assert!(outcome.mean.abs() < 4.0 * exact / libm::sqrt(8_000.0), "{outcome:?}");
        assert!((20.5..=21.0).contains(&outcome.trades), "{outcome:?}");
    }
}

#[test]
fn a_wrong_exact_figure_would_be_found() {
    let simulated = simulate(&settings(vec![EACH_STEP])).unwrap();
    let planted = simulated.exact.unwrap() * 1.05;
    let outcome = &simulated.outcomes[0];
    assert!((outcome.deviation - planted).abs() > 4.0 * outcome.deviation_error);
}

#[test]
fn a_long_call_hedged_at_what_was_paid_earns_the_difference_in_value_on_average() {
    // Reference: 100/100/0.25, bought at 30 %, 40 % comes about, 13 hedges: 1.98704.
    let mut settings = settings(vec![EACH_STEP]);
    settings.quantity = 1.0;
    settings.realised = Some(0.4);
    settings.hedged =
        Hedged { years: 0.25, rate: 0.0, volatility: 0.3, intervals: 13, ..settings.hedged };
    let simulated = simulate(&settings).unwrap();
    assert_eq!(simulated.exact, None);
    let outcome = &simulated.outcomes[0];
    let error = outcome.deviation / libm::sqrt(8_000.0);
    assert!((outcome.mean - 1.987_038_644_826_860_4).abs() < 4.0 * error, "{outcome:?}");
}

#[test]
fn a_wider_band_costs_less_and_misses_more() {
    let widths = [0.0, 0.05, 0.1, 0.2, 0.4];
    let mut settings = settings(widths.map(|half_width| Policy::DeltaBand { half_width }).to_vec());
    settings.cost_one_way = 0.001;
    settings.paths = 3_000;
    let outcomes = simulate(&settings).unwrap().outcomes;
    for pair in outcomes.windows(2) {
        assert!(pair[0].cost > pair[1].cost && pair[0].trades > pair[1].trades, "{pair:?}");
        assert!(pair[0].deviation < pair[1].deviation, "{pair:?}");
    }
}

#[test]
fn the_parts_of_every_policy_are_its_total_and_theta_pays_for_gamma() {
    let mut settings = settings(vec![
        Policy::Unhedged,
        EACH_STEP,
        Policy::DeltaBand { half_width: 0.1 },
        Policy::WhalleyWilmott { risk_aversion: 1.0 },
        Policy::Zakamouline { risk_aversion: 1.0, coefficients: Default::default() },
        Policy::Leland { seconds: 1_000 },
    ]);
    (settings.cost_one_way, settings.paths) = (0.000_01, 2_000);
    for outcome in simulate(&settings).unwrap().outcomes {
        let total = outcome.gained.total() as f64 / 1e9;
        let right = outcome.mean * 2_000.0;
        assert!((total - right).abs() < 1e-5, "{outcome:?}");
        let (gamma, theta) = (outcome.gained.gamma as f64, outcome.gained.theta as f64);
        assert!(gamma < 0.0 && theta > 0.0 && (gamma / theta + 1.0).abs() < 0.1, "{outcome:?}");
        let costs = -(outcome.gained.costs as f64) / 1e9;
        assert!((costs - outcome.cost * 2_000.0).abs() < 1e-4, "{outcome:?}");
    }
}

#[test]
fn a_path_is_the_same_among_few_and_among_many() {
    let fill = |count: usize, path| {
        let mut prices = vec![0.0; count];
        paths::fill(&mut prices, 100.0, 0.01, 0.0, 3, path);
        prices
    };
    assert_eq!(fill(8, 5)[..], fill(30, 5)[..8]);
    assert_ne!(fill(8, 5), fill(8, 6));
    let few = SimulationSettings { paths: 50, ..settings(vec![EACH_STEP]) };
    let other = SimulationSettings { seed: 8, ..few.clone() };
    assert_eq!(one(&few), one(&few));
    assert_ne!(one(&few).mean, one(&other).mean);
}

#[test]
fn settings_that_are_none_are_refused_by_field_and_value() {
    let refused = |change: fn(&mut SimulationSettings)| {
        let mut settings = settings(vec![EACH_STEP]);
        change(&mut settings);
        simulate(&settings).unwrap_err().to_string()
    };
    assert!(refused(|s| s.hedged.volatility = -0.2).contains("volatility is -0.2"));
    assert!(refused(|s| s.paths = 1).starts_with("paths: 1: at least 2"));
    assert!(refused(|s| s.quantity = 0.0).starts_with("quantity: 0"));
    assert!(refused(|s| s.lot = 0.0).contains("lot is 0.0"));
    assert!(refused(|s| s.realised = Some(f64::NAN)).starts_with("realised: volatility is NaN"));
    assert!(refused(|s| s.policies.clear()).starts_with("policies: none"));
    assert!(refused(|s| s.cost_one_way = 1.0).starts_with("cost_bps: 10000"));
    assert!(refused(|s| s.hedged.intervals = 0).contains("intervals is 0.0"));
}

proptest! {
    #[test]
    fn the_parts_are_the_total_to_the_billionth(
        total in -1e9..1e9f64, parts in prop::array::uniform6(-1e9..1e9f64)
    ) {
        let [delta, gamma, theta, vega, costs, funding] = parts;
        let terms = Terms { delta, gamma, theta, vega, costs, funding };
        let found = Attribution::of(total, &terms).unwrap();
        prop_assert_eq!(found.total(), libm::round(total * 1e9) as i128);
        prop_assert_eq!(found.parts().iter().map(|(_, part)| part).sum::<i128>(), found.total());
        let mut twice = found;
        twice.add(&found);
        prop_assert_eq!(twice.total(), 2 * found.total());
    }
}
