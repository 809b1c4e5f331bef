//! Proposals of the planner for accounts from a file that states market conditions: what the venue
//! sells by itself, where, how much now and how much later, and what other ways to sell would cost.
//!
//! Every account is planned by itself, as if nobody sold before. A lending book is sold under the plain
//! secured loan on the rulebook's reserves, as scenarios do where the venue sells.

pub(crate) mod stated;

pub use stated::StatedMarkets;

use crate::ScenarioError;
use crate::assess::{AssessOptions, Pooled, pool_under, ratio_text, refused, shocked, value_text};
use crate::book::{Book, PRICE_DECIMALS};
use breakwater_liquidation::conditions::{NOTHING_UNDER_WAY, OutletKind};
use breakwater_liquidation::plan::plan_sale;
use breakwater_liquidation::planner::{Later, SLICES_MAX, sale_cost};
use breakwater_liquidation::{
    Close, Leg, Policy, Proposal, Reason, Rejection, Rulebook, View, propose,
};
use breakwater_money::rounding::{Rounding, div, mul_div};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, AssetId, decimal};
use serde::Serialize;

/// The rule under which a lending book's own venue sells.
const VENUE_RULE: &str = "secured-loan";

/// One sale to order now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegTold {
    /// What is sold, or bought back.
    pub asset: String,
    /// `sell` or `buy`.
    pub side: &'static str,
    /// How much, whole units.
    pub quantity: String,
    /// Worst price, in the proceeds asset for one whole unit.
    pub worst_price: String,
    /// What comes in, or pays.
    pub proceeds_asset: String,
    /// Value at the mark.
    pub value: String,
    /// Cost of a unit of margin relieved by its last lot, what is lost and what is saved of the risk
    /// together; none where it relieves nothing.
    pub marginal_cost: Option<String>,
}

/// A part of a leg in one outlet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllocationTold {
    /// Place of the leg, from 0.
    pub leg: usize,
    /// What is sold.
    pub asset: String,
    /// `sell` or `buy`.
    pub side: &'static str,
    /// Place of the outlet in its market, from 0; none where nothing is known of the market.
    pub outlet: Option<usize>,
    /// What it is.
    pub kind: Option<OutletKind>,
    /// Whole units.
    pub quantity: String,
    /// The market's price.
    pub price: String,
    /// Loss against the mark.
    pub cost: String,
}

/// What waits for a later slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaterTold {
    /// Slices from now; none for what no slice looked ahead to has room for.
    pub slice: Option<u8>,
    /// Time until then.
    pub after_seconds: u64,
    /// What.
    pub asset: String,
    /// `sell` or `buy`.
    pub side: &'static str,
    /// Whole units.
    pub quantity: String,
    /// Worst price expected, the market's.
    pub worst_price: String,
    /// Loss against the mark.
    pub cost: String,
}

/// What another way to sell the account would cost, through the same outlets at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherWay {
    /// Value at the mark of what it sells.
    pub value: String,
    /// Loss against the marks.
    pub cost: String,
    /// The same in basis points of that value.
    pub cost_bps: String,
}

/// The planner's proposal for one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountProposal {
    /// Label.
    pub account: String,
    /// Why this plan.
    pub reason: &'static str,
    /// Health ratio now.
    pub health_before: String,
    /// Health ratio if what is ordered now fills at its worst prices.
    pub health_now: String,
    /// Health ratio once everything is sold, now and later, at the prices expected; `none` without debt.
    pub health_reached: String,
    /// What to order now.
    pub legs: Vec<LegTold>,
    /// Where, cheapest first.
    pub allocations: Vec<AllocationTold>,
    /// What waits.
    pub later: Vec<LaterTold>,
    /// Value at the marks of all that is sold, now and later.
    pub value: String,
    /// Loss against the marks, now and later.
    pub expected_cost: String,
    /// The same in basis points of `value`.
    pub expected_cost_bps: String,
    /// Of it, what is lost later.
    pub later_cost: String,
    /// What may be lost until the next slice at the stated confidence, before.
    pub risk_before: String,
    /// The same with what is sold now.
    pub risk_after: String,
    /// A close of the whole account at once.
    pub full_close: Option<OtherWay>,
    /// The fewest lots that reach the target, at once.
    pub fewest_lots: Option<OtherWay>,
}

/// Proposals of a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposals {
    /// Rulebook under which the venue sells.
    pub rulebook: String,
    /// Health aimed at.
    pub target_ratio: String,
    /// Time between two slices.
    pub pace_seconds: u64,
    /// Every account in breach that the venue sells, in the order of the file.
    pub accounts: Vec<AccountProposal>,
    /// Accounts in breach of which the venue can sell nothing by itself.
    pub nothing_to_sell: Vec<String>,
}

/// Plans every account in breach that its venue sells by itself. A target in `options` stands in for
/// the file's.
///
/// # Errors
/// As for assessing; a target that is none, or what the rulebook refuses.
pub fn propose_all(
    book: &Book,
    stated: &StatedMarkets,
    options: &AssessOptions,
) -> Result<Proposals, ScenarioError> {
    let pool_options = AssessOptions { target_ratio: None, ..options.clone() };
    let Pooled { engine, book, .. } = pool_under(book, &pool_options, Some(VENUE_RULE))?;
    let Some(rulebook) = engine.rulebook() else {
        return Err(ScenarioError::setting("rulebook", "none is installed"));
    };
    let mut policy = stated.policy.clone();
    if let Some(target) = &options.target_ratio {
        let raw = decimal::parse_raw(target, 18)
            .map_err(|error| ScenarioError::setting("target", error.to_string()))?;
        policy.target_ratio = breakwater_margin::Ratio::new(raw);
        policy.validate().map_err(|reason| ScenarioError::setting("target", reason))?;
    }
    let pace_nanos = policy.planner.map_or(0, |terms| terms.pace_nanos);
    let pace_seconds = div(u128::from(pace_nanos), u128::from(NANOS_PER_SECOND), Rounding::Floor)
        .map_err(crate::market::overflow)?;
    let marks = shocked(&book, &engine, options)?;
    let mut found = Proposals {
        rulebook: rulebook.name().to_owned(),
        target_ratio: policy.target_ratio.to_string(),
        pace_seconds: u64::try_from(pace_seconds).unwrap_or(u64::MAX),
        accounts: Vec::new(),
        nothing_to_sell: Vec::new(),
    };
    engine.look(|view| -> Result<(), ScenarioError> {
        let view = view.with_marks(&marks);
        let view = view.with_conditions(&stated.observed, &NOTHING_UNDER_WAY);
        let pool = Asked { book: &book, rulebook, view: &view, policy: &policy };
        for (number, account) in (0u32..).zip(&book.accounts) {
            let label = &account.label;
            match propose(rulebook, &view, AccountId(number), &policy) {
                Ok(proposal) => {
                    found.accounts.push(pool.told(label, &proposal, found.pace_seconds)?);
                }
                Err(why) if why.rejection == Rejection::Healthy => {}
                Err(why) if why.rejection == Rejection::NothingToSell => {
                    found.nothing_to_sell.push(label.clone());
                }
                Err(why) => return Err(refused(label)(why)),
            }
        }
        Ok(())
    })?;
    Ok(found)
}

struct Asked<'a> {
    book: &'a Book,
    rulebook: &'a dyn Rulebook,
    view: &'a View<'a>,
    policy: &'a Policy,
}

impl Asked<'_> {
    fn told(
        &self,
        label: &str,
        proposal: &Proposal,
        pace_seconds: u64,
    ) -> Result<AccountProposal, ScenarioError> {
        let plan = &proposal.plan;
        let mut value = 0u128;
        let mut legs = Vec::with_capacity(plan.legs.len());
        for leg in &plan.legs {
            let worth = self.value(leg.asset, leg.quantity)?;
            value = value.saturating_add(worth);
            let ppm = proposal.marginal_ppm.iter().find(|(asset, _)| *asset == leg.asset);
            legs.push(LegTold {
                asset: self.symbol(leg.asset),
                side: side(leg.buy_back),
                quantity: self.amount(leg.asset, leg.quantity),
                worst_price: leg.worst_price.to_string(),
                proceeds_asset: self.symbol(leg.proceeds_asset),
                value: value_text(worth),
                marginal_cost: ppm.map(|(_, ppm)| decimal::format_raw_signed(i128::from(*ppm), 6)),
            });
        }
        let allocations = proposal.allocations.iter().filter_map(|part| {
            let leg = plan.legs.get(part.leg)?;
            Some(AllocationTold {
                leg: part.leg,
                asset: self.symbol(leg.asset),
                side: side(leg.buy_back),
                outlet: part.outlet.map(|(place, _)| place),
                kind: part.outlet.map(|(_, kind)| kind),
                quantity: self.amount(leg.asset, part.quantity),
                price: part.price.to_string(),
                cost: cost_text(part.cost),
            })
        });
        let mut later = Vec::with_capacity(proposal.later.len());
        let held = self.rulebook.saleable(self.view, plan.account).map_err(refused(label))?;
        for part in &proposal.later {
            value = value.saturating_add(self.value(part.asset, part.quantity)?);
            let buys = held.iter().any(|item| item.asset == part.asset && item.buy_back);
            later.push(self.later(part, buys, pace_seconds));
        }
        let cost = proposal.expected_cost.saturating_add(proposal.later_cost);
        Ok(AccountProposal {
            account: label.to_owned(),
            reason: why(plan.reason),
            health_before: ratio_text(plan.before.ratio),
            health_now: ratio_text(plan.after.ratio),
            health_reached: ratio_text(proposal.reached.ratio),
            legs,
            allocations: allocations.collect(),
            later,
            value: value_text(value),
            expected_cost: cost_text(cost),
            expected_cost_bps: bps_text(cost, value)?,
            later_cost: cost_text(proposal.later_cost),
            risk_before: value_text(proposal.risk_before),
            risk_after: value_text(proposal.risk_after),
            full_close: self.other(plan.account, label, Close::Full)?,
            fewest_lots: self.other(plan.account, label, Close::Target)?,
        })
    }

    fn later(&self, part: &Later, buys: bool, pace_seconds: u64) -> LaterTold {
        LaterTold {
            slice: (part.slice <= SLICES_MAX).then_some(part.slice),
            after_seconds: pace_seconds.saturating_mul(u64::from(part.slice)),
            asset: self.symbol(part.asset),
            side: side(buys),
            quantity: self.amount(part.asset, part.quantity),
            worst_price: part.worst.to_string(),
            cost: cost_text(part.cost),
        }
    }

    /// What the account would cost if it were sold at once, closed so.
    fn other(
        &self,
        account: AccountId,
        label: &str,
        close: Close,
    ) -> Result<Option<OtherWay>, ScenarioError> {
        let policy = Policy { close, planner: None, ..self.policy.clone() };
        let plan = match plan_sale(self.rulebook, self.view, account, &policy) {
            Ok(plan) => plan,
            Err(why) if why.rejection == Rejection::NothingToSell => return Ok(None),
            Err(why) => return Err(refused(label)(why)),
        };
        let cost = sale_cost(self.rulebook, self.view, self.policy, &plan.legs);
        let cost = cost.map_err(refused(label))?;
        let mut value = 0u128;
        for Leg { asset, quantity, .. } in &plan.legs {
            value = value.saturating_add(self.value(*asset, *quantity)?);
        }
        Ok(Some(OtherWay {
            value: value_text(value),
            cost: cost_text(cost),
            cost_bps: bps_text(cost, value)?,
        }))
    }

    fn symbol(&self, asset: AssetId) -> String {
        let found = self.book.assets.get(usize::from(asset.0));
        found.map_or_else(|| asset.to_string(), |asset| asset.symbol.clone())
    }

    fn amount(&self, asset: AssetId, quantity: u128) -> String {
        let decimals = self.book.assets.get(usize::from(asset.0)).map_or(0, |asset| asset.decimals);
        decimal::format_raw(quantity, decimals)
    }

    fn value(&self, asset: AssetId, quantity: u128) -> Result<u128, ScenarioError> {
        let price = self.view.price(asset).map_err(refused("a value"))?;
        let decimals = self.book.assets.get(usize::from(asset.0)).map_or(0, |asset| asset.decimals);
        price.value(quantity, decimals, Rounding::Floor).map_err(crate::market::overflow)
    }
}

const fn side(buys: bool) -> &'static str {
    if buys { "buy" } else { "sell" }
}

fn cost_text(cost: i128) -> String {
    decimal::format_raw_signed(cost, PRICE_DECIMALS)
}

/// Basis points with two decimals, half up.
fn bps_text(cost: i128, value: u128) -> Result<String, ScenarioError> {
    let size = mul_div(cost.unsigned_abs(), 1_000_000, value.max(1), Rounding::HalfUp)
        .map_err(crate::market::overflow)?;
    let size = i128::try_from(size).unwrap_or(i128::MAX);
    Ok(decimal::format_raw_signed(if cost < 0 { -size } else { size }, 2))
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Toxic => "every sale lowers health: all is sold",
        Reason::TargetOutOfReach => "no amount reaches the target: all is sold",
        _ => "reaches the target at least cost and risk",
    }
}
