//! Games around one position: two steps where one was meant, an owner who liquidates himself, and the
//! line beyond which liquidating makes it worse.

use super::chance::Purpose;
use super::estimate::Estimate;
use super::formats;
use super::single_item::BIDDERS_MAX;
use super::trials::Trials;
use super::{GameError, setting};
use breakwater_auction::sealed::Pricing;

/// A position under a rule of fixed spread and close factor. Values in one unit of money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Value of the collateral.
    pub collateral: f64,
    /// Debt, liquidatable from the threshold's share of the collateral on.
    pub debt: f64,
    /// Share of the collateral's value that may be owed.
    pub threshold: f64,
    /// What is seized beyond what is repaid, as a share of that.
    pub spread: f64,
    /// Share of the debt that one call may repay.
    pub close_factor: f64,
}

/// The best first repayment and what it earns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Repaid in the first call.
    pub first_repay: f64,
    /// Profit of both.
    pub profit: f64,
    /// How far the best can lie from the one found.
    pub within: f64,
}

impl Position {
    fn check(&self) -> Result<(), GameError> {
        let Position { collateral, debt, threshold, spread, close_factor } = *self;
        let positive = |found: f64| found > 0.0 && found <= 1e15;
        setting("collateral", collateral, positive(collateral), "above 0 and at most 1e15")?;
        setting("debt", debt, positive(debt), "above 0 and at most 1e15")?;
        setting("threshold", threshold, threshold > 0.0 && threshold <= 1.0, "above 0, at most 1")?;
        setting("spread", spread, (0.0..=1.0).contains(&spread), "0 to 1")?;
        let fits = close_factor > 0.0 && close_factor <= 1.0;
        setting("close_factor", close_factor, fits, "above 0, at most 1")?;
        let breached = debt >= threshold * collateral;
        setting("debt", debt, breached, "at least the threshold's share of the collateral")
    }

    /// What is left after `repay`; no more is seized than there is.
    #[must_use]
    pub fn repaid(&self, repay: f64) -> Position {
        let seized = (repay * (1.0 + self.spread)).min(self.collateral);
        Position { collateral: self.collateral - seized, debt: self.debt - repay, ..*self }
    }

    /// Whether it may be liquidated: at the threshold it still may.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.debt > 0.0 && self.debt >= self.threshold * self.collateral
    }

    /// Repays at most what one call may, and tells profit and what is left; nothing where it may not.
    fn liquidate(&self, repay: f64) -> (f64, Position) {
        if !self.is_liquidatable() {
            return (0.0, *self);
        }
        let repay = repay.min(self.close_factor * self.debt);
        let left = self.repaid(repay);
        (self.collateral - left.collateral - repay, left)
    }

    /// Tries `steps` first repayments, evenly up to the close factor, each followed by the largest
    /// second one that the rule then takes.
    ///
    /// # Errors
    /// A healthy position, a quantity out of its range, or no step.
    pub fn best_of_two(&self, steps: u32) -> Result<Best, GameError> {
        self.check()?;
        setting("steps", steps, (1..=10_000_000).contains(&steps), "1 to 10000000")?;
        let within = self.close_factor * self.debt / f64::from(steps);
        let mut best = Best { first_repay: 0.0, profit: 0.0, within };
        for step in 0..=steps {
            let first_repay = within * f64::from(step);
            let (first, left) = self.liquidate(first_repay);
            let (second, _) = left.liquidate(f64::INFINITY);
            if first + second > best.profit {
                best = Best { first_repay, profit: first + second, within };
            }
        }
        Ok(best)
    }

    /// The first repayment that leaves the position at its threshold, at most what one call may:
    /// `(D - LT C) / (1 - LT (1 + LS))` (Qin, Zhou, Gamito, Jovanovic and Gervais, IMC 2021).
    #[must_use]
    pub fn to_the_threshold(&self) -> f64 {
        let cures = 1.0 - self.threshold * (1.0 + self.spread);
        let excess = self.debt - self.threshold * self.collateral;
        let most = self.close_factor * self.debt;
        if cures > 0.0 { (excess / cures).min(most) } else { most }
    }

    /// The same where a position can be liquidated once a price: the second call has to wait for a
    /// price that has not risen, and for its turn among `rivals` and the attacker himself. Plays prices
    /// of even odds. Returns the profit of the attack.
    ///
    /// # Errors
    /// As [`Position::best_of_two`], and too many rivals.
    pub fn attack_once_a_price(
        &self,
        trials: &Trials,
        first_repay: f64,
        rivals: u32,
    ) -> Result<Estimate, GameError> {
        self.check()?;
        setting("rivals", rivals, rivals <= BIDDERS_MAX, "at most 1000")?;
        let (first, left) = self.liquidate(first_repay);
        let [profit] = trials.run(|chance| {
            // A thousandth of a move, so that what is seized stays what it was.
            let moved = 1.0 + 1e-6 * chance.normal(Purpose::Price, 0, 0);
            let now = Position { collateral: left.collateral * moved, ..left };
            let own_turn = chance.pick(Purpose::Order, 0, 0, rivals + 1) == 0;
            let (second, _) = if own_turn { now.liquidate(f64::INFINITY) } else { (0.0, now) };
            Ok([first + second])
        })?;
        Ok(profit)
    }

    /// What that is worth by even odds, for a first repayment that leaves the position at its
    /// threshold: the second step at a half over the number of those who compete for it.
    #[must_use]
    pub fn expected_once_a_price(&self, first_repay: f64, rivals: u32) -> f64 {
        let second = self.close_factor * (self.debt - first_repay);
        self.spread * (first_repay + second / (2.0 * (f64::from(rivals) + 1.0)))
    }

    /// What a call of the close factor earns.
    #[must_use]
    pub fn single(&self) -> f64 {
        self.spread * self.close_factor * self.debt
    }
}

/// An owner who liquidates himself through another account keeps the bonus that somebody else would
/// get; what he must beat is everybody else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfLiquidation {
    /// The bonus, in units of the highest cost.
    pub bonus: f64,
    /// Share of the bonus that the venue keeps from whoever liquidates.
    pub venue_fee: f64,
    /// What the attempt costs him, in the same unit.
    pub cost: f64,
    /// Others who try.
    pub keepers: u32,
}

/// What an owner gains over being liquidated by somebody else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnersGain<V> {
    /// Where whoever lands first liquidates, each as likely.
    pub race: V,
    /// Where the right is auctioned at second price and everybody has a cost of his own.
    pub auction: V,
}

impl SelfLiquidation {
    fn check(&self) -> Result<(), GameError> {
        let SelfLiquidation { bonus, venue_fee, cost, keepers } = *self;
        setting("bonus", bonus, (1.0..=1e6).contains(&bonus), "1 to 1000000")?;
        setting("venue_fee", venue_fee, (0.0..=1.0).contains(&venue_fee), "0 to 1")?;
        setting("cost", cost, (0.0..=1e6).contains(&cost), "0 to 1000000")?;
        setting("keepers", keepers, (1..BIDDERS_MAX).contains(&keepers), "1 to 999")?;
        let net = bonus * (1.0 - venue_fee);
        setting("venue_fee", venue_fee, net >= 1.0, "such that the bonus after it is at least 1")
    }

    /// A race: he lands first as often as anybody, and pays for the attempt whether he does or not. An
    /// auction among `N = keepers + 1`: the rent of the winner, `1/(N+1)`, as often as he wins, `1/N`.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn expected(&self) -> Result<OwnersGain<f64>, GameError> {
        self.check()?;
        let all = f64::from(self.keepers) + 1.0;
        let net = self.bonus * (1.0 - self.venue_fee);
        Ok(OwnersGain { race: net / all - self.cost, auction: 1.0 / (all * (all + 1.0)) })
    }

    /// The same, played.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn play(&self, trials: &Trials) -> Result<OwnersGain<Estimate>, GameError> {
        self.check()?;
        let net = self.bonus * (1.0 - self.venue_fee);
        let [race, auction] = trials.run(|chance| {
            let first = chance.pick(Purpose::Order, 0, 0, self.keepers + 1) == 0;
            let race = if first { net - self.cost } else { -self.cost };
            let cost = |bidder| chance.uniform(Purpose::Cost, bidder, 0);
            let bids: Vec<f64> = (0..=self.keepers).map(|bidder| net - cost(bidder)).collect();
            let sold = formats::sealed(Pricing::Second, &bids, 0.0)?;
            let won = sold.filter(|sold| sold.bidder == 0);
            Ok([race, won.map_or(0.0, |sold| bids[0] - sold.price)])
        })?;
        Ok(OwnersGain { race, auction })
    }
}

/// The loan-to-value ratio above which a small repayment at this bonus raises the ratio, found by
/// halving over positions and not by the formula.
///
/// # Errors
/// A bonus that is not above 0 and at most 1.
pub fn toxic_frontier(bonus: f64) -> Result<f64, GameError> {
    setting("bonus", bonus, bonus > 0.0 && bonus <= 1.0, "above 0, at most 1")?;
    let worsens = |ratio: f64| {
        let position = Position {
            collateral: 1.0,
            debt: ratio,
            threshold: 0.5,
            spread: bonus,
            close_factor: 1.0,
        };
        let left = position.repaid(ratio / 4.0);
        left.debt / left.collateral > ratio
    };
    let (mut low, mut high) = (0.5, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if worsens(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::super::table::float;
    use super::*;
    use breakwater_auction::theory;
    use breakwater_money::rational::parse;

    const POSITION: Position = Position {
        collateral: 100.0,
        debt: 80.0,
        threshold: 0.75,
        spread: 0.08,
        close_factor: 0.5,
    };

    #[test]
    fn trying_every_first_step_finds_the_optimum_of_the_theory() {
        for (debt, threshold) in [("80", "3/4"), ("75.5", "3/4"), ("75", "3/4"), ("90", "0.8")] {
            let [c, d, lt] = ["100", debt, threshold].map(|text| parse(text).unwrap());
            let exact = theory::two_step(
                &theory::Position { collateral: c, debt: d.clone() },
                &lt,
                &parse("0.08").unwrap(),
                &parse("0.5").unwrap(),
            )
            .unwrap();
            let position = Position { debt: float(&d), threshold: float(&lt), ..POSITION };
            let found = position.best_of_two(20_000).unwrap();
            let (first, profit) = (float(&exact.first_repay), float(&exact.profit_two_step));
            assert!((found.first_repay - first).abs() <= found.within, "{debt}: {found:?} {first}");
            assert!(found.profit <= profit + 1e-9, "{debt}: {found:?} {profit}");
            assert!(profit - found.profit <= position.spread * found.within, "{debt}: {found:?}");
        }
    }

    #[test]
    fn once_a_price_takes_the_gain_of_two_steps_away() {
        let trials = Trials::new(3, 20_000, 2).unwrap();
        let first = POSITION.to_the_threshold();
        let best = POSITION.best_of_two(200_000).unwrap();
        assert!((best.first_repay - first).abs() <= best.within);
        assert!(best.profit > POSITION.single() * 1.3);
        for rivals in [0, 4] {
            let closed = POSITION.expected_once_a_price(first, rivals);
            let found = POSITION.attack_once_a_price(&trials, first, rivals).unwrap();
            assert!(found.agrees_with(closed, 1e-3), "{rivals}: {found:?} for {closed}");
        }
        assert!(POSITION.expected_once_a_price(first, 4) < POSITION.single());
    }

    #[test]
    fn an_owner_gains_his_share_of_the_bonus() {
        let owner = SelfLiquidation { bonus: 10.0, venue_fee: 0.1, cost: 0.2, keepers: 4 };
        let (closed, found) =
            (owner.expected().unwrap(), owner.play(&Trials::new(3, 20_000, 2).unwrap()).unwrap());
        assert!((closed.race - 1.6).abs() < 1e-12 && (closed.auction - 1.0 / 30.0).abs() < 1e-15);
        assert!(found.race.agrees_with(closed.race, 0.0), "{found:?}");
        assert!(found.auction.agrees_with(closed.auction, 1e-9), "{found:?}");
    }

    #[test]
    fn repaying_worsens_a_position_from_the_toxic_frontier_on() {
        for bonus in ["0.05", "0.08", "0.1", "0.13"] {
            let bonus = parse(bonus).unwrap();
            let exact = theory::liquidation_step(
                &theory::Position { collateral: parse("1").unwrap(), debt: parse("0.9").unwrap() },
                &bonus,
                &parse("0.1").unwrap(),
            )
            .unwrap();
            let found = toxic_frontier(float(&bonus)).unwrap();
            assert!((found - float(&exact.toxic_threshold)).abs() < 1e-9, "{found}");
        }
    }

    #[test]
    fn positions_that_cannot_be_are_named() {
        let told = |position: Position| position.best_of_two(10).unwrap_err().to_string();
        let healthy = Position { debt: 74.999, ..POSITION };
        assert!(told(healthy).starts_with("debt is 74.999: it must be at least the threshold"));
        assert!(Position { debt: 75.0, ..POSITION }.best_of_two(10).is_ok());
        assert!(told(Position { close_factor: 0.0, ..POSITION }).starts_with("close_factor is 0"));
        assert!(told(Position { spread: f64::NAN, ..POSITION }).starts_with("spread is NaN"));
        let owner = SelfLiquidation { bonus: 1.5, venue_fee: 0.5, cost: 0.0, keepers: 4 };
        assert!(owner.expected().unwrap_err().to_string().contains("after it is at least 1"));
        assert!(toxic_frontier(0.0).is_err());
    }
}
