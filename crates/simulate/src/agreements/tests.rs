use super::*;

#[test]
fn probe() {
    let scenario = MarginCallScenario::open("margin-call").unwrap();
    let record = run(&scenario).unwrap();
    for it in &record.happenings {
        println!("{} {} {:?} {} {:?} {}", breakwater_agreement::support::message::utc(it.at), scenario.agreements[it.agreement].id, it.what, it.party, it.cents, it.told);
    }
    for lane in &record.lanes { println!("{} {:?}", lane.id, lane.settlement); }
    for day in &record.days { println!("{} {} {} {} {}", breakwater_agreement::support::message::utc(day.at), day.agreement, day.exposure/100, day.posted_a/100, day.posted_b/100); }
    for sale in &record.sales { println!("{:?}", sale); }
    println!("{:?} {} {}", record.hours, record.guaranteed, record.commands);
    for it in &record.messages { if it["type"] == "Refusal" { println!("{it}"); } }
}
