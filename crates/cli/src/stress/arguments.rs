//! The command line of `breakwater stress`.

use clap::Args;
use std::path::PathBuf;

/// Run a world.
#[derive(Debug, Clone, Args)]
pub struct Stress {
    /// Name of a world (see `breakwater scenarios`), or path of a TOML file
    pub world: String,
    /// Paths [default: the world's]
    #[arg(long, value_name = "N")]
    pub paths: Option<u64>,
    /// Seed of every draw [default: the world's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads; they change the time and nothing else [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Set a field of the world, such as rules.bonus_bps=750; may be given again
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = field)]
    pub set: Vec<(String, String)>,
    /// Run again with other values of a field, such as markets.ETH.depth.times=0.5,1,2; given again,
    /// with every combination [default: the world's own]
    #[arg(long, value_name = "FIELD=A,B,C", value_parser = field)]
    pub sweep: Vec<(String, String)>,
    /// Paths of each combination of a sweep or a search [default: the world's, at most 100]
    #[arg(long, value_name = "N")]
    pub sweep_paths: Option<u64>,
    /// Leave the world's own sweep out
    #[arg(long, conflicts_with = "sweep")]
    pub no_sweep: bool,
    /// Search values of a field for what nothing else beats in shortfall, in what borrowers pay, in
    /// the fund and in debt allowed; given again, over every combination
    #[arg(long, value_name = "FIELD=A,B,C", value_parser = field)]
    pub search: Vec<(String, String)>,
    /// Size the insurance fund that covers this share of paths, in percent, such as 99.9; may be given
    /// again [default: a table of levels]
    #[arg(long, value_name = "PERCENT", value_parser = level)]
    pub size_fund: Vec<u32>,
    /// Run this many paths again by asking every account in every round; exit code 4 if one differs
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub judge: u64,
    /// Folder to write [default: out/WORLD]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A field and what follows the first sign of equality.
fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.trim().is_empty() && !value.trim().is_empty() => {
            Ok((field.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected such as rules.bonus_bps=500".to_owned()),
    }
}

/// Percent with at most two places as basis points.
fn level(text: &str) -> Result<u32, String> {
    let right =
        || "expected percent above 0 and below 100, at most two places, such as 99.9".to_owned();
    let text = text.trim().trim_end_matches('%').trim_end();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return Err(right());
    }
    let whole: u32 = whole.parse().map_err(|_| right())?;
    let part: u32 = format!("{part:0<2}").parse().map_err(|_| right())?;
    let bps = whole.checked_mul(100).and_then(|whole| whole.checked_add(part));
    bps.filter(|bps| (1..10_000).contains(bps)).ok_or_else(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_fields_are_read_or_refused() {
        assert_eq!((level("99.9"), level("95%"), level("0.01")), (Ok(9_990), Ok(9_500), Ok(1)));
        for wrong in ["100", "0", "99.999", "-1", "", "nine", "99.x", "4294967296"] {
            assert!(level(wrong).is_err(), "{wrong}");
        }
        assert_eq!(field("a.b = 1,2"), Ok(("a.b".to_owned(), "1,2".to_owned())));
        assert!(field("a.b").is_err() && field("=1").is_err() && field("a=").is_err());
    }
}
