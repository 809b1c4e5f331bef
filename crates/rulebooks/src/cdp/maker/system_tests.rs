//! The branches that the vectors of the real contracts leave thin, and every edge by one unit.

use super::cat::{Cat, Prices, Sizing, Urn};
use super::english::{Revert, Setting};
use super::system::{Ilk, System};
use super::vow::Vow;
use breakwater_auction::english::Bid;
use breakwater_money::{AccountId, Ray, U256, Wad};

const ALICE: AccountId = AccountId(0);
const BOB: AccountId = AccountId(1);
const OWNER: AccountId = AccountId(2);
const ADMIN: AccountId = AccountId(3);

fn n(number: u128) -> U256 {
    U256::from(number)
}

fn wad(whole: u128) -> U256 {
    n(whole) * Wad::one().raw
}

fn ray(whole: u128) -> U256 {
    n(whole) * Ray::one().raw
}

fn rad(whole: u128) -> U256 {
    wad(whole) * Ray::one().raw
}

fn bid(bidder: AccountId, amount: U256, lot: U256) -> Bid<AccountId> {
    Bid { bidder, amount, lot }
}

const ONE_HOUR: Setting = Setting {
    beg: Wad::from_raw(U256::from_limbs([1_050_000_000_000_000_000, 0, 0, 0])),
    ttl: 3_600,
    tau: 86_400,
};

/// A vault of ten units and a debt of 1,000, ten per cent of penalty, bitten whole at time 100: a tab
/// of 1,100 for a lot of ten. Alice and Bob have 5,000 each, the admin 700.
fn bitten() -> System {
    let mut system = vault();
    assert_eq!(system.bite(0, OWNER, 100), Ok(1));
    system
}

fn vault() -> System {
    let prices = Prices { rate: Ray::one(), spot: Ray::from_raw(ray(99)), dust: rad(20) };
    let sizing = Sizing::ByDebt { dunk: rad(5_000), chop: Wad::new(1_100_000_000_000_000_000) };
    let mut ilk = Ilk::new(prices, sizing);
    ilk.flip.setting = ONE_HOUR;
    ilk.urns.insert(OWNER, Urn { ink: wad(10), art: wad(1_000) });
    let cat = Cat { litter_most: rad(10_000), ..Cat::default() };
    let mut system = System { cat, ilks: vec![ilk], ..System::default() };
    system.dai.set(ALICE, rad(5_000));
    system.dai.set(BOB, rad(5_000));
    system.dai.set(ADMIN, rad(700));
    system
}

/// A refused call changes nothing.
fn refuses<T: std::fmt::Debug + PartialEq>(
    system: &mut System,
    why: Revert,
    call: impl FnOnce(&mut System) -> Result<T, Revert>,
) {
    let before = system.clone();
    assert_eq!(call(system), Err(why));
    assert_eq!(*system, before, "{why}");
}

fn tend(system: &mut System, who: AccountId, amount: U256, now: u64) -> Result<(), Revert> {
    system.tend(0, 1, &bid(who, amount, wad(10)), now)
}

fn dent(system: &mut System, who: AccountId, lot: U256, now: u64) -> Result<(), Revert> {
    system.dent(0, 1, &bid(who, rad(1_100), lot), now)
}

#[test]
fn a_bite_moves_the_vault_into_an_auction_and_its_debt_into_the_queue() {
    let mut system = bitten();
    let it = &system.ilks[0];
    assert_eq!(it.urns[&OWNER], Urn::default());
    assert_eq!(it.gem_on_auction, wad(10));
    let sale = &it.flip.sales[&1];
    assert_eq!((sale.tab, sale.auction.lot, sale.auction.ends_at), (rad(1_100), wad(10), 86_500));
    assert_eq!(system.cat.litter, rad(1_100));
    assert_eq!((system.vow.sin, system.vow.queued), (rad(1_000), rad(1_000)));
    assert_eq!(system.vow.free_debt(), Ok(n(0)));
    refuses(&mut system, Revert::NotUnsafe, |it| it.bite(0, OWNER, 100));
}

#[test]
fn a_vault_exactly_covered_is_safe_and_one_unit_less_is_not() {
    let mut system = vault();
    // Ten times 100 covers 1,000 exactly.
    system.ilks[0].prices.spot = Ray::from_raw(ray(100));
    refuses(&mut system, Revert::NotUnsafe, |it| it.bite(0, OWNER, 100));
    system.ilks[0].prices.spot = Ray::from_raw(n(0));
    refuses(&mut system, Revert::NotUnsafe, |it| it.bite(0, OWNER, 100));
    system.ilks[0].prices.spot = Ray::from_raw(ray(100) - n(1));
    assert_eq!(system.bite(0, OWNER, 100), Ok(1));
}

#[test]
fn the_room_under_the_limit_must_reach_the_least_debt() {
    let mut system = vault();
    system.cat.litter = rad(9_980) + n(1);
    refuses(&mut system, Revert::LimitHit, |it| it.bite(0, OWNER, 100));
    system.cat.litter = rad(9_980);
    assert_eq!(system.bite(0, OWNER, 100), Ok(1));
    assert!(system.cat.litter <= system.cat.litter_most);
    system.cat.litter = rad(10_000);
    system.ilks[0].prices.dust = n(0);
    refuses(&mut system, Revert::LimitHit, |it| it.bite(0, OWNER, 100));
    // A limit lowered under what is on auction is no room but an underflow.
    system.cat.litter = rad(10_000) + n(1);
    refuses(&mut system, Revert::Arithmetic, |it| it.bite(0, OWNER, 100));
    system.cat.live = false;
    refuses(&mut system, Revert::NotLive, |it| it.bite(0, OWNER, 100));
}

#[test]
fn an_auction_takes_at_most_its_debt_and_never_nothing() {
    let mut system = vault();
    let sizing = |dunk, chop| Sizing::ByDebt { dunk, chop: Wad::from_raw(chop) };
    // 110 of debt, penalty included, are a tenth of the vault.
    let tenth = n(1_100_000_000_000_000_000);
    system.ilks[0].sizing = sizing(rad(110), tenth);
    assert_eq!(system.bite(0, OWNER, 100), Ok(1));
    assert_eq!(system.ilks[0].urns[&OWNER], Urn { ink: wad(9), art: wad(900) });
    assert_eq!(system.cat.litter, rad(110));
    system.ilks[0].sizing = sizing(n(0), tenth);
    refuses(&mut system, Revert::NullAuction, |it| it.bite(0, OWNER, 100));
    system.ilks[0].sizing = sizing(rad(110), n(0));
    refuses(&mut system, Revert::Halt, |it| it.bite(0, OWNER, 100));
    // So little debt that no collateral belongs to it.
    system.ilks[0].sizing = sizing(ray(50), Wad::one().raw);
    refuses(&mut system, Revert::NullAuction, |it| it.bite(0, OWNER, 100));
    system.ilks[0].sizing = sizing(U256::MAX, Wad::one().raw);
    system.cat.litter_most = U256::MAX;
    refuses(&mut system, Revert::Arithmetic, |it| it.bite(0, OWNER, 100));
}

#[test]
fn the_first_cat_sold_fixed_lots_and_knew_no_limit() {
    let mut system = vault();
    let chop = Ray::from_raw(n(1_130_000_000_000_000_000_000_000_000));
    system.ilks[0].sizing = Sizing::ByLot { lump: wad(4), chop };
    system.cat.litter_most = n(0);
    for (id, lot, tab) in [(1, 4, 452), (2, 4, 452), (3, 2, 226)] {
        assert_eq!(system.bite(0, OWNER, 100), Ok(id));
        let sale = &system.ilks[0].flip.sales[&id];
        assert_eq!((sale.auction.lot, sale.tab), (wad(lot), rad(tab)));
    }
    assert_eq!(system.cat.litter, n(0));
    refuses(&mut system, Revert::NotUnsafe, |it| it.bite(0, OWNER, 100));
    assert_eq!(system.tend(0, 1, &bid(ALICE, n(1), wad(4)), 100), Ok(()));
    assert_eq!(system.deal(0, 1, 3_701), Ok(()), "nothing is taken off a limit that there is not");

    // The debt times the penalty in rays: 102,470 fit, 102,471 do not.
    for (debt, taken) in [(102_470u128, true), (102_471, false)] {
        let mut large = vault();
        large.ilks[0].sizing = Sizing::ByLot { lump: wad(5_000), chop };
        large.ilks[0].urns.insert(OWNER, Urn { ink: wad(10), art: wad(debt) });
        assert_eq!(large.bite(0, OWNER, 100).is_ok(), taken, "{debt}");
    }
    let mut hollow = vault();
    hollow.ilks[0].sizing = Sizing::ByLot { lump: wad(4), chop };
    hollow.ilks[0].urns.insert(OWNER, Urn { ink: n(0), art: wad(1) });
    refuses(&mut hollow, Revert::Halt, |it| it.bite(0, OWNER, 100));
}

#[test]
fn the_last_increment_may_be_smaller_if_it_lands_on_the_tab() {
    let mut system = bitten();
    assert_eq!(tend(&mut system, ALICE, rad(1_100) - n(2), 100), Ok(()));
    let near = rad(1_100) - n(1);
    refuses(&mut system, Revert::InsufficientIncrease, |it| tend(it, BOB, near, 100));
    refuses(&mut system, Revert::HigherThanTab, |it| tend(it, BOB, rad(1_100) + n(1), 100));
    refuses(&mut system, Revert::BidNotHigher, |it| tend(it, BOB, rad(1_100) - n(2), 100));
    assert_eq!(tend(&mut system, BOB, rad(1_100), 100), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.dai.of(BOB)), (rad(5_000), rad(3_900)));
    assert_eq!(system.vow.dai, rad(1_100));
}

#[test]
fn in_the_second_of_tic_or_end_neither_bids_nor_deals_are_taken() {
    let mut system = bitten();
    assert_eq!(tend(&mut system, ALICE, rad(100), 100), Ok(()));
    // tic is 3,700.
    let mut before = system.clone();
    assert_eq!(tend(&mut before, BOB, rad(200), 3_699), Ok(()));
    refuses(&mut system, Revert::FinishedByBid, |it| tend(it, BOB, rad(200), 3_700));
    refuses(&mut system, Revert::NotFinished, |it| it.deal(0, 1, 3_700));
    refuses(&mut system, Revert::NotFinished, |it| it.deal(0, 1, 3_699));
    refuses(&mut system, Revert::FinishedByBid, |it| tend(it, BOB, rad(200), 3_701));
    assert_eq!(system.deal(0, 1, 3_701), Ok(()));
    assert_eq!((system.ilks[0].gem.of(ALICE), system.cat.litter), (wad(10), n(0)));
    refuses(&mut system, Revert::NotFinished, |it| it.deal(0, 1, 3_702));

    // The end is 86,500, whatever the life of a bid.
    let mut system = bitten();
    assert_eq!(tend(&mut system, ALICE, rad(100), 86_499), Ok(()));
    refuses(&mut system, Revert::FinishedByEnd, |it| tend(it, BOB, rad(200), 86_500));
    refuses(&mut system, Revert::NotFinished, |it| it.deal(0, 1, 86_500));
    assert_eq!(system.ilks[0].flip.sales[&1].auction.ends_at, 86_500, "bids never extend it");
    assert_eq!(system.deal(0, 1, 86_501), Ok(()));
}

#[test]
fn a_restart_needs_an_end_that_is_over_and_no_bid() {
    let mut system = bitten();
    refuses(&mut system, Revert::NotFinished, |it| it.tick(0, 1, 86_500));
    let mut bidden = system.clone();
    assert_eq!(system.tick(0, 1, 86_501), Ok(()));
    assert_eq!(system.ilks[0].flip.sales[&1].auction.ends_at, 172_901);
    assert_eq!(tend(&mut bidden, ALICE, rad(1), 86_499), Ok(()));
    refuses(&mut bidden, Revert::NotFinished, |it| it.tick(0, 1, 86_500));
    refuses(&mut bidden, Revert::BidPlaced, |it| it.tick(0, 1, 86_501));
}

#[test]
fn a_leader_who_bids_again_pays_the_difference_and_for_less_of_the_lot_nothing() {
    let mut system = bitten();
    assert_eq!(tend(&mut system, ALICE, rad(400), 100), Ok(()));
    assert_eq!(tend(&mut system, ALICE, rad(1_100), 200), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.vow.dai), (rad(3_900), rad(1_100)));
    assert_eq!(dent(&mut system, ALICE, wad(8), 300), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.vow.dai), (rad(3_900), rad(1_100)));
    assert_eq!(system.ilks[0].gem.of(OWNER), wad(2), "released at once");
    assert_eq!(dent(&mut system, BOB, wad(7), 400), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.dai.of(BOB)), (rad(5_000), rad(3_900)));
    assert_eq!(system.ilks[0].gem.of(OWNER), wad(3));
    assert_eq!(system.ilks[0].gem_on_auction, wad(7));
}

#[test]
fn the_lot_shrinks_by_the_least_step_once_the_debt_is_bid() {
    let mut system = bitten();
    let amount = rad(1_100);
    refuses(&mut system, Revert::BidNotMatching, |it| dent(it, BOB, wad(9), 100));
    assert_eq!(tend(&mut system, ALICE, amount - n(1), 100), Ok(()));
    let offer = bid(BOB, amount - n(1), wad(9));
    refuses(&mut system, Revert::TendNotFinished, |it| it.dent(0, 1, &offer, 100));
    assert_eq!(tend(&mut system, ALICE, amount, 100), Ok(()));
    refuses(&mut system, Revert::LotNotLower, |it| dent(it, BOB, wad(10), 100));
    // 10 / 1.05 is 9.523809523809523809523...
    let least = n(9_523_809_523_809_523_809);
    refuses(&mut system, Revert::InsufficientDecrease, |it| dent(it, BOB, least + n(1), 100));
    assert_eq!(dent(&mut system, BOB, least, 100), Ok(()));
    let offer = bid(ALICE, amount, wad(10));
    refuses(&mut system, Revert::LotNotMatching, |it| it.tend(0, 1, &offer, 100));
}

#[test]
fn a_bidder_without_the_money_is_refused_by_a_unit() {
    let mut system = bitten();
    system.dai.set(BOB, rad(200) - n(1));
    refuses(&mut system, Revert::Arithmetic, |it| tend(it, BOB, rad(200), 100));
    assert_eq!(tend(&mut system, ALICE, rad(100), 100), Ok(()));
    // Enough to repay the leader, not for what comes on top.
    refuses(&mut system, Revert::Arithmetic, |it| tend(it, BOB, rad(200), 100));
    system.dai.set(BOB, rad(200));
    assert_eq!(tend(&mut system, BOB, rad(200), 100), Ok(()));
    assert_eq!(system.dai.of(BOB), n(0));
}

#[test]
fn a_yank_is_paid_from_the_admins_own_money_and_the_lot_is_his() {
    let mut system = bitten();
    assert_eq!(tend(&mut system, ALICE, rad(700), 100), Ok(()));
    let mut poor = system.clone();
    poor.dai.set(ADMIN, rad(700) - n(1));
    refuses(&mut poor, Revert::Arithmetic, |it| it.yank(0, 1, ADMIN));
    assert_eq!(system.yank(0, 1, ADMIN), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.dai.of(ADMIN)), (rad(5_000), n(0)));
    assert_eq!(system.vow.dai, rad(700), "the system keeps what was bid");
    assert_eq!((system.ilks[0].gem.of(ADMIN), system.cat.litter), (wad(10), n(0)));
    refuses(&mut system, Revert::GuyNotSet, |it| it.yank(0, 1, ADMIN));

    let mut full = bitten();
    assert_eq!(tend(&mut full, ALICE, rad(1_100), 100), Ok(()));
    refuses(&mut full, Revert::DentPhase, |it| it.yank(0, 1, ADMIN));
}

#[test]
fn an_auction_that_does_not_exist_takes_nothing_but_a_restart_that_nobody_sees() {
    let mut system = bitten();
    let offer = bid(ALICE, rad(1), wad(10));
    refuses(&mut system, Revert::GuyNotSet, |it| it.tend(0, 2, &offer, 100));
    refuses(&mut system, Revert::GuyNotSet, |it| it.dent(0, 0, &offer, 100));
    refuses(&mut system, Revert::GuyNotSet, |it| it.yank(0, 2, ADMIN));
    refuses(&mut system, Revert::NotFinished, |it| it.deal(0, 2, 100));
    let before = system.clone();
    assert_eq!(system.tick(0, 2, 100), Ok(()));
    assert_eq!(system, before);
}

#[test]
fn times_beyond_48_bits_are_an_overflow() {
    let most = (1 << 48) - 1;
    let mut system = vault();
    refuses(&mut system, Revert::Arithmetic, |it| it.bite(0, OWNER, most - 86_399));
    assert_eq!(system.bite(0, OWNER, most - 86_400), Ok(1));
    let late = most - 3_599;
    refuses(&mut system, Revert::Arithmetic, |it| tend(it, ALICE, rad(1), late));
    assert_eq!(tend(&mut system, ALICE, rad(1), late - 1), Ok(()));
}

/// Books with a surplus of 30 over a buffer of 10, sold in tens; Alice has 100 tokens.
fn surplus() -> System {
    let vow = Vow { dai: rad(30), bump: rad(10), hump: rad(10), ..Vow::default() };
    let mut system = System { vow, ..System::default() };
    (system.flap.setting, system.flap.lid) = (ONE_HOUR, rad(20));
    system.gov.set(ALICE, wad(100));
    system.gov.set(BOB, wad(100));
    system.gov_issued = wad(200);
    system
}

#[test]
fn surplus_is_sold_above_the_buffer_and_below_the_limit() {
    let mut system = surplus();
    system.vow.dai = rad(20) - n(1);
    refuses(&mut system, Revert::InsufficientSurplus, |it| it.flap(100));
    system.vow.dai = rad(40);
    system.vow.sin = n(1);
    refuses(&mut system, Revert::DebtNotZero, |it| it.flap(100));
    // Queued debt is no obstacle but raises what is needed.
    system.vow.queued = n(1);
    assert_eq!(system.flap(100), Ok(1));
    assert_eq!((system.vow.dai, system.flap.fill), (rad(30), rad(10)));
    system.flap.lid = rad(20) - n(1);
    refuses(&mut system, Revert::OverLid, |it| it.flap(100));
    system.flap.lid = rad(20);
    assert_eq!(system.flap(100), Ok(2));
}

#[test]
fn tokens_bid_for_surplus_are_held_refunded_and_burnt() {
    let mut system = surplus();
    assert_eq!(system.flap(100), Ok(1));
    let mut tend = |who, amount, now| system.flap_tend(1, &bid(who, amount, rad(10)), now);
    assert_eq!(tend(ALICE, wad(101), 100), Err(Revert::TokenBalance));
    assert_eq!(tend(ALICE, wad(40), 100), Ok(()));
    assert_eq!(tend(BOB, wad(42) - n(1), 100), Err(Revert::InsufficientIncrease));
    assert_eq!(tend(BOB, wad(42), 100), Ok(()));
    assert_eq!(tend(BOB, wad(60), 200), Ok(()));
    assert_eq!((system.gov.of(ALICE), system.gov.of(BOB)), (wad(100), wad(40)));
    assert_eq!((system.flap.gov, system.gov_supply()), (wad(60), wad(200)));
    refuses(&mut system, Revert::NotFinished, |it| it.flap_deal(1, 3_800));
    assert_eq!(system.flap_deal(1, 3_801), Ok(()));
    assert_eq!((system.dai.of(BOB), system.flap.fill), (rad(10), n(0)));
    assert_eq!((system.flap.gov, system.gov_supply()), (n(0), wad(140)));
    refuses(&mut system, Revert::StillLive, |it| it.flap_yank(1));
}

#[test]
fn a_stop_returns_surplus_at_once_and_bids_one_by_one() {
    let mut system = surplus();
    assert_eq!((system.flap(100), system.flap(100)), (Ok(1), Ok(2)));
    let offer = bid(ALICE, wad(40), rad(10));
    assert_eq!(system.flap_tend(1, &offer, 100), Ok(()));
    system.vow.sin = rad(4);
    assert_eq!(system.cage(), Ok(()));
    assert_eq!((system.vow.dai, system.vow.sin), (rad(26), n(0)), "what cancels is cancelled");
    refuses(&mut system, Revert::NotLive, System::cage);
    refuses(&mut system, Revert::NotLive, |it| it.flap_tend(1, &offer, 200));
    refuses(&mut system, Revert::NotLive, |it| it.flap_deal(1, 9_999));
    refuses(&mut system, Revert::NotLive, |it| it.flap(200));
    assert_eq!(system.flap_yank(1), Ok(()));
    assert_eq!((system.gov.of(ALICE), system.flap.gov), (wad(100), n(0)));
    assert_eq!(system.flap_yank(2), Ok(()), "nobody has bid: nothing to return");
    refuses(&mut system, Revert::GuyNotSet, |it| it.flap_yank(1));
}

/// Books with free bad debt of 25, auctioned in tens for 200 tokens; Alice and Bob have 50 each.
fn deficit() -> System {
    let vow = Vow { sin: rad(25), sump: rad(10), dump: wad(200), ..Vow::default() };
    let mut system = System { vow, ..System::default() };
    system.flop.setting = ONE_HOUR;
    system.dai.set(ALICE, rad(50));
    system.dai.set(BOB, rad(50));
    system
}

#[test]
fn debt_is_auctioned_when_free_debt_suffices_and_no_surplus_is_left() {
    let mut system = deficit();
    system.vow.queued = rad(15) + n(1);
    refuses(&mut system, Revert::InsufficientDebt, |it| it.flop(100));
    system.vow.queued = rad(15);
    system.vow.dai = n(1);
    refuses(&mut system, Revert::SurplusNotZero, |it| it.flop(100));
    system.vow.dai = n(0);
    assert_eq!(system.flop(100), Ok(1));
    assert_eq!(system.vow.ash, rad(10));
    refuses(&mut system, Revert::InsufficientDebt, |it| it.flop(100));
}

#[test]
fn the_first_bid_cancels_debt_and_later_ones_repay_the_last() {
    let mut system = deficit();
    assert_eq!((system.flop(100), system.flop(100)), (Ok(1), Ok(2)));
    let take = |who, lot| bid(who, rad(10), lot);
    let odd = bid(ALICE, rad(10) + n(1), wad(100));
    refuses(&mut system, Revert::BidNotMatching, |it| it.flop_dent(1, &odd, 100));
    refuses(&mut system, Revert::LotNotLower, |it| it.flop_dent(1, &take(ALICE, wad(200)), 100));
    assert_eq!(system.flop_dent(1, &take(ALICE, wad(105)), 100), Ok(()));
    assert_eq!((system.vow.ash, system.vow.sin, system.vow.dai), (rad(10), rad(15), n(0)));
    let near = take(BOB, wad(100) + n(1));
    refuses(&mut system, Revert::InsufficientDecrease, |it| it.flop_dent(1, &near, 100));
    assert_eq!(system.flop_dent(1, &take(BOB, wad(100)), 200), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.dai.of(BOB)), (rad(50), rad(40)));
    assert_eq!(system.flop_dent(1, &take(BOB, wad(90)), 300), Ok(()), "at no further cost");
    assert_eq!((system.dai.of(BOB), system.vow.ash, system.vow.sin), (rad(40), rad(10), rad(15)));
    assert_eq!(system.flop_deal(1, 3_901), Ok(()));
    assert_eq!((system.gov.of(BOB), system.gov_supply()), (wad(90), wad(90)));
    system.dai.set(ALICE, rad(10) - n(1));
    refuses(&mut system, Revert::Arithmetic, |it| it.flop_dent(2, &take(ALICE, wad(1)), 300));
}

#[test]
fn a_first_bid_cancels_no_more_than_is_on_auction() {
    let mut system = deficit();
    assert_eq!(system.flop(100), Ok(1));
    // Part of the auctioned debt was cancelled otherwise meanwhile.
    system.vow.dai = rad(4);
    assert_eq!(system.vow.kiss(rad(4)), Ok(()));
    assert_eq!(system.flop_dent(1, &bid(ALICE, rad(10), wad(100)), 100), Ok(()));
    assert_eq!((system.vow.ash, system.vow.dai, system.vow.sin), (n(0), rad(4), rad(15)));
}

#[test]
fn a_lot_nobody_wants_grows_by_half_rounded_down() {
    let mut system = deficit();
    system.vow.dump = n(201);
    assert_eq!(system.flop(100), Ok(1));
    refuses(&mut system, Revert::NotFinished, |it| it.flop_tick(1, 86_500));
    assert_eq!(system.flop_tick(1, 86_501), Ok(()));
    let auction = &system.flop.bids[&1];
    assert_eq!((auction.lot, auction.ends_at), (n(301), 172_901));
    assert_eq!(system.flop_dent(1, &bid(ALICE, rad(10), n(1)), 86_501), Ok(()));
    refuses(&mut system, Revert::BidPlaced, |it| it.flop_tick(1, 172_902));
    system.flop.bids.clear();
    system.vow.dump = U256::MAX;
    assert_eq!(system.flop(100), Ok(2));
    refuses(&mut system, Revert::Arithmetic, |it| it.flop_tick(2, 86_501));
}

#[test]
fn a_stop_repays_whoever_leads_a_debt_auction_by_new_debt() {
    let mut system = deficit();
    assert_eq!((system.flop(100), system.flop(100)), (Ok(1), Ok(2)));
    assert_eq!(system.flop_dent(1, &bid(ALICE, rad(10), wad(100)), 100), Ok(()));
    refuses(&mut system, Revert::StillLive, |it| it.flop_yank(1));
    assert_eq!(system.cage(), Ok(()));
    refuses(&mut system, Revert::NotLive, |it| it.flop_deal(1, 9_999));
    assert_eq!(system.flop_yank(1), Ok(()));
    assert_eq!((system.dai.of(ALICE), system.vow.sin), (rad(50), rad(25)));
    assert_eq!(system.flop_yank(2), Ok(()));
    assert_eq!((system.vow.dai, system.vow.sin), (rad(10), rad(35)), "the system leads its own");
    refuses(&mut system, Revert::GuyNotSet, |it| it.flop_yank(2));
}

#[test]
fn queued_debt_waits_and_heals_only_when_free() {
    let mut vow = Vow { wait: 100, sin: rad(10), dai: rad(10), ..Vow::default() };
    assert_eq!((vow.fess(rad(6), 50), vow.fess(rad(1), 50)), (Ok(()), Ok(())));
    assert_eq!(vow.queued, rad(7));
    assert_eq!(vow.heal(rad(3) + n(1)), Err(Revert::InsufficientDebt));
    assert_eq!(vow.flog(50, 149), Err(Revert::WaitNotFinished));
    assert_eq!(vow.flog(50, 150), Ok(()));
    assert_eq!((vow.flog(50, 150), vow.queued), (Ok(()), n(0)));
    assert_eq!(vow.heal(rad(10) + n(1)), Err(Revert::InsufficientSurplus));
    assert_eq!((vow.heal(rad(10)), vow.dai, vow.sin), (Ok(()), n(0), n(0)));
    assert_eq!(vow.kiss(n(1)), Err(Revert::AshTooSmall));
    vow.ash = n(1);
    assert_eq!(vow.kiss(n(1)), Err(Revert::InsufficientSurplus));
}
