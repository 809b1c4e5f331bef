//! `breakwater assess` and `breakwater plan`: accounts from a file.

use crate::arguments::{Assess, Plan};
use crate::failure::{Failure, Verdict};
use crate::figures::{count, rounded_text, short_label, wrapped};
use crate::screen::{Paint, Screen};
use crate::source;
use breakwater_simulate::assess::{
    AccountHealth, AccountPlan, AssessOptions, Assessment, assess as judge, plan as plan_all,
};
use breakwater_simulate::book::{Book, PRICE_DECIMALS};
use serde::Serialize;

/// Accounts shown as text unless all are asked for.
const SHOWN: usize = 20;
/// Up to so many accounts are told with their reasons and liquidation prices.
const TOLD: usize = 5;
const WIDTH: usize = 98;

#[derive(Serialize)]
struct AssessAnswer<'a> {
    schema: &'static str,
    #[serde(flatten)]
    assessment: &'a Assessment,
}

#[derive(Serialize)]
struct PlanAnswer<'a> {
    schema: &'static str,
    shock: String,
    target: Option<&'a str>,
    accounts: u64,
    to_liquidate: u64,
    plans: &'a [AccountPlan],
}

fn asked_for(asked: &Assess, target: Option<&str>) -> Result<(Book, AssessOptions), Failure> {
    let rulebook = asked.rulebook.as_deref().map(source::rulebook).transpose()?;
    let book = source::book(&asked.file, asked.prices.as_deref())?;
    let options = AssessOptions {
        rulebook,
        thresholds: asked.thresholds.choice(),
        shock: asked.shock.clone(),
        target_ratio: target.map(str::to_owned),
    };
    Ok((book, options))
}

/// Health of every account.
pub fn assess(asked: &Assess, screen: &Screen) -> Result<Verdict, Failure> {
    let (book, options) = asked_for(asked, None)?;
    let assessment = judge(&book, &options)?;
    let answer = AssessAnswer { schema: "breakwater.assess/1", assessment: &assessment };
    screen.answer(&assessment_text(&assessment, asked.all, Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}

fn assessment_text(assessment: &Assessment, all: bool, paint: Paint) -> String {
    let Assessment { rulebook, shock, unit, mapped, totals, accounts } = assessment;
    let value = |text: &str| format!("{:>20} {unit}", rounded_text(text, 2));
    let number = |n: u64| format!("{:>20}", count(n));
    let mut text = format!("{}; shock: {shock}\n\n", paint.strong(rulebook));
    for (name, figure) in [
        ("accounts", number(totals.accounts)),
        ("below 1.05 or in breach", number(totals.warned)),
        ("liquidatable", number(totals.liquidatable)),
        ("their debt", value(&totals.liquidatable_debt)),
        ("all collateral", value(&totals.collateral)),
        ("all debt", value(&totals.debt)),
        ("under water", number(totals.under_water)),
        ("bad debt", value(&totals.bad_debt)),
    ] {
        text.push_str(&format!("  {name:<24}{figure}\n"));
    }
    for mapped in mapped {
        let told = crate::compare::mapping(mapped, PRICE_DECIMALS);
        for line in wrapped(&told, WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push('\n');
    if accounts.len() <= TOLD {
        for account in accounts {
            text.push_str(&account_text(account, unit, paint));
        }
        return text;
    }
    text.push_str(&format!(
        "  {:<18}{:<14}{:>10}{:>20}{:>20}{:>14}\n",
        "account", "state", "health", "debt", "collateral", "line"
    ));
    let mut worst: Vec<&AccountHealth> = accounts.iter().collect();
    worst.sort_by(|a, b| by_health(&a.health).total_cmp(&by_health(&b.health)));
    let shown = if all { worst.len() } else { SHOWN };
    for account in worst.iter().take(shown) {
        let line = account.liquidation_prices.first();
        let line = line.map_or_else(String::new, |p| rounded_text(&p.liquidation_price, 2));
        text.push_str(&format!(
            "  {:<18}{:<14}{:>10}{:>20}{:>20}{line:>14}\n",
            short_label(&account.account),
            account.state,
            rounded_text(&account.health, 4),
            rounded_text(&account.debt_value, 2),
            rounded_text(&account.collateral_value, 2),
        ));
    }
    text.push_str("  line: price of the first collateral at which the account may be liquidated\n");
    text.push_str(&more(accounts.len(), shown));
    text
}

/// Order of accounts, worst first; who owes nothing comes last. A float only orders the lines.
fn by_health(health: &str) -> f64 {
    health.parse().unwrap_or(f64::INFINITY)
}

fn more(all: usize, shown: usize) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        left => {
            format!("  and {} more: --all shows them, --json has everything\n", count(left as u64))
        }
    }
}

fn account_text(account: &AccountHealth, unit: &str, paint: Paint) -> String {
    let mut text = format!("{}  {}\n", paint.strong(&account.account), account.state);
    let collateral = rounded_text(&account.collateral_value, 2);
    let debt = rounded_text(&account.debt_value, 2);
    text.push_str(&format!(
        "  health {}; collateral {collateral} {unit}, debt {debt} {unit}\n",
        account.health
    ));
    for price in &account.liquidation_prices {
        text.push_str(&format!(
            "  {}: liquidatable at {}, now {}\n",
            price.asset, price.liquidation_price, price.price_now
        ));
    }
    for line in wrapped(&account.reason, WIDTH - 2) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// What to do about every account.
pub fn plan(asked: &Plan, screen: &Screen) -> Result<Verdict, Failure> {
    let (book, options) = asked_for(&asked.accounts, asked.target.as_deref())?;
    let plans = plan_all(&book, &options)?;
    let wanted: Vec<&AccountPlan> =
        plans.iter().filter(|plan| !plan.debt_asset.is_empty()).collect();
    let answer = PlanAnswer {
        schema: "breakwater.plan/1",
        shock: options.shock.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
        target: options.target_ratio.as_deref(),
        accounts: plans.len() as u64,
        to_liquidate: wanted.len() as u64,
        plans: &plans,
    };
    let mut text =
        format!("{} of {} to liquidate\n", count(answer.to_liquidate), accounts(plans.len()));
    let told: Vec<&AccountPlan> = if plans.len() <= TOLD { plans.iter().collect() } else { wanted };
    let shown = if asked.accounts.all { told.len() } else { SHOWN };
    for plan in told.iter().take(shown) {
        text.push_str(&plan_text(plan, Paint::for_stdout()));
    }
    text.push_str(&more(told.len(), shown));
    screen.answer(&text, &answer)?;
    Ok(Verdict::Fine)
}

fn accounts(number: usize) -> String {
    crate::figures::counted(number as u64, "account", "accounts")
}

fn plan_text(plan: &AccountPlan, paint: Paint) -> String {
    let before = rounded_text(&plan.health_before, 6);
    let mut text = format!("\n{}  ", paint.strong(&plan.account));
    if plan.debt_asset.is_empty() {
        text.push_str(&format!("health {before}\n"));
    } else {
        let after = rounded_text(&plan.health_after, 6);
        text.push_str(&format!("health {before} to {after}\n"));
        text.push_str(&format!(
            "  repay {} {} ({}), take {} {} ({})\n",
            plan.repay,
            plan.debt_asset,
            rounded_text(&plan.repay_value, 2),
            plan.seize,
            plan.collateral_asset,
            rounded_text(&plan.seize_value, 2)
        ));
    }
    for line in wrapped(&plan.reason, WIDTH - 2) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}
