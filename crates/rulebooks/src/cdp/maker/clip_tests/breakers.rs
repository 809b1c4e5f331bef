use super::super::clipper_mom::ClipperMom;
use super::*;
use std::collections::BTreeSet;

#[test]
fn each_level_stops_its_calls_and_a_yank_is_never_stopped() {
    let mut house = one_auction();
    let second = Urn { ink: wad(10_000), art: wad(14_000_000) };
    house.collateral_mut(&eth_a()).unwrap().urns.insert("second", second);
    let stopped = |level: u128| {
        let mut house = house.clone();
        house.collateral_mut(&eth_a()).unwrap().clip.set_stopped(raw(level));
        let mut stop = Vec::new();
        let mut kick = house.clone();
        stop.push(kick.bark(&eth_a(), &"second", &"keeper", 8_000).err());
        let mut redo = house.clone();
        stop.push(redo.redo(&eth_a(), 1, &"keeper", 9_000).err());
        stop.push(house.take(&eth_a(), &take(wad(1_000)), 8_000).err());
        house.yank(&eth_a(), 1, &"admin").unwrap();
        stop.iter().map(|refused| *refused == Some(Revert::Stopped)).collect::<Vec<_>>()
    };
    assert_eq!(stopped(0), [false, false, false]);
    assert_eq!(stopped(1), [true, false, false]);
    assert_eq!(stopped(2), [true, true, false]);
    assert_eq!(stopped(3), [true, true, true]);
    assert_eq!(stopped(u128::MAX), [true, true, true]);
}

#[test]
fn anybody_may_stop_auctions_when_the_next_price_is_below_the_tolerated_share() {
    let mom = parameters().markets["ETH-A"].mom().unwrap();
    let trip = |next: U256| mom.trip(U256::ZERO, Peek::valid(wad(2_000_000)), Peek::valid(next), 1);
    assert_eq!(trip(wad(1_000_000)), Err(Revert::PriceWithinBounds));
    assert_eq!(trip(wad(1_000_000) - raw(1)), Ok(raw(2)));
    // Half of an odd price is rounded down: the price just below it is not below the rest.
    let odd = Peek::valid(raw(3));
    let trip = |next: u128| mom.trip(U256::ZERO, odd, Peek::valid(raw(next)), 1);
    assert_eq!((trip(1), trip(0)), (Err(Revert::PriceWithinBounds), Ok(raw(2))));
    let none = ClipperMom::default();
    let told = none.trip(U256::ZERO, Peek::valid(raw(1)), Peek::valid(U256::ZERO), 1);
    assert_eq!(told, Err(Revert::PriceWithinBounds));
}

#[test]
fn the_breaker_is_tripped_once_and_not_while_it_is_locked() {
    let mut mom = parameters().markets["ETH-A"].mom().unwrap();
    let (current, next) = (Peek::valid(wad(2_000)), Peek::valid(wad(1)));
    let trip = |mom: &ClipperMom, level: u128, now| mom.trip(raw(level), current, next, now);
    assert_eq!(trip(&mom, 1, 100), Ok(raw(2)));
    assert_eq!(trip(&mom, 2, 100), Err(Revert::AlreadyStopped));
    assert_eq!(trip(&mom, 3, 100), Err(Revert::AlreadyStopped));
    assert_eq!(mom.set_breaker(raw(0), raw(3_600), 1_000), Ok(raw(0)));
    assert_eq!(mom.locked(), raw(4_600));
    assert_eq!(trip(&mom, 0, 4_600), Err(Revert::TemporarilyLocked));
    assert_eq!(trip(&mom, 0, 4_601), Ok(raw(2)));
    // The order of the tests.
    assert_eq!(trip(&mom, 2, 0), Err(Revert::AlreadyStopped));
    let before = mom;
    assert_eq!(mom.set_breaker(raw(4), raw(0), 9_999), Err(Revert::NonexistentLevel));
    assert_eq!(mom.set_breaker(raw(3), U256::MAX, 9_999), Err(Revert::Arithmetic));
    assert_eq!(mom, before);
    assert_eq!(mom.set_breaker(raw(3), raw(0), 9_999), Ok(raw(3)));
}

#[test]
fn a_price_that_is_not_valid_does_not_trip_the_breaker() {
    let mom = parameters().markets["ETH-A"].mom().unwrap();
    let (valid, invalid) = (Peek::valid(wad(2_000)), Peek { val: wad(1), has: false });
    let trip = |current, next| mom.trip(U256::ZERO, current, next, 1);
    assert_eq!(trip(invalid, invalid), Err(Revert::InvalidCurrentPrice));
    assert_eq!(trip(valid, invalid), Err(Revert::InvalidNextPrice));
    let far = Peek::valid(U256::MAX);
    assert_eq!(trip(far, valid), Err(Revert::Arithmetic));
}

#[test]
fn a_tolerance_is_at_most_one() {
    let mut mom = ClipperMom::default();
    let one = Ray::one().raw;
    assert_eq!(mom.set_price_tolerance(one), Ok(()));
    assert_eq!(mom.set_price_tolerance(one + raw(1)), Err(Revert::ToleranceOutOfBounds));
    assert_eq!(mom.tolerance(), one);
}

#[test]
fn every_reason_with_a_name_of_its_own_has_one() {
    let names: BTreeSet<&str> = Revert::NAMED.iter().map(|revert| revert.contract_name()).collect();
    assert_eq!(names.len(), Revert::NAMED.len());
}
