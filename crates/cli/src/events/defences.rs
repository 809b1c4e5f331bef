//! Events of the rules against a drain and against a fall.

use super::{Names, instant, price};
use breakwater_engine::What;
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_money::{Amount, Price};
use serde_json::{Value, json};

impl Names {
    /// Name of a defence's event, and its fields; none for others.
    pub(super) fn defence(&self, what: &What) -> Option<(&'static str, Value)> {
        Some(match what {
            What::WithdrawalQueued { claim, account, paid, waits } => (
                "withdrawal queued",
                json!({
                    "claim": claim,
                    "account": self.account(*account),
                    "paid": self.amount(Amount::new(waits.asset, *paid)),
                    "waits": self.amount(*waits),
                }),
            ),
            What::WithdrawalPaid { claim, account, amount, left } => (
                "withdrawal paid",
                json!({
                    "claim": claim,
                    "account": self.account(*account),
                    "amount": self.amount(*amount),
                    "left": self.amount(Amount::new(amount.asset, *left)),
                }),
            ),
            What::WithdrawalDropped { claim, account, left } => (
                "withdrawal dropped",
                json!({
                    "claim": claim,
                    "account": self.account(*account),
                    "left": self.amount(*left),
                }),
            ),
            What::BandPaused { asset, mark, reference, until } => (
                "band paused",
                json!({
                    "asset": self.asset(*asset),
                    "mark": price(*mark),
                    "reference": price(Price::new(*reference, mark.decimals)),
                    "until": instant(*until),
                }),
            ),
            What::StressMoved { from, to, measure_bps } => (
                "stress moved",
                json!({ "from": state(*from), "to": state(*to), "measure_bps": measure_bps }),
            ),
            _ => return None,
        })
    }
}

const fn state(of: StressState) -> &'static str {
    match of {
        StressState::Normal => "normal",
        StressState::Soft => "soft",
        StressState::Hard => "hard",
    }
}
