//! I-22 and I-23: the fund pays while it has anything and never more, and every loss has bearers
//! that sum to it. The stage judges both after every command; here the stories that reach them.

use crate::support::stage::*;
use crate::support::story::{self, VENUES, Venue};
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{Policy, Rejection};
use breakwater_money::{Holder, Unit};

#[test]
fn over_any_story_the_fund_stays_at_or_above_nothing() {
    for venue in VENUES {
        let (mut losses, mut emptied) = (0, 0);
        let (mut deleveraged, mut socialised) = (0, 0);
        for seed in 100..124 {
            let stage = story::play(venue, seed, 400, 4_096);
            assert_eq!(stage.engine.stop(), None, "{venue:?} {seed}");
            losses += stage.engine.losses().len();
            emptied += usize::from(stage.fund_balance() == 0);
            deleveraged += stage.engine.losses().values().map(|l| l.deleveraged).sum::<u128>();
            socialised += stage.engine.losses().values().map(|l| l.socialised).sum::<u128>();
        }
        assert!(losses > 0, "{venue:?}: no story had a loss");
        if venue == Venue::Perpetuals {
            assert!(emptied > 0, "no story emptied the fund");
            assert!(deleveraged > 0 && socialised > 0, "{deleveraged} and {socialised}");
        }
    }
}

/// One unit more, exactly enough, and one unit less than a loss of 300.
#[test]
fn the_fund_pays_what_it_has_to_the_unit() {
    for (in_fund, left, outstanding) in
        [(300_000_001, 1, 0), (300_000_000, 0, 0), (299_999_999, 0, 1)]
    {
        let backstop = BackstopPolicy { insurance: true, ..BackstopPolicy::default() };
        let mut stage = Stage::lending("", Policy { backstop, ..Policy::as_is() }, 2);
        stage.done(fund(in_fund));
        stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
        stage.price(ETH, at(1_200));
        stage.done(absorb(&[1]));
        assert_eq!(stage.fund_balance(), left);
        let owed = stage.balance(Holder::Outstanding, Unit::deficit(CASH));
        assert_eq!(owed, outstanding);
        let losses = stage.engine.losses()[&CASH];
        assert_eq!(losses.outstanding, outstanding.cast_unsigned());
    }
}

#[test]
fn a_fund_that_does_not_pay_keeps_what_it_has() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    stage.done(fund(1_000 * ONE_CASH));
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_200));
    stage.done(absorb(&[1]));
    assert_eq!(stage.fund_balance(), 1_000_000_000);
    assert_eq!(stage.engine.losses()[&CASH].outstanding, 300 * ONE_CASH);
}

#[test]
fn nothing_can_be_paid_into_it_as_nothing_or_as_what_is_not_there() {
    let mut stage = Stage::lending("", Policy::as_is(), 1);
    assert_eq!(stage.refused(fund(0)), Rejection::AmountZero);
    let body =
        breakwater_engine::Body::FundInsurance { asset: breakwater_money::AssetId(9), amount: 1 };
    assert_eq!(stage.refused(body), Rejection::UnknownAsset);
    stage.done(fund(i128::MAX.unsigned_abs() - 20_000_000 * ONE_CASH));
    assert_eq!(stage.refused(fund(u128::MAX)), Rejection::Overflow);
    assert_eq!(stage.refused(fund(i128::MAX.unsigned_abs())), Rejection::Overflow);
}
