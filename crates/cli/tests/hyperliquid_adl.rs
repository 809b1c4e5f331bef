//! The record of deleveraging is read exactly and judged by its identities: on made-up rows, since the
//! data is not shipped, and on the data where it lies beside the checkout.

#[path = "../examples/hyperliquid_adl_2025_10_10/record/mod.rs"]
mod record;

use breakwater_liquidation::backstop::{Deleverage, Overshoot};
use breakwater_money::rational::{format, parse};
use flate2::Compression;
use flate2::write::GzEncoder;
use record::fills::{Fill, identities};
use record::table::{Table, dollars, number};
use record::waves::{Shock, Wave};
use std::io::Write as _;
use std::path::Path;

const FILLS: &str = "\
adl_price,adl_size,adl_notional,closed_pnl,position_size,entry_price,account_value_realtime,\
total_unrealized_pnl,total_equity,is_negative_equity,leverage_realtime,position_unrealized_pnl,pnl_percent
4,10,40,20,-10,6,2,20,22,False,20,20,50
5,1,5,1,2,4,0,2,-1,True,7,2,20
";

const GAPS: &str = "wave,coin,gap_usd_x_qty\n1,BTC,10.5\n2,BTC,1\n1,ETH,4.5e0\n";

const RESULTS: &str = "\
wave,budget_needed_usd,budget_prod_usd,overshoot_prod_minus_needed_usd,winners_pnl_start_usd
1,15,60,45,100
2,1,0.5,-0.5,0.75
";

const SHOCKS: &str = "\
coin,deficit_usd,total_capacity_usd,budget_queue_usd,overshoot_queue_usd,residual_queue_usd
BTC,10,100,25,15,0
ETH,10,4,3,0,7
";

fn table(text: &str) -> Table {
    Table::read("rows", text.as_bytes()).unwrap()
}

fn waves(results: &str, gaps: &str) -> Result<Vec<Wave>, String> {
    Wave::read_all(&table(results), &table(gaps)).map_err(|error| error.to_string())
}

#[test]
fn identities_are_counted_where_they_can_be_asked() {
    let fills = Fill::read_all(&table(FILLS)).unwrap();
    let counted: Vec<(&str, usize, usize)> = identities(&fills)
        .iter()
        .map(|identity| (identity.name, identity.of, identity.within[0]))
        .collect();
    assert_eq!(
        counted.iter().map(|(_, of, kept)| (*of, *kept)).collect::<Vec<_>>(),
        // Without cash there is no leverage; the second fill's equity is not its cash and profit.
        [(2, 2), (2, 2), (2, 1), (1, 1), (2, 2), (2, 2), (2, 2), (2, 2), (2, 2)],
        "{counted:?}"
    );
    let nudged = FILLS.replace("4,10,40,20", "4,10,40.0000001,20");
    let one = &identities(&Fill::read_all(&table(&nudged)).unwrap())[0];
    assert_eq!(one.within, [1, 1, 2, 2]);
}

#[test]
fn a_wave_needs_what_its_coins_sum_to_and_policies_take_that() {
    let waves = waves(RESULTS, GAPS).unwrap();
    assert_eq!(waves[0].needed, parse("15").unwrap());
    for policy in [Deleverage::Queue, Deleverage::ProRata, Deleverage::MinimumOvershoot] {
        let taken = waves[0].taken_by(policy);
        assert_eq!(taken, Overshoot { needed: 15_000_000, taken: 15_000_000 });
        assert_eq!(waves[1].taken_by(policy).shortfall(), 250_000);
    }
    let text = record::waves::describe(&waves).unwrap();
    assert!(
        text.contains("2 waves: needed 16.000000, taken 60.500000, overshoot 44.500000"),
        "{text}"
    );
    assert!(text.contains("took 60500000 of 16000000 USDC needed; took 60500000 of 16000000 USD"));
}

#[test]
fn tables_that_do_not_agree_are_named() {
    let off = RESULTS.replace("1,15,60", "1,15.0000001,60");
    assert_eq!(
        waves(&off, GAPS).err().unwrap(),
        "wave 1 needs 15.000000 by its coins, 15.000000… as stated"
    );
    let off = RESULTS.replace("60,45", "60,44");
    assert!(waves(&off, GAPS).err().unwrap().starts_with("wave 1 overshoots by 45"));
    let more = format!("{GAPS}3,SOL,1\n");
    assert_eq!(waves(RESULTS, &more).err().unwrap(), "wave 3 has gaps and no published result");
    let below = GAPS.replace("10.5", "-1");
    assert_eq!(
        waves(RESULTS, &below).err().unwrap(),
        "rows, line 2, field gap_usd_x_qty: '-1': expected zero or more"
    );
    let word = GAPS.replace("10.5", "many");
    assert!(waves(RESULTS, &word).err().unwrap().contains("'many': expected a number"));
    let headless = GAPS.replace("gap_usd_x_qty", "gap");
    assert_eq!(
        waves(RESULTS, &headless).err().unwrap(),
        "rows: no column 'gap_usd_x_qty'; found wave, coin, gap"
    );
    let shocks = |text: &str| Shock::read_all(&table(text)).map_err(|error| error.to_string());
    assert!(
        shocks(&SHOCKS.replace("25,15", "25,14")).err().unwrap().contains("overshoot_queue_usd")
    );
    assert!(shocks(&SHOCKS.replace("0,7", "0,6")).err().unwrap().contains("residual_queue_usd"));
    assert_eq!(shocks(SHOCKS).unwrap()[1].in_proportion().shortfall(), 6_000_000);
}

#[test]
fn numbers_are_read_exactly_and_printed_in_groups() {
    assert_eq!(number("1.5e-3"), parse("0.0015").ok());
    for nothing in ["", "x", "1e9999", "1e", "nan", "inf"] {
        assert_eq!(number(nothing), None, "{nothing}");
    }
    let texts = ["0", "-0.4", "999.5", "-1234567.4"].map(|text| dollars(&parse(text).unwrap()));
    assert_eq!(texts, ["0", "0", "1,000", "-1,234,567"]);
    assert_eq!(format(&number("2e0").unwrap(), 0), "2");
}

fn pack(folder: &Path, name: &str, text: &str) {
    let file = std::fs::File::create(folder.join(name)).unwrap();
    let mut encoder = GzEncoder::new(file, Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap();
}

#[test]
fn a_made_up_folder_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let by = |events: &str| format!("adl_notional_usd,closed_pnl_usd,{events}\n40,20,3\n5,1,4\n");
    let texts = [FILLS, &by("num_events"), &by("num_adl_events"), GAPS, RESULTS, SHOCKS];
    assert!(!record::is_present(folder.path()));
    for (name, text) in record::FILES.iter().zip(texts) {
        pack(folder.path(), name, text);
    }
    assert!(record::is_present(folder.path()));
    let mut out = Vec::new();
    record::run(folder.path(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("7 fills of 2 users in 2 coins closed 45 dollars and realised 21;"),
        "{text}"
    );
    assert!(text.contains(
        "overshot by 15 dollars in some and left 7 uncovered in others; pro rata left 6"
    ));
    // By user one fill more than by coin.
    pack(folder.path(), record::FILES[2], &by("num_adl_events").replace("20,3", "20,2"));
    let error = record::run(folder.path(), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("by coin and by user"), "{error}");
    std::fs::write(folder.path().join(record::FILES[0]), "not packed").unwrap();
    assert!(record::run(folder.path(), &mut Vec::new()).is_err());
}

#[test]
fn the_record_itself_gives_the_published_totals() {
    let place = Path::new("shared/data/hyperliquid-adl-2025-10-10");
    let around = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|around| around.join(place));
    let Some(folder) = around.into_iter().find(|folder| record::is_present(folder)) else {
        eprintln!("SKIPPED: no folder around the checkout holds {}", place.display());
        return;
    };
    let mut out = Vec::new();
    record::run(&folder, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for part in [
        "34983 fills",
        "closed 2,103,111,431 dollars",
        "295 single fills",
        "16 waves: needed 15079669.609008",
        "taken 60108335.328144",
        "overshoot 45028665.719136",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
