//! What to sell, how much, at which worst price, and why.
//!
//! Two planners share one idea: the answer of the rulebook itself on an [`Overlay`] decides
//! whether an amount is enough, so that a plan is never rejected by the rule it was made for. For
//! keepers the unit of choice is the venue's call; for a venue that sells by itself it is a lot.

use crate::policy::{Close, Policy};
use crate::rulebook::Saleable;
use crate::{
    AssetInfo, Call, CallOption, ContractTerms, Effects, Overlay, Rejected, Rejection, Rulebook,
    View,
};
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, div, mul_div, pow10};
use breakwater_money::{AccountId, AssetId, Price};
use serde::{Deserialize, Serialize};

/// Why a plan sells what it sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The venue's cap on one call.
    CloseFactor,
    /// The fewest lots that reach the target ratio.
    TargetHealth,
    /// The venue or the policy closes whole accounts.
    FullClose,
    /// Every leg lowers health, so that a part would only make the rest worse.
    Toxic,
    /// No amount reaches the target.
    TargetOutOfReach,
    /// The call costs its caller something and is made so that bad debt is recognised.
    Cleaning,
    /// A ladder's step to the cap of a lower tier.
    TierDown,
    /// A ladder's share of each position.
    Fraction,
    /// The share of the shortage that a ladder allows by now.
    Ramp,
    /// The fewest lots that leave the initial requirement met.
    InitialMargin,
    /// As much as a ladder allows in one block.
    BlockCap,
    /// What reaches the target ratio at least cost and risk, or the part of it that is due now.
    Planned,
}

/// One sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// What to sell; a contract to close.
    pub asset: AssetId,
    /// How much, in base units.
    pub quantity: u128,
    /// True if closing means buying.
    pub buy_back: bool,
    /// What comes in, or pays for what is bought.
    pub proceeds_asset: AssetId,
    /// Worst price, in the proceeds asset for one whole unit.
    pub worst_price: Price,
}

/// What to sell for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose.
    pub account: AccountId,
    /// Sales, in order.
    pub legs: Vec<Leg>,
    /// Why.
    pub reason: Reason,
    /// The rung of a ladder that ordered it, from 0; none without a ladder.
    pub rung: Option<usize>,
    /// Health now.
    pub before: Health,
    /// Health if every leg fills at its worst price.
    pub after: Health,
}

/// A call for a keeper, sized by policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedCall {
    /// The call with its amount, as the rulebook values it.
    pub option: CallOption,
    /// Why this amount.
    pub reason: Reason,
    /// Health now.
    pub before: Health,
    /// Health after the call.
    pub after: Health,
}

/// Plans the venue's own sales: as many whole lots of each holding, most saleable first, as bring
/// the account to the policy's target (or, for a full close, leave nothing owed) at the worst price
/// allowed.
///
/// # Errors
/// [`Rejection::Healthy`] if nothing is to be done, [`Rejection::NothingToSell`] if nothing can.
pub fn plan_sale(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
) -> Result<Plan, Rejected> {
    let before = rulebook.assess(view, account)?;
    if !before.breach {
        return Err(Rejection::Healthy.because(format!("ratio {}", before.ratio)));
    }
    let saleable = rulebook.saleable(view, account)?;
    let reason = if policy.close == Close::Full { Reason::FullClose } else { Reason::TargetHealth };
    let mut plan = Plan { account, legs: Vec::new(), reason, rung: None, before, after: before };
    if fill_to_target(rulebook, view, policy, &saleable, &mut plan)? {
        return Ok(plan);
    }
    if policy.close != Close::Full {
        // No number of lots reaches the target: selling a part would leave the account in breach
        // with less to recover from, so the plan changes kind and closes whole.
        plan.reason =
            if plan.after.ratio < before.ratio { Reason::Toxic } else { Reason::TargetOutOfReach };
    }
    plan.legs.clear();
    for item in &saleable {
        if let Some(leg) = leg_of(view, policy, item, item.quantity)? {
            plan.legs.push(leg);
        }
    }
    if plan.legs.is_empty() {
        return Err(Rejection::NothingToSell.because(account.to_string()));
    }
    plan.after = health_after(rulebook, view, &plan)?;
    Ok(plan)
}

/// Sizes of one holding that are tried before the search is refined.
const GRID: u128 = 64;

/// Adds legs until the target is met. False if all of them together do not meet it.
fn fill_to_target(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    policy: &Policy,
    saleable: &[Saleable],
    plan: &mut Plan,
) -> Result<bool, Rejected> {
    for item in saleable {
        let lots = lots_of(rulebook, view, policy, item)?;
        let Some(whole) = leg_of(view, policy, item, item.quantity)? else { continue };
        let last = plan.legs.len();
        plan.legs.push(whole);
        let whole_after = health_after(rulebook, view, plan)?;
        let mut reaches = |count: u128| -> Result<bool, Rejected> {
            let quantity = quantity_of(&lots, count, item.quantity);
            plan.legs[last] = Leg { quantity, ..whole };
            // What the rule refuses in part it may still take whole.
            let Ok(after) = health_after(rulebook, view, plan) else { return Ok(false) };
            plan.after = after;
            Ok(meets(&after, policy))
        };
        if let Some(enough) = fewest(lots.count, &mut reaches)? {
            reaches(enough)?;
            return Ok(true);
        }
        plan.legs[last] = whole;
        plan.after = whole_after;
    }
    Ok(false)
}

/// The fewest of up to `count` lots that reach a target, as far as a grid tells; none if no size of
/// the grid does. One lot less than the answer misses it.
///
/// A part may reach the target where more of it does not: selling past the steepest tiers or past
/// the debt it pays only costs. So the sizes of a grid are tried from the smallest up, and the first
/// step that reaches it is halved down to one lot.
pub(crate) fn fewest(
    count: u128,
    mut reaches: impl FnMut(u128) -> Result<bool, Rejected>,
) -> Result<Option<u128>, Rejected> {
    let steps = count.min(GRID);
    let mut missing = 0u128;
    for step in 1..=steps {
        let mut enough = mul_div(count, step, steps, Rounding::Ceil)?;
        if !reaches(enough)? {
            missing = enough;
            continue;
        }
        while enough - missing > 1 {
            let middle = missing + ((enough - missing) >> 1);
            if reaches(middle)? { enough = middle } else { missing = middle }
        }
        return Ok(Some(enough));
    }
    Ok(None)
}

pub(crate) fn meets(health: &Health, policy: &Policy) -> bool {
    match policy.close {
        Close::Full => health.requirement == 0 && !health.breach,
        Close::Target | Close::VenueMaximum | Close::Planned => {
            !health.breach && health.ratio >= policy.target_ratio
        }
    }
}

/// Base units of `asset` worth the policy's lot, rounded up. The lot is in the numeraire, whose
/// decimals need not be those of the asset's price.
pub(crate) fn lot_size(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    policy: &Policy,
    asset: AssetId,
) -> Result<u128, Rejected> {
    let info = view.asset(asset)?;
    if let Some(terms) = info.kind.contract() {
        return contract_lot(rulebook, view, policy, (asset, info), terms);
    }
    let AssetInfo { decimals, market, .. } = *info;
    let numeraire = pow10(rulebook.numeraire_decimals())?;
    let price = match market {
        Some(_) => view.price(asset)?,
        None => one_of(rulebook.numeraire_decimals())?,
    };
    let value = mul_div(policy.lot_value, pow10(price.decimals)?, numeraire, Rounding::Ceil)?;
    Ok(price.amount_for(value, decimals, Rounding::Ceil)?.max(1))
}

/// Contracts worth the policy's lot, rounded up. Where the settle asset has no price of its own it is
/// the numeraire.
fn contract_lot(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    policy: &Policy,
    (asset, info): (AssetId, &AssetInfo),
    terms: &ContractTerms,
) -> Result<u128, Rejected> {
    let settle = view.asset(terms.settle)?;
    let value = match settle.market {
        None => policy.lot_value,
        Some(_) => {
            let one = ContractTerms::linear_perpetual(terms.settle);
            let (price, decimals) = (view.price(terms.settle)?, rulebook.numeraire_decimals());
            one.quantity_for(policy.lot_value, settle.decimals, price, decimals, Rounding::Ceil)?
        }
    };
    let (price, decimals) = (view.price(asset)?, settle.decimals);
    let lot = terms.quantity_for(value, info.decimals, price, decimals, Rounding::Ceil)?;
    Ok(lot.max(1))
}

struct Lots {
    size: u128,
    count: u128,
}

/// Splits a holding into lots of the policy's value; the last one may be smaller.
fn lots_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    policy: &Policy,
    item: &Saleable,
) -> Result<Lots, Rejected> {
    let size = lot_size(rulebook, view, policy, item.asset)?.clamp(1, item.quantity.max(1));
    Ok(Lots { size, count: div(item.quantity, size, Rounding::Ceil)? })
}

fn quantity_of(lots: &Lots, count: u128, holding: u128) -> u128 {
    lots.size.saturating_mul(count).min(holding)
}

/// A sale of `quantity` no worse than the policy's slippage from the mark; none for nothing.
fn leg_of(
    view: &View<'_>,
    policy: &Policy,
    item: &Saleable,
    quantity: u128,
) -> Result<Option<Leg>, Rejected> {
    if quantity == 0 {
        return Ok(None);
    }
    leg_at(view, item, quantity, |fair| slipped(fair, policy.slippage_bps, item.buy_back)).map(Some)
}

/// A price of `fair` moved against whoever sells (or buys back).
///
/// # Errors
/// Overflow, or more than the whole price.
pub(crate) fn slipped(fair: u128, slippage_bps: u32, buy_back: bool) -> Result<u128, Rejected> {
    let bps = u128::from(slippage_bps);
    Ok(if buy_back {
        mul_div(fair, 10_000 + bps, 10_000, Rounding::Ceil)?
    } else {
        let kept = 10_000u128.checked_sub(bps).ok_or(Rejection::BadParameter)?;
        mul_div(fair, kept, 10_000, Rounding::Floor)?
    })
}

/// A sale of `quantity` at the worst price that `worst` makes of the mark in the proceeds asset.
pub(crate) fn leg_at(
    view: &View<'_>,
    item: &Saleable,
    quantity: u128,
    worst: impl FnOnce(u128) -> Result<u128, Rejected>,
) -> Result<Leg, Rejected> {
    let mark = view.price(item.asset)?;
    let fair = if view.asset(item.asset)?.kind.contract().is_some() {
        // A contract's price is in its own terms.
        mark
    } else {
        let against = view.price(item.proceeds_asset).unwrap_or(one_of(mark.decimals)?);
        // Price in the proceeds asset: both marks are in the numeraire.
        in_terms_of(mark, against)?
    };
    Ok(Leg {
        asset: item.asset,
        quantity,
        buy_back: item.buy_back,
        proceeds_asset: item.proceeds_asset,
        worst_price: Price::new(worst(fair.raw)?, fair.decimals),
    })
}

/// The same leg with the mark for its worst price.
///
/// # Errors
/// A missing mark, or overflow.
pub fn at_mark(view: &View<'_>, leg: &Leg) -> Result<Leg, Rejected> {
    let Leg { asset, quantity, buy_back, proceeds_asset, .. } = *leg;
    leg_at(view, &Saleable { asset, quantity, buy_back, proceeds_asset }, quantity, Ok)
}

/// Fewest units of a price of one token in another, so that its rounding is below a millionth...
const PRICE_RAW_LEAST: u128 = 1_000_000;

/// ... as long as it has no more decimals than this.
const PRICE_DECIMALS_MAX: u8 = 18;

/// A price in the terms of another, rounded down, at its own decimals or as many more as a cheap asset
/// needs against a dear one.
pub(crate) fn in_terms_of(mark: Price, against: Price) -> Result<Price, Rejected> {
    let mut price = Price::new(0, mark.decimals);
    loop {
        let scale = pow10(against.decimals + (price.decimals - mark.decimals))?;
        price.raw = mul_div(mark.raw, scale, against.raw, Rounding::Floor)?;
        let precise = price.raw >= PRICE_RAW_LEAST || price.decimals >= PRICE_DECIMALS_MAX;
        // Thirty-eight digits are the most that a scale has.
        if precise || against.decimals + price.decimals - mark.decimals >= 38 {
            return Ok(price);
        }
        price.decimals += 1;
    }
}

/// The numeraire in its own terms: settle assets are often not priced by any market.
pub(crate) fn one_of(decimals: u8) -> Result<Price, Rejected> {
    Ok(Price::new(pow10(decimals)?, decimals))
}

/// Whether the leg's account pays its proceeds rather than getting them: for buying back a short,
/// and for selling an inverse contract, which is owed coin.
///
/// # Errors
/// Unknown asset.
pub fn pays(view: &View<'_>, leg: &Leg) -> Result<bool, Rejected> {
    let contract = view.asset(leg.asset)?.kind.contract();
    Ok(contract.map_or(leg.buy_back, |terms| !terms.owns_value(!leg.buy_back)))
}

/// What a leg brings in (or costs) at a price, in base units of the proceeds asset, rounded
/// against the account.
///
/// # Errors
/// Overflow.
pub fn proceeds(
    view: &View<'_>,
    leg: &Leg,
    quantity: u128,
    price: Price,
) -> Result<u128, Rejected> {
    let (info, proceeds) = (view.asset(leg.asset)?, view.asset(leg.proceeds_asset)?);
    let rounding = if pays(view, leg)? { Rounding::Ceil } else { Rounding::Floor };
    if let Some(terms) = info.kind.contract() {
        return Ok(terms.value(quantity, info.decimals, price, proceeds.decimals, rounding)?);
    }
    let (from, to) = (pow10(info.decimals)?, pow10(proceeds.decimals)?);
    let scale = pow10(price.decimals)?;
    // Both decimals enter before the one rounding, so that no digit is lost in between.
    if from >= to {
        let shrink = div(from, to, Rounding::Floor)?;
        let scale = scale.checked_mul(shrink).ok_or(Rejection::Overflow)?;
        Ok(mul_div(quantity, price.raw, scale, rounding)?)
    } else {
        let grow = div(to, from, Rounding::Floor)?;
        let price = price.raw.checked_mul(grow).ok_or(Rejection::Overflow)?;
        Ok(mul_div(quantity, price, scale, rounding)?)
    }
}

/// Health if every leg of the plan fills at its worst price.
pub(crate) fn health_after(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    plan: &Plan,
) -> Result<Health, Rejected> {
    let effects = effects_of(rulebook, view, plan.account, &plan.legs)?;
    let overlay = Overlay::new(*view, plan.account, &effects)?;
    rulebook.assess(&overlay.view(), plan.account)
}

/// What happens if every leg fills at its worst price, in order.
pub(crate) fn effects_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    legs: &[Leg],
) -> Result<Effects, Rejected> {
    let mut effects = Effects::default();
    for leg in legs {
        let overlay = Overlay::new(*view, account, &effects)?;
        let seen = overlay.view();
        let call = Call::Fill {
            account,
            asset: leg.asset,
            quantity: leg.quantity,
            proceeds: proceeds(&seen, leg, leg.quantity, leg.worst_price)?,
            proceeds_asset: leg.proceeds_asset,
        };
        let more = rulebook.execute(&seen, &call)?;
        effects.then(more);
    }
    Ok(effects)
}

/// Plans the best call of a keeper's on the account under the policy: the venue's largest, or the
/// smallest that reaches the target.
///
/// # Errors
/// [`Rejection::Healthy`] or [`Rejection::NothingToSell`].
pub fn plan_call(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
) -> Result<PlannedCall, Rejected> {
    let before = rulebook.assess(view, account)?;
    if !before.breach {
        return Err(Rejection::Healthy.because(format!("ratio {}", before.ratio)));
    }
    let best = largest_option(rulebook, view, account)?;
    let after = after_call(rulebook, view, account, &best.call)?;
    let largest = PlannedCall { reason: Reason::CloseFactor, after, before, option: best };
    if policy.close != Close::Target || largest.option.toxic {
        let reason = if largest.option.toxic { Reason::Toxic } else { Reason::CloseFactor };
        return Ok(PlannedCall { reason, ..largest });
    }
    if !meets(&after, policy) {
        return Ok(PlannedCall { reason: Reason::TargetOutOfReach, ..largest });
    }
    smallest_call(rulebook, view, account, policy, largest)
}

/// Plans the call that empties an account under water although it pays nobody, so that its bad
/// debt is recognised: the cheapest whose effects book a deficit, if it loses at most the policy's
/// limit, `cost` of the caller (gas, impact) included. Only dust is cleaned: collateral that covers
/// its debt, or is worth more than that limit, is left to those whom it pays.
///
/// # Errors
/// [`Rejection::Healthy`], or [`Rejection::NothingToSell`] if no call within the limit books
/// anything.
pub fn plan_cleaning(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
    cost: u128,
) -> Result<PlannedCall, Rejected> {
    let before = rulebook.assess(view, account)?;
    if !before.breach {
        return Err(Rejection::Healthy.because(format!("ratio {}", before.ratio)));
    }
    let sides = rulebook.sides(view, account)?;
    if sides.debt <= sides.collateral || sides.collateral > policy.cleaning_loss_max {
        return Err(Rejection::NothingToSell.because(account.to_string()));
    }
    let mut options = Vec::new();
    rulebook.calls(view, account, &mut options)?;
    let loss = |option: &CallOption| {
        let got = option.seized_value.saturating_add(option.reward_value);
        option.repaid_value.saturating_add(cost).saturating_sub(got)
    };
    options.retain(|option| loss(option) <= policy.cleaning_loss_max);
    options.sort_by_key(loss);
    for option in options {
        let effects = rulebook.execute(view, &option.call)?;
        let books = effects
            .facts
            .iter()
            .any(|fact| matches!(fact, crate::Fact::Deficit { account: of, .. } if *of == account));
        if books {
            let overlay = Overlay::new(*view, account, &effects)?;
            let after = rulebook.assess(&overlay.view(), account)?;
            return Ok(PlannedCall { option, reason: Reason::Cleaning, before, after });
        }
    }
    Err(Rejection::NothingToSell.because(account.to_string()))
}

/// The best call at the venue's largest amount: legs that lower health come last, whatever they
/// pay.
///
/// # Errors
/// [`Rejection::NothingToSell`], or the rulebook's refusal.
pub fn largest_option(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
) -> Result<CallOption, Rejected> {
    let mut options = Vec::new();
    rulebook.calls(view, account, &mut options)?;
    options.sort_by_key(|option| option.toxic);
    let best = options.into_iter().next();
    best.ok_or_else(|| Rejection::NothingToSell.because(account.to_string()))
}

/// Bisects the amount of a call that overshoots the target down to the smallest whole number of
/// lots that the rule accepts and that still meets it.
fn smallest_call(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
    largest: PlannedCall,
) -> Result<PlannedCall, Rejected> {
    let Call::RepayAndSeize { debt, .. } = largest.option.call else { return Ok(largest) };
    let lot = lot_size(rulebook, view, policy, debt)?;
    let most = largest.option.repaid.raw;
    let (mut missing, mut enough) = (0u128, div(most, lot, Rounding::Ceil)?);
    let mut best = None;
    while enough - missing > 1 {
        let middle = missing + ((enough - missing) >> 1);
        let call = largest.option.call.with_amount(lot.saturating_mul(middle).min(most));
        match after_call(rulebook, view, account, &call) {
            Ok(after) if meets(&after, policy) => {
                enough = middle;
                let option = option_of(rulebook, view, &call, largest.option.toxic)?;
                best = Some((option, after));
            }
            // What would leave dust is too much rather than too little: less may be accepted.
            Err(rejected) if rejected.rejection == Rejection::DustLeft => {
                enough = middle;
                best = None;
            }
            _ => missing = middle,
        }
    }
    // Nothing short of dust reaches the target: then it takes the largest.
    Ok(match best {
        Some((option, after)) => {
            PlannedCall { option, reason: Reason::TargetHealth, before: largest.before, after }
        }
        None => PlannedCall { reason: Reason::TargetHealth, ..largest },
    })
}

/// What a call would do, told as an option.
///
/// # Errors
/// The rulebook's refusal.
pub fn option_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    call: &Call,
    toxic: bool,
) -> Result<CallOption, Rejected> {
    let effects = rulebook.execute(view, call)?;
    CallOption::of(view, call.clone(), &effects, rulebook.numeraire_decimals(), toxic)
}

/// Health after a call, by the rulebook's own answer.
///
/// # Errors
/// The rulebook's refusal.
pub fn after_call(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    call: &Call,
) -> Result<Health, Rejected> {
    let effects = rulebook.execute(view, call)?;
    let overlay = Overlay::new(*view, account, &effects)?;
    rulebook.assess(&overlay.view(), account)
}
