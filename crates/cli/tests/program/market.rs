//! `breakwater market`: recorded markets and orders worked through them.

use crate::started::{run, run_in, text};
use std::fs;
use tempfile::TempDir;

const HEADER: &str = "local_ts_ns,exch_ts_ms,update_id,kind,side,price,qty\n";

#[test]
fn the_shipped_feed_is_replayed_out_of_the_box() {
    let told = run(&["market", "replay", "--starts", "2"]).with(0);
    for word in ["Selling into btc-spot", "immediate", "almgren-chriss", "planner", "lower bounds"]
    {
        assert!(told.out.contains(word), "{word} is not in:\n{}", told.out);
    }
    assert!(told.out.lines().count() <= 32, "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}

#[test]
fn json_and_files_tell_the_same_costs() {
    let folder = TempDir::new().unwrap();
    let asked =
        "market replay --buy 0.5,20 --strategy twap --strategy immediate --starts 3 --out o";
    let words: Vec<&str> = asked.split(' ').chain(["--json"]).collect();
    let json = run_in(folder.path(), &words).with(0).json();
    assert_eq!(json["schema"], "breakwater.market-replay/1");
    let cells = json["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 4);
    let csv = text(&folder.path().join("o/costs.csv"));
    for cell in cells {
        let number = |field: &str| cell[field].as_str().unwrap();
        let row = format!("{},{},{},", number("size"), number("strategy"), number("cost_bps"));
        assert!(csv.contains(&row), "{row} is not in:\n{csv}");
        assert_eq!(cell["runs"].as_array().unwrap().len(), 3);
    }
    assert!(text(&folder.path().join("o/market.html")).contains("mid of the market"));
    assert!(text(&folder.path().join("o/slices.csv")).lines().count() > 60);
    // Run again, it takes its own folder over.
    run_in(folder.path(), &words).with(0);
}

#[test]
fn a_book_is_told_and_a_fault_is_a_finding() {
    let told = run(&["market", "book"]).with(0);
    assert!(
        told.out.contains("best bid") && told.out.contains("faults        none"),
        "{}",
        told.out
    );
    let folder = TempDir::new().unwrap();
    let rows = "1,0,5,3,1,10.5,2\n1,0,5,3,-1,10.6,2\n2,0,6,0,1,10.7,1\n3,0,7,0,1,10.4,1\n";
    fs::write(folder.path().join("crossed.csv"), format!("{HEADER}{rows}")).unwrap();
    let told = run_in(folder.path(), &["market", "book", "crossed.csv"]).with(1);
    assert!(told.out.contains("4 (crossed): 2 times"), "{}", told.out);
}

#[test]
fn bad_feeds_and_settings_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("bad.csv", format!("{HEADER}1,0,5,3,1,ten,2\n").as_bytes());
    write("empty.csv", b"");
    let shipped = "../../scenarios/real-market/btc-spot-2024-08-08.csv.gz";
    let packed = fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(shipped)).unwrap();
    write("cut.csv.gz", &packed[..packed.len() / 2]);
    let backwards = "5,0,5,3,1,10.5,2\n5,0,5,3,-1,10.6,2\n4,0,6,0,1,10.4,1\n";
    write("backwards.csv", format!("{HEADER}{backwards}").as_bytes());
    let cases: [(&str, i32, &[&str]); 9] = [
        ("replay bad.csv", 3, &["bad.csv, line 2", "price is 'ten'"]),
        ("replay empty.csv", 3, &["empty.csv, line 1", "the file is empty"]),
        ("book cut.csv.gz", 3, &["cut.csv.gz", "gzip"]),
        ("replay backwards.csv --warmup 1", 2, &["horizon"]),
        ("replay nowhere.csv", 3, &["nowhere.csv", "btc-spot-2024-08-08"]),
        ("replay --sell 0", 2, &["--sell is 0"]),
        ("replay --sell 1x", 2, &["--sell", "1x"]),
        ("replay --horizon 900", 2, &["horizon", "the feed has"]),
        ("replay --participation 101", 2, &["--participation is 101"]),
    ];
    for (asked, code, words) in cases {
        let all: Vec<&str> = ["market"].into_iter().chain(asked.split(' ')).collect();
        run_in(folder.path(), &all).complains(code, words);
    }
}

#[test]
fn ladders_are_told_at_once_and_in_slices() {
    let folder = TempDir::new().unwrap();
    let rows = "a,b,1,0.0\na,b,10,0.01\na,b,100,0.2\nc,d,5,0.0\nc,d,50,0.5\n";
    let file = format!("src,dst,in_amount,price_impact\n{rows}");
    fs::write(folder.path().join("quotes.csv"), file).unwrap();
    let json = run_in(folder.path(), &["market", "ladders", "quotes.csv", "--json"]).with(0).json();
    assert_eq!(json["pairs"].as_array().unwrap().len(), 2);
    assert_eq!(json["pairs"][0]["costs"][5]["immediate_bps"], "2000.000");
    let told = run_in(folder.path(), &["market", "ladders", "quotes.csv"]).with(0);
    assert!(told.out.contains("2 pairs") && told.out.contains("Assumed"), "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{}", told.out);
}
