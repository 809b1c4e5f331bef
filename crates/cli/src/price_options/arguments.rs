//! What `breakwater price-options` is asked.

use clap::Args;
use std::path::PathBuf;

/// Price options.
#[derive(Debug, Args)]
pub struct PriceOptions {
    /// Book of options: CSV, one row an option (docs/cli.md lists the columns) [default: one by
    /// flags]
    pub book: Option<PathBuf>,
    /// One option by flags; of a book they stand for columns that it leaves out.
    #[command(flatten)]
    pub option: OneOption,
    /// Find volatilities from price, or from bid and ask, instead of prices from volatility
    #[arg(long)]
    pub implied: bool,
    /// The moment that expiries are counted from, such as 2026-01-02T08:00:00Z
    #[arg(long, value_name = "MOMENT")]
    pub as_of: Option<String>,
    /// Steps of the tree of American options, even, 8 to 10,000
    #[arg(long, value_name = "N", default_value_t = breakwater_options::STEPS)]
    pub steps: u32,
    /// Write every option with its greeks to this file; nothing may be there
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// One option.
#[derive(Debug, Args)]
pub struct OneOption {
    /// call or put
    #[arg(long)]
    pub kind: Option<String>,
    /// Price of the forward or future that it is written on
    #[arg(long, value_name = "PRICE")]
    pub forward: Option<String>,
    /// Price now of what it is written on, instead of a forward
    #[arg(long, value_name = "PRICE")]
    pub spot: Option<String>,
    /// Strike
    #[arg(long, value_name = "PRICE")]
    pub strike: Option<String>,
    /// Years to expiry
    #[arg(long, value_name = "YEARS")]
    pub years: Option<String>,
    /// The moment it expires, instead of years; counted from --as-of, a year has 365 days
    #[arg(long, value_name = "MOMENT")]
    pub expiry: Option<String>,
    /// Volatility a year, such as 0.65 or 65%
    #[arg(long, value_name = "SHARE")]
    pub volatility: Option<String>,
    /// Continuously compounded rate a year [default: 0]
    #[arg(long, value_name = "SHARE")]
    pub rate: Option<String>,
    /// Continuously compounded yield a year of what it is written on; with spot only [default: 0]
    #[arg(long, value_name = "SHARE")]
    pub dividend_yield: Option<String>,
    /// european or american [default: european]
    #[arg(long)]
    pub style: Option<String>,
    /// cash or coin (premium and payoff in the coin it is written on) [default: cash]
    #[arg(long)]
    pub settlement: Option<String>,
    /// How many are held, negative if written [default: 1]
    #[arg(long, value_name = "N")]
    pub quantity: Option<String>,
    /// Price to find the volatility of, in quote units or in coin
    #[arg(long, value_name = "PRICE")]
    pub price: Option<String>,
    /// Bid to find the volatility of
    #[arg(long, value_name = "PRICE")]
    pub bid: Option<String>,
    /// Ask to find the volatility of
    #[arg(long, value_name = "PRICE")]
    pub ask: Option<String>,
}

impl OneOption {
    /// The flags that are stated, by the names of their columns.
    pub fn stated(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("kind", &self.kind),
            ("forward", &self.forward),
            ("spot", &self.spot),
            ("strike", &self.strike),
            ("years", &self.years),
            ("expiry", &self.expiry),
            ("volatility", &self.volatility),
            ("rate", &self.rate),
            ("dividend_yield", &self.dividend_yield),
            ("style", &self.style),
            ("settlement", &self.settlement),
            ("quantity", &self.quantity),
            ("price", &self.price),
            ("bid", &self.bid),
            ("ask", &self.ask),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}
