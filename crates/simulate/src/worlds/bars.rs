//! Logarithmic steps of a price from a table of bars.

use crate::ScenarioError;
use crate::monte_carlo::error::refuse;
use crate::path::{self, FACTOR_ONE};
use crate::table::Table;

/// Reads logarithmic steps: four a bar from tables with `start_utc`, open, high, low and close, else one
/// a row from `close` or `close_cents`. Lines that begin with `#` are remarks.
///
/// # Errors
/// The first row that is wrong, or fewer than two prices.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<f64>, ScenarioError> {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix('#') {
        rest = after.split_once('\n').map_or("", |(_, after)| after);
    }
    let header: Vec<&str> = rest.lines().next().unwrap_or_default().split(',').collect();
    let prices: Vec<f64> = if header.contains(&"start_utc") {
        let points = path::read(file, rest, None)?;
        points.iter().map(|point| point.factor as f64 / FACTOR_ONE as f64).collect()
    } else {
        let column = if header.contains(&"close_cents") { "close_cents" } else { "close" };
        let table = Table::read(file, rest, &[column])?;
        let price = |row: &crate::table::Row| Ok(row.positive(column, 8)? as f64);
        table.rows.iter().map(price).collect::<Result<_, ScenarioError>>()?
    };
    if prices.len() < 2 {
        return Err(refuse(file, format!("{} prices", prices.len()), "at least two"));
    }
    Ok(prices.windows(2).map(|pair| libm::log(pair[1] / pair[0])).collect())
}

/// Scales steps so that the lowest price is `1 - fall`.
pub(super) fn deepen(steps: &mut [f64], fall: f64) -> Result<(), ScenarioError> {
    let (mut sum, mut lowest) = (0.0f64, 0.0f64);
    for step in steps.iter() {
        sum += step;
        lowest = lowest.min(sum);
    }
    if !(fall > 0.0 && fall < 1.0) {
        return Err(refuse("price.fall", fall, "above 0 and below 1"));
    }
    if lowest >= 0.0 {
        return Err(refuse("price.fall", fall, "none: this path never falls below its start"));
    }
    let times = libm::log(1.0 - fall) / lowest;
    steps.iter_mut().for_each(|step| *step *= times);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_become_steps_and_a_fall_scales_them() {
        let text = "# a remark\nminute,close_cents\n0,10000\n1,8000\n2,9000\n";
        let mut steps = read("bars", text).unwrap();
        assert!((steps[0] - libm::log(0.8)).abs() < 1e-12 && steps.len() == 2);
        deepen(&mut steps, 0.36).unwrap();
        assert!((steps[0] - libm::log(0.64)).abs() < 1e-12);
        assert!(deepen(&mut [0.1], 0.2).unwrap_err().to_string().contains("never falls"));
        assert!(deepen(&mut steps, 1.0).unwrap_err().to_string().contains("below 1"));
        let bars =
            "start_utc,open,high,low,close,gas_p60_wei\n2020-03-12T00:00:00Z,100,101,80,90,7\n";
        assert_eq!(read("bars", bars).unwrap().len(), 3);
        assert!(read("bars", "close\n1\n").unwrap_err().to_string().contains("at least two"));
        assert!(read("bars", "open\n1\n").unwrap_err().to_string().contains("no column 'close'"));
    }
}
