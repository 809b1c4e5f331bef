use super::*;
use breakwater_auction::dutch::Curve;

#[test]
fn a_vault_becomes_an_auction_and_a_debt_of_the_system() {
    let house = one_auction();
    let collateral = house.collateral(&eth_a()).unwrap();
    assert_eq!(collateral.urns["vault"], Urn::default());
    let listed = collateral.clip.book().listed(1).unwrap();
    let sale = &listed.sale;
    assert_eq!((sale.wanted, sale.lot), (rad(15_820_000), wad(10_000)));
    assert_eq!((sale.top, sale.started, sale.owner), (ray(2_200_000), 1_000, "vault"));
    // 250 and 0.1 % of 15,820, created as debt of the system beside the 14,000.
    assert_eq!(house.coins.of(&"keeper"), rad(265_820));
    assert_eq!(house.coins.debt, rad(14_265_820));
    assert_eq!(house.limits.all().open, rad(15_820_000));
    // Its dust: 7,500 and the penalty.
    assert_eq!(collateral.clip.terms().remainder_least, rad(8_475_000));
}

#[test]
fn the_eightieth_step_ends_an_auction_by_price_in_the_last_second_of_its_age() {
    let house = one_auction();
    let clip = &house.collateral(&eth_a()).unwrap().clip;
    let status = |seconds: u64| clip.status(1, 1_000 + seconds).unwrap();
    assert_eq!(status(9 * 90 + 89).price / ten(27), raw(2_009));
    // After ten steps it is below the feed for the first time.
    assert_eq!(status(900).price / ten(27), raw(1_989));
    assert!(!status(7_199).needs_reset && status(7_200).needs_reset);
    assert_eq!(status(7_199).price * raw(100_000) / ray(2_200_000), raw(45_204));
    assert_eq!(status(7_200).price * raw(100_000) / ray(2_200_000), raw(44_752));
    // ETH-B: 80 steps of 60 s.
    let markets = parameters().markets;
    let (a, b) = (&markets["ETH-A"], &markets["ETH-B"]);
    assert_eq!((80 * a.step_seconds, 80 * b.step_seconds), (a.age_seconds_max, b.age_seconds_max));
}

#[test]
fn a_taker_without_the_money_gets_nothing() {
    let mut house = one_auction();
    let owed = rad(2_200_000);
    house.coins.held.insert("taker", owed - raw(1));
    refused(&mut house, Revert::Arithmetic, |house| house.take(&eth_a(), &take(wad(1_000)), 1_000));
    house.coins.held.insert("taker", owed);
    assert_eq!(house.take(&eth_a(), &take(wad(1_000)), 1_000), Ok((wad(1_000), owed)));
    assert_eq!(house.coins.of(&"taker"), U256::ZERO);
    assert_eq!(house.coins.surplus, owed);
    assert_eq!(house.collateral(&eth_a()).unwrap().gems_of(&"taker"), wad(1_000));
    // Who has nothing at all may still look at nothing.
    let nothing = Take { who: "stranger", ..take(U256::ZERO) };
    assert_eq!(house.take(&eth_a(), &nothing, 1_000), Ok((U256::ZERO, U256::ZERO)));
}

#[test]
fn what_is_left_of_the_lot_goes_to_the_vaults_owner() {
    let mut house = one_auction();
    let (slice, owed) = house.take(&eth_a(), &take(U256::MAX), 1_000).unwrap();
    assert_eq!(owed, rad(15_820_000));
    assert_eq!(slice, rad(15_820_000) / ray(2_200_000));
    let collateral = house.collateral(&eth_a()).unwrap();
    assert_eq!(collateral.gems_of(&"vault"), wad(10_000) - slice);
    assert_eq!(house.limits.all().open, U256::ZERO);
    refused(&mut house, Revert::NotRunning, |house| house.take(&eth_a(), &take(raw(1)), 1_000));
    // An owner who takes from the own lot gets both parts.
    let mut house = one_auction();
    house.coins.held.insert("vault", rad(15_820_000));
    let own = Take { who: "vault", ..take(U256::MAX) };
    house.take(&eth_a(), &own, 1_000).unwrap();
    assert_eq!(house.collateral(&eth_a()).unwrap().gems_of(&"vault"), wad(10_000));
}

#[test]
fn an_invalid_feed_stops_starts_and_resets_and_nothing_else() {
    let mut house = one_auction();
    let collateral = house.collateral_mut(&eth_a()).unwrap();
    collateral.urns.insert("second", Urn { ink: wad(10_000), art: wad(14_000_000) });
    collateral.feed.has = false;
    refused(&mut house, Revert::InvalidPrice, |house| {
        house.bark(&eth_a(), &"second", &"keeper", 1_000)
    });
    refused(&mut house, Revert::InvalidPrice, |house| house.redo(&eth_a(), 1, &"keeper", 8_200));
    // That no reset is due is found before the feed is read.
    refused(&mut house, Revert::CannotReset, |house| house.redo(&eth_a(), 1, &"keeper", 8_199));
    let clip = &house.collateral(&eth_a()).unwrap().clip;
    assert!(!clip.status(1, 1_900).unwrap().needs_reset);
    assert_eq!(house.take(&eth_a(), &take(wad(1_000)), 1_000).unwrap().0, wad(1_000));
    house.yank(&eth_a(), 1, &"admin").unwrap();
    assert_eq!(house.collateral(&eth_a()).unwrap().gems_of(&"admin"), wad(9_000));
    // At an invalid feed the safety price is zero, at which nothing is unsafe.
    house.poke(&eth_a()).unwrap();
    refused(&mut house, Revert::NotUnsafe, |house| {
        house.bark(&eth_a(), &"second", &"keeper", 1_000)
    });
}

#[test]
fn a_feed_that_starts_an_auction_at_nothing_is_refused() {
    let mut house = sales(&["vault"]);
    house.collateral_mut(&eth_a()).unwrap().feed = Peek::valid(U256::ZERO);
    refused(&mut house, Revert::ZeroTopPrice, |house| {
        house.bark(&eth_a(), &"vault", &"keeper", 1_000)
    });
    house.collateral_mut(&eth_a()).unwrap().feed = Peek::valid(U256::MAX);
    refused(&mut house, Revert::Arithmetic, |house| {
        house.bark(&eth_a(), &"vault", &"keeper", 1_000)
    });
    // A stopped breaker is found before the feed overflows.
    house.collateral_mut(&eth_a()).unwrap().clip.set_stopped(raw(1));
    refused(&mut house, Revert::Stopped, |house| house.bark(&eth_a(), &"vault", &"keeper", 1_000));
    house.par = U256::ZERO;
    house.collateral_mut(&eth_a()).unwrap().clip.set_stopped(U256::ZERO);
    house.collateral_mut(&eth_a()).unwrap().feed = Peek::valid(wad(2_000_000));
    refused(&mut house, Revert::Halt, |house| house.bark(&eth_a(), &"vault", &"keeper", 1_000));
}

#[test]
fn a_line_without_a_least_price_gives_the_lot_away_and_the_debt_stays() {
    let mut house = one_auction();
    let clip = &mut house.collateral_mut(&eth_a()).unwrap().clip;
    clip.set_calc(Curve::Linear { seconds: U256::from(3_600) });
    clip.set_cusp(U256::ZERO);
    assert_eq!(clip.status(1, 4_600).unwrap().price, U256::ZERO);
    let free = Take { who: "stranger", max: U256::ZERO, ..take(U256::MAX) };
    assert_eq!(house.take(&eth_a(), &free, 4_600), Ok((wad(10_000), U256::ZERO)));
    // Nothing was paid, nothing is on sale, and the system still owes the debt.
    assert_eq!((house.coins.surplus, house.limits.all().open), (U256::ZERO, U256::ZERO));
    assert_eq!(house.coins.debt, rad(14_265_820));
    // One unit of a least price ends the auction first.
    let mut house = one_auction();
    let clip = &mut house.collateral_mut(&eth_a()).unwrap().clip;
    clip.set_calc(Curve::Linear { seconds: U256::from(3_600) });
    clip.set_cusp(raw(1));
    refused(&mut house, Revert::NeedsReset, |house| house.take(&eth_a(), &free, 4_600));
}

#[test]
fn a_step_of_zero_stops_every_call_that_needs_the_price() {
    let mut house = one_auction();
    let zero = Curve::Stairs { kept: Ray::one(), step_seconds: U256::ZERO };
    house.collateral_mut(&eth_a()).unwrap().clip.set_calc(zero);
    refused(&mut house, Revert::Halt, |house| house.take(&eth_a(), &take(raw(1)), 1_000));
    refused(&mut house, Revert::Halt, |house| house.redo(&eth_a(), 1, &"keeper", 9_000));
    house.yank(&eth_a(), 1, &"admin").unwrap();
}

#[test]
fn cached_dust_is_stale_until_it_is_refreshed() {
    let mut house = one_auction();
    house.collateral_mut(&eth_a()).unwrap().ilk.dust = rad(14_000_000);
    house.set_chop(&eth_a(), Wad::from_raw(wad(1_000))).unwrap();
    // 15,820 less 6,600 leaves 9,220: above the old 8,475, below the new 14,000.
    let mut stale = house.clone();
    assert_eq!(stale.take(&eth_a(), &take(wad(3_000)), 1_000).unwrap().0, wad(3_000));
    house.upchost(&eth_a()).unwrap();
    let (slice, owed) = house.take(&eth_a(), &take(wad(3_000)), 1_000).unwrap();
    assert_eq!((owed, slice), (rad(1_820_000), rad(1_820_000) / ray(2_200_000)));
    refused(&mut house, Revert::NoPartialPurchase, |house| {
        house.take(&eth_a(), &take(wad(3_000)), 1_000)
    });
    let below = Wad::from_raw(wad(1_000) - raw(1));
    refused(&mut house, Revert::PenaltyBelowOne, |house| house.set_chop(&eth_a(), below));
}

#[test]
fn the_keepers_share_keeps_64_bits_and_the_flat_fee_192() {
    let mut house = sales(&["vault"]);
    let clip = &mut house.collateral_mut(&eth_a()).unwrap().clip;
    let bit = |n: usize| U256::from(1) << n;
    clip.set_chip(bit(64) - raw(1));
    assert_eq!(clip.terms().incentive.share.raw, bit(64) - raw(1));
    clip.set_chip(bit(64) + raw(7));
    assert_eq!(clip.terms().incentive.share.raw, raw(7));
    clip.set_tip(bit(192) - raw(1));
    assert_eq!(clip.terms().incentive.flat, bit(192) - raw(1));
    clip.set_tip(bit(192) + bit(191) + raw(9));
    assert_eq!(clip.terms().incentive.flat, bit(191) + raw(9));
    // Both cut to nothing: nobody is paid.
    clip.set_tip(bit(192));
    clip.set_chip(bit(64));
    house.bark(&eth_a(), &"vault", &"keeper", 1_000).unwrap();
    assert_eq!(house.coins.of(&"keeper"), U256::ZERO);
}

#[test]
fn resetting_dust_is_not_paid_for() {
    let mut house = one_auction();
    let paid = house.coins.of(&"keeper");
    // At a feed of 847.5 the ten units are worth just the least remainder.
    house.collateral_mut(&eth_a()).unwrap().feed = Peek::valid(wad(847_500));
    let mut worth = house.clone();
    worth.redo(&eth_a(), 1, &"keeper", 8_200).unwrap();
    assert_eq!(worth.coins.of(&"keeper") - paid, rad(265_820));
    assert_eq!(worth.coins.debt - house.coins.debt, rad(265_820));
    house.collateral_mut(&eth_a()).unwrap().feed = Peek::valid(wad(847_500) - raw(1));
    house.redo(&eth_a(), 1, &"keeper", 8_200).unwrap();
    assert_eq!(house.coins.of(&"keeper"), paid);
    let listed = house.collateral(&eth_a()).unwrap().clip.book().listed(1).unwrap();
    assert_eq!(listed.sale.started, 8_200);
}
