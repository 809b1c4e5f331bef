//! The surface of Gatheral and Jacquier with a power law ("Arbitrage-free SVI volatility surfaces",
//! section 4).
//!
//! ```text
//! w(k) = (theta/2)(1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2))    phi = eta theta^-gamma
//! ```

use super::{SurfaceError, Svi};
use crate::error::{OptionError, is_positive, require};

/// What the slices of a surface have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ssvi {
    rho: f64,
    eta: f64,
    gamma: f64,
}

/// The sufficient conditions of a slice without a butterfly to arbitrage (theorem 4.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SsviConditions {
    /// `theta phi (1 + |rho|)`: below 4 is right.
    pub first: f64,
    /// `theta phi^2 (1 + |rho|)`: at most 4 is right.
    pub second: f64,
}

impl SsviConditions {
    /// Whether both hold.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.first < 4.0 && self.second <= 4.0
    }
}

/// What a parameter of the power law is at most; powers stay finite.
const PARAMETER_MAX: f64 = 1e6;

/// Total variances at the money.
const THETA: std::ops::RangeInclusive<f64> = 1e-12..=1e6;

impl Ssvi {
    /// The surface with tilt `rho`, and `phi = eta theta^-gamma`.
    ///
    /// # Errors
    /// The parameter that is out of its range.
    pub fn new(rho: f64, eta: f64, gamma: f64) -> Result<Ssvi, OptionError> {
        require("rho", rho, rho.abs() < 1.0, "a number between -1 and 1 is right")?;
        let fits = is_positive(eta) && eta <= PARAMETER_MAX;
        require("eta", eta, fits, "a number above zero, at most 1e6, is right")?;
        require("gamma", gamma, (0.0..=1.0).contains(&gamma), "a number from 0 to 1 is right")?;
        Ok(Ssvi { rho, eta, gamma })
    }

    /// The parameters `rho`, `eta`, `gamma`.
    #[must_use]
    pub fn parameters(&self) -> [f64; 3] {
        [self.rho, self.eta, self.gamma]
    }

    /// The power law at total variance `theta` at the money.
    ///
    /// # Errors
    /// `theta` is no total variance.
    pub fn phi(&self, theta: f64) -> Result<f64, OptionError> {
        require("theta", theta, THETA.contains(&theta), "a variance from 1e-12 to 1e6 is right")?;
        Ok(self.eta * libm::pow(theta, -self.gamma))
    }

    /// Total variance at log moneyness `k` of the slice with `theta` at the money.
    ///
    /// # Errors
    /// `theta` is no total variance, or `k` no log moneyness.
    pub fn w(&self, theta: f64, k: f64) -> Result<f64, OptionError> {
        let phi = self.phi(theta)?;
        require("log_moneyness", k, k.abs() <= PARAMETER_MAX, "a number within 1e6 is right")?;
        let root = phi * k + self.rho;
        let root = libm::sqrt(root * root + (1.0 - self.rho * self.rho));
        Ok(0.5 * theta * (1.0 + self.rho * phi * k + root))
    }

    /// The sufficient conditions at `theta`.
    ///
    /// # Errors
    /// `theta` is no total variance.
    pub fn conditions(&self, theta: f64) -> Result<SsviConditions, OptionError> {
        let phi = self.phi(theta)?;
        let first = theta * phi * (1.0 + self.rho.abs());
        Ok(SsviConditions { first, second: first * phi })
    }

    /// The slice at `theta` in the raw form.
    ///
    /// # Errors
    /// `theta` is no total variance, or the slice no raw one.
    pub fn slice(&self, theta: f64) -> Result<Svi, OptionError> {
        let phi = self.phi(theta)?;
        let level = 1.0 - self.rho * self.rho;
        let (a, b) = (0.5 * theta * level, 0.5 * theta * phi);
        Svi::new(a, b, self.rho, -self.rho / phi, libm::sqrt(level) / phi)
    }

    /// Refuses a surface of which a slice breaks a sufficient condition.
    ///
    /// # Errors
    /// The slice's `theta` and its conditions.
    pub fn check(&self, thetas: &[f64]) -> Result<(), SurfaceError> {
        for theta in thetas.iter().copied() {
            let conditions = self.conditions(theta)?;
            if !conditions.hold() {
                let SsviConditions { first, second } = conditions;
                return Err(SurfaceError::Surface { theta, first, second });
            }
        }
        Ok(())
    }
}
