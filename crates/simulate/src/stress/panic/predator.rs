//! Somebody who sees the liquidation queue, sells with it, and buys back.
//!
//! After Brunnermeier and Pedersen, "Predatory Trading" (Journal of Finance 60, 2005): other traders
//! sell beside one in distress and buy back afterwards, so that the price overshoots and the sale
//! fetches less. The impact here is exponential, so that a round trip alone earns nothing: whatever
//! the predator earns, forced sales paid.

use crate::stress::StressError;
use crate::stress::cascade::rounds::play;
use crate::stress::cascade::{Impact, Market, Position, Terms};
use crate::stress::error::{Range, check, check_all};

/// Rounds after which a cascade that does not end is refused.
const ROUNDS_MAX: usize = 100_000;

/// The predator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predator {
    /// Most units that it is short at any time.
    pub units: f64,
}

/// A cascade beside a predator.
#[derive(Debug, Clone, PartialEq)]
pub struct PredatorRun {
    /// Lowest price.
    pub trough: f64,
    /// Price after the predator has bought back.
    pub terminal: f64,
    /// `(terminal - trough) / terminal`: how far the price went beyond where it ends.
    pub overshoot: f64,
    /// What the predator earned.
    pub profit: f64,
    /// Units it sold, and bought back.
    pub sold: f64,
    /// Accounts taken, counted each time.
    pub liquidations: usize,
    /// Units seized from accounts.
    pub seized: f64,
    /// Debt beyond collateral at the terminal price.
    pub bad_debt: f64,
    /// Accounts at the end.
    pub positions: Vec<Position>,
}

impl Predator {
    /// Plays a shock. In each round it sells just what brings the next account over its line, if it can;
    /// while liquidations run it waits. When nobody is in reach any more it buys back.
    ///
    /// # Errors
    /// A field that the model does not have.
    pub fn hunt(
        &self,
        positions: &[Position],
        terms: &Terms,
        price: f64,
        depth: f64,
        shock: f64,
    ) -> Result<PredatorRun, StressError> {
        check("units", self.units, Range::ZeroOrMore)?;
        check("shock", 1.0 - shock, Range::AboveZero)?;
        terms.validate()?;
        check_all("collateral", positions.iter().map(|p| p.collateral), Range::ZeroOrMore)?;
        check_all("debt", positions.iter().map(|p| p.debt), Range::ZeroOrMore)?;
        let mut market = Market::new(price * (1.0 - shock), Impact::Exponential { depth })?;
        let mut positions = positions.to_vec();
        let (mut sold, mut proceeds) = (0.0, 0.0);
        let (mut liquidations, mut seized, mut trough) = (0, 0.0, market.price());
        let mut rounds = 0;
        loop {
            if let Some(round) = play(&mut positions, terms, &mut market) {
                liquidations += round.accounts;
                seized += round.seized;
                trough = trough.min(round.price);
            } else if let Some(units) = next(&positions, terms, market.price(), depth)
                .filter(|units| sold + units <= self.units)
            {
                let before = market.price();
                let after = market.sell(units);
                // The integral of the price over the sale.
                proceeds += depth * (before - after);
                sold += units;
                trough = trough.min(after);
            } else {
                break;
            }
            rounds += 1;
            if rounds > ROUNDS_MAX {
                let right = "a share that ends within 100,000 rounds is right";
                let (field, value) = ("close_factor", terms.close_factor);
                return Err(StressError::Input { field, value, right });
            }
        }
        let low = market.price();
        let terminal = market.buy(sold).unwrap_or(low);
        let bad_debt = positions.iter().map(|position| position.uncovered(terminal)).sum();
        let overshoot = if terminal > 0.0 { (terminal - trough) / terminal } else { 0.0 };
        let profit = proceeds - depth * (terminal - low);
        Ok(PredatorRun {
            trough,
            terminal,
            overshoot,
            profit,
            sold,
            liquidations,
            seized,
            bad_debt,
            positions,
        })
    }
}

/// Units that bring the account nearest to its line over it: none if no account has both.
fn next(positions: &[Position], terms: &Terms, price: f64, depth: f64) -> Option<f64> {
    let line = |p: &Position| p.debt / (p.collateral * terms.threshold);
    let with_both = positions.iter().filter(|p| p.collateral > 0.0 && p.debt > 0.0);
    let nearest = with_both.map(line).filter(|line| line.is_finite()).fold(0.0, f64::max);
    // Strictly below it, by more than rounding.
    let target = nearest * (1.0 - 1e-9);
    (nearest > 0.0 && target < price).then(|| depth * libm::log(price / target))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { threshold: 0.8, close_factor: 0.5, bonus: 0.05 };

    fn book() -> Vec<Position> {
        (0..40u32)
            .map(|at| Position { collateral: 10.0, debt: 5.0 + 0.07 * f64::from(at) })
            .collect()
    }

    fn hunt(units: f64, shock: f64) -> PredatorRun {
        Predator { units }.hunt(&book(), &TERMS, 1.0, 800.0, shock).unwrap()
    }

    #[test]
    fn a_predator_lowers_the_trough_and_overshoots() {
        let alone = hunt(0.0, 0.05);
        assert_eq!((alone.overshoot, alone.profit, alone.sold), (0.0, 0.0, 0.0));
        let mut before = alone.clone();
        for units in [20.0, 60.0, 120.0] {
            let hunted = hunt(units, 0.05);
            assert!(hunted.trough < before.trough, "{units}");
            assert!(hunted.liquidations >= before.liquidations && hunted.seized > before.seized);
            assert!(hunted.overshoot > before.overshoot && hunted.profit > before.profit);
            assert!(hunted.terminal < alone.terminal && hunted.sold <= units);
            before = hunted;
        }
    }

    #[test]
    fn a_predator_with_nobody_in_reach_does_nothing() {
        let safe = [Position { collateral: 10.0, debt: 1.0 }];
        let hunter = Predator { units: 5.0 };
        let run = hunter.hunt(&safe, &TERMS, 1.0, 800.0, 0.0).unwrap();
        assert_eq!((run.profit, run.sold, run.liquidations, run.terminal), (0.0, 0.0, 0, 1.0));
        assert!(hunter.hunt(&safe, &TERMS, 1.0, 800.0, 1.0).is_err());
        assert!(Predator { units: -1.0 }.hunt(&safe, &TERMS, 1.0, 800.0, 0.0).is_err());
    }
}
