//! Health, absorptions and sales behind the trait, against the rule itself.

use super::super::pool::column;
use super::super::{
    Account, Base, Collateral, INDEX_ONE, Indices, Totals, absorb as absorb_by_rule, quote,
};
use super::stage::*;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Call, Exposures, Fact, Kept, Promise, Rejection};
use breakwater_money::{Amount, AssetId, Holder, Rational, Time, U256, Unit, Wad, rational};

/// Accounts 0 to 2 owe dollars against ether, and all are in breach at 1,500.
fn fallen() -> Stage {
    let mut stage = Stage::new("");
    stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_400 * ONE_USD));
    stage.carry(1, &[(ETH, ONE_ETH)], (USD, 1_500 * ONE_USD));
    stage.carry(2, &[(ETH, ONE_ETH), (BTC, ONE_BTC / 100)], (USD, 1_600 * ONE_USD));
    stage.carry(3, &[(ETH, ONE_ETH)], (USD, 100 * ONE_USD));
    stage.price(ETH, 1_500 * 100_000_000);
    stage
}

#[test]
fn equality_is_healthy_and_a_unit_of_either_side_decides() {
    let mut stage = Stage::new("");
    // One ether at 2,000 counts 1,800; a unit of the debt is worth 100 at eight decimals.
    stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_800 * ONE_USD));
    stage.carry(1, &[(ETH, ONE_ETH)], (USD, 1_800 * ONE_USD + 1));
    stage.carry(2, &[(ETH, ONE_ETH)], (USD, 1_800 * ONE_USD - 1));
    stage.carry(3, &[(ETH, ONE_ETH - 1)], (USD, 1_800 * ONE_USD));
    let health = [0, 1, 2, 3].map(|account| stage.health(account).unwrap());
    assert_eq!(health.map(|h| h.breach), [false, true, false, true]);
    assert_eq!(health[0].ratio, Wad::one());
    assert!(health[1].ratio < Wad::one() && health[3].ratio < Wad::one());
    assert_eq!((health[1].shortfall, health[3].shortfall), (100, 1));
    for account in [0, 2] {
        assert_eq!(stage.refuses(absorb(&[account])), Rejection::Healthy);
    }
    // One unit of price is 0.9 units of weighted value, which rounds down to none.
    stage.price(ETH, 200_000_000_001);
    assert_eq!(stage.health(0).unwrap().shortfall, 0);
    stage.price(ETH, 199_999_999_999);
    assert_eq!(stage.health(0).unwrap().shortfall, 1);
    stage.done(absorb(&[0]));
}

#[test]
fn a_mark_that_the_venue_would_not_read_is_not_missed() {
    let mut stage = Stage::new("");
    // Bitcoin is read before ether: 0.1 of it counts 2,250.
    stage.carry(0, &[(BTC, ONE_BTC / 10), (ETH, ONE_ETH)], (USD, 2_250 * ONE_USD));
    stage.carry(1, &[(BTC, ONE_BTC / 10), (ETH, ONE_ETH)], (USD, 2_250 * ONE_USD + 1));
    stage.unpriced(ETH);
    assert!(!stage.health(0).unwrap().breach);
    assert_eq!(stage.refuses(absorb(&[0])), Rejection::Healthy);
    assert_eq!(stage.health(1).unwrap_err().rejection, Rejection::MarkMissing);
    assert_eq!(stage.refuses(absorb(&[1])), Rejection::MarkMissing);
    let mut armed = Exposures::default();
    stage.rulebook.exposures(&stage.view(), who(0), &mut armed).unwrap();
    assert_eq!(armed.terms.len(), 2);
    stage.unpriced(USD);
    assert_eq!(stage.health(0).unwrap_err().rejection, Rejection::MarkMissing);
}

#[test]
fn an_absorption_is_what_the_rule_says_at_indices_of_one_and_moved() {
    for indices in [(10_000, 10_000), (11_234, 13_579), (20_000, 10_001)] {
        let mut stage = Stage::new("");
        stage.grow(USD, indices.0, indices.1);
        stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_400 * ONE_USD + 1));
        stage.carry(1, &[(ETH, ONE_ETH), (BTC, 7_654_321)], (USD, 4_321 * ONE_USD + 7));
        stage.carry(2, &[], (USD, 77));
        stage.price(ETH, 150_012_345_678);
        stage.price(USD, 99_876_543);
        let index = |column| u64::try_from(stage.column(USD, column)).unwrap();
        let base = Base {
            decimals: 6,
            price: U256::from(99_876_543u64),
            indices: Indices {
                supply: index(column::SUPPLY_INDEX),
                borrow: index(column::BORROW_INDEX),
            },
            totals: Totals {
                supply: stage.column(USD, column::TOTAL_SUPPLY),
                borrow: stage.column(USD, column::TOTAL_BORROW),
            },
        };
        let asset = |asset, decimals, price: u128, bps: [u128; 3]| {
            let factor = |bps: u128| Wad::new(bps * 100_000_000_000_000);
            Collateral {
                decimals,
                price: U256::from(price),
                borrow_factor: factor(bps[0]),
                liquidate_factor: factor(bps[1]),
                liquidation_factor: factor(bps[2]),
                total_supply: U256::from(stage.cell(column::PUT_UP, USD, asset)),
                supply_cap: U256::MAX,
            }
        };
        let list = [
            asset(BTC, 8, 3_000_000_000_000, [7_000, 7_500, 9_000]),
            asset(ETH, 18, 150_012_345_678, [8_000, 9_000, 9_500]),
        ];
        let account = |number| Account {
            principal: -i128::try_from(stage.owned(number, Unit::debt(USD))).unwrap(),
            balances: [BTC, ETH]
                .map(|asset| U256::from(stage.owned(number, Unit::supply(asset))))
                .to_vec(),
            own_factor: None,
        };
        let accounts = [0, 1, 2].map(account);
        let expected = absorb_by_rule(&base, &list, &accounts, &[2, 0, 1]).unwrap();

        let facts = stage.done(absorb(&[2, 0, 1]));
        assert_eq!(stage.column(USD, column::TOTAL_SUPPLY), expected.totals.supply);
        assert_eq!(stage.column(USD, column::TOTAL_BORROW), expected.totals.borrow);
        for one in &expected.accounts {
            let number = u32::try_from(one.account).unwrap();
            assert_eq!(stage.owned(number, Unit::debt(USD)), 0);
            let supplied = i128::try_from(stage.owned(number, Unit::supply(USD))).unwrap();
            assert_eq!(supplied, one.principal_after);
            let mut debt = U256::ZERO;
            let mut lost = U256::ZERO;
            for fact in &facts {
                match fact {
                    Fact::Seized { account, repaid, .. } if *account == who(number) => {
                        debt += U256::from(repaid.raw);
                    }
                    Fact::Borne { account, bearer: Bearer::Vault, amount }
                        if *account == who(number) =>
                    {
                        lost += U256::from(amount.raw);
                    }
                    _ => {}
                }
            }
            assert_eq!((debt, lost), (one.debt, one.unbacked_debt));
        }
        assert_eq!(stage.cell(column::OWNED, USD, ETH), 2 * ONE_ETH);
        assert_eq!(stage.cell(column::OWNED, USD, BTC), 7_654_321);
        assert_eq!(stage.cell(column::PUT_UP, USD, ETH), 0);
    }
}

#[test]
fn a_shortage_is_the_reserves_and_a_surplus_the_accounts() {
    let mut stage = fallen();
    let facts = stage.done(absorb(&[0, 1]));
    // 1,500 credit 1,425: 25 to spare for the first, 75 missing for the second.
    let amount = |dollars: u128| Amount::new(USD, dollars * ONE_USD);
    let seized = |account, debt: u128| Fact::Seized {
        account: who(account),
        repaid: amount(debt),
        seized: Amount::new(ETH, ONE_ETH),
        fee: Amount::new(ETH, 0),
        repaid_value: debt * 100_000_000,
        seized_value: 1_500 * 100_000_000,
        capped: false,
    };
    let missing = amount(75);
    assert_eq!(
        facts,
        [
            seized(0, 1_400),
            seized(1, 1_500),
            Fact::Deficit { account: who(1), amount: missing, value: 75 * 100_000_000 },
            Fact::Borne { account: who(1), bearer: Bearer::Vault, amount: missing },
        ]
    );
    assert_eq!(stage.owned(0, Unit::supply(USD)), 25 * ONE_USD);
    assert_eq!(stage.health(0).unwrap().equity, 25 * 100_000_000);
    assert_eq!(stage.view().holdings(who(1)).unwrap(), []);
    // Nobody paid and nobody was paid; the ether is the market's.
    let outside = |asset| {
        let view = stage.view();
        view.balances.balance(Holder::External, Unit::token(asset))
    };
    assert_eq!(outside(ETH), -4 * i128::try_from(ONE_ETH).unwrap());
    assert_eq!(stage.cell(column::OWNED, USD, ETH), 2 * ONE_ETH);
}

#[test]
fn debt_is_told_by_what_each_asset_covers() {
    let mut stage = fallen();
    // 0.01 bitcoin credits 270 and is read first, the ether the rest; 95 are to spare.
    let facts = stage.done(absorb(&[2]));
    let told: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Seized { repaid, seized, .. } => Some((seized.asset, repaid.raw)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(BTC, 270 * ONE_USD), (ETH, 1_330 * ONE_USD)]);
    assert_eq!(stage.owned(2, Unit::supply(USD)), 95 * ONE_USD);
}

#[test]
fn all_or_nothing_and_only_in_one_market() {
    let mut stage = fallen();
    stage.carry(4, &[(LST, ONE_ETH)], (ETH, 2 * ONE_ETH));
    let healthy = stage.refused(&absorb(&[0, 3, 1]));
    assert_eq!(healthy.rejection, Rejection::Healthy);
    assert!(healthy.detail.contains("account 3"), "{healthy}");
    let again = stage.refused(&absorb(&[0, 1, 0]));
    assert_eq!(again.rejection, Rejection::Healthy);
    assert!(again.detail.contains("account 0"), "{again}");
    assert_eq!(stage.refuses(absorb(&[0, 4])), Rejection::Healthy);
    assert_eq!(stage.refuses(absorb(&[5])), Rejection::Healthy);
    assert_eq!(stage.refuses(absorb(&[9])), Rejection::UnknownAccount);
    stage.done(absorb(&[4]));
    stage.done(absorb(&[0, 1, 2]));
}

#[test]
fn what_was_absorbed_is_sold_below_the_target_and_no_more() {
    let mut stage = fallen();
    stage.done(absorb(&[0, 1]));
    // Reserves: nothing but what the two absorptions cost.
    let mut options = Vec::new();
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    let [option] = &options[..] else { panic!("{options:?}") };
    // Half of five per cent off 1,500: 2 x 1,462.5 = 2,925.
    assert_eq!(option.call, buy(ETH, USD, 2_925 * ONE_USD, 0));
    assert_eq!(
        (option.repaid, option.seized),
        (Amount::new(USD, 2_925 * ONE_USD), Amount::new(ETH, 2 * ONE_ETH),)
    );
    assert_eq!(option.gain(), 75 * 100_000_000);
    for (call, expected) in [
        (buy(ETH, USD, 0, 0), Rejection::AmountZero),
        (buy(ETH, USD, 2_925 * ONE_USD + 1, 0), Rejection::InsufficientLiquidity),
        (buy(ETH, USD, 2_925 * ONE_USD, 2 * ONE_ETH + 1), Rejection::WorseThanLimit),
        (buy(BTC, USD, ONE_USD, 0), Rejection::InsufficientLiquidity),
        (buy(LST, USD, ONE_USD, 0), Rejection::NotLendable),
        (buy(ETH, BTC, ONE_BTC, 0), Rejection::NotLendable),
    ] {
        assert_eq!(stage.refuses(call.clone()), expected, "{call:?}");
    }
    // A part leaves the rest for sale.
    let facts = stage.done(buy(ETH, USD, 1_462_500_000, ONE_ETH));
    assert!(matches!(facts[..], [Fact::Exchanged { paid, received, .. }]
        if paid.raw == 1_462_500_000 && received.raw == ONE_ETH));
    options.clear();
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    assert_eq!(options[0].call, buy(ETH, USD, 1_462_500_000, 0));
    stage.done(options[0].call.clone());
    options.clear();
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    assert_eq!(options, []);
}

#[test]
fn the_target_itself_stops_the_sale_and_a_unit_below_it_does_not() {
    let mut stage = fallen();
    stage.done(absorb(&[0, 1]));
    let reserves = |stage: &Stage| {
        let column = |column| i128::try_from(stage.column(USD, column)).unwrap();
        column(column::CASH) - column(column::TOTAL_SUPPLY) + column(column::TOTAL_BORROW)
    };
    let target = 1_000 * i128::try_from(ONE_USD).unwrap();
    let short = u128::try_from(target - reserves(&stage)).unwrap();
    // Credit of 25 and debts of 2,900 cost the reserves 2,925.
    assert_eq!(short, 3_925 * ONE_USD);
    stage.give(USD, short - 1);
    assert!(stage.rulebook.execute(&stage.view(), &buy(ETH, USD, 1, 0)).is_ok());
    stage.give(USD, 1);
    assert_eq!(reserves(&stage), target);
    assert_eq!(stage.refuses(buy(ETH, USD, 1, 0)), Rejection::NothingToSell);
}

#[test]
fn a_sale_that_interest_would_end_is_not_proposed() {
    let mut stage = Stage::new(STEEP);
    stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_900 * ONE_USD));
    stage.carry(1, &[(ETH, 900 * ONE_ETH)], (USD, 1_000_000 * ONE_USD));
    stage.done(absorb(&[0]));
    // Cash up to just below the target: what borrowers pay beyond what lenders earn fills it.
    stage.give(USD, 1_900 * ONE_USD + 1_000 * ONE_USD - 1);
    assert!(stage.rulebook.execute(&stage.view(), &buy(ETH, USD, ONE_USD, 0)).is_ok());
    let later = stage.view().at(stage.now.after(60 * SECOND));
    let at_sixty = stage.rulebook.execute(&later, &buy(ETH, USD, ONE_USD, 0));
    assert_eq!(at_sixty.unwrap_err().rejection, Rejection::NothingToSell);
    let mut options = Vec::new();
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    assert_eq!(options, []);
}

#[test]
fn a_payment_in_coarse_units_never_buys_more_than_there_is() {
    let mut stage = Stage::new("");
    // 3 units of 18 decimals cost far less than a unit of six: nothing can be sold of that.
    stage.carry(0, &[(ETH, 3)], (USD, 1));
    stage.done(absorb(&[0]));
    let mut options = Vec::new();
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    assert_eq!(options, []);
    stage.carry(1, &[(ETH, ONE_ETH / 1_000 + 3)], (USD, 10 * ONE_USD));
    stage.done(absorb(&[1]));
    stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
    let [option] = &options[..] else { panic!("{options:?}") };
    let owned = stage.cell(column::OWNED, USD, ETH);
    assert!(option.seized.raw <= owned && owned - option.seized.raw < 1_000_000_000);
    let next = option.call.with_amount(option.repaid.raw + 1);
    assert_eq!(stage.refuses(next), Rejection::InsufficientLiquidity);
}

#[test]
fn interest_is_found_by_assess_before_any_call_stores_it() {
    let mut stage = Stage::new(STEEP);
    stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_800 * ONE_USD));
    assert!(!stage.health(0).unwrap().breach);
    let mut options = Vec::new();
    stage.rulebook.calls(&stage.view(), who(0), &mut options).unwrap();
    assert_eq!(options, []);
    stage.later(12);
    // 10 % + 0.8 x 50 % + 0.2 x 400 % a year at full usage.
    let health = stage.health(0).unwrap();
    assert!(health.breach);
    assert_eq!(health.requirement, 180_000_000_000 + 89_000);
    stage.rulebook.calls(&stage.view(), who(0), &mut options).unwrap();
    let [option] = &options[..] else { panic!("{options:?}") };
    assert_eq!((option.call.clone(), option.toxic, option.gain()), (absorb(&[0]), false, 0));
    assert_eq!(stage.column(USD, column::BORROW_INDEX), U256::from(INDEX_ONE));
    stage.done(absorb(&[0]));
    assert!(stage.column(USD, column::BORROW_INDEX) > U256::from(INDEX_ONE));
}

#[test]
fn the_liquidation_price_is_where_health_turns() {
    let mut stage = Stage::new("");
    stage.carry(0, &[(ETH, ONE_ETH), (BTC, ONE_BTC / 100)], (USD, 1_800 * ONE_USD));
    let root = |stage: &Stage, asset: AssetId| {
        stage.rulebook.liquidation_price(&stage.view(), who(0), asset).unwrap()
    };
    // 1,800 = 0.9 P + 0.01 x 30,000 x 0.75
    assert_eq!(root(&stage, ETH), Some(rational::parse("1750").unwrap()));
    // 1,800 = 1,800 + 0.01 P x 0.75 has no root above zero.
    assert_eq!(root(&stage, BTC), None);
    // 1,800 P = 1,800 + 225
    assert_eq!(root(&stage, USD), Some(Rational::new(9.into(), 8.into())));
    assert_eq!(root(&stage, NOPE), None);
    let view = stage.view();
    assert_eq!(stage.rulebook.liquidation_price(&view, who(5), ETH), Ok(None));
    stage.price(ETH, 1_750 * 100_000_000);
    assert!(!stage.health(0).unwrap().breach);
    stage.price(ETH, 1_750 * 100_000_000 - 1);
    assert!(stage.health(0).unwrap().breach);
}

#[test]
fn who_owes_nothing_is_never_armed_and_who_owes_is_until_interest_may_tell() {
    let mut stage = Stage::new(STEEP);
    stage.done(deposit(0, USD, ONE_USD));
    stage.done(deposit(1, ETH, ONE_ETH));
    let arm = |stage: &Stage, account| {
        let mut out = Exposures::default();
        let armed = stage.rulebook.exposures(&stage.view(), who(account), &mut out).unwrap();
        (armed, out.terms.len())
    };
    for account in [0, 1] {
        let (armed, terms) = arm(&stage, account);
        assert_eq!((armed.until, armed.error, terms), (Time::MAX, 0, 0));
    }
    stage.carry(1, &[], (USD, 1_000 * ONE_USD));
    let (armed, terms) = arm(&stage, 1);
    assert_eq!((armed.until, terms), (stage.now.after(3_600 * SECOND), 2));
    // An hour at no more than 10 % + 0.8 x 50 % + 0.25 x 400 %, four times over.
    let hour = 1_000 * 100_000_000 * 15 / 10 / 8_760;
    assert!(armed.error > 4 * hour && armed.error < 5 * hour, "{}", armed.error);
    let mut still = Stage::new("");
    still.carry(1, &[(ETH, ONE_ETH)], (USD, 1_000 * ONE_USD));
    assert_eq!(arm(&still, 1).0.until, Time::MAX);
}

#[test]
fn sides_are_unweighted_and_in_units_of_the_numeraire() {
    let mut stage = Stage::new("");
    stage.grow(USD, 20_000, 15_000);
    stage.carry(0, &[(ETH, ONE_ETH)], (USD, 1_500 * ONE_USD));
    stage.done(deposit(1, USD, 100 * ONE_USD));
    stage.done(deposit(2, ETH, ONE_ETH));
    let sides = |account| stage.rulebook.sides(&stage.view(), who(account)).unwrap();
    let all = [0, 1, 2, 3].map(|account| (sides(account).collateral, sides(account).debt));
    let dollars = |n: u128| n * 100_000_000;
    let debtor = (dollars(2_000), dollars(1_500));
    assert_eq!(all, [debtor, (dollars(100), 0), (dollars(2_000), 0), (0, 0)]);
}

#[test]
fn the_quote_of_a_sale_is_the_rules() {
    let mut stage = fallen();
    stage.done(absorb(&[1]));
    let facts = stage.done(buy(ETH, USD, 777_777_777, 0));
    let base = Base {
        decimals: 6,
        price: U256::from(100_000_000u64),
        indices: Indices { supply: INDEX_ONE, borrow: INDEX_ONE },
        totals: Totals { supply: U256::ZERO, borrow: U256::ZERO },
    };
    let ether = Collateral {
        decimals: 18,
        price: U256::from(150_000_000_000u64),
        borrow_factor: Wad::new(0),
        liquidate_factor: Wad::new(0),
        liquidation_factor: Wad::new(950_000_000_000_000_000),
        total_supply: U256::ZERO,
        supply_cap: U256::ZERO,
    };
    let half = Wad::new(500_000_000_000_000_000);
    let expected = quote(&base, &ether, half, U256::from(777_777_777u64)).unwrap().amount;
    let Fact::Exchanged { received, .. } = facts[0] else { panic!("{facts:?}") };
    assert_eq!(U256::from(received.raw), expected);
}

#[test]
fn every_promise_is_answered_once_and_calls_are_told_as_the_venue_has_them() {
    let stage = Stage::new("");
    let told: Vec<_> = stage.rulebook.promises().iter().map(|(promise, _)| *promise).collect();
    assert_eq!(told, Promise::ALL);
    let minimal = stage.rulebook.promises().iter().find(|(p, _)| *p == Promise::Minimal);
    assert_eq!(minimal.map(|(_, kept)| *kept), Some(Kept::Refuses));
    let call = Call::WriteOff { account: who(0) };
    assert_eq!(stage.refuses(call.clone()), Rejection::Unsupported);
    let said = |call: &Call| stage.rulebook.arguments(&stage.view(), call);
    assert_eq!(said(&absorb(&[1, 2])), "absorb(absorber, [account 1, account 2])");
    let bought = "buyCollateral(asset ETH, minAmount 3, baseAmount 7, recipient) at the USD market";
    assert_eq!(said(&buy(ETH, USD, 7, 3)), bought);
    assert_eq!(said(&call), "write off");
}
