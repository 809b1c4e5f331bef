//! Every bracket that a venue publishes, against continuity. The dump is not shipped: BREAKWATER_SHARED
//! names the folder that has it. Without it these tests say that they were skipped.

use breakwater_margin::tiers::{RATE_DECIMALS, Tier, TierError, TierTable};
use breakwater_money::decimal::parse_raw;
use breakwater_simulate::scenario::read_file;
use std::collections::BTreeMap;

/// Decimals of the finest settle asset in the dump.
const SETTLE_DECIMALS: u8 = 8;

/// The brackets of one symbol as the dump has them, lowest first.
#[derive(Default)]
struct Published {
    lower_edges: Vec<u128>,
    tiers: Vec<Tier>,
    deductions: Vec<u128>,
}

fn dump() -> Option<BTreeMap<String, Published>> {
    let Some(folder) = std::env::var_os("BREAKWATER_SHARED") else {
        println!("SKIPPED: BREAKWATER_SHARED is not set, the brackets are not here");
        return None;
    };
    let path = "data/margin-tables/binance_usdm_leverage_tiers.csv.gz";
    let text = read_file(&std::path::Path::new(&folder).join(path)).unwrap();
    Some(read(&text))
}

/// Reads the dump. Whole numbers are written with a point and a zero.
fn read(text: &str) -> BTreeMap<String, Published> {
    let mut symbols: BTreeMap<String, Published> = BTreeMap::new();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let columns = rows.headers().unwrap().clone();
    for row in rows.records() {
        let row = row.unwrap();
        let field = |name: &str| {
            let place = columns.iter().position(|column| column == name).unwrap();
            row.get(place).unwrap().to_owned()
        };
        let number = |name: &str, decimals| parse_raw(&field(name), decimals).unwrap();
        let published = symbols.entry(field("symbol")).or_default();
        published.lower_edges.push(number("min_notional", SETTLE_DECIMALS));
        published.deductions.push(number("maintenance_amount", SETTLE_DECIMALS));
        published.tiers.push(Tier {
            cap: number("max_notional", SETTLE_DECIMALS),
            rate_e9: number("maintenance_margin_rate", RATE_DECIMALS).try_into().unwrap(),
            leverage_max: number("max_leverage", 0).try_into().unwrap(),
        });
        assert_eq!(number("tier", 0), published.tiers.len() as u128, "{}", field("symbol"));
    }
    symbols
}

#[test]
fn every_published_bracket_is_continuous() {
    let Some(symbols) = dump() else { return };
    let rows: usize = symbols.values().map(|published| published.tiers.len()).sum();
    assert_eq!((symbols.len(), rows), (705, 5_664));
    for (symbol, published) in &symbols {
        let caps = published.tiers.iter().map(|tier| tier.cap);
        let edges: Vec<u128> = [0].into_iter().chain(caps).take(published.tiers.len()).collect();
        assert_eq!(published.lower_edges, edges, "{symbol}");
        let table = TierTable::new(published.tiers.clone());
        let table = table.unwrap_or_else(|error| panic!("{symbol}: {error}"));
        assert_eq!(table.check_deductions(&published.deductions), Ok(()), "{symbol}");
    }
}

/// A deduction off by one unit of the eighth decimal, in every row in turn.
#[test]
fn a_planted_break_is_found_in_every_row() {
    let Some(symbols) = dump() else { return };
    for (symbol, published) in &symbols {
        let table = TierTable::new(published.tiers.clone()).unwrap();
        for row in 0..published.deductions.len() {
            let mut planted = published.deductions.clone();
            planted[row] += 1;
            let found = table.check_deductions(&planted);
            let right =
                matches!(found, Err(TierError::DeductionDiffers { tier, .. }) if tier == row + 1);
            assert!(right, "{symbol}, row {row}: {found:?}");
        }
    }
}

/// The contracts that ship, of two years earlier: each that is still listed still has the venue's
/// shape, and the dump says which have moved.
#[test]
fn shipped_contracts_are_brackets_of_the_same_kind() {
    let Some(symbols) = dump() else { return };
    let (_, text) =
        breakwater_rulebooks::shipped().iter().find(|(name, _)| *name == "binance-usdm").unwrap();
    let shipped: toml::Table = toml::from_str(text).unwrap();
    let mut compared = 0;
    for (contract, terms) in shipped["contracts"].as_table().unwrap() {
        let base = contract.strip_suffix("USDT").unwrap();
        let Some(now) = symbols.get(&format!("{base}/USDT:USDT")) else {
            println!("{contract}: not in the dump");
            continue;
        };
        let rows = terms["tiers"].as_array().unwrap();
        let same = rows.iter().zip(&now.tiers).zip(&now.deductions).filter(|((row, tier), cum)| {
            let is = |name: &str, decimals, value: u128| {
                parse_raw(row[name].as_str().unwrap(), decimals) == Ok(value)
            };
            is("cap", SETTLE_DECIMALS, tier.cap)
                && is("rate", RATE_DECIMALS, tier.rate_e9.into())
                && is("deduction", SETTLE_DECIMALS, **cum)
        });
        let (same, rows) = (same.count(), rows.len());
        println!("{contract}: {same} of {rows} brackets unchanged, {} now", now.tiers.len());
        // Rates of the largest tier never left one half, whatever the caps did.
        assert_eq!(now.tiers.last().unwrap().rate_e9, 500_000_000, "{contract}");
        compared += 1;
    }
    assert!(compared >= 4, "{compared} contracts compared");
}
