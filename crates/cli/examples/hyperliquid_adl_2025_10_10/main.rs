//! Reads the record of auto-deleveraging on Hyperliquid, 10 October 2025, 21:15 to 21:27 UTC: which
//! identities hold among its fills, what each wave needed and took, and what our policies would take.
//!
//! `cargo run --release -p breakwater-cli --example hyperliquid_adl_2025_10_10 -- [FOLDER]`
//!
//! `FOLDER` holds the packed tables; without it the program looks beside the checkout. Some of them are
//! under GPL-3.0 and none is shipped: where they are absent, the program says so and ends well.

mod record;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use record::RecordError;

/// Where the data lies when no folder is named, from the folder around the checkout.
const BESIDE_CHECKOUT: [&str; 3] = ["shared", "data", "hyperliquid-adl-2025-10-10"];

/// Exit codes as those of the `breakwater` program.
const WRONG_USAGE: u8 = 2;
const BAD_DATA: u8 = 3;

fn main() -> ExitCode {
    let mut folder = None;
    for argument in std::env::args_os().skip(1) {
        if folder.is_some() || argument.to_string_lossy().starts_with('-') {
            let argument = argument.to_string_lossy();
            eprintln!("unexpected '{argument}': expected one folder, or nothing");
            return ExitCode::from(WRONG_USAGE);
        }
        folder = Some(PathBuf::from(argument));
    }
    let folder = folder.unwrap_or_else(beside_checkout);
    if !record::is_present(&folder) {
        let names = record::FILES.join(", ");
        eprintln!("SKIPPED: {} does not hold {names}; nothing was read", folder.display());
        println!("skipped: no data");
        return ExitCode::SUCCESS;
    }
    let out = &mut std::io::stdout().lock();
    let done = record::run(&folder, out);
    let _ = out.flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output, such as `head`, has had enough.
        Err(RecordError::Disk { source, .. }) if source.kind() == ErrorKind::BrokenPipe => {
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
