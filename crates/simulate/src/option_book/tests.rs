//! The scenario and the plans, over the real rule.

use super::pool::{ACCOUNT, COIN, HEDGE, Pool};
use super::runner::Opened;
use super::*;
use breakwater_liquidation::hedge_first::{
    HedgePlan, HedgeTerms, StepKind, at_risk, close_minimal, plan_hedge_first,
};
use breakwater_liquidation::{Call, Effects, HedgeFill, Overlay, Rejection, Rulebook};
use breakwater_margin::health::Ratio;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AssetId, Price};

fn shipped() -> OptionBookScenario {
    OptionBookScenario::open("option-book").unwrap()
}

/// The shipped scenario over these positions: strike, whether a call, coins.
fn over(options: &[(&str, &str, &str)]) -> OptionBookScenario {
    let mut scenario = shipped();
    let one = scenario.settings.options[0].clone();
    scenario.settings.account.cash = "500".to_owned();
    let option = |(at, (strike, kind, size)): (usize, &(&str, &str, &str))| OptionSettings {
        symbol: format!("BTC-{at}OCT25-{strike}-{kind}"),
        strike: (*strike).to_owned(),
        size: (*size).to_owned(),
        ..one.clone()
    };
    scenario.settings.options = options.iter().enumerate().map(option).collect();
    scenario.path.truncate(2);
    scenario
}

fn with<T>(
    scenario: &OptionBookScenario,
    look: impl FnOnce(&Opened<'_>, &dyn Rulebook, &HedgeTerms) -> T,
) -> T {
    let pool = Pool::of(scenario).unwrap();
    let rulebook =
        breakwater_rulebooks::build("margin-exchange", &scenario.parameters, &pool.assets)
            .unwrap()
            .unwrap();
    look(&Opened::of(scenario, &pool, rulebook.as_ref()), rulebook.as_ref(), &pool.terms)
}

/// So high that everything is always asked for.
fn out_of_reach() -> Ratio {
    Ratio::new(1_000_000_000_000_000_000_000_000)
}

fn hedged(scenario: &OptionBookScenario, target: Ratio) -> HedgePlan {
    with(scenario, |opened, rulebook, terms| {
        opened.look(|view| plan_hedge_first(rulebook, view, ACCOUNT, target, terms))
    })
}

#[test]
fn hedges_trade_the_side_that_the_sign_table_says() {
    for (kind, size, buys) in
        [("C", "-50", true), ("C", "50", false), ("P", "-50", false), ("P", "50", true)]
    {
        let scenario = over(&[("117000", kind, size)]);
        let (fills, delta) = with(&scenario, |opened, rulebook, terms| {
            let risk = opened.look(|view| at_risk(rulebook, view, ACCOUNT, terms));
            let try_one = |buy: bool| {
                let fill = HedgeFill {
                    account: ACCOUNT,
                    contract: HEDGE,
                    buy,
                    quantity: 10,
                    proceeds: 100_000,
                };
                opened.look(|view| Ok(rulebook.hedge(view, &fill).is_ok()))
            };
            ((try_one(true), try_one(false)), risk.delta_e9)
        });
        assert_eq!(delta < 0, buys, "{kind} {size}");
        // The rule takes no trade that leaves more required: a short's hedge is taken, the other is not.
        if size.starts_with('-') {
            assert_eq!(fills, (buys, !buys), "{kind} {size}");
            let plan = hedged(&scenario, out_of_reach());
            let first = plan.steps[0];
            assert_eq!((first.kind, first.buy), (StepKind::Hedge, buys), "{kind} {size}");
        }
    }
}

#[test]
fn no_hedge_requires_more_or_passes_neutral_and_no_pair_requires_more() {
    let scenario = over(&[("117000", "P", "-50")]);
    let plan = hedged(&scenario, out_of_reach());
    assert!(plan.steps.iter().any(|step| step.kind == StepKind::Hedge));
    let mut last = plan.before.requirement;
    for (at, step) in plan.steps.iter().enumerate() {
        let (before, after) = (step.risk_before.delta_e9, step.risk_after.delta_e9);
        if step.kind == StepKind::Close {
            let alone = plan.steps.get(at + 1).is_none_or(|next| next.kind == StepKind::Close);
            if alone {
                assert!(step.after.requirement <= last);
                last = step.after.requirement;
            }
            continue;
        }
        assert!(step.after.requirement <= step.before.requirement);
        assert!(step.after.requirement <= last);
        last = step.after.requirement;
        assert!(after.abs() < before.abs() && after.signum() != -before.signum());
        assert_eq!(step.buy, before < 0);
        assert_eq!(step.quantity % 10, 0);
    }
}

#[test]
fn what_is_closed_first_relieves_most_per_cost_of_all_single_lots() {
    for options in [
        [("112000", "P", "-60"), ("126000", "C", "-20"), ("100000", "P", "30")],
        [("117000", "C", "-30"), ("120000", "C", "-30"), ("110000", "P", "-30")],
    ] {
        let mut scenario = over(&options);
        scenario.settings.terms.group_lots = 1;
        with(&scenario, |opened, rulebook, terms| {
            let plan =
                opened.look(|view| close_minimal(rulebook, view, ACCOUNT, out_of_reach(), terms));
            let mut best: Option<(f64, AssetId)> = None;
            for asset in (3..6).map(AssetId) {
                let (relieved, cost) = opened.look(|view| {
                    let before = rulebook.assess(view, ACCOUNT)?;
                    let (info, mark) = (view.asset(asset)?, view.price(asset)?);
                    let own = breakwater_money::Unit::token(asset);
                    let holder = breakwater_money::Holder::Account(ACCOUNT);
                    let buy = view.balances.balance(holder, own) < 0;
                    let (away, rounding) =
                        if buy { (10_600, Rounding::Ceil) } else { (9_400, Rounding::Floor) };
                    let raw = mul_div(mark.raw, away, 10_000, Rounding::HalfUp)?;
                    let contract = info.kind.contract().unwrap();
                    let price = Price::new(raw, mark.decimals);
                    let proceeds = contract.value(10, info.decimals, price, 8, rounding)?;
                    let (account, quantity, proceeds_asset) = (ACCOUNT, 10, COIN);
                    let call = Call::Fill { account, asset, quantity, proceeds, proceeds_asset };
                    let effects: Effects = rulebook.execute(view, &call)?;
                    let overlay = Overlay::new(*view, ACCOUNT, &effects)?;
                    let after = rulebook.assess(&overlay.view(), ACCOUNT)?;
                    let relieved = before.requirement as i128 - after.requirement as i128;
                    Ok((relieved, before.equity - after.equity))
                });
                let ratio = relieved as f64 / cost.max(1) as f64;
                if relieved > cost && best.is_none_or(|(most, _)| ratio > most) {
                    best = Some((ratio, asset));
                }
            }
            assert_eq!(plan.steps.first().map(|step| step.asset), best.map(|(_, asset)| asset));
        });
    }
}

#[test]
fn one_lot_less_of_the_last_close_misses_the_target() {
    let mut scenario = over(&[("112000", "P", "-60"), ("126000", "C", "-20")]);
    // A target between the hedged ratio and that of everything closed.
    let whole = hedged(&scenario, out_of_reach());
    let hedge = whole.steps.iter().find(|step| step.kind == StepKind::Close).unwrap().before.ratio;
    let target = Ratio::from_raw(hedge.raw + hedge.raw / breakwater_money::U256::from(20u8));
    scenario.settings.terms.group_lots = 4;
    let plan = hedged(&scenario, target);
    assert!(plan.reached);
    let last = plan.steps.iter().rposition(|step| step.kind == StepKind::Close).unwrap();
    // Until the last close the target is missed.
    assert!(plan.steps[..last].iter().all(|step| step.after.ratio < target));
    let lots = plan.steps[last].quantity / 10;
    scenario.settings.terms.group_lots = 1;
    let single = hedged(&scenario, target);
    assert!(single.reached && lots >= 1);
    let closes = |plan: &HedgePlan| -> u128 {
        let closes = plan.steps.iter().filter(|step| step.kind == StepKind::Close);
        closes.map(|step| step.quantity).sum()
    };
    assert!(closes(&single) <= closes(&plan));
    let last = single.steps.iter().rposition(|step| step.kind == StepKind::Close).unwrap();
    assert!(single.steps[..last].iter().all(|step| step.after.ratio < target));
}

#[test]
fn a_hedge_that_would_leave_more_required_is_refused_by_the_rule() {
    let scenario = over(&[("117000", "C", "-50")]);
    with(&scenario, |opened, rulebook, _| {
        let fill = HedgeFill {
            account: ACCOUNT,
            contract: HEDGE,
            buy: false,
            quantity: 1_000,
            proceeds: 8_500_000,
        };
        let why = opened.look(|view| Ok(rulebook.hedge(view, &fill).unwrap_err()));
        assert_eq!(why.rejection, Rejection::BelowInitial);
    });
}

#[test]
fn over_the_shipped_day_hedging_first_risks_less_and_costs_less() {
    let scenario = shipped();
    let runs = compare(&scenario).unwrap();
    assert_eq!(runs, compare(&scenario).unwrap());
    let [market, only, first] = &runs[..] else { panic!("three ways") };
    assert!(runs.iter().all(|run| run.books_balance && run.breach == market.breach));
    let breach = first.breach.unwrap();
    assert!(first.worst_loss < only.worst_loss && only.worst_loss < breach.risk.loss);
    let delta = |run: &WayRun| run.risk_after.unwrap().delta_e9.abs();
    assert!(delta(first) < delta(only) && delta(only) < breach.risk.delta_e9.abs());
    assert!(first.cost < only.cost && only.cost < market.cost);
    // The index came back, so that whoever was not hedged gained; on the way down it lost more.
    assert!(first.equity_low > only.equity_low && only.equity_low > market.equity_low);
}
