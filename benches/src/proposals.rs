//! What is proved of planned calls before they are counted.
//!
//! Every planned call is executed on the view it was planned for: it is accepted, what goes in and
//! out between the pool and the outside is what was planned, and a fact of the rule tells the same.
//! On a sample the amount is searched the slow way: other amounts of the same call are executed, from
//! more than everything owed downwards, and none that is accepted as long as a plan must be repays
//! more, unless it buys no more: where the amount seized is rounded down, up to two base units' worth
//! can be paid for nothing, which no planner proposes. For accounts in breach of which nothing was planned, every pair of theirs is tried at
//! several amounts, and taking them whole; none may be accepted for a seizure. Last, some calls are
//! applied to the engine, which must find the health that was planned.

use crate::pool::Pool;
use crate::{Failure, Result};
use breakwater_engine::{Body, What};
use breakwater_liquidation::plan::{PlannedCall, option_of, plan_call};
use breakwater_liquidation::{Call, CallOption, Fact, Policy, Rejected, Rejection, Rulebook, View};
use breakwater_money::rounding::{Rounding, pow10};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Price};

/// How long after its plan a call must still be accepted.
const LASTS_NANOS: u64 = 60 * NANOS_PER_SECOND;

/// Most amounts of one call that are tried one by one, and amounts tried where there are more.
const EVERY_AMOUNT: u128 = 25_000;
const STEPS: u128 = 512;

/// Accounts searched: the smallest, and as many spread over the others.
const SEARCHED: usize = 24;

/// Calls applied to the engine.
const APPLIED: usize = 32;

/// What was proved, in counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proved {
    /// Calls planned, executed and compared.
    pub planned: u64,
    /// Those that take an account whole: their caller chooses no amount.
    pub whole: u64,
    /// Accounts in breach that the rule proposes no call for.
    pub unplanned: u64,
    /// Accounts whose call was searched the slow way.
    pub searched: u64,
    /// Of these, those of which every amount above the plan was tried.
    pub exhausted: u64,
    /// Amounts executed in the search.
    pub tried: u64,
    /// Of these, those that repay more than the plan and seize nothing more for it.
    pub dearer: u64,
    /// Calls applied to the engine, which found the health planned.
    pub applied: u64,
}

fn differs(account: AccountId, told: impl std::fmt::Display) -> Failure {
    Failure::Differs(format!("{account}: {told}"))
}

/// Proves the planned calls of the accounts in breach, without changing the pool.
///
/// # Errors
/// [`Failure::Differs`] naming the first account.
pub fn prove(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    breached: &[AccountId],
    policy: &Policy,
) -> Result<Proved> {
    let mut proved = Proved::default();
    let (mut plans, mut unplanned) = (Vec::new(), Vec::new());
    for account in breached {
        match plan_call(rulebook, view, *account, policy) {
            Ok(plan) => {
                executed(rulebook, view, *account, &plan)?;
                proved.planned += 1;
                match plan.option.call {
                    Call::RepayAndSeize { .. } => plans.push((*account, plan.option)),
                    _ => proved.whole += 1,
                }
            }
            Err(none) if none.rejection == Rejection::NothingToSell => unplanned.push(*account),
            Err(why) => return Err(differs(*account, why)),
        }
    }
    proved.unplanned = unplanned.len() as u64;
    plans.sort_by_key(|(_, option)| option.repaid.raw);
    let rest = plans.split_off(plans.len().min(SEARCHED));
    let spread = rest.iter().step_by((rest.len() / SEARCHED).max(1)).take(SEARCHED);
    for (account, option) in plans.iter().chain(spread) {
        search(rulebook, view, *account, option, &mut proved)?;
    }
    for account in unplanned.iter().step_by((unplanned.len() / SEARCHED).max(1)).take(SEARCHED) {
        nothing_is_taken(rulebook, view, *account, &mut proved)?;
    }
    Ok(proved)
}

/// The call is accepted and does what was planned, by its transfers and by its facts.
fn executed(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    plan: &PlannedCall,
) -> Result<()> {
    let CallOption { call, repaid, seized, seized_value, reward_value, .. } = &plan.option;
    let effects = rulebook.execute(view, call).map_err(|why| differs(account, why))?;
    let net = |asset: AssetId| effects.net(Holder::External, asset);
    // Without a pair an amount of nothing names no asset.
    let named = [repaid, seized].into_iter().filter(|it| call.pair().is_some() || it.raw > 0);
    for asset in named.map(|it| it.asset) {
        let of = |amount: &Amount| {
            let raw = if amount.asset == asset { amount.raw } else { 0 };
            i128::try_from(raw).unwrap_or(i128::MAX)
        };
        let (planned, moved) = (of(seized) - of(repaid), net(asset));
        if planned != moved {
            let told = format!("planned to move {planned} of {asset}, moved {moved}: {call:?}");
            return Err(differs(account, told));
        }
    }
    let planned = (plan.option.repaid_value, seized_value.saturating_add(*reward_value));
    // Of one asset on both sides only the difference is seen to move.
    let mixed = repaid.asset == seized.asset && repaid.raw > 0 && seized.raw > 0;
    if !mixed {
        let moved = values(view, net).map_err(|why| differs(account, why))?;
        if planned != moved {
            let told = format!("planned values of {planned:?}, moved {moved:?}: {call:?}");
            return Err(differs(account, told));
        }
    }
    if !told(&effects.facts, account, &plan.option) {
        let told = format!("no fact tells of {repaid:?} and {seized:?}: {:?}", effects.facts);
        return Err(differs(account, told));
    }
    Ok(())
}

/// Values of what comes in from outside, rounded up, and of what goes out, rounded down.
fn values(
    view: &View<'_>,
    net: impl Fn(AssetId) -> i128,
) -> std::result::Result<(u128, u128), Rejected> {
    let (mut paid, mut got) = (0, 0);
    for (asset, info) in (0..).map(AssetId).zip(view.assets) {
        let moved = net(asset);
        let (side, rounding) = match moved {
            0 => continue,
            ..0 => (&mut paid, Rounding::Ceil),
            _ => (&mut got, Rounding::Floor),
        };
        *side += view.price(asset)?.value(moved.unsigned_abs(), info.decimals, rounding)?;
    }
    Ok((paid, got))
}

/// True if a fact tells the option's outcome. Whoever takes an account whole pays nothing for what the
/// facts call repaid; there a seizure of that account is enough.
fn told<'a>(
    facts: impl IntoIterator<Item = &'a Fact>,
    account: AccountId,
    option: &CallOption,
) -> bool {
    facts.into_iter().any(|fact| match fact {
        Fact::Seized { account: of, repaid, seized, .. } if *of == account => {
            let same = *repaid == option.repaid && *seized == option.seized;
            same || !matches!(option.call, Call::RepayAndSeize { .. })
        }
        _ => false,
    })
}

/// Price of an asset in the numeraire; one of what no market prices.
fn price_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    asset: AssetId,
) -> std::result::Result<Price, Rejected> {
    let decimals = rulebook.numeraire_decimals();
    Ok(view.price(asset).unwrap_or(Price::new(pow10(decimals)?, decimals)))
}

/// Base units of `asset` worth a value, rounded up.
fn amount_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    asset: AssetId,
    value: u128,
) -> std::result::Result<u128, Rejected> {
    let price = price_of(rulebook, view, asset)?;
    Ok(price.amount_for(value, view.asset(asset)?.decimals, Rounding::Ceil)?)
}

/// Value of base units of `asset`, rounded up.
fn value_of(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    asset: AssetId,
    amount: u128,
) -> std::result::Result<u128, Rejected> {
    let price = price_of(rulebook, view, asset)?;
    Ok(price.value(amount, view.asset(asset)?.decimals, Rounding::Ceil)?)
}

/// Amounts above `planned` up to `most`, from the largest down, and whether they are all of them.
fn candidates(planned: u128, most: u128) -> (Vec<u128>, bool) {
    let width = most.saturating_sub(planned);
    if width <= EVERY_AMOUNT {
        return ((planned + 1..=most).rev().collect(), true);
    }
    let even = (1..=STEPS).map(|step| planned + width / STEPS * step);
    let close = (1..=64).map(|more| planned + more);
    let doubled = (0..127).map(|power| planned.saturating_add(1 << power));
    let mut all: Vec<u128> = even.chain(close).chain(doubled).chain([most]).collect();
    all.retain(|amount| *amount <= most);
    all.sort_unstable_by_key(|amount| std::cmp::Reverse(*amount));
    all.dedup();
    (all, false)
}

/// No amount repays more than the planned one and stays accepted as long as a plan must.
fn search(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    option: &CallOption,
    proved: &mut Proved,
) -> Result<()> {
    let refused = |why: Rejected| differs(account, why);
    let sides = rulebook.sides(view, account).map_err(refused)?;
    let owed = amount_of(rulebook, view, option.repaid.asset, sides.debt).map_err(refused)?;
    // Twice what is owed, so that no venue's way of counting it lies above.
    let most = owed.saturating_mul(2).max(option.repaid.raw).saturating_add(16);
    let (amounts, all) = candidates(option.repaid.raw, most);
    let rounding = value_of(rulebook, view, option.seized.asset, 2).map_err(refused)?;
    let later = view.at(view.now.after(LASTS_NANOS));
    for amount in std::iter::once(u128::MAX).chain(amounts) {
        proved.tried += 1;
        let call = option.call.with_amount(amount);
        let Ok(other) = option_of(rulebook, view, &call, option.toxic) else { continue };
        if other.repaid.raw <= option.repaid.raw || rulebook.execute(&later, &call).is_err() {
            continue;
        }
        let excess = other.repaid_value.saturating_sub(option.repaid_value);
        if other.seized.raw > option.seized.raw || excess > rounding {
            let told = format!("planned {option:?}, accepted {other:?}");
            return Err(differs(account, told));
        }
        proved.dearer += 1;
    }
    proved.searched += 1;
    proved.exhausted += u64::from(all);
    Ok(())
}

/// No call takes anything of an account that nothing was planned for.
fn nothing_is_taken(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    proved: &mut Proved,
) -> Result<()> {
    let refused = |why: Rejected| differs(account, why);
    let holdings = view.holdings(account).map_err(refused)?;
    let assets = |class: Class| {
        let held = holdings.iter().filter(move |holding| holding.unit.class == class);
        held.map(|holding| holding.unit.asset)
    };
    let sides = rulebook.sides(view, account).map_err(refused)?;
    let mut calls = vec![Call::Absorb { accounts: vec![account] }];
    for debt in assets(Class::Debt) {
        let owed = amount_of(rulebook, view, debt, sides.debt).map_err(refused)?;
        for collateral in assets(Class::Supply) {
            let halves = (0..128).map(|halved| owed >> halved).take_while(|amount| *amount > 0);
            calls.extend(std::iter::once(u128::MAX).chain(halves).map(|amount| {
                let (shares, liquidator) = (false, None);
                Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator }
            }));
        }
    }
    let later = view.at(view.now.after(LASTS_NANOS));
    for call in calls {
        proved.tried += 1;
        // The pool itself may be who takes it.
        let taken = rulebook.execute(view, &call).is_ok_and(|effects| {
            effects.facts.iter().any(|fact| match fact {
                Fact::Seized { account: of, seized, .. } => *of == account && seized.raw > 0,
                _ => false,
            })
        });
        if taken && rulebook.execute(&later, &call).is_ok() {
            return Err(differs(account, format!("nothing was planned, accepted {call:?}")));
        }
    }
    proved.searched += 1;
    Ok(())
}

/// Applies calls of some accounts in breach, spread over them, each planned on the pool as the ones
/// before have left it. The engine must accept each, tell it, and find the health planned.
///
/// # Errors
/// [`Failure::Differs`] naming the first account, or the engine stopped.
pub fn apply(pool: &mut Pool, breached: &[AccountId]) -> Result<u64> {
    let mut applied = 0;
    for account in breached.iter().step_by((breached.len() / APPLIED).max(1)).take(APPLIED) {
        let plan = match pool.engine.plan_call(*account) {
            Ok(plan) => plan,
            // A call before may have changed the pool's mode.
            Err(none)
                if [Rejection::Healthy, Rejection::NothingToSell].contains(&none.rejection) =>
            {
                continue;
            }
            Err(why) => return Err(differs(*account, why)),
        };
        let outcome = pool.must(Body::Call(plan.option.call.clone()))?;
        let facts = outcome.facts().filter_map(|what| match what {
            What::Happened(fact) => Some(fact),
            _ => None,
        });
        if !told(facts, *account, &plan.option) {
            return Err(differs(*account, format!("no event tells of {:?}", plan.option)));
        }
        let found = pool.engine.health(*account).map_err(|why| differs(*account, why))?;
        if found != plan.after {
            let told = format!("planned {:?}, the engine finds {found:?}", plan.after);
            return Err(differs(*account, told));
        }
        applied += 1;
    }
    Ok(applied)
}

/// What a plan comes to, for comparing rounds: amounts that wrap.
#[must_use]
pub fn sum(plan: &PlannedCall) -> u128 {
    plan.option.repaid.raw.wrapping_add(plan.option.seized.raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shaped_book::{Drawer, Founded, shipped};
    use breakwater_liquidation::Effects;

    /// What a rulebook that plans badly by design does to its proposals.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        /// Half of what its rule takes.
        Half,
        /// Nothing.
        Nothing,
        /// One unit seized more than its rule gives.
        Overstated,
        /// One of value more than its rule gives.
        Overvalued,
    }

    struct Faulty<'a>(&'a dyn Rulebook, Fault);

    impl Rulebook for Faulty<'_> {
        fn name(&self) -> &str {
            self.0.name()
        }
        fn layout(&self) -> &'static breakwater_liquidation::Layout {
            self.0.layout()
        }
        fn promises(
            &self,
        ) -> &'static [(breakwater_liquidation::Promise, breakwater_liquidation::Kept)] {
            self.0.promises()
        }
        fn numeraire_decimals(&self) -> u8 {
            self.0.numeraire_decimals()
        }
        fn admits(
            &self,
            view: &View<'_>,
        ) -> std::result::Result<(), breakwater_liquidation::Unsupported> {
            self.0.admits(view)
        }
        fn found(&self, view: &View<'_>) -> std::result::Result<Effects, Rejected> {
            self.0.found(view)
        }
        fn accrue(&self, view: &View<'_>) -> std::result::Result<Effects, Rejected> {
            self.0.accrue(view)
        }
        fn assess(
            &self,
            view: &View<'_>,
            account: AccountId,
        ) -> std::result::Result<breakwater_margin::Health, Rejected> {
            self.0.assess(view, account)
        }
        fn exposures(
            &self,
            view: &View<'_>,
            account: AccountId,
            out: &mut breakwater_liquidation::Exposures,
        ) -> std::result::Result<breakwater_margin::health::Armed, Rejected> {
            self.0.exposures(view, account, out)
        }
        fn calls(
            &self,
            view: &View<'_>,
            account: AccountId,
            out: &mut Vec<CallOption>,
        ) -> std::result::Result<(), Rejected> {
            self.0.calls(view, account, out)?;
            if self.1 == Fault::Nothing {
                out.clear();
            }
            for option in out {
                match self.1 {
                    Fault::Half => {
                        let half = option.call.with_amount((option.repaid.raw / 2).max(1));
                        *option = option_of(self.0, view, &half, option.toxic)?;
                    }
                    Fault::Overstated => option.seized.raw += 1,
                    _ => option.seized_value += 1,
                }
            }
            Ok(())
        }
        fn sides(
            &self,
            view: &View<'_>,
            account: AccountId,
        ) -> std::result::Result<breakwater_liquidation::Sides, Rejected> {
            self.0.sides(view, account)
        }
        fn execute(&self, view: &View<'_>, call: &Call) -> std::result::Result<Effects, Rejected> {
            self.0.execute(view, call)
        }
        fn liquidation_price(
            &self,
            view: &View<'_>,
            account: AccountId,
            asset: AssetId,
        ) -> std::result::Result<Option<breakwater_money::Rational>, Rejected> {
            self.0.liquidation_price(view, account, asset)
        }
    }

    #[test]
    fn every_planted_fault_of_a_plan_is_found_under_every_rulebook() {
        let mut by_search = 0;
        for shaped in &shipped().unwrap() {
            let drawer = Drawer::new(shaped).unwrap();
            let book = drawer.draw(200, 1);
            let Founded::Whole(mut pool) = drawer.found(&book, None).unwrap() else {
                panic!("no time was set");
            };
            let breached = crate::rulebooks::fall(&mut pool, &book).unwrap().breached;
            let rulebook = pool.engine.rulebook().unwrap();
            let prove = |rulebook: &dyn Rulebook| {
                pool.engine.look(|view| prove(rulebook, view, &breached, &Policy::as_is()))
            };
            let proved = prove(rulebook).unwrap();
            let told = |fault| prove(&Faulty(rulebook, fault)).unwrap_err().to_string();
            let trial = told(Fault::Nothing);
            assert!(trial.contains("nothing was planned, accepted"), "{}: {trial}", shaped.name);
            assert!(told(Fault::Overvalued).contains("planned values"), "{}", shaped.name);
            // Who absorbs may get nothing, in no asset.
            if proved.whole < proved.planned {
                assert!(told(Fault::Overstated).contains("planned to move"), "{}", shaped.name);
                // A half that leaves dust is refused before it comes to the search.
                by_search += u32::from(told(Fault::Half).contains("accepted"));
            }
        }
        assert!(by_search > 1, "{by_search}");
    }

    #[test]
    fn amounts_are_tried_from_the_largest_down() {
        let (few, all) = candidates(10, 14);
        assert_eq!((few, all), (vec![14, 13, 12, 11], true));
        let (some, all) = candidates(1_000, 1 << 80);
        assert!(!all && some.len() > 600 && some.windows(2).all(|w| w[0] > w[1]));
        assert_eq!((some[0], some.last()), (1 << 80, Some(&1_001)));
        assert_eq!(candidates(5, 5), (vec![], true));
    }
}
