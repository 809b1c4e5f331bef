//! What the book would lose at other prices: curves and distributions, all from exact health.

use crate::record::{AtRiskRow, HEALTH_BINS, HEALTH_FROM, HEALTH_STEP, HealthMoment};
use breakwater_engine::Engine;
use breakwater_liquidation::{Exposures, Rulebook, Sides, View};
use breakwater_market::GuardState;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Price};

/// Unweighted values of one account's sides, in the numeraire; none of what cannot be valued.
#[must_use]
pub fn sides(engine: &Engine, view: &View<'_>, account: AccountId) -> Sides {
    let rulebook = engine.rulebook();
    rulebook.and_then(|r| r.sides(view, account).ok()).unwrap_or_default()
}

/// Accounts and debt in breach, and debt above collateral, if every market in `moving` fell by
/// each of `falls` (basis points).
#[must_use]
pub fn at_risk(engine: &Engine, moving: &[bool], falls: &[u32]) -> Vec<AtRiskRow> {
    let Some(rulebook) = engine.rulebook() else { return Vec::new() };
    falls
        .iter()
        .map(|fall| {
            let marks = fallen(engine.marks(), moving, *fall);
            engine.look(|view| row(rulebook, &view.with_marks(&marks), engine.accounts(), *fall))
        })
        .collect()
}

fn row(rulebook: &dyn Rulebook, view: &View<'_>, accounts: usize, fall_bps: u32) -> AtRiskRow {
    let mut row = AtRiskRow { fall_bps, accounts: 0, debt: 0, bad_debt: 0 };
    for account in (0..).map(AccountId).take(accounts) {
        let Ok(Sides { collateral, debt }) = rulebook.sides(view, account) else { continue };
        row.bad_debt += debt.saturating_sub(collateral);
        if rulebook.assess(view, account).is_ok_and(|health| health.breach) {
            row.accounts += 1;
            row.debt += debt;
        }
    }
    row
}

fn fallen(marks: &[GuardState], moving: &[bool], fall_bps: u32) -> Vec<GuardState> {
    let left = 10_000u128.saturating_sub(u128::from(fall_bps));
    marks
        .iter()
        .zip(moving)
        .map(|(state, moves)| {
            let mut state = *state;
            if let Some(mark) = state.mark.as_mut().filter(|_| *moves) {
                let raw = mul_div(mark.price.raw, left, 10_000, Rounding::Floor).unwrap_or(0);
                mark.price = Price::new(raw, mark.price.decimals);
            }
            state
        })
        .collect()
}

/// Debt by health at the marks.
#[must_use]
pub fn distribution(engine: &Engine, name: &str) -> HealthMoment {
    let mut moment = HealthMoment {
        name: name.to_owned(),
        debt: vec![0; HEALTH_BINS],
        accounts: vec![0; HEALTH_BINS],
    };
    engine.look(|view| {
        for account in (0..).map(AccountId).take(engine.accounts()) {
            let Ok(health) = engine.health(account) else { continue };
            if health.requirement == 0 {
                continue;
            }
            let hundredth = breakwater_money::U256::from(10_000_000_000_000_000u64);
            let hundredths = u32::try_from(health.ratio.raw / hundredth).unwrap_or(u32::MAX);
            let bin = (hundredths.saturating_sub(HEALTH_FROM) / HEALTH_STEP) as usize;
            let bin = bin.min(HEALTH_BINS - 1);
            moment.debt[bin] += sides(engine, view, account).debt;
            moment.accounts[bin] += 1;
        }
    });
    moment
}

/// Price of the driver at which the account reaches the breach line if everything in `moving`
/// moves with it, others held: what a reader calls its liquidation price. None if no fall does.
#[must_use]
pub fn driver_line(
    engine: &Engine,
    account: AccountId,
    moving: &[bool],
    driver: Price,
) -> Option<Price> {
    let rulebook = engine.rulebook()?;
    let mut exposures = Exposures::default();
    engine.look(|view| rulebook.exposures(view, account, &mut exposures)).ok()?;
    let (mut held, mut moved) = (0i128, 0i128);
    for term in &exposures.terms {
        let net = term.equity.checked_sub(i128::try_from(term.requirement).ok()?)?;
        let side = if moving[term.market.index()] { &mut moved } else { &mut held };
        *side = side.checked_add(net)?;
    }
    // held + moved * k = 0 at the line, so k = -held / moved.
    if moved <= 0 || held >= 0 {
        return None;
    }
    let raw =
        mul_div(driver.raw, held.unsigned_abs(), moved.unsigned_abs(), Rounding::Floor).ok()?;
    Some(Price::new(raw, driver.decimals))
}
