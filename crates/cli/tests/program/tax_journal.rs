//! `tax` on the journals that `replay` writes: everybody's realised loss, and sums that are the run's.

use crate::started::{run_in, text, workspace};
use breakwater_money::{Rational, rational};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn number(text: &str) -> Rational {
    rational::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn of(object: &Value, field: &str) -> Rational {
    number(object[field].as_str().unwrap_or("0"))
}

/// Half a cent.
fn near(first: &Rational, second: &Rational) -> bool {
    let apart = first - second;
    let cent = number("0.005");
    apart <= cent && -apart <= cent
}

/// Columns of a file of rows, by name.
fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        names.iter().zip(row.iter()).map(|(name, field)| (name.into(), field.into())).collect()
    });
    rows.collect()
}

/// What one account's liquidations came to, from the run's own table.
#[derive(Default)]
struct Told {
    repaid: Rational,
    taken: Rational,
    /// Debt discharged less what the collateral was worth when the journal began.
    realised: Rational,
    deficit: Rational,
}

#[test]
fn black_thursday_gives_everybody_the_loss_of_the_runs_own_table() {
    let folder = TempDir::new().unwrap();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments).with(0);
    run(&["replay", "black-thursday", "--out", "run", "--quiet"]);
    let answer = run(&["tax", "run", "--out", "tables", "--json", "--quiet"]).json();
    assert_eq!(answer["schema"], "breakwater.tax-journal/1");

    let prices = table(&workspace().join("scenarios/black-thursday/prices.csv"));
    let opening: BTreeMap<&str, Rational> =
        prices.iter().map(|row| (row["asset"].as_str(), number(&row["price_usd"]))).collect();
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for row in table(&folder.path().join("run/liquidations.csv")) {
        let own = told.entry(row["account"].clone()).or_default();
        let (repaid, taken) =
            (number(&row["debt_repaid_usd"]), number(&row["collateral_seized_usd"]));
        let basis = number(&row["collateral_seized"]) * &opening[row["collateral_asset"].as_str()];
        own.realised += &repaid - basis;
        own.repaid += repaid;
        own.taken += taken;
        own.deficit += number(&row["deficit_usd"]);
    }
    let holders = answer["holders"].as_array().unwrap();
    let hit: Vec<&Value> = holders.iter().filter(|holder| holder["liquidated"] == true).collect();
    assert_eq!(hit.len(), told.len());
    assert!(hit.len() > 200, "{} liquidated", hit.len());
    let (mut net, mut realised) = (Rational::default(), Rational::default());
    for holder in &hit {
        let owner = holder["owner"].as_str().unwrap();
        let own = &told[owner];
        let causes = &holder["by_cause"];
        let found = of(causes, "seized") + of(causes, "penalty");
        assert!(near(&found, &own.realised), "{owner}: {}", holder);
        assert!(near(&of(holder, "debt_discharged"), &own.repaid), "{owner}");
        assert!(near(&of(holder, "market_value_taken"), &own.taken), "{owner}");
        assert!(near(&of(causes, "waived"), &own.deficit), "{owner}: {}", holder);
        net += of(holder, "net_realised");
        realised += found;
    }
    let all =
        |part: fn(&Told) -> &Rational| told.values().fold(Rational::default(), |s, t| s + part(t));
    assert!(near(&realised, &all(|told| &told.realised)), "all of them");
    assert_eq!(of(&answer["stated"], "debt_discharged"), all(|told| &told.repaid));
    assert_eq!(of(&answer["stated"], "market_value_taken"), all(|told| &told.taken));
    assert_eq!(of(&answer["stated"], "losses_borne_by_others"), all(|told| &told.deficit));
    assert!(near(&of(&answer["liquidated"], "net_realised"), &net));
    assert!(answer["liquidated"]["by_cause"]["other"].is_null());

    let accounts = table(&folder.path().join("tables/accounts.csv"));
    assert_eq!(accounts.len(), hit.len());
    let rows = table(&folder.path().join("tables/rows.csv"));
    let seized = rows.iter().filter(|row| row["cause"] == "seized");
    let market = seized.fold(Rational::default(), |sum, row| sum + number(&row["market_value"]));
    assert_eq!(market, all(|told| &told.taken));
}

#[test]
fn perpetuals_have_fees_losses_and_winners_that_add_up_to_the_runs() {
    let folder = TempDir::new().unwrap();
    let shipped = workspace().join("scenarios");
    let settings = text(&shipped.join("october-2025.toml"))
        .replace("name = \"october-2025\"", "name = \"small\"")
        .replace("traders = 20000", "traders = 1000")
        .replace("open_interest = \"20000\"", "open_interest = \"2000\"");
    fs::write(folder.path().join("small.toml"), settings).unwrap();
    fs::create_dir(folder.path().join("october-2025")).unwrap();
    for file in ["october-2025/index.csv", "october-2025/depth.csv"] {
        fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
    }
    let run = |arguments: &[&str]| run_in(folder.path(), arguments).with(0);
    let replayed =
        run(&["replay", "small.toml", "--fund", "0.001", "--out", "run", "--quiet", "--json"])
            .json();
    let told = run(&["tax", "run/journal.redb", "--quiet"]);
    for word in ["identities checked", "liquidated", "deleveraged", "assumption"] {
        assert!(told.out.contains(word), "no '{word}' in\n{}", told.out);
    }
    let answer = run(&["tax", "run/journal.redb", "--json", "--quiet"]).json();
    let (causes, totals) = (&answer["totals"]["by_cause"], &replayed["totals"]);
    let fees = of(causes, "liquidation-fee");
    assert!(near(&-fees, &of(totals, "fees")), "fees: {causes} {totals}");
    let borne = &totals["borne_by"];
    let waived = of(borne, "insurance") + of(borne, "outstanding");
    assert!(near(&of(causes, "waived"), &waived), "waived: {causes} {totals}");
    // What winners were closed at is theirs: a profit, and no fee with it.
    assert!(of(causes, "deleveraged") > Rational::default(), "{causes}");
    let liquidated = &answer["liquidated"];
    assert!(of(liquidated, "net_realised") < Rational::default());
    // Whoever was bankrupt has nothing left, and lost what was put in.
    for holder in answer["holders"].as_array().unwrap() {
        if !holder["by_cause"]["waived"].is_null() {
            assert_eq!(of(holder, "equity"), Rational::default(), "{holder}");
            assert_eq!(of(holder, "net_realised"), -of(&holder["by_cause"], "opening"));
        }
    }
    run_in(folder.path(), &["tax", "nowhere.redb"]).complains(3, &["nowhere.redb"]);
}
