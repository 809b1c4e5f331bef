//! Tables of defence sets, as the page and the CSV files have them.

use super::Told;
use breakwater_report::{WordColumn, WordTable};
use breakwater_simulate::defending::{Measure, Scored};

/// A share with four decimals.
pub fn share(value: f64) -> String {
    format!("{value:.4}")
}

/// A value with two decimals.
pub fn money(value: f64) -> String {
    // What rounds to nothing is nothing, on either side of it.
    let told = format!("{value:.2}");
    if told == "-0.00" { "0.00".to_owned() } else { told }
}

fn maybe(value: Option<f64>) -> String {
    value.map(share).unwrap_or_default()
}

fn columns(told: &[(&str, &str, bool)]) -> Vec<WordColumn> {
    let column = |(key, name, numeric): &(&str, &str, bool)| WordColumn {
        key: (*key).to_owned(),
        name: (*name).to_owned(),
        numeric: *numeric,
    };
    told.iter().map(column).collect()
}

/// The one score table: means over all paths, and the worst of the bad debt.
pub fn scores(told: &Told<'_>) -> WordTable {
    let row = |set: &Scored| {
        vec![
            set.name.clone(),
            set.told.clone(),
            money(set.mean(Measure::BadDebt)),
            money(set.worst(Measure::BadDebt)),
            money(set.mean(Measure::Trapped)),
            money(set.mean(Measure::HeldBack)),
            money(set.mean(Measure::Trips)),
            money(set.false_trips_mean()),
            money(set.mean(Measure::Trough)),
            share(set.mean(Measure::Hurt)),
            share(set.mean(Measure::GotOut)),
            maybe(set.mean_of(|run| run.got_out_large)),
            maybe(set.mean_of(|run| run.got_out_small)),
            money(set.mean(Measure::Liquidated)),
        ]
    };
    WordTable {
        caption: "Score of each set".to_owned(),
        columns: columns(&[
            ("defence", "Set", false),
            ("rules", "What it does", false),
            ("bad_debt", "Bad debt", true),
            ("bad_debt_worst", "Bad debt, worst path", true),
            ("trapped_value_hours", "Trapped, value x hours", true),
            ("held_back_value_hours", "Held back, value x hours", true),
            ("trips", "Steps that bound", true),
            ("false_trips", "Bound in calm", true),
            ("trough_price", "Trough price", true),
            ("users_hurt_share", "Hurt, share", true),
            ("got_out_share", "Got out, share", true),
            ("got_out_large_share", "Largest tenth", true),
            ("got_out_small_share", "Smaller half", true),
            ("liquidated", "Liquidated", true),
        ]),
        rows: told.found.sets.iter().map(row).collect(),
    }
}

/// Every set on every path.
pub fn runs(told: &Told<'_>) -> WordTable {
    let rows = told.found.sets.iter().flat_map(|set| {
        let paths = set.runs.iter().zip(&set.false_trips);
        paths.enumerate().map(|(path, (run, calm))| {
            vec![
                set.name.clone(),
                path.to_string(),
                money(run.bad_debt),
                money(run.trapped_value_hours),
                money(run.held_back_value_hours),
                run.trips.to_string(),
                calm.to_string(),
                money(run.trough_price),
                run.users_hurt.to_string(),
                run.dragged.to_string(),
                run.users.to_string(),
                money(run.wanted),
                share(run.got_out),
                maybe(run.got_out_large),
                maybe(run.got_out_small),
                money(run.liquidated),
                money(run.predator_gain),
                run.state_hash.clone(),
            ]
        })
    });
    WordTable {
        caption: "Every set on every path".to_owned(),
        columns: columns(&[
            ("defence", "Set", false),
            ("path", "Path", true),
            ("bad_debt", "Bad debt", true),
            ("trapped_value_hours", "Trapped, value x hours", true),
            ("held_back_value_hours", "Held back, value x hours", true),
            ("trips", "Steps that bound", true),
            ("false_trips", "Bound in calm", true),
            ("trough_price", "Trough price", true),
            ("users_hurt", "Hurt", true),
            ("dragged", "Of them liquidated without need", true),
            ("users", "People", true),
            ("wanted", "Wanted out", true),
            ("got_out_share", "Got out, share", true),
            ("got_out_large_share", "Largest tenth", true),
            ("got_out_small_share", "Smaller half", true),
            ("liquidated", "Liquidated", true),
            ("predator_gain", "Predator's gain", true),
            ("state_hash", "State hash", false),
        ]),
        rows: rows.collect(),
    }
}

/// The first path of every set, step by step.
pub fn track(told: &Told<'_>) -> WordTable {
    let rows = told.found.sets.iter().flat_map(|set| {
        set.track.iter().map(|point| {
            vec![
                set.name.clone(),
                format!("{:.4}", point.hours),
                format!("{:.4}", point.price),
                format!("{:.4}", point.without),
                money(point.cash),
                money(point.waiting),
            ]
        })
    });
    WordTable {
        caption: "The first path".to_owned(),
        columns: columns(&[
            ("defence", "Set", false),
            ("hours", "Hours", true),
            ("price", "Mark", true),
            ("price_without_sales", "Price without sales", true),
            ("cash", "Cash in the pool", true),
            ("waiting", "Wanted and not paid", true),
        ]),
        rows: rows.collect(),
    }
}
