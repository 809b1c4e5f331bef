//! The engine against the model: random journals, everything compared after every command.

mod support;

use support::judge::plugged;
use support::sequences;
use support::world::Kind;

fn agree(title: &str, kind: Kind, interest: bool, seeds: std::ops::Range<u64>) {
    let started = std::time::Instant::now();
    match sequences(kind, interest, seeds.clone(), &plugged()) {
        Ok(tally) => {
            let count = seeds.end - seeds.start;
            println!("{}", tally.table(title));
            println!("{count} sequences in {:?}", started.elapsed());
        }
        Err(difference) => panic!("{title}: {difference}"),
    }
}

#[test]
fn called_lending_without_interest() {
    agree("called lending", Kind::Called, false, 1_000..1_100);
}

#[test]
fn called_lending_with_interest() {
    agree("called lending with interest", Kind::Called, true, 10_000..10_100);
}

#[test]
fn sold_lending_without_interest() {
    agree("sold lending", Kind::Sold, false, 20_000..20_100);
}

#[test]
fn sold_lending_with_interest() {
    agree("sold lending with interest", Kind::Sold, true, 30_000..30_100);
}

#[test]
fn exchange() {
    agree("exchange", Kind::Exchange, false, 40_000..40_100);
}
