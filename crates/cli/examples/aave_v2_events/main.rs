//! Replays real liquidations of Aave v2: does what was taken follow from what was repaid?
//!
//! `cargo run --release -p breakwater-cli --example aave_v2_events -- [FOLDER] [--fit]`
//!
//! `FOLDER` holds `liquidations.csv.gz` and `reserves.csv.gz`; without it the program looks beside the
//! checkout. The data has no licence and is not shipped: where it is absent, the program says so and
//! ends well. `--fit` prints the rows of the table of incentives instead, as a fit on the events of
//! even months gives them. `docs/real-events.md` explains what is printed.

mod replay;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use replay::EventsError;
use replay::incentives::Table;

/// Where the data lies when no folder is named, from the folder around the checkout.
const BESIDE_CHECKOUT: [&str; 3] = ["shared", "data", "aave-v2-liquidations"];

/// Exit codes as those of the `breakwater` program.
const WRONG_USAGE: u8 = 2;
const BAD_DATA: u8 = 3;

fn main() -> ExitCode {
    let mut folder = None;
    let mut fit = false;
    for argument in std::env::args_os().skip(1) {
        if argument == "--fit" {
            fit = true;
        } else if folder.is_none() && !argument.to_string_lossy().starts_with('-') {
            folder = Some(PathBuf::from(argument));
        } else {
            let argument = argument.to_string_lossy();
            eprintln!("unexpected '{argument}': expected one folder and, if wanted, --fit");
            return ExitCode::from(WRONG_USAGE);
        }
    }
    let folder = folder.unwrap_or_else(beside_checkout);
    if !replay::is_present(&folder) {
        let names = replay::FILES.join(" and ");
        eprintln!("SKIPPED: {} does not hold {names}; nothing was replayed", folder.display());
        println!("skipped: no data");
        return ExitCode::SUCCESS;
    }
    let out = &mut std::io::stdout().lock();
    let done = Table::parse(replay::TABLE).and_then(|table| {
        if fit {
            replay::print_fit(&folder, &table, out)
        } else {
            replay::run(&folder, &table, out)
        }
    });
    let _ = out.flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output, such as `head`, has had enough.
        Err(EventsError::Disk { source, .. }) if source.kind() == ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(BAD_DATA)
        }
    }
}

fn beside_checkout() -> PathBuf {
    let mut folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    // The crate, the folder of crates, and the checkout itself.
    for _ in 0..3 {
        folder.pop();
    }
    folder.extend(BESIDE_CHECKOUT);
    folder
}
