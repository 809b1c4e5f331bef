//! The tables of a run: CSV files, and tables of its page.

use super::run::Ran;
use breakwater_report::{WordColumn, WordTable};
use breakwater_simulate::worlds::results::ROUNDS;
use breakwater_simulate::worlds::rule::{ONE, UNIT};
use breakwater_simulate::worlds::search::{Cell, Table};
use breakwater_simulate::worlds::{BANDS, Interval, Metric};

/// One row a path.
pub const PATHS: &str = "paths.csv";
/// Quantiles of the price over time.
pub const FAN: &str = "fan.csv";
/// Value liquidated by time and price.
pub const MAP: &str = "map.csv";
/// Funds by level.
pub const FUND: &str = "fund.csv";
/// Other values.
pub const SWEEP: &str = "sweep.csv";
/// Other values, searched.
pub const SEARCH: &str = "search.csv";

/// Quantiles of the fan, in thousandths.
pub const FAN_QUANTILES: [u32; 7] = [10, 50, 250, 500, 750, 950, 990];

fn column(key: &str, name: &str, numeric: bool) -> WordColumn {
    WordColumn { key: key.to_owned(), name: name.to_owned(), numeric }
}

/// A number in full, at most six places.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// An end of an interval; nothing where there are too few paths for one.
pub fn end(value: Option<f64>) -> String {
    value.map_or(String::new(), plain)
}

/// An exact number of base units.
fn exact(raw: u128, scale: u64) -> String {
    let decimals = scale.ilog10() as u8;
    breakwater_money::decimal::format_raw(raw, decimals)
}

/// Every file of a run.
pub fn all(ran: &Ran) -> Vec<(&'static str, WordTable)> {
    let mut all = vec![(PATHS, paths(ran)), (FAN, fan(ran)), (MAP, map(ran)), (FUND, funds(ran))];
    all.extend(ran.sweep.as_ref().map(|table| (SWEEP, cells(table))));
    all.extend(ran.search.as_ref().map(|table| (SEARCH, cells(table))));
    all
}

fn paths(ran: &Ran) -> WordTable {
    let mut columns = vec![column("path", "Path", true)];
    let money = |metric: &Metric| metric.scale() == UNIT;
    for metric in Metric::ALL {
        let unit = match metric {
            metric if money(&metric) => "_numeraire",
            metric if metric.scale() == ONE => "_of_first",
            _ => "",
        };
        columns.push(column(&format!("{}{unit}", metric.name()), metric.title(), true));
    }
    for name in ran.world.markets.iter().map(|market| &market.name) {
        let key = name.to_lowercase().replace('-', "_");
        columns.push(column(&format!("last_{key}_of_first"), &format!("Last {name}"), true));
        columns.push(column(&format!("lowest_{key}_of_first"), &format!("Lowest {name}"), true));
    }
    for round in 1..=ROUNDS {
        let name = format!("Repaid in round {round}");
        columns.push(column(&format!("round_{round}_numeraire"), &name, true));
    }
    let rows =
        ran.outcome.rows.iter().map(|row| {
            let mut cells = vec![row.path.to_string()];
            cells.extend(Metric::ALL.iter().map(|metric| {
                exact(metric.of(row, ran.world.driver, ran.world.fund), metric.scale())
            }));
            for at in 0..ran.world.markets.len() {
                cells.push(exact(row.prices[at].into(), ONE));
                cells.push(exact(row.troughs[at].into(), ONE));
            }
            cells.extend(row.seen.by_round.iter().map(|value| exact((*value).into(), UNIT)));
            cells
        });
    WordTable { caption: "Every path".to_owned(), columns, rows: rows.collect() }
}

/// Hours after which prices are kept.
pub fn hours(ran: &Ran) -> Vec<f64> {
    let step = f64::from(ran.world.file.run.step_seconds) / 3_600.0;
    ran.outcome.grid.samples().into_iter().map(|at| f64::from(at) * step).collect()
}

fn fan(ran: &Ran) -> WordTable {
    let lines: Vec<Vec<f64>> = FAN_QUANTILES.iter().map(|at| ran.outcome.fan(*at)).collect();
    let mut columns = vec![column("at_hours", "After, hours", true)];
    columns.extend(FAN_QUANTILES.iter().map(|at| {
        let percent = plain(f64::from(*at) / 10.0);
        column(&format!("p{percent}_of_first"), &format!("{percent} %"), true)
    }));
    let moments = lines.first().map_or(0, Vec::len);
    let row = |(at, hours): (usize, f64)| {
        let mut cells = vec![plain(hours)];
        cells.extend(lines.iter().map(|line| plain(line[at])));
        cells
    };
    let rows = hours(ran).into_iter().take(moments).enumerate().map(row).collect();
    WordTable { caption: "Quantiles of the price".to_owned(), columns, rows }
}

fn map(ran: &Ran) -> WordTable {
    let step = f64::from(ran.world.file.run.step_seconds) / 3_600.0;
    let grid = ran.outcome.grid;
    let cells = ran.outcome.cells();
    let used = cells.iter().zip(0u32..).filter(|(value, _)| **value > 0);
    let rows = used.map(|(value, cell)| {
        let (column, band) = (cell / BANDS, cell % BANDS);
        vec![
            plain(f64::from(grid.column_begins(column)) * step),
            plain(f64::from(band) * 0.05),
            exact(*value, UNIT),
        ]
    });
    WordTable {
        caption: "Debt repaid by time and price, all paths together".to_owned(),
        columns: vec![
            column("from_hours", "From, hours", true),
            column("price_from_of_first", "Price from, of the first", true),
            column("repaid_numeraire", "Repaid", true),
        ],
        rows: rows.collect(),
    }
}

/// Funds by the share of paths that they cover.
pub fn funds(ran: &Ran) -> WordTable {
    let rows = ran.funds.iter().map(|row| {
        vec![
            plain(f64::from(row.level_bps) / 100.0),
            plain(row.size.value),
            end(row.size.low),
            end(row.size.high),
            plain(row.uncovered),
            plain(row.uncovered_then),
        ]
    });
    WordTable {
        caption: "Funds by the share of paths that they cover".to_owned(),
        columns: vec![
            column("covers_percent", "Covers, %", true),
            column("fund_numeraire", "Fund", true),
            column("fund_low_numeraire", "At least", true),
            column("fund_high_numeraire", "At most", true),
            column("uncovered_mean_numeraire", "Left, mean of all paths", true),
            column("uncovered_then_numeraire", "Left, mean where any is", true),
        ],
        rows: rows.collect(),
    }
}

fn interval(of: Interval) -> [String; 3] {
    [plain(of.value), end(of.low), end(of.high)]
}

/// One row a combination.
pub fn cells(table: &Table) -> WordTable {
    let keys = table.plan.keys.iter().map(|(key, _)| column(key, key, true));
    let columns = keys.chain([
        column("paths", "Paths", true),
        column("loss_mean_numeraire", "Loss, mean", true),
        column("loss_mean_low_numeraire", "at least", true),
        column("loss_mean_high_numeraire", "at most", true),
        column("value_at_risk_numeraire", "Value at risk", true),
        column("value_at_risk_low_numeraire", "at least", true),
        column("value_at_risk_high_numeraire", "at most", true),
        column("shortfall_numeraire", "Shortfall", true),
        column("shortfall_low_numeraire", "at least", true),
        column("shortfall_high_numeraire", "at most", true),
        column("penalty_mean_numeraire", "Paid to liquidators, mean", true),
        column("liquidations_mean", "Liquidations, mean", true),
        column("trough_mean_of_first", "Lowest price, mean", true),
        column("debt_numeraire", "Debt", true),
        column("fund_numeraire", "Fund", true),
        column("on_front", "Nothing beats it", false),
        column("hash", "Hash", false),
    ]);
    let row = |cell: &Cell| {
        let mut cells = cell.values.clone();
        cells.push(cell.paths.to_string());
        for of in [cell.loss.mean, cell.loss.var, cell.loss.shortfall] {
            cells.extend(interval(of));
        }
        for value in [cell.penalty, cell.liquidations, cell.trough, cell.debt, cell.fund] {
            cells.push(plain(value));
        }
        cells.push(if cell.on_front { "yes" } else { "no" }.to_owned());
        cells.push(cell.hash.clone());
        cells
    };
    WordTable {
        caption: format!("Other values, {} paths each", table.paths),
        columns: columns.collect(),
        rows: table.cells.iter().map(row).collect(),
    }
}
