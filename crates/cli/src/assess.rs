//! `breakwater assess` and `breakwater plan`: accounts from a file.

use crate::arguments::{Assess, Plan};
use crate::compare::mapped_lines;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, rounded, rounded_text, short_label, wrapped};
use crate::proposals;
use crate::screen::{Paint, Screen};
use crate::source;
use breakwater_simulate::Scenario;
use breakwater_simulate::assess::{AccountHealth, AssessOptions, Assessment, assess as judge};
use breakwater_simulate::book::{Book, PRICE_DECIMALS};
use breakwater_simulate::fitting::Mapped;
use breakwater_simulate::keeper_plan::{AccountPlan, PlanOptions, PlanStep, plan as plan_all};
use breakwater_simulate::proposals::{Proposals, StatedMarkets, propose_all};
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
    rulebook: &'a str,
    shock: String,
    target: Option<&'a str>,
    market: Option<&'a str>,
    accounts: u64,
    to_liquidate: u64,
    mapped: &'a [Mapped],
    plans: &'a [AccountPlan],
    #[serde(skip_serializing_if = "Option::is_none")]
    proposals: Option<&'a Proposals>,
}

type Asked = (Book, Option<StatedMarkets>, AssessOptions);

fn asked_for(asked: &Assess, target: Option<&str>) -> Result<Asked, Failure> {
    let rulebook = asked.rulebook.as_deref().map(source::rulebook).transpose()?;
    let (book, markets) = source::book_and_markets(&asked.file, asked.prices.as_deref())?;
    let options = AssessOptions {
        rulebook,
        thresholds: asked.thresholds.choice(),
        shock: asked.shock.clone(),
        target_ratio: target.map(str::to_owned),
        cleaning_loss: None,
    };
    Ok((book, markets, options))
}

/// Health of every account.
pub fn assess(asked: &Assess, screen: &Screen) -> Result<Verdict, Failure> {
    let (book, _, options) = asked_for(asked, None)?;
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
    text.push_str(&mapped_text(mapped));
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

pub fn more(all: usize, shown: usize) -> String {
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
    let (book, markets, assess) = asked_for(&asked.accounts, asked.target.as_deref())?;
    let assess = AssessOptions { cleaning_loss: asked.cleaning_loss.clone(), ..assess };
    let market = asked.market.as_deref().map(Scenario::open).transpose()?;
    let options = PlanOptions { assess, market, gas: asked.gas.clone() };
    let planned = plan_all(&book, &options)?;
    let proposals = match &markets {
        Some(markets) => Some(propose_all(&book, markets, &options.assess)?),
        None => None,
    };
    if let Some(path) = &asked.csv {
        proposals::write_csv(path, &asked.accounts.file, proposals.as_ref())?;
    }
    let plans = &planned.accounts;
    let wanted: Vec<&AccountPlan> = plans.iter().filter(|plan| !plan.calls.is_empty()).collect();
    let shock = options.assess.shock.as_ref();
    let answer = PlanAnswer {
        schema: "breakwater.plan/1",
        rulebook: &planned.rulebook,
        shock: shock.map_or_else(|| "none".to_owned(), ToString::to_string),
        target: options.assess.target_ratio.as_deref(),
        market: asked.market.as_deref(),
        accounts: plans.len() as u64,
        to_liquidate: wanted.len() as u64,
        mapped: &planned.mapped,
        plans,
        proposals: proposals.as_ref(),
    };
    let mut text =
        format!("{} of {} to liquidate\n", count(answer.to_liquidate), accounts(plans.len()));
    text.push_str(&mapped_text(&planned.mapped));
    let told: Vec<&AccountPlan> = if plans.len() <= TOLD { plans.iter().collect() } else { wanted };
    let shown = if asked.accounts.all { told.len() } else { SHOWN };
    for plan in told.iter().take(shown) {
        text.push_str(&plan_text(plan, Paint::for_stdout()));
    }
    text.push_str(&more(told.len(), shown));
    if let Some(proposals) = &proposals {
        text.push_str(&proposals::text(proposals, shown.max(TOLD), Paint::for_stdout()));
    }
    screen.answer(&text, &answer)?;
    Ok(Verdict::Fine)
}

fn mapped_text(mapped: &[Mapped]) -> String {
    let told = mapped_lines(mapped, |raw| rounded(raw, PRICE_DECIMALS, 0));
    let lines = told.iter().flat_map(|told| wrapped(told, WIDTH - 2));
    lines.map(|line| format!("  {line}\n")).collect()
}

fn accounts(number: usize) -> String {
    crate::figures::counted(number as u64, "account", "accounts")
}

fn plan_text(plan: &AccountPlan, paint: Paint) -> String {
    let before = rounded_text(&plan.health_before, 6);
    let mut text = format!("\n{}  ", paint.strong(&plan.account));
    if plan.calls.is_empty() {
        text.push_str(&format!("health {before}\n"));
        for line in wrapped(&plan.reason, WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
        return text;
    }
    let after = rounded_text(&plan.health_end, 6);
    text.push_str(&format!("health {before} to {after}\n"));
    for (number, step) in (1..).zip(&plan.calls) {
        text.push_str(&step_text(number, plan.calls.len(), step));
    }
    if plan.calls.len() > 1 {
        text.push_str(&format!("  all calls: profit {}\n", rounded_text(&plan.profit, 2)));
    }
    if let Some(two) = &plan.two_step {
        let told = format!(
            "two steps would bring {} more: {} first, then {}; one liquidation for a position at one \
             price refuses the second",
            rounded_text(&two.extra_value, 2),
            two.first_repay,
            two.second_repay
        );
        for line in wrapped(&told, WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn step_text(number: usize, all: usize, step: &PlanStep) -> String {
    let mut text = String::new();
    let lead = if all > 1 { format!("{number}. ") } else { String::new() };
    let value = |text: &str| rounded_text(text, 2);
    if step.repay != "0" || step.seize != "0" {
        text.push_str(&format!(
            "  {lead}repay {} {} ({}), take {} {} ({})\n",
            step.repay,
            step.debt_asset,
            value(&step.repay_value),
            step.seize,
            step.collateral_asset,
            value(&step.seize_value)
        ));
    }
    let nothing = |text: &str| text == "0";
    let mut brings = format!("fetches {}", value(&step.fetched_value));
    if !nothing(&step.reward_value) {
        brings.push_str(&format!(", reward {}", value(&step.reward_value)));
    }
    if !nothing(&step.gas_value) {
        brings.push_str(&format!(", gas {}", value(&step.gas_value)));
    }
    brings.push_str(&format!(", profit {}", value(&step.profit)));
    if !nothing(&step.deficit_value) {
        brings.push_str(&format!("; books bad debt of {}", value(&step.deficit_value)));
    }
    if step.toxic {
        brings.push_str("; toxic");
    }
    let first = if text.is_empty() { lead } else { String::new() };
    for line in [format!("{first}{}", step.arguments), brings, step.reason.clone()] {
        for line in wrapped(&line, WIDTH - 2) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}
