//! Health at the marks, and the prices at which it ends.

use super::*;
use breakwater_margin::Ratio;
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

#[test]
fn a_margin_ratio_of_exactly_one_hundred_percent_is_liquidated_and_one_unit_more_is_not() {
    // Long 1 BTC from 50,000, marked at 49,000: 196 of maintenance in the first bracket.
    for (deposit, breach, shortfall) in
        [(1_196 * ONE - 1, true, 1), (1_196 * ONE, true, 0), (1_196 * ONE + 1, false, 0)]
    {
        let mut pool = Pool::new();
        pool.deposit(A, deposit);
        pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
        pool.mark(BTC, 490_000);
        let health = pool.health(A);
        assert_eq!(health.requirement, 196 * ONE);
        assert_eq!((health.breach, health.shortfall), (breach, shortfall), "{deposit}");
        assert_eq!(health.ratio >= Ratio::one(), shortfall == 0);
    }
    // Short 2 BTC from 50,000, marked at 51,000: 102,000 x 0.5 % - 50 = 460.
    for (deposit, breach) in
        [(2_460 * ONE - 1, true), (2_460 * ONE, true), (2_460 * ONE + 1, false)]
    {
        let mut pool = Pool::new();
        pool.deposit(A, deposit);
        pool.call(&trade(A, BTC, -2_000, btc(500_000))).unwrap();
        pool.mark(BTC, 510_000);
        assert_eq!((pool.health(A).requirement, pool.health(A).breach), (460 * ONE, breach));
    }
}

#[test]
fn values_round_against_the_account() {
    for side in [1, -1] {
        let mut pool = Pool::new();
        pool.deposit(A, ONE);
        // 7e-8 ETH at 2,000.37 are 140.0259 units: 140 of a long, 141 of a short.
        pool.call(&trade(A, ETH, 7 * side, eth(200_037))).unwrap();
        pool.mark(ETH, 200_037);
        let health = pool.health(A);
        assert_eq!(health.equity, 1_000_000 + if side > 0 { 0 } else { -1 });
        // The notional of 141 at 0.4 % is 0.564.
        assert_eq!(health.requirement, 1);
    }
}

#[test]
fn a_flat_account_is_never_in_breach_unless_it_owes() {
    let mut pool = Pool::new();
    assert!(!pool.health(A).breach);
    pool.deposit(A, 1);
    assert_eq!(pool.health(A).ratio, Ratio::max());
    pool.rows.add(Holder::Account(A), Unit::token(USDT), -2);
    let health = pool.health(A);
    assert!(health.breach);
    assert_eq!((health.equity, health.shortfall), (-1, 1));
}

#[test]
fn numbers_too_large_are_refused_and_nothing_panics() {
    let mut pool = Pool::new();
    let most = i128::MAX;
    pool.rows.add(Holder::Account(A), Unit::token(BTC), most);
    let refused = |pool: &Pool| pool.look(|view| pool.rulebook.assess(view, A)).unwrap_err();
    assert_eq!(refused(&pool).rejection, Rejection::Overflow);
    for (contract, size) in [(BTC, -most), (PEPE, most), (ETH, most)] {
        let mut pool = Pool::new();
        pool.rows.add(Holder::Account(A), Unit::token(contract), size);
        pool.rows.add(Holder::Account(A), Unit::token(USDT), most);
        assert_eq!(refused(&pool).rejection, Rejection::Overflow);
        let mut out = Default::default();
        assert!(pool.look(|view| pool.rulebook.exposures(view, A, &mut out)).is_err());
        assert!(pool.look(|view| pool.rulebook.saleable(view, A)).is_err() || contract == ETH);
    }
}

#[test]
fn positions_are_saleable_by_notional_and_a_short_is_bought_back() {
    let mut pool = Pool::new();
    pool.deposit(A, 100_000 * ONE);
    pool.call(&trade(A, BTC, 100, btc(500_000))).unwrap(); // 5,000
    pool.call(&trade(A, ETH, -400_000_000, eth(200_000))).unwrap(); // 8,000
    pool.call(&trade(A, PEPE, 100_000, pepe(123_457))).unwrap(); // 1,234.57
    let found = pool.look(|view| pool.rulebook.saleable(view, A)).unwrap();
    let told: Vec<_> =
        found.iter().map(|s| (s.asset, s.quantity, s.buy_back, s.proceeds_asset)).collect();
    let expected =
        [(ETH, 400_000_000, true, USDT), (BTC, 100, false, USDT), (PEPE, 100_000, false, USDT)];
    assert_eq!(told, expected);
}

/// Brackets of 2021, of the venue's own example.
const OLD: &str = r#"
name = "binance-usdm-2021"
rule = "margin-exchange"
effective_from = "2021"
settle = "USDT"
[source]
"contracts.*.tiers" = "the venue's example"
"contracts.*.clearance_fee_bps" = "unverified"
[contracts.BTCUSDT]
clearance_fee_bps = 0
tiers = [
    { cap = "50000", rate = "0.004", leverage_max = 125, deduction = "0" },
    { cap = "250000", rate = "0.005", leverage_max = 125, deduction = "50" },
    { cap = "1000000", rate = "0.01", leverage_max = 125, deduction = "1300" },
    { cap = "10000000", rate = "0.025", leverage_max = 125, deduction = "16300" },
]
[contracts.ETHUSDT]
clearance_fee_bps = 0
tiers = [
    { cap = "10000", rate = "0.005", leverage_max = 125, deduction = "0" },
    { cap = "100000", rate = "0.0065", leverage_max = 125, deduction = "15" },
    { cap = "500000", rate = "0.01", leverage_max = 125, deduction = "365" },
    { cap = "1000000", rate = "0.02", leverage_max = 125, deduction = "5365" },
    { cap = "2000000", rate = "0.05", leverage_max = 125, deduction = "35365" },
    { cap = "5000000", rate = "0.1", leverage_max = 125, deduction = "135365" },
    { cap = "10000000", rate = "0.125", leverage_max = 125, deduction = "260365" },
]
[contracts.1000PEPEUSDT]
clearance_fee_bps = 0
tiers = [{ cap = "1000", rate = "0.01", leverage_max = 1, deduction = "0" }]
"#;

fn liquidation_price(pool: &Pool, account: AccountId, asset: AssetId) -> Option<Rational> {
    pool.look(|view| pool.rulebook.liquidation_price(view, account, asset)).unwrap()
}

#[test]
fn the_venues_own_example_has_the_venues_liquidation_prices() {
    // Wallet 1,535,443.01, long 3,683.979 ETH from 1,456.84; alone, then beside 109.488 BTC from
    // 32,481.98 at a mark of 31,967.27.
    let mut pool = Pool::with(OLD, &[(BTC, 2, 3_196_727), (ETH, 2, 131_516)]);
    pool.deposit(A, 1_535_443_010_000);
    pool.call(&trade(A, ETH, 368_397_900_000, eth(145_684))).unwrap();
    let close = |found: Option<Rational>, expected: &str| {
        let gap = found.unwrap() - rational::parse(expected).unwrap();
        let half = rational::parse("0.005").unwrap();
        assert!(gap <= half && -half <= gap, "{}", rational::format(&gap, 9));
    };
    close(liquidation_price(&pool, A, ETH), "1114.78");
    pool.call(&trade(A, BTC, 109_488, Price::new(3_248_198, 2))).unwrap();
    close(liquidation_price(&pool, A, ETH), "1153.26");
    assert_eq!(liquidation_price(&pool, A, PEPE), None);
    assert_eq!(liquidation_price(&pool, A, USDT), None);
    let unknown = pool.look(|view| pool.rulebook.liquidation_price(view, A, AssetId(77)));
    assert_eq!(unknown.unwrap_err().rejection, Rejection::UnknownAsset);
}

#[test]
fn a_covered_long_has_no_liquidation_price_and_a_covered_short_has_one() {
    let mut pool = Pool::new();
    pool.deposit(A, 50_001 * ONE);
    pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
    assert_eq!(liquidation_price(&pool, A, BTC), None);
    pool.deposit(B, 50_001 * ONE);
    pool.call(&trade(B, BTC, -1_000, btc(500_000))).unwrap();
    assert!(liquidation_price(&pool, B, BTC).is_some());
}

/// A position of the property tests: contract, price, signed size.
fn positions() -> impl Strategy<Value = Vec<(AssetId, u128, i128)>> {
    let side = |most: i128| prop_oneof![1..most, -most..-1];
    let btc = (100_000u128..900_000, side(2_000_000)).prop_map(|(p, s)| (BTC, p, s));
    let eth = (50_000u128..500_000, side(9_000_000_000_000)).prop_map(|(p, s)| (ETH, p, s));
    let pepe = (10_000u128..900_000, side(500_000_000)).prop_map(|(p, s)| (PEPE, p, s));
    (prop::option::of(btc), prop::option::of(eth), prop::option::of(pepe))
        .prop_map(|(b, e, p)| b.into_iter().chain(e).chain(p).collect())
}

/// A pool in which A holds the positions, entered at the marks less `drift` parts in a hundred.
fn holding(positions: &[(AssetId, u128, i128)], drift: u128) -> Pool {
    let mut pool = Pool::new();
    pool.deposit(A, 100_000_000_000 * ONE);
    for (asset, price, size) in positions {
        let decimals = pool.markets[asset.index() - 2].guard.decimals;
        pool.mark(*asset, *price);
        let entry = Price::new(price * drift / 100, decimals);
        pool.call(&trade(A, *asset, *size, entry)).unwrap();
    }
    pool
}

/// `raw / 10^decimals`, of a number of any size.
fn exact(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}

/// Equity and requirement by the venue's formulas in rationals: settle units times a million.
fn naive(pool: &Pool) -> (Rational, Rational) {
    let million = exact(1_000_000, 0);
    let mut equity = exact(pool.cash(A), 0);
    let mut required = exact(0, 0);
    let file = super::super::Parameters::parse(PARAMETERS).unwrap();
    for asset in [BTC, ETH, PEPE] {
        let info = &pool.assets[asset.index()];
        let mark = pool.marks[info.market.unwrap().index()].mark.unwrap().price;
        let price = exact(i128::try_from(mark.raw).unwrap(), mark.decimals);
        let value = exact(pool.size(A, asset), info.decimals) * price;
        equity += exact(pool.quote(A, asset), 0) + &value * &million;
        let notional = if value < exact(0, 0) { -value } else { value };
        let tiers = &file.contracts[&info.symbol].tiers;
        let number = |text: &str| rational::parse(text).unwrap();
        let tier = tiers.iter().find(|t| notional <= number(&t.cap)).or(tiers.last()).unwrap();
        required += (notional * number(&tier.rate) - number(&tier.deduction)) * &million;
    }
    (equity, required)
}

proptest! {
    #[test]
    fn health_is_the_exact_one_rounded_against_the_account(
        positions in positions(), drift in 50u128..150
    ) {
        let pool = holding(&positions, drift);
        let health = pool.health(A);
        let (equity, required) = naive(&pool);
        let off = equity - exact(health.equity, 0);
        let count = i128::try_from(positions.len()).unwrap();
        prop_assert!(off >= exact(0, 0) && off <= exact(count, 0));
        let off = exact(i128::try_from(health.requirement).unwrap(), 0) - required;
        prop_assert!(off >= exact(0, 0) && off <= exact(2 * count, 0));
    }

    /// One tick beyond the liquidation price the account is in breach, one tick before it is not,
    /// wherever one tick is worth more than what rounding hides.
    #[test]
    fn breach_begins_at_the_liquidation_price(
        positions in positions(), drift in 50u128..150, share in 1u128..60
    ) {
        let mut pool = holding(&positions, drift);
        prop_assume!(!positions.is_empty());
        // Leaves the account some multiple of its requirement.
        let health = pool.health(A);
        let keep = health.requirement * share / 10 + 1;
        let surplus = health.equity - i128::try_from(keep).unwrap();
        pool.rows.add(Holder::Account(A), Unit::token(USDT), -surplus);
        for (asset, price, size) in &positions {
            let decimals = pool.markets[asset.index() - 2].guard.decimals;
            let Some(root) = liquidation_price(&pool, A, *asset) else { continue };
            let Ok(raw) = rational::to_raw(&root, decimals, Rounding::Floor) else { continue };
            let contract = pool.assets[asset.index()].decimals;
            let tick = exact(*size, contract) * exact(1_000_000, decimals);
            let tick = if tick < exact(0, 0) { -tick } else { tick };
            // The slope is at least half a tick's value: no rate is above a half.
            if raw < 2 || tick < exact(40, 0) || raw > 1 << 60 {
                continue;
            }
            let (above, below) = (raw + 2, raw - 1);
            pool.mark(*asset, above);
            prop_assert_eq!(pool.health(A).breach, *size < 0);
            pool.mark(*asset, below);
            prop_assert_eq!(pool.health(A).breach, *size > 0);
            pool.mark(*asset, *price);
        }
    }
}
