//! On every tick of the scenario, what the watch list assessed plus what it holds pending is what
//! a rescan of the whole book finds.

use breakwater_engine::{Body, Command, Engine};
use breakwater_simulate::{
    PolicyChoice, RunOptions, Scenario, Watcher, decode, encode, registry, run,
};

struct Judge {
    engine: Engine,
    ticks: u64,
    assessed: u64,
}

impl Watcher for Judge {
    fn command(&mut self, command: &Command) -> Result<(), String> {
        let command = decode(&encode(command))?;
        let outcome = self.engine.apply(&command);
        if matches!(command.body, Body::Tick(_)) {
            self.ticks += 1;
            self.assessed += u64::from(outcome.assessed);
            let late = self.engine.rescan();
            if !late.is_empty() {
                return Err(format!("late at command {}: {late:?}", outcome.sequence));
            }
        }
        Ok(())
    }
}

#[test]
fn assessed_plus_pending_equals_the_rescan_on_every_tick() {
    let scenario = Scenario::open("black-thursday").unwrap();
    for policy in [PolicyChoice::AsIs, PolicyChoice::VenueTarget] {
        let mut judge = Judge { engine: Engine::new(registry()), ticks: 0, assessed: 0 };
        let options = RunOptions { policy, ..RunOptions::default() };
        let run = run(&scenario, &options, &mut judge).unwrap();
        assert_eq!(judge.engine.state_hash().hex(), run.state_hash, "the commands are the run");
        assert!(judge.ticks > 3_000);
        let rescans = judge.ticks * 1_034;
        println!("{} of {rescans} assessments over {} ticks", judge.assessed, judge.ticks);
        assert!(judge.assessed * 20 < rescans, "the list saves nothing");
    }
}
