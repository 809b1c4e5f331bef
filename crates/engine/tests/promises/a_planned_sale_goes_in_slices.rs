//! A planned liquidation: over the depth that was observed, in slices that are planned again, within
//! limits that hold over all accounts, until it is cured or handed over. Refused observations have
//! their numbers.

use crate::support::auctions::{ENGLISH, terms as auctioned};
use crate::support::stage::*;
use breakwater_engine::{Body, Engine, Outcome, What};
use breakwater_liquidation::auctions::{Format, Raises};
use breakwater_liquidation::planner::{HandOver, PlannerTerms};
use breakwater_liquidation::{
    CallState, Close, Conditions, Disposal, Outlet, OutletKind, Policy, Reason, Rejection,
};
use breakwater_margin::Ratio;
use breakwater_market::{Level, MarketId};
use breakwater_money::{AccountId, Time, Unit};

const PACE: u64 = 20 * SECOND;

fn terms() -> PlannerTerms {
    PlannerTerms {
        participation_bps: 5_000,
        impact_max_bps: 300,
        confidence_ppm: 1_645_000,
        pace_nanos: PACE,
        age_max_nanos: 3_600 * SECOND,
        hand_over: HandOver::default(),
    }
}

fn planned(terms: PlannerTerms) -> Policy {
    Policy {
        close: Close::Planned,
        planner: Some(terms),
        target_ratio: Ratio::new(1_050_000_000_000_000_000),
        slippage_bps: 500,
        ..venue_sells()
    }
}

/// A book of ETH around `mark`: one ETH a step, a thousandth apart.
fn depth(stage: &Stage, mark: u128, steps: u128) -> Body {
    let level = |price| Level { price, quantity: ONE_ETH };
    let bids = (1..=steps).map(|i| level(at(mark) * (1_000 - i) / 1_000)).collect();
    let asks = (1..=steps).map(|i| level(at(mark) * (1_000 + i) / 1_000)).collect();
    observe(stage, vec![Outlet { kind: OutletKind::Book, bids, asks, wait_nanos: 0, pays: None }])
}

fn observe(stage: &Stage, outlets: Vec<Outlet>) -> Body {
    let conditions = Conditions {
        outlets,
        volatility_ppm_per_sqrt_day: 40_000,
        half_life_nanos: PACE / 2,
        observed_at: Time(stage.now),
    };
    Body::ObserveMarket {
        market: MarketId(0),
        conditions,
        correlations: vec![(MarketId(1), 700_000)],
    }
}

/// Account 1 owes 15,000 against ten ETH, in breach at 1,800.
fn short(terms: PlannerTerms, accounts: u32) -> Stage {
    let mut stage = Stage::lending("", planned(terms), accounts + 1);
    for account in 1..=accounts {
        stage.owes(account, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    }
    stage
}

fn reasons(outcome: &Outcome) -> Vec<Reason> {
    let ordered = outcome.facts().filter_map(|what| match what {
        What::Ordered { reason, .. } => Some(*reason),
        _ => None,
    });
    ordered.collect()
}

fn sells(stage: &mut Stage, order: &Order) -> Outcome {
    let proceeds = order.quantity * order.worst / ONE_ETH;
    stage.done(fill(order.leg, order.quantity, proceeds, false))
}

#[test]
fn slices_are_sold_at_their_pace_until_the_target_is_reached() {
    let mut stage = short(terms(), 1);
    stage.done(depth(&stage, 1_800, 8));
    let fall = stage.price(ETH, at(1_800));
    let first = orders(&fall);
    assert_eq!((first.len(), reasons(&fall)), (1, vec![Reason::Planned]));
    // Half of the eight quoted at most, and three percent of impact are far.
    assert!(first[0].quantity <= 4 * ONE_ETH && first[0].worst >= at(1_800) * 96 / 100);
    let mut order = first[0];
    let mut slices = 1;
    loop {
        let outcome = sells(&mut stage, &order);
        assert_eq!(orders(&outcome), [], "the next slice waits for its time");
        if stage.state(1) == CallState::Cured || !stage.health(1).breach {
            break;
        }
        stage.wait(PACE - 1);
        assert_eq!(orders(&stage.price(ETH, at(1_800))), []);
        stage.wait(1);
        order = orders(&stage.done(Body::AdvanceTime))[0];
        slices += 1;
        assert!(slices < 10);
    }
    assert!(stage.own(1, Unit::supply(ETH)) > 0, "no more than the target needs");
    assert!(stage.health(1).ratio >= Ratio::one());
}

#[test]
fn what_is_left_of_a_slice_is_called_off_and_planned_again_over_the_market_as_it_is() {
    let mut stage = short(terms(), 1);
    stage.done(depth(&stage, 1_800, 8));
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    // A price in between plans nothing and takes no wake-up off.
    stage.wait(PACE / 2);
    assert_eq!(orders(&stage.price(ETH, at(1_790))), []);
    stage.done(depth(&stage, 1_790, 2));
    stage.wait(PACE / 2);
    let again = stage.done(Body::AdvanceTime);
    assert_eq!(cancelled(&again), [order.leg]);
    let next = orders(&again)[0];
    // One of the two that are quoted now.
    assert_eq!((next.quantity <= ONE_ETH, next.worst < at(1_790)), (true, true));
    // A top-up calls the rest off.
    let cure = stage.done(deposit(1, ETH, 10 * ONE_ETH));
    assert_eq!(cancelled(&cure), [next.leg]);
    stage.wait(PACE);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)), []);
}

#[test]
fn accounts_share_what_the_limits_leave_and_who_finds_none_waits_for_depth() {
    // A tenth of the eight that are quoted, for all together.
    let mut stage = short(PlannerTerms { participation_bps: 1_000, ..terms() }, 3);
    let most = ONE_ETH * 8 / 10;
    stage.done(depth(&stage, 1_800, 8));
    let first = orders(&stage.price(ETH, at(1_800)));
    let sum = |orders: &[Order]| orders.iter().map(|order| order.quantity).sum::<u128>();
    assert!(!first.is_empty() && first.len() < 3 && sum(&first) <= most, "{first:?}");
    // What they take of the book is not there for the others, until it is seen again.
    for order in &first {
        let outcome = sells(&mut stage, order);
        assert_eq!(orders(&outcome), []);
    }
    assert_eq!(orders(&stage.price(ETH, at(1_799))), []);
    let seen = stage.done(depth(&stage, 1_800, 8));
    let told = seen.facts().next();
    assert_eq!(told, Some(&What::Observed { market: MarketId(0), observed_at: Time(stage.now) }));
    let next = orders(&seen);
    assert!(!next.is_empty() && sum(&next) <= most, "{next:?}");
    assert!(next.iter().all(|order| first.iter().all(|one| one.account != order.account)));
}

#[test]
fn depth_that_was_sold_into_comes_back_by_halves() {
    let mut stage = short(terms(), 1);
    stage.done(depth(&stage, 1_800, 8));
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    sells(&mut stage, &order);
    let missing = |engine: &Engine, at| engine.observed().missing(MarketId(0), false, Time(at));
    assert_eq!(missing(&stage.engine, stage.now), order.quantity);
    let half = missing(&stage.engine, stage.now + PACE / 2);
    assert_eq!(half, order.quantity.div_ceil(2));
}

#[test]
fn without_depth_it_is_the_sale_at_the_worst_of_the_band() {
    let mut blind = short(terms(), 1);
    let fewest = Policy { close: Close::Target, planner: None, ..planned(terms()) };
    let mut other = Stage::lending("", fewest, 2);
    other.owes(1, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    let (one, two) = (blind.price(ETH, at(1_800)), other.price(ETH, at(1_800)));
    assert_eq!(orders(&one), orders(&two));
    assert_eq!(blind.engine.plan_sale(AccountId(1)).unwrap().reason, Reason::Planned);
}

#[test]
fn an_account_that_takes_too_long_or_falls_too_far_is_handed_over() {
    let late = HandOver { after_nanos: Some(2 * PACE), below_ratio: None };
    let low =
        HandOver { after_nanos: None, below_ratio: Some(Ratio::new(950_000_000_000_000_000)) };
    for (hand_over, wait, price) in [(late, 2 * PACE, 1_799), (low, PACE, 1_700)] {
        let mut stage = Stage::lending("", planned(PlannerTerms { hand_over, ..terms() }), 2);
        stage.owes(1, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
        stage.done(depth(&stage, 1_800, 8));
        let order = orders(&stage.price(ETH, at(1_800)))[0];
        stage.wait(wait);
        let outcome = stage.price(ETH, at(price));
        assert_eq!(cancelled(&outcome), [order.leg]);
        let handed = outcome.facts().any(
            |what| matches!(what, What::HandedOver { account, .. } if *account == AccountId(1)),
        );
        assert!(handed, "{outcome:?}");
        assert_eq!(reasons(&outcome), [Reason::FullClose]);
        let open = stage.engine.open_legs().values().next().unwrap();
        assert_eq!(open.leg.worst_price.raw, at(price) * 95 / 100);
    }
}

#[test]
fn an_auction_comes_only_after_the_planner() {
    let hand_over = HandOver { after_nanos: Some(PACE), below_ratio: None };
    let disposal = Disposal::Auction(auctioned(Format::English(ENGLISH), Raises::Most));
    let policy = Policy { disposal, ..planned(PlannerTerms { hand_over, ..terms() }) };
    let mut stage = Stage::lending("", policy, 2);
    stage.owes(1, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    stage.done(depth(&stage, 1_800, 8));
    assert_eq!(orders(&stage.price(ETH, at(1_800))).len(), 1);
    assert!(stage.engine.auctions().is_empty());
    stage.wait(PACE);
    stage.price(ETH, at(1_799));
    assert_eq!(stage.engine.auctions().len(), 1);
}

#[test]
fn slices_survive_a_snapshot_and_the_conditions_are_in_the_hash() {
    let mut stage = short(terms(), 2);
    let before = stage.part("conditions");
    stage.done(depth(&stage, 1_800, 8));
    assert_ne!(stage.part("conditions"), before);
    stage.price(ETH, at(1_800));
    let bytes = stage.engine.encode().unwrap();
    let shelf = std::sync::Arc::new(crate::support::shelf::Shelf);
    let mut restored = Engine::restore(&bytes, shelf).unwrap();
    assert_eq!(restored.state_hash(), stage.engine.state_hash());
    stage.wait(PACE);
    let command = breakwater_engine::Command { at: Time(stage.now), body: Body::AdvanceTime };
    assert_eq!(restored.apply(&command).events, stage.apply_command(command).events);
    assert_eq!(restored.state_hash(), stage.engine.state_hash());
    assert_eq!(stage.replayed().state_hash(), stage.engine.state_hash());
}

#[test]
fn an_observation_that_makes_no_sense_is_refused_by_number() {
    let mut stage = short(terms(), 1);
    let level = |price, quantity| Level { price, quantity };
    let book = |bids: Vec<Level>, asks: Vec<Level>| {
        vec![Outlet { kind: OutletKind::Book, bids, asks, wait_nanos: 0, pays: None }]
    };
    let mut refused = |outlets, expected| {
        let body = observe(&stage, outlets);
        assert_eq!(stage.refused(body), expected);
    };
    refused(book(vec![level(2, 1)], vec![level(1, 1)]), Rejection::DepthCrossed);
    refused(book(vec![level(1, 1), level(2, 1)], vec![]), Rejection::DepthUnordered);
    refused(book(vec![level(1, 0)], vec![]), Rejection::AmountZero);
    refused(book(vec![level(0, 1)], vec![]), Rejection::PriceNotPositive);
    refused(vec![book(vec![], vec![])[0].clone(); 17], Rejection::LimitReached);
    let sound = depth(&stage, 1_800, 4);
    let Body::ObserveMarket { conditions, .. } = sound.clone() else { unreachable!() };
    let with = |market, conditions: Conditions, correlations: Vec<(MarketId, i32)>| {
        Body::ObserveMarket { market: MarketId(market), conditions, correlations }
    };
    assert_eq!(stage.refused(with(9, conditions.clone(), vec![])), Rejection::UnknownMarket);
    let strange = with(0, conditions.clone(), vec![(MarketId(9), 1)]);
    assert_eq!(stage.refused(strange), Rejection::UnknownMarket);
    let itself = with(0, conditions.clone(), vec![(MarketId(0), 1)]);
    assert_eq!(stage.refused(itself), Rejection::BadParameter);
    let early = Conditions { observed_at: Time(stage.now + 1), ..conditions.clone() };
    assert_eq!(stage.refused(with(0, early, vec![])), Rejection::DepthFuture);
    stage.done(sound);
    let late = Conditions { observed_at: Time(stage.now - 1), ..conditions };
    assert_eq!(stage.refused(with(0, late, vec![])), Rejection::DepthOutOfOrder);
}

#[test]
fn a_short_is_bought_back_from_the_asks_within_the_limits() {
    let mut stage = Stage::perpetual(planned(terms()), 3);
    stage.done(deposit(1, CASH, 3_000 * ONE_CASH));
    stage.done(deposit(2, CASH, 30_000 * ONE_CASH));
    stage.done(trade(Some(2), Some(1), ETH, 10 * ONE_ETH, at(2_000)));
    stage.done(depth(&stage, 2_230, 8));
    let mut price = 2_000;
    let mut found = Vec::new();
    while found.is_empty() && price < 2_290 {
        price += 10;
        stage.wait(SECOND);
        stage.done(depth(&stage, price, 8));
        found = orders(&stage.price(ETH, at(price)));
    }
    let order = found[0];
    assert_eq!((order.account, order.asset), (1, ETH));
    let open = &stage.engine.open_legs()[&order.leg];
    assert!(open.leg.buy_back && open.leg.quantity <= 4 * ONE_ETH, "{open:?}");
    assert!(order.worst > at(price) && order.worst <= at(price) * 103 / 100, "{order:?}");
}
