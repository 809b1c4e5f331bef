//! Random calls on all contracts: nothing is lost or made, and the books stay what they sum up.

use super::cat::{Cat, Prices, Sizing, Urn};
use super::english::Setting;
use super::system::{Ilk, System};
use super::vow::Vow;
use breakwater_auction::english::Bid;
use breakwater_money::rounding::mul_div_wide;
use breakwater_money::{AccountId, Ray, Rounding, U256, Wad};
use proptest::prelude::*;

const BIDDERS: u32 = 3;
const OWNERS: [AccountId; 2] = [AccountId(10), AccountId(11)];
const ADMIN: AccountId = AccountId(20);

fn system() -> System {
    let unit = |n: u64| U256::from(n);
    let setting = Setting { beg: Wad::new(1_050_000_000_000_000_000), ttl: 60, tau: 300 };
    let prices = Prices { rate: Ray::new(3), spot: Ray::new(2), dust: unit(10) };
    let chop = Wad::new(1_130_000_000_000_000_000);
    let mut ilk = Ilk::new(prices, Sizing::ByDebt { dunk: unit(400), chop });
    ilk.flip.setting = setting;
    for owner in OWNERS {
        ilk.urns.insert(owner, Urn { ink: unit(500), art: unit(400) });
    }
    let cat = Cat { litter_most: unit(1_500), ..Cat::default() };
    let vow = Vow { wait: 50, dump: unit(900), sump: unit(70), bump: unit(20), ..Vow::default() };
    let vow = Vow { dai: unit(100), ..vow };
    let mut system = System { cat, vow, ilks: vec![ilk], ..System::default() };
    (system.flap.setting, system.flop.setting) = (setting, setting);
    system.flap.lid = unit(50);
    for who in (0..BIDDERS).map(AccountId).chain([ADMIN]) {
        system.dai.set(who, unit(2_000));
        system.gov.set(who, unit(900));
        system.gov_issued += unit(900);
    }
    system
}

/// Everybody who can have a balance.
fn everybody() -> impl Iterator<Item = AccountId> {
    (0..BIDDERS).map(AccountId).chain(OWNERS).chain([ADMIN])
}

fn sum(all: impl Iterator<Item = U256>) -> U256 {
    all.fold(U256::ZERO, |sum, amount| sum + amount)
}

/// What every call leaves as it was or as it must be.
fn check(system: &System) {
    let ilk = &system.ilks[0];
    let sales = || ilk.flip.sales.values();
    assert_eq!(system.cat.litter, sum(sales().map(|sale| sale.tab)));
    assert_eq!(ilk.gem_on_auction, sum(sales().map(|sale| sale.auction.lot)));
    let inside = sum(ilk.urns.values().map(|urn| urn.ink)) + ilk.gem_on_auction;
    assert_eq!(inside + sum(everybody().map(|who| ilk.gem.of(who))), U256::from(1_000));
    let flaps = || system.flap.bids.values();
    assert_eq!(system.flap.fill, sum(flaps().map(|auction| auction.lot)));
    assert_eq!(system.flap.dai, system.flap.fill);
    assert_eq!(system.flap.gov, sum(flaps().map(|auction| auction.bid)));
    let gov = sum(everybody().map(|who| system.gov.of(who))) + system.flap.gov;
    assert_eq!(gov, system.gov_supply());
    // Stablecoin less bad debt changes by what a bite makes the system owe, and by nothing else.
    let dai = sum(everybody().map(|who| system.dai.of(who))) + system.flap.dai + system.vow.dai;
    let art = sum(ilk.urns.values().map(|urn| urn.art));
    let bitten = (U256::from(800) - art) * U256::from(3);
    assert_eq!(dai + bitten, U256::from(8_100) + system.vow.sin);
    let queued = sum(system.vow.queue.values().copied());
    assert_eq!(system.vow.queued, queued);
    assert!(system.vow.free_debt().is_ok());
    // Debt on auction that nobody has bid for.
    let unbid = system.flop.bids.values().filter(|auction| auction.leader.is_none());
    assert_eq!(system.vow.ash, sum(unbid.map(|auction| auction.bid)));
}

/// One call, by number; whether it was taken.
fn call(system: &mut System, which: u8, who: u32, id: u64, mille: u64, now: u64) -> bool {
    let bidder = AccountId(who);
    let part = |amount: U256, mille: u64| {
        mul_div_wide(amount, U256::from(mille), U256::from(1_000), Rounding::Floor).unwrap()
    };
    // The auctions that run, mostly: of the numbers that there are, any.
    let running = |all: Vec<u64>| {
        let place = usize::try_from(id).unwrap_or_default().checked_rem(all.len());
        place.filter(|_| mille != 0).map_or(id, |place| all[place])
    };
    let standing = |auction: Option<&super::english::Bidding>| {
        auction.map_or((U256::ZERO, U256::ZERO), |it| (it.bid, it.lot))
    };
    let raised = |amount: U256| part(amount, 1_050 + mille) + U256::from(9);
    let lowered = |lot: U256| part(lot, 950 - mille / 3);
    let (sales, flaps, flops) = (&system.ilks[0].flip.sales, &system.flap.bids, &system.flop.bids);
    let id = match which {
        2..=11 => running(sales.keys().copied().collect()),
        13..=15 => running(flaps.keys().copied().collect()),
        _ => running(flops.keys().copied().collect()),
    };
    let (amount, lot) = standing(sales.get(&id).map(|sale| &sale.auction));
    let tab = sales.get(&id).map_or(U256::ZERO, |sale| sale.tab);
    let (flap, flop) = (standing(flaps.get(&id)), standing(flops.get(&id)));
    let bid = |amount, lot| Bid { bidder, amount, lot };
    let era = now.saturating_sub(mille);
    match which {
        0 | 1 => system.bite(0, OWNERS[who as usize % 2], now).is_ok(),
        2..=4 => system.tend(0, id, &bid(raised(amount).min(tab), lot), now).is_ok(),
        5 => system.tend(0, id, &bid(tab, lot), now).is_ok(),
        6 | 7 => system.dent(0, id, &bid(amount, lowered(lot)), now).is_ok(),
        8 => system.tick(0, id, now).is_ok(),
        9 | 10 => system.deal(0, id, now).is_ok(),
        11 => mille < 60 && system.yank(0, id, ADMIN).is_ok(),
        12 => system.flap(now).is_ok(),
        13 => system.flap_tend(id, &bid(raised(flap.0), flap.1), now).is_ok(),
        14 => system.flap_tick(id, now).is_ok(),
        15 => system.flap_deal(id, now).is_ok(),
        16 | 17 => system.flop(now).is_ok(),
        18 => system.flop_dent(id, &bid(flop.0, lowered(flop.1)), now).is_ok(),
        19 => system.flop_tick(id, now).is_ok(),
        20 => system.flop_deal(id, now).is_ok(),
        21 | 22 => system
            .vow
            .queue
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
            .any(|queued| queued <= era && system.vow.flog(queued, now).is_ok()),
        _ => {
            let free = system.vow.free_debt().unwrap_or_default();
            let amount = part(system.vow.dai.min(free), (mille * 5).min(1_000));
            !amount.is_zero() && system.vow.heal(amount).is_ok()
        }
    }
}

#[test]
fn nothing_is_lost_or_made_whatever_is_called() {
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let one = (0u8..24, 0..BIDDERS, 1u64..5, 0u64..400, 0u64..50);
    let taken = std::cell::RefCell::new([(0u32, 0u32); 24]);
    let outcome = runner.run(&prop::collection::vec(one, 1..150), |calls| {
        let (mut system, mut now) = (system(), 1_000);
        for (which, who, id, mille, wait) in calls {
            now += wait;
            let before = system.clone();
            let done = call(&mut system, which, who, id, mille, now);
            assert!(done || system == before, "a refused call changed something");
            let tally = &mut taken.borrow_mut()[usize::from(which)];
            *tally = (tally.0 + u32::from(done), tally.1 + 1);
            check(&system);
        }
        Ok(())
    });
    outcome.unwrap();
    // Each kind of call must be taken at times, or it proves nothing.
    let taken = taken.into_inner();
    for (which, (done, all)) in taken.iter().enumerate() {
        assert!(*done >= 5, "call {which}: {done} of {all} taken");
    }
}
