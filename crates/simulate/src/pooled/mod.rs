//! Many accounts through one fall: each liquidated alone against all by rounds.
//!
//! A crowd of long and short positions is drawn that were opened all along the path, a price falls with
//! swings, and depth that sales consume
//! recovers by a share each round. Under [`Way::Alone`] every account in breach sends its whole position at
//! once, in the order of accounts; under [`Way::Rounds`] the rounds of
//! [`breakwater_liquidation::pooled`] say who meets whom and who waits. The same draws serve both, and
//! nothing else differs. A stated share of the impact left is carried into the next mark, so that what one
//! account does to the price reaches the others.
//!
//! Prices are cents, values quantity times cents: exact. Floats propose draws; integers decide.
//!
//! ```
//! use breakwater_simulate::pooled::{CrowdSettings, Way, run};
//!
//! let settings = CrowdSettings { seed: 1, accounts: 200, size_median: 750, ..CrowdSettings::default() };
//! let alone = run(&settings, Way::Alone).unwrap();
//! let rounds = run(&settings, Way::Rounds).unwrap();
//! assert!(rounds.cost < alone.cost);
//! assert!(rounds.crossed > 0);
//! ```

mod crowd;
mod playing;
mod settings;
#[cfg(test)]
mod tests;

pub use crowd::{Member, crowd, path};
pub use playing::{Figures, run};
pub use settings::{CrowdSettings, DepthStep, Way};
