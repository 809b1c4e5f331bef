//! Whoever has bid may count on the lot: its owner takes nothing out, a cure waits, keepers wait, and
//! terms stay as they were. Where it cannot be handed over all the same, whoever would have bought gets
//! the money back.

use crate::support::auctions::*;
use crate::support::broken::{self, Planted};
use crate::support::lending;
use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::auctions::{Format, Raises};
use breakwater_liquidation::{Call, CallState, Disposal, Policy, Rejection, Seller};
use breakwater_money::{AccountId, U256, Unit};

/// A bid of each format that binds its lot.
fn bids() -> [(Format, Body); 3] {
    [
        (Format::English(ENGLISH), raise(7, 1_000)),
        (Format::Sealed(SEALED), commit(1, 7, at(1_000))),
        (Format::Batch(BATCH), order(7, 1_000, ONE_ETH / 2)),
    ]
}

fn note() -> Body {
    Body::Call(Call::Configure { account: AccountId(OWNER), column: 0, value: U256::ZERO })
}

#[test]
fn nothing_is_taken_out_while_a_bid_stands() {
    for format in FORMATS {
        let mut stage = most(format);
        // Much more than is owed, so that the lending rule itself would let it out.
        stage.done(deposit(OWNER, BTC, ONE_BTC));
        assert!(stage.engine.auctions().is_empty(), "a cure calls off what has no bid");
        stage.done(withdraw(OWNER, BTC, ONE_BTC / 10));
    }
    for (format, bid) in bids() {
        let mut stage = most(format);
        stage.done(bid);
        stage.done(deposit(OWNER, BTC, ONE_BTC));
        let name = named(&format);
        assert_eq!(stage.state(OWNER), CallState::Cured, "{name}");
        assert!(stage.engine.auctions().contains_key(&1), "{name}: a bid stands");
        for body in [withdraw(OWNER, ETH, 1), withdraw(OWNER, BTC, 1), borrow(OWNER, 1), note()] {
            let refused = stage.refused_because(body);
            assert_eq!(refused.rejection, Rejection::LotOnAuction, "{name}");
            assert!(refused.detail.contains("auction 1"), "{refused}");
        }
        // Topping up and repaying stay possible, and others are not concerned.
        stage.done(deposit(OWNER, ETH, 1));
        stage.done(repay(OWNER, at(100)));
        stage.done(withdraw(0, CASH, 1));
        stage.live(30);
        assert!(stage.engine.auctions().is_empty(), "{name}");
        stage.done(withdraw(OWNER, BTC, 1));
    }
}

/// The last order taken back sets the lot free.
#[test]
fn what_is_taken_back_binds_nobody() {
    let mut stage = most(Format::Batch(BATCH));
    stage.done(order(7, 1_000, ONE_ETH / 2));
    stage.done(deposit(OWNER, BTC, ONE_BTC));
    assert_eq!(stage.refused(withdraw(OWNER, BTC, 1)), Rejection::LotOnAuction);
    let told = auctioned(&stage.done(withdraw_order(7, 1_000, ONE_ETH / 2)));
    let off = What::AuctionClosed { leg: 1, unsold: ONE_ETH };
    assert_eq!(told.last(), Some(&off), "the cure has waited for this");
    stage.done(withdraw(OWNER, BTC, 1));
}

/// A cure under a bid: the lot is sold all the same, and what it brings is the account's.
#[test]
fn a_cure_comes_too_late_for_what_is_bid_for() {
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 1_600));
    stage.done(deposit(OWNER, BTC, ONE_BTC));
    let told = stage.live(10);
    let sold = What::LotSold { leg: 1, bidder: 7, quantity: ONE_ETH, paid: at(1_600) };
    assert!(told.contains(&sold), "{told:?}");
    assert_eq!(stage.own(OWNER, Unit::debt(CASH)), 0);
    assert_eq!(stage.own(OWNER, Unit::supply(CASH)), at(100).cast_signed());
    assert_eq!(stage.own(OWNER, Unit::supply(BTC)), ONE_BTC.cast_signed());
    // Descending nobody is bound, so that a cure comes in time until the moment of a take.
    let mut stage = most(Format::Dutch(DUTCH));
    let told = auctioned(&stage.done(deposit(OWNER, BTC, ONE_BTC)));
    assert_eq!(told, [What::AuctionClosed { leg: 1, unsold: ONE_ETH }]);
}

#[test]
fn keepers_wait_for_what_is_bid_for() {
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 1_000));
    let keepers = Policy { lot_value: 0, ..Policy::as_is() };
    stage.done(install(lending::RULE, "", keepers));
    assert_eq!(stage.refused(seize(OWNER, ETH, at(100))), Rejection::LotOnAuction);
    let told = stage.live(10);
    assert!(told.iter().any(|what| matches!(what, What::LotSold { .. })), "{told:?}");
    assert!(stage.engine.auctions().is_empty());
}

/// An auction keeps the terms that it was opened on, and what comes after it has the new ones.
#[test]
fn another_policy_changes_no_open_auction() {
    let mut stage = most(Format::English(ENGLISH));
    stage.done(raise(7, 400 + 500));
    let reserved = breakwater_liquidation::auctions::EnglishTerms { reserve_bps: 9_000, ..ENGLISH };
    let strict = auctions(terms(Format::English(reserved), Raises::Debt));
    stage.done(install(lending::RULE, "", strict));
    assert_eq!(stage.engine.auctions()[&1].wanted, None);
    let told = stage.live(10);
    assert!(told.iter().any(|what| matches!(what, What::LotSold { paid, .. } if *paid == at(900))));
    // Sold into a market from now on: what is on auction still ends as one.
    let mut stage = most(Format::Dutch(DUTCH));
    stage.done(install(lending::RULE, "", Policy { disposal: Disposal::Market, ..venue_sells() }));
    stage.live(20);
    let told = auctioned(&stage.done(take(7, ONE_ETH, 1_728)));
    assert!(matches!(told[1], What::LotSold { .. }));
}

/// A rulebook that takes no sale any more: whoever would have bought is refunded, in every format.
#[test]
fn what_cannot_be_handed_over_is_paid_back() {
    for (format, bid) in bids() {
        let policy = auctions(terms(format, Raises::Most));
        let mut stage = Stage::broken(Planted::TransferToSelf, policy.clone(), 2);
        stage.owes(OWNER, ETH, ONE_ETH, at(1_500));
        stage.price(ETH, at(1_800));
        stage.done(bid);
        stage.done(install(broken::RULE, &Planted::RefusesFills.parameters(), policy));
        stage.live(10);
        if matches!(format, Format::Sealed(_)) {
            stage.done(reveal(1, 7, at(1_000)));
        }
        stage.live(10);
        let own = accounts(&stage.told())[&(1, 7)];
        let expected = Account { paid_in: at(1_000), refunded: at(1_000), ..Account::default() };
        assert_eq!((own, stage.escrow()), (expected, 0), "{}", named(&format));
        assert!(stage.engine.auctions().is_empty() && stage.engine.open_legs().is_empty());
        assert_eq!(stage.own(OWNER, Unit::supply(ETH)), ONE_ETH.cast_signed());
    }
    // Who takes at once is refused at once, and the lot is still on offer.
    let policy = auctions(terms(Format::Dutch(DUTCH), Raises::Most));
    let mut stage = Stage::broken(Planted::TransferToSelf, policy.clone(), 2);
    stage.owes(OWNER, ETH, ONE_ETH, at(1_500));
    stage.price(ETH, at(1_800));
    stage.done(install(broken::RULE, &Planted::RefusesFills.parameters(), policy.clone()));
    for quantity in [ONE_ETH / 2, ONE_ETH] {
        assert_eq!(stage.refused(take(7, quantity, 9_999)), Rejection::NotReduceOnly);
    }
    stage.done(install(broken::RULE, &Planted::TransferToSelf.parameters(), policy));
    stage.done(take(7, ONE_ETH, 9_999));
}

/// A deposit that was not revealed is lost, whatever becomes of the lot.
#[test]
fn silence_costs_the_deposit_even_where_nothing_is_sold() {
    let policy = auctions(terms(Format::Sealed(SEALED), Raises::Most));
    let mut stage = Stage::broken(Planted::TransferToSelf, policy.clone(), 2);
    stage.owes(OWNER, ETH, ONE_ETH, at(1_500));
    stage.price(ETH, at(1_800));
    stage.done(commit(1, 7, at(1_000)));
    stage.done(commit(1, 8, at(1_200)));
    stage.done(install(broken::RULE, &Planted::RefusesFills.parameters(), policy));
    stage.live(10);
    stage.done(reveal(1, 7, at(1_000)));
    stage.live(10);
    let all = accounts(&stage.told());
    assert_eq!((all[&(1, 7)].refunded, all[&(1, 7)].bought), (at(1_000), 0));
    assert_eq!((all[&(1, 8)].lost, all[&(1, 8)].refunded), (at(180), 0));
    assert_eq!((stage.fund_balance(), stage.escrow()), (at(180).cast_signed(), 0));
}

/// The venue sells by itself, or nothing is auctioned: the two do not go together otherwise.
#[test]
fn keepers_have_no_auctions() {
    let mut stage = lent(auctions(terms(Format::Dutch(DUTCH), Raises::Most)), 2);
    let policy = auctions(terms(Format::Dutch(DUTCH), Raises::Most));
    let keepers = Policy { seller: Seller::Keepers, ..policy };
    let refused = stage.refused_because(install(lending::RULE, "", keepers));
    assert_eq!(refused.rejection, Rejection::BadParameter);
    assert!(refused.detail.contains("policy.disposal auction"), "{refused}");
}
