//! What an account counts for, and the limit at which it may be liquidated.

use super::*;

const MAINTENANCE: Purpose =
    Purpose { initial: false, strict: false, buffer_bps: 200, tracked: None };

fn margin(account: &Account, purpose: &Purpose) -> Margin {
    account.margin(&markets(), purpose).unwrap()
}

#[test]
fn deposits_are_rounded_down_and_borrows_up() {
    // 1 unit at 0.9997: nothing as a deposit, one as a debt.
    assert_eq!(margin(&account(&[(0, 1)], &[]), &MAINTENANCE).collateral_e6, 0);
    assert_eq!(margin(&account(&[(0, -1)], &[]), &MAINTENANCE).requirement_e6, 1);
    // The quote token counts in full; its debt carries the buffer of 2 %.
    let lent = margin(&account(&[(0, -1_000_000_000)], &[]), &MAINTENANCE);
    assert_eq!((lent.requirement_e6, lent.buffered_e6), (999_700_000, 999_700_000 + 19_994_000));
}

#[test]
fn weights_fall_and_rise_with_size_in_both_requirements() {
    // 100 tokens of 140: sqrt(1e12 + 1) is 1e6, so a debt weighs 8,800 + 300 or the base of 11,000.
    let debt = margin(&account(&[(1, -100_000_000_000)], &[]), &MAINTENANCE);
    assert_eq!(debt.requirement_e6, 14_000_000_000 / 10_000 * 11_000);
    // A deposit: 1.1 / 1.03 is above 0.9. With 10,000 tokens, 1.1 / 1.3 is 0.8461.
    let held = |tokens| margin(&account(&[(1, tokens)], &[]), &MAINTENANCE).collateral_e6;
    assert_eq!(held(100_000_000_000), 12_600_000_000);
    assert_eq!(held(10_000_000_000_000), 1_400_000_000_000 / 10_000 * 8_461);
    // Tokens of five decimals are brought to nine first: 1e6 tokens, a root of 1e8, a discount of 0.17.
    let five = margin(&account(&[(2, 100_000_000_000)], &[]), &MAINTENANCE);
    assert_eq!(five.collateral_e6, 250_000_000_000 / 10_000 * 6_500);
}

#[test]
fn strict_prices_take_the_worse_of_both() {
    let strict = Purpose { strict: true, ..MAINTENANCE };
    let nine = |tokens, purpose| margin(&account(&[(1, tokens)], &[]), purpose);
    assert_eq!(nine(1_000_000_000, &strict).collateral_e6, 138_500_000 / 10 * 9);
    assert_eq!(nine(-1_000_000_000, &strict).requirement_e6, 140_000_000 / 10 * 11);
    let five = |tokens, purpose| margin(&account(&[(2, tokens)], &[]), purpose);
    assert_eq!(five(100_000, &strict).collateral_e6, 250_000 * 6_500 / 10_000);
    assert_eq!(five(-100_000, &strict).requirement_e6, 260_000 * 13_000 / 10_000);
    // Of the quote token itself: profit at 0.9997, loss and the value that is required for at 1.0003.
    let large = |base, quote| margin(&account(&[], &[(7, base, quote)]), &strict);
    assert_eq!(large(0, 10_000_000).collateral_e6, 9_997_000);
    assert_eq!(large(0, -10_000_000).collateral_e6, -10_003_000);
    let value = 61_234_500 * 10_003 / 10_000;
    assert_eq!(large(1_000_000, 0).requirement_e6, value * 330 / 10_000);
}

#[test]
fn profit_is_weighted_and_a_loss_counts_in_full() {
    // Two short of 140.07 for 300: 19.86 of profit at 97 %, then at 0.9997.
    let won = account(&[], &[(0, -2_000_000_000, 300_000_000)]);
    let profit = 300_000_000 - 280_140_000;
    assert_eq!(margin(&won, &MAINTENANCE).collateral_e6, profit * 97 / 100 * 9_997 / 10_000);
    let lost = account(&[], &[(0, -2_000_000_000, 260_000_000)]);
    assert_eq!(margin(&lost, &MAINTENANCE).collateral_e6, -20_140_000 * 9_997 / 10_000);
    // The value is brought to the quote token's price, then to 5 %.
    assert_eq!(margin(&lost, &MAINTENANCE).requirement_e6, 280_140_000 * 9_997 / 10_000 / 20);
    // For the initial requirement at most 100 of a position's profit count.
    let initial = |quote| margin(&account(&[], &[(7, 0, quote)]), &Purpose::initial(false));
    assert_eq!(initial(100_030_010).collateral_e6, 100_000_000);
    assert_eq!(initial(100_030_008).collateral_e6, 99_999_998);
    assert_eq!(initial(900_000_000).collateral_e6, 100_000_000);
}

#[test]
fn equality_is_healthy_until_a_liquidation_has_begun() {
    // One long of 61,234.5 at 3.3 %; the requirement is 2,020.13... and the buffer 2 % of the value.
    let (base, markets) = (1_000_000_000, markets());
    let at = |quote: i128| account(&[], &[(7, base, quote), (0, 0, 0)]);
    let required = margin(&at(0), &MAINTENANCE);
    let value = 61_234_500_000u128 * 9_997 / 10_000;
    assert_eq!(required.requirement_e6, value * 330 / 10_000);
    assert_eq!(required.buffered_e6, required.requirement_e6 + value * 200 / 10_000);
    // The quote balances at which collateral is exactly what is required.
    let exactly = |wanted: u128| {
        let found = (0..80_000_000_000i128).step_by(1_000_000_000);
        let mut low = -found.last().unwrap();
        let mut high = 0;
        while high - low > 1 {
            let middle = (low + high) / 2;
            let enough = margin(&at(middle), &MAINTENANCE).collateral_e6 >= wanted as i128;
            if enough { high = middle } else { low = middle }
        }
        high
    };
    let limit = exactly(required.requirement_e6);
    assert_eq!(margin(&at(limit), &MAINTENANCE).collateral_e6, required.requirement_e6 as i128);
    assert_eq!(at(limit).is_liquidatable(&markets, 200), Ok(false));
    assert_eq!(at(limit - 1).is_liquidatable(&markets, 200), Ok(true));
    let begun = |quote| Account { being_liquidated: true, ..at(quote) };
    let limit = exactly(required.buffered_e6);
    assert_eq!(begun(limit).is_liquidatable(&markets, 200), Ok(false));
    assert_eq!(begun(limit - 1).is_liquidatable(&markets, 200), Ok(true));
    assert_eq!(at(limit - 1).is_liquidatable(&markets, 200), Ok(false));
}

#[test]
fn the_tracked_part_of_a_shortage_is_that_of_its_market() {
    let both = account(&[(0, -50_000_000)], &[(0, 1_000_000_000, 0), (7, -10_000_000, 0)]);
    let tracked = |market| margin(&both, &Purpose::liquidation(200, market));
    let (none, first, second) = (tracked(None), tracked(Some(0)), tracked(Some(7)));
    assert_eq!(none.tracked_e6, 0);
    let debt = 49_985_000;
    assert_eq!(first.tracked_e6 + second.tracked_e6 + debt, none.requirement_e6);
    assert!(first.tracked_e6 > 0 && second.tracked_e6 > first.tracked_e6);
    let part = first.tracked_part_e6(1_000_000).unwrap();
    assert_eq!(part, 1_000_000 * first.tracked_e6 / first.requirement_e6);
    assert_eq!(Margin::default().tracked_part_e6(1_000_000), Ok(0));
}

#[test]
fn an_account_is_bankrupt_only_with_nothing_and_a_debt() {
    let bankrupt = |spots: &[_], perps: &[_]| account(spots, perps).is_bankrupt();
    assert!(!bankrupt(&[], &[]));
    assert!(bankrupt(&[(1, -1)], &[]));
    assert!(bankrupt(&[(0, 0)], &[(0, 0, -1)]));
    assert!(!bankrupt(&[(0, 1)], &[(0, 0, -1)]));
    assert!(!bankrupt(&[(0, -1)], &[(0, 1, -1)]));
    assert!(!bankrupt(&[(0, -1)], &[(0, 0, 1)]));
    assert!(!bankrupt(&[(0, 0)], &[(0, 0, 0)]));
}

#[test]
fn what_is_missing_or_twice_is_named() {
    let error = |spots: &[_], perps: &[_]| account(spots, perps).margin(&markets(), &MAINTENANCE);
    assert_eq!(error(&[(9, 1)], &[]), Err(Revert::SpotMarketMissing(9)));
    assert_eq!(error(&[], &[(3, 1, 1)]), Err(Revert::PerpMarketMissing(3)));
    let twice = Err(Revert::PositionCount { market: 1, found: 2 });
    assert_eq!(error(&[(1, 1), (1, 1)], &[]), twice);
    assert_eq!(error(&[(1, i128::MIN)], &[]), Err(Revert::Arithmetic));
    assert_eq!(error(&[], &[(0, i128::MIN, i128::MIN)]), Err(Revert::Arithmetic));
    let quoteless = Markets { spots: Vec::new(), ..markets() };
    let held = account(&[], &[(0, 1, 1)]);
    assert_eq!(held.margin(&quoteless, &MAINTENANCE), Err(Revert::SpotMarketMissing(0)));
    assert_eq!(
        Revert::PositionCount { market: 1, found: 2 }.to_string(),
        "the account has 2 positions in market 1; it must have exactly one"
    );
}
