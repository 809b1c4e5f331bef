//! Quote ladders: what a router answered for larger and larger amounts of many pairs.
//!
//! Immediate is the whole amount at its quote. Sliced is equal parts with time between them, where
//! what was sold before is still missing by half after a half-life that the caller states: no ladder
//! can show one.

use crate::ScenarioError;
use breakwater_market::quote_ladder::FRACTION_ONE;
use breakwater_market::{Depth, LadderPoint, QuoteLadder};
use breakwater_money::Price;
use std::collections::BTreeMap;

/// Columns that are read; others may stand beside them.
const COLUMNS: [&str; 4] = ["src", "dst", "in_amount", "price_impact"];
/// Amounts are kept at this many significant steps of the largest, so that pairs of any decimals fit.
const AMOUNT_STEPS: f64 = 1e15;
/// Quote units of the whole ladder: costs come out to a millionth of a basis point.
const MARK_DECIMALS: u8 = 9;

/// One pair's ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairLadder {
    /// The asset sold.
    pub source: String,
    /// The asset received.
    pub target: String,
    /// Number of quotes.
    pub quotes: usize,
    ladder: QuoteLadder,
}

/// How a sale is sliced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slicing {
    /// Number of equal parts.
    pub slices: u32,
    /// Time between two, seconds.
    pub gap_seconds: f64,
    /// Half-life of what was sold, seconds.
    pub half_life_seconds: f64,
}

/// What a share of a pair's ladder costs, in basis points of the smallest amount's price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LadderCost {
    /// The share, in hundredths.
    pub percent: u32,
    /// All at once.
    pub immediate_bps: f64,
    /// In slices.
    pub sliced_bps: f64,
}

/// Reads quotes and builds one ladder a pair, pairs in the order of their names.
///
/// Of quotes of the same amount the best counts; what no quote improves on is left to the ladder's
/// hull. A quote whose impact is 1 fetched nothing and says no more than the one before it.
///
/// # Errors
/// The file, the line, the field, its value and what would be right.
pub fn read(name: &str, text: &str) -> Result<Vec<PairLadder>, ScenarioError> {
    let fail =
        |line: u64, reason: String| ScenarioError::Row { file: name.to_owned(), line, reason };
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| fail(1, error.to_string()))?.clone();
    let mut places = [0usize; 4];
    for (column, place) in COLUMNS.iter().zip(&mut places) {
        *place = header.iter().position(|own| own == *column).ok_or_else(|| {
            let found = header.iter().collect::<Vec<_>>().join(",");
            fail(1, format!("no column '{column}'; found {found}"))
        })?;
    }
    let mut pairs: BTreeMap<(String, String), Vec<(f64, f64)>> = BTreeMap::new();
    for (record, line) in reader.records().zip(2u64..) {
        let record = record.map_err(|error| fail(line, error.to_string()))?;
        let [source, target, amount, impact] = places.map(|at| record.get(at).unwrap_or(""));
        let number = |field: &str, text: &str, low: f64, high: f64, right: &str| {
            let value = text.trim().parse::<f64>().ok().filter(|v| (low..=high).contains(v));
            value.ok_or_else(|| fail(line, format!("{field} is '{text}'; expected {right}")))
        };
        let amount = number("in_amount", amount, f64::MIN_POSITIVE, 1e60, "a number above 0")?;
        let impact = number("price_impact", impact, -1.0, 1.0, "a fraction from -1 to 1")?;
        if source.is_empty() || target.is_empty() {
            return Err(fail(line, "src or dst is empty; expected the two assets".to_owned()));
        }
        pairs.entry((source.to_owned(), target.to_owned())).or_default().push((amount, impact));
    }
    if pairs.is_empty() {
        return Err(fail(2, "no rows; expected at least one".to_owned()));
    }
    pairs.into_iter().map(|(pair, quotes)| ladder(name, pair, quotes)).collect()
}

fn ladder(
    name: &str,
    (source, target): (String, String),
    mut quotes: Vec<(f64, f64)>,
) -> Result<PairLadder, ScenarioError> {
    let count = quotes.len();
    quotes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let most = quotes.last().map_or(1.0, |quote| quote.0);
    let mut points: Vec<LadderPoint> = Vec::with_capacity(count);
    for (amount, impact) in quotes {
        // Floats propose the grid; the ladder itself is whole numbers.
        let amount = libm::rint(amount / most * AMOUNT_STEPS) as u128;
        let fraction = libm::rint((1.0 - impact) * FRACTION_ONE as f64) as u64;
        let after = points.last().is_none_or(|last| amount > last.amount);
        if fraction > 0 && after {
            points.push(LadderPoint { amount, fraction });
        }
    }
    let ladder = QuoteLadder::new(&points, 0, MARK_DECIMALS).map_err(|error| {
        ScenarioError::setting(format!("{name}: {source} to {target}"), error.to_string())
    })?;
    Ok(PairLadder { source, target, quotes: count, ladder })
}

impl PairLadder {
    /// What `percent` hundredths of the largest amount cost at once and in slices. Zero is the price
    /// of the first hull corner, so that a ladder's own first impact is no cost.
    ///
    /// # Errors
    /// A share above 100 or of nothing, no slices, or times that are no numbers above 0.
    pub fn cost(&self, percent: u32, slicing: &Slicing) -> Result<LadderCost, ScenarioError> {
        let refuse = |field: &str, right: &str| {
            Err(ScenarioError::setting(field, format!("expected {right}")))
        };
        if !(1..=100).contains(&percent) {
            return refuse("share", "1 to 100 % of the ladder");
        }
        let times = [slicing.gap_seconds, slicing.half_life_seconds];
        if slicing.slices == 0 || times.iter().any(|t| !(t.is_finite() && *t > 0.0)) {
            return refuse("slices", "1 or more, and a gap and a half-life above 0 s");
        }
        let depth_error = |error: breakwater_market::DepthError| {
            ScenarioError::setting(format!("{} to {}", self.source, self.target), error.to_string())
        };
        let depth = self.ladder.at(Price::new(1, 0)).map_err(depth_error)?;
        let all = depth.capacity() * u128::from(percent) / 100;
        let first = self.ladder.hull_amounts().next().unwrap_or(1).max(1);
        let best = depth.out(first).map_err(depth_error)? as f64 / first as f64;
        let bps = |sold: u128, out: u128| (1.0 - out as f64 / sold as f64 / best) * 1e4;
        let immediate = depth.out(all).map_err(depth_error)?;
        let missing = libm::exp2(-slicing.gap_seconds / slicing.half_life_seconds);
        let (mut consumed, mut out, mut sold) = (0u128, 0u128, 0u128);
        for slice in 1..=u128::from(slicing.slices) {
            let part = all * slice / u128::from(slicing.slices) - sold;
            out += depth.sell_after(consumed, part).map_err(depth_error)?.out;
            sold += part;
            // What is missing is at most what was sold, so it stays within the ladder.
            consumed = libm::floor((consumed + part) as f64 * missing) as u128;
        }
        Ok(LadderCost { percent, immediate_bps: bps(all, immediate), sliced_bps: bps(sold, out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "time,src,dst,in_amount,out_amount,price,price_impact\n\
        t,a,b,1e20,0,0,0.0\nt,a,b,2e20,0,0,0.01\nt,a,b,1e21,0,0,0.1\nt,c,d,5,0,0,0.5\n";

    fn slicing(slices: u32, gap_seconds: f64) -> Slicing {
        Slicing { slices, gap_seconds, half_life_seconds: 1.0 }
    }

    #[test]
    fn slices_cost_less_the_longer_they_wait_and_one_slice_costs_all_at_once() {
        let pairs = read("q.csv", TEXT).unwrap();
        let cost = |slices, gap| pairs[0].cost(100, &slicing(slices, gap)).unwrap();
        let once = cost(1, 1.0);
        assert!((once.immediate_bps - 1_000.0).abs() < 1e-3, "{once:?}");
        assert!((once.immediate_bps - once.sliced_bps).abs() < 1e-6);
        let (near, far) = (cost(10, 0.5).sliced_bps, cost(10, 5.0).sliced_bps);
        assert!(once.sliced_bps > near && near > far && far >= 0.0, "{near} {far}");
    }

    #[test]
    fn a_bad_quote_is_refused_with_line_field_and_value() {
        for (row, expected) in [
            ("t,a,b,-1,0,0,0.0", "in_amount is '-1'; expected a number above 0"),
            ("t,a,b,nan,0,0,0.0", "in_amount is 'nan'"),
            ("t,a,b,1,0,0,7", "price_impact is '7'; expected a fraction"),
            ("t,,b,1,0,0,0", "src or dst is empty"),
        ] {
            let told = read("q.csv", &format!("{TEXT}{row}\n")).unwrap_err().to_string();
            assert!(told.starts_with("q.csv, line 6: ") && told.contains(expected), "{told}");
        }
        let told = read("q.csv", "a,b\n1,2\n").unwrap_err().to_string();
        assert!(told.contains("no column 'src'"), "{told}");
    }
}
