//! Volatilities of one expiry that contradict each other, whatever the model.

use super::SurfaceError;
use crate::error::{PRICE, is_price, require};
use crate::{Black76, Kind, Quote};

/// Refuses volatilities of which a call at a higher strike costs more, a call spread costs more than its
/// width, or the price at a strike lies above the line between its neighbours. `smile` is strikes with
/// volatilities, in order of strike; a strike that is there again is held against its first volatility.
/// Prices are compared up to the error of pricing.
///
/// # Errors
/// An input that no option has, one strike with two volatilities, or the strikes and prices between
/// which something costs less than nothing.
pub fn check_prices(forward: f64, years: f64, smile: &[(f64, f64)]) -> Result<(), SurfaceError> {
    require("forward", forward, is_price(forward), PRICE)?;
    let mut calls: Vec<(f64, f64, f64)> = Vec::with_capacity(smile.len());
    let mut slack = 0.0;
    for (strike, volatility) in smile.iter().copied() {
        let (kind, rate) = (Kind::Call, 0.0);
        let option = Black76::new(&Quote { kind, forward, strike, years, volatility, rate })?;
        match calls.last() {
            Some(last) if last.0 == strike => {
                let same = last.2 == volatility;
                require("volatility", volatility, same, "one volatility a strike is right")?;
                continue;
            }
            Some(last) => require("strike", strike, strike > last.0, "strikes in order are right")?,
            None => {}
        }
        slack = 4.0 * option.price_error().max(slack);
        calls.push((strike, option.price_undiscounted(), volatility));
    }
    for pair in calls.windows(2) {
        let [(low, dear, _), (high, cheap, _)] = *pair else { continue };
        let falls = dear - cheap;
        if falls < -slack || falls > high - low + slack {
            return Err(SurfaceError::Spread { strikes: (low, high), calls: (dear, cheap) });
        }
    }
    for three in calls.windows(3) {
        let [(low, left, _), (strike, call, _), (high, right, _)] = *three else { continue };
        let share = (strike - low) / (high - low);
        let line = left + share * (right - left);
        if call > line + slack {
            return Err(SurfaceError::Convexity { strike, call, line });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_prices;

    #[test]
    fn a_smile_that_pays_for_nothing_is_refused_where_it_does() {
        let fair = [(80.0, 0.36), (90.0, 0.32), (100.0, 0.3), (110.0, 0.31), (120.0, 0.33)];
        assert_eq!(check_prices(100.0, 0.25, &fair), Ok(()));
        let hump = [(98.0, 0.9), (102.0, 0.2)];
        let refused = check_prices(100.0, 0.25, &hump).unwrap_err().to_string();
        assert!(refused.starts_with("spread: calls at"), "{refused}");
        let bump = [(90.0, 0.3), (100.0, 0.45), (110.0, 0.3)];
        let refused = check_prices(100.0, 0.25, &bump).unwrap_err().to_string();
        assert!(refused.starts_with("butterfly: the call at 100.0 costs"), "{refused}");
        let twice = [(90.0, 0.3), (90.0, 0.31)];
        let refused = check_prices(100.0, 0.25, &twice).unwrap_err().to_string();
        assert_eq!(refused, "volatility is 0.31; one volatility a strike is right");
        assert!(
            check_prices(100.0, 0.25, &[(90.0, -0.3)])
                .unwrap_err()
                .to_string()
                .starts_with("volatility")
        );
        assert_eq!(check_prices(100.0, 0.25, &[]), Ok(()));
    }
}
