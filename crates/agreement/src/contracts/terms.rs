//! The terms of a contract, read strictly from its JSON object.

use super::term_values::TermValue;
use super::{
    ContractType, DeliverySettlement, ExerciseType, Exposure, FeeBasis, FixedVariable,
    IncreaseDecrease, InterestBase, NESTING_MAX, OptionKind, PenaltyType, Performance,
    PrepaymentEffect, Role, STRUCTURE_MAX, Scaling,
};
use crate::Error;
use crate::calendar::{BusinessDay, Calendar, Cycle, DayCount, EndOfMonth, Moment, Period};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a contract refers to in another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceRole {
    /// The underlying.
    Underlying,
    /// The first leg of a swap.
    FirstLeg,
    /// The second leg of a swap.
    SecondLeg,
    /// A contract whose failure is covered.
    Covered,
    /// A contract whose value covers.
    Covering,
}

const REFERENCE_ROLES: [(ReferenceRole, &str); 5] = [
    (ReferenceRole::Underlying, "UDL"),
    (ReferenceRole::FirstLeg, "FIL"),
    (ReferenceRole::SecondLeg, "SEL"),
    (ReferenceRole::Covered, "COVE"),
    (ReferenceRole::Covering, "COVI"),
];

/// One reference of a contract to something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The part that it plays.
    pub role: ReferenceRole,
    /// Identifier of the contract, where only that is given (`CID`).
    pub contract: Option<String>,
    /// Code of the market object (`MOC`).
    pub market_object: Option<String>,
    /// Terms of the contract, where they are given whole (`CNT`).
    pub terms: Option<Box<Terms>>,
}

/// Declares every term once: field, type, name in the dictionary, other names in use.
macro_rules! terms {
    ($($field:ident: $type:ty = $name:literal $(or $other:literal)*;)+) => {
        /// The terms of one contract: one optional field a term of the dictionary.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Terms {
            $(
                #[doc = concat!("`", $name, "` of the ACTUS dictionary.")]
                pub $field: Option<$type>,
            )+
            /// `contractStructure`: what the contract refers to.
            pub structure: Vec<Reference>,
            /// Terms of the dictionary that nothing here acts on, by name.
            pub unused: BTreeMap<String, Value>,
        }

        impl Terms {
            fn read(fields: &mut Map<String, Value>) -> Result<Self, Error> {
                Ok(Self {
                    $($field: take::<$type>(fields, &[$name $(, $other)*])?,)+
                    structure: Vec::new(),
                    unused: BTreeMap::new(),
                })
            }

            /// The terms as a JSON object, under the names of the dictionary.
            #[must_use]
            pub fn to_json(&self) -> Value {
                let mut fields = Map::new();
                $(
                    if let Some(value) = &self.$field {
                        fields.insert($name.to_owned(), value.write());
                    }
                )+
                for (name, value) in &self.unused {
                    fields.insert(name.clone(), value.clone());
                }
                if !self.structure.is_empty() {
                    let references = self.structure.iter().map(Reference::to_json).collect();
                    fields.insert("contractStructure".to_owned(), Value::Array(references));
                }
                Value::Object(fields)
            }
        }

        /// Every name that a term may have.
        const NAMES: &[&str] = &["contractStructure" $(, $name $(, $other)*)+];
    };
}

terms! {
    contract_type: ContractType = "contractType";
    contract_id: String = "contractID" or "contractIdentifier";
    contract_role: Role = "contractRole";
    creator_id: String = "creatorID" or "creatorId";
    counterparty_id: String = "counterpartyID" or "counterpartyId";
    status_date: Moment = "statusDate";
    contract_deal_date: Moment = "contractDealDate";
    market_object: String = "marketObjectCode";
    currency: String = "currency";
    currency_2: String = "currency2";
    settlement_currency: String = "settlementCurrency";
    calendar: Calendar = "calendar";
    business_day: BusinessDay = "businessDayConvention";
    end_of_month: EndOfMonth = "endOfMonthConvention";
    day_count: DayCount = "dayCountConvention";
    contract_performance: Performance = "contractPerformance";
    non_performing_date: Moment = "nonPerformingDate";
    seniority: String = "seniority";
    grace_period: Period = "gracePeriod";
    delinquency_period: Period = "delinquencyPeriod";
    delinquency_rate: f64 = "delinquencyRate";
    notional: f64 = "notionalPrincipal";
    notional_2: f64 = "notionalPrincipal2";
    quantity: f64 = "quantity";
    unit: String = "unit";
    market_value: f64 = "marketValueObserved";
    initial_exchange: Moment = "initialExchangeDate";
    premium_discount: f64 = "premiumDiscountAtIED";
    maturity: Moment = "maturityDate";
    amortization: Moment = "amortizationDate";
    purchase: Moment = "purchaseDate";
    purchase_price: f64 = "priceAtPurchaseDate";
    termination: Moment = "terminationDate";
    termination_price: f64 = "priceAtTerminationDate";
    x_day_notice: Period = "xDayNotice";
    rate: f64 = "nominalInterestRate";
    rate_2: f64 = "nominalInterestRate2";
    accrued_interest: f64 = "accruedInterest";
    interest_anchor: Moment = "cycleAnchorDateOfInterestPayment";
    interest_cycle: Cycle = "cycleOfInterestPayment";
    capitalization_end: Moment = "capitalizationEndDate";
    interest_base: InterestBase = "interestCalculationBase";
    interest_base_amount: f64 = "interestCalculationBaseAmount";
    interest_base_anchor: Moment = "cycleAnchorDateOfInterestCalculationBase";
    interest_base_cycle: Cycle = "cycleOfInterestCalculationBase";
    redemption_anchor: Moment = "cycleAnchorDateOfPrincipalRedemption";
    redemption_cycle: Cycle = "cycleOfPrincipalRedemption";
    redemption_amount: f64 = "nextPrincipalRedemptionPayment";
    reset_anchor: Moment = "cycleAnchorDateOfRateReset";
    reset_cycle: Cycle = "cycleOfRateReset";
    reset_code: String = "marketObjectCodeOfRateReset" or "marketObjectCodeRateReset";
    reset_spread: f64 = "rateSpread";
    reset_multiplier: f64 = "rateMultiplier";
    next_reset_rate: f64 = "nextResetRate";
    fixing_days: Period = "fixingDays" or "fixingPeriod";
    life_cap: f64 = "lifeCap";
    life_floor: f64 = "lifeFloor";
    period_cap: f64 = "periodCap";
    period_floor: f64 = "periodFloor";
    scaling_effect: Scaling = "scalingEffect";
    scaling_code: String = "marketObjectCodeOfScalingIndex";
    scaling_index: f64 = "scalingIndexAtContractDealDate" or "scalingIndexAtStatusDate";
    scaling_notional: f64 = "notionalScalingMultiplier";
    scaling_interest: f64 = "interestScalingMultiplier";
    scaling_anchor: Moment = "cycleAnchorDateOfScalingIndex";
    scaling_cycle: Cycle = "cycleOfScalingIndex";
    fee_basis: FeeBasis = "feeBasis";
    fee_rate: f64 = "feeRate";
    fee_accrued: f64 = "feeAccrued";
    fee_anchor: Moment = "cycleAnchorDateOfFee";
    fee_cycle: Cycle = "cycleOfFee";
    prepayment_effect: PrepaymentEffect = "prepaymentEffect";
    penalty_type: PenaltyType = "penaltyType";
    penalty_rate: f64 = "penaltyRate";
    dividend_anchor: Moment = "cycleAnchorDateOfDividendPayment" or "cycleAnchorDateOfDividend";
    dividend_cycle: Cycle = "cycleOfDividendPayment" or "cycleOfDividend";
    dividend_code: String = "marketObjectCodeOfDividends";
    dividend_next: f64 = "nextDividendPaymentAmount";
    delivery: DeliverySettlement = "deliverySettlement";
    settlement_period: Period = "settlementPeriod";
    settlement_date: Moment = "settlementDate";
    futures_price: f64 = "futuresPrice";
    option_type: OptionKind = "optionType";
    exercise_type: ExerciseType = "optionExerciseType" or "optionExecutionType";
    exercise_end: Moment = "optionExerciseEndDate";
    strike: f64 = "optionStrike1";
    strike_2: f64 = "optionStrike2";
    exercise_date: Moment = "exerciseDate";
    exercise_amount: f64 = "exerciseAmount";
    coverage: f64 = "coverageOfCreditEnhancement";
    credit_event: Performance = "creditEventTypeCovered";
    exposure: Exposure = "guaranteedExposure";
    array_interest_anchor: Vec<Moment> = "arrayCycleAnchorDateOfInterestPayment";
    array_interest_cycle: Vec<Cycle> = "arrayCycleOfInterestPayment";
    array_redemption_anchor: Vec<Moment> = "arrayCycleAnchorDateOfPrincipalRedemption";
    array_redemption_cycle: Vec<Cycle> = "arrayCycleOfPrincipalRedemption";
    array_redemption_amount: Vec<f64> = "arrayNextPrincipalRedemptionPayment";
    array_direction: Vec<IncreaseDecrease> = "arrayIncreaseDecrease";
    array_reset_anchor: Vec<Moment> = "arrayCycleAnchorDateOfRateReset";
    array_reset_cycle: Vec<Cycle> = "arrayCycleOfRateReset";
    array_rate: Vec<f64> = "arrayRate";
    array_fixed_variable: Vec<FixedVariable> = "arrayFixedVariable";
}

/// Terms of the dictionary that none of these contract types acts on, each with the only value that
/// it may have, where another one would change the events.
const UNUSED: &[(&str, &str)] = &[
    ("clearingHouse", ""),
    ("creditLineAmount", ""),
    ("cycleAnchorDateOfMargining", ""),
    ("cycleAnchorDateOfOptionality", ""),
    ("cycleOfMargining", ""),
    ("cycleOfOptionality", ""),
    ("cyclePointOfInterestPayment", "E"),
    ("cyclePointOfRateReset", "B"),
    ("exDividendDate", ""),
    ("initialMargin", ""),
    ("maintenanceMarginLowerBound", ""),
    ("maintenanceMarginUpperBound", ""),
    ("maximumPenaltyFreeDisbursement", ""),
    ("prepaymentPeriod", ""),
    ("variationMargin", ""),
];

/// Takes a term out of the object. Null and a blank text mean that it is not set.
fn take<T: TermValue>(fields: &mut Map<String, Value>, names: &[&str]) -> Result<Option<T>, Error> {
    let mut found: Option<(&str, T)> = None;
    for name in names {
        let Some(value) = fields.remove(*name) else { continue };
        let blank = matches!(&value, Value::String(text) if text.trim().is_empty());
        if value.is_null() || blank {
            continue;
        }
        let read = T::read(name, &value)?;
        if let Some((other, _)) = found {
            return Err(Error::contradiction(other, name, "the two are one term: keep one"));
        }
        found = Some((name, read));
    }
    Ok(found.map(|(_, value)| value))
}

impl Terms {
    /// Reads the terms of one contract.
    ///
    /// # Errors
    /// Names the term, the value found and what would be right.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        Self::nested(value, 1)
    }

    fn nested(value: &Value, depth: usize) -> Result<Self, Error> {
        let Value::Object(fields) = value else {
            return Err(Error::value("terms", short(value), "an object of terms"));
        };
        if depth > NESTING_MAX {
            return Err(Error::TooMany {
                what: "the levels of contracts inside contracts".to_owned(),
                limit: NESTING_MAX,
                expected: "state the inner contracts on their own".to_owned(),
            });
        }
        let mut fields = fields.clone();
        let structure = fields.remove("contractStructure").unwrap_or(Value::Null);
        let mut terms = Self::read(&mut fields)?;
        terms.structure = references(&structure, depth)?;
        for (name, only) in UNUSED {
            let Some(value) = fields.remove(*name) else { continue };
            let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().into());
            if !only.is_empty() && text != *only {
                let expected = format!("{only}: nothing else is computed here");
                return Err(Error::value(name, text, &expected));
            }
            terms.unused.insert((*name).to_owned(), value);
        }
        if let Some((name, value)) = fields.iter().next() {
            let of = terms.contract_type.map_or("contract", ContractType::code);
            return Err(Error::Unknown {
                field: name.clone(),
                found: short(value),
                of: format!("a {of}"),
                expected: nearest(name),
            });
        }
        Ok(terms)
    }

    /// The references that play this part, in their order.
    pub(super) fn references(&self, role: ReferenceRole) -> impl Iterator<Item = &Reference> {
        self.structure.iter().filter(move |reference| reference.role == role)
    }
}

/// A value as it may stand in a sentence.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

/// The known name that an unknown one most likely stands for.
fn nearest(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let shared = |known: &&&str| {
        let known = known.to_ascii_lowercase();
        let head = lower.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
        let tail = lower.bytes().rev().zip(known.bytes().rev()).take_while(|(a, b)| a == b).count();
        head + tail
    };
    match NAMES.iter().max_by_key(shared).filter(|known| shared(known) * 2 > name.len()) {
        Some(known) => format!("`{known}` may be meant"),
        None => "remove it, or use a name of the ACTUS dictionary".to_owned(),
    }
}

fn references(value: &Value, depth: usize) -> Result<Vec<Reference>, Error> {
    let entries = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(entries) => entries,
        other => {
            return Err(Error::value("contractStructure", short(other), "a list of references"));
        }
    };
    if entries.len() > STRUCTURE_MAX {
        return Err(Error::TooMany {
            what: "the references of one contract".to_owned(),
            limit: STRUCTURE_MAX,
            expected: "split the contract".to_owned(),
        });
    }
    entries.iter().map(|entry| reference(entry, depth)).collect()
}

fn reference(value: &Value, depth: usize) -> Result<Reference, Error> {
    const FIELD: &str = "contractStructure";
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim);
    let role_code = text("referenceRole").unwrap_or("");
    let role = REFERENCE_ROLES.iter().find(|entry| entry.1 == role_code).map(|entry| entry.0);
    let role = role
        .ok_or_else(|| Error::value("referenceRole", role_code, "one of UDL FIL SEL COVE COVI"))?;
    let object = value.get("object").unwrap_or(&Value::Null);
    let within = |names: [&str; 3]| {
        let found = names.iter().find_map(|name| object.get(*name).and_then(Value::as_str));
        found.map(|text| text.trim().to_owned())
    };
    let kind = text("referenceType").unwrap_or("");
    let mut reference = Reference { role, contract: None, market_object: None, terms: None };
    match kind {
        "CNT" => {
            let terms = Terms::nested(object, depth + 1)?;
            reference.contract.clone_from(&terms.contract_id);
            reference.market_object.clone_from(&terms.market_object);
            reference.terms = Some(Box::new(terms));
        }
        "CID" => {
            let id = within(["contractIdentifier", "contractID", "contractId"]);
            let id = id.or_else(|| object.as_str().map(str::to_owned));
            let missing =
                || Error::missing("contractIdentifier", "a CID reference names a contract");
            reference.contract = Some(id.ok_or_else(missing)?);
        }
        "MOC" | "MOID" => {
            let code = within(["marketObjectCode", "marketObjectIdentifier", "marketObject"]);
            let code = code.or_else(|| object.as_str().map(str::to_owned));
            let missing =
                || Error::missing("marketObjectCode", "a MOC reference names a market object");
            reference.market_object = Some(code.ok_or_else(missing)?);
        }
        other => {
            let found = format!("referenceType {other}");
            return Err(Error::value(FIELD, found, "a reference of type CNT, CID or MOC"));
        }
    }
    Ok(reference)
}

impl Reference {
    fn to_json(&self) -> Value {
        let role = REFERENCE_ROLES.iter().find(|entry| entry.0 == self.role).map_or("", |e| e.1);
        let (kind, object) = match (&self.terms, &self.contract, &self.market_object) {
            (Some(terms), _, _) => ("CNT", terms.to_json()),
            (None, Some(id), _) => ("CID", serde_json::json!({ "contractIdentifier": id })),
            (None, None, code) => ("MOC", serde_json::json!({ "marketObjectCode": code })),
        };
        serde_json::json!({ "object": object, "referenceType": kind, "referenceRole": role })
    }
}
