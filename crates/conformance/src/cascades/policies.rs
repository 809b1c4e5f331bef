//! Deleveraging policies over profits: who is taken how much for a budget.
//!
//! After Chitra and others, "Autodeleveraging: Impossibilities and Optimization" (arXiv 2512.01112).

use super::number::{Members, compare};
use crate::compare::{Output, Outputs, Tolerance};
use crate::{Adapter, Mismatch};
use breakwater_liquidation::backstop::{Deleverage, Needed, WHOLE_E18, Winner, deleverage};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, Rational, rational};
use serde_json::Value;

/// The file's own name for itself.
const ID: &str = "adl-policies";

/// Amounts are counted at so many decimals; the tolerance is nine.
const DECIMALS: u8 = 18;

/// Members that are read and not compared, unless they follow from others.
const INPUTS: [&str; 7] = ["equity", "cash", "pnl", "theta", "queue_order", "beta", "lambda"];

/// Checks the policies file.
pub(super) struct Policies;

impl Adapter for Policies {
    fn knows(&self, file: &Value) -> bool {
        file.get("id").and_then(Value::as_str) == Some(ID)
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let members = Members::of(case).map_err(|error| vec![error])?;
        let outputs = Case::read(&members).and_then(|case| case.outputs());
        let mut inputs = INPUTS.to_vec();
        // Without equities the endowments and the budget are given; with them, they follow.
        if !members.has("equity") {
            inputs.extend(["endowment", "budget"]);
        }
        let outputs = outputs.map_err(|mismatch| vec![mismatch])?;
        let tolerance = Tolerance { abs: rational::from_raw(1, 9), rel: zero() };
        compare(&members, &inputs, &outputs, &tolerance)
    }
}

struct Case {
    equity: Option<Vec<Rational>>,
    endowment: Vec<Rational>,
    deficit: Rational,
    budget: Rational,
    /// Places of the accounts in the queue.
    order: Vec<usize>,
    beta: Option<Vec<Rational>>,
    lambda: Option<Vec<Rational>>,
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

fn positive(value: &Rational) -> Rational {
    if *value > zero() { value.clone() } else { zero() }
}

impl Case {
    fn read(members: &Members<'_>) -> Result<Case, Mismatch> {
        let optional = |name: &str| members.has(name).then(|| members.numbers(name)).transpose();
        let equity = optional("equity")?;
        let endowment = match optional("pnl")? {
            Some(profit) => profit.iter().map(positive).collect(),
            None => members.numbers("endowment")?,
        };
        let (deficit, budget) = match &equity {
            Some(equity) => {
                let deficit: Rational = equity.iter().map(|e| positive(&-e)).sum();
                let budget = members.number("theta")? * &deficit;
                (deficit, budget)
            }
            None => (zero(), members.number("budget")?),
        };
        let mut order: Vec<usize> = (0..endowment.len()).collect();
        match optional("queue_order")? {
            // The largest endowment first; equals stay in order.
            None => order.sort_by(|a, b| endowment.get(*b).cmp(&endowment.get(*a))),
            Some(given) => {
                let place = |at: &Rational| at.to_string().parse::<usize>().ok();
                let given: Option<Vec<usize>> = given.iter().map(place).collect();
                let mut sorted = given.clone().unwrap_or_default();
                sorted.sort_unstable();
                if sorted != order {
                    return Err(members.wrong("queue_order", "every account once, from 0"));
                }
                order = given.unwrap_or_default();
            }
        }
        let (beta, lambda) = (optional("beta")?, optional("lambda")?);
        let case = Case { equity, endowment, deficit, budget, order, beta, lambda };
        for (name, list) in
            [("equity", &case.equity), ("beta", &case.beta), ("lambda", &case.lambda)]
        {
            if list.as_ref().is_some_and(|list| list.len() != case.endowment.len()) {
                return Err(members.wrong(name, "one number for each account"));
            }
        }
        Ok(case)
    }

    /// What each account gives under the policy.
    fn seized(&self, policy: Deleverage) -> Result<Vec<Rational>, Mismatch> {
        let raw = |value: &Rational, decimals: u8, name: &str| {
            rational::to_raw(value, decimals, Rounding::HalfUp).map_err(|error| {
                Mismatch::new(name, "zero or more, in 128 bits at 18 decimals", error.to_string())
            })
        };
        let mut winners = Vec::new();
        for (at, endowment) in self.endowment.iter().enumerate() {
            let place = self.order.iter().position(|account| *account == at).unwrap_or(0);
            let beta = self.beta.as_ref().and_then(|beta| beta.get(at));
            let lambda = self.lambda.as_ref().and_then(|lambda| lambda.get(at));
            let leverage = lambda.map_or(Ok(0), |lambda| raw(&positive(lambda), 9, "lambda"))?;
            winners.push(Winner {
                account: AccountId(u32::try_from(at).unwrap_or(u32::MAX)),
                quantity: 1,
                score: -(place as i128),
                profit: raw(endowment, DECIMALS, "endowment")?,
                leverage_e9: u64::try_from(leverage).unwrap_or(u64::MAX),
                share_max_e18: beta
                    .map_or(Ok(WHOLE_E18), |beta| raw(&positive(beta), DECIMALS, "beta"))?,
            });
        }
        let needed = Needed::Value(raw(&self.budget, DECIMALS, "budget")?);
        let mut seized = vec![zero(); winners.len()];
        for closed in deleverage(needed, &winners, policy, 0).closes {
            if let Some(slot) = seized.get_mut(closed.account.index()) {
                let raw = i128::try_from(closed.haircut).unwrap_or(i128::MAX);
                *slot = rational::from_raw(raw, DECIMALS);
            }
        }
        Ok(seized)
    }

    fn haircuts(&self, seized: &[Rational]) -> Vec<Rational> {
        let share = |(seized, endowment): (&Rational, &Rational)| {
            if *endowment == zero() { zero() } else { seized / endowment }
        };
        seized.iter().zip(&self.endowment).map(share).collect()
    }

    fn after(&self, seized: &[Rational]) -> Output {
        let equity = self.equity.iter().flatten();
        list(equity.zip(seized).map(|(equity, seized)| equity - seized).collect())
    }

    fn outputs(&self) -> Result<Outputs, Mismatch> {
        let (queue, even) = (self.seized(Deleverage::Queue)?, self.seized(Deleverage::ProRata)?);
        let even_share = largest(&self.haircuts(&even));
        let top = |seized: &[Rational]| match (self.endowment.first(), seized.first()) {
            (Some(endowment), Some(seized)) => endowment - seized,
            _ => zero(),
        };
        let number = Output::Number;
        let mut outputs = vec![
            ("deficit", number(self.deficit.clone())),
            ("budget", number(self.budget.clone())),
            ("endowment", list(self.endowment.clone())),
            ("queue_haircut", list(self.haircuts(&queue))),
            ("queue_post_equity", self.after(&queue)),
            ("prorata_h", number(even_share)),
            ("prorata_post_equity", self.after(&even)),
            ("top_after_prorata", number(top(&even))),
            ("top_after_queue", number(top(&queue))),
            ("ptsr_gap_times_D", number(top(&even) - top(&queue))),
            ("queue_seized", list(queue)),
            ("prorata_seized", list(even)),
        ];
        if self.beta.is_some() {
            let capped = self.seized(Deleverage::Capped)?;
            outputs.push(("eta", number(largest(&self.haircuts(&capped)))));
            outputs.push(("capped_h", list(self.haircuts(&capped))));
            outputs.push(("capped_post_equity", self.after(&capped)));
            outputs.push(("capped_seized", list(capped)));
        }
        if let Some(lambda) = &self.lambda {
            let aware = self.seized(Deleverage::RiskAware)?;
            let haircuts = self.haircuts(&aware);
            let used = haircuts.iter().zip(lambda).filter(|(_, lambda)| **lambda > zero());
            let tau: Vec<Rational> = used.map(|(h, lambda)| h / (lambda * lambda)).collect();
            outputs.push(("tau", number(largest(&tau))));
            outputs.push(("rap_h", list(haircuts)));
            outputs.push(("rap_post_equity", self.after(&aware)));
            outputs.push(("rap_seized", list(aware)));
        }
        Ok(outputs)
    }
}

/// One multiplier explains all shares below their caps, and no capped share is above it.
fn largest(shares: &[Rational]) -> Rational {
    shares.iter().max().cloned().unwrap_or_else(zero)
}

fn list(values: Vec<Rational>) -> Output {
    Output::List(values.into_iter().map(Output::Number).collect())
}
