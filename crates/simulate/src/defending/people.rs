//! Who is in the pool, and the price path, drawn before anything happens.

use super::draws::{Draws, Purpose};
use super::settings::RunSettings;

/// One who lends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Depositor {
    /// Base units of what is lent.
    pub deposit: u128,
    /// Times the hazard; 1 in the mean.
    pub nervous: f64,
    /// How far what is believed of the share that has left is off.
    pub belief: f64,
}

/// One who borrows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Borrower {
    /// Base units of collateral.
    pub collateral: u128,
    /// Base units of what is lent.
    pub debt: u128,
}

/// Everything drawn of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct People {
    /// In order of account.
    pub depositors: Vec<Depositor>,
    /// After them.
    pub borrowers: Vec<Borrower>,
    /// Price at each step if nobody sold, with the shock.
    pub shocked: Vec<f64>,
    /// The same without the shock.
    pub calm: Vec<f64>,
    /// Draws of what is decided on the way.
    pub draws: Draws,
}

/// Base units to a whole unit.
pub const ONE_DEBT: f64 = 1e6;
/// Base units of collateral to a whole unit.
pub const ONE_COLLATERAL: f64 = 1e18;

impl People {
    /// Draws them.
    pub fn drawn(run: &RunSettings, seed: u64, path: u32) -> People {
        let draws = Draws::new(seed, path);
        let book = &run.book;
        let nervous = run.panic.nervous_spread;
        let noise = run.panic.threshold.map_or(0.0, |threshold| threshold.noise);
        let depositors: Vec<Depositor> = (0..u64::from(book.depositors))
            .map(|at| {
                let spread = book.deposit_spread * draws.normal(Purpose::Deposits, at);
                let whole = book.deposit_median * libm::exp(spread);
                let nerve = nervous * draws.normal(Purpose::Nerves, at) - nervous * nervous / 2.0;
                Depositor {
                    deposit: (whole * ONE_DEBT) as u128 + 10,
                    nervous: libm::exp(nerve),
                    belief: noise * draws.normal(Purpose::Beliefs, at),
                }
            })
            .collect();
        let lent = depositors.iter().map(|d| d.deposit as f64).sum::<f64>() * book.lent_share;
        let weight = |at: u64| libm::exp(book.loan_spread * draws.normal(Purpose::Loans, at));
        let all: f64 = (0..u64::from(book.borrowers)).map(weight).sum();
        let borrowers = (0..u64::from(book.borrowers))
            .map(|at| {
                let debt = lent * weight(at) / all;
                let width = book.loan_to_value_most - book.loan_to_value_least;
                // Even, and apart from the places that sizes take.
                let even = draws.uniform(Purpose::Loans, u64::MAX - at);
                let ratio = book.loan_to_value_least + width * even;
                let collateral = debt / ONE_DEBT / (ratio * run.market.price) * ONE_COLLATERAL;
                Borrower { collateral: collateral as u128 + 1, debt: debt as u128 }
            })
            .collect();
        let (shocked, calm) = prices(run, draws);
        People { depositors, borrowers, shocked, calm, draws }
    }
}

/// The price without sales, with and without the shock.
fn prices(run: &RunSettings, draws: Draws) -> (Vec<f64>, Vec<f64>) {
    let deviation = run.market.volatility_day * libm::sqrt(run.step_hours() / 24.0);
    let mut log = libm::log(run.market.price);
    let calm: Vec<f64> = (0..run.steps)
        .map(|step| {
            if step > 0 {
                let z = draws.normal(Purpose::Prices, step.into());
                log += deviation * z - deviation * deviation / 2.0;
            }
            libm::exp(log)
        })
        .collect();
    let shock = &run.shock;
    let fall = libm::log(1.0 - shock.fall);
    let shocked = (0..run.steps).zip(&calm).map(|(step, price)| {
        let done = step.saturating_sub(shock.at_step).min(shock.over_steps);
        price * libm::exp(fall * f64::from(done) / f64::from(shock.over_steps))
    });
    (shocked.collect(), calm)
}
