//! Plans for a keeper: over a book at given prices, every account that may be liquidated with its best
//! calls in order, what each does exactly, what it brings after price impact and gas, and the call's
//! arguments.
//!
//! Each account is planned by itself, as if nobody sold before: the depth is fresh for its first
//! call and consumed by its own calls after it.

use crate::assess::{AssessOptions, Pooled, pool, ratio_text, refused, shocked, value_text};
use crate::book::{Book, PRICE_DECIMALS};
use crate::fitting::Mapped;
use crate::keeper::{Deal, Keeper};
use crate::market::{Kind, Markets};
use crate::options::{RunOptions, Shock};
use crate::stage::setup;
use crate::world::asset_id;
use crate::{Scenario, ScenarioError};
use breakwater_liquidation::plan::{PlannedCall, Reason, plan_call, plan_cleaning};
use breakwater_liquidation::{
    Call, Close, Effects, Fact, Overlay, Policy, Rejection, Rulebook, View, games,
};
use breakwater_money::{AccountId, decimal};
use serde::Serialize;

/// How to plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// The book's pool.
    pub assess: AssessOptions,
    /// The scenario whose market takes what is seized; none sells at the mark.
    pub market: Option<Scenario>,
    /// Value of one call's gas, such as `12.5`; none is nothing.
    pub gas: Option<String>,
}

/// One call of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanStep {
    /// Kind of the call.
    pub call: &'static str,
    /// The venue's call with its arguments.
    pub arguments: String,
    /// Debt to repay, or what is paid.
    pub debt_asset: String,
    /// How much of it.
    pub repay: String,
    /// Collateral to take.
    pub collateral_asset: String,
    /// How much of it.
    pub seize: String,
    /// Value repaid.
    pub repay_value: String,
    /// Value of what the caller gets; the venue's cut is not in it.
    pub seize_value: String,
    /// Value paid to the caller beside.
    pub reward_value: String,
    /// What the collateral fetches in the market.
    pub fetched_value: String,
    /// Gas.
    pub gas_value: String,
    /// Proceeds and reward less repayment less gas.
    pub profit: String,
    /// True if it lowers health.
    pub toxic: bool,
    /// Health ratio after it, `none` without debt.
    pub health_after: String,
    /// Bad debt that it books.
    pub deficit_value: String,
    /// Why this amount.
    pub reason: String,
}

/// Two calls that would earn more than one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TwoStepTold {
    /// Debt that the first repays, leaving the account just liquidatable.
    pub first_repay: String,
    /// Debt that the second repays.
    pub second_repay: String,
    /// Value that the two bring above the largest single call, at the marks.
    pub extra_value: String,
}

/// What to do about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountPlan {
    /// Label.
    pub account: String,
    /// Health ratio now.
    pub health_before: String,
    /// Health ratio after the first call, `none` without debt.
    pub health_after: String,
    /// Health ratio after the last call.
    pub health_end: String,
    /// Why this amount, or why nothing.
    pub reason: String,
    /// Debt that the first call repays; empty where nothing is to be done.
    pub debt_asset: String,
    /// How much of it.
    pub repay: String,
    /// Collateral that it takes.
    pub collateral_asset: String,
    /// How much of it.
    pub seize: String,
    /// Value repaid.
    pub repay_value: String,
    /// Value that the caller gets.
    pub seize_value: String,
    /// True if the call lowers health.
    pub toxic: bool,
    /// All calls, in order.
    pub calls: Vec<PlanStep>,
    /// Profit of all calls together.
    pub profit: String,
    /// Two calls where one would do, if they would earn more: an attack on the close factor that one
    /// liquidation for a position at one price takes away.
    pub two_step: Option<TwoStepTold>,
}

/// Plans of a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookPlan {
    /// Rulebook with version.
    pub rulebook: String,
    /// What of the book the rulebook could not take as it is.
    pub mapped: Vec<Mapped>,
    /// Every account, in the order of the file; an account that was split has several.
    pub accounts: Vec<AccountPlan>,
}

/// Calls on one account: half of the debt each time leaves dust long before.
const STEPS_MAX: usize = 32;

struct Planner<'a> {
    book: &'a Book,
    rulebook: &'a dyn Rulebook,
    policy: &'a Policy,
    markets: Markets,
    kinds: Vec<Kind>,
    staked: usize,
    gas_value: u128,
}

/// The best calls on every account that may be liquidated, and why not on the others.
///
/// # Errors
/// As for assessing; a shock on collateral alone cannot be planned at, because no price is that.
pub fn plan(book: &Book, options: &PlanOptions) -> Result<BookPlan, ScenarioError> {
    if let Some(Shock::Collateral { .. }) = options.assess.shock {
        let reason = "collateral=X is no price a call could be made at; name an asset or a market";
        return Err(ScenarioError::setting("shock", reason));
    }
    let Pooled { engine, book, mapped, .. } = pool(book, &options.assess)?;
    let (Some(rulebook), Some(policy)) = (engine.rulebook(), engine.policy()) else {
        return Err(ScenarioError::setting("rulebook", "none is installed"));
    };
    let marks = shocked(&book, &engine, &options.assess)?;
    let shipped = Scenario::shipped().first().map_or("", |(name, _)| *name);
    let market = match &options.market {
        Some(scenario) => scenario.clone(),
        None => Scenario::open(shipped)?,
    };
    let run = RunOptions { impact: options.market.is_some(), ..RunOptions::default() };
    let gas_value = match &options.gas {
        Some(text) => decimal::parse_raw(text, PRICE_DECIMALS)
            .map_err(|error| ScenarioError::setting("gas", error.to_string()))?,
        None => 0,
    };
    let staked = book.asset(&market.settings.driver.staked);
    let planner = Planner {
        rulebook,
        policy,
        markets: setup::markets(&market, &run, &[])?,
        kinds: setup::kinds(&market, &book),
        staked: staked
            .or_else(|| book.assets.iter().position(|a| a.moves_with_driver))
            .unwrap_or(0),
        gas_value,
        book: &book,
    };
    let mut accounts = Vec::with_capacity(book.accounts.len());
    for (number, account) in (0u32..).zip(&book.accounts) {
        let id = AccountId(number);
        let planned =
            engine.look(|view| planner.account(&view.with_marks(&marks), id, &account.label));
        accounts.push(planned?);
    }
    Ok(BookPlan { rulebook: rulebook.name().to_owned(), mapped, accounts })
}

impl Planner<'_> {
    fn account(
        &self,
        view: &View<'_>,
        id: AccountId,
        label: &str,
    ) -> Result<AccountPlan, ScenarioError> {
        let before = self.rulebook.assess(view, id).map_err(refused(label))?;
        let mut plan = AccountPlan {
            account: label.to_owned(),
            health_before: ratio_text(before.ratio),
            health_after: ratio_text(before.ratio),
            health_end: ratio_text(before.ratio),
            reason: String::new(),
            debt_asset: String::new(),
            repay: String::new(),
            collateral_asset: String::new(),
            seize: String::new(),
            repay_value: String::new(),
            seize_value: String::new(),
            toxic: false,
            calls: Vec::new(),
            profit: value_text(0),
            two_step: None,
        };
        let first = match plan_call(self.rulebook, view, id, self.policy) {
            Ok(first) => first,
            Err(rejected) => {
                plan.reason = rejected.to_string();
                return Ok(plan);
            }
        };
        let profit = self.steps(view, id, label, first, &mut plan)?;
        if let Some(step) = plan.calls.first() {
            plan.health_after.clone_from(&step.health_after);
            plan.reason.clone_from(&step.reason);
            plan.debt_asset.clone_from(&step.debt_asset);
            plan.repay.clone_from(&step.repay);
            plan.collateral_asset.clone_from(&step.collateral_asset);
            plan.seize.clone_from(&step.seize);
            plan.repay_value.clone_from(&step.repay_value);
            plan.seize_value.clone_from(&step.seize_value);
            plan.toxic = step.toxic;
        }
        if let Some(step) = plan.calls.last() {
            plan.health_end.clone_from(&step.health_after);
        }
        plan.profit = decimal::format_raw_signed(profit, PRICE_DECIMALS);
        plan.two_step = self.two_step(view, id)?;
        Ok(plan)
    }

    /// Fills in the calls, each on what the ones before it leave, and answers what they bring. A
    /// first call that does not pay is told all the same; after it nothing follows.
    fn steps(
        &self,
        view: &View<'_>,
        id: AccountId,
        label: &str,
        first: PlannedCall,
        plan: &mut AccountPlan,
    ) -> Result<i128, ScenarioError> {
        let mut markets = self.markets.clone();
        let mut effects = Effects::default();
        let mut profit = 0i128;
        let mut next = Some(first);
        while let Some(planned) = next.take() {
            let overlay = Overlay::new(*view, id, &effects).map_err(refused(label))?;
            let seen = overlay.view();
            let keeper = self.keeper(&markets);
            let (deal, reason, pays) = match self.choose(&keeper, &seen, id, &planned)? {
                Some(deal) => (deal, reason_text(planned.reason), true),
                None if plan.calls.is_empty() => match self.unpaid(&keeper, &seen, id, planned)? {
                    Some((deal, reason)) => (deal, reason, false),
                    None => {
                        plan.reason = "the market has no quote for what a call takes".into();
                        break;
                    }
                },
                None => break,
            };
            let more = self.rulebook.execute(&seen, &deal.option.call).map_err(refused(label))?;
            let deficit_value = more.facts.iter().map(|fact| match fact {
                Fact::Deficit { account, value, .. } if *account == id => *value,
                _ => 0,
            });
            let deficit_value = deficit_value.sum();
            let overlay = Overlay::new(seen, id, &more).map_err(refused(label))?;
            let after = self.rulebook.assess(&overlay.view(), id).map_err(refused(label))?;
            let gain = self.profit(&deal);
            profit = profit.saturating_add(gain);
            markets.sold(deal.way, deal.option.seized_value, &deal.marks)?;
            let told = self.told(&seen, &deal, reason, gain, deficit_value);
            let health_after = ratio_text(after.ratio);
            plan.calls.push(PlanStep { health_after: health_after.clone(), ..told });
            if deal.follows
                && let Some(bought) = self.purchase(&markets, &overlay.view())?
            {
                let gain = self.profit(&bought);
                profit = profit.saturating_add(gain);
                markets.sold(bought.way, bought.option.seized_value, &bought.marks)?;
                let reason = "what the pool then sells, for which the call before it is made";
                let told = self.told(&overlay.view(), &bought, reason.to_owned(), gain, 0);
                plan.calls.push(PlanStep { health_after, ..told });
            }
            let once = self.policy.close == Close::Target || self.policy.guards.once_per_tick;
            if !pays || once || !after.breach || plan.calls.len() >= STEPS_MAX {
                break;
            }
            next = plan_call(self.rulebook, &overlay.view(), id, self.policy).ok();
            effects.then(more);
        }
        Ok(profit)
    }

    /// What a keeper buys of the pool after a call that hands its caller nothing.
    fn purchase(&self, markets: &Markets, view: &View<'_>) -> Result<Option<Deal>, ScenarioError> {
        let mut options = Vec::new();
        if self.rulebook.pool_calls(view, &mut options).is_err() {
            return Ok(None);
        }
        self.keeper(markets).best(self.rulebook, view, &options)
    }

    fn keeper<'b>(&'b self, markets: &'b Markets) -> Keeper<'b> {
        Keeper {
            markets,
            kinds: &self.kinds,
            staked: asset_id(self.staked),
            gas_value: self.gas_value,
            capital: None,
        }
    }

    /// The call that pays most: among those that do not lower health if any of them pays, which
    /// collateral and which debt the keeper chooses; where the policy sizes the call, that one.
    fn choose(
        &self,
        keeper: &Keeper<'_>,
        view: &View<'_>,
        id: AccountId,
        planned: &PlannedCall,
    ) -> Result<Option<Deal>, ScenarioError> {
        if planned.option.call.pair().is_none() {
            return keeper.whole(self.rulebook, view, planned.option.clone());
        }
        if self.policy.close == Close::Target {
            let options = std::slice::from_ref(&planned.option);
            return keeper.best(self.rulebook, view, options);
        }
        let mut options = Vec::new();
        if self.rulebook.calls(view, id, &mut options).is_err() {
            return Ok(None);
        }
        options.retain(|option| option.call.pair().is_some());
        let (toxic, sound): (Vec<_>, Vec<_>) = options.into_iter().partition(|o| o.toxic);
        match keeper.best(self.rulebook, view, &sound)? {
            Some(deal) => Ok(Some(deal)),
            None => keeper.best(self.rulebook, view, &toxic),
        }
    }

    /// What to do where nothing pays: the cleaner's call if the policy bears its loss, else the
    /// planned call with its loss shown.
    fn unpaid(
        &self,
        keeper: &Keeper<'_>,
        view: &View<'_>,
        id: AccountId,
        planned: PlannedCall,
    ) -> Result<Option<(Deal, String)>, ScenarioError> {
        let cleaning = plan_cleaning(self.rulebook, view, id, self.policy, self.gas_value);
        let (planned, reason) = match cleaning {
            Ok(cleaning) => (cleaning, reason_text(Reason::Cleaning)),
            Err(why) if why.rejection == Rejection::Healthy => return Ok(None),
            Err(_) => {
                let reason = format!("{}; it does not pay", reason_text(planned.reason));
                (planned, reason)
            }
        };
        Ok(keeper.priced(view, planned.option)?.map(|deal| (deal, reason)))
    }

    fn profit(&self, deal: &Deal) -> i128 {
        let signed = |value: u128| i128::try_from(value).unwrap_or(i128::MAX);
        signed(deal.fetched)
            .saturating_add(signed(deal.option.reward_value))
            .saturating_sub(signed(deal.option.repaid_value))
            .saturating_sub(signed(self.gas_value))
    }

    fn told(
        &self,
        view: &View<'_>,
        deal: &Deal,
        reason: String,
        profit: i128,
        deficit_value: u128,
    ) -> PlanStep {
        let option = &deal.option;
        let asset = |amount: breakwater_money::Amount| &self.book.assets[amount.asset.index()];
        let text = |amount: breakwater_money::Amount| {
            decimal::format_raw(amount.raw, asset(amount).decimals)
        };
        PlanStep {
            call: option.call.kind(),
            arguments: self.rulebook.arguments(view, &option.call),
            debt_asset: asset(option.repaid).symbol.clone(),
            repay: text(option.repaid),
            collateral_asset: asset(option.seized).symbol.clone(),
            seize: text(option.seized),
            repay_value: value_text(option.repaid_value),
            seize_value: value_text(option.seized_value),
            reward_value: value_text(option.reward_value),
            fetched_value: value_text(deal.fetched),
            gas_value: value_text(self.gas_value),
            profit: decimal::format_raw_signed(profit, PRICE_DECIMALS),
            toxic: option.toxic,
            health_after: String::new(),
            deficit_value: value_text(deficit_value),
            reason,
        }
    }

    fn two_step(
        &self,
        view: &View<'_>,
        id: AccountId,
    ) -> Result<Option<TwoStepTold>, ScenarioError> {
        let Ok(Some(found)) = games::two_step(self.rulebook, view, id) else { return Ok(None) };
        let Call::RepayAndSeize { debt, .. } = found.single.call else { return Ok(None) };
        let decimals = self.book.assets[debt.index()].decimals;
        Ok(Some(TwoStepTold {
            first_repay: decimal::format_raw(found.first.repaid.raw, decimals),
            second_repay: decimal::format_raw(found.second.repaid.raw, decimals),
            extra_value: value_text(found.extra()),
        }))
    }
}

fn reason_text(reason: Reason) -> String {
    match reason {
        Reason::CloseFactor => "as much as the venue takes in one call",
        Reason::TargetHealth => "the smallest amount that reaches the target",
        Reason::FullClose => "the whole account",
        Reason::Toxic => "every leg lowers health: as much as the venue takes",
        Reason::TargetOutOfReach => "no amount reaches the target: as much as the venue takes",
        Reason::Cleaning => "costs its caller something, so that bad debt is recognised",
        Reason::TierDown => "down to the cap of a lower tier",
        Reason::Fraction => "a share of each position",
        Reason::Ramp => "the share of the shortage that is allowed by now",
        Reason::InitialMargin => "the smallest amount that leaves the initial requirement met",
        Reason::BlockCap => "as much as one block allows",
        Reason::Planned => "the slice that costs least over the depth there is",
    }
    .to_owned()
}
