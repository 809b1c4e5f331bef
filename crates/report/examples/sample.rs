//! Renders a made-up run and comparison, to look at the pages without running anything.
//!
//! `cargo run -p breakwater-report --example sample -- FOLDER` writes `report.html`,
//! `compare.html`, `liquidations.csv` and one SVG a chart into the folder.

#[path = "../tests/sample_report/mod.rs"]
mod sample_report;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use breakwater_report::{
    ChartKind, chart_svg, comparison_svg, render_comparison, render_run, write_liquidations_csv,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("name the folder to write into, such as /tmp/sample")?;
    fs::create_dir_all(&folder)?;
    let run = sample_report::run();
    let comparison = sample_report::comparison();
    fs::write(folder.join("report.html"), render_run(&run)?)?;
    fs::write(folder.join("compare.html"), render_comparison(&comparison)?)?;
    write_liquidations_csv(fs::File::create(folder.join("liquidations.csv"))?, &run.liquidations)?;
    for kind in ChartKind::ALL {
        fs::write(folder.join(format!("{}.svg", kind.name())), chart_svg(kind, &run)?)?;
    }
    fs::write(folder.join("comparison.svg"), comparison_svg(&comparison)?)?;
    println!("wrote report.html, compare.html, liquidations.csv and 9 charts");
    Ok(())
}
