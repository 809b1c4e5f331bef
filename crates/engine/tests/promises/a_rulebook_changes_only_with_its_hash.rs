//! I-44: what was reviewed is what rules, and nothing but the installing command changes it.

use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use crate::support::{lending, perpetual};
use breakwater_engine::{Body, What};
use breakwater_liquidation::{Policy, Rejection};

#[test]
fn parameters_that_do_not_have_the_stated_hash_are_refused() {
    let mut stage = Stage::lending("", Policy::as_is(), 1);
    let ruled = stage.engine.rulebook_hash();
    for bit in [0, 7, 100, 255] {
        let mut body = install(lending::RULE, "bonus_bps = 600", Policy::as_is());
        let Body::InstallRulebook { hash, .. } = &mut body else { unreachable!() };
        hash[bit / 8] ^= 1 << (bit % 8);
        let refused = stage.refused_because(body);
        assert_eq!(refused.rejection, Rejection::RulebookHashDiffers);
        let right = blake3::hash(b"bonus_bps = 600").to_hex();
        assert!(refused.detail.contains(right.as_str()), "{refused}");
    }
    assert_eq!(stage.engine.rulebook_hash(), ruled);
}

#[test]
fn a_new_hash_comes_with_its_command_its_event_and_an_epoch() {
    let mut stage = Stage::lending("", Policy::as_is(), 3);
    let parameters = "bonus_bps = 600";
    let outcome = stage.done(install(lending::RULE, parameters, Policy::guarded()));
    let hash = *blake3::hash(parameters.as_bytes()).as_bytes();
    let told = outcome.facts().find_map(|what| match what {
        What::RulebookInstalled { hash, epoch, .. } => Some((*hash, *epoch)),
        _ => None,
    });
    assert_eq!(told, Some((hash, 2)));
    assert_eq!((stage.engine.rulebook_hash(), outcome.epoch), (Some(hash), 2));
    assert_eq!(outcome.assessed, 3, "everybody is judged by it at once");
    // Its state goes on.
    let index = stage.engine.state().get(breakwater_liquidation::StateKey::Pool(0));
    assert!(!index.is_zero());
}

#[test]
fn no_other_command_changes_rule_parameters_or_policy() {
    for venue in VENUES {
        let mut stage = story::begin(venue, 4_096);
        let mut chance = crate::support::chance::Chance::new(44);
        let (part, policy) = (stage.part("rulebook"), stage.engine.policy().cloned());
        let hash = stage.engine.rulebook_hash();
        for _ in 0..300 {
            let command = story::next(&stage, venue, &mut chance);
            stage.now = stage.now.max(command.at.0);
            stage.apply_command(command);
            assert_eq!(stage.part("rulebook"), part);
            assert_eq!(stage.engine.rulebook_hash(), hash);
            assert_eq!(stage.engine.policy(), policy.as_ref());
        }
    }
}

#[test]
fn a_rule_that_cannot_take_the_book_is_refused_by_name() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    stage.owes(1, ETH, ONE_ETH, ONE_CASH);
    let refuse = |stage: &mut Stage, rule: &str, parameters: &str| {
        stage.refused_because(install(rule, parameters, Policy::as_is()))
    };
    let other = refuse(&mut stage, perpetual::RULE, "");
    assert_eq!(other.rejection, Rejection::RulebookCannotTake);
    assert!(other.detail.contains(perpetual::RULE), "{other}");
    let unknown = refuse(&mut stage, "nobody's rule", "");
    assert_eq!(unknown.rejection, Rejection::UnknownRulebook);
    let typo = refuse(&mut stage, lending::RULE, "bonus = 5");
    assert_eq!(typo.rejection, Rejection::BadParameter);
    assert!(typo.detail.contains("'bonus'") && typo.detail.contains("bonus_bps"), "{typo}");
    let long = refuse(&mut stage, lending::RULE, &" ".repeat((1 << 20) + 1));
    assert_eq!(long.rejection, Rejection::LimitReached);
    let policy = Policy { assess_max: 0, ..Policy::as_is() };
    let idle = stage.refused_because(install(lending::RULE, "", policy));
    assert_eq!(idle.rejection, Rejection::BadParameter);
    assert!(idle.detail.contains("assess_max 0"), "{idle}");

    // Contracts, and prices of other decimals, are named before anything is installed.
    let mut stage = Stage::empty();
    stage.done(asset("CASH", 6, breakwater_liquidation::AssetKind::Token));
    let settle = breakwater_liquidation::AssetKind::linear_perpetual(CASH);
    stage.done(asset("ETH-PERP", 18, settle));
    let refused = refuse(&mut stage, lending::RULE, "");
    assert_eq!(refused.rejection, Rejection::RulebookCannotTake);
    assert!(refused.detail.contains("ETH-PERP"), "{refused}");
}
