//! The harness: worlds, commands that make sense in them, and engine and model side by side.

pub mod auction_world;
pub mod bids;
pub mod chance;
pub mod depths;
pub mod exchange_world;
pub mod exchanges;
pub mod fault;
pub mod founding;
pub mod generate;
pub mod judge;
pub mod leave;
pub mod prices;
pub mod world;

use breakwater_engine::{Body, Command, Registry};
use breakwater_money::AssetId;
use chance::Chance;
use generate::{Generator, kind_of};
use judge::{Bench, shrink};
use std::collections::BTreeMap;
use std::sync::Arc;
use world::{Kind, Shelf};

/// How many commands of a kind were tried and accepted.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub kinds: BTreeMap<&'static str, (u64, u64)>,
    pub bad_ticks: (u64, u64),
    /// Sequences that ended with a surcharge in force.
    pub surcharged: u64,
    /// What the engine told, see [`Bench::told`].
    pub told: BTreeMap<String, u64>,
    /// Why commands of a kind were refused.
    pub refusals: BTreeMap<(&'static str, &'static str), u64>,
}

/// A sequence that showed a difference, as short as it could be made.
#[derive(Debug)]
pub struct Difference {
    pub seed: u64,
    pub commands: Vec<Command>,
    pub found: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "sequence {} differs; the shortest that does:", self.seed)?;
        for (at, command) in self.commands.iter().enumerate() {
            let body = match &command.body {
                // The text tells little in one line; its name says which it is.
                Body::InstallRulebook { rule, parameters, policy, .. } => {
                    let name = parameters.lines().next().unwrap_or_default();
                    format!("InstallRulebook {rule}, {name}, {policy:?}")
                }
                body => format!("{body:?}"),
            };
            writeln!(f, "{at:3}  at {}  {body}", command.at.0)?;
        }
        write!(f, "{}", self.found)
    }
}

/// One random sequence on engine and model. The bench at its end, or the difference.
pub fn sequence(
    shelf: &Shelf,
    kind: Kind,
    seed: u64,
    tally: &mut Tally,
) -> Result<(Bench, Vec<Command>), Box<Difference>> {
    let mut chance = Chance::new(seed);
    let mut bench = Bench::new(&shelf.library, &shelf.registry);
    let mut journal: Vec<Command> = Vec::new();
    // Auctions take their time.
    let (short, long) = if kind == Kind::Auctioned { (60, 140) } else { (20, 60) };
    let length = usize::try_from(chance.range(short, long)).unwrap_or(20);
    let mut setup = world::setup(shelf, &mut chance, kind);
    setup.reverse();
    let mut drawn = 0;
    while drawn < length {
        let (command, bad) = match setup.pop() {
            Some(command) => (command, false),
            None => {
                drawn += 1;
                let mut generator =
                    Generator { chance: &mut chance, shelf, kind, model: &bench.model };
                generator.command()
            }
        };
        journal.push(command.clone());
        let stepped = bench.step(&command).and_then(|refused| {
            // Half way the replaying engine is put to sleep and woken from its bytes.
            if drawn == length / 2 {
                bench.restart_twin()?;
            }
            Ok(refused)
        });
        match stepped {
            Ok(refused) => {
                let seen = if bad {
                    &mut tally.bad_ticks
                } else if drawn > 0 {
                    tally.kinds.entry(kind_of(&command)).or_default()
                } else {
                    continue;
                };
                seen.0 += 1;
                seen.1 += u64::from(refused.is_none());
                if let Some(why) = refused {
                    let kind = if bad { "bad ticks" } else { kind_of(&command) };
                    *tally.refusals.entry((kind, why.name())).or_default() += 1;
                }
            }
            Err(found) => {
                let (commands, found_again) = shrink(&shelf.library, &shelf.registry, &journal);
                let first = found.lines().next().unwrap_or_default();
                let found = format!("{found_again}\n(first seen as: {first})");
                return Err(Box::new(Difference { seed, commands, found }));
            }
        }
    }
    match bench.same_hash() {
        Ok(()) => {
            let surcharged = (0..).take(bench.engine.assets().len());
            let any = surcharged.map(AssetId).any(|asset| bench.engine.surcharge(asset) > 0);
            tally.surcharged += u64::from(any);
            for (word, count) in &bench.told {
                *tally.told.entry(word.clone()).or_default() += count;
            }
            Ok((bench, journal))
        }
        Err(found) => Err(Box::new(Difference { seed, commands: journal, found })),
    }
}

/// Many sequences; the first difference ends them.
pub fn sequences(
    kind: Kind,
    interest: bool,
    seeds: std::ops::Range<u64>,
    registry: &Arc<dyn Registry>,
) -> Result<Tally, Box<Difference>> {
    let mut tally = Tally::default();
    let mut shelf = Shelf::new(seeds.start, interest, Arc::clone(registry));
    for seed in seeds {
        // Other parameters now and then.
        if seed % 200 == 0 {
            shelf = Shelf::new(seed, interest, Arc::clone(registry));
        }
        sequence(&shelf, kind, seed, &mut tally)?;
    }
    Ok(tally)
}

/// Journals on which engine and model agree.
pub fn journals(shelf: &Shelf, kind: Kind, seeds: std::ops::Range<u64>) -> Vec<Vec<Command>> {
    let mut tally = Tally::default();
    seeds
        .map(|seed| match sequence(shelf, kind, seed, &mut tally) {
            Ok((_, journal)) => journal,
            Err(difference) => panic!("{difference}"),
        })
        .collect()
}

impl Tally {
    /// The table, for the reader of the test's output.
    pub fn table(&self, title: &str) -> String {
        use std::fmt::Write;
        let mut out =
            format!("{title}\n{:18} {:>8} {:>8} {:>6}\n", "kind", "tried", "accepted", "share");
        for (kind, (tried, accepted)) in &self.kinds {
            let share = accepted * 100 / (*tried).max(1);
            let refused = self.refused(kind);
            let _ = writeln!(out, "{kind:18} {tried:8} {accepted:8} {share:5}%  {refused}");
        }
        let (tried, accepted) = self.bad_ticks;
        let refused = self.refused("bad ticks");
        let _ = writeln!(out, "{:18} {tried:8} {accepted:8}         {refused}", "bad ticks");
        for (word, count) in &self.told {
            let _ = writeln!(out, "  {count:8} {word}");
        }
        out
    }

    fn refused(&self, kind: &str) -> String {
        let of = self.refusals.iter().filter(|((known, _), _)| *known == kind);
        let told: Vec<_> = of.map(|((_, why), count)| format!("{why} {count}")).collect();
        told.join(", ")
    }
}
