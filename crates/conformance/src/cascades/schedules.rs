//! Execution models: the schedules they propose and what those cost.

use super::number::{Members, compare, exact};
use crate::compare::{Output, Outputs, Tolerance};
use crate::fields::describe;
use crate::{Adapter, Mismatch};
use breakwater_execution::ModelError;
use breakwater_execution::models::{
    AlmgrenChriss, Kernel, LinearMarket, ObizhaevaWang, Proposal, Sale, SquareRootLaw,
    TransientImpact,
};
use breakwater_money::{Rational, rational};
use serde_json::{Map, Value};

/// What an expected zero may be off by.
const ZERO_DECIMALS: u8 = 13;

fn is(file: &Value, id: &str) -> bool {
    file.get("id").and_then(Value::as_str) == Some(id)
}

fn within(decimals: u8) -> Tolerance {
    Tolerance { abs: rational::from_raw(1, ZERO_DECIMALS), rel: rational::from_raw(1, decimals) }
}

/// Floats of a case or of what its file states once.
struct Floats<'a>(&'a Map<String, Value>);

impl<'a> Floats<'a> {
    fn wrong(&self, name: &str, right: &str) -> Mismatch {
        Mismatch::new(name, right, describe(self.0.get(name)))
    }

    fn one(&self, name: &str) -> Result<f64, Mismatch> {
        let number = self.0.get(name).and_then(Value::as_f64);
        number.ok_or_else(|| self.wrong(name, "a number"))
    }

    fn count(&self, name: &str) -> Result<usize, Mismatch> {
        let number = self.0.get(name).and_then(Value::as_u64).and_then(|n| n.try_into().ok());
        number.ok_or_else(|| self.wrong(name, "a count"))
    }

    fn list(&self, name: &str) -> Result<Vec<f64>, Mismatch> {
        let list = self.0.get(name).and_then(Value::as_array);
        let list = list.and_then(|list| list.iter().map(Value::as_f64).collect());
        list.ok_or_else(|| self.wrong(name, "a list of numbers"))
    }
}

/// A refusal of a model, as a mismatch of the whole case.
fn refused(error: ModelError) -> Mismatch {
    Mismatch::new("(case)", "parameters that the model takes", error.to_string())
}

/// The shortest decimal that reads back as this float.
fn rational_of(value: f64) -> Rational {
    exact(&format!("{value:e}")).unwrap_or_else(|| rational::from_raw(0, 0))
}

fn number(value: f64) -> Output {
    Output::Number(rational_of(value))
}

fn numbers(values: &[f64]) -> Output {
    Output::List(values.iter().copied().map(number).collect())
}

/// Holds what `outputs` gives against the members of `case` that are no inputs.
fn check(
    case: &Value,
    inputs: &[&str],
    decimals: u8,
    outputs: impl FnOnce(&Floats<'_>) -> Result<Outputs, Mismatch>,
) -> Result<(), Vec<Mismatch>> {
    let members = Members::of(case).map_err(|error| vec![error])?;
    let outputs = outputs(&Floats(members.0)).map_err(|error| vec![error])?;
    compare(&members, inputs, &outputs, &within(decimals))
}

/// Optimal schedules under linear impact, at several aversions to risk.
pub(super) struct LinearImpact;

impl LinearImpact {
    fn problem(file: &Value, risk_aversion: f64) -> Result<AlmgrenChriss, Mismatch> {
        let params = file.get("params").and_then(Value::as_object);
        let params =
            Floats(params.ok_or_else(|| {
                Mismatch::new("params", "an object", describe(file.get("params")))
            })?);
        let known = [
            "S0",
            "X",
            "T_days",
            "N",
            "sigma_per_sqrt_day",
            "alpha_per_day",
            "epsilon",
            "gamma",
            "eta",
            "eta_tilde",
        ];
        if let Some(name) = params.0.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(params.wrong(name, "a parameter that the rule knows"));
        }
        let market = LinearMarket {
            volatility: params.one("sigma_per_sqrt_day")?,
            half_spread: params.one("epsilon")?,
            temporary: params.one("eta")?,
            permanent: params.one("gamma")?,
            // The file states a drift that its formulas leave out.
            drift_per_day: 0.0,
        };
        let sale = Sale {
            quantity: params.one("X")?,
            horizon_days: params.one("T_days")?,
            intervals: params.count("N")?,
        };
        if params.0.contains_key("eta_tilde") {
            let found = rational_of(market.adjusted_temporary(sale.interval_days()));
            let stated = rational_of(params.one("eta_tilde")?);
            if !within(9).allows(&stated, &found) {
                return Err(params.wrong("eta_tilde", &found.to_string()));
            }
        }
        Ok(AlmgrenChriss { sale, market, risk_aversion })
    }

    fn outputs(problem: &AlmgrenChriss) -> Result<Outputs, ModelError> {
        let proposal = problem.propose()?;
        let cost = problem.cost(&proposal)?;
        let half_life = problem.half_life_days()?;
        Ok(vec![
            ("kappa", number(problem.kappa_per_day()?)),
            ("half_life_days", half_life.map_or(Output::Nothing, number)),
            ("x", numbers(&proposal.holdings)),
            ("n", numbers(&proposal.trades)),
            ("E", number(cost.expected)),
            ("V", number(cost.variance)),
            ("stdev", number(cost.deviation())),
            ("U", number(cost.utility(problem.risk_aversion))),
        ])
    }
}

impl Adapter for LinearImpact {
    fn knows(&self, file: &Value) -> bool {
        is(file, "almgren-chriss")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        check(case, &["lam"], 9, |floats| {
            let problem = Self::problem(file, floats.one("lam")?)?;
            Self::outputs(&problem).map_err(refused)
        })
    }
}

/// Optimal trades against a block book that refills.
pub(super) struct BlockBook;

impl BlockBook {
    fn outputs(book: &ObizhaevaWang) -> Result<Outputs, ModelError> {
        let proposal = book.propose()?;
        let limit = book.continuous()?;
        let continuous = vec![
            ("block0", number(limit.block)),
            ("blockT", number(limit.block)),
            ("rate", number(limit.rate_per_day)),
        ];
        Ok(vec![
            ("discrete_n", numbers(&proposal.trades)),
            ("discrete_cost", number(book.cost(&proposal)?.expected)),
            ("continuous", Output::Record(continuous)),
            ("continuous_cost", number(limit.cost)),
            ("twap_cost", number(book.cost(&book.even()?)?.expected)),
        ])
    }
}

impl Adapter for BlockBook {
    fn knows(&self, file: &Value) -> bool {
        is(file, "obizhaeva-wang")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        check(case, &["X", "T", "rho", "q", "N"], 8, |floats| {
            let book = ObizhaevaWang {
                quantity: floats.one("X")?,
                horizon_days: floats.one("T")?,
                intervals: floats.count("N")?,
                density: floats.one("q")?,
                resilience_per_day: floats.one("rho")?,
                half_spread: 0.0,
                volatility: 0.0,
            };
            Self::outputs(&book).map_err(refused)
        })
    }
}

/// The square-root law.
pub(super) struct SquareRoot;

impl Adapter for SquareRoot {
    fn knows(&self, file: &Value) -> bool {
        is(file, "sqrt-law")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let inputs = ["Y", "sigma_daily", "Q", "V_daily"];
        let members = Members::of(case).map_err(|error| vec![error])?;
        let floats = Floats(members.0);
        let outputs = || -> Result<Outputs, Mismatch> {
            let law = SquareRootLaw {
                coefficient: floats.one("Y")?,
                volatility_per_day: floats.one("sigma_daily")?,
                volume_per_day: floats.one("V_daily")?,
                exponent: 0.5,
            };
            let quantity = floats.one("Q")?;
            Ok(vec![
                ("impact", number(law.peak(quantity).map_err(refused)?)),
                ("avg_cost_fraction", number(law.average(quantity).map_err(refused)?)),
                // Quantity and volume are values, so a unit is worth one.
                ("cost", number(law.cost(quantity, 1.0).map_err(refused)?)),
            ])
        };
        let outputs = outputs().map_err(|error| vec![error])?;
        // Shares of a price are small beside any absolute allowance.
        let tolerance = Tolerance { abs: rational::from_raw(0, 0), rel: rational::from_raw(1, 12) };
        compare(&members, &inputs, &outputs, &tolerance)
    }
}

/// Optimal trades under a decay kernel.
pub(super) struct DecayKernel;

/// Units of the round trip.
const ROUND_TRIP: f64 = 50.0;

impl DecayKernel {
    /// `exp rho=1`.
    fn kernel(floats: &Floats<'_>) -> Result<Kernel, Mismatch> {
        let text = floats.0.get("kernel").and_then(Value::as_str).unwrap_or_default();
        let rate = text.strip_prefix("exp rho=").and_then(|rate| rate.trim().parse().ok());
        let rate_per_day = rate.ok_or_else(|| floats.wrong("kernel", "'exp rho=' and a number"))?;
        Ok(Kernel::Exponential { rate_per_day })
    }

    fn outputs(kernel: Kernel, at: &[f64], quantity: f64) -> Result<Outputs, ModelError> {
        let impact = TransientImpact::new(kernel, 1.0)?;
        let proposal = impact.propose(quantity, at)?;
        let even = vec![quantity / at.len() as f64; at.len()];
        let even = Proposal::of_trades(at.to_vec(), even)?;
        let mut outputs = vec![
            ("optimal_n", numbers(&proposal.trades)),
            ("optimal_cost", number(impact.cost(&proposal)?.expected)),
            ("twap_cost", number(impact.cost(&even)?.expected)),
            ("min_eig", number(impact.smallest_eigenvalue(at)?)),
        ];
        if let [first, second, ..] = at {
            let cost = impact.round_trip(ROUND_TRIP, *first, *second)?;
            outputs.push(("roundtrip_plus50_minus50_cost", number(cost)));
        }
        Ok(outputs)
    }
}

impl Adapter for DecayKernel {
    fn knows(&self, file: &Value) -> bool {
        is(file, "transient-impact")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        check(case, &["kernel", "t", "X"], 9, |floats| {
            let (at, quantity) = (floats.list("t")?, floats.one("X")?);
            Self::outputs(Self::kernel(floats)?, &at, quantity).map_err(refused)
        })
    }
}
