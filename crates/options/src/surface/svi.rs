//! One slice of total variance in the raw form (Gatheral, 2004).
//!
//! ```text
//! w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2))
//! g(k) = (1 - k w'/2w)^2 - (w'^2/4)(1/w + 1/4) + w''/2
//! ```
//!
//! A slice has no butterfly to arbitrage where `g` is nowhere negative and its wings are no steeper
//! than 2 (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", section 2).

use super::SurfaceError;
use crate::error::{OptionError, is_not_negative, is_positive, require};

/// Steepest a wing of total variance can be (Lee, "The moment formula for implied volatility at
/// extreme strikes", 2004).
pub const LEE_MAX: f64 = 2.0;

/// Points of the grid from -3 to 3 on which [`Svi::grid_minimum`] looks, ends included.
const GRID_POINTS: u32 = 60_001;

/// Where the grid begins, and how far apart its points are.
const GRID_FROM: f64 = -3.0;
const GRID_STEP: f64 = 1e-4;

/// Parameters that are a slice: variance is above zero everywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Svi {
    a: f64,
    b: f64,
    rho: f64,
    m: f64,
    sigma: f64,
}

/// The least of the butterfly function on the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridMinimum {
    /// Where it is; the first place if there are several.
    pub log_moneyness: f64,
    /// The butterfly function there.
    pub g: f64,
}

impl GridMinimum {
    /// Whether no density is negative on the grid.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.g >= 0.0
    }
}

impl Svi {
    /// The slice with these parameters: level, slope of the wings, their tilt, centre, and how round
    /// the bottom is.
    ///
    /// # Errors
    /// The parameter that is out of its range, or the least variance if that is not above zero.
    pub fn new(a: f64, b: f64, rho: f64, m: f64, sigma: f64) -> Result<Svi, OptionError> {
        let finite = |field, value: f64| {
            require(field, value, value.abs() <= PARAMETER_MAX, "a number within 1e6 is right")
        };
        for (field, value) in [("a", a), ("b", b), ("m", m), ("sigma", sigma)] {
            finite(field, value)?;
        }
        require("b", b, is_not_negative(b), "zero or more is right")?;
        require("rho", rho, rho.abs() < 1.0, "a number between -1 and 1 is right")?;
        require("sigma", sigma, sigma >= SIGMA_MIN, "at least 1e-9 is right")?;
        let slice = Svi { a, b, rho, m, sigma };
        let least = slice.min_variance();
        require("min_variance", least, is_positive(least), "a variance above zero is right")?;
        Ok(slice)
    }

    /// The parameters `a`, `b`, `rho`, `m`, `sigma`.
    #[must_use]
    pub fn parameters(&self) -> [f64; 5] {
        [self.a, self.b, self.rho, self.m, self.sigma]
    }

    fn root(&self, k: f64) -> (f64, f64) {
        let away = k - self.m;
        (away, libm::sqrt(away * away + self.sigma * self.sigma))
    }

    /// Total variance at log moneyness `k`.
    #[must_use]
    pub fn w(&self, k: f64) -> f64 {
        let (away, root) = self.root(k);
        self.a + self.b * (self.rho * away + root)
    }

    /// First derivative of total variance by `k`.
    #[must_use]
    pub fn first(&self, k: f64) -> f64 {
        let (away, root) = self.root(k);
        self.b * (self.rho + away / root)
    }

    /// Second derivative of total variance by `k`.
    #[must_use]
    pub fn second(&self, k: f64) -> f64 {
        let (_, root) = self.root(k);
        let share = self.sigma / root;
        self.b * share * share / root
    }

    /// The butterfly function `g`: the density of the log price, but for a factor above zero.
    #[must_use]
    pub fn butterfly(&self, k: f64) -> f64 {
        let (w, first, second) = (self.w(k), self.first(k), self.second(k));
        let slant = 1.0 - 0.5 * k * first / w;
        slant * slant - 0.25 * first * first * (1.0 / w + 0.25) + 0.5 * second
    }

    /// The least of [`Svi::butterfly`] on the grid from -3 to 3 in steps of 1e-4, ends included.
    #[must_use]
    pub fn grid_minimum(&self) -> GridMinimum {
        let mut least = GridMinimum { log_moneyness: GRID_FROM, g: f64::INFINITY };
        for index in 0..GRID_POINTS {
            let log_moneyness = GRID_FROM + f64::from(index) * GRID_STEP;
            let g = self.butterfly(log_moneyness);
            if g < least.g {
                least = GridMinimum { log_moneyness, g };
            }
        }
        least
    }

    /// Slope of the left wing, `b (1 - rho)`.
    #[must_use]
    pub fn lee_left(&self) -> f64 {
        self.b * (1.0 - self.rho)
    }

    /// Slope of the right wing, `b (1 + rho)`.
    #[must_use]
    pub fn lee_right(&self) -> f64 {
        self.b * (1.0 + self.rho)
    }

    /// Least total variance, `a + b s sqrt(1 - rho^2)`.
    #[must_use]
    pub fn min_variance(&self) -> f64 {
        self.a + self.b * self.sigma * libm::sqrt(1.0 - self.rho * self.rho)
    }

    /// Volatility a year at log moneyness `k` of an expiry in `years`.
    ///
    /// # Errors
    /// `years` or `k` is out of its range.
    pub fn volatility(&self, k: f64, years: f64) -> Result<f64, OptionError> {
        require("years", years, (1e-9..=1e3).contains(&years), "1e-9 to 1000 years is right")?;
        require("log_moneyness", k, k.abs() <= PARAMETER_MAX, "a number within 1e6 is right")?;
        Ok(libm::sqrt(self.w(k) / years))
    }

    /// Refuses a slice that can be arbitraged: a wing above the bound of Lee, or a negative density
    /// on the grid.
    ///
    /// # Errors
    /// The wing and its slope, or the place and the butterfly function there.
    pub fn check(&self) -> Result<(), SurfaceError> {
        for (wing, slope) in [("left", self.lee_left()), ("right", self.lee_right())] {
            if slope > LEE_MAX {
                return Err(SurfaceError::Wing { wing, slope });
            }
        }
        let GridMinimum { log_moneyness, g } = self.grid_minimum();
        if g < 0.0 {
            return Err(SurfaceError::Butterfly { log_moneyness, g });
        }
        Ok(())
    }
}

/// Parameters beyond this are no variance of anything; squares stay finite.
const PARAMETER_MAX: f64 = 1e6;

/// Below this the bottom of a slice is a kink.
const SIGMA_MIN: f64 = 1e-9;
