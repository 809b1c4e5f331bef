//! Rows of a feed applied a second, on one core.
//!
//! The book keeps an array around the touch; it is held against the same book over a balanced tree,
//! level by level, before either is timed. The feed is drawn: a snapshot of a thousand levels a side,
//! then updates most of which fall near a touch that walks. Where `BREAKWATER_SHARED` names the
//! folder that has them, recorded feeds are measured too.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_market::BookSide;
use breakwater_market::book_feed::{
    BookFeed, DenseLevels, FeedEvent, FeedRow, Levels, Strictness, TreeLevels,
};
use breakwater_simulate::real_market::FeedFile;
use breakwater_simulate::scenario::read_file;
use std::hint::black_box;
use std::path::Path;

/// Recorded feeds, where they are.
const RECORDED: &str = "data/l2-binance-2024-08-08";

/// Sizes of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Rows of the drawn feed.
    pub rows: usize,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let (usual, rounds) = if options.quick { (20_000, 2) } else { (1_000_000, 9) };
        Plan { rows: options.accounts.map_or(usual, |rows| rows as usize), rounds }
    }
}

/// What one feed gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The feed.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Levels of both sides at the end.
    pub levels: usize,
    /// Times over the array.
    pub dense: Runs,
    /// Times over the tree.
    pub tree: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two books differ, or a recorded feed is not one.
pub fn run(options: &Options) -> Result<()> {
    println!("book_feed: {}", machine());
    let plan = Plan::of(options);
    let mut all = vec![measure(&plan, "drawn", &drawn(plan.rows))?];
    match std::env::var_os("BREAKWATER_SHARED") {
        Some(folder) if !options.quick => {
            for (name, rows) in recorded(&Path::new(&folder).join(RECORDED))? {
                all.push(measure(&plan, &name, &rows)?);
            }
        }
        _ => println!("recorded feeds are not measured: BREAKWATER_SHARED does not name them"),
    }
    let mut table =
        Table::new(&["feed", "rows", "levels", "rows/s", "median", "tree, rows/s", "tree, median"]);
    for figures in all {
        let (rows, dense, tree) = (figures.rows as u64, figures.dense, figures.tree);
        table.row(vec![
            figures.name,
            grouped(rows),
            grouped(figures.levels as u64),
            per_second(rows, dense.median()),
            time(dense.median()),
            per_second(rows, tree.median()),
            time(tree.median()),
        ]);
    }
    println!("{table}");
    println!(
        "One core; the median run counts. Both books end, and stand at every check, the same."
    );
    Ok(())
}

/// Proves both books equal, then times each.
///
/// # Errors
/// They differ, or the feed has a fault.
pub fn measure(plan: &Plan, name: &str, rows: &[FeedRow]) -> Result<Figures> {
    let levels = judge(name, rows)?;
    let times = |work: &dyn Fn() -> bool| {
        Runs::of(plan.rounds, || {
            black_box(work());
        })
    };
    let dense = times(&|| fed::<DenseLevels>(black_box(rows)).is_ok());
    let tree = times(&|| fed::<TreeLevels>(black_box(rows)).is_ok());
    Ok(Figures { name: name.to_owned(), rows: rows.len(), levels, dense, tree })
}

fn refused(fault: breakwater_market::book_feed::FeedFault) -> Failure {
    Failure::Refused { what: "row of a feed", why: fault.to_string() }
}

fn fed<L: Levels>(rows: &[FeedRow]) -> Result<BookFeed<L>> {
    let mut feed = BookFeed::new(Strictness::Refuse);
    rows.iter().try_for_each(|row| feed.apply(row).map(drop)).map_err(refused)?;
    feed.finish().map_err(refused)?;
    Ok(feed)
}

/// Every effect and the best levels after every row, and all levels now and then and at the end.
fn judge(name: &str, rows: &[FeedRow]) -> Result<usize> {
    let mut dense: BookFeed<DenseLevels> = BookFeed::new(Strictness::Refuse);
    let mut tree: BookFeed<TreeLevels> = BookFeed::new(Strictness::Refuse);
    let step = (rows.len() / 50).max(1);
    for (place, row) in rows.iter().enumerate() {
        let (fast, slow) = (dense.apply(row).map_err(refused)?, tree.apply(row).map_err(refused)?);
        let same = fast == slow
            && [BookSide::Bids, BookSide::Asks].into_iter().all(|side| {
                let whole = place % step == 0 || place + 1 == rows.len();
                dense.best(side) == tree.best(side)
                    && dense.count(side) == tree.count(side)
                    && (!whole || dense.levels(side).eq(tree.levels(side)))
            });
        if !same {
            let told = format!("{name}, row {place}: {fast:?} in the array, {slow:?} in the tree");
            return Err(Failure::Differs(told));
        }
    }
    Ok(dense.count(BookSide::Bids) + dense.count(BookSide::Asks))
}

/// A drawn feed: a mid that walks by a tick now and then, levels that come and go around it, most of
/// them near, some far, and none that cross.
#[must_use]
pub fn drawn(rows: usize) -> Vec<FeedRow> {
    let mut draw = Draw::new(11, 0);
    let mut mid = 6_000_000u64;
    let mut all = Vec::with_capacity(rows + 2_000);
    let side = |bid| if bid { BookSide::Bids } else { BookSide::Asks };
    let price = |mid: u64, bid: bool, away: u64| if bid { mid - away } else { mid + away };
    for away in 1..=1_000 {
        for bid in [true, false] {
            let quantity = draw.below(1_000_000) + 1;
            let (side, price) = (side(bid), price(mid, bid, away * 7));
            let event = FeedEvent::Snapshot { update_id: 1, side, price, quantity };
            all.push(FeedRow { at_nanos: 0, event });
        }
    }
    let mut id = 1;
    while all.len() < rows {
        id += 1;
        // The touch moves up or down by up to twenty ticks; what it passes is taken away first.
        let up = draw.below(2) == 0;
        let by = draw.below(21);
        let mut say = |bid: bool, price: u64, quantity: u64| {
            let event = FeedEvent::Difference {
                update_id: id,
                previous_id: Some(id - 1),
                side: side(bid),
                price,
                quantity,
            };
            all.push(FeedRow { at_nanos: id, event });
        };
        for away in 0..=by {
            say(!up, if up { mid + away } else { mid - away }, 0);
        }
        mid = if up { mid + by } else { mid - by };
        for _ in 0..40 {
            let bid = draw.below(2) == 0;
            let reach = [20, 200, 5_000, 400_000][draw.weighted(&[50, 30, 15, 5])];
            let quantity = if draw.below(5) < 2 { 0 } else { draw.below(1_000_000) + 1 };
            say(bid, price(mid, bid, draw.below(reach) + 1), quantity);
        }
    }
    all
}

fn recorded(folder: &Path) -> Result<Vec<(String, Vec<FeedRow>)>> {
    let io = |source| Failure::Io { doing: "reading the folder of recorded feeds", source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "gz"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let file = read_file(path).and_then(|text| FeedFile::read(&name, &text));
        let refused = |error: breakwater_simulate::ScenarioError| Failure::Refused {
            what: "feed",
            why: error.to_string(),
        };
        file.map(|file| (name.split('_').take(2).collect::<Vec<_>>().join(" "), file.rows))
            .map_err(refused)
    };
    paths.iter().map(read).collect()
}
