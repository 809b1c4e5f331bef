//! The answer as a table.

use super::answer::{Answer, OptionJson, TotalJson};
use crate::figures::{counted, grouped};
use crate::screen::Paint;

/// Most rows printed; JSON and CSV have all.
const ROWS_MAX: usize = 20;

/// The text.
pub fn of(answer: &Answer, paint: Paint) -> String {
    match (&answer.book, answer.options.as_slice()) {
        (None, [option]) => single(option, paint),
        _ => table(answer, paint),
    }
}

/// Six significant digits, thousands grouped; an exponent where that says nothing.
fn shown(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let places = (0..9).find(|places| size * 10f64.powi(*places) >= 99_999.5).unwrap_or(9);
    let text = format!("{value:.*}", places.unsigned_abs() as usize);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    grouped(text)
}

fn percent(share: f64) -> String {
    format!("{} %", shown(share * 100.0))
}

fn single(option: &OptionJson, paint: Paint) -> String {
    let shape = &option.shown;
    let base = if option.spot.is_some() { "spot" } else { "forward" };
    let mut text = format!(
        "{}  {base} {}, {} years, volatility {}, settled in {}\n",
        paint.strong(&format!("{} {} at {}", option.style, option.kind, shown(shape.strike))),
        shown(shape.base),
        shown(shape.years),
        percent(shape.volatility),
        option.settlement,
    );
    let names = match option.settlement {
        "coin" => [
            ("price", "in coin"),
            ("delta", "coins of exposure, net of the price"),
            ("gamma", "second derivative of the price in coin by the forward"),
            ("vega", "for 100 points of volatility"),
            ("theta", "a year of calendar time"),
            ("rho", "for 100 points of rate"),
        ],
        _ => [
            ("price", "now, discounted"),
            ("delta", "by what it is written on"),
            ("gamma", "of delta by the same"),
            ("vega", "for 100 points of volatility"),
            ("theta", "a year of calendar time"),
            ("rho", "for 100 points of rate"),
        ],
    };
    for ((name, what), value) in names.into_iter().zip(shape.values) {
        text.push_str(&format!("{name:<8}{:>16}  {what}\n", shown(value)));
    }
    if let Some([bid, ask]) = shape.sides {
        for (name, side) in [("bid", bid), ("ask", ask)] {
            if let Some(side) = side {
                text.push_str(&format!("{name:<8}{:>16}  volatility\n", percent(side)));
            }
        }
    }
    if option.exercise_now == Some(true) {
        text.push_str("exercise it now: keeping it is worth no more\n");
    }
    if option.implied.as_ref().is_some_and(|found| found.ill_conditioned) {
        text.push_str(ILL_CONDITIONED);
    }
    text
}

const ILL_CONDITIONED: &str = "~ the price hardly depends on volatility here: quote the other kind at \
                               this strike\n";

fn table(answer: &Answer, paint: Paint) -> String {
    let count = u64::try_from(answer.options.len()).unwrap_or(u64::MAX);
    let mut text = format!("{}\n", counted(count, "option", "options"));
    text.push_str(&paint.strong(&format!(
        "{:<14}{:<5}{:>11}{:>8}{:>9}{:>12}{:>9}{:>10}{:>11}{:>11}\n",
        "id", "kind", "strike", "years", "vol %", "price", "delta", "gamma", "vega", "theta"
    )));
    for option in answer.options.iter().take(ROWS_MAX) {
        text.push_str(&line(option));
    }
    if let Some(more) = answer.options.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("and {more} more: --json and --csv have them\n"));
    }
    if answer.options.iter().any(is_ill) {
        text.push_str(ILL_CONDITIONED);
    }
    for total in &answer.totals {
        text.push_str(&sum(total, paint));
    }
    text
}

fn is_ill(option: &OptionJson) -> bool {
    option.implied.as_ref().is_some_and(|found| found.ill_conditioned)
}

/// Six significant digits are too many for a column.
fn cell(value: f64, digits: i32) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e8).contains(&size) {
        return format!("{value:.1e}");
    }
    let places = (0..8).find(|places| size * 10f64.powi(*places) >= 10f64.powi(digits - 1));
    grouped(&format!("{value:.*}", places.unwrap_or(8).unsigned_abs() as usize))
}

fn line(option: &OptionJson) -> String {
    let shape = &option.shown;
    let [price, delta, gamma, vega, theta, _] = shape.values;
    let mark = if is_ill(option) { "~" } else { "" };
    let id: String = option.id.chars().take(13).collect();
    format!(
        "{id:<14}{:<5}{:>11}{:>8}{:>9}{:>12}{:>9}{:>10}{:>11}{:>11}\n",
        option.kind,
        cell(shape.strike, 6),
        cell(shape.years, 4),
        format!("{mark}{}", cell(shape.volatility * 100.0, 5)),
        cell(price, 6),
        cell(delta, 4),
        cell(gamma, 4),
        cell(vega, 5),
        cell(theta, 5),
    )
}

fn sum(total: &TotalJson, paint: Paint) -> String {
    let [price, delta, gamma, vega, theta, rho] = total.values.map(shown);
    let of = match total.underlying.as_str() {
        "" => String::new(),
        name => format!(" of {name}"),
    };
    let title = format!("total{of} in {}, quantities counted", total.settlement);
    let values = format!("value {price}, delta {delta}, gamma {gamma}");
    format!("{}\n  {values}\n  vega {vega}, theta {theta}, rho {rho}\n", paint.strong(&title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_fit() {
        let all = [(0.0, "0"), (1_234_567.8, "1,234,568"), (0.123_456_78, "0.123457")];
        for (value, text) in all.into_iter().chain([(12.5, "12.5"), (-3e-9, "-3.000e-9")]) {
            assert_eq!(shown(value), text);
        }
        assert_eq!(cell(60_000.0, 6), "60,000.0");
        assert_eq!(cell(0.000_01, 4), "1.0e-5");
    }
}
