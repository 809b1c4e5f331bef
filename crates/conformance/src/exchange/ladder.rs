//! Kinds about which step a venue takes with an account short of margin.
//!
//! The ladders are the venues' data of the rulebooks crate, the step is the executor's. What stands
//! here is an account of one position, and the words in which a vector names a step.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::{Fields, describe};
use breakwater_liquidation::ladder::{
    Act, Book, Margins, Multiple, Position, Sale, Sales, Standing, Step, next,
};
use breakwater_liquidation::{Ladder, Rejected, Rejection};
use breakwater_margin::Health;
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AssetId, Decimal, Time};
use breakwater_rulebooks::exchange::ladders;
use serde_json::Value;

/// The kinds of this module.
pub(super) const RULES: &[Kind] =
    &[("coinbase_action", coinbase_action), ("hl_action", hyperliquid_action)];

/// `hl_action`: an account with `equity` under its `maintenance` sends a fifth of a position whose
/// `notional` is above 100,000 first and all of it while `in_cooldown`; under two thirds the vault
/// takes it over -> action.
fn hyperliquid_action(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let account = Account::read(input, "equity", Some("notional"), false)?;
    let cooldown = flag(input, "in_cooldown")?;
    let standing = Standing {
        last_step_at: cooldown.then_some(Time(0)),
        steps: u32::from(cooldown),
        ..Standing::default()
    };
    let ladder = shipped(input, ladders::HYPERLIQUID)?;
    let action = match account.step(input, &ladder, &standing)? {
        Step::Nothing => "none".to_owned(),
        Step::TakeOver => "backstop".to_owned(),
        Step::Sell(sales) => match act_of(&ladder, &sales) {
            Some(Act::Fraction { bps }) => format!("partial_market_{}pct", bps / 100),
            _ => "full_market".to_owned(),
        },
        other => return Err(unnamed(input, &other)),
    };
    Ok(vec![("action", Output::Text(action))])
}

/// `coinbase_action`: an account with a `margin` of its `maintenance` or less is cut to its initial
/// margin; under `close_out` its positions are handed over -> action.
fn coinbase_action(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let account = Account::read(input, "margin", None, true)?;
    let written = |name| Ok::<_, Mismatch>(input.decimal(name)?.to_string());
    let line = format!("{}/{}", written("close_out")?, written("maintenance")?);
    let line = Multiple::parse(&line)
        .map_err(|error| Mismatch::new(input.path("close_out"), "a share of maintenance", error))?;
    // The ladder as shipped, with the account's own close-out margin.
    let mut rungs = shipped(input, ladders::COINBASE)?.rungs().to_vec();
    for rung in rungs.iter_mut().filter(|rung| rung.act == Act::TakeOver) {
        rung.bounds.equity.below = Some(line);
    }
    let ladder = Ladder::new(rungs).map_err(|error| refused(input, error.to_string()))?;
    let action = match account.step(input, &ladder, &Standing::default())? {
        Step::Nothing => "none",
        Step::TakeOver => "liquidity_support_then_fund_then_adl",
        Step::Sell(sales) => match act_of(&ladder, &sales) {
            Some(Act::ToInitial) => "cut_to_initial_margin",
            _ => "full_market",
        },
        other => return Err(unnamed(input, &other)),
    };
    Ok(vec![("action", Output::Text(action.to_owned()))])
}

fn shipped(input: &Fields<'_>, text: &str) -> Result<Ladder, Mismatch> {
    ladders::parse(text).map_err(|error| refused(input, error))
}

fn refused(input: &Fields<'_>, error: String) -> Mismatch {
    Mismatch::new(input.path("ladder"), "a ladder", error)
}

fn unnamed(input: &Fields<'_>, step: &Step<Sales>) -> Mismatch {
    Mismatch::new(input.path("ladder"), "a step that has a name", format!("{step:?}"))
}

fn act_of(ladder: &Ladder, sales: &Sales) -> Option<Act> {
    ladder.rungs().get(sales.rung).map(|rung| rung.act)
}

fn flag(input: &Fields<'_>, name: &str) -> Result<bool, Mismatch> {
    let value = input.entries().find(|(field, _)| *field == name).map(|(_, value)| value);
    value
        .and_then(Value::as_bool)
        .ok_or_else(|| Mismatch::new(input.path(name), "true or false", describe(value)))
}

/// An account of one position that is sold at its mark. What it requires falls with its size.
struct Account {
    equity: i128,
    maintenance: u128,
    /// The position in units worth one base unit each.
    size: u128,
    equality_breaches: bool,
    decimals: u8,
}

impl Account {
    /// Reads the account at the most decimals that one of its numbers has. Where no `notional` is
    /// stated, the position is worth what it requires: no ladder without one looks at its value.
    fn read(
        input: &Fields<'_>,
        equity: &str,
        notional: Option<&str>,
        equality_breaches: bool,
    ) -> Result<Self, Mismatch> {
        let [own, required, value] =
            [equity, "maintenance", notional.unwrap_or("maintenance")].map(|n| input.decimal(n));
        let (own, required, value) = (own?, required?, value?);
        let decimals = own.decimals.max(required.decimals).max(value.decimals);
        let wrong = |name: &str, error: String| Mismatch::new(input.path(name), "a value", error);
        let raw = |name: &str, number: Decimal| {
            number.to_raw(decimals).map_err(|error| wrong(name, error.to_string()))
        };
        let signed = own.to_raw_signed(decimals);
        Ok(Account {
            equity: signed.map_err(|error| wrong(equity, error.to_string()))?,
            maintenance: raw("maintenance", required)?,
            size: raw(notional.unwrap_or("maintenance"), value)?,
            equality_breaches,
            decimals,
        })
    }

    fn step(
        &self,
        input: &Fields<'_>,
        ladder: &Ladder,
        standing: &Standing,
    ) -> Result<Step<Sales>, Mismatch> {
        next(ladder, standing, self).map_err(|rejected| refused(input, rejected.to_string()))
    }

    fn at_size(&self, size: u128) -> Result<Margins, Rejected> {
        let maintenance = mul_div(self.maintenance, size, self.size.max(1), Rounding::Ceil)?;
        let health = Health::of(self.equity, maintenance, self.equality_breaches)?;
        // No kind states an initial margin; it is never below maintenance.
        Ok(Margins {
            equity: self.equity,
            maintenance,
            initial: maintenance,
            breach: health.breach,
        })
    }
}

impl Book for Account {
    fn value_decimals(&self) -> u8 {
        self.decimals
    }

    fn margins(&self) -> Result<Margins, Rejected> {
        self.at_size(self.size)
    }

    fn positions(&self) -> Result<Vec<Position>, Rejected> {
        let (quantity, notional) = (self.size, self.size);
        Ok(vec![Position { asset: AssetId(0), quantity, lot: 1, notional }])
    }

    fn steps_down(&self, _: AssetId) -> Result<Vec<u128>, Rejected> {
        Ok(Vec::new())
    }

    fn after(&self, sales: &[Sale]) -> Result<Margins, Rejected> {
        let sold = sales.iter().map(|sale| sale.quantity).fold(0u128, u128::saturating_add);
        self.at_size(self.size.checked_sub(sold).ok_or(Rejection::NotReduceOnly)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn action(rule: super::super::Rule, input: Value) -> String {
        let case = json!({"input": input});
        match rule(&Fields::of(&case, "input").unwrap()) {
            Ok(outputs) => outputs[0].1.to_string(),
            Err(wrong) => format!("{}: {}; {}", wrong.field, wrong.expected, wrong.got),
        }
    }

    #[test]
    fn a_fifth_all_or_the_vault_at_the_limit_and_one_unit_to_either_side() {
        for (equity, notional, in_cooldown, right) in [
            ("1000", "250000", false, "none"),
            ("1000.01", "250000", true, "none"),
            ("999.99", "250000", false, "partial_market_20pct"),
            ("999.99", "250000", true, "full_market"),
            ("900", "100000.01", false, "partial_market_20pct"),
            ("900", "100000", false, "full_market"),
            ("666.67", "250000", false, "partial_market_20pct"),
            ("666.66", "250000", false, "backstop"),
            ("666.66", "1", true, "backstop"),
            ("-1", "250000", false, "backstop"),
        ] {
            let input = json!({"equity": equity, "maintenance": "1000", "notional": notional,
                "in_cooldown": in_cooldown});
            assert_eq!(action(hyperliquid_action, input), right, "{equity} {notional}");
        }
        // Exactly two thirds is not below them.
        for (equity, right) in [("2", "partial_market_20pct"), ("1.999", "backstop")] {
            let input = json!({"equity": equity, "maintenance": "3", "notional": "100001",
                "in_cooldown": false});
            assert_eq!(action(hyperliquid_action, input), right);
        }
    }

    #[test]
    fn a_cut_or_a_takeover_at_the_limit_and_one_unit_to_either_side() {
        for (margin, right) in [
            ("1200", "none"),
            ("1000.01", "none"),
            ("1000", "cut_to_initial_margin"),
            ("660.01", "cut_to_initial_margin"),
            ("660", "cut_to_initial_margin"),
            ("659.99", "liquidity_support_then_fund_then_adl"),
            ("500", "liquidity_support_then_fund_then_adl"),
            ("-1", "liquidity_support_then_fund_then_adl"),
        ] {
            let input = json!({"margin": margin, "maintenance": "1000", "close_out": "660"});
            assert_eq!(action(coinbase_action, input), right, "{margin}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let input = json!({"equity": "1", "maintenance": "1000", "notional": "1"});
        assert_eq!(
            action(hyperliquid_action, input),
            "input.in_cooldown: true or false; nothing: the field is missing"
        );
        let input = json!({"equity": "1", "maintenance": "-1", "notional": "1",
            "in_cooldown": false});
        assert_eq!(
            action(hyperliquid_action, input),
            "input.maintenance: a value; '-1' is negative; expected zero or more"
        );
        let input = json!({"margin": "1", "maintenance": "0", "close_out": "1"});
        assert!(action(coinbase_action, input).starts_with("input.close_out: a share of"));
    }
}
