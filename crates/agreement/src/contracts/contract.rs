//! One contract: terms that were checked, and the question what it does.

use super::terms::{ReferenceRole, Terms};
use super::timeline::{Question, visible};
use super::{ContractType, Event, EventType, Observed, Role, ann, capfl, cec, ceg, clm, com, csh};
use super::{futur, fxout, lam, lax, nam, optns, pam, stk, swaps, swppv, ump};
use crate::Error;
use crate::calendar::Moment;

/// A contract with checked terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    terms: Terms,
}

/// What is outstanding at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outstanding {
    pub notional: f64,
    pub accrued: f64,
}

impl Contract {
    /// A contract of these terms.
    ///
    /// # Errors
    /// When a term is missing that every contract of its type has, or two terms contradict each
    /// other.
    pub fn new(terms: Terms) -> Result<Self, Error> {
        check(&terms)?;
        Ok(Self { terms })
    }

    /// A contract of the terms in a JSON object.
    ///
    /// # Errors
    /// As [`Contract::new`], or when the text is not JSON.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let value = serde_json::from_str(text).map_err(|error| Error::Json(error.to_string()))?;
        Self::new(Terms::from_json(&value)?)
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The type of the contract.
    ///
    /// # Errors
    /// Never for a contract that was made by [`Contract::new`].
    pub fn contract_type(&self) -> Result<ContractType, Error> {
        needed_type(&self.terms)
    }

    /// Every event after the status date and until a moment (that moment included), in the order in
    /// which they act. Without that moment, until the contract ends.
    ///
    /// # Errors
    /// When a term or an observation is missing, or a bound of this program is passed.
    pub fn events(&self, observed: &Observed, until: Option<Moment>) -> Result<Vec<Event>, Error> {
        let id = self.terms.contract_id.as_deref();
        let analyses: Vec<Moment> =
            observed.events_of(EventType::Ad, id).map(|event| event.time).collect();
        let asked = Question { observed, until, analyses: &analyses };
        let rows = rows_of(&self.terms, &asked)?;
        Ok(visible(rows, until))
    }

    /// Principal and accrued interest at a moment, both signed.
    ///
    /// # Errors
    /// As [`Contract::events`].
    pub fn outstanding(&self, observed: &Observed, at: Moment) -> Result<(f64, f64), Error> {
        let state = state_at(&self.terms, observed, at)?;
        Ok((state.notional, state.accrued))
    }
}

fn needed_type(terms: &Terms) -> Result<ContractType, Error> {
    terms.contract_type.ok_or_else(|| {
        Error::missing("contractType", "one of the eighteen types, as PAM for a loan")
    })
}

/// All rows of a contract, before purchase, termination and the end of the question cut them.
pub(super) fn rows_of(terms: &Terms, asked: &Question) -> Result<Vec<(u16, Event)>, Error> {
    match needed_type(terms)? {
        ContractType::Pam => pam::rows(terms, asked),
        ContractType::Lam => lam::rows(terms, asked),
        ContractType::Nam => nam::rows(terms, asked),
        ContractType::Ann => ann::rows(terms, asked),
        ContractType::Lax => lax::rows(terms, asked),
        ContractType::Clm => clm::rows(terms, asked),
        ContractType::Ump => ump::rows(terms, asked),
        ContractType::Csh => csh::rows(terms, asked),
        ContractType::Stk => stk::rows(terms, asked),
        ContractType::Com => com::rows(terms, asked),
        ContractType::Fxout => fxout::rows(terms, asked),
        ContractType::Swppv => swppv::rows(terms, asked),
        ContractType::Swaps => swaps::rows(terms, asked),
        ContractType::Capfl => capfl::rows(terms, asked),
        ContractType::Optns => optns::rows(terms, asked),
        ContractType::Futur => futur::rows(terms, asked),
        ContractType::Ceg => ceg::rows(terms, asked),
        ContractType::Cec => cec::rows(terms, asked),
    }
}

/// Principal and interest of a contract at a moment, after the events of that moment.
pub(super) fn state_at(
    terms: &Terms,
    observed: &Observed,
    at: Moment,
) -> Result<Outstanding, Error> {
    let status = pam::status(terms)?;
    if at <= status {
        return opening(terms, status);
    }
    let asked = Question { observed, until: Some(at), analyses: &[at] };
    let rows = rows_of(terms, &asked)?;
    let shown = rows.iter().rev().find(|(_, row)| row.kind == EventType::Ad && row.time == at);
    Ok(shown.map_or(Outstanding { notional: 0.0, accrued: 0.0 }, |(_, row)| Outstanding {
        notional: row.notional,
        accrued: row.accrued,
    }))
}

/// What the terms themselves say of the status date.
fn opening(terms: &Terms, status: Moment) -> Result<Outstanding, Error> {
    let role = terms.contract_role.map_or(1.0, Role::sign);
    let started = terms.initial_exchange.is_none_or(|start| start <= status);
    let part = |value: Option<f64>| if started { role * value.unwrap_or(0.0) } else { 0.0 };
    Ok(Outstanding { notional: part(terms.notional), accrued: part(terms.accrued_interest) })
}

/// The time of the last event of a contract that ends by itself.
pub(super) fn last_event(terms: &Terms, observed: &Observed) -> Result<Option<Moment>, Error> {
    let observed = observed.events_alone();
    let rows = rows_of(terms, &Question { observed: &observed, until: None, analyses: &[] })?;
    let own = rows.iter().filter(|(_, event)| event.kind != EventType::Ce);
    Ok(own.map(|(_, event)| event.time).max())
}

/// The roles that a type knows.
fn roles(kind: ContractType) -> (&'static [Role], &'static str) {
    use ContractType as T;
    match kind {
        T::Swppv | T::Swaps => (&[Role::Rfl, Role::Pfl], "RFL or PFL"),
        T::Capfl | T::Optns | T::Futur => {
            (&[Role::Buy, Role::Sel, Role::Lg, Role::St], "BUY or SEL (or LG, ST)")
        }
        T::Ceg | T::Cec => (
            &[Role::Buy, Role::Sel, Role::Obl, Role::Gua, Role::Rpa, Role::Rpl],
            "BUY or SEL (or OBL, GUA)",
        ),
        T::Fxout | T::Stk | T::Com => {
            (&[Role::Rpa, Role::Rpl, Role::Lg, Role::St, Role::Buy, Role::Sel], "RPA or RPL")
        }
        _ => (&[Role::Rpa, Role::Rpl], "RPA or RPL"),
    }
}

/// Refuses terms that cannot hold together, whatever is observed.
fn check(terms: &Terms) -> Result<(), Error> {
    let kind = needed_type(terms)?;
    pam::status(terms)?;
    if let Some(role) = terms.contract_role {
        let (allowed, names) = roles(kind);
        if !allowed.contains(&role) {
            let found = format!("{role:?}").to_ascii_uppercase();
            let expected = format!("a role of a {} contract: {names}", kind.code());
            return Err(Error::value("contractRole", found, &expected));
        }
    }
    in_time(terms)?;
    amounts(terms)?;
    let lends = terms.rate.is_some_and(|rate| rate != 0.0);
    if lends && terms.day_count.is_none() && kind != ContractType::Csh {
        return Err(Error::missing(
            "dayCountConvention",
            "interest needs a count of days, as A365",
        ));
    }
    let legs = [ReferenceRole::FirstLeg, ReferenceRole::SecondLeg];
    for reference in &terms.structure {
        let Some(inner) = reference.terms.as_deref() else { continue };
        let mut inner = inner.clone();
        if legs.contains(&reference.role) || reference.role == ReferenceRole::Underlying {
            inner.contract_role = None;
        }
        if inner.contract_type.is_some() {
            check(&inner)?;
        }
    }
    Ok(())
}

fn in_time(terms: &Terms) -> Result<(), Error> {
    let pairs = [
        ("initialExchangeDate", terms.initial_exchange, "maturityDate", terms.maturity),
        ("initialExchangeDate", terms.initial_exchange, "amortizationDate", terms.amortization),
        ("purchaseDate", terms.purchase, "terminationDate", terms.termination),
        ("contractDealDate", terms.contract_deal_date, "maturityDate", terms.maturity),
    ];
    for (first, earlier, second, later) in pairs {
        if let (Some(earlier), Some(later)) = (earlier, later)
            && earlier > later
        {
            let expected = format!("{first} must not be after {second}");
            let (first, second) = (format!("{first} {earlier}"), format!("{second} {later}"));
            return Err(Error::contradiction(first, second, &expected));
        }
    }
    Ok(())
}

fn amounts(terms: &Terms) -> Result<(), Error> {
    let positive = [
        ("notionalPrincipal", terms.notional),
        ("notionalPrincipal2", terms.notional_2),
        ("quantity", terms.quantity),
        ("coverageOfCreditEnhancement", terms.coverage),
        ("interestCalculationBaseAmount", terms.interest_base_amount),
        ("optionStrike1", terms.strike),
        ("optionStrike2", terms.strike_2),
    ];
    for (name, value) in positive {
        if let Some(value) = value.filter(|value| *value < 0.0) {
            return Err(Error::value(name, value, "zero or more: the role gives the sign"));
        }
    }
    if let (Some(cap), Some(floor)) = (terms.life_cap, terms.life_floor)
        && cap < floor
    {
        let (cap, floor) = (format!("lifeCap {cap}"), format!("lifeFloor {floor}"));
        return Err(Error::contradiction(cap, floor, "the cap must not be below the floor"));
    }
    Ok(())
}
