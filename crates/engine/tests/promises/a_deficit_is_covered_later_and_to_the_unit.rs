//! I-22 and I-23 over time: what lay with nobody is paid by the fund later, as far as both reach,
//! and the bearers still sum to the loss.

use crate::support::stage::*;
use breakwater_engine::Body;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{Fact, Policy, Rejection};
use breakwater_money::{Amount, AssetId, Holder, Unit};

/// A deficit of 300 that nobody bears yet.
fn pool() -> Stage {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_200));
    stage.done(absorb(&[1]));
    assert_eq!(stage.engine.losses()[&CASH].outstanding, 300 * ONE_CASH);
    stage
}

fn covered(stage: &mut Stage, amount: u128) -> (u128, u128) {
    match facts(&stage.done(cover(amount)))[..] {
        [Fact::Covered { bearer: Bearer::Insurance, amount, outstanding }] => {
            assert_eq!(amount, Amount::new(CASH, amount.raw));
            (amount.raw, outstanding)
        }
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn the_fund_pays_the_least_of_what_is_asked_owed_and_there() {
    for (in_fund, asked, paid) in [
        (400 * ONE_CASH, 100 * ONE_CASH, 100 * ONE_CASH),
        (400 * ONE_CASH, u128::MAX, 300 * ONE_CASH),
        (300 * ONE_CASH - 1, 300 * ONE_CASH, 300 * ONE_CASH - 1),
        (300 * ONE_CASH + 1, 300 * ONE_CASH + 1, 300 * ONE_CASH),
        (1, u128::MAX, 1),
    ] {
        let mut stage = pool();
        stage.done(fund(in_fund));
        let reserve = stage.balance(Holder::Reserve, Unit::token(CASH));
        let left = 300 * ONE_CASH - paid;
        assert_eq!(covered(&mut stage, asked), (paid, left));
        let losses = stage.engine.losses()[&CASH];
        assert_eq!((losses.insurance, losses.outstanding), (paid, left));
        assert_eq!(losses.deficit, 300 * ONE_CASH);
        assert_eq!(stage.fund_balance(), (in_fund - paid).cast_signed());
        let cash = stage.balance(Holder::Reserve, Unit::token(CASH));
        assert_eq!(cash - reserve, paid.cast_signed());
        assert_eq!(stage.balance(Holder::Outstanding, Unit::deficit(CASH)), left.cast_signed());
    }
}

#[test]
fn nothing_to_cover_and_nothing_to_cover_it_with_are_refused() {
    let mut stage = pool();
    assert_eq!(stage.refused(cover(0)), Rejection::AmountZero);
    let strange = Body::CoverDeficit { asset: AssetId(9), amount: 1 };
    assert_eq!(stage.refused(strange), Rejection::UnknownAsset);
    assert_eq!(stage.refused(cover(1)), Rejection::InsufficientBalance);
    let whole = Body::CoverDeficit { asset: ETH, amount: 1 };
    assert_eq!(stage.refused(whole), Rejection::NothingToCover);
    stage.done(fund(300 * ONE_CASH));
    stage.done(Body::Halt { on: true });
    assert_eq!(covered(&mut stage, u128::MAX), (300 * ONE_CASH, 0));
    assert_eq!(stage.refused(cover(1)), Rejection::NothingToCover);
}

/// An exchange has paid winners already, out of nothing: there the fund pays that back.
#[test]
fn what_an_exchange_paid_out_of_nothing_is_paid_back() {
    let backstop = BackstopPolicy { insurance: true, ..BackstopPolicy::default() };
    let mut stage = Stage::perpetual(Policy { backstop, ..venue_sells() }, 2);
    stage.done(deposit(0, CASH, 300 * ONE_CASH));
    stage.done(deposit(1, CASH, 2_000 * ONE_CASH));
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    let order = orders(&stage.price(ETH, at(1_500)))[0];
    stage.done(fill(order.leg, ONE_ETH, 1_500 * ONE_CASH, true));
    let outstanding = stage.engine.losses()[&CASH].outstanding;
    assert_eq!(outstanding, 200 * ONE_CASH);
    assert_eq!(stage.balance(Holder::Outstanding, Unit::token(CASH)), -200_000_000);
    stage.done(fund(500 * ONE_CASH));
    assert_eq!(covered(&mut stage, 50 * ONE_CASH), (50 * ONE_CASH, 150 * ONE_CASH));
    assert_eq!(covered(&mut stage, u128::MAX), (150 * ONE_CASH, 0));
    assert_eq!(stage.balance(Holder::Outstanding, Unit::token(CASH)), 0);
    assert_eq!(stage.fund_balance(), 300_000_000);
}
