//! What the engine can be told.

use breakwater_liquidation::{AssetKind, Bid, Call, Conditions, Gate, Order, Policy};
use breakwater_market::{Guard, MarketId, Tick};
use breakwater_money::{AssetId, Price, Time};
use serde::{Deserialize, Serialize};

/// One command with its time. Time never goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// When, by whoever orders the commands.
    pub at: Time,
    /// What.
    pub body: Body,
}

/// What to do.
#[allow(clippy::large_enum_variant)] // A policy is large, and as rare as an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A new asset; its number is the count of assets before it.
    DefineAsset {
        /// Unique name.
        symbol: String,
        /// Base units are ten to minus this.
        decimals: u8,
        /// What it is.
        kind: AssetKind,
    },
    /// A new market; its number is the count of markets before it. One asset has one market.
    DefineMarket {
        /// Unique name.
        symbol: String,
        /// What it prices.
        asset: AssetId,
        /// What its ticks must satisfy.
        guard: Guard,
        /// Share of slack against other markets; only proportions matter, at least 1.
        volatility_weight: u32,
    },
    /// Installs a rulebook with a policy around it, or replaces the parameters of the one there.
    InstallRulebook {
        /// Name under which the host plugged it in.
        rule: String,
        /// Its parameters, whole, so that the journal alone can rebuild it.
        parameters: String,
        /// Blake3 of the parameters: what was reviewed is what is installed.
        hash: [u8; 32],
        /// Our guards around it.
        policy: Policy,
    },
    /// A new account; its number is the count of accounts before it.
    OpenAccount {
        /// Whose, for reports. Not unique: an owner may have several margin accounts.
        owner: String,
    },
    /// Business on the rulebook: deposits, borrowing, trades, liquidators' calls.
    Call(Call),
    /// Money for the insurance fund, from outside.
    FundInsurance {
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// A price.
    Tick(Tick),
    /// Time goes on without a price: deadlines pass, interest accrues.
    AdvanceTime,
    /// A sale that the engine ordered came back.
    ReportFill {
        /// Number of the leg, from its order.
        leg: u64,
        /// How much was sold, or bought back.
        quantity: u128,
        /// What came in, or was paid.
        proceeds: u128,
        /// True if the market has no more for this leg now.
        done: bool,
    },
    /// Somebody bids in an auction that the engine has opened.
    Bid {
        /// Number of its leg.
        auction: u64,
        /// Who, by a number of the host's.
        bidder: u64,
        /// What.
        bid: Bid,
    },
    /// An order waits in a market from now on; its number is the count of orders before it.
    PlaceOrder {
        /// Whose, what and at which worst price.
        order: Order,
    },
    /// What is left of an order is taken off.
    CancelOrder {
        /// Its number.
        order: u64,
    },
    /// The market filled an order, or a part of it: matching is somebody else's.
    FillOrder {
        /// Its number.
        order: u64,
        /// How much.
        quantity: u128,
        /// At which price.
        price: Price,
        /// The order on the other side, if it is one of the pool's.
        against: Option<u64>,
    },
    /// Entropy for choices that a venue makes by chance, from outside so that a replay makes the
    /// same ones.
    Entropy {
        /// The bits.
        bits: u64,
    },
    /// Stops or resumes liquidation and new risk. Topping up and repaying stay possible.
    Halt {
        /// True to stop.
        on: bool,
    },
    /// The operator opens, freezes or pauses one asset.
    SetGate {
        /// Which.
        asset: AssetId,
        /// What may be done with it from now on.
        gate: Gate,
    },
    /// The insurance fund pays for losses that lie with nobody yet, as far as it and they reach.
    CoverDeficit {
        /// In which asset.
        asset: AssetId,
        /// How much at most.
        amount: u128,
    },
    /// What a sale into a market would meet: plans are made over it until the next observation.
    ObserveMarket {
        /// Which.
        market: MarketId,
        /// Outlets, volatility, recovery, and when it was so.
        conditions: Conditions,
        /// Correlations of returns with other markets, millionths, in place of those known before;
        /// zero forgets one.
        correlations: Vec<(MarketId, i32)>,
    },
}

impl Body {
    /// Kind of the command, for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Body::DefineAsset { .. } => "define asset",
            Body::DefineMarket { .. } => "define market",
            Body::InstallRulebook { .. } => "install rulebook",
            Body::OpenAccount { .. } => "open account",
            Body::Call(call) => call.kind(),
            Body::FundInsurance { .. } => "fund insurance",
            Body::Tick(_) => "tick",
            Body::AdvanceTime => "advance time",
            Body::ReportFill { .. } => "report fill",
            Body::Bid { .. } => "bid",
            Body::PlaceOrder { .. } => "place order",
            Body::CancelOrder { .. } => "cancel order",
            Body::FillOrder { .. } => "fill order",
            Body::Entropy { .. } => "entropy",
            Body::Halt { .. } => "halt",
            Body::SetGate { .. } => "set gate",
            Body::CoverDeficit { .. } => "cover deficit",
            Body::ObserveMarket { .. } => "observe market",
        }
    }
}
