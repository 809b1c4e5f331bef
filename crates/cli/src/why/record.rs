//! What is remembered of one account while its journal goes by. Amounts are base units, values are
//! base units of the numeraire.

use breakwater_engine::grounds::Acted;
use breakwater_liquidation::auctions::AuctionFormat;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::plan::Leg;
use breakwater_liquidation::{CallState, Order, Reason, Sides};
use breakwater_margin::Health;
use breakwater_market::MarketId;
use breakwater_money::{AccountId, Amount, AssetId, Price, Time};
use std::collections::{BTreeMap, VecDeque};

/// Entries kept of each end of a list: a story of any length takes the same room.
pub const KEPT: usize = 64;

/// The first and the last of a list, and how many stand between them.
#[derive(Debug, Clone)]
pub struct Ends<T> {
    /// The first ones.
    pub first: Vec<T>,
    /// The last ones.
    pub last: VecDeque<T>,
    /// How many lie between.
    pub left_out: u64,
}

impl<T> Default for Ends<T> {
    fn default() -> Self {
        Ends { first: Vec::new(), last: VecDeque::new(), left_out: 0 }
    }
}

impl<T> Ends<T> {
    pub fn push(&mut self, entry: T) {
        if self.first.len() < KEPT {
            self.first.push(entry);
            return;
        }
        self.last.push_back(entry);
        if self.last.len() > KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    /// Those that are kept, in order.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.first.iter().chain(&self.last)
    }
}

/// A command's place and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Place in the journal, from 1.
    pub sequence: u64,
    /// When.
    pub at: Time,
}

/// An account at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Picture {
    /// Its health; none where it cannot be judged.
    pub health: Option<Health>,
    /// Collateral and debt, unweighted.
    pub sides: Sides,
}

impl Picture {
    /// What is left if all is sold at the mark and paid back: collateral less debt, or the equity
    /// of an account whose rule knows no sides.
    pub fn worth(&self) -> i128 {
        let Sides { collateral, debt } = self.sides;
        if collateral == 0 && debt == 0 {
            return self.health.map_or(0, |health| health.equity);
        }
        let signed = |value| i128::try_from(value).unwrap_or(i128::MAX);
        signed(collateral).saturating_sub(signed(debt))
    }
}

/// A price at which an account stands at its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The price, at the scale of the mark, rounded towards the side on which the account is safe.
    pub price: Price,
    /// True if the account is safe above it.
    pub safe_above: bool,
}

/// A market that matters to an account, around one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// Which.
    pub market: MarketId,
    /// The mark before.
    pub before: Option<Price>,
    /// The mark after.
    pub after: Option<Price>,
    /// The account's line just before, with the interest booked until the command.
    pub line: Option<Line>,
    /// The nearest price at which the account would not have fallen, as its rulebook says.
    pub clear: Option<Line>,
}

impl Quoted {
    /// How far the mark after is from the line, in basis points of the mark, rounded down.
    pub fn distance_bps(&self) -> Option<u128> {
        let (mark, line) = (self.after?, self.line?);
        mark.raw.abs_diff(line.price.raw).checked_mul(10_000)?.checked_div(mark.raw)
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentKind {
    /// One side of a contract pays the other.
    Funding,
    /// Interest on what is owed of an asset.
    Interest,
}

/// What the account paid, or was paid, by a call of the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// What for.
    pub kind: PaymentKind,
    /// The contract, or the asset that is owed.
    pub of: AssetId,
    /// The share of value or debt, 1e12; below zero shorts pay longs.
    pub rate_e12: i64,
    /// How much.
    pub amount: Amount,
    /// True if the account was paid.
    pub got: bool,
}

/// What pushed an account over a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The price of a market.
    Price(MarketId),
    /// Interest that accrues by itself on what it owes.
    Interest,
    /// Funding that accrues by itself on its positions.
    Funding,
    /// Funding or interest that the venue called in.
    Paid(Payment),
    /// Time alone, nothing being booked: an option is nearer to its end.
    Time,
    /// The end of a contract's session.
    Session(AssetId),
    /// A contract was delivered.
    Delivery {
        /// Which.
        contract: AssetId,
        /// At which price.
        price: Price,
    },
    /// The venue quoted another volatility.
    Volatility {
        /// Of which option.
        contract: AssetId,
        /// A year's, 1e6.
        volatility_e6: u32,
    },
    /// Its own order traded.
    Order {
        /// Number of the order.
        order: u64,
        /// At which price.
        price: Price,
    },
    /// It is a vault and took another account over.
    TookOver(AccountId),
    /// Its own call, by kind.
    Own(&'static str),
    /// A liquidator's call on it, by kind.
    Liquidation(&'static str),
    /// Somebody else's call, by kind.
    Another(&'static str),
    /// Other parameters, or another policy.
    Parameters,
    /// Its position was closed against a bankrupt account's.
    Deleveraged,
    /// It bore a share of another account's loss.
    Socialised,
    /// Nothing alone, only everything that the command brought.
    Together,
    /// It could not be judged before: a price was missing.
    FirstPrice,
}

/// The command with which an account fell below a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Which command.
    pub place: Place,
    /// Its kind.
    pub command: &'static str,
    /// The account right before.
    pub before: Picture,
    /// The account at the command.
    pub after: Picture,
    /// The markets that matter to it; the one of the tick first.
    pub markets: Vec<Quoted>,
    /// What alone would have done it.
    pub causes: Vec<Cause>,
    /// The least that would have kept the account out of breach, added to its equity or repaid of
    /// its debt; none if it is not in breach.
    pub top_up: Option<u128>,
}

/// A margin call's first time in a state, and what brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The command with which the engine said so.
    pub place: Place,
    /// Until when the owner may cure, for a call.
    pub deadline: Option<Time>,
    /// The command with which the line was crossed: the same, or an earlier one if the account had
    /// to wait to be assessed.
    pub crossing: Option<Crossing>,
}

/// Who took what was sold or seized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taker {
    /// A liquidator that is no account of the pool.
    Outside,
    /// An account of the pool.
    Account(AccountId),
    /// The pool itself.
    Pool,
    /// The market, through the venue's own order.
    Market,
    /// A bidder of an auction, by number.
    Bidder(u64),
    /// Several bidders, at one price.
    Bidders,
}

/// Bids in an auction, one line of a story however many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bids {
    /// How many stood or were sealed.
    pub count: u64,
    /// The one that pays most for a unit of the lot, of those that can be seen: what it pays, and for
    /// how much.
    pub best: Option<(Amount, Amount)>,
}

/// Who received a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// The venue's treasury.
    Treasury,
    /// The insurance fund.
    Insurance,
    /// The backstop vault.
    Vault,
    /// The pool's reserves, and with them its lenders.
    Reserves,
    /// Whoever made the call.
    Caller,
    /// An account of the pool.
    Account(AccountId),
}

/// A winner's place among those who could be deleveraged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// By score, the first being 1.
    pub place: u64,
    /// How many there were.
    pub of: u64,
    /// Its score, 1e18.
    pub score: i128,
    /// What it held of the contract, base units.
    pub held: u128,
    /// How they were chosen: only the queue goes by the score.
    pub chosen_by: Deleverage,
}

/// In which way an account bore a part of another's loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Its winning position was closed at a worse price than the mark.
    Deleveraged,
    /// By its cash in the asset.
    Cash,
    /// By what it had gained in the session.
    Session,
}

/// What was done to the account, or what it did itself once it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// A liquidator repaid debt for collateral.
    Seized {
        /// Who.
        taker: Taker,
        /// Debt repaid.
        repaid: Amount,
        /// Collateral the liquidator received.
        seized: Amount,
        /// Collateral the venue kept.
        fee: Amount,
        /// Value of what was repaid, as the rulebook gives it.
        repaid_value: u128,
        /// Value of what was seized, fee included, as the rulebook gives it.
        seized_value: u128,
    },
    /// The venue sold, or bought back for a short.
    Sold {
        /// What.
        sold: Amount,
        /// What came in, or was paid.
        proceeds: Amount,
        /// True for a short.
        buy_back: bool,
        /// True if the account paid the proceeds: a short, or a long of an inverse contract.
        pays: bool,
        /// Who bought.
        taker: Taker,
    },
    /// A lot of it was put on auction.
    AuctionOpened {
        /// Number of the auction.
        auction: u64,
        /// What is sold.
        lot: Amount,
        /// How.
        format: AuctionFormat,
        /// What it is worth at the mark.
        fair: Amount,
        /// What is to be raised at most; none for as much as possible.
        wanted: Option<Amount>,
    },
    /// What was bid until something came of it.
    Bids {
        /// In which auction.
        auction: u64,
        /// All of them.
        bids: Bids,
    },
    /// Somebody has won and owes the rest of the price.
    AuctionAwarded {
        /// Which auction.
        auction: u64,
        /// Who.
        bidder: u64,
    },
    /// A winner has not paid.
    WinnerDefaulted {
        /// Of which auction.
        auction: u64,
        /// Who.
        bidder: u64,
        /// The deposit, which the insurance fund has now.
        forfeited: Amount,
    },
    /// Nobody has bought and the auction starts again.
    AuctionRestarted {
        /// Which.
        auction: u64,
        /// Times it has.
        restarts: u32,
    },
    /// An auction is over and some of its lot was not sold.
    AuctionClosed {
        /// Which.
        auction: u64,
        /// What was not sold.
        unsold: Amount,
    },
    /// The venue ordered a sale.
    Ordered {
        /// Number of the leg.
        leg: u64,
        /// What.
        sale: Leg,
        /// Why.
        reason: Reason,
        /// The rung of the ladder that it is of, where one is climbed.
        rung: Option<Acted>,
    },
    /// Its own order was taken off: by its liquidation, or with the end of the contract.
    OrderCancelled {
        /// Number of the order.
        order: u64,
        /// What was left of it.
        left: Order,
        /// True if the contract has ended.
        ended: bool,
    },
    /// The rest of a sale was called off.
    Cancelled {
        /// Number of the leg.
        leg: u64,
        /// What was not sold.
        unsold: Amount,
    },
    /// A part of its position was closed against a winner's.
    ClosedAgainst {
        /// The winner.
        winner: AccountId,
        /// How much of which contract.
        quantity: Amount,
        /// At which price.
        price: Price,
        /// True if the account was long.
        long: bool,
    },
    /// Its winning position was closed against a bankrupt account's.
    Deleveraged {
        /// The bankrupt account.
        bankrupt: AccountId,
        /// How much of which contract.
        quantity: Amount,
        /// At which price.
        price: Price,
        /// True if the winner was long.
        long: bool,
        /// Its place among the winners.
        queued: Queued,
    },
    /// It bore a part of another account's loss.
    Bore {
        /// Whose loss.
        of: AccountId,
        /// How much.
        amount: Amount,
        /// In which way.
        share: Share,
    },
    /// A vault took it over whole, with its margin.
    TakenOver {
        /// The vault.
        vault: AccountId,
        /// Equity that went with it, base units of the numeraire.
        equity: i128,
        /// The rung of the ladder that handed it over.
        rung: Option<Acted>,
    },
    /// It is the vault and took another account over.
    TookOver {
        /// Whose.
        account: AccountId,
        /// Equity that came with it, base units of the numeraire.
        equity: i128,
    },
    /// Funding or interest after the call.
    Paid(Payment),
    /// What the venue did to a contract that it held, after the call, by kind.
    Venue(&'static str),
    /// It was short of an option that somebody used before its end.
    Assigned {
        /// Who.
        holder: AccountId,
        /// How much of it.
        quantity: Amount,
        /// At which price of the underlying.
        price: Price,
        /// What it paid.
        paid: Amount,
    },
    /// A loss on it was recognised.
    Deficit {
        /// What is missing.
        amount: Amount,
        /// Its value, as the rulebook gives it.
        value: u128,
    },
    /// Somebody bore a part of its loss.
    Borne {
        /// Who.
        bearer: Bearer,
        /// How much.
        amount: Amount,
    },
    /// Its own business after the call, by kind.
    Own(&'static str),
}

/// One step after the line was crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which command.
    pub place: Place,
    /// What.
    pub did: Did,
    /// Value of what the account gave, at the mark; zero where nothing changed hands.
    pub given_value: u128,
    /// Value of what it got for it.
    pub got_value: u128,
    /// Mark of what was given.
    pub mark: Option<Price>,
    /// Fees beside, or inside what was seized.
    pub fees: Vec<(Receiver, Amount)>,
    /// Value of the fees.
    pub fees_value: u128,
    /// The account after the command.
    pub after: Picture,
    /// Its margin call after the command.
    pub state: CallState,
}

impl Step {
    /// True for what took something off the account.
    pub fn liquidates(&self) -> bool {
        matches!(
            self.did,
            Did::Seized { .. }
                | Did::Sold { .. }
                | Did::ClosedAgainst { .. }
                | Did::TakenOver { .. }
        )
    }

    /// True for what changed hands at a price that the mark can be held against.
    pub fn trades(&self) -> bool {
        self.liquidates() || matches!(self.did, Did::Deleveraged { .. })
    }

    /// What the account lost against the mark to whoever took it, fees apart; negative for a gain.
    pub fn lost(&self) -> i128 {
        let signed = |value| i128::try_from(value).unwrap_or(i128::MAX);
        let lost = signed(self.given_value).saturating_sub(signed(self.got_value));
        match self.did {
            // What the venue keeps of a seizure is in what was given.
            Did::Seized { .. } => lost.saturating_sub(signed(self.fees_value)),
            _ => lost,
        }
    }
}

/// Sums over all steps, kept or not.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    /// Seizures, fills and closings.
    pub liquidations: u64,
    /// What was taken, by asset.
    pub given: BTreeMap<AssetId, u128>,
    /// Its value at the marks.
    pub given_value: u128,
    /// What was repaid or came in for it, by asset.
    pub got: BTreeMap<AssetId, u128>,
    /// Its value at the marks.
    pub got_value: u128,
    /// What was lost against the mark, by who took it.
    pub lost: BTreeMap<Taker, i128>,
    /// Fees.
    pub fees: BTreeMap<(Receiver, AssetId), u128>,
    /// Their value.
    pub fees_value: u128,
    /// Deficits, by asset.
    pub deficit: BTreeMap<AssetId, u128>,
    /// Their value.
    pub deficit_value: u128,
    /// Who bore the losses.
    pub borne: BTreeMap<(BearerKind, AssetId), u128>,
    /// What it bore of others' losses.
    pub bore: BTreeMap<AssetId, u128>,
    /// Its own calls since the first margin call.
    pub own: u64,
    /// Times that its winning position was closed against a bankrupt account's.
    pub deleveraged: u64,
    /// True if a vault took it over.
    pub taken_over: bool,
    /// Accounts that it took over as a vault, and the sum of their equities.
    pub took_over: (u64, i128),
}

impl Sums {
    /// What liquidation cost: all that was lost against the marks, and fees.
    pub fn lost(&self) -> i128 {
        let lost = self.lost.values().fold(0i128, |sum, lost| sum.saturating_add(*lost));
        lost.saturating_add(i128::try_from(self.fees_value).unwrap_or(i128::MAX))
    }
}

/// Kinds of bearers, without the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BearerKind {
    Insurance,
    Vault,
    Deleveraged,
    Socialised,
    Outstanding,
    Lenders,
    Borrowers,
    Winners,
}

impl From<Bearer> for BearerKind {
    fn from(bearer: Bearer) -> Self {
        match bearer {
            Bearer::Insurance => BearerKind::Insurance,
            Bearer::Vault => BearerKind::Vault,
            Bearer::Deleveraged(_) => BearerKind::Deleveraged,
            Bearer::Socialised(_) => BearerKind::Socialised,
            Bearer::Outstanding => BearerKind::Outstanding,
            Bearer::Lenders => BearerKind::Lenders,
            Bearer::Borrowers => BearerKind::Borrowers,
            Bearer::Winners => BearerKind::Winners,
        }
    }
}

/// The story of one account.
#[derive(Debug, Clone, Default)]
pub struct Story {
    /// First below the warning line.
    pub warned: Option<Moment>,
    /// First called.
    pub called: Option<Moment>,
    /// Times called.
    pub calls: u64,
    /// First step that took something.
    pub liquidated: Option<Place>,
    /// Right before the first call or the first step, whichever came first.
    pub before: Option<Picture>,
    /// After the last step that took something or booked a loss.
    pub last: Option<(Place, Picture)>,
    /// Each step.
    pub steps: Ends<Step>,
    /// Sums.
    pub sums: Sums,
    /// Funding and interest that the venue called in, over the account's whole life: what it paid
    /// less what it was paid, base units of the asset.
    pub paid: BTreeMap<(PaymentKind, AssetId), i128>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_keeps_its_ends_and_counts_the_rest() {
        let mut list = Ends::default();
        for entry in 0..2 * KEPT {
            list.push(entry);
        }
        assert_eq!((list.left_out, list.kept().count()), (0, 2 * KEPT));
        list.push(2 * KEPT);
        assert_eq!(list.left_out, 1);
        let kept: Vec<usize> = list.kept().copied().collect();
        assert_eq!((kept[KEPT - 1], kept[KEPT], kept.len()), (KEPT - 1, KEPT + 1, 2 * KEPT));
    }

    #[test]
    fn worth_is_collateral_less_debt_and_else_the_equity() {
        let health = Some(Health::unencumbered(-5));
        let lent = Picture { health, sides: Sides { collateral: 10, debt: 12 } };
        assert_eq!(lent.worth(), -2);
        assert_eq!(Picture { health, sides: Sides::default() }.worth(), -5);
        assert_eq!(Picture::default().worth(), 0);
    }
}
