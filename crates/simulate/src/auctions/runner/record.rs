//! What a run writes down.

use crate::auctions::bidders::Strategy;
use crate::record::BalanceRow;
use breakwater_auction::discovery::Measures;
use serde::Serialize;

/// A bid that was taken, or a sale of a descending auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BidPoint {
    /// Seconds since the day began.
    pub at_seconds: u64,
    /// Who.
    pub bidder: u32,
    /// Money, base units.
    pub amount: u128,
    /// For so much of the lot, base units.
    pub quantity: u128,
}

/// One lot, from its opening to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lot {
    /// Number of its leg.
    pub number: u64,
    /// Whose.
    pub account: u32,
    /// How many lots of the account were opened before it.
    pub ordinal: u32,
    /// Seconds since the day began.
    pub opened_at: u64,
    /// When it was closed; none if it never was.
    pub closed_at: Option<u64>,
    /// When the last of it was sold.
    pub sold_at: Option<u64>,
    /// Collateral, base units.
    pub quantity: u128,
    /// Its value at the market's price, base units of money.
    pub fair: u128,
    /// The same at the venue's price, which may lag behind.
    pub at_mark: u128,
    /// Its share, by quantity, of what the account owed when it was first called. Once sold: what of that
    /// no lot sold before has answered for.
    pub due: u128,
    /// What it was to raise, where there is a bound.
    pub wanted: Option<u128>,
    /// Market's price at the opening.
    pub price: u128,
    /// Collateral sold.
    pub sold: u128,
    /// Money got for it.
    pub paid: u128,
    /// Value of what was sold at the market's price when it was.
    pub fair_sold: u128,
    /// Times it started again.
    pub restarts: u32,
    /// Whoever bought most of it.
    pub winner: Option<u32>,
    /// Value of what was sold to whoever bought it last, and to whoever valued it most.
    pub values: Option<(u128, u128)>,
    /// Bids, in order of arrival.
    pub bids: Vec<BidPoint>,
    /// What it says about the price it found.
    pub measures: Option<Measures>,
}

/// One bidder as he ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BidderEnd {
    /// His number.
    pub number: u32,
    /// How he played.
    pub strategy: Strategy,
    /// Money at the start.
    pub capital: u128,
    /// What he paid for a unit of gas, wei.
    pub gas_wei: u128,
    /// Lots of which he bought something.
    pub lots: u64,
    /// What he paid for them.
    pub paid: u128,
    /// What they were worth at the market's price.
    pub fair: u128,
    /// Bids sent.
    pub sent: u64,
    /// Bids given up.
    pub expired: u64,
    /// Bids that came and were refused.
    pub refused: u64,
    /// Gas of all that came, base units of money.
    pub gas: u128,
}

/// Sums of a run. Money in base units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuctionTotals {
    /// Vaults at the start.
    pub vaults: u64,
    /// Of which lots were opened.
    pub liquidated: u64,
    /// Lots opened.
    pub lots: u64,
    /// Lots of which something was sold.
    pub sold: u64,
    /// Lots closed without a sale: nobody bought, or the owner was cured before anybody bid.
    pub unsold: u64,
    /// Lots still open at the end.
    pub open: u64,
    /// Times a lot started again.
    pub restarts: u64,
    /// Lots won at zero.
    pub zero_wins: u64,
    /// Value of what was won at zero.
    pub zero_loss: u128,
    /// Collateral won at zero.
    pub zero_quantity: u128,
    /// Collateral sold.
    pub sold_quantity: u128,
    /// Its value at the market's price when it was sold.
    pub fair: u128,
    /// What was paid for it.
    pub paid: u128,
    /// What owners lost by lots that fetched less than that value.
    pub loss_to_fair: u128,
    /// What winners paid beyond it.
    pub overpaid: u128,
    /// Penalties, to the insurance fund.
    pub penalty: u128,
    /// Deposits lost by bidders, to the insurance fund.
    pub forfeited: u128,
    /// What sold lots fell short of their share of the debt.
    pub lot_shortfall: u128,
    /// Deficit booked.
    pub deficit: u128,
    /// Accounts with one.
    pub bankrupt: u64,
    /// Bids that were taken.
    pub bids: u64,
    /// Bids that came and were refused.
    pub refused: u64,
    /// Bids given up on the way.
    pub expired: u64,
    /// Gas of all bids that came.
    pub gas: u128,
    /// Middle of the seconds from opening to sale; of an even number the lower of the two.
    pub clear_seconds_median: Option<u64>,
    /// Bidders of a sold lot on average, hundredths.
    pub bidders_e2: u64,
    /// Sum of squared shares of bidders in what was paid in value, millionths.
    pub concentration_ppm: Option<u128>,
    /// Value to the winners of what of their lots was bought, of the highest values, millionths.
    pub efficiency_ppm: Option<u128>,
}

impl AuctionTotals {
    /// Share of sold lots that were won at zero, basis points.
    #[must_use]
    pub fn zero_share_bps(&self) -> u64 {
        (self.zero_wins * 10_000).checked_div(self.sold).unwrap_or(0)
    }

    /// Paid of the value, basis points, rounded down.
    #[must_use]
    pub fn revenue_bps(&self) -> Option<u128> {
        breakwater_money::rounding::mul_div(
            self.paid,
            10_000,
            self.fair,
            breakwater_money::Rounding::Floor,
        )
        .ok()
    }
}

/// Prices of auctions and market at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PairedPrice {
    /// Seconds since the day began.
    pub at_seconds: u64,
    /// Money for one whole unit in the stretch before, or in the last in which there was a sale, at the
    /// decimals of prices.
    pub auction: u128,
    /// Market's price.
    pub market: u128,
}

/// Who leads, the auctions or the market, from ten-minute prices of both: see
/// [`leadership`](crate::auctions::discovery::leadership). Shares of the auctions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PriceLeadership {
    /// Prices of either series.
    pub prices: u64,
    /// Component share.
    pub component: f64,
    /// Bounds of the information share.
    pub information_low: f64,
    /// See `information_low`.
    pub information_high: f64,
}

/// A run of one format.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuctionRun {
    /// Name of the format.
    pub format: String,
    /// For readers.
    pub title: String,
    /// How far its parameters can be relied on.
    pub status: String,
    /// Sums.
    pub totals: AuctionTotals,
    /// Every lot, in order of opening.
    pub lots: Vec<Lot>,
    /// Every bidder.
    pub bidders: Vec<BidderEnd>,
    /// Ten-minute prices from the first sale to the last, sales at zero left out.
    pub paired: Vec<PairedPrice>,
    /// Who leads; none where there is too little to tell it from.
    pub leadership: Option<PriceLeadership>,
    /// The trial balance.
    pub balances: Vec<BalanceRow>,
    /// Whether every row of it sums to zero.
    pub books_balance: bool,
    /// Commands applied.
    pub commands: u64,
    /// Prices that the guard refused.
    pub ticks_refused: u64,
    /// Hash of the state at the end.
    pub state_hash: String,
}
