//! Many trials on some threads, with one answer whatever their number.

use super::chance::Chance;
use super::estimate::{Estimate, Moments};
use super::{GameError, setting};
use std::sync::atomic::{AtomicU64, Ordering};

/// Trials whose moments are summed before they are joined with others. Blocks are joined in their own
/// order, so that rounding does not depend on which thread was faster.
const BLOCK: u64 = 256;

/// Most trials: more of them would sharpen nothing that a model like these can tell.
pub const TRIALS_MAX: u64 = 10_000_000;

/// Most threads.
pub const THREADS_MAX: u32 = 256;

/// How often, from which seed, and on how many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials {
    seed: u64,
    count: u64,
    threads: u32,
}

impl Trials {
    /// So many trials under a seed.
    ///
    /// # Errors
    /// Fewer than 2 trials or too many, no thread or too many.
    pub fn new(seed: u64, count: u64, threads: u32) -> Result<Trials, GameError> {
        setting("trials", count, (2..=TRIALS_MAX).contains(&count), "2 to 10000000")?;
        setting("threads", threads, (1..=THREADS_MAX).contains(&threads), "1 to 256")?;
        Ok(Trials { seed, count, threads })
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How many.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The same with a part of the trials, at least 2, for what takes longer than the rest.
    #[must_use]
    pub const fn one_in(self, part: u64) -> Trials {
        let count = match self.count.checked_div(part) {
            Some(count) if count > 2 => count,
            _ => 2,
        };
        Trials { count, ..self }
    }

    /// Plays every trial and estimates the mean of each of its `N` figures.
    ///
    /// # Errors
    /// The error of the first trial, by number of its block, that has one.
    pub fn run<const N: usize>(
        &self,
        play: impl Fn(Chance) -> Result<[f64; N], GameError> + Sync,
    ) -> Result<[Estimate; N], GameError> {
        let rows = self.run_wide(N, |chance, figures| {
            figures.copy_from_slice(&play(chance)?);
            Ok(())
        })?;
        let mut estimates = [Estimate::exact(0.0); N];
        estimates.iter_mut().zip(rows).for_each(|(estimate, row)| *estimate = row);
        Ok(estimates)
    }

    /// The same with as many figures as are asked for, which each trial writes into the slice given,
    /// zero before.
    ///
    /// # Errors
    /// The error of the first trial, by number of its block, that has one.
    pub fn run_wide(
        &self,
        width: usize,
        play: impl Fn(Chance, &mut [f64]) -> Result<(), GameError> + Sync,
    ) -> Result<Vec<Estimate>, GameError> {
        let blocks = self.count.div_ceil(BLOCK);
        let next = AtomicU64::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks {
                    return done;
                }
                done.push((block, self.block(block, width, &play)));
            }
        };
        let helpers = u64::from(self.threads).min(blocks).saturating_sub(1);
        let mut done = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for handle in handles {
                match handle.join() {
                    Ok(more) => done.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        });
        done.sort_unstable_by_key(|(block, _)| *block);
        let mut joined = vec![Moments::default(); width];
        for (_, moments) in done {
            joined.iter_mut().zip(moments?).for_each(|(all, part)| all.join(&part));
        }
        Ok(joined.iter().map(Moments::estimate).collect())
    }

    fn block(
        &self,
        block: u64,
        width: usize,
        play: &(impl Fn(Chance, &mut [f64]) -> Result<(), GameError> + Sync),
    ) -> Result<Vec<Moments>, GameError> {
        let first = block * BLOCK;
        let mut moments = vec![Moments::default(); width];
        let mut figures = vec![0.0; width];
        for trial in first..(first + BLOCK).min(self.count) {
            figures.fill(0.0);
            play(Chance::new(self.seed, trial), &mut figures)?;
            moments.iter_mut().zip(&figures).for_each(|(all, figure)| all.add(*figure));
        }
        Ok(moments)
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Purpose;
    use super::*;

    #[test]
    fn the_answer_does_not_depend_on_the_number_of_threads() {
        let of = |threads| {
            Trials::new(3, 2_000, threads)
                .unwrap()
                .run(|chance| {
                    let drawn = chance.normal(Purpose::Value, 0, 0);
                    Ok([drawn, drawn * drawn, 1.0])
                })
                .unwrap()
        };
        let alone = of(1);
        assert_eq!((alone[0].count, alone[2].mean), (2_000, 1.0));
        assert!(alone[0].agrees_with(0.0, 0.0) && alone[1].agrees_with(1.0, 0.0), "{alone:?}");
        for threads in [2, 3, 8] {
            assert_eq!(of(threads), alone);
        }
    }

    #[test]
    fn the_first_error_is_told_on_any_number_of_threads() {
        for threads in [1, 4] {
            let fails = Trials::new(3, 5_000, threads).unwrap().run(|chance| {
                match chance.pick(Purpose::Order, 0, 0, 2_000) {
                    0 => Err(GameError::Play("a fault".to_owned())),
                    _ => Ok([0.0]),
                }
            });
            assert_eq!(fails.unwrap_err().to_string(), "a fault");
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let told = |count, threads| Trials::new(0, count, threads).unwrap_err().to_string();
        assert_eq!(told(1, 1), "trials is 1: it must be 2 to 10000000");
        assert_eq!(told(10_000_001, 1), "trials is 10000001: it must be 2 to 10000000");
        assert_eq!(told(10, 0), "threads is 0: it must be 1 to 256");
        assert!(Trials::new(0, 2, 256).is_ok());
        assert_eq!(Trials::new(0, 9, 1).unwrap().one_in(4).count(), 2);
        assert_eq!(Trials::new(0, 90, 1).unwrap().one_in(4).count(), 22);
    }
}
