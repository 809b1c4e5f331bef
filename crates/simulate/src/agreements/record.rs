//! What happened, as data for a page and for other programs.

use breakwater_agreement::support::machine::Settlement;
use breakwater_money::Time;
use serde_json::Value;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Collateral was called for.
    Call,
    /// Collateral was called back.
    Recall,
    /// A call was disputed.
    Dispute,
    /// Collateral arrived.
    Delivery,
    /// Collateral went back.
    Return,
    /// Collateral was replaced.
    Substitution,
    /// A contract paid, or interest was paid.
    Payment,
    /// Something did not arrive.
    Failure,
    /// A default.
    Default,
    /// Transactions were closed out.
    CloseOut,
    /// Collateral was sold.
    Sale,
    /// A guarantor paid.
    Guarantee,
    /// The agreement ended.
    End,
}

impl What {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            What::Call => "call",
            What::Recall => "recall",
            What::Dispute => "dispute",
            What::Delivery => "delivery",
            What::Return => "return",
            What::Substitution => "substitution",
            What::Payment => "payment",
            What::Failure => "failure",
            What::Default => "default",
            What::CloseOut => "close-out",
            What::Sale => "sale",
            What::Guarantee => "guarantee",
            What::End => "end",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Time,
    /// Under which agreement, by place.
    pub agreement: usize,
    /// What.
    pub what: What,
    /// Who did it, or failed to.
    pub party: String,
    /// How much, in cents, where it has an amount.
    pub cents: Option<u128>,
    /// In a sentence.
    pub told: String,
}

/// Where an agreement stands on a day, after valuing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// When.
    pub at: Time,
    /// Under which agreement, by place.
    pub agreement: usize,
    /// What B would owe A, in cents; for initial margin the margin amount of B.
    pub exposure: i128,
    /// What A has posted counts for, in cents, rounded down.
    pub posted_a: u128,
    /// What B has posted counts for.
    pub posted_b: u128,
}

/// A stretch of time in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From.
    pub from: Time,
    /// Until.
    pub until: Time,
    /// In which state.
    pub stand: Stand,
}

/// How an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Nothing is open.
    Quiet,
    /// Calls are open.
    Called,
    /// Something is late.
    Late,
    /// In default, being closed out or sold.
    Closing,
}

/// One agreement's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Id of the agreement.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its states, one after the other.
    pub spans: Vec<Span>,
    /// How it was settled, if it was.
    pub settlement: Option<Settlement>,
}

/// A sale of posted collateral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleRow {
    /// When.
    pub at: Time,
    /// Under which agreement, by place.
    pub agreement: usize,
    /// Planned or by auction.
    pub way: &'static str,
    /// What.
    pub asset: &'static str,
    /// Raw quantity and its decimals.
    pub quantity: (u128, u8),
    /// What came in, in cents.
    pub cents: u128,
    /// The mark of then, cents for a whole unit.
    pub mark: u128,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// First instant.
    pub from: Time,
    /// Last instant.
    pub to: Time,
    /// One an agreement.
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub happenings: Vec<Happening>,
    /// In order of time.
    pub days: Vec<Day>,
    /// In order of time.
    pub sales: Vec<SaleRow>,
    /// Every message of every agreement, in order of time.
    pub messages: Vec<Value>,
    /// Prices of share and coin at every valuation, in cents.
    pub prices: Vec<(Time, u128, u128)>,
    /// What guarantors paid, in cents.
    pub guaranteed: u128,
    /// Hours that were played, and hours after which everything was counted and was there.
    pub hours: (u64, u64),
    /// Commands the engines took that sold collateral.
    pub commands: u64,
}

impl Record {
    /// Whether after every hour all there was was there, and every agreement's own accounts balanced.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.hours.0 == self.hours.1
    }
}
