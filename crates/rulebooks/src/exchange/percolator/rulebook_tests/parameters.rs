//! Files and books that are refused, each with what would be right.

use super::*;
use breakwater_liquidation::Kept;
use breakwater_liquidation::{ContractTerms, Promise};

fn error(text: &str) -> String {
    build(text, &assets()).err().unwrap_or_else(|| panic!("taken"))
}

#[test]
fn the_first_parameter_that_makes_no_sense_is_named() {
    for (from, to, named) in [
        ("settle = \"USDC\"", "settle = \" \"", "settle"),
        ("settle = \"USDC\"", "settle = \"USDX\"", "settle = USDX: must be a token of the pool"),
        ("numeraire_decimals = 6", "numeraire_decimals = 8", "must be 6, the decimals of USDC"),
        ("slot_nanos = 400000000", "slot_nanos = 0", "slot_nanos = 0"),
        ("warmup_slots = 100", "warmup_slots = 1000000001", "warmup_slots = 1000000001"),
        ("maintenance_bps = 500", "maintenance_bps = 0", "contracts.*.maintenance_bps = 0"),
        ("initial_bps = 1000", "initial_bps = 499", "must be 500 (maintenance_bps) to 10000"),
        ("initial_bps = 1000", "initial_bps = 10001", "contracts.*.initial_bps = 10001"),
        ("maintenance_min = \"0.01\"", "maintenance_min = \"0\"", "must be above 0"),
        ("initial_min = \"0.02\"", "initial_min = \"0.009\"", "at least maintenance_min, 0.01"),
        ("initial_min = \"0.02\"", "initial_min = \"0.0000001\"", "contracts.*.initial_min"),
        ("trading_fee_bps = 10", "trading_fee_bps = 10000", "trading_fee_bps = 10000"),
        ("fee_max = \"50000\"", "fee_max = \"-1\"", "liquidation_fee_max"),
        ("fee_min = \"0\"", "fee_min = \"50000.1\"", "at least liquidation_fee_min, 50000.1"),
        ("per_slot = 4", "per_slot = 0", "price_cap_bps_per_slot = 0"),
        ("slots_max = 100", "slots_max = 2500", "must be 1 to 2499"),
        ("funding_max = \"0.01\"", "funding_max = \"1.1\"", "funding_max = 1.1"),
        ("[contracts.\"*\"]", "[contracts.OTHER]", "contracts.BIG-PERP: missing"),
        ("rule = \"percolator\"", "rule = \"perc\"", "must be \"percolator\""),
        ("warmup_slots = 100", "warmup_slots = 100\nmore = 1", "more"),
    ] {
        let text = SHIPPED.replace(from, to);
        assert_ne!(text, SHIPPED, "{from}");
        let said = error(&text);
        assert!(said.contains(named), "{from} -> {to}: {said}");
    }
    assert!(build(&SHIPPED.replace("slots_max = 100", "slots_max = 2499"), &assets()).is_ok());
}

#[test]
fn only_linear_perpetuals_settled_in_the_vaults_asset_are_taken() {
    let with = |terms: ContractTerms| {
        let mut assets = assets();
        assets[1].kind = AssetKind::Contract(terms);
        build(SHIPPED, &assets)
    };
    let linear = ContractTerms::linear_perpetual(USDC);
    assert!(with(linear).is_ok());
    assert!(with(ContractTerms { multiplier: 7, multiplier_decimals: 3, ..linear }).is_ok());
    let form = breakwater_liquidation::Form::Inverse;
    for terms in [
        ContractTerms { form, ..linear },
        ContractTerms { expires: Some(Time(1)), ..linear },
        ContractTerms { settle: COIN, ..linear },
    ] {
        let said = with(terms).err().unwrap();
        assert!(said.contains("a linear perpetual settled in USDC"), "{said}");
    }
}

#[test]
fn a_book_with_anything_else_on_it_is_refused() {
    let mut pool = Pool::new(&plain(), 2);
    pool.deposit(A, 100 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.trade(A, B, BIG, 1);
    let admits = |pool: &Pool| pool.rulebook.admits(&pool.view()).map_err(|e| e.to_string());
    assert_eq!(admits(&pool), Ok(()));
    for (holder, unit, change) in [
        (Holder::Account(B), Unit::token(COIN), 5),
        (Holder::Account(B), Unit::token(FINE), 5),
        (Holder::Account(B), Unit::token(USDC), -200_000_000),
        (Holder::Account(B), Unit::deficit(USDC), 5),
        (Holder::Account(B), Unit { asset: BIG, class: Class::Supply }, 5),
    ] {
        pool.rows.add(holder, unit, change);
        assert!(admits(&pool).is_err_and(|said| said.contains("held by")), "{unit:?}");
        pool.rows.add(holder, unit, -change);
    }
    let mut priced = pool;
    priced.assets[0].market = Some(MarketId(0));
    assert!(admits(&priced).is_err_and(|said| said.contains("a market of USDC")));
}

#[test]
fn a_multiplier_moves_gains_as_it_moves_value() {
    let mut pool = Pool::new(&plain(), 2);
    let linear = ContractTerms::linear_perpetual(USDC);
    let terms = ContractTerms { multiplier: 7, multiplier_decimals: 1, ..linear };
    pool.assets[1].kind = AssetKind::Contract(terms);
    pool.rulebook = build(&plain(), &pool.assets).unwrap();
    pool.deposit(A, 1_000 * ONE);
    pool.deposit(B, 1_000 * ONE);
    pool.trade(A, B, BIG, 10);
    // 0.7 of a unit each.
    assert_eq!(pool.health(A).requirement, 35 * ONE);
    pool.price(BIG, 11_000);
    assert_eq!((pool.equity(A), pool.equity(B)), (1_070_000_000, 930_000_000));
    pool.judge();
}

#[test]
fn every_promise_is_declared() {
    let pool = Pool::new(SHIPPED, 1);
    let declared = pool.rulebook.promises();
    for promise in Promise::ALL {
        assert_eq!(declared.iter().filter(|(known, _)| known == promise).count(), 1);
    }
    let refuses = (Promise::FundBeforeDeleveraging, Kept::Refuses);
    assert!(declared.contains(&refuses));
}
