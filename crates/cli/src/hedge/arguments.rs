//! Arguments of `breakwater hedge`.

use crate::failure::Failure;
use breakwater_options::hedging::{Instrument, Neutral, Policy};
use breakwater_simulate::hedging::book::Settlement;
use breakwater_simulate::hedging::book_file::MarketFile;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What to hedge, in which market, by which policies.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:  breakwater hedge coin-book
           breakwater hedge index-week-2021-01 --backtest index-week-2021-01
           breakwater hedge --simulate --volatility 0.6 --days 7 --intervals 168 --cost-bps 5")]
pub struct Hedge {
    /// Book of options: TOML, CSV, CSV packed as .gz, or the name of a shipped one
    #[arg(required_unless_present = "simulate")]
    pub book: Option<String>,
    /// Hedge the book over this recorded chain: CSV, packed as .gz or not, or the name of a shipped one
    #[arg(long, value_name = "FILE", conflicts_with = "simulate")]
    pub backtest: Option<String>,
    /// Hedge one option along simulated paths
    #[arg(long, conflicts_with = "book")]
    pub simulate: bool,
    /// The market.
    #[command(flatten)]
    pub market: MarketFlags,
    /// The policies.
    #[command(flatten)]
    pub policies: PolicyFlags,
    /// What is simulated.
    #[command(flatten)]
    pub simulation: SimulationFlags,
    /// Backtest: seconds between snapshots of the chain that are taken [default: all]
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub every_seconds: u64,
    /// Backtest: a split of shares, such as 2014-06-06=7; may be given again
    #[arg(long, value_name = "DATE=RATIO")]
    pub split: Vec<String>,
    /// Folder to write [default: out/hedge-NAME for --backtest and --simulate, else none]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The market; what is stated here goes before the book's file.
#[derive(Debug, Args)]
pub struct MarketFlags {
    /// What the options settle in
    #[arg(long, value_enum)]
    pub settlement: Option<SettlementName>,
    /// What the book must not move in; an inverse book must say
    #[arg(long, value_enum)]
    pub neutral: Option<NeutralName>,
    /// What is traded to hedge
    #[arg(long, value_enum)]
    pub instrument: Option<InstrumentName>,
    /// Size of its lot: units of underlying, or quote units of an inverse perpetual [default: 1]
    #[arg(long, value_name = "X", value_parser = float)]
    pub lot: Option<f64>,
    /// Cost of a trade in basis points of its value [default: 0; 5 with --simulate]
    #[arg(long, value_name = "X", value_parser = float)]
    pub cost_bps: Option<f64>,
    /// Funding of eight hours in basis points; longs pay where it is above zero
    #[arg(long, value_name = "X", value_parser = float)]
    pub funding_bps: Option<f64>,
    /// Cash of the account, coins of an inverse book
    #[arg(long, value_name = "X", value_parser = float)]
    pub cash: Option<f64>,
    /// Forward price now
    #[arg(long, value_name = "X", value_parser = float)]
    pub forward: Option<f64>,
    /// The time now, such as 2026-01-23T03:00:00
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Lots of the hedge held now
    #[arg(long, value_name = "N")]
    pub held_lots: Option<i64>,
    /// Seconds since the hedge last traded [default: never]
    #[arg(long, value_name = "N")]
    pub seconds_since_trade: Option<u64>,
    /// Units of underlying that can be traded at that cost [default: unknown]
    #[arg(long, value_name = "X", value_parser = float)]
    pub depth: Option<f64>,
}

/// The policies.
#[derive(Debug, Args)]
pub struct PolicyFlags {
    /// Only this policy; may be given again [default: the book's own, or all]
    #[arg(long, value_enum, value_name = "NAME")]
    pub policy: Vec<PolicyName>,
    /// Seconds between trades of interval and leland [default: 3600; each step with --simulate]
    #[arg(long, value_name = "N")]
    pub interval_seconds: Option<u64>,
    /// Half-width of the delta band, units of underlying [default: a twentieth of all positions]
    #[arg(long, value_name = "X", value_parser = float)]
    pub band: Option<f64>,
    /// Risk aversion, one over the quote currency [default: one over a hundredth of the positions' value]
    #[arg(long, value_name = "X", value_parser = float)]
    pub risk_aversion: Option<f64>,
}

/// What is simulated.
#[derive(Debug, Args)]
pub struct SimulationFlags {
    /// Simulation: call or put
    #[arg(long, value_enum, default_value_t = KindName::Call)]
    pub kind: KindName,
    /// Simulation: options held; below zero for sold
    #[arg(long, value_name = "X", value_parser = float, default_value = "-1")]
    pub quantity: f64,
    /// Simulation: price of the underlying
    #[arg(long, value_name = "X", value_parser = float, default_value = "100")]
    pub spot: f64,
    /// Simulation: strike [default: the price]
    #[arg(long, value_name = "X", value_parser = float)]
    pub strike: Option<f64>,
    /// Simulation: days to expiry
    #[arg(long, value_name = "X", value_parser = float, default_value = "30")]
    pub days: f64,
    /// Simulation: rate a year
    #[arg(long, value_name = "X", value_parser = float, default_value = "0")]
    pub rate: f64,
    /// Simulation: volatility a year that is paid and hedged at, 1 for 100 %
    #[arg(long, value_name = "X", value_parser = float, default_value = "0.3")]
    pub volatility: f64,
    /// Simulation: volatility that comes about [default: the same]
    #[arg(long, value_name = "X", value_parser = float)]
    pub realised: Option<f64>,
    /// Simulation: drift a year above the rate
    #[arg(long, value_name = "X", value_parser = float, default_value = "0")]
    pub drift: f64,
    /// Simulation: steps to expiry
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub intervals: u32,
    /// Simulation: paths
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub paths: u32,
    /// Simulation: seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// What options settle in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SettlementName {
    /// The quote currency
    Linear,
    /// The underlying coin
    Inverse,
}

/// What a book is neutral in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NeutralName {
    /// Its value in the quote currency
    Quote,
    /// Its value in coin
    Coin,
}

/// What is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InstrumentName {
    /// The underlying
    Spot,
    /// A future or perpetual that settles in the quote currency
    Future,
    /// A perpetual that settles in coin
    InversePerpetual,
}

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// The right to buy
    Call,
    /// The right to sell
    Put,
}

/// A policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyName {
    /// Nothing is traded
    Unhedged,
    /// To the delta, once in an interval
    Interval,
    /// To the edge of a fixed band
    DeltaBand,
    /// To the edge of the band of Whalley and Wilmott
    WhalleyWilmott,
    /// To the edge of the band of Zakamouline
    Zakamouline,
    /// To the delta at Leland's volatility, once in an interval
    Leland,
}

/// A finite number.
fn float(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| "expected a number such as 0.5".to_owned())
}

impl MarketFlags {
    /// What is stated here, else what the file states.
    pub fn over(&self, file: &MarketFile) -> Result<MarketFile, Failure> {
        let instrument = match (self.instrument, self.lot, file.instrument) {
            (None, None, _) => None,
            (Some(name), lot, _) => Some(instrument(name, lot.unwrap_or(1.0))),
            (None, Some(lot), Some(of_file)) => Some(match of_file {
                Instrument::Spot { .. } => Instrument::Spot { lot },
                Instrument::Future { .. } => Instrument::Future { lot },
                Instrument::InversePerpetual { .. } => Instrument::InversePerpetual { lot },
            }),
            (None, Some(_), None) => {
                return Err(Failure::Usage("--lot: say of which --instrument".to_owned()));
            }
        };
        let stated = MarketFile {
            settlement: self.settlement.map(|name| match name {
                SettlementName::Linear => Settlement::Linear,
                SettlementName::Inverse => Settlement::Inverse,
            }),
            neutral: self.neutral.map(|name| match name {
                NeutralName::Quote => Neutral::Quote,
                NeutralName::Coin => Neutral::Coin,
            }),
            instrument,
            cost_bps: self.cost_bps,
            funding_bps: self.funding_bps,
            cash: self.cash,
            forward: self.forward,
            as_of: self.as_of.clone(),
            held_lots: self.held_lots,
            seconds_since_trade: self.seconds_since_trade,
            depth: self.depth,
        };
        Ok(stated.or(file.clone()))
    }
}

fn instrument(name: InstrumentName, lot: f64) -> Instrument {
    match name {
        InstrumentName::Spot => Instrument::Spot { lot },
        InstrumentName::Future => Instrument::Future { lot },
        InstrumentName::InversePerpetual => Instrument::InversePerpetual { lot },
    }
}

/// Policies, and whether they were asked for by name.
pub struct Chosen {
    /// In order.
    pub policies: Vec<Policy>,
    /// If not, one that has no hedge is told of and passed over.
    pub asked: bool,
}

/// Share of the positions that the band is by default, and share of their value that the risk aversion
/// is one over.
const BAND_SHARE: f64 = 0.05;
const AVERSION_SHARE: f64 = 0.01;

impl PolicyFlags {
    /// The policies, those of the file unless others are asked for.
    pub fn chosen(&self, of_file: &[Policy], gross: f64, price: f64, step: u64) -> Chosen {
        if self.policy.is_empty() && !of_file.is_empty() {
            return Chosen { policies: of_file.to_vec(), asked: true };
        }
        let seconds = self.interval_seconds.unwrap_or(step);
        let half_width = self.band.unwrap_or(BAND_SHARE * gross);
        let risk_aversion = self.risk_aversion.unwrap_or(1.0 / (AVERSION_SHARE * gross * price));
        let policy = |name: &PolicyName| match name {
            PolicyName::Unhedged => Policy::Unhedged,
            PolicyName::Interval => Policy::Interval { seconds },
            PolicyName::DeltaBand => Policy::DeltaBand { half_width },
            PolicyName::WhalleyWilmott => Policy::WhalleyWilmott { risk_aversion },
            PolicyName::Zakamouline => {
                Policy::Zakamouline { risk_aversion, coefficients: Default::default() }
            }
            PolicyName::Leland => Policy::Leland { seconds },
        };
        let asked = !self.policy.is_empty();
        let names = if asked { &self.policy[..] } else { PolicyName::value_variants() };
        Chosen { policies: names.iter().map(policy).collect(), asked }
    }
}
