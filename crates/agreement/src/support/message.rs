//! What an agreement says, as messages.
//!
//! Names and shapes follow the margin call messages of the ISDA Common Domain Model (event-common:
//! issuance, response, collateral status) as far as it has them; what it has no message for
//! (failure, default, close-out, liquidation) is told in the same style. Amounts are exact decimals
//! as text with their unit, times are UTC.

use super::formula::{Call, Figures, Form, Limit, Step};
use super::machine::{Answer, Direction, Output, Settlement, Told};
use super::terms::{Agreement, Disposal, Side};
use super::valuation::of_quantity;
use super::zone::Zone;
use breakwater_money::{Rational, Rounding, Time, rational};
use num_bigint::BigInt;
use num_traits::Zero;
use serde_json::{Value, json};

/// Schema of a list of messages.
pub const SCHEMA: &str = "breakwater.agreement-messages/1";

/// An exact number as text: a decimal where it is one, else `a/b`.
#[must_use]
pub fn exact_text(value: &Rational) -> String {
    let mut rest = value.denom().clone();
    let mut count = |prime: u8| {
        let (prime, mut times) = (BigInt::from(prime), 0u8);
        while (&rest % &prime).is_zero() && times < u8::MAX {
            rest /= &prime;
            times += 1;
        }
        times
    };
    let places = count(2).max(count(5));
    match rest == BigInt::from(1u8) {
        true => rational::format(value, places),
        false => value.to_string(),
    }
}

/// An instant as `2020-03-12T16:00:00Z`.
#[must_use]
pub fn utc(at: Time) -> String {
    let Some(zone) = Zone::named("UTC") else { return String::new() };
    local(&zone, at) + "Z"
}

/// An instant on the clock of `zone`, without the zone.
#[must_use]
pub fn local(zone: &Zone, at: Time) -> String {
    let (date, second) = zone.local(at);
    format!("{date}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Writes messages of one agreement.
pub struct Writer<'a> {
    agreement: &'a Agreement,
}

impl<'a> Writer<'a> {
    /// A writer for `agreement`.
    #[must_use]
    pub const fn new(agreement: &'a Agreement) -> Self {
        Writer { agreement }
    }

    /// One message.
    #[must_use]
    pub fn message(&self, told: &Told) -> Value {
        let (name, body) = self.body(&told.output);
        json!({
            "at": utc(told.at),
            "agreement": self.agreement.id,
            "type": name,
            "message": body,
        })
    }

    fn minor(&self, amount: u128) -> Value {
        self.money(&of_quantity(amount, self.agreement.decimals))
    }

    fn money(&self, amount: &Rational) -> Value {
        json!({"value": exact_text(amount), "unit": self.agreement.currency})
    }

    fn party(&self, side: Side) -> &str {
        &self.agreement.party(side).name
    }

    fn call_id(&self, call: u32) -> String {
        format!("{}-{call}", self.agreement.id)
    }

    /// Lots as a list of positions, zeros left out.
    fn lots(&self, lots: &[u128]) -> Value {
        let rows = self.agreement.collateral.iter().zip(lots).filter(|(_, lot)| **lot > 0);
        rows.map(|(row, lot)| {
            json!({
                "product": row.asset,
                "assetClass": row.kind.name(),
                "quantity": exact_text(&of_quantity(*lot, row.decimals)),
            })
        })
        .collect()
    }

    fn limit(&self, limit: &Limit) -> Value {
        match limit {
            Limit::Amount(amount) => self.money(amount),
            Limit::Infinite => json!({"value": "infinity", "unit": self.agreement.currency}),
        }
    }

    /// The call of `pledgor` with everything it depends on.
    #[must_use]
    pub fn base(&self, pledgor: Side, call: &Call, figures: &Figures) -> Value {
        let form = self.agreement.form;
        let party = self.agreement.party(pledgor);
        let role = |side: Side, role: &str| json!({"name": self.party(side), "role": role});
        json!({
            "party": [role(pledgor, "Pledgor"), role(pledgor.other(), "Secured")],
            "callAgreementType": {"agreementType": form.name()},
            "agreementMinimumTransferAmount": {
                "delivery": self.money(&call.delivery.minimum),
                "return": self.money(&call.returning.minimum),
            },
            "agreementThreshold": self.limit(&party.threshold),
            "agreementRounding": {
                "delivery": rounding(&call.delivery.step),
                "return": rounding(&call.returning.step),
            },
            "regMarginType": match form {
                Form::Variation2016 => "VM",
                Form::Initial2018 => "RegIM",
                Form::Annex1994 => "NonRegIM",
            },
            "baseCurrencyExposure": self.requirement(call),
            "collateralPortfolio": {
                "positions": call.posted.len(),
                "adjustedPostedValue": self.money(&figures.adjusted_posted_value),
                "pendingDelivery": self.money(&call.pending_delivery),
                "pendingReturn": self.money(&call.pending_return),
            },
            "creditSupportAmount": self.money(&figures.credit_support_amount),
            "disputed": self.money(&call.disputed),
            "undisputedDelivery": self.money(&figures.undisputed_delivery),
            "undisputedReturn": self.money(&figures.undisputed_return),
            "deliveryAmount": self.money(&figures.delivery_amount),
            "returnAmount": self.money(&figures.return_amount),
        })
    }

    fn requirement(&self, call: &Call) -> Value {
        use super::formula::Requirement;
        match &call.requirement {
            Requirement::Annex {
                exposure,
                independent_pledgor,
                independent_secured,
                threshold,
            } => {
                json!({
                    "exposure": self.money(exposure),
                    "independentAmountPledgor": self.money(independent_pledgor),
                    "independentAmountSecured": self.money(independent_secured),
                    "threshold": self.limit(threshold),
                })
            }
            Requirement::Variation { exposure } => json!({"exposure": self.money(exposure)}),
            Requirement::Initial { margin_amount, independent_amount, approach, threshold } => {
                json!({
                    "marginAmount": self.money(margin_amount),
                    "independentAmount": self.money(independent_amount),
                    "approach": approach.name(),
                    "threshold": self.limit(threshold),
                })
            }
        }
    }

    fn body(&self, output: &Output) -> (&'static str, Value) {
        match output {
            Output::Called { .. }
            | Output::Answered { .. }
            | Output::Resolved { .. }
            | Output::Expected { .. }
            | Output::Settled { .. }
            | Output::Lapsed { .. } => self.of_call(output),
            Output::SubstitutionAsked { .. }
            | Output::SubstitutionAgreed { .. }
            | Output::SubstitutionEnded { .. } => self.of_substitution(output),
            _ => self.of_default(output),
        }
    }

    fn of_call(&self, output: &Output) -> (&'static str, Value) {
        match output {
            Output::Called { call, pledgor, direction, amount, arithmetic, answer_by } => {
                let (terms, figures) = arithmetic.as_ref();
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "instructionType": {"callType": "MarginCall", "visibilityIndicator": true},
                    "marginCallBase": self.base(*pledgor, terms, figures),
                    "marginCallAction": direction.name(),
                    "callAmountInBaseCurrency": self.minor(*amount),
                    "responseDue": utc(*answer_by),
                });
                ("MarginCallIssuance", body)
            }
            Output::Answered { call, by, answer, silent, due } => {
                let kind = match answer {
                    Answer::Agree => "AgreeinFull",
                    Answer::Partly { .. } => "PartiallyAgree",
                    Answer::Dispute => "Dispute",
                };
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "party": self.party(*by),
                    "marginResponseType": kind,
                    "agreedAmountBaseCurrency": self.minor(*due),
                    "bySilence": silent,
                });
                ("MarginCallResponse", body)
            }
            Output::Resolved { call, upheld, by_time } => {
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "upheldAmount": self.minor(*upheld),
                    "byTime": by_time,
                });
                ("DisputeResolution", body)
            }
            Output::Expected { call, from, direction, amount, lots, by } => {
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "from": self.party(*from),
                    "to": self.party(from.other()),
                    "marginCallAction": direction.name(),
                    "collateralStatus": "InTransitAmount",
                    "amount": self.minor(*amount),
                    "collateral": lots.as_ref().map(|lots| self.lots(lots)),
                    "due": utc(*by),
                });
                ("TransferInstruction", body)
            }
            Output::Settled { call, from, lots, complete, cured } => {
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "from": self.party(*from),
                    "collateralStatus": if *complete { "FullAmount" } else { "SettledAmount" },
                    "collateral": self.lots(lots),
                    "cured": cured,
                });
                ("CollateralStatus", body)
            }
            Output::Lapsed { call } => {
                ("CallLapsed", json!({"callIdentifier": self.call_id(*call)}))
            }
            // Told by the other two.
            _ => ("", Value::Null),
        }
    }

    fn of_substitution(&self, output: &Output) -> (&'static str, Value) {
        match output {
            Output::SubstitutionAsked { substitution, pledgor, give, take, by } => {
                let body = json!({
                    "substitutionIdentifier": self.call_id(*substitution),
                    "pledgor": self.party(*pledgor),
                    "substitute": self.lots(give),
                    "original": self.lots(take),
                    "due": utc(*by),
                });
                ("SubstitutionRequest", body)
            }
            Output::SubstitutionAgreed { substitution, by } => {
                let id = self.call_id(*substitution);
                ("SubstitutionConsent", json!({"substitutionIdentifier": id, "due": utc(*by)}))
            }
            Output::SubstitutionEnded { substitution } => {
                let id = self.call_id(*substitution);
                ("SubstitutionEnded", json!({"substitutionIdentifier": id}))
            }
            _ => ("", Value::Null),
        }
    }

    fn of_default(&self, output: &Output) -> (&'static str, Value) {
        match output {
            Output::Failed { call, party, until } => {
                let body = json!({
                    "callIdentifier": self.call_id(*call),
                    "party": self.party(*party),
                    "graceEnds": utc(*until),
                });
                ("FailureToTransfer", body)
            }
            Output::Asked { party, until } => {
                ("DecisionRequest", json!({"party": self.party(*party), "until": utc(*until)}))
            }
            Output::Waived { party, silent } => {
                ("Waiver", json!({"party": self.party(*party), "bySilence": silent}))
            }
            Output::Defaulted { party, cause, terminates } => {
                let body = json!({
                    "party": self.party(*party),
                    "event": cause.name(),
                    "earlyTermination": utc(*terminates),
                });
                ("EventOfDefault", body)
            }
            Output::Terminated { until } => {
                ("EarlyTermination", json!({"closeOutAmountDue": utc(*until)}))
            }
            Output::Netted { debtor, amount, unreturned } => {
                let body = json!({
                    "debtor": self.party(*debtor),
                    "amount": self.minor(*amount),
                    "unreturnedCollateral": self.minor(*unreturned),
                });
                ("CloseOutNetting", body)
            }
            Output::Released { to, lots } => {
                ("CollateralRelease", json!({"to": self.party(*to), "collateral": self.lots(lots)}))
            }
            Output::Applied { by, lots, value } => {
                let body = json!({
                    "by": self.party(*by),
                    "collateral": self.lots(lots),
                    "value": self.minor(*value),
                });
                ("CollateralApplication", body)
            }
            _ => self.of_end(output),
        }
    }

    fn of_end(&self, output: &Output) -> (&'static str, Value) {
        match output {
            Output::Liquidate { secured, lots, wanted, disposal, until } => {
                let way = match disposal {
                    Disposal::Planner => "planner",
                    Disposal::Auction => "auction",
                };
                let body = json!({
                    "securedParty": self.party(*secured),
                    "collateral": self.lots(lots),
                    "wanted": self.minor(*wanted),
                    "disposal": way,
                    "until": utc(*until),
                });
                ("CollateralLiquidation", body)
            }
            Output::PaidOut { to, amount } => {
                ("Payment", json!({"to": self.party(*to), "amount": self.minor(*amount)}))
            }
            Output::GuaranteeCalled { amount, until } => {
                let provider = self.agreement.on_default.guarantee.as_ref();
                let body = json!({
                    "provider": provider.map(|it| it.provider.as_str()),
                    "amount": self.minor(*amount),
                    "until": utc(*until),
                });
                ("GuaranteeCall", body)
            }
            Output::PaymentDue { from, amount, until } => {
                let body = json!({
                    "from": self.party(*from),
                    "amount": self.minor(*amount),
                    "until": utc(*until),
                });
                ("CloseOutPayment", body)
            }
            Output::Closed(settlement) => ("Settlement", self.settlement(settlement)),
            Output::Refused(refusal) => ("Refusal", json!({"reason": refusal.to_string()})),
            _ => ("", Value::Null),
        }
    }

    /// How a closed agreement was settled.
    #[must_use]
    pub fn settlement(&self, it: &Settlement) -> Value {
        json!({
            "defaulter": self.party(it.defaulter),
            "event": it.cause.name(),
            "debtor": self.party(it.debtor),
            "claim": self.minor(it.claim),
            "coveredByCash": self.minor(it.cash),
            "coveredByProceeds": self.minor(it.proceeds),
            "coveredByAppropriation": self.minor(it.appropriated),
            "coveredByGuarantee": self.minor(it.guaranteed),
            "paidByDebtor": self.minor(it.paid),
            "surplusReturned": self.minor(it.surplus),
            "outstanding": self.minor(it.outstanding),
        })
    }
}

fn rounding(step: &Step) -> Value {
    let direction = match step.rounding {
        Rounding::Floor => "Down",
        Rounding::Ceil => "Up",
        Rounding::HalfUp => "Nearest",
    };
    json!({"roundToNearest": exact_text(&step.multiple), "direction": direction})
}

impl Direction {
    /// Whether the agreement's pledgor gets something.
    #[must_use]
    pub const fn to_pledgor(self) -> bool {
        matches!(self, Direction::Return | Direction::Interest)
    }
}
