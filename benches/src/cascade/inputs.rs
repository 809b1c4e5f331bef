//! What peers read, so that they do the same work: the book, every logarithmic step, our answers.

use super::{MINUTES, Plan, SEED, monte_carlo, refused};
use crate::{Failure, Result};
use breakwater_simulate::monte_carlo::{Book, Steps};
use std::fmt::Write;
use std::path::Path;

/// Writes `book.csv`, `steps_<regime>.csv` (a path a line) and `expected_<regime>.csv`.
pub(super) fn write(plan: &Plan, folder: &Path) -> Result<()> {
    let save = |name: &str, text: &str| {
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join(name), text))
            .map_err(Failure::io("writing what peers read"))
    };
    let book = Book::drawn(plan.accounts, SEED).map_err(refused)?;
    let mut text = String::from("collateral,debt\n");
    for loan in book.loans() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},{}", loan.collateral, loan.debt);
    }
    save("book.csv", &text)?;
    for regime in &plan.regimes {
        let run = monte_carlo(plan, &book, *regime);
        let mut text = String::new();
        for path in 0..plan.paths {
            let mut steps = Steps::new(&run.law, run.seed, path);
            let steps: Vec<String> = (0..MINUTES).map(|_| steps.advance().to_string()).collect();
            text += &steps.join(",");
            text.push('\n');
        }
        save(&format!("steps_{}.csv", regime.name()), &text)?;
        let mut text = String::from("path,price,liquidations,rounds_max,trough,bad_debt\n");
        for row in run.run(&book).map_err(refused)?.rows {
            let (price, trough) = (row.price as f64 / 1e12, row.trough as f64 / 1e12);
            let (count, rounds) = (row.liquidations, row.rounds_max);
            let _ =
                writeln!(text, "{},{price},{count},{rounds},{trough},{}", row.path, row.bad_debt);
        }
        save(&format!("expected_{}.csv", regime.name()), &text)?;
    }
    println!("wrote {} paths of {} accounts to {}", plan.paths, plan.accounts, folder.display());
    Ok(())
}
