//! A world file as it is written: TOML, every field named, unknown fields refused.
//!
//! Money is in the numeraire, shares are of one, `_bps` are basis points, and `_steps` count steps of
//! the path.

use crate::ScenarioError;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// A world file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// Name, fit for a folder.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// What the accounts have.
    #[serde(default)]
    pub kind: Kind,
    /// A rulebook's name or file; `plain` for the rule of [`crate::monte_carlo::rules`].
    #[serde(default = "plain")]
    pub rulebook: String,
    /// Paths, steps and the seed.
    pub run: RunFile,
    /// The accounts.
    pub book: BookFile,
    /// Markets by their names.
    pub markets: BTreeMap<String, MarketFile>,
    /// How prices move together.
    #[serde(default)]
    pub correlation: Option<CorrelationFile>,
    /// When accounts are liquidated and what is taken.
    #[serde(default)]
    pub rules: RulesFile,
    /// Who liquidates.
    #[serde(default)]
    pub keepers: KeepersFile,
    /// Who else sells.
    #[serde(default)]
    pub panic: Option<PanicFile>,
    /// What stands against a cascade.
    #[serde(default)]
    pub defences: DefencesFile,
    /// What is told of each run; all of it if empty.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// What is run again with other values.
    #[serde(default)]
    pub sweep: Option<SweepFile>,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, crate::scenario::Source>,
}

fn plain() -> String {
    "plain".to_owned()
}

/// What the accounts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Collateral and debt.
    #[default]
    Lending,
    /// Long and short positions of one perpetual contract.
    Perpetual,
}

/// Paths, steps and the seed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Paths.
    pub paths: u64,
    /// Of all draws.
    pub seed: u64,
    /// Steps of a path; a historical price has as many as its table if this is left out.
    #[serde(default)]
    pub steps: Option<u32>,
    /// Time of a step.
    pub step_seconds: u32,
    /// The market whose price is told; the first that moves if left out.
    #[serde(default)]
    pub driver: Option<String>,
    /// Level of value at risk and shortfall.
    #[serde(default = "ninety_nine")]
    pub level_bps: u32,
}

fn ninety_nine() -> u32 {
    9_900
}

/// The accounts: either two tables, or drawn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookFile {
    /// Positions as CSV.
    #[serde(default)]
    pub positions: Option<String>,
    /// Assets with their prices at the start.
    #[serde(default)]
    pub prices: Option<String>,
    /// Accounts drawn instead.
    #[serde(default)]
    pub drawn: Option<DrawnFile>,
    /// Most debt of all accounts together: who owes more is scaled down, collateral included.
    #[serde(default)]
    pub debt_ceiling: Option<f64>,
}

/// Accounts drawn: lognormal sizes, and a ratio that is even between two bounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnFile {
    /// How many.
    pub accounts: u32,
    /// Of the draws.
    pub seed: u64,
    /// Median value of an account's collateral, or of a position.
    pub median: f64,
    /// Deviation of its logarithm.
    pub sigma: f64,
    /// Share of an account's collateral in each market, by its name; lending only.
    #[serde(default)]
    pub collateral: BTreeMap<String, f64>,
    /// The market that is owed; lending only.
    #[serde(default)]
    pub owed: Option<String>,
    /// Least debt over collateral, or least inverse of leverage.
    pub ratio_from: f64,
    /// Most of it.
    pub ratio_to: f64,
    /// Share of positions that are long; perpetual only.
    #[serde(default)]
    pub long_share: Option<f64>,
}

/// One market: assets that move as one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    /// Assets of the book that move with it.
    #[serde(default)]
    pub assets: Vec<String>,
    /// How its price moves by itself.
    pub price: PriceFile,
    /// What sales do to it; nothing if left out.
    #[serde(default)]
    pub depth: Option<DepthFile>,
    /// In place of the incentive of `rules`.
    #[serde(default)]
    pub bonus_bps: Option<u32>,
}

/// How a price moves by itself; parameters are per step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "law")]
pub enum PriceFile {
    /// It does not.
    Fixed {},
    /// As it did: the same in every path.
    Historical {
        /// Table of bars.
        file: String,
        /// Fall of the trough that logarithmic steps are scaled to, a share.
        #[serde(default)]
        fall: Option<f64>,
    },
    /// Blocks of real steps, drawn with replacement.
    Bootstrap {
        /// Table of bars.
        file: String,
        /// Steps of a block.
        block_steps: u32,
        /// Times every logarithmic step.
        #[serde(default = "one")]
        scale: f64,
    },
    /// Normal steps.
    Gbm {
        /// Mean of the logarithmic step.
        drift: f64,
        /// Its deviation.
        volatility: f64,
    },
    /// Normal steps and jumps.
    JumpDiffusion {
        /// Mean without jumps.
        drift: f64,
        /// Deviation without jumps.
        volatility: f64,
        /// Jumps.
        jumps: JumpsFile,
    },
    /// A variance that moves.
    Heston {
        /// Mean, before half of the variance is taken off.
        drift: f64,
        /// First variance.
        variance: f64,
        /// Mean variance.
        variance_mean: f64,
        /// Return to it a step.
        reversion: f64,
        /// Volatility of the variance.
        variance_volatility: f64,
        /// Of price and variance.
        correlation: f64,
    },
    /// Jumps that bring jumps.
    Hawkes {
        /// Mean without jumps.
        drift: f64,
        /// Deviation without jumps.
        volatility: f64,
        /// Jumps that come by themselves.
        jumps: JumpsFile,
        /// Rise of the rate with each.
        excitation: f64,
        /// How fast that is forgotten.
        decay: f64,
    },
}

fn one() -> f64 {
    1.0
}

/// Jumps of the logarithm of a price.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpsFile {
    /// A step.
    pub rate: f64,
    /// Mean of one.
    pub mean: f64,
    /// Deviation of one.
    pub deviation: f64,
}

/// What sales do to a price, and how it recovers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthFile {
    /// The law.
    pub impact: ImpactName,
    /// Value of the depth, or of the volume of the square-root law, at the first price.
    pub amount: f64,
    /// Fall of the square-root law when the whole volume is sold, a share.
    #[serde(default)]
    pub scale: Option<f64>,
    /// Times the amount: for sweeps.
    #[serde(default = "one")]
    pub times: f64,
    /// Steps in which half of the impact that is not permanent is gone; none: impact stays.
    #[serde(default)]
    pub half_life_steps: Option<f64>,
    /// Share of impact that stays for ever.
    #[serde(default)]
    pub permanent: f64,
}

/// A law of impact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactName {
    /// `exp(-Q / depth)`.
    Exponential,
    /// `1 - Q / depth`.
    Linear,
    /// `1 - scale sqrt(Q / volume)`.
    SquareRoot,
}

/// How prices move together: the normals of their laws are correlated.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationFile {
    /// Markets, in the order of the matrix.
    pub markets: Vec<String>,
    /// Correlations, a row each.
    pub matrix: Vec<Vec<f64>>,
    /// What joins them.
    #[serde(default)]
    pub copula: Copula,
    /// Degrees of freedom of Student's copula, 1 to 30.
    #[serde(default)]
    pub degrees: Option<u32>,
}

/// What joins normals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copula {
    /// Nothing beyond the matrix.
    #[default]
    Gaussian,
    /// Student's: extremes come together.
    Student,
}

/// When accounts are liquidated and what is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    /// One threshold for everybody, in place of the book's own.
    #[serde(default)]
    pub threshold_bps: Option<u32>,
    /// Added to everybody's own threshold.
    #[serde(default)]
    pub threshold_shift_bps: i32,
    /// Whether borrowers keep their health when thresholds shift: debts are scaled with them.
    #[serde(default)]
    pub borrowers_follow: bool,
    /// Part of the debt that one liquidation repays.
    #[serde(default)]
    pub close_factor_bps: Option<u32>,
    /// What a liquidator gets beyond what was repaid; maintenance and fee have their own.
    #[serde(default)]
    pub bonus_bps: Option<u32>,
    /// Most rounds of one step.
    #[serde(default)]
    pub rounds_max: Option<u32>,
    /// Equity over position below which it is closed; perpetual only.
    #[serde(default)]
    pub maintenance_bps: Option<u32>,
    /// Fee on what is closed; perpetual only.
    #[serde(default)]
    pub fee_bps: Option<u32>,
}

/// Who liquidates.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepersFile {
    /// Most that all of them repay in one step; no limit if left out.
    #[serde(default)]
    pub capital_per_step: Option<f64>,
    /// Whether they leave a market alone while its price is pressed by more than the incentive.
    #[serde(default)]
    pub only_at_a_gain: bool,
}

/// Holders outside of the book who sell as the price falls: of what is left, `1 - exp(-hazard)` a
/// step, with `hazard = base + per_fall * fall + per_liquidation * share of debt liquidated in the
/// step before`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanicFile {
    /// The market they sell in.
    pub market: String,
    /// What they hold at the first price.
    pub holdings: f64,
    /// Hazard a step whatever happens.
    #[serde(default)]
    pub base: f64,
    /// Times the fall from the first price, a share.
    #[serde(default)]
    pub per_fall: f64,
    /// Times the share of the book's debt that was repaid by liquidation in the step before.
    #[serde(default)]
    pub per_liquidation: f64,
}

/// What stands against a cascade.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefencesFile {
    /// Pauses liquidations after a fast fall.
    #[serde(default)]
    pub breaker: Option<BreakerFile>,
    /// Most value that is liquidated in one step; no limit if left out.
    #[serde(default)]
    pub cap_per_step: Option<f64>,
    /// Insurance fund: bad debt up to it is covered.
    #[serde(default)]
    pub fund: f64,
}

/// A breaker.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerFile {
    /// The market it looks at.
    pub market: String,
    /// Fall from the highest price of the window.
    pub fall_bps: u32,
    /// Steps of the window.
    pub window_steps: u32,
    /// Steps without liquidations.
    pub pause_steps: u32,
}

/// What is run again with other values: every combination.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// Paths of each combination; those of the run if left out.
    #[serde(default)]
    pub paths: Option<u64>,
    /// Values by path of the field, such as `rules.bonus_bps`.
    pub keys: BTreeMap<String, Vec<Value>>,
}

/// Reads a world file.
///
/// # Errors
/// What is wrong, with its line.
pub fn read(name: &str, text: &str) -> Result<Table, ScenarioError> {
    toml::from_str(text).map_err(|error| broken(name, &error))
}

/// The file that a table makes.
///
/// # Errors
/// The first field that is unknown, missing or of another kind.
pub fn typed(name: &str, table: &Table) -> Result<WorldFile, ScenarioError> {
    Value::Table(table.clone()).try_into().map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &toml::de::Error) -> ScenarioError {
    ScenarioError::setting(name, format!("not a world: {}", error.to_string().trim_end()))
}

/// Sets one field, named by its path such as `markets.ETH.depth.times`. Tables on the way are made.
///
/// # Errors
/// A path through something that is no table, or to a table.
pub fn set(table: &mut Table, path: &str, value: Value) -> Result<(), ScenarioError> {
    let mut parts: Vec<&str> = path.split('.').collect();
    let last = parts.pop().filter(|last| !last.is_empty());
    let Some(last) = last else {
        let right = "expected a field such as rules.bonus_bps".to_owned();
        return Err(ScenarioError::setting(path, right));
    };
    let mut at = table;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().ok_or_else(|| {
            ScenarioError::setting(path, format!("'{part}' is a value, expected a table"))
        })?;
    }
    if at.get(last).is_some_and(Value::is_table) && !value.is_table() {
        return Err(ScenarioError::setting(path, "it is a table; expected one of its fields"));
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

/// A value as it is written on a command line: a number, true or false, a table in braces, or else a
/// word.
#[must_use]
pub fn value(text: &str) -> Value {
    let text = text.trim();
    match (text.parse::<i64>(), text.parse::<f64>(), text) {
        (Ok(whole), ..) => Value::Integer(whole),
        (_, Ok(number), _) if number.is_finite() => Value::Float(number),
        (_, _, "true") => Value::Boolean(true),
        (_, _, "false") => Value::Boolean(false),
        (_, _, braced) if braced.starts_with('{') => {
            let read = toml::from_str::<Table>(&format!("value = {braced}"));
            let value = read.ok().and_then(|mut table| table.remove("value"));
            value.unwrap_or_else(|| Value::String(braced.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_by_their_path_and_wrong_paths_are_refused() {
        let mut table: Table = toml::from_str("a = 1\n[b]\nc = 2").unwrap();
        set(&mut table, "b.c", value("0.5")).unwrap();
        set(&mut table, "x.y", value("true")).unwrap();
        assert_eq!(table["b"]["c"].as_float(), Some(0.5));
        assert_eq!(table["x"]["y"].as_bool(), Some(true));
        for (path, told) in [("a.b", "'a' is a value"), ("b", "it is a table"), ("b.", "expected")]
        {
            assert!(set(&mut table, path, value("1")).unwrap_err().to_string().contains(told));
        }
        assert_eq!(value("word").as_str(), Some("word"));
        set(&mut table, "b", value("{ d = 1 }")).unwrap();
        assert_eq!(table["b"]["d"].as_integer(), Some(1));
        assert_eq!(value("{ d = ").as_str(), Some("{ d ="));
        assert_eq!(value("NaN").as_str(), Some("NaN"));
    }
}
