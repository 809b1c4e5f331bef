use super::super::*;
use proptest::prelude::*;

const WAD: u128 = 1_000_000_000_000_000_000;
const YEAR: u64 = 31_536_000;

/// A market that has accrued nothing: `debt` units owed at a million shares a unit, and as much
/// again supplied.
fn market(debt: u128) -> Market {
    Market {
        total_supply_assets: 2 * debt,
        total_supply_shares: 2 * debt * 1_000_000,
        total_borrow_assets: debt,
        total_borrow_shares: debt * 1_000_000,
    }
}

fn terms(lltv_percent: u128) -> Terms {
    Terms { lltv: Wad::new(lltv_percent * WAD / 100), fee: Wad::default() }
}

fn position(collateral: u128, debt: u128) -> Position {
    Position { collateral, borrow_shares: debt * 1_000_000, own_lltv: None }
}

/// No time has passed, and a collateral unit costs `price` loan units.
fn at(price: u128) -> Now {
    priced(U256::from(price) * U256::from(PRICE_ONE))
}

fn priced(collateral_price: U256) -> Now {
    Now { elapsed_seconds: 0, borrow_rate_per_second: U256::ZERO, collateral_price }
}

fn seize(assets: u128) -> Call {
    Call { seized_assets: U256::from(assets), repaid_shares: U256::ZERO }
}

fn repay(shares: u128) -> Call {
    Call { seized_assets: U256::ZERO, repaid_shares: U256::from(shares) }
}

#[test]
fn the_incentive_is_that_of_each_enabled_ratio_and_is_capped_from_below() {
    // By 1 / (1 - 0.3 x (1 - lltv)), rounded down.
    let listed = [
        (980, 1_006_036_217_303_822_937),
        (965, 1_010_611_419_909_044_972),
        (945, 1_016_776_817_488_561_260),
        (915, 1_026_167_265_264_238_070),
        (860, 1_043_841_336_116_910_229),
        (770, 1_074_113_856_068_743_286),
        (625, 1_126_760_563_380_281_690),
        (385, 1_150_000_000_000_000_000),
        (0, 1_150_000_000_000_000_000),
        (1_000, WAD),
    ];
    for (thousandths, factor) in listed {
        let terms = Terms { lltv: Wad::new(thousandths * WAD / 1_000), fee: Wad::default() };
        assert_eq!(terms.incentive_factor(), Ok(Wad::new(factor)), "{thousandths}");
    }
    let above = Terms { lltv: Wad::new(WAD + 1), fee: Wad::default() };
    assert_eq!(above.incentive_factor(), Err(Revert::Arithmetic));
    // The cap of 1.15 binds up to 1 - (1 - 1 / 1.15) / 0.3 = 56.52 %.
    let near = |ten_thousandths: u128| {
        Terms { lltv: Wad::new(ten_thousandths * WAD / 10_000), fee: Wad::default() }
            .incentive_factor()
            .unwrap()
    };
    assert_eq!(near(5_652), Wad::new(INCENTIVE_MAX));
    assert!(near(5_653) < Wad::new(INCENTIVE_MAX));
}

#[test]
fn what_may_be_borrowed_equal_to_what_is_owed_is_healthy() {
    // 100 units of collateral at 10 loan units and 80 % carry 800.
    for (debt, expected) in [(799, true), (800, true), (801, false)] {
        let health =
            health(&terms(80), &market(10_000), &position(100, debt), at(10).collateral_price);
        let health = health.unwrap();
        assert_eq!((health.borrowed, health.max_borrow), (U256::from(debt), U256::from(800)));
        assert_eq!(health.is_healthy(), expected, "{debt}");
        let called =
            liquidate(&terms(80), &market(10_000), &position(100, debt), &at(10), &seize(1));
        assert_eq!(called.err(), expected.then_some(Revert::Healthy));
    }
    // One share more than 800 units are worth is owed as 801.
    let mut owes = position(100, 800);
    owes.borrow_shares += 1;
    assert!(liquidate(&terms(80), &market(10_000), &owes, &at(10), &seize(1)).is_ok());
}

#[test]
fn worth_is_rounded_down_before_the_ratio_is_taken_of_it() {
    // 3 units at 3.99 are worth 11, of which 60 % is 6; without the first rounding it were 7.
    let price = U256::from(PRICE_ONE) * U256::from(399) / U256::from(100);
    let health = health(&terms(60), &market(100), &position(3, 7), price).unwrap();
    assert_eq!(health.max_borrow, U256::from(6));
}

#[test]
fn exactly_one_size_is_asked_for_before_anything_else() {
    // A market whose interest, price and ratio would all fail.
    let broken = Terms { lltv: Wad::new(WAD + 1), fee: Wad::max() };
    let now =
        Now { elapsed_seconds: 1, borrow_rate_per_second: U256::MAX, collateral_price: U256::MAX };
    let both = Call { seized_assets: U256::ONE, repaid_shares: U256::ONE };
    for call in [both, seize(0)] {
        let called = liquidate(&broken, &market(100), &position(1, 1), &now, &call);
        assert_eq!(called, Err(Revert::InconsistentInput));
    }
    let called = liquidate(&broken, &market(100), &position(1, 1), &now, &seize(1));
    assert_eq!(called, Err(Revert::Arithmetic));
}

#[test]
fn no_debt_is_healthy_even_without_a_price_and_any_debt_is_not() {
    let zero = at(0);
    let called = |position: Position, call: Call| {
        liquidate(&terms(80), &market(100), &position, &zero, &call)
    };
    assert_eq!(called(position(0, 0), seize(1)), Err(Revert::Healthy));
    assert_eq!(called(position(5, 0), repay(1)), Err(Revert::Healthy));
    // Sized by shares, the collateral would be divided by the price.
    assert_eq!(called(position(5, 10), repay(1)), Err(Revert::DivisionByZero));
    // Sized by collateral, it costs nothing, and all of the debt is lost.
    let outcome = called(position(5, 10), seize(5)).unwrap();
    assert_eq!(outcome.repaid_assets, U256::ZERO);
    assert_eq!((outcome.repaid_shares, outcome.bad_debt_assets), (0, 10));
    let one = Position { collateral: 5, borrow_shares: 1, own_lltv: None };
    assert!(called(one, seize(1)).is_ok());
}

#[test]
fn a_call_that_repays_a_share_pays_a_unit_for_it() {
    let outcome =
        liquidate(&terms(75), &market(300), &position(100, 300), &at(1), &repay(1)).unwrap();
    assert_eq!((outcome.seized_assets, outcome.repaid_assets), (0, U256::ONE));
    assert_eq!(outcome.market_after.total_borrow_assets, 299);
    assert_eq!(outcome.position_after.borrow_shares, 299_999_999);
}

#[test]
fn each_size_rounds_the_other_against_the_caller() {
    // A ratio of 100 % has an incentive of 1: 3 units at 0.5 cost 2, not 1.5.
    let half = priced(U256::from(PRICE_ONE) / U256::from(2));
    let outcome = liquidate(&terms(100), &market(50), &position(60, 50), &half, &seize(3)).unwrap();
    assert_eq!((outcome.repaid_assets, outcome.repaid_shares), (U256::from(2), 2_000_000));
    // At 0.6, 3 units repaid take 5.
    let price = U256::from(PRICE_ONE) * U256::from(6) / U256::from(10);
    let outcome =
        liquidate(&terms(100), &market(50), &position(60, 50), &priced(price), &repay(3_999_999))
            .unwrap();
    assert_eq!((outcome.seized_assets, outcome.repaid_assets), (5, U256::from(4)));
}

#[test]
fn the_repayment_may_exceed_the_whole_debt_by_one_unit() {
    // A unit over a million and one shares: what a single share is worth rounds up to the unit
    // that is all, and then a second one is still asked for the million left.
    let market = Market {
        total_supply_assets: 1,
        total_supply_shares: 1_000_000,
        total_borrow_assets: 1,
        total_borrow_shares: 1_000_001,
    };
    let owes = Position { collateral: 100, borrow_shares: 1_000_001, own_lltv: None };
    let price = priced(U256::from(PRICE_ONE) / U256::from(100));
    let outcome = liquidate(&terms(80), &market, &owes, &price, &repay(1_000_001)).unwrap();
    assert_eq!(outcome.repaid_assets, U256::from(2));
    assert_eq!(outcome.market_after.total_borrow_assets, 0);
    assert_eq!(outcome.market_after.total_borrow_shares, 0);
    assert_eq!(outcome.market_after.total_supply_assets, 1);
}

#[test]
fn a_share_or_a_unit_of_collateral_too_much_is_refused_and_not_clamped() {
    let (terms, market) = (terms(80), market(1_000));
    let called = |call: Call| liquidate(&terms, &market, &position(100, 500), &at(1), &call);
    assert!(called(seize(100)).is_ok());
    assert_eq!(called(seize(101)).err(), Some(Revert::Arithmetic));
    // Enough collateral for all the debt, so that the shares decide.
    let rich = |call: Call| liquidate(&terms, &market, &position(600, 500), &at(1), &call);
    assert_eq!(rich(repay(500_000_000)).unwrap().position_after.borrow_shares, 0);
    assert_eq!(rich(repay(500_000_001)).err(), Some(Revert::Arithmetic));
    // All the collateral would repay more than is owed.
    assert_eq!(rich(seize(600)).err(), Some(Revert::Arithmetic));
    // A size beyond the contract's storage is refused by its cast.
    let wide = Call { seized_assets: U256::ZERO, repaid_shares: U256::from(1) << 128 };
    assert_eq!(rich(wide).err(), Some(Revert::TooWide));
    let most = Call { seized_assets: U256::ZERO, repaid_shares: U256::MAX };
    assert_eq!(rich(most).err(), Some(Revert::Arithmetic));
}

#[test]
fn a_loss_is_booked_at_exactly_no_collateral() {
    let (terms, market) = (terms(80), market(1_000));
    let called = |call: Call| liquidate(&terms, &market, &position(100, 500), &at(1), &call);
    let nearly = called(seize(99)).unwrap();
    assert_eq!(nearly.position_after.collateral, 1);
    assert_eq!((nearly.bad_debt_assets, nearly.bad_debt_shares), (0, 0));
    assert_eq!(nearly.market_after.total_supply_assets, 2_000);

    let all = called(seize(100)).unwrap();
    // 100 / 1.0638 rounded up is 95.
    assert_eq!(all.repaid_assets, U256::from(95));
    assert_eq!((all.bad_debt_assets, all.bad_debt_shares), (405, 405_000_000));
    assert_eq!(all.position_after, Position::default());
    assert_eq!(all.market_after.total_borrow_assets, 500);
    assert_eq!(all.market_after.total_borrow_shares, 500_000_000);
    assert_eq!(all.market_after.total_supply_assets, 2_000 - 405);
    assert_eq!(all.market_after.total_supply_shares, market.total_supply_shares);
}

#[test]
fn a_position_without_collateral_loses_all_at_the_first_share() {
    let outcome =
        liquidate(&terms(80), &market(1_000), &position(0, 500), &at(1), &repay(1)).unwrap();
    assert_eq!((outcome.seized_assets, outcome.repaid_assets), (0, U256::ONE));
    // The rest is worth 499.5 and a little, in 999 units left: 500 of the suppliers' units.
    assert_eq!((outcome.bad_debt_assets, outcome.bad_debt_shares), (500, 499_999_999));
    // With no collateral nothing can be seized.
    let called = liquidate(&terms(80), &market(1_000), &position(0, 500), &at(1), &seize(1));
    assert_eq!(called.err(), Some(Revert::Arithmetic));
}

#[test]
fn a_loss_is_bounded_by_the_markets_debt_and_must_be_in_its_supply() {
    // One share above the rate of a million: the debt is worth a unit more than the market's.
    let mut market = market(1_000);
    market.total_borrow_shares += 1;
    let owes = Position { collateral: 0, borrow_shares: 1_000_000_001, own_lltv: None };
    let outcome = liquidate(&terms(80), &market, &owes, &at(1), &repay(1)).unwrap();
    assert_eq!(outcome.bad_debt_assets, 999);
    assert_eq!(outcome.market_after.total_borrow_assets, 0);
    assert_eq!(outcome.market_after.total_supply_assets, 1_001);
    market.total_supply_assets = 999;
    assert!(liquidate(&terms(80), &market, &owes, &at(1), &repay(1)).is_ok());
    market.total_supply_assets = 998;
    let called = liquidate(&terms(80), &market, &owes, &at(1), &repay(1));
    assert_eq!(called.err(), Some(Revert::Arithmetic));
}

#[test]
fn a_position_with_more_shares_than_its_market_is_refused() {
    let called = liquidate(&terms(80), &market(1), &position(100, 500), &at(1), &repay(2_000_000));
    assert_eq!(called.err(), Some(Revert::Arithmetic));
    // Within the market's shares, the loss then finds too few.
    let called = liquidate(&terms(80), &market(10), &position(0, 500), &at(1), &repay(1));
    assert_eq!(called.err(), Some(Revert::Arithmetic));
}

#[test]
fn interest_is_three_terms_each_rounded_down_and_the_fee_buys_shares_after_it() {
    let terms = Terms { lltv: Wad::new(8 * WAD / 10), fee: Wad::new(WAD / 10) };
    // One per second for one second: 1 + 1/2 + 1/6.
    let now = Now {
        elapsed_seconds: 1,
        borrow_rate_per_second: Wad::one().raw,
        collateral_price: U256::ZERO,
    };
    let accrued = accrue(&terms, &market(6_000_000), &now).unwrap();
    assert_eq!(accrued.interest, 9_999_999);
    assert_eq!(accrued.market.total_borrow_assets, 15_999_999);
    assert_eq!(accrued.market.total_supply_assets, 21_999_999);
    // A fee of 999,999 bought from 21,000,000 units and one, at 12e12 shares and a million.
    let bought = 999_999u128 * (12_000_000_000_000 + 1_000_000) / 21_000_001;
    assert_eq!(accrued.fee_shares, bought);
    assert_eq!(accrued.market.total_supply_shares, 12_000_000_000_000 + bought);
    assert_eq!(accrued.market.total_borrow_shares, 6_000_000_000_000);

    let free = Terms { fee: Wad::default(), ..terms };
    let accrued = accrue(&free, &market(6_000_000), &now).unwrap();
    assert_eq!((accrued.interest, accrued.fee_shares), (9_999_999, 0));
}

#[test]
fn without_time_the_rate_is_not_asked_for() {
    let wild =
        Now { elapsed_seconds: 0, borrow_rate_per_second: U256::MAX, collateral_price: U256::ZERO };
    let accrued = accrue(&terms(80), &market(100), &wild).unwrap();
    assert_eq!((accrued.interest, accrued.market), (0, market(100)));
    let later = Now { elapsed_seconds: 1, ..wild };
    assert_eq!(accrue(&terms(80), &market(100), &later), Err(Revert::Arithmetic));
}

#[test]
fn interest_beyond_the_storage_is_refused_by_the_cast_or_by_the_sum() {
    // Taylor terms of 1e6 per second: about 1.67e17 times the debt.
    let now = Now {
        elapsed_seconds: 1,
        borrow_rate_per_second: Wad::one().raw * U256::from(1_000_000),
        collateral_price: U256::ZERO,
    };
    let huge = Market { total_borrow_assets: u128::MAX >> 32, ..market(1) };
    assert_eq!(accrue(&terms(80), &huge, &now), Err(Revert::TooWide));
    let full = Market { total_supply_assets: u128::MAX, ..market(1) };
    assert_eq!(accrue(&terms(80), &full, &now), Err(Revert::Arithmetic));
    // A fee of everything buys shares at the price of the suppliers' part, which is nothing.
    let all = Terms { fee: Wad::one(), ..terms(80) };
    let empty = Market { total_supply_assets: 0, total_supply_shares: u128::MAX, ..market(10) };
    let grown = Now { borrow_rate_per_second: Wad::one().raw, ..now };
    assert_eq!(accrue(&all, &empty, &grown), Err(Revert::TooWide));
}

#[test]
fn products_go_through_256_bits_and_no_further() {
    // A price of 1e40 and 1e38 units: the product has 260 bits.
    let price = U256::from(10).pow(U256::from(40));
    let wide = position(10u128.pow(38), 1);
    let refused = health(&terms(80), &market(10), &wide, price);
    assert_eq!(refused, Err(Revert::Arithmetic));
    let fits = position(10u128.pow(37), 1);
    let healthy = health(&terms(80), &market(10), &fits, price).unwrap();
    assert_eq!(healthy.max_borrow, U256::from(8 * 10u128.pow(36)) * U256::from(10_000));
    // A position without debt is refused as well, because the contract computes both sides.
    assert_eq!(health(&terms(80), &market(10), &position(10u128.pow(38), 0), price), refused);
}

#[test]
fn rounding_up_needs_room_for_the_divisor_less_one() {
    let d = U256::from(10);
    assert_eq!(mul_div_up(U256::MAX, U256::ONE, d), Err(MoneyError::Overflow));
    let fits = U256::MAX - U256::from(9);
    assert!(mul_div_up(fits, U256::ONE, d).is_ok());
    assert_eq!(mul_div_up(fits + U256::ONE, U256::ONE, d), Err(MoneyError::Overflow));
    assert_eq!(mul_div_up(U256::ONE, U256::ONE, U256::ZERO), Err(MoneyError::Underflow));
    assert_eq!(mul_div_up(U256::from(11), U256::ONE, d), Ok(U256::from(2)));
    assert_eq!(mul_div_up(U256::from(10), U256::ONE, d), Ok(U256::ONE));
    assert_eq!(mul_div_up(U256::ZERO, U256::ONE, d), Ok(U256::ZERO));
}

/// A market, a position in it, and the instant and size of a call.
fn any_case() -> impl Strategy<Value = (Terms, Market, Position, Now, Call)> {
    let ratio = prop_oneof![Just(385u128), Just(770), Just(860), Just(980)];
    let totals = (1u128..1 << 80, 0u128..1 << 80, 0u64..1_000_000, 0u32..60);
    let rest = (ratio, 0u128..250, 0u64..YEAR, 0u64..40_000_000_000, any::<bool>());
    (totals, rest, 0u128..=1_000, 1u128..=1_250, 1u128..2_000).prop_map(
        |((debt, spare, odd, shift), (lltv, fee, seconds, rate, by_shares), owes, size, cover)| {
            let debt = (debt >> shift).max(1);
            let market = Market {
                total_supply_assets: debt + (spare >> shift),
                total_supply_shares: (debt + (spare >> shift)) * 1_000_000,
                total_borrow_assets: debt,
                total_borrow_shares: debt * 1_000_000 + u128::from(odd),
            };
            let shares = market.total_borrow_shares / 1_000 * owes;
            // Up to twice as many units of collateral as of debt, at a price of three halves; a
            // fifth of the calls take all there is.
            let position = Position {
                collateral: debt / 1_000 * cover,
                borrow_shares: shares,
                own_lltv: None,
            };
            let call = if by_shares {
                repay(shares / 1_000 * size.min(1_000))
            } else {
                seize(if size < 1_000 {
                    position.collateral / 1_000 * size
                } else {
                    position.collateral
                })
            };
            let terms =
                Terms { lltv: Wad::new(lltv * WAD / 1_000), fee: Wad::new(fee * WAD / 1_000) };
            let now = Now {
                elapsed_seconds: seconds,
                borrow_rate_per_second: U256::from(rate),
                collateral_price: U256::from(PRICE_ONE) * U256::from(3) / U256::from(2),
            };
            (terms, market, position, now, call)
        },
    )
}

proptest! {
    #[test]
    fn an_accepted_call_moves_what_it_says((terms, market, position, now, call) in any_case()) {
        let Ok(done) = liquidate(&terms, &market, &position, &now, &call) else { return Ok(()) };
        let accrued = accrue(&terms, &market, &now).unwrap();
        let (before, after) = (accrued.market, done.market_after);
        prop_assert!(!done.health_before.is_healthy());
        let shares = done.repaid_shares + done.bad_debt_shares;
        prop_assert_eq!(after.total_borrow_shares + shares, before.total_borrow_shares);
        prop_assert_eq!(done.position_after.borrow_shares + shares, position.borrow_shares);
        prop_assert_eq!(done.position_after.collateral + done.seized_assets, position.collateral);
        prop_assert_eq!(after.total_supply_assets + done.bad_debt_assets, before.total_supply_assets);
        prop_assert_eq!(after.total_supply_shares, before.total_supply_shares);
        // The debt falls by what is paid and lost, but for the unit that may be paid too much.
        let gone = before.total_borrow_assets - after.total_borrow_assets - done.bad_debt_assets;
        let over = done.repaid_assets - U256::from(gone);
        prop_assert!(over <= U256::ONE && (over.is_zero() || after.total_borrow_assets == 0));
        let lost = done.bad_debt_assets > 0 || done.bad_debt_shares > 0;
        prop_assert!(!lost || done.position_after.collateral == 0);
        prop_assert!(done.position_after.collateral != 0 || done.position_after.borrow_shares == 0);
    }

    #[test]
    fn nobody_seizes_more_value_than_the_incentive_allows(
        (terms, market, position, now, call) in any_case()
    ) {
        let Ok(done) = liquidate(&terms, &market, &position, &now, &call) else { return Ok(()) };
        let worth = U256::from(done.seized_assets) * U256::from(3) / U256::from(2);
        let allowed = done.incentive_factor.of(done.repaid_assets, Rounding::Ceil).unwrap();
        prop_assert!(worth <= allowed);
    }

    #[test]
    fn naming_the_shares_takes_at_least_what_naming_the_collateral_took(
        (terms, market, position, now, call) in any_case()
    ) {
        if call.seized_assets.is_zero() { return Ok(()) }
        let Ok(done) = liquidate(&terms, &market, &position, &now, &call) else { return Ok(()) };
        if done.repaid_shares == 0 { return Ok(()) }
        // The first rounds up at each of three steps, and the second takes them back down.
        match liquidate(&terms, &market, &position, &now, &repay(done.repaid_shares)) {
            Ok(again) => {
                prop_assert_eq!(again.repaid_assets, done.repaid_assets);
                prop_assert!(again.seized_assets >= done.seized_assets);
            }
            // What it would take besides is not there.
            Err(revert) => prop_assert_eq!(revert, Revert::Arithmetic),
        }
    }
}

#[test]
fn the_cases_reach_every_branch() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut healthy, mut refused, mut lost, mut by_shares) = (0, 0, 0, 0, 0);
    for _ in 0..1_000 {
        let (terms, market, position, now, call) =
            any_case().new_tree(&mut runner).unwrap().current();
        match liquidate(&terms, &market, &position, &now, &call) {
            Ok(done) => {
                accepted += 1;
                lost += u32::from(done.bad_debt_assets > 0);
                by_shares += u32::from(!call.repaid_shares.is_zero());
            }
            Err(Revert::Healthy) => healthy += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(accepted > 200, "accepted {accepted}");
    assert!(healthy > 50, "healthy {healthy}");
    assert!(refused > 50, "refused {refused}");
    assert!(lost > 20, "lost {lost}");
    assert!(by_shares > 50, "by shares {by_shares}");
}
