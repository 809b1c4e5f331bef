//! Parameters of several margin assets, and of contracts of other forms, that are refused: each with
//! its field, its value and what would be right.

use super::wide::*;
use super::*;

fn refusal(from: &str, to: &str) -> String {
    assert!(WIDE.contains(from), "{from}");
    let text = WIDE.replacen(from, to, 1);
    build(&text, &wide_assets()).map(|_| ()).expect_err(to)
}

#[test]
fn a_refused_field_is_named_with_its_value_and_what_is_right() {
    let numeraire = "[numeraire]\nsymbol = \"USD\"\ndecimals = 6\n";
    let basis = "basis = \"entry\"";
    for (from, to, expected) in [
        (numeraire, "", "settle: missing; the symbol of the settle asset, or a numeraire"),
        (numeraire, "settle = \"USDT\"\n", "settle and collateral: with one settle asset"),
        ("symbol = \"USD\"", "symbol = \" \"", "numeraire.symbol = \"\": must say the name"),
        ("decimals = 6", "decimals = 0", "numeraire.decimals = \"0\": must be 1 to 18"),
        ("decimals = 6", "decimals = 19", "numeraire.decimals = \"19\": must be 1 to 18"),
        ("decimals = 6", "digits = 6", "unknown field `digits`"),
        ("[{ ratio = \"0.9999\" }]", "[]", "collateral.USDT: tier 0: the list is empty"),
        (
            "ratio = \"0.9999\"",
            "ratio = \"1.01\"",
            "collateral.USDT.tiers: tier 1: ratio = \"1.01\": must be a rate of 0 to 1",
        ),
        ("ratio = \"0.9999\"", "ratio = \"-1\"", "tier 1: ratio = \"-1\": "),
        ("ratio = \"0.9999\"", "ratio = \"x\"", "ratio = \"x\": "),
        ("to = \"5\"", "to = \"2\"", "collateral.BTC: tier 2: to is not above the tier before"),
        ("to = \"5\", ", "", "collateral.BTC: tier 2: to is missing; only the last slice"),
        (
            "to = \"2\"",
            "to = \"0.000000001\"",
            "collateral.BTC.tiers: tier 1: to = \"0.000000001\"",
        ),
        ("to = \"2\"", "to = \"0\"", "collateral.BTC: tier 1: to is not above"),
        ("ratio = \"0.95\"", "ratio = \"0.99\"", "tier 2: ratio is above that of the tier before"),
        (
            "close_fee = \"0.0005\"",
            "close_fee = \"1.5\"",
            "contracts.BTCUSDT.close_fee = \"1.5\": must be a rate of 0 to 1",
        ),
        ("close_fee = \"0.0005\"", "close_fee = \"0.99\"", "contracts.BTCUSDT.tiers"),
        (
            "size_slope = \"0.00004\"",
            "size_slope = \"2\"",
            "contracts.ETHUSDT.size_slope = \"2\": must be a rate of 0 to 1",
        ),
        ("size_slope = \"0.00004\"", "size_slope = \"1e-5\"", "size_slope = \"1e-5\": "),
        (
            "position_max = \"2000000\"",
            "position_max = \"0.5\"",
            "contracts.ETHUSDT.position_max = \"0.5\": ",
        ),
        (
            "open_interest_max = \"3000000\"",
            "open_interest_max = \"-3\"",
            "contracts.ETHUSDT.open_interest_max = \"-3\": ",
        ),
        (
            "upper = \"80\"",
            "upper = \"20\"",
            "contracts.BTCUSD-DATED.initial_scale.upper = \"20\": must be above lower, 20",
        ),
        ("lower = \"20\"", "lower = \"some\"", "initial_scale.lower = \"some\": "),
        ("lower = \"20\", ", "", "missing field `lower`"),
        (basis, "basis = \"exit\"", "unknown variant `exit`"),
        (basis, "basis = \"mark\"\nfunding_max = \"-1\"", "ETHUSD.funding_max = \"-1\": "),
        (basis, "basis = \"mark\"\nsurprise = \"1\"", "unknown field `surprise`"),
        ("[collateral.ETH]", "[collateral.SOL]", "\"ETHUSD\" of the pool settles in \"ETH\""),
        ("[contracts.BTC-CALL]", "[contracts.ETH]", "\"ETH\" is a token of the pool"),
        ("[contracts.BTC-CALL]", "[contracts.BTC-CALLS]", "nothing for \"BTC-CALL\""),
        (
            "option = { range_e9",
            "tiers = [{ cap = \"9\", rate = \"0.1\", leverage_max = 1, deduction = \"0\" }]\n#",
            "contracts.BTC-CALL.option = \"missing\": the contract is an option of the pool",
        ),
        (
            "option = { range_e9",
            "tiers = [{ cap = \"9\", rate = \"0.1\", leverage_max = 1, deduction = \"0\" }]\noption = { range_e9",
            "contracts.BTC-CALL.tiers = \"1 tiers\": an option is required for by its rates",
        ),
        (
            "\"contracts.*.option\" = \"a test\"\n",
            "",
            "source: nothing for \"contracts.BTC-CALL.option\"",
        ),
    ] {
        let found = refusal(from, to);
        assert!(found.contains(expected), "{from} -> {to}: {found}");
    }
}

#[test]
fn one_settle_asset_or_a_numeraire_and_not_both() {
    let both = WIDE.replacen("[numeraire]", "settle = \"USDT\"\n[numeraire]", 1);
    let found = build(&both, &wide_assets()).map(|_| ()).unwrap_err();
    assert!(found.contains("settle and numeraire: one of the two"), "{found}");
    let list = WIDE.find("[collateral.USDT]").unwrap()..WIDE.find("[contracts.BTCUSDT]").unwrap();
    let mut none = WIDE.to_owned();
    none.replace_range(list, "");
    let found = build(&none, &wide_assets()).map(|_| ()).unwrap_err();
    assert!(found.contains("collateral: nothing; with a numeraire at least one"), "{found}");
}

#[test]
fn more_margin_assets_than_an_account_is_valued_over_are_refused() {
    let of = |count: usize| {
        let more: String = (3..count)
            .map(|number| format!("[collateral.T{number}]\ntiers = [{{ ratio = \"1\" }}]\n"))
            .collect();
        let text = WIDE.replacen("[collateral.USDT]", &format!("{more}[collateral.USDT]"), 1);
        build(&text, &wide_assets()).map(|_| ())
    };
    assert_eq!(of(super::super::MARGIN_ASSETS_MAX), Ok(()));
    let found = of(super::super::MARGIN_ASSETS_MAX + 1).unwrap_err();
    assert!(found.contains("collateral: 25 assets; at most 24"), "{found}");
}

#[test]
fn the_books_own_assets_are_admitted_with_prices_and_others_are_not() {
    let mut pool = wide();
    pool.give(A, wide::ETH, 5);
    assert_eq!(pool.look(|view| pool.rulebook.admits(view)), Ok(()));
    assert_eq!(pool.rulebook.numeraire_decimals(), 6);
    pool.rows.add(Holder::Account(B), Unit::supply(wide::ETH), 5);
    let refused = pool.look(|view| pool.rulebook.admits(view)).unwrap_err().to_string();
    assert!(refused.contains("only USDT, BTC, ETH is margin"), "{refused}");
}

#[test]
fn a_margin_asset_or_contract_without_a_mark_is_not_guessed() {
    for market in 0..MARKETS.len() {
        let mut pool = wide();
        for asset in MARGIN {
            pool.give(A, asset, 1_000 * one(asset));
        }
        for contract in CONTRACTS {
            pool.take(A, contract, 3);
        }
        pool.marks[market] = GuardState::default();
        let health = pool.look(|view| pool.rulebook.assess(view, A));
        assert_eq!(health.unwrap_err().rejection, Rejection::MarkMissing, "{market}");
        let mut out = Default::default();
        assert!(pool.look(|view| pool.rulebook.exposures(view, A, &mut out)).is_err());
    }
}

#[test]
fn numbers_of_any_size_are_refused_or_taken_and_never_panic() {
    for asset in CONTRACTS.into_iter().chain(MARGIN) {
        for size in [i128::MAX, -i128::MAX, 1 << 100, -(1 << 100), 1, -1] {
            for raw in [1, u128::MAX >> 1, 1 << 90] {
                let mut pool = wide();
                pool.rows.add(Holder::Account(A), Unit::token(asset), size);
                if asset != wide::BTC {
                    pool.rows.add(Holder::Account(A), Unit::token(wide::BTC), 7);
                }
                pool.mark(asset, raw);
                pool.look(|view| {
                    let rulebook = &pool.rulebook;
                    let _ = rulebook.assess(view, A);
                    let _ = rulebook.initial(view, A);
                    let _ = rulebook.exposures(view, A, &mut Default::default());
                    let _ = rulebook.saleable(view, A);
                    let _ = rulebook.steps_down(view, A, asset);
                    let _ = rulebook.liquidation_price(view, A, asset);
                    let price = Price::new(raw, 2);
                    for call in [
                        Call::Settle { contract: asset },
                        Call::Deliver { contract: asset, price },
                        Call::Fund { contract: asset, rate_e12: i64::MAX },
                        Call::Charge { asset, rate_e12: 1 },
                        Call::TakeOver { account: A, vault: B },
                        Call::WriteOff { account: A },
                        trade(A, asset, -1, price),
                        fill(A, asset, 1, u128::MAX),
                    ] {
                        let _ = rulebook.execute(view, &call);
                    }
                });
            }
        }
    }
}
