//! x
fn main() {
    let s = breakwater_simulate::Scenario::open("black-thursday").unwrap();
    let t = std::time::Instant::now();
    let plain = breakwater_simulate::RunOptions { impact: false, gas: false, feedback: Some("0".into()), ..Default::default() };
    for o in [plain, Default::default()] {
        let r = breakwater_simulate::run(&s, &o, &mut breakwater_simulate::Nobody).unwrap();
        println!("{:#?}\n{} {} {:?} rounds {:?}", r.totals, r.state_hash, r.commands, r.states, r.rounds);
        for l in r.liquidations.iter().take(2) { println!("{l:?}"); }
        println!("{:?}", t.elapsed());
    }
    for v in breakwater_simulate::compare(&s, &Default::default()).unwrap() {
        let t = &v.run.totals; println!("{} | {} | liq {} booked {} open {} loss {} gain {} low {}", v.name, v.variant, t.liquidations, t.bad_debt_booked/100000000, t.bad_debt_open/100000000, t.borrower_loss/100000000, t.keeper_gain/100000000, t.driver_low/100000000);
    }
    println!("{:?}", t.elapsed());
}
