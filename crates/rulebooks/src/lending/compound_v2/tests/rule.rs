//! Promises of the rule, case by case and over random accounts. The venue's own numbers are
//! checked by the conformance crate.

use super::super::*;
use proptest::prelude::*;

const ONE: u128 = 1_000_000_000_000_000_000;

fn n(value: u128) -> U256 {
    U256::from(value)
}

/// A market of one unit of value a base unit and one base unit a share, without interest.
fn market() -> Market {
    Market {
        price: n(ONE),
        collateral_factor: Wad::new(ONE / 5 * 4),
        reserve_factor: Wad::new(0),
        borrow_paused: false,
        listed: true,
        initial_exchange_rate: n(ONE),
        cash: n(1_000_000),
        total_borrows: n(0),
        total_reserves: n(0),
        total_supply: n(1_000_000),
        borrow_index: Wad::one(),
        blocks: n(0),
        rates: STILL,
    }
}

/// The same with `owed` lent out of its cash.
fn lent(owed: u128) -> Market {
    Market { cash: n(1_000_000 - owed), total_borrows: n(owed), ..market() }
}

fn supplies(shares: u128) -> Position {
    Position { entered: true, shares: n(shares), ..Position::default() }
}

fn owes(principal: u128) -> Position {
    Position {
        entered: true,
        principal: n(principal),
        interest_index: Wad::one(),
        ..Position::default()
    }
}

fn call(repay: u128) -> Call {
    Call { borrowed: 1, collateral: 0, repay: n(repay), self_liquidation: false }
}

/// 1,000 shares, which may owe 800, against `owed`.
fn scene(owed: u128) -> ([Market; 2], [Position; 2]) {
    ([market(), lent(owed)], [supplies(1_000), owes(owed)])
}

fn run(scene: &([Market; 2], [Position; 2]), call: &Call) -> Result<Outcome, Revert> {
    liquidate_borrow(&Rule::deployed(), &scene.0, &scene.1, call)
}

#[test]
fn exact_equality_is_healthy_and_one_unit_more_is_not() {
    assert_eq!(run(&scene(800), &call(1)), Err(Revert::Healthy));
    assert_eq!(run(&scene(799), &call(1)), Err(Revert::Healthy));
    let out = run(&scene(801), &call(1)).unwrap();
    let all = out.liquidity.unwrap();
    assert_eq!((all.shortfall(), all.spare()), (n(1), n(0)));
    let all = liquidity(&scene(799).0, &scene(799).1).unwrap();
    assert_eq!((all.shortfall(), all.spare(), all.is_liquidatable()), (n(0), n(1), false));
}

#[test]
fn each_product_of_the_health_rounds_down_by_itself() {
    // 3 shares at two base units, a factor of a third, a price of a half: the factor times the
    // rate is 0.666..., times the price 0.333..., times three shares just below one.
    let mut at = market();
    at.collateral_factor = Wad::new(ONE / 3);
    at.price = n(ONE / 2);
    at.total_supply = n(500_000);
    assert_eq!(exchange_rate(&at), Ok(n(2 * ONE)));
    assert_eq!(at.share_weight(&supplies(3), n(2 * ONE)).unwrap(), Wad::new(ONE / 3));
    assert_eq!(liquidity(&[at], &[supplies(3)]).unwrap().collateral, n(0));
    assert_eq!(liquidity(&[at], &[supplies(4)]).unwrap().collateral, n(1));
    // Debts round down too: half a unit of value is owed as nothing.
    assert_eq!(liquidity(&[at], &[owes(1)]).unwrap().owed, n(0));
    assert_eq!(liquidity(&[at], &[owes(3)]).unwrap().owed, n(1));
}

#[test]
fn the_close_factor_rejects_and_never_clamps() {
    let odd = scene(901);
    assert_eq!(run(&odd, &call(450)).unwrap().repaid, n(450));
    assert_eq!(run(&odd, &call(451)), Err(Revert::TooMuch));
    let max = Call { repay: U256::MAX, ..call(0) };
    assert_eq!(run(&odd, &max), Err(Revert::TooMuch));
    assert_eq!(run(&odd, &call(0)), Err(Revert::Zero));
}

#[test]
fn the_venues_checks_are_made_in_the_venues_order() {
    let (mut markets, mut positions) = scene(800);
    markets.iter_mut().for_each(|market| market.price = n(0));
    markets[1].rates.base = BORROW_RATE_MOST + n(1);
    markets[1].blocks = n(1);
    markets[0].listed = false;
    let mut call = Call { self_liquidation: true, ..call(401) };
    let mut rule = Rule { seize_paused: true, ..Rule::deployed() };
    let run = |rule: &Rule, markets: &[Market], positions: &[Position], call: &Call| {
        liquidate_borrow(rule, markets, positions, call).map(|out| out.repaid)
    };
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::RateTooHigh));
    markets[1].blocks = n(0);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::NotListed));
    markets[0].listed = true;
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::NoPrice));
    markets.iter_mut().for_each(|market| market.price = n(ONE));
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::Healthy));
    positions[0].shares = n(1);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::TooMuch));
    call.repay = n(0);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::SelfLiquidation));
    call.self_liquidation = false;
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::Zero));
    call.repay = n(400);
    // What is supplied but not entered does not count, and so needs no price, until it is seized.
    positions[0].entered = false;
    markets[0].price = n(0);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::NoSeizePrice));
    markets[0].price = n(ONE);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::SeizeTooMuch));
    positions[0].shares = n(432);
    assert_eq!(run(&rule, &markets, &positions, &call), Err(Revert::SeizePaused));
    rule.seize_paused = false;
    assert_eq!(run(&rule, &markets, &positions, &call), Ok(n(400)));
    for (borrowed, collateral) in [(2, 0), (1, 2)] {
        let stranger = Call { borrowed, collateral, ..call };
        assert_eq!(run(&rule, &markets, &positions, &stranger), Err(Revert::NotListed));
    }
}

#[test]
fn the_balance_must_hold_every_share_the_repayment_buys() {
    // 400 x 1.08 = 432 shares.
    let (markets, mut positions) = scene(900);
    positions[0].shares = n(432);
    let out = run(&(markets, positions), &call(400)).unwrap();
    assert_eq!((out.seized, out.positions_after[0].shares), (n(432), n(0)));
    positions[0].shares = n(431);
    assert_eq!(run(&(markets, positions), &call(400)), Err(Revert::SeizeTooMuch));
}

#[test]
fn a_repayment_may_buy_no_share_and_is_taken_all_the_same() {
    let (mut markets, mut positions) = scene(900);
    markets[0].price = n(1_000 * ONE);
    positions[0].shares = n(1);
    let out = run(&(markets, positions), &call(450)).unwrap();
    assert_eq!((out.repaid, out.seized, out.to_protocol), (n(450), n(0), n(0)));
    assert_eq!(out.positions_after[1].principal, n(450));
    assert_eq!(out.markets_after[1].cash, markets[1].cash + n(450));
}

#[test]
fn the_protocols_part_is_burnt_at_the_rate_before_the_burn() {
    let mut markets = scene(900).0;
    markets[0].total_supply = n(400_000);
    let positions = [supplies(400), owes(900)];
    // Two and a half base units a share: 450 x 1.08 / 2.5 = 194.4 shares, 2.8 % of 194 is 5.4.
    let out = run(&(markets, positions), &call(450)).unwrap();
    assert_eq!((out.seized, out.to_protocol, out.to_liquidator), (n(194), n(5), n(189)));
    assert_eq!(out.reserves_added, n(12));
    let after = out.markets_after[0];
    assert_eq!(after.total_supply, n(399_995));
    assert_eq!((after.total_reserves, after.cash), (n(12), n(1_000_000)));
}

#[test]
fn one_market_may_be_both_sides() {
    let at = lent(900);
    let position = Position { shares: n(1_000), ..owes(900) };
    let call = Call { borrowed: 0, collateral: 0, repay: n(450), self_liquidation: false };
    let out = liquidate_borrow(&Rule::deployed(), &[at], &[position], &call).unwrap();
    // 450 x 1.08 = 486 shares, of which 13 are burnt.
    assert_eq!((out.seized, out.to_protocol), (n(486), n(13)));
    assert_eq!(out.positions_after[0].shares, n(514));
    assert_eq!(out.positions_after[0].principal, n(450));
    let after = out.markets_after[0];
    assert_eq!((after.cash, after.total_borrows), (at.cash + n(450), n(450)));
    assert_eq!((after.total_reserves, after.total_supply), (n(13), n(999_987)));
}

#[test]
fn a_deprecated_market_is_liquidated_in_any_health_and_whole() {
    let (mut markets, positions) = scene(100);
    markets[1].collateral_factor = Wad::new(0);
    markets[1].borrow_paused = true;
    markets[1].reserve_factor = Wad::one();
    assert_eq!(run(&(markets, positions), &call(101)), Err(Revert::MoreThanOwed));
    let out = run(&(markets, positions), &call(100)).unwrap();
    assert_eq!(out.positions_after[1].principal, n(0));
    assert_eq!(out.liquidity.unwrap().spare(), n(700));
    // Each of the three marks is needed.
    let one_off = |f: fn(&mut Market)| {
        let mut markets = markets;
        f(&mut markets[1]);
        assert_eq!(run(&(markets, positions), &call(50)), Err(Revert::Healthy));
    };
    one_off(|m| m.collateral_factor = Wad::new(1));
    one_off(|m| m.borrow_paused = false);
    one_off(|m| m.reserve_factor = Wad::new(ONE - 1));
    one_off(|m| m.reserve_factor = Wad::new(ONE + 1));
    // Another market without a price does not matter there.
    let mut markets = markets.to_vec();
    markets.push(Market { price: n(0), ..market() });
    let positions = [positions[0], positions[1], supplies(1)];
    let out = liquidate_borrow(&Rule::deployed(), &markets, &positions, &call(100)).unwrap();
    assert_eq!(out.liquidity, None);
}

#[test]
fn an_entered_market_without_a_price_refuses_even_when_it_is_empty() {
    let (markets, positions) = scene(900);
    let mut markets = markets.to_vec();
    markets.push(Market { price: n(0), ..market() });
    let mut positions = positions.to_vec();
    positions.push(supplies(0));
    let run = |positions: &[Position]| {
        liquidate_borrow(&Rule::deployed(), &markets, positions, &call(1)).map(|out| out.repaid)
    };
    assert_eq!(run(&positions), Err(Revert::NoPrice));
    positions[2].entered = false;
    assert_eq!(run(&positions), Ok(n(1)));
}

/// A market that pays `rate` a block and has not accrued for `blocks`.
fn earning(base: Market, rate: u128, blocks: u128) -> Market {
    Market { rates: TwoSlopes { base: n(rate), ..STILL }, blocks: n(blocks), ..base }
}

#[test]
fn interest_is_simple_and_its_parts_round_down_each_by_itself() {
    let mut at = earning(lent(999_999), 1_000_000_000_000, 1_000_001);
    at.reserve_factor = Wad::new(ONE / 10);
    at.borrow_index = Wad::new(ONE + 1);
    let after = accrue(&at).unwrap();
    // A factor of 1.000001 on 999,999 is 999,999.999999, and a tenth of 999,999 is 99,999.9.
    assert_eq!(after.total_borrows, n(999_999 + 999_999));
    assert_eq!(after.total_reserves, n(99_999));
    assert_eq!(after.borrow_index, Wad::new(2 * ONE + 1_000_000_000_000 + 2));
    assert_eq!((after.cash, after.total_supply, after.blocks), (at.cash, at.total_supply, n(0)));
    assert_eq!(accrue(&after), Ok(after), "a second time in a block moves nothing");
}

#[test]
fn usage_may_exceed_one_and_the_rate_has_a_limit() {
    // Reserves of half the market leave borrows of twice what belongs to the lenders.
    let mut at = lent(1_000_000);
    at.total_reserves = n(500_000);
    at.rates = TwoSlopes { base: n(3), slope_low: n(10), kink: n(ONE / 2), slope_high: n(100) };
    assert_eq!(borrow_rate(&at), Ok(n(3 + 5 + 150)));
    assert_eq!(borrow_rate(&Market { total_borrows: n(0), ..at }), Ok(n(3)));
    at.total_reserves = n(1_000_000);
    assert_eq!(borrow_rate(&at), Err(Revert::Arithmetic), "division by zero");
    at.total_reserves = n(1_000_001);
    assert_eq!(borrow_rate(&at), Err(Revert::Arithmetic), "below zero");

    let most = u128::try_from(BORROW_RATE_MOST).unwrap();
    assert!(accrue(&earning(market(), most, 1)).is_ok());
    assert_eq!(accrue(&earning(market(), most + 1, 1)), Err(Revert::RateTooHigh));
    assert!(accrue(&earning(market(), most + 1, 0)).is_ok(), "without a block nothing is asked");
}

#[test]
fn only_the_named_markets_accrue() {
    // The index doubles in the call: 450 owed become 900, with another market left stale.
    let rate = 1_000_000_000_000;
    let stale = earning(lent(1_000), rate, 1_000_000);
    let markets = [market(), earning(lent(450), rate, 1_000_000), stale];
    let positions = [supplies(1_000), owes(450), owes(1)];
    let out = liquidate_borrow(&Rule::deployed(), &markets, &positions, &call(450)).unwrap();
    assert_eq!(out.owed_before, n(900));
    assert_eq!(out.liquidity.unwrap().shortfall(), n(101));
    assert_eq!(out.markets_after[2], stale);
    assert_eq!(out.positions_after[1].interest_index, Wad::new(2 * ONE));
    assert_eq!(out.positions_after[2], positions[2]);
    // The stale debt doubles when its own market is named.
    let other = Call { borrowed: 2, ..call(1) };
    let at = accrued(&markets, &other).unwrap();
    assert_eq!(borrow_balance(&at[2], &positions[2]), Ok(n(2)));
    assert_eq!(borrow_balance(&at[1], &positions[1]), Ok(n(450)));
}

#[test]
fn the_last_borrower_may_owe_more_than_the_market_has_lent() {
    let (mut markets, positions) = scene(900);
    markets[1].total_borrows = n(449);
    assert_eq!(run(&(markets, positions), &call(450)), Err(Revert::Arithmetic));
    assert!(run(&(markets, positions), &call(449)).is_ok());
    let ask = Call { repay: U256::MAX, ..call(0) };
    let found = largest_call(&Rule::deployed(), &markets, &positions, &ask).unwrap();
    assert_eq!(found.call.repay, n(449));
}

#[test]
fn what_the_contracts_arithmetic_refuses_is_refused() {
    let base = scene(900);
    let altered = |f: fn(&mut ([Market; 2], [Position; 2]))| {
        let mut scene = base;
        f(&mut scene);
        run(&scene, &call(400)).map(|out| out.repaid)
    };
    assert_eq!(altered(|_| ()), Ok(n(400)));
    // A debt without an index, reserves above cash and borrows, shares worth nothing, and widths.
    assert_eq!(altered(|s| s.1[1].interest_index = Wad::new(0)), Err(Revert::Arithmetic));
    assert_eq!(altered(|s| s.0[1].total_reserves = n(1_000_001)), Err(Revert::Arithmetic));
    assert_eq!(altered(|s| s.0[0].total_reserves = n(1_000_000)), Err(Revert::Arithmetic));
    assert_eq!(altered(|s| s.0[0].price = U256::MAX), Err(Revert::Arithmetic));
    assert_eq!(altered(|s| s.0[1].cash = U256::MAX), Err(Revert::Arithmetic));
    assert_eq!(altered(|s| s.0[1].blocks = U256::MAX), Ok(n(400)), "no rate, no overflow");
    assert_eq!(
        altered(|s| {
            s.0[1].rates.base = n(2);
            s.0[1].blocks = U256::MAX;
        }),
        Err(Revert::Arithmetic)
    );
    // A market without shares uses its initial rate, and none of its shares can be burnt.
    assert_eq!(
        altered(|s| s.0[0].total_supply = n(0)),
        Err(Revert::Arithmetic),
        "the protocol's shares are not there to burn"
    );
}

#[test]
fn a_market_without_shares_uses_the_initial_rate() {
    let empty = Market { total_supply: n(0), initial_exchange_rate: n(7), ..market() };
    assert_eq!(exchange_rate(&empty), Ok(n(7)));
    assert_eq!(exchange_rate(&Market { total_supply: n(3), ..empty }), Ok(n(1_000_000 * ONE / 3)));
}

#[test]
fn the_largest_call_meets_each_bound_exactly() {
    let ask = Call { repay: U256::MAX, ..call(0) };
    let largest = |scene: &([Market; 2], [Position; 2]), ask: &Call| {
        largest_call(&Rule::deployed(), &scene.0, &scene.1, ask).map(|found| found.call.repay)
    };
    let mut at = scene(901);
    assert_eq!(largest(&at, &ask), Ok(n(450)), "the close factor");
    assert_eq!(largest(&at, &call(7)), Ok(n(7)), "what is offered");
    // 108 shares pay for 100 and, as 100.9 would buy 108.97 of them, for no more.
    at.1[0].shares = n(108);
    assert_eq!(largest(&at, &ask), Ok(n(100)), "the shares");
    at.1[0].shares = n(0);
    assert_eq!(largest(&at, &ask), Err(Revert::Zero), "no repayment buys no more than no share");
    at.0[0].price = n(1_000 * ONE);
    assert_eq!(largest(&at, &ask), Ok(n(450)), "450 buys 0.486 shares");
    assert_eq!(largest(&scene(800), &ask), Err(Revert::Healthy));
}

fn any_market() -> impl Strategy<Value = Market> {
    let price = prop_oneof![Just(ONE), 1..100 * ONE, ONE..1_000_000 * ONE];
    let amounts = (0u128..1_000_000, 0u128..1_000_000, 0u128..1_000, 1u128..1_000_000);
    (price, 0u128..=9, amounts, 0u128..1_000_000_000_000, 0u128..10_000, ONE..2 * ONE).prop_map(
        |(price, factor, (cash, borrows, reserves, supply), rate, blocks, index)| Market {
            price: n(price),
            collateral_factor: Wad::new(factor * ONE / 10),
            reserve_factor: Wad::new(ONE / 10),
            cash: n(cash + reserves + 1),
            total_borrows: n(borrows),
            total_reserves: n(reserves),
            total_supply: n(supply),
            borrow_index: Wad::new(index),
            blocks: n(blocks),
            rates: TwoSlopes { base: n(rate), slope_low: n(rate), kink: n(ONE), slope_high: n(0) },
            ..market()
        },
    )
}

fn any_position() -> impl Strategy<Value = Position> {
    let amount = || prop_oneof![Just(0u128), 0u128..5, 0u128..200_000];
    (any::<bool>(), amount(), amount(), ONE..2 * ONE).prop_map(|(entered, shares, owed, index)| {
        Position {
            entered: entered || owed > 0,
            shares: n(shares),
            principal: n(owed),
            interest_index: Wad::new(index.min(ONE + ONE / 10)),
            own_factor: None,
        }
    })
}

proptest! {
    /// Over random pools the proposal is accepted, one unit more is refused, and nothing is made
    /// or lost: shares and base units only move.
    #[test]
    fn the_largest_call_is_accepted_and_one_more_is_refused(
        markets in prop::collection::vec(any_market(), 3),
        positions in prop::collection::vec(any_position(), 3),
        borrowed in 0usize..3, collateral in 0usize..3,
    ) {
        let rule = Rule::deployed();
        let ask = Call { borrowed, collateral, repay: U256::MAX, self_liquidation: false };
        let Ok(found) = largest_call(&rule, &markets, &positions, &ask) else { return Ok(()) };
        let out = &found.outcome;
        let more = Call { repay: found.call.repay + n(1), ..found.call };
        let refused = liquidate_borrow(&rule, &markets, &positions, &more);
        prop_assert!(matches!(
            refused,
            Err(Revert::TooMuch | Revert::SeizeTooMuch | Revert::Arithmetic)
        ));
        prop_assert_eq!(out.seized, out.to_liquidator + out.to_protocol);
        let shares = positions[collateral].shares - out.positions_after[collateral].shares;
        prop_assert_eq!(shares, out.seized);
        let at = accrued(&markets, &ask).unwrap();
        let (before, after) = (at[borrowed], out.markets_after[borrowed]);
        prop_assert_eq!(after.cash, before.cash + out.repaid);
        prop_assert_eq!(after.total_borrows + out.repaid, before.total_borrows);
        let (before, after) = (at[collateral], out.markets_after[collateral]);
        prop_assert_eq!(after.total_supply + out.to_protocol, before.total_supply);
        prop_assert_eq!(after.total_reserves, before.total_reserves + out.reserves_added);
    }
}
