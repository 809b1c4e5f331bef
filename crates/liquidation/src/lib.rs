//! When, what and how much to liquidate, and who bears what is left.
//!
//! Liquidation returns plans and effects. It never touches the ledger, never reads a clock and
//! never sells: the engine commits the effects, the host sells the legs.
//!
//! A **mirror** is a venue's rule untouched, behind [`Rulebook`]; a **policy** is our guard around
//! any rulebook, in [`Policy`]. The two never mix: a rulebook does not know which policy wraps it.

pub mod auctions;
pub mod backstop;
pub mod call;
pub mod conditions;
pub mod contract;
pub mod effects;
pub mod games;
pub mod hedge_first;
pub mod ladder;
pub mod margin_call;
pub mod order;
pub mod plan;
pub mod planner;
pub mod policy;
pub mod pooled;
pub mod promise;
pub mod rejection;
pub mod rulebook;
pub mod shape;
pub mod solvency;
pub mod state;
pub mod view;

pub use auctions::{AuctionTerms, Bid, Disposal, Running};
pub use call::{Call, CallOption};
pub use conditions::{Conditions, Observed, Outlet, OutletKind, UnderWay};
pub use contract::{ContractTerms, Form, OptionTerms};
pub use effects::{Effects, Fact, Touched};
pub use hedge_first::{HedgeFill, HedgePlan, HedgeTerms, plan_hedge_first};
pub use ladder::Ladder;
pub use margin_call::{CallState, MarginCall};
pub use order::{Order, Orders};
pub use plan::{Leg, Plan, Reason};
pub use planner::{PlannerTerms, Proposal, plan_optimal, propose};
pub use policy::{Close, Policy, Seller};
pub use promise::{Kept, Promise};
pub use rejection::{Rejected, Rejection};
pub use rulebook::{Exposures, Rulebook, Sides, Unsupported};
pub use shape::{AccountShape, Reach};
pub use solvency::{AssetTotals, Gate, Solvency};
pub use state::{Layout, PoolState, StateKey};
pub use view::{AssetInfo, AssetKind, Balances, MarketInfo, Overlay, View};
