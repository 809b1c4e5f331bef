//! Health and liquidation prices with several margin assets, and of inverse contracts.

use super::wide::*;
use super::*;
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

#[test]
fn a_hundred_dollar_inverse_contract_gains_and_loses_coin() {
    let mut pool = wide();
    pool.give(A, wide::BTC, one(wide::BTC));
    pool.mark(BTCUSD, 400_000);
    // 400 contracts of 100 USD are one coin at 40,000: owed by a long that got it at entry.
    pool.take(A, BTCUSD, 400);
    assert_eq!((pool.own(A, BTCUSD), pool.side(A, BTCUSD)), (400, 100_000_000));
    // At 50,000 it owes 0.8: a profit of 0.2 coins at 50,000 USD, counted at 98 %.
    pool.mark(BTCUSD, 500_000);
    let health = pool.health(A);
    assert_eq!(health.equity, 58_800_000_000);
    // 0.4 % and 0.005 % for each of 0.8 coins: 0.404 % of 40,000 USD.
    assert_eq!(health.requirement, 161_600_000);
    // A short has the opposite.
    let mut pool = wide();
    pool.give(A, wide::BTC, one(wide::BTC));
    pool.mark(BTCUSD, 400_000);
    pool.take(A, BTCUSD, -400);
    assert_eq!(pool.side(A, BTCUSD), -100_000_000);
    pool.mark(BTCUSD, 500_000);
    assert_eq!(pool.health(A).equity, 39_200_000_000);
}

#[test]
fn what_is_held_counts_in_slices_and_what_is_owed_counts_whole() {
    let mut pool = wide();
    // 9.5 BTC: 2 at 98 %, 3 at 95 %, 4 at 80 %, nothing of the rest.
    pool.give(A, wide::BTC, 950_000_000);
    assert_eq!(pool.health(A).equity, (1_960 + 2_850 + 3_200) * 50_000 * 1_000);
    // A short position in an inverse contract that lost half a coin of what there is none of.
    pool.give(B, wide::USDT, 100_000 * ONE);
    pool.mark(BTCUSD, 500_000);
    pool.take(B, BTCUSD, -1_000);
    let before = pool.health(B).equity;
    assert_eq!(before, 99_990 * 10_001 * 100);
    pool.mark(BTCUSD, 625_000);
    // 2 coins became 1.6: 0.4 are owed, at 50,000 USD each, without a haircut.
    assert_eq!(pool.health(B).equity, before - 20_000 * 1_000_000);
    pool.mark(BTCUSD, 400_000);
    assert_eq!(pool.health(B).equity, before + 25_000 * 980_000);
}

#[test]
fn a_requirement_of_the_entry_value_stays_where_it_was_entered() {
    let mut pool = wide();
    pool.give(A, wide::ETH, 100 * one(wide::ETH));
    pool.mark(ETHUSD, 250_000);
    // 5,000 contracts of 10 USD at 2,500 are 20 ETH, just inside the first bracket.
    pool.take(A, ETHUSD, 5_000);
    assert_eq!(pool.health(A).requirement, 500_000_000);
    pool.mark(ETHUSD, 125_000);
    assert_eq!(pool.health(A).requirement, 500_000_000);
    // One more is in the second, from the value at which both were entered: 20.008 ETH.
    pool.take(A, ETHUSD, 1);
    assert_eq!(pool.side(A, ETHUSD), 20_008 * 1_000_000_000_000_000);
    assert_eq!(pool.health(A).requirement, 501_000_000);
}

#[test]
fn the_initial_rate_rises_with_open_interest_from_its_own_to_one() {
    // 500 contracts at 50,000 are one coin: 5 % of it, and what open interest adds between 20 and
    // 80 coins.
    for (others, expected) in
        [(9_000, 50_000), (9_500, 50_000), (9_560, 51_900), (24_500, 525_000), (39_500, 1_000_000)]
    {
        let mut pool = wide();
        pool.mark(DATED, 500_000);
        pool.give(A, wide::BTC, 2 * one(wide::BTC));
        pool.give(B, wide::BTC, 400 * one(wide::BTC));
        pool.give(B, wide::USDT, 90_000_000 * ONE);
        pool.take(A, DATED, 500);
        pool.take(B, DATED, others);
        assert_eq!(pool.initial(A), expected * 50_000, "{others}");
    }
}

/// An account with some of everything, entered at other prices than the marks; then, by its cash,
/// owing some of it.
pub fn random_book(seed: u64) -> Pool {
    filled(wide(), seed)
}

/// The same in a pool of another file.
pub fn filled(mut pool: Pool, seed: u64) -> Pool {
    let mut s = Chance(seed);
    for asset in MARGIN {
        pool.give(A, asset, 5_000_000 * one(asset));
    }
    for asset in CONTRACTS {
        let first = MARKETS[asset.index()].2;
        if s.below(3) == 0 {
            continue;
        }
        let bits = s.below(18);
        let size = 1 + i128::from(s.below(1 << bits));
        let size = if s.below(2) == 0 { size } else { -size };
        pool.mark(asset, first * u128::from(70 + s.below(60)) / 100 + u128::from(s.below(99)));
        pool.take(A, asset, size);
        pool.mark(asset, first * u128::from(70 + s.below(60)) / 100 + u128::from(s.below(99)));
    }
    for asset in MARGIN {
        let first = MARKETS[asset.index()].2;
        pool.mark(asset, first * u128::from(70 + s.below(60)) / 100);
        // Between owing twenty and holding twenty, of BTC; more of cheaper assets.
        let most = 1_000_000 / (first / 10u128.pow(pool.scale(asset).into())) as i128;
        let left = i128::from(s.below(1 << 20)) * 2 * most - (most << 20);
        let unit = Unit::token(asset);
        let left = left * i128::try_from(one(asset)).unwrap() / (1 << 20);
        let change = left - pool.own(A, asset);
        pool.rows.add(Holder::Account(A), unit, change);
        pool.rows.add(Holder::External, unit, -change);
    }
    pool
}

/// `whole` at six decimals.
fn told(raw: i128) -> Rational {
    exact(raw, 6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn health_is_the_exact_one_rounded_against_the_account_within_its_units(seed in any::<u64>()) {
        let pool = random_book(seed);
        let (health, expected) = (pool.health(A), naive(&pool, A));
        let off = &expected.equity - told(health.equity);
        prop_assert!(off >= told(0) && off <= expected.below, "equity off by {off}");
        let over = told(i128::try_from(health.requirement).unwrap()) - expected.maintenance;
        prop_assert!(over >= told(0) && over <= expected.above, "maintenance off by {over}");
        let over = told(i128::try_from(pool.initial(A)).unwrap()) - expected.initial;
        prop_assert!(over >= told(0) && over <= expected.above, "initial off by {over}");
    }

    /// At the price the account is in breach, one tick nearer the mark it is not; from a breach, the
    /// other way round.
    #[test]
    fn breach_begins_at_the_tick_that_is_told(seed in any::<u64>(), percent in 100u128..140) {
        let mut pool = random_book(seed);
        // A little above or, now and then, below its line.
        let health = pool.health(A);
        let wanted = i128::try_from(health.requirement * percent / 105 + 1).unwrap();
        let change = (wanted - health.equity) * 10_000 / i128::try_from(pool.price(wide::USDT).raw).unwrap();
        pool.rows.add(Holder::Account(A), Unit::token(wide::USDT), change);
        let now = pool.health(A).breach;
        for asset in CONTRACTS.into_iter().chain(MARGIN) {
            let found = pool.look(|view| pool.rulebook.liquidation_price(view, A, asset)).unwrap();
            let Some(found) = found else { continue };
            let (mark, scale) = (pool.price(asset).raw, pool.scale(asset));
            let line = rational::to_raw(&found, scale, Rounding::Floor).unwrap();
            prop_assert_eq!(exact(i128::try_from(line).unwrap(), scale), found);
            pool.mark(asset, line);
            prop_assert!(pool.health(A).breach, "{asset} at {line}, mark {mark}");
            // Towards the mark it is not in breach; from a breach, away from it.
            let mut healthy = |raw| {
                pool.mark(asset, raw);
                !pool.health(A).breach
            };
            let (below, above) = (line > 1 && healthy(line - 1), healthy(line + 1));
            let found = match (now, line < mark) {
                (true, _) => below || above,
                (false, true) => above,
                (false, false) => below,
            };
            prop_assert!(found, "{asset} at {line}, mark {mark}, in breach now: {now}");
            pool.mark(asset, mark);
        }
    }
}

/// USDT is all the margin there is, of a perpetual and of a put on a coin that nobody holds.
#[test]
fn a_perpetual_beside_a_written_put_has_the_price_at_which_both_are_asked_for() {
    let start = WIDE.find("[numeraire]").unwrap()..WIDE.find("[source]").unwrap();
    let mut text = WIDE.to_owned();
    text.replace_range(start, "settle = \"USDT\"\n");
    let list = text.find("[collateral.USDT]").unwrap()..text.find("[contracts.BTCUSDT]").unwrap();
    text.replace_range(list, "");
    let mut assets = wide_assets();
    let put = AssetId(4);
    assets.swap(4, 9);
    assets.truncate(5);
    let markets = [(wide::BTC, 2, 5_000_000), (BTCUSDT, 1, 500_000), (put, 1, 9_000)];
    let mut pool = Pool::of(&text, assets, &markets);
    pool.give(A, wide::USDT, 20_000 * ONE);
    pool.take(A, BTCUSDT, 1_000);
    pool.take(A, put, -1_000);
    for asset in [BTCUSDT, put, wide::BTC] {
        let found = pool.look(|view| pool.rulebook.liquidation_price(view, A, asset)).unwrap();
        let (mark, scale) = (pool.price(asset).raw, pool.scale(asset));
        let line = rational::to_raw(&found.unwrap(), scale, Rounding::Floor).unwrap();
        // A long falls to it; what is asked for a put that was written rises with both its prices.
        assert_eq!(line < mark, asset == BTCUSDT, "{asset} at {line}");
        let nearer = if line < mark { line + 1 } else { line - 1 };
        for (raw, breach) in [(line, true), (nearer, false)] {
            pool.mark(asset, raw);
            assert_eq!(pool.health(A).breach, breach, "{asset} at {raw}");
        }
        pool.mark(asset, mark);
    }
    assert_eq!(pool.look(|view| pool.rulebook.liquidation_price(view, A, wide::ETH)), Ok(None));
}

/// One inverse contract on coin alone: no numeraire and no price of the coin.
const COIN_M: &str = r#"
name = "coin"
rule = "margin-exchange"
effective_from = "a test"
settle = "BTC"
[source]
"contracts.*.tiers" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
[contracts.BTCUSD]
clearance_fee_bps = 75
tiers = [
    { cap = "5", rate = "0.004", leverage_max = 125, deduction = "0" },
    { cap = "10", rate = "0.005", leverage_max = 100, deduction = "0.005" },
    { cap = "20", rate = "0.01", leverage_max = 50, deduction = "0.055" },
    { cap = "90000", rate = "0.025", leverage_max = 20, deduction = "0.355" },
]
"#;

fn coin() -> Pool {
    let mut assets = wide_assets();
    assets.swap(0, 1);
    assets.swap(2, 5);
    assets.truncate(3);
    let AssetKind::Contract(terms) = &mut assets[2].kind else { panic!() };
    terms.settle = AssetId(0);
    Pool::of(COIN_M, assets, &[(AssetId(2), 2, 5_000_000)])
}

/// The venue's form: V (rate + s) / (WB + cum + s V / E).
#[test]
fn an_inverse_position_has_the_exact_root_of_the_venues_formula() {
    for (side, price) in [(1i128, "37566.3"), (-1, "0")] {
        let mut pool = coin();
        pool.give(A, AssetId(0), 3 * 100_000_000);
        // 4,500 contracts at 50,000: 9 coins, in the second bracket; at the root in the third.
        pool.take(A, AssetId(2), side * 4_500);
        let found = pool.look(|view| pool.rulebook.liquidation_price(view, A, AssetId(2))).unwrap();
        let root = |rate: &str, cum: &str| {
            let (v, s) = (exact(450_000, 0), exact(side, 0));
            &v * (number(rate) + &s) / (number("3") + number(cum) + s * v / number("50000"))
        };
        let (rate, cum) = if side > 0 { ("0.01", "0.055") } else { ("0.005", "0.005") };
        assert_eq!(found, Some(root(rate, cum)), "{side} {price}");
    }
    // A long with as much coin as it owes at entry would be taken at half the price and a bit; a
    // short that is backed whole, at none.
    let mut pool = coin();
    pool.give(A, AssetId(0), 10 * 100_000_000);
    pool.take(A, AssetId(2), -4_500);
    assert_eq!(
        pool.look(|view| pool.rulebook.liquidation_price(view, A, AssetId(2))).unwrap(),
        None
    );
}

proptest! {
    #[test]
    fn an_inverse_breach_begins_at_its_root(
        size in 1i128..100_000, long in any::<bool>(), margin in 1u128..40, entry in 100_000u128..9_000_000
    ) {
        let mut pool = coin();
        let (contract, size) = (AssetId(2), if long { size } else { -size });
        pool.mark(contract, entry);
        pool.give(A, AssetId(0), 1 << 60);
        pool.take(A, contract, size);
        let worth = pool.side(A, contract).unsigned_abs();
        let left = i128::try_from(worth * margin / 40 + worth / 20 + 1).unwrap();
        pool.rows.add(Holder::Account(A), Unit::token(AssetId(0)), left - (1 << 60));
        let found = pool.look(|view| pool.rulebook.liquidation_price(view, A, contract)).unwrap();
        let Some(raw) = found.and_then(|p| rational::to_raw(&p, 2, Rounding::Floor).ok()) else { return Ok(()) };
        // A step of the price must be worth more than roundings: five units, of what is there by then.
        let then = size.unsigned_abs() * 1_000_000_000_000 / raw;
        if then == 0 {
            return Ok(());
        }
        let step = raw * 12 / then + 2;
        if raw <= step || raw > 1 << 40 {
            return Ok(());
        }
        pool.mark(contract, raw - step);
        prop_assert_eq!(pool.health(A).breach, long);
        pool.mark(contract, raw + 1 + step);
        prop_assert_eq!(pool.health(A).breach, !long);
    }
}
