//! What contracts pay and what they are worth, from party A's side.
//!
//! Floats propose: a cash flow is the float of the ACTUS algorithm times the number of contracts, and a
//! value is a model's. Both become whole cents here, half away from zero, and from there on everything
//! is exact.

use super::market::Market;
use super::settings::{ContractSettings, MarginCallScenario};
use crate::ScenarioError;
use breakwater_agreement::calendar::Moment;
use breakwater_agreement::contracts::{
    Contract, ContractType, EventType, Forward, Observed, OptionKind, Role, forward,
};
use breakwater_agreement::support::zone::Zone;
use breakwater_money::Time;
use breakwater_options::{Black76, Kind, Quote};

/// Days of a year for times to maturity and discounting.
const YEAR_DAYS: f64 = 365.0;

/// Contracts that are alike, under one agreement.
pub(super) struct Running {
    pub agreement: usize,
    pub contract: Contract,
    kind: ContractType,
    number: f64,
    underlying: Option<String>,
    /// Payments up to here are booked.
    booked: Moment,
}

/// A payment in cents; above zero from B to A.
pub(super) struct Payment {
    pub kind: EventType,
    pub cents: i128,
}

impl Running {
    pub fn of(
        scenario: &MarginCallScenario,
        own: &ContractSettings,
        start: Moment,
    ) -> Result<Running, ScenarioError> {
        let agreement = scenario.agreement("contracts.agreement", &own.agreement)?;
        let wrong = |error: breakwater_agreement::Error| {
            ScenarioError::setting(format!("contracts of {}", own.agreement), error.to_string())
        };
        let contract = contract(&own.terms).map_err(wrong)?;
        let kind = contract.contract_type().map_err(wrong)?;
        let known = [
            ContractType::Swppv,
            ContractType::Optns,
            ContractType::Futur,
            ContractType::Clm,
            ContractType::Pam,
        ];
        if !known.contains(&kind) {
            let reason =
                format!("{}: SWPPV, OPTNS, FUTUR, CLM and PAM are valued here", kind.code());
            return Err(ScenarioError::setting("contracts.terms.contractType", reason));
        }
        Ok(Running {
            agreement,
            kind,
            number: f64::from(own.number),
            underlying: underlying(&own.terms),
            contract,
            booked: start,
        })
    }

    /// Payments after the last time it was asked, up to now.
    pub fn payments(
        &mut self,
        observed: &Observed,
        now: Moment,
    ) -> Result<Vec<Payment>, ScenarioError> {
        let due = forward(&self.contract, observed, self.booked, Some(now));
        let due = due.map_err(|error| self.wrong(&error))?;
        self.booked = now;
        let payment = |due: &Forward| {
            let sign = if due.receives { 1.0 } else { -1.0 };
            Payment { kind: due.kind, cents: cents(sign * due.amount * self.number) }
        };
        Ok(due.iter().map(payment).filter(|payment| payment.cents != 0).collect())
    }

    /// What it is worth to A, in cents.
    pub fn value(
        &self,
        observed: &Observed,
        market: &Market,
        zone: &Zone,
        at: Time,
        volatility: f64,
    ) -> Result<i128, ScenarioError> {
        let (date, second) = zone.local(at);
        let now = Moment::new(date, second).map_err(|error| self.wrong(&error))?;
        let each = match self.kind {
            ContractType::Futur | ContractType::Optns => {
                self.right(observed, market, (at, now), volatility)?
            }
            ContractType::Swppv => self.swap(observed, market.rate(at), now)?,
            _ => {
                let outstanding = self.contract.outstanding(observed, now);
                let (principal, accrued) = outstanding.map_err(|error| self.wrong(&error))?;
                principal + accrued
            }
        };
        Ok(cents(each * self.number))
    }

    /// Notional at the mark, in cents, for what has an underlying and has not ended.
    pub fn notional(&self, market: &Market, at: Time, now: Moment) -> i128 {
        let Some(symbol) = &self.underlying else { return 0 };
        let ended = self.contract.terms().maturity.is_some_and(|end| end <= now);
        if ended { 0 } else { cents(market.float(symbol, at) * self.number) }
    }

    /// A future at the difference to its price, an option by Black's formula without interest; after
    /// maturity what is exercised and not yet paid, which ACTUS shows until settlement.
    fn right(
        &self,
        observed: &Observed,
        market: &Market,
        (at, now): (Time, Moment),
        volatility: f64,
    ) -> Result<f64, ScenarioError> {
        let terms = self.contract.terms();
        let Some(symbol) = &self.underlying else { return Ok(0.0) };
        let sign = if terms.contract_role == Some(Role::Sel) { -1.0 } else { 1.0 };
        let end = terms.maturity.unwrap_or(now);
        if now >= end {
            return self.unsettled(observed, now);
        }
        let price = market.float(symbol, at);
        if self.kind == ContractType::Futur {
            return Ok(sign * (price - terms.futures_price.unwrap_or(price)));
        }
        let days = f64::from(now.date().days_until(end.date()));
        let seconds = f64::from(end.second()) - f64::from(now.second());
        let quote = Quote {
            kind: if terms.option_type == Some(OptionKind::Put) { Kind::Put } else { Kind::Call },
            forward: price,
            strike: terms.strike.unwrap_or(price),
            years: (days + seconds / 86_400.0) / YEAR_DAYS,
            volatility,
            rate: 0.0,
        };
        Ok(sign * Black76::new(&quote).map_or(0.0, |option| option.greeks().price))
    }

    /// What is settled after now, of a contract that has matured: its settlement is known.
    fn unsettled(&self, observed: &Observed, now: Moment) -> Result<f64, ScenarioError> {
        let events = self.contract.events(observed, None).map_err(|error| self.wrong(&error))?;
        Ok(events.iter().filter(|event| event.time > now).map(|event| event.payoff).sum())
    }

    /// Later payments of a swap at today's rate, discounted at it.
    fn swap(&self, observed: &Observed, rate: f64, now: Moment) -> Result<f64, ScenarioError> {
        let events = self.contract.events(observed, None).map_err(|error| self.wrong(&error))?;
        let later = events.iter().filter(|event| event.time > now);
        Ok(later
            .map(|event| {
                let years = f64::from(now.date().days_until(event.time.date())) / YEAR_DAYS;
                event.payoff / (1.0 + rate * years)
            })
            .sum())
    }

    fn wrong(&self, error: &breakwater_agreement::Error) -> ScenarioError {
        let id = self.contract.terms().contract_id.clone().unwrap_or_default();
        ScenarioError::setting(format!("contract {id}"), error.to_string())
    }
}

/// A contract of TOML terms: times and numbers as TOML has them, or as texts.
pub(super) fn contract(terms: &toml::Table) -> Result<Contract, breakwater_agreement::Error> {
    let json = serde_json::to_string(terms).unwrap_or_default();
    Contract::from_json(&json)
}

/// Code of what a contract is written on.
fn underlying(terms: &toml::Table) -> Option<String> {
    let structure = terms.get("contractStructure")?.as_array()?;
    let code = structure.first()?.get("object")?.get("marketObjectCode")?;
    code.as_str().map(str::to_owned)
}

/// Whole cents, half away from zero. Beyond what 96 bits hold is a mistake of units and taken as it
/// saturates.
fn cents(amount: f64) -> i128 {
    libm::round(amount * 100.0) as i128
}
