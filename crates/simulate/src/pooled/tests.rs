//! What both ways promise, and what rounds change.

use super::*;
use breakwater_liquidation::pooled::Limits;

fn crowds() -> impl Iterator<Item = CrowdSettings> {
    (1u64..=24).map(|seed| CrowdSettings {
        seed,
        accounts: 300,
        size_median: 450,
        ..CrowdSettings::default()
    })
}

#[test]
fn the_same_settings_give_the_same_figures_and_another_seed_others() {
    let settings = CrowdSettings::default();
    for way in [Way::Alone, Way::Rounds] {
        let found = run(&settings, way).unwrap();
        assert_eq!(found, run(&settings, way).unwrap());
        assert_ne!(found, run(&CrowdSettings { seed: 1, ..settings.clone() }, way).unwrap());
    }
    let few = CrowdSettings { accounts: 10, ..settings.clone() };
    let path = path(&settings);
    assert_eq!(crowd(&few, &path)[..], crowd(&settings, &path)[..10]);
    let end = *path.last().unwrap();
    assert!(end.abs_diff(8_500_000) <= 1, "{end}");
}

#[test]
fn everything_is_closed_and_rounds_stay_within_the_limit() {
    for settings in crowds() {
        for way in [Way::Alone, Way::Rounds] {
            let found = run(&settings, way).unwrap();
            assert!(found.breached > 50 && found.left == 0, "{found:?}");
        }
        let rounds = run(&settings, Way::Rounds).unwrap();
        // A bid is floored to a cent of 100,000.
        assert!(rounds.impact_bps <= u128::from(settings.limits.impact_bps) + 1, "{rounds:?}");
    }
}

#[test]
fn in_these_crowds_rounds_cost_less_and_sell_nothing_as_low() {
    let (mut crossed, mut shallower, mut safer) = (0, 0, 0);
    for settings in crowds() {
        let [alone, rounds] = [Way::Alone, Way::Rounds].map(|way| run(&settings, way).unwrap());
        assert!(rounds.cost < alone.cost, "{}: {alone:?} {rounds:?}", settings.seed);
        assert!(rounds.sold_low > alone.sold_low, "{}: {alone:?} {rounds:?}", settings.seed);
        assert!(rounds.impact_bps <= alone.impact_bps, "{alone:?} {rounds:?}");
        crossed += rounds.crossed;
        shallower += u32::from(rounds.trough >= alone.trough);
        safer += u32::from(rounds.deficit <= alone.deficit);
    }
    // No law: pressure that lasts may meet the path's own low, and waiting may cost more than it saves.
    println!("{shallower} of 24 marks fell no lower, {safer} of 24 deficits were no larger");
    assert!(crossed > 0 && shallower >= 12 && safer >= 12, "{crossed} {shallower} {safer}");
}

#[test]
fn without_limits_and_without_crossing_rounds_are_all_at_once() {
    let limits =
        Limits { impact_bps: 9_999, participation_bps: 10_000, wait_rounds_max: 1, cross: false };
    for settings in crowds().take(6) {
        // Depth for all at once: whoever is sold in part goes on in another order.
        let settings = CrowdSettings { limits, size_median: 60, ..settings };
        let [alone, rounds] = [Way::Alone, Way::Rounds].map(|way| run(&settings, way).unwrap());
        // Only the order among those of one round differs.
        assert_eq!((alone.closed, alone.cost), (rounds.closed, rounds.cost));
        assert_eq!((alone.trough, alone.rounds), (rounds.trough, rounds.rounds));
    }
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let wrong = |settings: CrowdSettings| run(&settings, Way::Alone).unwrap_err().to_string();
    let usual = CrowdSettings::default;
    let text = wrong(CrowdSettings { long_percent: 101, ..usual() });
    assert_eq!(text, "long_percent: 101; expected 0 to 100");
    assert!(wrong(CrowdSettings { rounds: 0, ..usual() }).contains("rounds: 0; expected 1"));
    assert!(wrong(CrowdSettings { recovery_e18: 0, ..usual() }).contains("recovery_e18: 0"));
    assert!(wrong(CrowdSettings { margin_bps: (9, 8), ..usual() }).contains("margin_bps.0: 9"));
    let step = DepthStep { away_bps: 5, quantity: 1 };
    let text = wrong(CrowdSettings { depth: vec![step, step], ..usual() });
    assert!(text.contains("depth[1].away_bps: 5; expected 6 to"), "{text}");
    let limits = Limits { impact_bps: 10_000, ..usual().limits };
    let text = run(&CrowdSettings { limits, ..usual() }, Way::Rounds).unwrap_err().to_string();
    assert!(text.contains("impact_bps is 10000"), "{text}");
}
