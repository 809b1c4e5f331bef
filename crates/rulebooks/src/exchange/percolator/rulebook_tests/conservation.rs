//! Random sequences of everything: nothing is minted, and what rounding leaves is bounded.

use super::*;
use breakwater_liquidation::Fact;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

#[derive(Debug, Clone)]
enum Step {
    Deposit(u32, u32),
    Withdraw(u32, Option<u32>),
    Trade(u32, u32, bool, u32, i32),
    Price(bool, u32, u64),
    Fund(bool, i64),
    Absorb(u32),
    Fill(u32, bool, u32),
    Settle(bool),
    WriteOff(u32),
    Insure(u32),
}

const ACCOUNTS: u32 = 6;

fn any_step() -> impl Strategy<Value = Step> {
    let who = || 0..ACCOUNTS;
    prop_oneof![
        2 => (who(), 1u32..900).prop_map(|(a, amount)| Step::Deposit(a, amount)),
        2 => (who(), prop::option::of(1u32..500)).prop_map(|(a, amount)| Step::Withdraw(a, amount)),
        7 => (who(), who(), any::<bool>(), 1u32..9, -40i32..40)
            .prop_map(|(a, b, big, q, off)| Step::Trade(a, b, big, q, off)),
        6 => (any::<bool>(), 40u32..190, 0u64..120).prop_map(|(big, p, w)| Step::Price(big, p, w)),
        1 => (any::<bool>(), -5_000_000_000i64..5_000_000_000).prop_map(|(b, r)| Step::Fund(b, r)),
        6 => who().prop_map(Step::Absorb),
        2 => (who(), any::<bool>(), 1u32..9).prop_map(|(a, big, q)| Step::Fill(a, big, q)),
        1 => any::<bool>().prop_map(Step::Settle),
        1 => who().prop_map(Step::WriteOff),
        1 => (1u32..30).prop_map(Step::Insure),
    ]
}

fn contract(big: bool) -> AssetId {
    if big { BIG } else { FINE }
}

impl Step {
    fn call(&self, pool: &Pool) -> Option<Call> {
        let of = AccountId;
        Some(match *self {
            Step::Deposit(account, amount) => Call::Deposit {
                account: of(account),
                asset: USDC,
                amount: u128::from(amount) * ONE,
            },
            Step::Withdraw(account, amount) => {
                withdraw(of(account), amount.map_or(u128::MAX, |a| u128::from(a) * ONE + 1))
            }
            Step::Trade(buyer, seller, big, quantity, off) => {
                let asset = contract(big);
                let used = pool.market(asset).used();
                let raw = used.raw.saturating_add_signed((used.raw as i128 / 5_000) * off as i128);
                let quantity = u128::from(quantity) * if big { 1 } else { 1_700_000_003 };
                trade(of(buyer), of(seller), asset, quantity, Price::new(raw, used.decimals))
            }
            Step::Fund(big, rate_e12) => Call::Fund { contract: contract(big), rate_e12 },
            Step::Absorb(account) => {
                let due: Vec<AccountId> =
                    pool.everybody().filter(|a| pool.health(*a).breach).collect();
                let chosen = (account as usize).checked_rem(due.len());
                absorb(&[chosen.map_or(of(account), |at| due[at])])
            }
            Step::Fill(account, big, quantity) => {
                if !pool.health(of(account)).breach {
                    return None;
                }
                let quantity = u128::from(quantity) * if big { 1 } else { 1_700_000_003 };
                fill(of(account), contract(big), quantity)
            }
            Step::Settle(big) => Call::Settle { contract: contract(big) },
            Step::WriteOff(account) => Call::WriteOff { account: of(account) },
            Step::Price(..) | Step::Insure(_) => return None,
        })
    }
}

/// Runs the steps; how many calls were taken, deficits booked, and whether scales came to differ.
struct Run {
    pool: Pool,
    taken: usize,
    deficits: usize,
    differed: bool,
    /// The most that rounding may have left.
    allowance: u128,
}

fn run(parameters: &str, steps: &[Step]) -> Run {
    let mut pool = Pool::new(parameters, ACCOUNTS as usize);
    for account in pool.everybody().collect::<Vec<_>>() {
        pool.deposit(account, (40 + 170 * u128::from(account.0)) * ONE);
    }
    let mut it = Run { pool, taken: 0, deficits: 0, differed: false, allowance: 0 };
    for step in steps {
        it.step(step);
        it.pool.judge();
        it.differed |= [BIG, FINE].iter().any(|asset| {
            let (long, short) = scales(&it.pool, *asset);
            long != short
        });
        let dust = it.pool.dust();
        assert!(dust.unsigned_abs() <= it.allowance, "{dust} left, {} explained", it.allowance);
    }
    it
}

impl Run {
    fn step(&mut self, step: &Step) {
        // Each look floors each account's gains anew, each touch keeps a unit of it.
        self.allowance += 2 * u128::from(ACCOUNTS) + 4;
        match *step {
            Step::Price(big, percent, wait) => {
                // Time lets the other contract's price go on as well.
                self.allowance += self.unmatched();
                let base = if big { 100 } else { 200_000 };
                self.pool.mark(contract(big), u128::from(percent) * base);
                self.pool.wait(wait);
                self.allowance += self.unmatched();
                self.pool.accrue();
                return;
            }
            Step::Insure(amount) => {
                return self.pool.fund_insurance(i128::from(amount) * 1_000_000);
            }
            _ => {}
        }
        let Some(call) = step.call(&self.pool) else { return };
        let worth: Vec<i128> = self.pool.everybody().map(|a| self.pool.equity(a)).collect();
        let (unmatched, overcharged) = (2 * self.unmatched(), self.overcharged());
        let Ok(effects) = self.pool.call(&call) else { return };
        self.taken += 1;
        for fact in &effects.facts {
            if let Fact::Deficit { amount, .. } = fact {
                self.deficits += 1;
                // Charged on what is surely held, each unit rounded up.
                self.allowance += unmatched + amount.raw * overcharged.0 / overcharged.1;
            }
        }
        if let Call::Fund { .. } = call {
            self.allowance += unmatched;
        }
        if let Call::Withdraw { account, .. } = call {
            // Profit beyond what is backed is given up.
            let out = effects.net(Holder::External, USDC);
            let gone = worth[account.index()] - self.pool.equity(account) - out;
            self.allowance += gone.max(0).unsigned_abs();
        }
    }

    /// The most by which what a side's positions are charged exceeds a deficit, as a share of it: it is
    /// charged on what they surely hold, after a call that orphans a unit of each account at most.
    fn overcharged(&self) -> (u128, u128) {
        let markets = [self.pool.market(BIG), self.pool.market(FINE)];
        let sides = markets.iter().flat_map(|market| [market.long, market.short]);
        let share = |side: breakwater_liquidation::backstop::side_index::Side| {
            let unheld = side.unheld + u128::from(ACCOUNTS);
            (unheld, side.open_interest.saturating_sub(unheld).max(1))
        };
        sides.map(share).max_by_key(|(unheld, held)| unheld * 1_000_000_000_000 / held).unwrap()
    }

    /// Value at the prices in use of the units that one side has open and the other does not surely
    /// hold.
    fn unmatched(&self) -> u128 {
        let value = |asset| {
            let market = self.pool.market(asset);
            let (long, short) = (&market.long, &market.short);
            let units =
                long.open_interest.abs_diff(short.open_interest) + long.unheld + short.unheld;
            market.notional(units).unwrap()
        };
        value(BIG) + value(FINE)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_minted_and_dust_is_explained(steps in prop::collection::vec(any_step(), 1..90)) {
        run(&plain(), &steps);
    }

    #[test]
    fn nor_with_waiting_times_fees_and_a_slow_price(
        steps in prop::collection::vec(any_step(), 1..90)
    ) {
        run(SHIPPED, &steps);
    }
}

#[test]
fn the_steps_drawn_come_to_deficits_and_to_sides_that_differ() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = prop::collection::vec(any_step(), 60..90);
    let (mut taken, mut asked, mut deficits, mut differed) = (0, 0, 0, 0);
    for _ in 0..60 {
        let steps = drawn.new_tree(&mut runner).unwrap().current();
        let it = run(&plain(), &steps);
        asked += steps.len();
        taken += it.taken;
        deficits += it.deficits;
        differed += usize::from(it.differed);
    }
    assert!(taken * 4 > asked, "{taken} of {asked} steps were calls taken");
    assert!(deficits > 40, "{deficits} deficits");
    assert!(differed > 24, "{differed} of 60 runs");
}

#[test]
fn the_check_finds_a_unit_made_of_nothing() {
    let mut pool = Pool::new(&plain(), 2);
    pool.deposit(A, 100 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.trade(A, B, BIG, 3);
    pool.judge();
    // One more of the index of one side than the other gave.
    let key = StateKey::Asset(BIG, 4);
    let index = pool.state.get(key) + U256::from(10_000_000_000_000_000u128);
    pool.state.set(key, index);
    assert!(pool.dust() < 0);
}
