//! Many options at once, in plain loops over columns.
//!
//! The loop has no branch and calls nothing but inlined arithmetic, so the compiler may take several
//! options a step; whether it does changes no bit, as nothing is reordered or contracted. One entry
//! gives the same bits alone as among others.

use crate::error::{NOT_NEGATIVE, OptionError, PRICE, is_not_negative, is_price};
use crate::normal::cumulative;

mod arithmetic;
mod greeks;
mod implied;

pub use greeks::{Book, GREEKS_ERROR, Values, greeks_into};
pub use implied::{IMPLIED_ERROR, Prices, Status, implied_into};

/// Inputs of undiscounted prices, one entry an option.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Forward prices.
    pub forward: &'a [f64],
    /// Strikes.
    pub strike: &'a [f64],
    /// `ln(forward / strike)`, see [`log_moneyness`](crate::log_moneyness); a few units in its last
    /// place do not matter, as the price is stationary in it.
    pub log_moneyness: &'a [f64],
    /// Volatility times the root of the years to expiry.
    pub deviation: &'a [f64],
    /// +1 for a call, -1 for a put; see [`Kind::sign`](crate::Kind::sign).
    pub sign: &'a [f64],
}

/// How far a price of [`price_into`] may be from the exact one, as a share of the larger of forward
/// and strike: 32 units in the last place.
pub const PRICE_ERROR: f64 = 32.0 * f64::EPSILON;

/// A deviation of zero is taken as this, which prices at intrinsic value without a division by zero.
const DEVIATION_MIN: f64 = 1e-300;

/// Undiscounted Black-76 prices into `prices`, within [`PRICE_ERROR`] of the exact ones.
///
/// # Errors
/// Columns of different lengths, or the first entry that no option has; `prices` is then unchanged.
pub fn price_into(columns: &Columns<'_>, prices: &mut [f64]) -> Result<(), OptionError> {
    columns.check(prices.len())?;
    let Columns { forward, strike, log_moneyness, deviation, sign } = *columns;
    let inputs = forward.iter().zip(strike).zip(log_moneyness).zip(deviation).zip(sign);
    for (price, ((((forward, strike), log), deviation), sign)) in prices.iter_mut().zip(inputs) {
        *price = undiscounted(*forward, *strike, *log, *deviation, *sign);
    }
    Ok(())
}

/// `min N(t - h) - max N(-t - h)` plus intrinsic value; see [`Black76`](crate::Black76).
#[inline]
fn undiscounted(forward: f64, strike: f64, log: f64, deviation: f64, sign: f64) -> f64 {
    let deviation = deviation.max(DEVIATION_MIN);
    let (distance, half) = (log.abs() / deviation, 0.5 * deviation);
    let (lower, higher) = (forward.min(strike), forward.max(strike));
    let out = lower * cumulative(half - distance) - higher * cumulative(-half - distance);
    (sign * (forward - strike)).max(0.0) + out.max(0.0)
}

impl Columns<'_> {
    fn check(&self, prices: usize) -> Result<(), OptionError> {
        let expected = self.forward.len();
        let lengths = [
            ("strike", self.strike.len()),
            ("log_moneyness", self.log_moneyness.len()),
            ("deviation", self.deviation.len()),
            ("sign", self.sign.len()),
            ("prices", prices),
        ];
        if let Some((field, found)) = lengths.into_iter().find(|(_, found)| *found != expected) {
            return Err(OptionError::Lengths { field, found, expected });
        }
        every("forward", self.forward, is_price, PRICE)?;
        every("strike", self.strike, is_price, PRICE)?;
        every("log_moneyness", self.log_moneyness, f64::is_finite, "a finite number is right")?;
        every("deviation", self.deviation, is_not_negative, NOT_NEGATIVE)?;
        every("sign", self.sign, |sign| sign.abs() == 1.0, "1 for a call, -1 for a put is right")
    }
}

fn every(
    field: &'static str,
    column: &[f64],
    fits: impl Fn(f64) -> bool,
    right: &'static str,
) -> Result<(), OptionError> {
    match column.iter().position(|value| !fits(*value)) {
        None => Ok(()),
        Some(index) => {
            let value = column.get(index).copied().unwrap_or_default();
            Err(OptionError::Entry { field, index, value, right })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Black76, Kind, Quote, log_moneyness};
    use proptest::prelude::*;

    fn one(kind: Kind, forward: f64, strike: f64, deviation: f64) -> f64 {
        let mut price = [f64::NAN];
        let columns = Columns {
            forward: &[forward],
            strike: &[strike],
            log_moneyness: &[log_moneyness(forward, strike)],
            deviation: &[deviation],
            sign: &[kind.sign()],
        };
        price_into(&columns, &mut price).unwrap();
        price[0]
    }

    fn careful(kind: Kind, forward: f64, strike: f64, deviation: f64) -> f64 {
        let quote = Quote { kind, forward, strike, years: 1.0, volatility: deviation, rate: 0.0 };
        Black76::new(&quote).unwrap().price_undiscounted()
    }

    #[test]
    fn the_first_entry_that_no_option_has_is_named_and_nothing_is_written() {
        let good = Columns {
            forward: &[1.0, 2.0],
            strike: &[1.0, 2.0],
            log_moneyness: &[0.0, 0.0],
            deviation: &[0.1, 0.2],
            sign: &[1.0, -1.0],
        };
        let mut prices = [7.0, 7.0];
        for (columns, message) in [
            (
                Columns { strike: &[1.0], ..good },
                "strike has 1 entries, forward has 2; one an option is right",
            ),
            (
                Columns { forward: &[1.0, f64::NAN], ..good },
                "forward[1] is NaN; a price from 1e-100 to 1e100 is right",
            ),
            (
                Columns { strike: &[0.0, 1.0], ..good },
                "strike[0] is 0.0; a price from 1e-100 to 1e100 is right",
            ),
            (
                Columns { deviation: &[0.1, -0.1], ..good },
                "deviation[1] is -0.1; a finite number of zero or more is right",
            ),
            (
                Columns { sign: &[1.0, 0.5], ..good },
                "sign[1] is 0.5; 1 for a call, -1 for a put is right",
            ),
        ] {
            assert_eq!(price_into(&columns, &mut prices).unwrap_err().to_string(), message);
            assert_eq!(prices, [7.0, 7.0]);
        }
        assert!(price_into(&good, &mut prices[..1]).is_err());
        assert!(price_into(&good, &mut prices).is_ok());
    }

    #[test]
    fn without_deviation_a_price_is_intrinsic() {
        for (kind, forward, price) in [
            (Kind::Call, 90.0, 0.0),
            (Kind::Call, 100.0, 0.0),
            (Kind::Call, 110.0, 10.0),
            (Kind::Put, 90.0, 10.0),
            (Kind::Put, 100.0, 0.0),
            (Kind::Put, 110.0, 0.0),
        ] {
            assert!((one(kind, forward, 100.0, 0.0) - price).abs() <= PRICE_ERROR * 110.0);
            assert_eq!(careful(kind, forward, 100.0, 0.0), price);
        }
    }

    proptest! {
        #[test]
        fn the_fast_price_is_the_careful_one_within_the_bound(
            call in any::<bool>(), forward in 1e-3..1e6f64, away in -9.0..9.0f64,
            deviation in prop_oneof![1e-12..1e-3f64, 1e-3..1.0f64, 1.0..40.0f64]
        ) {
            let kind = if call { Kind::Call } else { Kind::Put };
            let strike = forward * libm::exp(away * deviation.min(1.0));
            let (fast, slow) = (one(kind, forward, strike, deviation), careful(kind, forward, strike, deviation));
            // Both are within their own bound of the exact value.
            let allowed = (PRICE_ERROR + 16.0 * f64::EPSILON) * forward.max(strike);
            prop_assert!((fast - slow).abs() <= allowed, "{} {}", fast, slow);
        }

        #[test]
        fn an_option_among_others_has_the_bits_it_has_alone(
            rows in prop::collection::vec((any::<bool>(), 1.0..1e5f64, 1.0..1e5f64, 0.0..3.0f64), 0..40)
        ) {
            let column = |get: fn(&(bool, f64, f64, f64)) -> f64| -> Vec<f64> { rows.iter().map(get).collect() };
            let mut prices = vec![0.0; rows.len()];
            price_into(&Columns {
                forward: &column(|row| row.1),
                strike: &column(|row| row.2),
                log_moneyness: &column(|row| log_moneyness(row.1, row.2)),
                deviation: &column(|row| row.3),
                sign: &column(|row| if row.0 { 1.0 } else { -1.0 }),
            }, &mut prices).unwrap();
            for (price, row) in prices.iter().zip(&rows) {
                let kind = if row.0 { Kind::Call } else { Kind::Put };
                prop_assert_eq!(price.to_bits(), one(kind, row.1, row.2, row.3).to_bits());
            }
        }
    }
}
