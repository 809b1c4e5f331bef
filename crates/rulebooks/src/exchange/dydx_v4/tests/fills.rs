//! Fills of liquidation orders: the block's limits, the fund, and that nothing is minted.

use super::*;

const LIMITS: PositionLimits = PositionLimits { notional_min: 1_000, portion_max_ppm: 500_000 };
const BLOCK: BlockLimits = BlockLimits { notional_max: 1 << 50, insurance_lost_max: 1 << 50 };
const FEE_PPM: u32 = 5_000;

#[test]
fn a_position_below_the_least_notional_is_its_own_limit() {
    let notional = |value| LIMITS.notional(value).unwrap();
    assert_eq!((notional(0), notional(999), notional(1_000)), ((0, 0), (999, 999), (1_000, 1_000)));
    // Half of 2,001 is 1,000.5: the least and the portion meet.
    assert_eq!(
        (notional(1_999), notional(2_001), notional(2_002)),
        ((1_000, 1_000), (1_000, 1_000), (1_000, 1_001))
    );
    let whole = PositionLimits { notional_min: 0, portion_max_ppm: 1_000_000 };
    assert_eq!(whole.notional(u128::MAX), Ok((0, u128::MAX)));
    let none = PositionLimits { notional_min: 0, portion_max_ppm: 0 };
    assert_eq!(none.notional(7), Ok((0, 0)));
}

#[test]
fn an_orders_size_keeps_to_whole_steps_within_the_position() {
    let perpetuals = perpetuals();
    let (large, middle) = (perpetuals.get(0).unwrap(), perpetuals.get(3).unwrap());
    // Half of 1,003 steps of 1e6 quanta at 5: down to 501 steps.
    let half = size_delta(large, 1_003_000_000, &LIMITS, u128::MAX);
    assert_eq!(half, Ok(-501_000_000));
    assert_eq!(size_delta(large, -1_003_000_000, &LIMITS, u128::MAX), Ok(501_000_000));
    // The account's own limit, exactly the notional and one below it.
    let whole = PositionLimits { portion_max_ppm: 1_000_000, ..LIMITS };
    assert_eq!(size_delta(large, 2_000_000, &whole, 10_000_000), Ok(-2_000_000));
    assert_eq!(size_delta(large, 2_000_000, &whole, 9_999_999), Ok(-1_000_000));
    // At least one step, even when nothing is left; and a position of one step whole.
    assert_eq!(size_delta(large, 2_000_000, &whole, 0), Ok(-1_000_000));
    assert_eq!(size_delta(large, 1_000_000, &whole, 0), Ok(-1_000_000));
    assert_eq!(size_delta(large, -999_999, &whole, 0), Ok(999_999));
    assert_eq!(size_delta(large, 0, &whole, 0), Ok(0));
    assert_eq!(size_delta(middle, -25_000, &LIMITS, u128::MAX), Ok(10_000));
    let stepless = Perpetual { step_base_quantums: 0, ..large.clone() };
    assert_eq!(size_delta(&stepless, 2_000_000, &LIMITS, u128::MAX), Err(Revert::StepZero));
    assert_eq!(size_delta(large, i128::MIN, &LIMITS, 0), Err(Revert::Arithmetic));
}

#[test]
fn usage_may_reach_its_limit_and_not_pass_it() {
    let block = BlockLimits { notional_max: 100, insurance_lost_max: 10 };
    let used = BlockUsage { notional: 40, insurance_lost: 4, liquidated: vec![8] };
    let fill = |notional, delta| used.with_fill(&block, 0, notional, delta);
    let after = fill(60, -6).unwrap();
    assert_eq!((after.notional, after.insurance_lost, &after.liquidated[..]), (100, 10, &[8][..]));
    assert_eq!(fill(61, 0), Err(Revert::NotionalLimit { notional: 61, left: 60 }));
    assert_eq!(fill(60, -7), Err(Revert::InsuranceLimit { lost: 7, left: 6 }));
    // A fee to the fund uses nothing.
    assert_eq!(fill(0, 7).unwrap(), used);
    assert_eq!(used.with_fill(&block, 8, 0, 0), Err(Revert::AlreadyLiquidated(8)));
    let above = BlockUsage { notional: 101, ..BlockUsage::default() };
    let stopped = Err(Revert::UsageAboveLimit { used: 101, limit: 100 });
    assert_eq!(above.notional_left(&block, 0), stopped);
}

#[test]
fn fills_are_cut_to_quote_quantums() {
    assert_eq!(
        (fill_quote(3, 5, 0), fill_quote(3, 5, -1), fill_quote(3, 5, 2)),
        (Ok(15), Ok(1), Ok(1_500))
    );
    assert_eq!(fill_quote(u128::MAX, u64::MAX, -18), Err(Revert::Arithmetic));
    assert_eq!(fill_quote(u128::MAX, 10_000_000_000, -10), Ok(u128::MAX));
    assert_eq!(fill_quote(u128::MAX, u64::MAX, 70), Err(Revert::Arithmetic));
}

/// Short 0.1 with 5,499: liquidatable by 1, at bankruptcy for 5,499.
fn short() -> Subaccount {
    account(5_499_000_000, &[(0, -1_000_000_000)])
}

fn buy(delta: i128, quote: u128) -> FilledOrder {
    FilledOrder { closing: Closing { perpetual: 0, delta }, quote }
}

fn filled(order: &FilledOrder, fund: u128) -> Result<LiquidationFill, Revert> {
    let usage = BlockUsage::default();
    liquidate(&short(), &perpetuals(), order, FEE_PPM, fund, (&BLOCK, &usage))
}

#[test]
fn a_fill_better_than_bankruptcy_pays_the_fund_and_a_worse_one_draws_on_it() {
    let better = filled(&buy(1_000_000_000, 5_000_000_000), 7).unwrap();
    assert_eq!((better.insurance_delta, better.insurance_after), (25_000_000, 25_000_007));
    assert_eq!(better.account_after, account(474_000_000, &[]));
    assert_eq!(better.usage_after.notional, 5_000_000_000);
    let exact = filled(&buy(1_000_000_000, 5_499_000_000), 0).unwrap();
    assert_eq!((exact.insurance_delta, exact.account_after), (0, account(0, &[])));
    let worse = filled(&buy(1_000_000_000, 5_499_000_001), 1).unwrap();
    assert_eq!((worse.insurance_delta, worse.insurance_after), (-1, 0));
    assert_eq!(worse.account_after, account(0, &[]));
    assert_eq!(worse.usage_after.insurance_lost, 1);
    let short_fund = filled(&buy(1_000_000_000, 5_499_000_001), 0);
    assert_eq!(short_fund, Err(Revert::InsuranceShort { balance: 0, lost: 1 }));
}

#[test]
fn healthy_accounts_and_empty_or_wrong_fills_are_refused() {
    let healthy = account(5_500_000_000, &[(0, -1_000_000_000)]);
    let usage = BlockUsage::default();
    let order = buy(1, 5);
    let refused = liquidate(&healthy, &perpetuals(), &order, 0, 0, (&BLOCK, &usage));
    let expected = Revert::NotLiquidatable { net: 500_000_000, requirement: 500_000_000 };
    assert_eq!(refused, Err(expected));
    assert_eq!(
        expected.to_string(),
        "not liquidatable: net collateral 500000000 covers the requirement 500000000"
    );
    assert_eq!(filled(&buy(0, 5), 0), Err(Revert::NoFill));
    assert!(matches!(filled(&buy(-1, 5), 0), Err(Revert::SizeDelta { .. })));
    assert_eq!(filled(&buy(1, u128::MAX), 0), Err(Revert::Arithmetic));
    let used = BlockUsage { liquidated: vec![0], ..usage };
    let again = liquidate(&short(), &perpetuals(), &buy(1_000, 5_000), 0, 0, (&BLOCK, &used));
    assert_eq!(again, Err(Revert::AlreadyLiquidated(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]
    #[test]
    fn account_counterparty_and_fund_together_get_nothing(
        held in accounts(), part in 1i128..=1_000, price in 850u128..1_150, fund in 0u128..1 << 34
    ) {
        let (perpetuals, usage) = (perpetuals(), BlockUsage::default());
        let before = held.risk(&perpetuals).unwrap();
        for position in &held.positions {
            let delta = -(position.quantums * part / 1_000);
            let perpetual = perpetuals.get(position.perpetual).unwrap();
            let quote = perpetual.notional(delta.unsigned_abs()).unwrap() * price / 1_000;
            let closing = Closing { perpetual: position.perpetual, delta };
            let order = FilledOrder { closing, quote };
            let block = (&BLOCK, &usage);
            let Ok(fill) = liquidate(&held, &perpetuals, &order, FEE_PPM, fund, block) else { continue };
            prop_assert!(before.is_liquidatable());
            let account = fill.account_after.quote - held.quote;
            prop_assert_eq!(account + fill.counterparty_delta + fill.insurance_delta, 0);
            prop_assert_eq!(account, fill.quote_delta - fill.insurance_delta);
            let gained = fill.insurance_after as i128 - fund as i128;
            prop_assert_eq!(gained, fill.insurance_delta);
            let left = fill.account_after.position(position.perpetual).unwrap_or(0);
            prop_assert_eq!(left, position.quantums + delta);
            // Nobody gets riskier by being liquidated.
            let after = fill.account_after.risk(&perpetuals).unwrap();
            prop_assert!(after.maintenance <= before.maintenance && !after.is_riskier_than(&before));
        }
    }
}
