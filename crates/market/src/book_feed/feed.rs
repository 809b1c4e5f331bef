//! The book and what a row does to it.

use super::dense::DenseLevels;
use super::fault::{FaultCounts, FeedFault, Strictness};
use super::levels::{FeedLevel, Levels};
use crate::band_depth::BookSide;

/// Differences kept while no snapshot has come: a minute of the busiest feed known here.
const KEPT_MAX: usize = 1 << 18;

/// What a row says. Prices and quantities are raw, at the feed's decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedEvent {
    /// A level holds this now. An update has as many of them as levels changed, all of one number.
    Difference {
        /// Number of the update.
        update_id: u64,
        /// Number of the update before it, where the feed names it: only then can a gap be seen.
        previous_id: Option<u64>,
        /// Side of the level.
        side: BookSide,
        /// Its price.
        price: u64,
        /// What it holds; zero takes it away.
        quantity: u64,
    },
    /// One of the two best quotes; they come in pairs of one number, the bid first.
    BestQuote {
        /// Number of the update it belongs to.
        update_id: u64,
        /// Its side.
        side: BookSide,
        /// Its price.
        price: u64,
        /// What it holds.
        quantity: u64,
    },
    /// A trade.
    Trade {
        /// Its number; consecutive.
        trade_id: u64,
        /// The side that it ate into.
        eaten: BookSide,
        /// Its price.
        price: u64,
        /// Its quantity.
        quantity: u64,
    },
    /// A level of a snapshot. All rows of one number that follow each other are one snapshot.
    Snapshot {
        /// The last update that it holds.
        update_id: u64,
        /// Side of the level.
        side: BookSide,
        /// Its price.
        price: u64,
        /// What it holds.
        quantity: u64,
    },
}

/// A row of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRow {
    /// When it was received, nanoseconds; rows stand in this order.
    pub at_nanos: u64,
    /// What it says.
    pub event: FeedEvent,
}

/// What a row did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A level changed, or was said again.
    Level {
        /// Its side.
        side: BookSide,
        /// Its price.
        price: u64,
        /// What it held.
        before: u64,
        /// What it holds.
        after: u64,
    },
    /// A snapshot began: the book was cleared first.
    Cleared,
    /// Best quotes are newer.
    Quoted,
    /// A trade was counted.
    Traded,
    /// Kept until a snapshot comes.
    Kept,
    /// Left out: the book is newer, or a fault was flagged.
    Dropped,
}

/// Both best quotes of one update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestQuotes {
    /// Its number.
    pub update_id: u64,
    /// The best bid.
    pub bid: FeedLevel,
    /// The best ask.
    pub ask: FeedLevel,
}

/// What was traded so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traded {
    /// Number of trades.
    pub count: u64,
    /// Sum of their quantities.
    pub quantity: u128,
    /// Of that, what was sold into the bids.
    pub sold: u128,
    /// Sum of quantity times raw price.
    pub value: u128,
}

/// A difference that waits for a snapshot.
#[derive(Debug, Clone, Copy)]
struct Kept {
    update_id: u64,
    side: BookSide,
    price: u64,
    quantity: u64,
}

/// Where the book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No snapshot has come.
    Waiting,
    /// A snapshot of this number is being read.
    Reading(u64),
    /// It is at this update; `of_update` if that is a difference rather than the snapshot.
    At { update_id: u64, of_update: bool },
}

/// A book that follows a feed. See the module.
#[derive(Debug, Clone)]
pub struct BookFeed<L: Levels = DenseLevels> {
    bids: L,
    asks: L,
    strictness: Strictness,
    stage: Stage,
    whole: bool,
    kept: Vec<Kept>,
    half_quote: Option<(u64, FeedLevel)>,
    quotes: Option<BestQuotes>,
    traded: Traded,
    last_trade: Option<u64>,
    last_nanos: u64,
    faults: FaultCounts,
}

/// Keys rise as prices get better, on either side.
const fn key(side: BookSide, price: u64) -> u64 {
    match side {
        BookSide::Bids => price,
        BookSide::Asks => u64::MAX - price,
    }
}

impl<L: Levels> BookFeed<L> {
    /// A book that waits for its snapshot.
    #[must_use]
    pub fn new(strictness: Strictness) -> Self {
        BookFeed {
            bids: L::default(),
            asks: L::default(),
            strictness,
            stage: Stage::Waiting,
            whole: false,
            kept: Vec::new(),
            half_quote: None,
            quotes: None,
            traded: Traded::default(),
            last_trade: None,
            last_nanos: 0,
            faults: FaultCounts::default(),
        }
    }

    /// Takes a row.
    ///
    /// # Errors
    /// With [`Strictness::Refuse`], the fault; the row changes nothing.
    pub fn apply(&mut self, row: &FeedRow) -> Result<Effect, FeedFault> {
        if row.at_nanos < self.last_nanos {
            self.fault(FeedFault::TimeBackwards { at: row.at_nanos, last: self.last_nanos })?;
        }
        let (FeedEvent::Difference { side, price, .. }
        | FeedEvent::BestQuote { side, price, .. }
        | FeedEvent::Trade { eaten: side, price, .. }
        | FeedEvent::Snapshot { side, price, .. }) = row.event;
        if price == 0 {
            return self.fault(FeedFault::PriceZero { side });
        }
        let effect = match row.event {
            FeedEvent::Difference { update_id, previous_id, side, price, quantity } => {
                self.difference(Kept { update_id, side, price, quantity }, previous_id)
            }
            FeedEvent::BestQuote { update_id, side, price, quantity } => {
                self.quote(update_id, side, FeedLevel { price, quantity })
            }
            FeedEvent::Trade { trade_id, eaten, price, quantity } => {
                self.trade(trade_id, eaten, price, quantity)
            }
            FeedEvent::Snapshot { update_id, side, price, quantity } => {
                self.snapshot(Kept { update_id, side, price, quantity })
            }
        }?;
        self.last_nanos = self.last_nanos.max(row.at_nanos);
        Ok(effect)
    }

    /// Ends the last update: what begins with the next row otherwise is done now.
    ///
    /// # Errors
    /// With [`Strictness::Refuse`], the book is crossed.
    pub fn finish(&mut self) -> Result<(), FeedFault> {
        self.end_snapshot();
        self.check_crossed()
    }

    /// Counts the fault, or gives it back.
    fn fault(&mut self, fault: FeedFault) -> Result<Effect, FeedFault> {
        match self.strictness {
            Strictness::Refuse => Err(fault),
            Strictness::Flag => {
                self.faults.count(&fault);
                Ok(Effect::Dropped)
            }
        }
    }

    fn difference(&mut self, said: Kept, previous: Option<u64>) -> Result<Effect, FeedFault> {
        self.end_snapshot();
        let (last, of_update) = match self.stage {
            Stage::At { update_id, of_update } => (update_id, of_update),
            _ if self.kept.len() >= KEPT_MAX => {
                return self.fault(FeedFault::NoSnapshot { kept: self.kept.len() });
            }
            _ => {
                self.kept.push(said);
                return Ok(Effect::Kept);
            }
        };
        if said.update_id <= last && !of_update {
            return Ok(Effect::Dropped);
        }
        if said.update_id < last {
            return self.fault(FeedFault::OutOfOrder { update_id: said.update_id, last });
        }
        if said.update_id > last {
            self.check_crossed()?;
            // The first update after a snapshot may span it: it names one before the snapshot.
            if let Some(previous) = previous.filter(|at| *at > last || (of_update && *at < last)) {
                self.fault(FeedFault::Gap { update_id: said.update_id, previous, last })?;
                self.whole = false;
            }
            self.stage = Stage::At { update_id: said.update_id, of_update: true };
        }
        let before = self.set(said);
        let Kept { side, price, quantity: after, .. } = said;
        Ok(Effect::Level { side, price, before, after })
    }

    fn snapshot(&mut self, said: Kept) -> Result<Effect, FeedFault> {
        let effect = match self.stage {
            Stage::Reading(id) if id == said.update_id => {
                let before = self.set(said);
                let Kept { side, price, quantity: after, .. } = said;
                return Ok(Effect::Level { side, price, before, after });
            }
            Stage::Reading(last) | Stage::At { update_id: last, .. } if said.update_id <= last => {
                return self.fault(FeedFault::SnapshotOld { update_id: said.update_id, last });
            }
            _ => Effect::Cleared,
        };
        self.end_snapshot();
        self.check_crossed()?;
        self.bids.clear();
        self.asks.clear();
        self.stage = Stage::Reading(said.update_id);
        self.whole = true;
        self.set(said);
        Ok(effect)
    }

    /// After the last row of a snapshot, what was kept and is newer is applied.
    fn end_snapshot(&mut self) {
        let Stage::Reading(id) = self.stage else { return };
        let kept = std::mem::take(&mut self.kept);
        // They stand as they arrived; the highest number is where the book is.
        let mut last = id;
        for said in kept.into_iter().filter(|said| said.update_id > id) {
            self.set(said);
            last = last.max(said.update_id);
        }
        self.stage = Stage::At { update_id: last, of_update: last > id };
    }

    fn set(&mut self, said: Kept) -> u64 {
        self.side_mut(said.side).set(key(said.side, said.price), said.quantity)
    }

    fn check_crossed(&mut self) -> Result<(), FeedFault> {
        let Stage::At { update_id, .. } = self.stage else { return Ok(()) };
        match (self.best(BookSide::Bids), self.best(BookSide::Asks)) {
            (Some(bid), Some(ask)) if bid.price >= ask.price => {
                let (bid, ask) = (bid.price, ask.price);
                self.fault(FeedFault::Crossed { update_id, bid, ask }).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn quote(&mut self, id: u64, side: BookSide, level: FeedLevel) -> Result<Effect, FeedFault> {
        self.end_snapshot();
        if side == BookSide::Bids {
            self.half_quote = Some((id, level));
            return Ok(Effect::Kept);
        }
        let Some((_, bid)) = self.half_quote.filter(|(half, _)| *half == id) else {
            return Ok(Effect::Dropped);
        };
        if bid.price >= level.price {
            let (bid, ask) = (bid.price, level.price);
            return self.fault(FeedFault::QuotesCrossed { update_id: id, bid, ask });
        }
        if self.quotes.is_some_and(|last| id < last.update_id) {
            return Ok(Effect::Dropped);
        }
        self.quotes = Some(BestQuotes { update_id: id, bid, ask: level });
        Ok(Effect::Quoted)
    }

    fn trade(
        &mut self,
        id: u64,
        eaten: BookSide,
        price: u64,
        quantity: u64,
    ) -> Result<Effect, FeedFault> {
        if let Some(last) = self.last_trade {
            if id <= last {
                return self.fault(FeedFault::TradeRepeated { trade_id: id, last });
            }
            if id - last > 1 {
                self.fault(FeedFault::TradeGap { trade_id: id, last })?;
            }
        }
        self.last_trade = Some(id);
        // Sums of products of 64 bits: 2^64 trades of the largest kind would be needed to overflow.
        let traded = &mut self.traded;
        traded.count += 1;
        traded.quantity += u128::from(quantity);
        traded.value = traded.value.saturating_add(u128::from(quantity) * u128::from(price));
        if eaten == BookSide::Bids {
            traded.sold += u128::from(quantity);
        }
        Ok(Effect::Traded)
    }

    fn side_mut(&mut self, side: BookSide) -> &mut L {
        match side {
            BookSide::Bids => &mut self.bids,
            BookSide::Asks => &mut self.asks,
        }
    }

    fn side(&self, side: BookSide) -> &L {
        match side {
            BookSide::Bids => &self.bids,
            BookSide::Asks => &self.asks,
        }
    }

    /// Whether a snapshot has come and no update is known to be missing since.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Number of the last update in the book; none before a snapshot.
    #[must_use]
    pub fn update_id(&self) -> Option<u64> {
        match self.stage {
            Stage::Waiting => None,
            Stage::Reading(update_id) | Stage::At { update_id, .. } => Some(update_id),
        }
    }

    /// The best level of the book, whatever quotes say.
    #[must_use]
    pub fn best(&self, side: BookSide) -> Option<FeedLevel> {
        let (at, quantity) = self.side(side).best()?;
        Some(FeedLevel { price: key(side, at), quantity })
    }

    /// What the book holds at a price; zero if nothing.
    #[must_use]
    pub fn quantity(&self, side: BookSide, price: u64) -> u64 {
        self.side(side).quantity(key(side, price))
    }

    /// Number of levels of a side.
    #[must_use]
    pub fn count(&self, side: BookSide) -> usize {
        self.side(side).count()
    }

    /// The levels of the book, best first, whatever quotes say.
    pub fn levels(&self, side: BookSide) -> impl Iterator<Item = FeedLevel> {
        let side_of = self.side(side);
        let first = side_of.best();
        let all = std::iter::successors(first, move |(at, _)| side_of.below(*at));
        all.map(move |(at, quantity)| FeedLevel { price: key(side, at), quantity })
    }

    /// The last pair of best quotes.
    #[must_use]
    pub fn quotes(&self) -> Option<BestQuotes> {
        self.quotes
    }

    /// The levels of a side as of the newest row, best first: those of the book, and where the best
    /// quotes are of a later update than the book, nothing better than the quote, and the quote's
    /// quantity at its price.
    pub fn visible(&self, side: BookSide) -> impl Iterator<Item = FeedLevel> {
        let newer =
            self.quotes.filter(|quotes| self.update_id().is_some_and(|at| quotes.update_id > at));
        let quote = newer.map(|quotes| match side {
            BookSide::Bids => quotes.bid,
            BookSide::Asks => quotes.ask,
        });
        let side_of = self.side(side);
        let first = match quote {
            None => side_of.best(),
            Some(quote) => Some((key(side, quote.price), quote.quantity)),
        };
        let all = std::iter::successors(first, move |(at, _)| side_of.below(*at));
        all.map(move |(at, quantity)| FeedLevel { price: key(side, at), quantity })
    }

    /// Best bid plus best ask as visible: twice the mid. None while a side is empty.
    #[must_use]
    pub fn mid_twice(&self) -> Option<u64> {
        let best = |side| self.visible(side).next().map(|level| level.price);
        best(BookSide::Bids)?.checked_add(best(BookSide::Asks)?)
    }

    /// What was traded so far.
    #[must_use]
    pub fn traded(&self) -> Traded {
        self.traded
    }

    /// How often each fault was flagged.
    #[must_use]
    pub fn faults(&self) -> &FaultCounts {
        &self.faults
    }

    /// When the newest row was received, nanoseconds.
    #[must_use]
    pub fn at_nanos(&self) -> u64 {
        self.last_nanos
    }
}
