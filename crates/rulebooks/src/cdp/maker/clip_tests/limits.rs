use super::*;
use proptest::prelude::*;

/// ETH-A and WSTETH-A, each with vaults of 10 units and 14,000 of debt, under one limit over both.
fn two_ilks(hole: U256, vaults: &[&'static str]) -> Sales {
    let mut house = sales(vaults);
    house.limits.set_all(hole);
    let urns = house.collateral(&eth_a()).unwrap().urns.clone();
    let other = house.collateral_mut(&wsteth()).unwrap();
    other.feed = Peek::valid(wad(2_000_000));
    other.urns = urns;
    house.poke(&wsteth()).unwrap();
    house
}

fn wsteth() -> String {
    "WSTETH-A".to_owned()
}

#[test]
fn two_collaterals_contend_for_the_room_of_both() {
    // Each vault wants 15,820: 40,000 hold two whole ones, and of the third what fits is 7,398 of
    // debt, less than the least of 7,500.
    let mut house = two_ilks(rad(40_000_000), &["a", "b"]);
    house.bark(&eth_a(), &"a", &"keeper", 1_000).unwrap();
    house.bark(&wsteth(), &"a", &"keeper", 1_000).unwrap();
    assert_eq!(house.limits.room(&eth_a()), Ok(rad(8_360_000)));
    // 14,000 less what fits is 6,602, less than the least: the vault is taken whole, beyond the limit.
    house.bark(&wsteth(), &"b", &"keeper", 1_000).unwrap();
    assert_eq!(house.limits.all().open, rad(3 * 15_820_000));
    let over = house.limits.all().open - house.limits.all().most;
    assert!(over <= house.collateral(&eth_a()).unwrap().ilk.chost().unwrap());
    refused(&mut house, Revert::LimitHit, |house| house.bark(&eth_a(), &"b", &"keeper", 1_000));
    // Numbers are given by each collateral for itself.
    let ids = |house: &Sales, name: &String| {
        house.collateral(name).unwrap().clip.book().active().to_vec()
    };
    assert_eq!((ids(&house, &eth_a()), ids(&house, &wsteth())), (vec![1], vec![1, 2]));
    // What is taken of the one makes room for the other: 7,480 are still to go below the limit.
    house.take(&wsteth(), &Take { id: 2, ..take(wad(3_000)) }, 1_000).unwrap();
    refused(&mut house, Revert::LimitHit, |house| house.bark(&eth_a(), &"b", &"keeper", 1_000));
    house.take(&wsteth(), &Take { id: 1, ..take(U256::MAX) }, 1_000).unwrap();
    house.bark(&eth_a(), &"b", &"keeper", 1_000).unwrap();
}

#[test]
fn a_market_is_held_by_its_own_limit_too() {
    let mut house = two_ilks(rad(1_000_000_000), &["a", "b"]);
    house.limits.set_market(eth_a(), rad(15_820_000));
    house.bark(&eth_a(), &"a", &"keeper", 1_000).unwrap();
    // The limit itself leaves no room.
    refused(&mut house, Revert::LimitHit, |house| house.bark(&eth_a(), &"b", &"keeper", 1_000));
    house.bark(&wsteth(), &"a", &"keeper", 1_000).unwrap();
    house.yank(&eth_a(), 1, &"admin").unwrap();
    house.bark(&eth_a(), &"b", &"keeper", 1_000).unwrap();
}

#[test]
fn a_collateral_of_no_room_is_never_sold_and_an_unknown_one_neither() {
    let mut house = sales(&["vault"]);
    let psm = "PSM-USDC-A".to_owned();
    let collateral = house.collateral_mut(&psm).unwrap();
    collateral.feed = Peek::valid(wad(900));
    collateral.urns.insert("vault", Urn { ink: wad(1_000), art: wad(1_000) });
    house.poke(&psm).unwrap();
    refused(&mut house, Revert::LimitHit, |house| house.bark(&psm, &"vault", &"keeper", 1));
    let nowhere = "NOWHERE-A".to_owned();
    refused(&mut house, Revert::UnknownIlk, |house| house.bark(&nowhere, &"vault", &"keeper", 1));
    refused(&mut house, Revert::UnknownIlk, |house| house.redo(&nowhere, 1, &"keeper", 1));
    refused(&mut house, Revert::UnknownIlk, |house| house.take(&nowhere, &take(raw(1)), 1));
    refused(&mut house, Revert::UnknownIlk, |house| house.yank(&nowhere, 1, &"admin"));
    house.live = false;
    refused(&mut house, Revert::NotLive, |house| house.bark(&eth_a(), &"vault", &"keeper", 1));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Bark { second: bool, vault: usize },
    Take { second: bool, id: u64, milli: u64 },
    Redo { second: bool, id: u64 },
    Yank { second: bool, id: u64 },
    Feed { second: bool, price: u64 },
    Pass { seconds: u64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    let (second, id) = (any::<bool>(), 1u64..6);
    prop_oneof![
        3 => (second, 0usize..6).prop_map(|(second, vault)| Step::Bark { second, vault }),
        4 => (second, id.clone(), 0u64..12_000)
            .prop_map(|(second, id, milli)| Step::Take { second, id, milli }),
        1 => (second, id.clone()).prop_map(|(second, id)| Step::Redo { second, id }),
        1 => (second, id).prop_map(|(second, id)| Step::Yank { second, id }),
        1 => (second, 0u64..3_000_000).prop_map(|(second, price)| Step::Feed { second, price }),
        2 => (0u64..4_000).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

const VAULTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Everything of a collateral, wherever it lies (wad).
fn everywhere(house: &Sales, name: &String) -> U256 {
    let collateral = house.collateral(name).unwrap();
    let vaults = collateral.urns.values().map(|urn| urn.ink);
    let lots = collateral.clip.book().sales().map(|(_, listed)| listed.sale.lot);
    vaults.chain(lots).chain(collateral.gems.values().copied()).sum()
}

proptest! {
    #[test]
    fn collateral_and_coins_are_kept_and_what_is_on_sale_is_what_auctions_want(
        hole in 20_000u64..120_000, steps in prop::collection::vec(any_step(), 1..50),
    ) {
        let mut house = two_ilks(rad(hole * 1_000), &VAULTS);
        let names = [eth_a(), wsteth()];
        let whole = names.each_ref().map(|name| everywhere(&house, name));
        let coins = |house: &Sales| {
            house.coins.held.values().copied().sum::<U256>() + house.coins.surplus
        };
        let money = coins(&house);
        let mut now = 1_000;
        let mut incentives = U256::ZERO;
        let mut due = U256::ZERO;
        for step in steps {
            let before = house.clone();
            let at = |second: bool| &names[usize::from(second)];
            let done = match step {
                Step::Bark { second, vault } => {
                    house.bark(at(second), &VAULTS[vault], &"keeper", now).map(drop)
                }
                Step::Take { second, id, milli } => {
                    let take = Take { id, ..take(wad(milli)) };
                    house.take(at(second), &take, now).map(drop)
                }
                Step::Redo { second, id } => house.redo(at(second), id, &"keeper", now),
                Step::Yank { second, id } => house.yank(at(second), id, &"admin"),
                Step::Feed { second, price } => {
                    house.collateral_mut(at(second)).unwrap().feed = Peek::valid(wad(price));
                    Ok(())
                }
                Step::Pass { seconds } => {
                    now += seconds;
                    Ok(())
                }
            };
            if done.is_err() {
                prop_assert_eq!(&house, &before);
            }
            incentives += house.coins.of(&"keeper") - before.coins.of(&"keeper");
            let debts = |house: &Sales| {
                let owed = names.each_ref().map(|name| {
                    let urns = &house.collateral(name).unwrap().urns;
                    urns.values().map(|urn| urn.art).sum::<U256>()
                });
                owed[0] + owed[1]
            };
            due += (debts(&before) - debts(&house)) * ten(27);
            let mut open = U256::ZERO;
            for (name, whole) in names.iter().zip(whole) {
                prop_assert_eq!(everywhere(&house, name), whole);
                let collateral = house.collateral(name).unwrap();
                let wanted = collateral.clip.book().wanted().unwrap();
                prop_assert_eq!(house.limits.market(name).unwrap().open, wanted);
                open += wanted;
            }
            prop_assert_eq!(house.limits.all().open, open);
            // The stated overshoot: one least debt and its penalty.
            let chost = house.collateral(&eth_a()).unwrap().ilk.chost().unwrap();
            prop_assert!(open <= house.limits.all().most + chost);
            prop_assert_eq!(coins(&house), money + incentives);
            prop_assert_eq!(house.coins.debt, due + incentives);
        }
    }
}
