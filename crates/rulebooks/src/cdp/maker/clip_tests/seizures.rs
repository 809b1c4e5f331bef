use super::*;

/// A vault of so much collateral and debt, in thousandths.
fn urn(ink: u64, art: u64) -> Urn {
    Urn { ink: wad(ink), art: wad(art) }
}

#[test]
fn a_vault_whose_collateral_is_worth_just_its_debt_is_safe() {
    let ilk = Ilk { spot: ray(1_400_000), ..ilk() };
    assert_eq!(ilk.seize(&urn(10_000, 14_000_000), U256::MAX), Err(Revert::NotUnsafe));
    let more = Urn { art: wad(14_000_000) + raw(1), ..urn(10_000, 0) };
    assert!(ilk.is_unsafe(&more).unwrap());
    // Without a safety price nothing is unsafe, whatever it owes.
    let unpriced = Ilk { spot: U256::ZERO, ..ilk };
    assert_eq!(unpriced.seize(&more, U256::MAX), Err(Revert::NotUnsafe));
    assert_eq!(ilk.seize(&Urn::default(), U256::MAX), Err(Revert::NotUnsafe));
}

#[test]
fn the_penalty_is_added_to_all_that_is_seized() {
    // Interest has grown the debt by a quarter.
    let ilk = Ilk { rate: ray(1_250), ..ilk() };
    let seized = ilk.seize(&urn(10_000, 14_000_000), rad(1_000_000_000)).unwrap();
    assert_eq!((seized.dink, seized.dart), (wad(10_000), wad(14_000_000)));
    assert_eq!((seized.due, seized.tab), (rad(17_500_000), rad(19_775_000)));
}

#[test]
fn a_part_is_seized_that_fits_the_room() {
    // 9,000 coins of room are 7,964.60 of debt before the penalty.
    let vault = urn(20_000, 28_000_000);
    let seized = ilk().seize(&vault, rad(9_000_000)).unwrap();
    assert_eq!(seized.dart, raw(7_964_601_769_911_504_424_778));
    assert_eq!(seized.dink, wad(20_000) * seized.dart / vault.art);
    assert!(seized.tab <= rad(9_000_000) && seized.tab > rad(9_000_000) - ten(27) * raw(2));
}

#[test]
fn a_vault_that_would_be_left_with_dust_is_taken_whole_beyond_the_room() {
    // Least debt 7,500. 14,000 are owed: 6,500 left is dust, so 1.13 times 14,000 is wanted.
    let vault = urn(10_000, 14_000_000);
    let room = |debt: u64| raw(113) * rad(debt) / raw(100);
    let seized = ilk().seize(&vault, room(7_500_000)).unwrap();
    assert_eq!((seized.dart, seized.tab), (vault.art, room(14_000_000)));
    // With exactly the least debt left behind it may stay.
    let vault = urn(11_000, 15_000_000 + 200_000);
    let seized = ilk().seize(&vault, room(7_700_000)).unwrap();
    assert_eq!(seized.dart, wad(7_700_000));
    let seized = ilk().seize(&vault, room(7_700_000) + ten(27) * raw(2)).unwrap();
    assert_eq!(seized.dart, vault.art);
}

#[test]
fn a_part_that_would_be_dust_itself_is_not_seized() {
    let vault = urn(20_000, 28_000_000);
    let room = |debt: u64| raw(113) * rad(debt) / raw(100);
    assert_eq!(ilk().seize(&vault, room(7_500_000)).unwrap().dart, wad(7_500_000));
    let less = room(7_500_000) - raw(1);
    assert_eq!(ilk().seize(&vault, less), Err(Revert::Dusty));
    assert_eq!(ilk().seize(&vault, U256::ZERO), Err(Revert::LimitHit));
}

#[test]
fn debt_that_is_worth_no_collateral_is_not_auctioned() {
    let free = Ilk { dust: U256::ZERO, ..ilk() };
    let vault = Urn { ink: raw(1), art: wad(14_000_000) };
    assert_eq!(free.seize(&vault, rad(1_000)), Err(Revert::NullAuction));
    // Room for less than a unit of debt.
    assert_eq!(free.seize(&urn(10_000, 14_000_000), raw(1)), Err(Revert::NullAuction));
}

#[test]
fn numbers_out_of_measure_are_refused_not_wrapped() {
    let vault = Urn { ink: U256::MAX, art: raw(1) };
    assert_eq!(ilk().seize(&vault, raw(1)), Err(Revert::Arithmetic));
    assert_eq!(ilk().seize(&urn(10_000, 14_000_000), U256::MAX), Err(Revert::Arithmetic));
    let no_interest = Ilk { rate: U256::ZERO, ..ilk() };
    // Nothing is owed at a rate of zero, so that nothing is divided by it.
    assert_eq!(no_interest.seize(&urn(10_000, 14_000_000), raw(1)), Err(Revert::NotUnsafe));
    let no_penalty = Ilk { chop: Wad::from_raw(U256::ZERO), ..ilk() };
    assert_eq!(no_penalty.seize(&urn(10_000, 14_000_000), raw(1)), Err(Revert::Halt));
    // Half of all numbers may be seized, and not one more.
    let half = U256::from(1) << 255;
    let tiny = Ilk { spot: raw(1), rate: raw(1), dust: U256::ZERO, chop: Wad::new(1), ..ilk() };
    let room = U256::MAX / ten(18);
    let seize = |art: U256| tiny.seize(&Urn { ink: raw(1), art }, room);
    assert_eq!(seize(half).map(|seized| (seized.dart, seized.dink)), Ok((half, raw(1))));
    assert_eq!(seize(half + raw(1)), Err(Revert::TooLarge));
}
