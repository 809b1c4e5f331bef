//! Many accounts in one market at once: who is sold now, how much of it, and who waits.
//!
//! Accounts in breach share the market's depth. Each selling its whole leg at once pushes the price that
//! the next one gets, and legs of opposite sides pay the spread to outsiders although they could have
//! met. A [`round`] takes the legs that are open and says, in this order:
//!
//! 1. **crosses**: opposite legs of different accounts, netted at the mark, where the mark lies in its
//!    band and neither leg's worst price is missed. One price serves both, so no value is made or lost;
//! 2. **releases**: how much of what is left goes to the market now. Together they take no more than a
//!    stated share of the depth that stands, what was consumed and has not recovered left out, and no
//!    unit goes further from the mark than the limit or past its leg's worst price;
//! 3. **waits**: the rest, each with the reason.
//!
//! **Order.** First whoever has waited as long as is allowed, the longest first; then by loss at risk for
//! each unit sold ([`loss_at_risk`]), because a unit of depth is what is given out; then by number.
//!
//! **What it promises.** Of all releases that keep the limit, the share of depth and every worst price, a
//! round's have the largest total and relieve the most loss at risk while nobody has waited too long: the
//! bounds are sums over legs whose worst price is at least so strict, a chain, so what can be released is
//! a polymatroid, over which taking in order is best (Edmonds, "Submodular functions, matroids, and
//! certain polyhedra", 1970). Where the mark stands still, fresh depth stays the same and nothing else
//! trades, all rounds together cost no more than every leg sold whole at once, before fills are rounded: the k-th
//! unit of a side meets at most k - 1 that were consumed before it, and crossed units meet none.
//! A mark that moves while legs wait is outside of that, and may make waiting dearer.
//!
//! **Nobody starves.** A leg that has waited [`Limits::wait_rounds_max`] rounds is passed by nobody who
//! came later. From then on every round in which depth stands within its worst price and the limit takes
//! at least one unit from it or from those before it, who are finitely many.
//!
//! Pure integers; it moves nothing. Hosts report crosses and releases as fills like any other.
//!
//! ```
//! use breakwater_liquidation::pooled::{self, Limits, Market, PooledLeg, Side, Standing, Step, Steps};
//! use breakwater_money::{AccountId, AssetId, Price};
//!
//! let bids = Steps::bids(&[Step { price: 9_990, quantity: 40 }, Step { price: 9_900, quantity: 60 }]).unwrap();
//! let asks = Steps::asks(&[Step { price: 10_010, quantity: 50 }]).unwrap();
//! let market = Market {
//!     asset: AssetId(1),
//!     mark: Price::new(10_000, 2),
//!     band: (Price::new(9_800, 2), Price::new(10_200, 2)),
//!     bids: Standing { depth: &bids, consumed: 0 },
//!     asks: Standing { depth: &asks, consumed: 0 },
//! };
//! let leg = |account, side, quantity, worst, loss_at_risk| PooledLeg {
//!     account: AccountId(account),
//!     asset: AssetId(1),
//!     side,
//!     quantity,
//!     worst_price: Price::new(worst, 2),
//!     loss_at_risk,
//!     waited_rounds: 0,
//! };
//! let legs = [
//!     leg(0, Side::Sell, 30, 9_000, 5),
//!     leg(1, Side::Sell, 70, 9_000, 900),
//!     leg(2, Side::Buy, 20, 11_000, 10),
//! ];
//! let limits = Limits { impact_bps: 50, participation_bps: 5_000, wait_rounds_max: 8, cross: true };
//! let round = pooled::round(&market, &legs, &limits).unwrap();
//! // Account 1 loses more by waiting: it meets the buyer, and gets half of the 40 that stand within 50 bps.
//! assert_eq!((round.crosses[0].seller, round.crosses[0].quantity), (AccountId(1), 20));
//! assert_eq!((round.releases[0].account, round.releases[0].quantity), (AccountId(1), 20));
//! assert_eq!(round.waits.iter().map(|wait| wait.quantity).sum::<u128>(), 30 + 30);
//! ```

mod crossing;
mod depth;
mod error;
mod priority;
mod releasing;
mod rounds;
#[cfg(test)]
mod tests;

pub use depth::{Asks, Bids, Quotes, Standing, Step, Steps, after_recovery};
pub use error::PooledError;
pub use priority::{Priority, loss_at_risk};
pub use rounds::{Cross, Limits, Market, PooledLeg, Release, Round, Side, Wait, Why, round};
