//! Withdrawals, or sales, as a hazard that feeds on itself.
//!
//! Each depositor leaves at a rate of `nervousness x (base + a drawdown + b utilisation + c recent
//! liquidations + d recent exits)`. What is recent decays; exits count by the share of all deposits that
//! they took: a self-exciting process with marks, whose branching ratio says how many further exits one
//! exit brings.

use crate::stress::StressError;
use crate::stress::draws::{Purpose, Stream};
use crate::stress::error::{Range, check, check_all};

/// Most depositors of a run.
pub const DEPOSITORS_MAX: usize = 1_000_000;

/// How fast people leave. Rates are per hour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hazard {
    /// Whatever happens.
    pub base: f64,
    /// Times the fall of the price from its peak, a share.
    pub drawdown: f64,
    /// Times the share of deposits that is lent.
    pub utilisation: f64,
    /// Times the recent liquidations, a share of deposits.
    pub liquidations: f64,
    /// Times the recent exits, a share of first deposits.
    pub exits: f64,
    /// How fast what is recent is forgotten, per hour; above 0 if anything recent counts.
    pub decay: f64,
    /// Probability that a depositor does what the herd does instead of deciding alone. It changes no
    /// mean, only how alike people act.
    pub herding: f64,
}

/// What happens around the pool in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pressure {
    /// Fall from the peak, a share.
    pub drawdown: f64,
    /// Liquidated in the hour, a share of first deposits.
    pub liquidated: f64,
}

/// A pool and its depositors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drain {
    /// How many.
    pub depositors: usize,
    /// Deviation of the logarithm of their balances; 0 makes all equal.
    pub balance_spread: f64,
    /// Deviation of the logarithm of their nervousness, whose mean is 1.
    pub nervous_spread: f64,
    /// Share of the deposits that is lent and does not come back in time, 0 to 1.
    pub lent: f64,
    /// How fast they leave.
    pub hazard: Hazard,
}

/// One hour of a run. Amounts are shares of first deposits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hour {
    /// Asked for by who decided to leave in this hour.
    pub demanded: f64,
    /// Paid to them and to who waited.
    pub paid: f64,
    /// Still there to pay with.
    pub cash: f64,
    /// Asked for and not paid.
    pub waiting: f64,
    /// Lent, over what is still deposited; 1 when nothing is.
    pub utilisation: f64,
    /// Rate of a depositor of mean nervousness.
    pub rate: f64,
}

/// What became of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct DrainRun {
    /// By hour.
    pub hours: Vec<Hour>,
    /// Share of first deposits that left or wants to.
    pub exited: f64,
    /// The hour in which cash ran out while somebody waited.
    pub dry_at: Option<usize>,
}

impl Hazard {
    /// Whether the model has such a hazard.
    ///
    /// # Errors
    /// The field that it has not.
    pub fn validate(&self) -> Result<(), StressError> {
        for (field, value) in [
            ("base", self.base),
            ("drawdown", self.drawdown),
            ("utilisation", self.utilisation),
            ("liquidations", self.liquidations),
            ("exits", self.exits),
            ("decay", self.decay),
        ] {
            check(field, value, Range::ZeroOrMore)?;
        }
        check("herding", self.herding, Range::Share)?;
        if self.decay == 0.0 && (self.exits > 0.0 || self.liquidations > 0.0) {
            let (field, right) = ("decay", "above 0 is right where something recent counts");
            return Err(StressError::Input { field, value: self.decay, right });
        }
        Ok(())
    }

    /// Further exits that one exit brings while nearly all are still there, `exits / decay`. At 1 and
    /// above a run needs no cause.
    #[must_use]
    pub fn branching_ratio(&self) -> f64 {
        if self.exits == 0.0 { 0.0 } else { self.exits / self.decay }
    }

    /// What is left to 1.
    #[must_use]
    pub fn distance_to_critical(&self) -> f64 {
        1.0 - self.branching_ratio()
    }

    /// The rate of a depositor of mean nervousness, per hour.
    #[must_use]
    pub fn rate(&self, drawdown: f64, utilisation: f64, liquidated: f64, exited: f64) -> f64 {
        self.base
            + self.drawdown * drawdown
            + self.utilisation * utilisation
            + self.liquidations * liquidated
            + self.exits * exited
    }
}

impl Drain {
    /// Runs the pool through what happens around it, an hour an entry.
    ///
    /// # Errors
    /// The field that the model does not have.
    pub fn run(&self, path: &[Pressure], seed: u64) -> Result<DrainRun, StressError> {
        self.hazard.validate()?;
        check("balance_spread", self.balance_spread, Range::ZeroOrMore)?;
        check("nervous_spread", self.nervous_spread, Range::ZeroOrMore)?;
        check("lent", self.lent, Range::Share)?;
        check_all("drawdown", path.iter().map(|hour| hour.drawdown), Range::Share)?;
        check_all("liquidated", path.iter().map(|hour| hour.liquidated), Range::ZeroOrMore)?;
        if !(1..=DEPOSITORS_MAX).contains(&self.depositors) {
            let right = format!("1 to {DEPOSITORS_MAX} are right");
            return Err(StressError::Length { field: "depositors", found: self.depositors, right });
        }
        let mut crowd = Crowd::drawn(self, seed);
        let forgets = libm::exp(-self.hazard.decay);
        let (mut liquidated, mut exited) = (0.0, 0.0);
        let (mut staying, mut waiting, mut cash) = (1.0, 0.0, 1.0 - self.lent);
        let (mut hours, mut dry_at) = (Vec::with_capacity(path.len()), None);
        for (number, around) in path.iter().enumerate() {
            let deposited = staying + waiting;
            let utilisation = if deposited > self.lent { self.lent / deposited } else { 1.0 };
            liquidated = liquidated * forgets + around.liquidated;
            let rate = self.hazard.rate(around.drawdown, utilisation, liquidated, exited);
            let demanded = crowd.leave(number, rate, self.hazard.herding).min(staying);
            staying -= demanded;
            waiting += demanded;
            exited = exited * forgets + demanded;
            let paid = waiting.min(cash);
            cash -= paid;
            waiting -= paid;
            if waiting > 0.0 && dry_at.is_none() {
                dry_at = Some(number);
            }
            hours.push(Hour { demanded, paid, cash, waiting, utilisation, rate });
        }
        let exited = hours.iter().map(|hour| hour.demanded).sum();
        Ok(DrainRun { hours, exited, dry_at })
    }
}

/// Those who are still there.
struct Crowd {
    decisions: Stream,
    /// Balance as a share of all, and nervousness; in a fixed order.
    members: Vec<(f64, f64, bool)>,
}

impl Crowd {
    fn drawn(drain: &Drain, seed: u64) -> Crowd {
        let mut sizes = Stream::new(seed, Purpose::Depositors, 0);
        let mut nerves = Stream::new(seed, Purpose::Depositors, 1);
        let nervous = drain.nervous_spread;
        let mut members: Vec<(f64, f64, bool)> = (0..drain.depositors)
            .map(|_| {
                let balance = libm::exp(drain.balance_spread * sizes.normal());
                let nerve = libm::exp(nervous * nerves.normal() - nervous * nervous / 2.0);
                (balance, nerve, true)
            })
            .collect();
        let all: f64 = members.iter().map(|member| member.0).sum();
        members.iter_mut().for_each(|member| member.0 /= all);
        Crowd { decisions: Stream::new(seed, Purpose::Withdrawals, 0), members }
    }

    /// Who leaves in an hour; returns the share that they take. A member's draws are its own place in
    /// the stream, whoever left before.
    fn leave(&mut self, hour: usize, rate: f64, herding: f64) -> f64 {
        let places = 2 * (self.members.len() as u64 + 1);
        let first = hour as u64 * places;
        let herd = self.decisions.uniform_at(first);
        let mut left = 0.0;
        for (at, (balance, nerve, there)) in self.members.iter_mut().enumerate() {
            if !*there {
                continue;
            }
            let place = first + 2 * (at as u64 + 1);
            let follows = herding > 0.0 && self.decisions.uniform_at(place + 1) <= herding;
            let own = if follows { herd } else { self.decisions.uniform_at(place) };
            // 1 - u is below the probability exactly if u is above what is left.
            if own > libm::exp(-rate * *nerve) {
                *there = false;
                left += *balance;
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: Drain = Drain {
        depositors: 2_000,
        balance_spread: 0.0,
        nervous_spread: 0.0,
        lent: 0.5,
        hazard: Hazard {
            base: 0.01,
            drawdown: 0.0,
            utilisation: 0.0,
            liquidations: 0.0,
            exits: 0.0,
            decay: 0.5,
            herding: 0.0,
        },
    };

    fn exited(hazard: Hazard, path: &[Pressure]) -> f64 {
        Drain { hazard, ..POOL }.run(path, 5).unwrap().exited
    }

    #[test]
    fn without_feedback_people_leave_at_their_rate() {
        // After 48 hours at a hundredth, 1 - exp(-0.48) are gone; four standard errors are 4.3 %.
        let gone = exited(POOL.hazard, &[Pressure::default(); 48]);
        assert!((gone - 0.3812).abs() < 0.0434, "{gone}");
        assert_eq!(exited(Hazard { base: 0.0, ..POOL.hazard }, &[Pressure::default(); 9]), 0.0);
    }

    #[test]
    fn every_cause_makes_more_leave() {
        let stressed = [Pressure { drawdown: 0.2, liquidated: 0.01 }; 24];
        let plain = exited(POOL.hazard, &stressed);
        for hazard in [
            Hazard { drawdown: 0.2, ..POOL.hazard },
            Hazard { utilisation: 0.05, ..POOL.hazard },
            Hazard { liquidations: 1.0, ..POOL.hazard },
            Hazard { exits: 0.4, ..POOL.hazard },
        ] {
            assert!(exited(hazard, &stressed) > plain + 0.02, "{hazard:?}");
        }
    }

    #[test]
    fn exits_amplify_by_the_branching_ratio_while_few_have_left() {
        // A base so small that saturation does not matter; the mean family is 1 / (1 - n).
        let calm = Hazard { base: 2e-5, exits: 0.25, decay: 0.5, ..Hazard::default() };
        assert_eq!((calm.branching_ratio(), calm.distance_to_critical()), (0.5, 0.5));
        let total = |hazard: Hazard| {
            let pool = Drain { depositors: 20_000, hazard, ..POOL };
            (0..4)
                .map(|seed| pool.run(&[Pressure::default(); 200], seed).unwrap().exited)
                .sum::<f64>()
        };
        let ratio = total(calm) / total(Hazard { exits: 0.0, ..calm });
        // In steps of an hour what is forgotten is (1 - e^-0.5), and the next hour's rate counts whole.
        let n = 0.25 / (1.0 - libm::exp(-0.5));
        assert!((ratio * (1.0 - n) - 1.0).abs() < 0.25, "{ratio} against {}", 1.0 / (1.0 - n));
    }

    #[test]
    fn a_herd_changes_no_mean_and_spreads_it() {
        let first_hours = |herding: f64| {
            let hazard = Hazard { base: 0.1, herding, ..POOL.hazard };
            let pool = Drain { depositors: 200, hazard, ..POOL };
            let exits: Vec<f64> = (0..400)
                .map(|seed| pool.run(&[Pressure::default()], seed).unwrap().exited)
                .collect();
            let mean = exits.iter().sum::<f64>() / 400.0;
            (mean, exits.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / 400.0)
        };
        let (alone, spread_alone) = first_hours(0.0);
        let (herd, spread_herd) = first_hours(0.5);
        assert!((alone - 0.0952).abs() < 0.006 && (herd - 0.0952).abs() < 0.03, "{alone} {herd}");
        assert!(spread_herd > 10.0 * spread_alone, "{spread_herd} {spread_alone}");
    }

    #[test]
    fn a_pool_pays_no_more_than_it_has_and_says_when_it_is_dry() {
        let hazard = Hazard { base: 0.2, exits: 0.3, ..POOL.hazard };
        let pool = Drain { balance_spread: 1.5, nervous_spread: 0.7, hazard, ..POOL };
        let run = pool.run(&[Pressure::default(); 48], 1).unwrap();
        let paid: f64 = run.hours.iter().map(|hour| hour.paid).sum();
        let last = run.hours.last().unwrap();
        assert!((paid - 0.5).abs() < 1e-12 && last.cash == 0.0 && last.waiting > 0.0);
        assert!((paid + last.waiting - run.exited).abs() < 1e-12);
        assert!(run.dry_at.unwrap() > 0 && last.utilisation <= 1.0);
        assert_eq!(run, pool.run(&[Pressure::default(); 48], 1).unwrap());
        let wrong = Hazard { decay: 0.0, ..hazard };
        assert!(
            Drain { hazard: wrong, ..pool }.run(&[], 1).unwrap_err().to_string().contains("decay")
        );
        assert!(Drain { depositors: 0, ..pool }.run(&[], 1).is_err());
    }
}
