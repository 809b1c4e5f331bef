//! The command line.

mod values;

use breakwater_money::Rational;
use breakwater_simulate::options::AuctionName;
use breakwater_simulate::{PolicyChoice, RunOptions, Shock, Thresholds};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use values::{
    exact_fraction, exact_not_negative, exact_positive, fall, fraction, not_negative, percent,
    positive, state_hash,
};

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 a check found something, 2 wrong usage, 3 bad data or an unreadable file,
4 integrity (damaged journal, books or hashes that differ), 5 a fault of this program.

Start with:  breakwater replay black-thursday";

/// Liquidates books of margin accounts under the rules of real venues, and accounts for each unit
#[derive(Debug, Parser)]
#[command(name = "breakwater", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Arguments {
    /// Print one JSON object on standard output instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bar on standard error
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay a crash over a book of accounts, liquidate it, and write a report
    Replay(Replay),
    /// Run several mechanisms over the same book and shock, side by side
    Compare(Compare),
    /// Debt liquidatable and bad debt against the fall of a price, under every rulebook
    AtRisk(AtRisk),
    /// Health and liquidation prices of accounts from a file
    Assess(Assess),
    /// What to liquidate of the accounts of a file, how much, and why
    Plan(Plan),
    /// Liquidation and bankruptcy price of a position or a whole account, and the margin for a distance
    #[command(allow_negative_numbers = true)]
    Price(Box<Price>),
    /// Prices, greeks and implied volatilities of options: one by flags, or a book from a file
    #[command(allow_negative_numbers = true)]
    PriceOptions(Box<crate::price_options::arguments::PriceOptions>),
    /// Auctions: a day of them by every format, which to hold for a lot, and the games that bidders play
    #[command(subcommand)]
    Auction(AuctionCommand),
    /// When to sell how much of a lot, what that costs and how sure it is, beside simpler ways
    Schedule(Box<crate::schedule::arguments::Schedule>),
    /// How many further events one event of a table brings, with its interval and distance to 1
    Branching(crate::branching::arguments::Branching),
    /// Sets of defences against a run and a crash on one scenario, scored by one table
    Defend(crate::defend::arguments::Defend),
    /// Recorded markets: their book, and what orders worked through them would have cost
    #[command(subcommand)]
    Market(crate::market::arguments::MarketCommand),
    /// Contracts and margin agreements: what their terms make due, and whether they make sense
    #[command(subcommand)]
    Agreement(crate::agreement::arguments::AgreementCommand),
    /// Hedge a book of options: the trade now by each policy, over a recorded chain, or simulated
    #[command(allow_negative_numbers = true)]
    Hedge(Box<crate::hedge::arguments::Hedge>),
    /// Realised rows and tax forms of a holder, from a journal or a file; a calculation aid, not advice
    Tax(Box<crate::tax::arguments::Tax>),
    /// Many paths of a book: the tail of what they lose, how large a fund covers it, and other values
    Stress(Box<crate::stress::arguments::Stress>),
    /// Check a journal: its chain, its state by replay, its books, its watch list
    Verify(Verify),
    /// One account's story from a journal: the line it crossed, why, each step, where its loss went
    Why(Why),
    /// List the scenarios that travel with this program
    Scenarios,
    /// List the rulebooks that travel with this program, or show one with its sources
    Rulebooks {
        /// Name of a rulebook, or path of a TOML file
        name: Option<String>,
    },
    /// Run numeric cases of venues against the rulebooks; exit code 1 if any differs
    Conformance {
        /// Folder with *.json files of cases, searched through
        folder: PathBuf,
        /// Print every failure with its field, expected and found value
        #[arg(long, short)]
        verbose: bool,
    },
    /// Move journals between machines
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What to do with auctions.
#[derive(Debug, Subcommand)]
pub enum AuctionCommand {
    /// 12 March 2020: its price and gas, its auctions, and other formats over the same vaults
    BlackThursday(AuctionRun),
    /// Run a scenario of auctions
    Run {
        /// Name of a scenario of auctions (see `breakwater scenarios`), or path of a TOML file
        scenario: String,
        /// What to change.
        #[command(flatten)]
        run: AuctionRun,
    },
    /// Compare ways to sell a lot: what each brings, leaves open and takes, and which to choose
    Design(Box<crate::auction::design::Design>),
    /// Play the games of bidders, keepers and owners; exit code 1 if one disagrees with its closed form
    Games(crate::auction::games::Games),
}

/// What to change in a scenario of auctions, and where to write.
#[derive(Debug, Args)]
pub struct AuctionRun {
    /// Only this format; may be given again [default: all that the scenario states]
    #[arg(long, value_name = "NAME")]
    pub format: Vec<String>,
    /// Bidders [default: the scenario's]
    #[arg(long, value_name = "N")]
    pub bidders: Option<u32>,
    /// Times the day's gas prices, such as 3
    #[arg(long, value_name = "X", value_parser = positive)]
    pub gas: Option<String>,
    /// Times each bidder's capital, such as 0.1
    #[arg(long, value_name = "X", value_parser = positive)]
    pub capital: Option<String>,
    /// Seed of the draws: other vaults and other bidders
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Leave the table of other bidders, gas and capital out
    #[arg(long)]
    pub no_sensitivity: bool,
    /// Folder to write [default: out/SCENARIO]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl AuctionRun {
    /// The changes as they were asked for; empty if the scenario runs as it is written.
    pub fn told(&self) -> Vec<String> {
        let valued = [
            ("--bidders", self.bidders.map(|count| count.to_string())),
            ("--gas", self.gas.clone()),
            ("--capital", self.capital.clone()),
            ("--seed", self.seed.map(|seed| seed.to_string())),
        ];
        let valued = valued.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let formats = self.format.iter().map(|name| format!("--format {name}"));
        formats.chain(valued.map(|(name, value)| format!("{name} {value}"))).collect()
    }
}

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Write a journal as a portable, hash-chained stream
    Export {
        /// The journal
        journal: PathBuf,
        /// The stream to write; nothing may be there
        file: PathBuf,
    },
    /// Make a journal from such a stream; a cut stream gives what was whole, and exit code 4
    Import {
        /// The stream
        file: PathBuf,
        /// The journal to make; nothing may be there
        journal: PathBuf,
    },
}

/// Replay a crash.
#[derive(Debug, Args)]
pub struct Replay {
    /// Name of a scenario (see `breakwater scenarios`), or path of a TOML file
    pub scenario: String,
    /// Another rulebook: a name (see `breakwater rulebooks`), or path of a TOML file
    #[arg(long, value_name = "NAME_OR_PATH")]
    pub rulebook: Option<String>,
    /// What wraps the rulebook
    #[arg(long, value_enum, default_value_t = PolicyName::AsIs)]
    pub policy: PolicyName,
    /// Whose liquidation thresholds hold
    #[arg(long, value_enum, default_value_t = ThresholdsName::SameRisk)]
    pub thresholds: ThresholdsName,
    /// Changes to the scenario's market.
    #[command(flatten)]
    pub changes: Changes,
    /// Who bears what a venue of perpetuals loses.
    #[command(flatten)]
    pub backstop: Backstop,
    /// How sales share the market.
    #[command(flatten)]
    pub sharing: crate::perpetuals::arguments::Sharing,
    /// Folder to write [default: out/SCENARIO]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Run several mechanisms.
#[derive(Debug, Args)]
pub struct Compare {
    /// Name of a scenario (see `breakwater scenarios`), or path of a TOML file
    pub scenario: String,
    /// Only this rulebook: a name, or path of a TOML file; may be given again [default: the
    /// scenario's own, and one of every other rule that takes a lending book]
    #[arg(long, value_name = "NAME_OR_PATH")]
    pub rulebook: Vec<String>,
    /// Changes to the scenario's market.
    #[command(flatten)]
    pub changes: Changes,
    /// Who bears what a venue of perpetuals loses.
    #[command(flatten)]
    pub backstop: Backstop,
    /// Leave out the sales that are planned over depth, which take a third of the time
    #[arg(long)]
    pub without_planner: bool,
    /// Folder to write [default: out/SCENARIO-compare]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Debt at risk against a fall.
#[derive(Debug, Args)]
pub struct AtRisk {
    /// Book of accounts as for `assess`, or the name of a scenario, whose book is taken
    pub book: PathBuf,
    /// Only this rulebook: a name, or path of a TOML file; may be given again [default: one of
    /// every rule that takes a lending book]
    #[arg(long, value_name = "NAME_OR_PATH")]
    pub rulebook: Vec<String>,
    /// What falls: an asset, ETH/USD for everything that moves with ether, or all
    #[arg(long, value_name = "WHAT", default_value = "ETH/USD")]
    pub falls: String,
    /// Largest fall
    #[arg(long, value_name = "FALL", default_value = "60%", value_parser = fall)]
    pub most: u32,
    /// Distance between two falls
    #[arg(long, value_name = "FALL", default_value = "1%", value_parser = fall)]
    pub step: u32,
    /// Whose liquidation thresholds hold
    #[arg(long, value_enum, default_value_t = ThresholdsName::SameRisk)]
    pub thresholds: ThresholdsName,
    /// Prices of the assets as CSV; needed by a CSV file of positions
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Folder to write [default: out/at-risk]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Changes to a scenario.
#[derive(Debug, Args)]
pub struct Changes {
    /// Move the trough of the path: such as ETH/USD=30% for a fall of 30 %
    #[arg(long, value_name = "ASSET=FALL")]
    pub shock: Option<Shock>,
    /// Price of the staked asset in its base asset, such as 0.95
    #[arg(long, value_name = "X", value_parser = positive)]
    pub peg: Option<String>,
    /// Multiply the amounts that the market takes, such as 0.5
    #[arg(long, value_name = "X", value_parser = positive)]
    pub depth_scale: Option<String>,
    /// Share of price impact carried into the next mark, from 0 to 1
    #[arg(long, value_name = "X", value_parser = fraction)]
    pub feedback: Option<String>,
    /// Most that keepers can spend together at one price point, in dollars [default: no limit]
    #[arg(long, value_name = "X", value_parser = not_negative)]
    pub keeper_capital: Option<String>,
    /// Sell everything at the mark
    #[arg(long)]
    pub no_impact: bool,
    /// Make liquidation calls free
    #[arg(long)]
    pub no_gas: bool,
    /// Seed of random numbers; the shipped scenarios draw none and only repeat it
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

impl Changes {
    /// The options of a run under `policy`.
    pub fn options(&self, rulebook: Option<(String, String)>, policy: PolicyChoice) -> RunOptions {
        RunOptions {
            rulebook,
            policy,
            thresholds: Thresholds::SameRisk,
            shock: self.shock.clone(),
            peg: self.peg.clone(),
            depth_scale: self.depth_scale.clone(),
            feedback: self.feedback.clone(),
            keeper_capital: self.keeper_capital.clone(),
            impact: !self.no_impact,
            gas: !self.no_gas,
            seed: self.seed,
        }
    }

    /// The changes as they were asked for; empty if the scenario runs as it is written.
    pub fn told(&self) -> Vec<String> {
        let valued = [
            ("--shock", self.shock.as_ref().map(ToString::to_string)),
            ("--peg", self.peg.clone()),
            ("--depth-scale", self.depth_scale.clone()),
            ("--feedback", self.feedback.clone()),
            ("--keeper-capital", self.keeper_capital.clone()),
        ];
        let switched = [("--no-impact", self.no_impact), ("--no-gas", self.no_gas)];
        let valued = valued.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let switched = switched.into_iter().filter(|(_, on)| *on);
        valued
            .map(|(name, value)| format!("{name} {value}"))
            .chain(switched.map(|(name, _)| name.to_owned()))
            .collect()
    }
}

/// Who bears what a venue of perpetuals loses.
#[derive(Debug, Args)]
pub struct Backstop {
    /// Perpetuals only: how winners are chosen once the insurance fund does not cover
    #[arg(long, value_enum, value_name = "WAY")]
    pub deleverage: Option<DeleverageName>,
    /// Perpetuals only: insurance fund at the start, as a share of the open interest, such as 0.01
    #[arg(long, value_name = "SHARE", value_parser = fraction)]
    pub fund: Option<String>,
}

/// How winners are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeleverageName {
    /// The highest ranked first, each as far as needed
    Queue,
    /// In order of account from a place picked by chance
    RandomStart,
    /// Everybody in proportion to the position
    ProRata,
    /// In proportion, nobody above a stated share
    Capped,
    /// The leveraged give more, nobody above a stated share
    RiskAware,
    /// Touching the least profit that covers
    MinimumOvershoot,
    /// Nobody: the loss stays with the venue
    Nobody,
}

/// What wraps the rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyName {
    /// The venue as it is: keepers take what its rule gives them
    AsIs,
    /// The venue with our guards: fresh marks, grace, once a price, no more than needed
    Guarded,
    /// The venue sells the fewest lots that reach the target health
    VenueTarget,
    /// The venue sells until nothing is owed
    VenueFull,
    /// The venue sells in slices planned over the depth of its markets, at least cost and risk
    VenuePlanned,
    /// The venue auctions it, ascending, bids that win soon
    AuctionEnglish,
    /// The venue auctions it, ascending, bids that stand long
    AuctionEnglishLong,
    /// The venue auctions it, descending
    AuctionDutch,
    /// The venue auctions it, sealed bids
    AuctionSealed,
    /// The venue auctions it, one price for all
    AuctionBatch,
}

impl PolicyName {
    /// The same as a run knows it.
    pub const fn choice(self) -> PolicyChoice {
        match self {
            PolicyName::AsIs => PolicyChoice::AsIs,
            PolicyName::Guarded => PolicyChoice::Guarded,
            PolicyName::VenueTarget => PolicyChoice::VenueTarget,
            PolicyName::VenueFull => PolicyChoice::VenueFull,
            PolicyName::VenuePlanned => PolicyChoice::VenuePlanned,
            PolicyName::AuctionEnglish => PolicyChoice::Auction(AuctionName::English),
            PolicyName::AuctionEnglishLong => PolicyChoice::Auction(AuctionName::EnglishLong),
            PolicyName::AuctionDutch => PolicyChoice::Auction(AuctionName::Dutch),
            PolicyName::AuctionSealed => PolicyChoice::Auction(AuctionName::Sealed),
            PolicyName::AuctionBatch => PolicyChoice::Auction(AuctionName::Batch),
        }
    }
}

/// Whose liquidation thresholds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThresholdsName {
    /// Each account's own, as the book records it
    SameRisk,
    /// The rulebook's parameters
    AsDeployed,
}

impl ThresholdsName {
    /// The same as a run knows it.
    pub const fn choice(self) -> Thresholds {
        match self {
            ThresholdsName::SameRisk => Thresholds::SameRisk,
            ThresholdsName::AsDeployed => Thresholds::AsDeployed,
        }
    }
}

/// Accounts from a file.
#[derive(Debug, Args)]
pub struct Assess {
    /// Book of accounts: CSV, CSV packed as .gz, or JSON (docs/cli.md gives the columns)
    pub file: PathBuf,
    /// Rulebook: a name (see `breakwater rulebooks`), or path of a TOML file
    #[arg(long, value_name = "NAME_OR_PATH")]
    pub rulebook: Option<String>,
    /// Whose liquidation thresholds hold
    #[arg(long, value_enum, default_value_t = ThresholdsName::SameRisk)]
    pub thresholds: ThresholdsName,
    /// Prices of the assets as CSV; needed by a CSV file of positions
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// A fall before anything is judged: ASSET=20%, ETH/USD=20%, or collateral=20%
    #[arg(long, value_name = "ASSET=FALL")]
    pub shock: Option<Shock>,
    /// Show every account as text, not only the worst
    #[arg(long)]
    pub all: bool,
}

/// What to liquidate.
#[derive(Debug, Args)]
pub struct Plan {
    /// Which accounts.
    #[command(flatten)]
    pub accounts: Assess,
    /// Health that plans aim at, such as 1.05 [default: as much as the venue takes]
    #[arg(long, value_name = "X", value_parser = positive)]
    pub target: Option<String>,
    /// Sell what is seized through the depth of this scenario [default: at the mark]
    #[arg(long, value_name = "SCENARIO")]
    pub market: Option<String>,
    /// Gas of one call, in the unit of the prices
    #[arg(long, value_name = "X", value_parser = not_negative)]
    pub gas: Option<String>,
    /// Most that one call may lose so that bad debt is recognised, in the unit of the prices
    #[arg(long, value_name = "X", value_parser = not_negative)]
    pub cleaning_loss: Option<String>,
    /// File to write the proposals' sales to, one row an outlet and slice; FILE must state markets
    #[arg(long, value_name = "CSV")]
    pub csv: Option<PathBuf>,
}

/// Liquidation prices of a position that exists or is only thought of, or of an account.
#[derive(Debug, Args)]
pub struct Price {
    /// A whole account or a book with options from a TOML file (docs/cli.md gives its shape), instead
    /// of one position
    #[arg(long, value_name = "FILE", conflicts_with = "position")]
    pub book: Option<PathBuf>,
    /// The position.
    #[command(flatten)]
    pub position: PricedPosition,
    /// Also say what margin puts the liquidation price so far from the mark, such as 20%
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub distance: Option<Rational>,
}

/// One position with a margin of its own.
#[derive(Debug, Args)]
#[group(id = "position", multiple = true)]
pub struct PricedPosition {
    /// Which way
    #[arg(long, value_enum, required_unless_present = "book")]
    pub side: Option<SideName>,
    /// How much: base units; with --inverse the quote value, contracts times multiplier
    #[arg(long, value_name = "X", value_parser = exact_positive, required_unless_present = "book")]
    pub quantity: Option<Rational>,
    /// Average entry price
    #[arg(long, value_name = "X", value_parser = exact_positive, required_unless_present = "book")]
    pub entry: Option<Rational>,
    /// Margin behind it, in the asset it settles in: isolated, or the wallet of a cross account
    #[arg(
        long,
        value_name = "X",
        value_parser = exact_not_negative,
        required_unless_present_any = ["book", "leverage"]
    )]
    pub margin: Option<Rational>,
    /// The same as value at entry over leverage
    #[arg(long, value_name = "X", value_parser = exact_positive, conflicts_with = "margin")]
    pub leverage: Option<Rational>,
    /// Maintenance rate, such as 0.004
    #[arg(
        long,
        value_name = "X",
        value_parser = exact_fraction,
        required_unless_present_any = ["book", "rulebook"]
    )]
    pub rate: Option<Rational>,
    /// Maintenance amount of the tier, taken off the requirement [default: 0]
    #[arg(long, value_name = "X", value_parser = exact_not_negative, requires = "rate")]
    pub deduction: Option<Rational>,
    /// Take the tiers from a rulebook: a name (see `breakwater rulebooks`), or path of a TOML file
    #[arg(
        long,
        value_name = "NAME_OR_PATH",
        conflicts_with_all = ["rate", "inverse"],
        requires = "contract"
    )]
    pub rulebook: Option<String>,
    /// The contract of the rulebook, such as BTCUSDT; without one, a name to print
    #[arg(long, value_name = "SYMBOL")]
    pub contract: Option<String>,
    /// Closing fee that the requirement includes, as a share of value, such as 0.0005
    #[arg(long, value_name = "X", value_parser = exact_fraction)]
    pub fee: Option<Rational>,
    /// The price that fee is taken at [default: mark]
    #[arg(long, value_enum, requires = "fee")]
    pub fee_at: Option<FeeAtName>,
    /// The contract settles in its base asset
    #[arg(long)]
    pub inverse: bool,
    /// The price the requirement is taken at [default: mark]
    #[arg(long, value_enum)]
    pub basis: Option<BasisName>,
    /// The mark that distances are counted from [default: the entry price]
    #[arg(long, value_name = "X", value_parser = exact_positive)]
    pub mark: Option<Rational>,
}

/// Which way a position goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SideName {
    /// Gains as the price rises
    Long,
    /// Gains as the price falls
    Short,
}

/// The price a closing fee is taken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FeeAtName {
    /// The mark
    Mark,
    /// The bankruptcy price
    Bankruptcy,
}

/// The price a requirement is taken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BasisName {
    /// The mark: the requirement moves with the price
    Mark,
    /// The entry price: the requirement stays
    Entry,
}

/// Check a journal.
#[derive(Debug, Args)]
pub struct Verify {
    /// The journal
    pub journal: PathBuf,
    /// State hash that its end must have, as 64 hexadecimal digits
    #[arg(long, value_name = "HASH", value_parser = state_hash)]
    pub state_hash: Option<String>,
}

/// One account's story.
#[derive(Debug, Args)]
pub struct Why {
    /// The journal, such as `replay` writes
    pub journal: PathBuf,
    /// The account: its owner's name, or its number
    pub account: String,
    /// ACCOUNT is a number, even if an owner has that name
    #[arg(long)]
    pub number: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
