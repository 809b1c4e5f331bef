use super::*;

/// A small pool, and the sets that a test names.
fn scenario(sets: &str) -> DefendScenario {
    read(sets).unwrap()
}

fn read(sets: &str) -> Result<DefendScenario, crate::ScenarioError> {
    let shipped = include_str!("../../../../scenarios/defend/run-on-a-pool.toml");
    let (head, _) = shipped.split_once("[[defence]]").unwrap();
    let head = head
        .replace("depositors = 200", "depositors = 60")
        .replace("borrowers = 120", "borrowers = 40")
        .replace("steps = 288", "steps = 160")
        .replace("paths = 8", "paths = 2")
        .replace("deposit_median = 40000.0", "deposit_median = 130000.0");
    let missing = |file: &str| Err(crate::ScenarioError::setting(file, "no tables"));
    DefendScenario::read("small", &format!("{head}{sets}"), &missing)
}

fn scored(sets: &str) -> Defended {
    run(&scenario(sets), &DefendOptions::default(), &|_, _| {}).unwrap()
}

const NONE: &str = "[[defence]]\nname = \"none\"\n";

#[test]
fn a_limit_holds_what_would_have_left_and_all_meet_the_same_run() {
    let sets = format!(
        "{NONE}[[defence]]\nname = \"waits\"\n\
         outflow = {{ leaves_bps = 500, window_hours = 24, excess = \"wait\" }}\n\
         [[defence]]\nname = \"refused\"\n\
         outflow = {{ leaves_bps = 500, window_hours = 24, excess = \"refuse\" }}\n"
    );
    let found = scored(&sets);
    let [none, waits, refused] = found.sets.as_slice() else { panic!("{found:?}") };
    for run in &none.runs {
        assert_eq!(run.trips, 0, "{run:?}");
        assert!(run.wanted > 0.0 && run.liquidated > 0.0, "{run:?}");
    }
    assert_eq!(none.false_trips, [0, 0]);
    for limited in [waits, refused] {
        assert!(limited.mean(Measure::Trips) > 0.0);
        assert!(limited.mean(Measure::GotOut) < none.mean(Measure::GotOut), "{limited:?}");
        assert!(limited.mean(Measure::Trapped) > none.mean(Measure::Trapped));
        for (cash, free) in limited.track.iter().zip(&none.track) {
            assert!(cash.without == free.without && cash.hours == free.hours);
        }
    }
    // In proportion nobody is better off for being large; by turns somebody is first.
    assert!(waits.runs != refused.runs);
    assert_eq!(found, scored(&sets), "the same seed gives the same answer");
}

#[test]
fn a_queue_binds_on_calm_days_as_well_and_that_is_counted() {
    let found = scored(&format!("{NONE}[[defence]]\nname = \"queue\"\nqueue_hours = 12\n"));
    assert!(found.sets[1].false_trips_mean() > 0.0);
    assert!(found.sets[1].worst(Measure::Hurt) > found.sets[0].worst(Measure::Hurt));
}

#[test]
fn holding_liquidations_back_is_counted_and_costs_where_the_price_does_not_come_back() {
    let sets = format!(
        "{NONE}[[defence]]\nname = \"throttle\"\nthrottle = {{ value = 0, window_minutes = 60 }}\n\
         [[defence]]\nname = \"bands\"\nband = {{ width_bps = 200, reference_minutes = 60, \
         limit_seconds = 0, pause_minutes = 60 }}\n\
         [[defence]]\nname = \"factor\"\nclose_factor = {{ least_bps = 500, full_at_health_bps = 5000 }}\n"
    );
    let found = scored(&sets);
    let [none, throttle, bands, factor] = found.sets.as_slice() else { panic!("{found:?}") };
    assert_eq!(none.mean(Measure::HeldBack), 0.0);
    assert_eq!(throttle.mean(Measure::Liquidated), 0.0);
    assert!(throttle.mean(Measure::HeldBack) > 0.0);
    assert!(throttle.mean(Measure::BadDebt) > none.mean(Measure::BadDebt));
    assert!(throttle.worst(Measure::Trough) >= none.worst(Measure::Trough));
    assert!(bands.mean(Measure::Trips) > 0.0 && bands.mean(Measure::HeldBack) > 0.0);
    assert!(factor.mean(Measure::Liquidated) != none.mean(Measure::Liquidated));
}

#[test]
fn dearer_loans_are_repaid_and_leave_more_to_pay_with() {
    let rates = "rates = { optimal_usage_bps = 6500, base_bps = 0, slope1_bps = 350, slope2_bps = \
                 90000 }";
    let found = scored(&format!("{NONE}[[defence]]\nname = \"dear\"\n{rates}\n"));
    assert_ne!(found.sets[0].runs[0].state_hash, found.sets[1].runs[0].state_hash);
    let out = |set: usize| found.sets[set].mean(Measure::GotOut);
    assert!(out(1) > out(0), "{} {}", out(1), out(0));
}

#[test]
fn what_makes_no_sense_is_refused_by_its_name() {
    for (sets, named) in [
        (NONE.repeat(2), "'none' is there twice"),
        ("[[defence]]\nname = \"x\"\nqueue = 3\n".to_owned(), "unknown field `queue`"),
        ("[[defence]]\nname = \"x\"\nqueue_hours = 0\n".to_owned(), "queue_seconds 0"),
        (
            "[[defence]]\nname = \"x\"\noutflow = { leaves_bps = 10001, window_hours = 24, excess = \
             \"wait\" }\n"
                .to_owned(),
            "outflow.limit.retained_bps",
        ),
    ] {
        let told = read(&sets).unwrap_err().to_string();
        assert!(told.contains(named), "{told}");
    }
    let shipped = include_str!("../../../../scenarios/defend/run-on-a-pool.toml");
    let wrong = |from: &str, to: &str| {
        let text = shipped.replace(from, to);
        let missing = |file: &str| Err(crate::ScenarioError::setting(file, "no tables"));
        DefendScenario::read("wrong", &text, &missing).unwrap_err().to_string()
    };
    assert!(wrong("fall = 0.33", "fall = 1.5").contains("run.shock.fall: 1.5; expected 0 to 0.99"));
    assert!(wrong("exits = 0.35", "exits = -1.0").contains("exits is -1.0"));
    assert!(wrong("[run.predator]", "[run.hunter]").contains("unknown field `hunter`"));
    let options = DefendOptions { paths: Some(0), seed: None };
    let told = run(&scenario(NONE), &options, &|_, _| {}).unwrap_err().to_string();
    assert!(told.contains("paths: 0; expected 1 to 10000"), "{told}");
}

#[test]
fn real_flows_are_replayed_with_and_without() {
    let scenario = DefendScenario::open("terra-anchor-2022-05").unwrap();
    assert_eq!(scenario.hours.as_ref().unwrap().hours.len(), 552);
    let found = run(&scenario, &DefendOptions::default(), &|_, _| {}).unwrap();
    let none = &found.sets[0];
    assert_eq!((none.runs[0].trips, none.false_trips[0]), (0, 0));
    let tight = &found.sets[1];
    assert!(tight.runs[0].trough_price > none.runs[0].trough_price);
    assert!(tight.runs[0].trapped_value_hours > none.runs[0].trapped_value_hours);
    assert!(tight.runs[0].trips > tight.false_trips[0]);
    let other = DefendOptions { seed: Some(3), paths: None };
    assert!(
        run(&scenario, &other, &|_, _| {}).unwrap_err().to_string().contains("nothing is drawn")
    );
}

#[test]
fn a_table_of_flows_is_refused_by_its_line() {
    for (text, named) in [
        ("", "no heading"),
        ("hour,in,out\n", "heading 'hour,in,out'"),
        ("hour,inflow,outflow\n", "0 hours"),
        ("hour,inflow,outflow\n1,2\n", "line 2: 2 cells"),
        ("hour,inflow,outflow\n1,2,3\n2,-1,0\n", "line 3: inflow '-1'"),
    ] {
        let told = FlowHours::read("f.csv", text).unwrap_err().to_string();
        assert!(told.contains(named), "{told}");
    }
}
