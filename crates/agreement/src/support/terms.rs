//! A margin agreement: who posts what to whom, when, and what follows when it does not arrive.

use super::formula::{Approach, Form, Limit, Step};
use super::timing::Timing;
use breakwater_money::Rational;

/// One of the two parties; in arrays, `A` is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The first party.
    A,
    /// The second party.
    B,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Side; 2] = [Side::A, Side::B];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }

    /// Its place in arrays of two.
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Side::A => 0,
            Side::B => 1,
        }
    }

    /// The name files give it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Side::A => "a",
            Side::B => "b",
        }
    }
}

/// What the agreement says about one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// Whether it ever posts; a one-way agreement has one that does not.
    pub posts: bool,
    /// Exposure it need not cover.
    pub threshold: Limit,
    /// Independent amount that applies to it (1994), whatever the exposure.
    pub independent_amount: Rational,
    /// Less than this it neither delivers nor gives back.
    pub minimum_transfer: Rational,
    /// Rounding of what it delivers.
    pub delivery: Step,
    /// Rounding of what it gives back.
    pub returning: Step,
}

/// What kind of thing is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money.
    Cash,
    /// A bond.
    Bond,
    /// A share or a fund.
    Equity,
    /// A coin.
    Coin,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Cash, Kind::Bond, Kind::Equity, Kind::Coin];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Cash => "cash",
            Kind::Bond => "bond",
            Kind::Equity => "equity",
            Kind::Coin => "coin",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One row of the collateral schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible {
    /// What is posted.
    pub asset: String,
    /// Of which kind.
    pub kind: Kind,
    /// Decimals of its quantities.
    pub decimals: u8,
    /// Currency in which it is denominated.
    pub currency: String,
    /// Haircut as a fraction of one.
    pub haircut: Rational,
    /// Haircut if its currency is not the base currency; applies where stated.
    pub fx_haircut: Rational,
    /// Any further haircut.
    pub additional_haircut: Rational,
    /// Yearly rate on posted cash, simple; nothing for other kinds.
    pub interest: Rational,
}

impl Eligible {
    /// What one unit of value counts for.
    #[must_use]
    pub fn counts(&self) -> Rational {
        let one = breakwater_money::rational::from_raw(1, 0);
        one - &self.haircut - &self.fx_haircut - &self.additional_haircut
    }
}

/// What happens to a dispute that is not settled in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// The figure of the valuation agent stands: the disputed part is due.
    ValuationAgent,
    /// The figure of who disputed stands: nothing more is due.
    Responder,
    /// Half of it is due.
    Midpoint,
}

impl Unresolved {
    /// Every rule.
    pub const ALL: [Unresolved; 3] =
        [Unresolved::ValuationAgent, Unresolved::Responder, Unresolved::Midpoint];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Unresolved::ValuationAgent => "valuation-agent",
            Unresolved::Responder => "responder",
            Unresolved::Midpoint => "midpoint",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Unresolved> {
        Unresolved::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// An event of default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Collateral, a return or a payment did not arrive within the grace period.
    FailureToTransfer,
    /// The party cannot pay its debts.
    Insolvency,
    /// It is in default under another agreement.
    CrossDefault,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 3] = [Cause::FailureToTransfer, Cause::Insolvency, Cause::CrossDefault];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cause::FailureToTransfer => "failure-to-transfer",
            Cause::Insolvency => "insolvency",
            Cause::CrossDefault => "cross-default",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// What falls to zero for a party in default, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZeroOnDefault {
    /// The minimum transfer amount does. It does under the annexes.
    pub minimum_transfer: bool,
    /// The threshold does too.
    pub threshold: bool,
    /// A failure within its grace period counts already.
    pub potential_events: bool,
}

/// Who decides that a failure is a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declaration {
    /// The end of the grace period.
    Automatic,
    /// The other party, by the end of a wait; if it says nothing, the default is declared.
    ElseDeclared,
    /// Likewise; if it says nothing, the failure is waived.
    ElseWaived,
}

impl Declaration {
    /// Every rule.
    pub const ALL: [Declaration; 3] =
        [Declaration::Automatic, Declaration::ElseDeclared, Declaration::ElseWaived];

    /// The name files give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Declaration::Automatic => "automatic",
            Declaration::ElseDeclared => "asked-else-declared",
            Declaration::ElseWaived => "asked-else-waived",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Declaration> {
        Declaration::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Where posted collateral lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custody {
    /// With the secured party, which may use it: what it does not give back when it defaults is a
    /// claim.
    SecuredParty,
    /// With a third party: it goes back to the pledgor when the secured party defaults.
    Segregated,
}

/// How posted collateral is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposal {
    /// Into the market by a plan.
    Planner,
    /// By auction.
    Auction,
}

/// What happens to collateral that was not sold in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsold {
    /// The secured party keeps as much as covers its claim, at the last price less haircuts.
    Appropriate,
    /// It goes back to the pledgor.
    Return,
}

/// What follows from a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDefault {
    /// What falls to zero.
    pub zero: ZeroOnDefault,
    /// Who says that it is one.
    pub declaration: Declaration,
    /// Which events count; failure to transfer always does.
    pub causes: Vec<Cause>,
    /// How collateral is sold.
    pub disposal: Disposal,
    /// What happens to the rest.
    pub unsold: Unsold,
    /// Where collateral lies.
    pub custody: Custody,
    /// A third party that bears what is left open, and up to how much.
    pub guarantee: Option<Guarantee>,
}

/// A guarantor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// Its name.
    pub provider: String,
    /// It pays no more than this, in minor units of the base currency.
    pub limit: u128,
}

/// A margin agreement between two parties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its name in messages.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Which annex it follows.
    pub form: Form,
    /// Currency of every amount.
    pub currency: String,
    /// Decimals of that currency; amounts that move are whole minor units.
    pub decimals: u8,
    /// The parties.
    pub parties: [Party; 2],
    /// How initial margin is put together; used by the form of 2018 only.
    pub approach: Approach,
    /// What may be posted, in the order in which it is posted and returned.
    pub collateral: Vec<Eligible>,
    /// When what is due.
    pub timing: Timing,
    /// Disputes that nobody settles.
    pub unresolved: Unresolved,
    /// Whether collateral may be replaced only with consent.
    pub substitution_consent: bool,
    /// Days in a year for interest: 360 or 365.
    pub interest_year: u32,
    /// Defaults and after.
    pub on_default: OnDefault,
}

impl Agreement {
    /// What the agreement says about `side`.
    #[must_use]
    pub fn party(&self, side: Side) -> &Party {
        &self.parties[side.place()]
    }

    /// Place of `asset` in the schedule.
    #[must_use]
    pub fn place_of(&self, asset: &str) -> Option<usize> {
        self.collateral.iter().position(|row| row.asset == asset)
    }
}
