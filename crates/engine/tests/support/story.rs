//! Seeded commands for a toy venue: mostly sensible, some not, so that sequences go everywhere
//! that business, falling prices, keepers, fills, outages and mistakes can take them.

use super::auctions::{BATCH, DUTCH, ENGLISH, SEALED};
use super::chance::Chance;
use super::stage::*;
use super::{bids, lending, perpetual};
use breakwater_engine::{Body, Command};
use breakwater_liquidation::auctions::{
    BatchTerms, Deposit, Disposal, DutchCurve, DutchTerms, EnglishTerms, Format, Raises,
    SealedTerms,
};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::{BackstopPolicy, DrawdownTrigger, Socialise};
use breakwater_liquidation::solvency::{AssetGuard, Breaker, RateResponse};
use breakwater_liquidation::{AuctionTerms, Call, Gate, Policy, Solvency};
use breakwater_market::Quote;
use breakwater_money::{AccountId, AssetId, Time, U256};

/// Which venue the story plays on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Venue {
    /// Lending, liquidated by keepers under our guards.
    Keepers,
    /// Lending, sold by the venue.
    Sales,
    /// Perpetuals with a fund, deleveraging and socialised losses.
    Perpetuals,
    /// Lending, auctioned: ascending for what is owed.
    English,
    /// Ascending with deposits, for as much as possible.
    Deposits,
    /// Descending for what is owed.
    Dutch,
    /// Sealed bids.
    Sealed,
    /// One price for all.
    Batch,
}

pub const VENUES: [Venue; 8] = [
    Venue::Keepers,
    Venue::Sales,
    Venue::Perpetuals,
    Venue::English,
    Venue::Deposits,
    Venue::Dutch,
    Venue::Sealed,
    Venue::Batch,
];

impl Venue {
    /// How its lots are auctioned, if they are: quickly, as stories are short.
    pub fn auction(self) -> Option<AuctionTerms> {
        let quick = EnglishTerms { duration_seconds: 12, lifetime_seconds: Some(5), ..ENGLISH };
        let deposit = Some(Deposit { share_bps: 1_000, pay_within_seconds: 3 });
        let (format, raises, restarts_max) = match self {
            Venue::English => (Format::English(quick), Raises::Debt, 1),
            Venue::Deposits => {
                (Format::English(EnglishTerms { deposit, ..quick }), Raises::Most, 2)
            }
            Venue::Dutch => {
                let curve = DutchCurve::Linear { seconds: 24 };
                let falls = DutchTerms { curve, age_seconds_max: 12, ..DUTCH };
                (Format::Dutch(falls), Raises::Debt, 1)
            }
            Venue::Sealed => {
                let quick = SealedTerms { commit_seconds: 6, reveal_seconds: 5, ..SEALED };
                (Format::Sealed(quick), Raises::Most, 0)
            }
            Venue::Batch => {
                let quick = BatchTerms { cancel_seconds: 5, place_seconds: 8, ..BATCH };
                (Format::Batch(quick), Raises::Most, 0)
            }
            Venue::Keepers | Venue::Sales | Venue::Perpetuals => return None,
        };
        let value_max = 10_000 * ONE_CASH;
        let (lots_max, penalty_bps) = (std::collections::BTreeMap::new(), 1_300);
        Some(AuctionTerms {
            format,
            raises,
            penalty_bps,
            lots_max,
            stays_on_cure: false,
            restarts_max,
            open_max: 3,
            value_max,
        })
    }
}

pub const ACCOUNTS: u32 = 6;

/// The policy of the story, with a bound on what one command assesses.
pub fn policy(venue: Venue, assess_max: u32) -> Policy {
    let policy = match venue {
        Venue::Keepers => {
            Policy { notice_nanos: 2 * SECOND, lot_value: 100 * ONE_CASH, ..Policy::guarded() }
        }
        Venue::Sales => venue_sells(),
        Venue::English | Venue::Deposits | Venue::Dutch | Venue::Sealed | Venue::Batch => {
            let disposal = venue.auction().map_or(Disposal::Market, Disposal::Auction);
            Policy { disposal, ..venue_sells() }
        }
        Venue::Perpetuals => Policy {
            backstop: BackstopPolicy {
                insurance: true,
                deleverage: Some(Deleverage::RandomStart),
                drawdown: Some(DrawdownTrigger { window_nanos: 30 * SECOND, lost_e9: 700_000_000 }),
                socialise: Socialise::Cash,
                ..BackstopPolicy::default()
            },
            ..venue_sells()
        },
    };
    let breaker = Breaker { fall_bps: 2_000, window_nanos: 20 * SECOND, hold_nanos: SECOND };
    let fallen = AssetGuard { breaker: Some(breaker), ..AssetGuard::default() };
    let lent = AssetGuard {
        borrow_cap: Some(60_000 * ONE_CASH),
        rate: Some(RateResponse { usage_bps: 5, surcharge_bps_a_year: 3_000 }),
        ..AssetGuard::default()
    };
    let policy = guarding("ETH", fallen, guarding("CASH", lent, policy));
    let solvency = Solvency { unpause_grace_nanos: 3 * SECOND, ..policy.solvency };
    Policy { assess_max, solvency, ..policy }
}

/// The stage on which the story begins.
pub fn begin(venue: Venue, assess_max: u32) -> Stage {
    let policy = policy(venue, assess_max);
    let mut stage = match venue {
        Venue::Perpetuals => Stage::perpetual(policy, ACCOUNTS),
        _ => Stage::lending("rate_bps = 2000", policy, ACCOUNTS),
    };
    stage.done(fund(3_000 * ONE_CASH));
    stage
}

/// Plays `length` commands and returns the stage with its journal.
pub fn play(venue: Venue, seed: u64, length: usize, assess_max: u32) -> Stage {
    let mut stage = begin(venue, assess_max);
    let mut chance = Chance::new(seed);
    for _ in 0..length {
        let command = next(&stage, venue, &mut chance);
        stage.now = stage.now.max(command.at.0);
        stage.apply_command(command);
    }
    stage
}

/// The next command of the story.
pub fn next(stage: &Stage, venue: Venue, chance: &mut Chance) -> Command {
    let halts = |command: &&Command| matches!(command.body, Body::Halt { .. });
    let last = stage.journal.iter().rev().find(halts);
    let halted = last.is_some_and(|command| command.body == Body::Halt { on: true });
    let step = match chance.below(200) {
        0 => 61 * SECOND,
        1 => 3_600 * SECOND,
        2..=110 => 0,
        _ => chance.below(3 * SECOND),
    };
    // Now and then a command comes too late.
    let late = chance.below(60) == 0;
    let at = if late { stage.now - 1 } else { stage.now + step };
    // A halt is short, or nothing else would be tried.
    if halted && chance.below(3) == 0 {
        return Command { at: Time(at), body: Body::Halt { on: false } };
    }
    // So is a pause.
    let shut = [CASH, ETH, BTC].into_iter().find(|asset| stage.engine.gate(*asset) != Gate::Open);
    let body = match chance.below(100) {
        0..=34 => tick(stage, at, chance),
        35..=39 => Body::AdvanceTime,
        40 => Body::Halt { on: true },
        _ if shut.is_some() && chance.below(4) == 0 => gate(shut.unwrap_or(CASH), Gate::Open),
        41 if chance.below(2) == 0 => {
            let shut = if chance.below(3) == 0 { Gate::Frozen } else { Gate::Paused };
            gate(AssetId(chance.below(3) as u16), shut)
        }
        42 if chance.below(2) == 0 => cover(chance.amount(500 * ONE_CASH)),
        41..=42 => fund(chance.amount(500 * ONE_CASH)),
        43..=44 => mistake(stage, chance),
        45..=69 => answer(stage, venue, chance),
        _ => business(stage, venue, chance),
    };
    Command { at: Time(at), body }
}

fn contract(chance: &mut Chance) -> AssetId {
    if chance.below(2) == 0 { ETH } else { BTC }
}

fn tick(stage: &Stage, now: u64, chance: &mut Chance) -> Body {
    let asset = contract(chance);
    let last = stage.engine.marks()[usize::from(asset.0) - 1].mark.unwrap().price.raw;
    // Prices fall a little more than they rise, and turn round before they vanish.
    let bps = 10_000 + chance.below(1_600) as u128;
    let low = if asset == ETH { at(300) } else { at(5_000) };
    let bps = match chance.below(14) {
        0 if last > low => bps - 4_500,
        _ if last < low => bps + 500,
        _ => bps - 750,
    };
    let mut tick = stage.tick(asset, last * bps / 10_000);
    tick.observed_at = Time(now);
    match chance.below(25) {
        0 => tick.sequence = 0,
        1 => tick.decimals = 8,
        2 => tick.quote = Quote::TwoSided { bid: last, ask: last / 2 },
        3 => tick.quote = Quote::Single(last * 3),
        4 => tick.quote = Quote::TwoSided { bid: last - last / 400, ask: last + last / 400 },
        _ => {}
    }
    Body::Tick(tick)
}

fn mistake(stage: &Stage, chance: &mut Chance) -> Body {
    let stranger = AccountId(stage.engine.accounts() as u32);
    match chance.below(6) {
        0 => Body::Call(Call::Deposit { account: stranger, asset: CASH, amount: 1 }),
        1 => deposit(1, AssetId(77), 1),
        2 => asset("CASH", 6, breakwater_liquidation::AssetKind::Token),
        3 => install("no such rule", "", Policy::as_is()),
        4 => fill(9_999, 1, 1, true),
        _ => deposit(1, CASH, u128::MAX),
    }
}

/// What keepers or the market do about accounts in breach.
fn answer(stage: &Stage, venue: Venue, chance: &mut Chance) -> Body {
    let account = 1 + chance.below(u64::from(ACCOUNTS) - 1) as u32;
    if venue == Venue::Keepers {
        if let Ok(planned) = stage.engine.plan_call(AccountId(account)) {
            return Body::Call(planned.option.call);
        }
        return seize(account, contract(chance), chance.amount(2_000 * ONE_CASH));
    }
    if venue.auction().is_some() {
        // Now and then nobody has any money for a while.
        let busy = !(stage.now / (16 * SECOND)).is_multiple_of(4);
        let drawn = bids::any(stage, chance).filter(|_| busy);
        return drawn.unwrap_or(Body::AdvanceTime);
    }
    let open: Vec<_> = stage.engine.open_legs().iter().collect();
    let Some((number, open)) = open.get(chance.below(open.len().max(1) as u64) as usize) else {
        return Body::AdvanceTime;
    };
    let left = open.leg.quantity - open.filled;
    let quantity = match chance.below(5) {
        0 => 0,
        1 | 2 => chance.amount(left) + 1,
        _ => left,
    };
    let limit = stage.engine.look(|view| {
        breakwater_liquidation::plan::proceeds(view, &open.leg, quantity, open.leg.worst_price)
    });
    let limit = limit.unwrap_or(0);
    let proceeds = match chance.below(8) {
        0 => limit / 2,
        _ => limit,
    };
    fill(**number, quantity, proceeds, chance.below(3) == 0)
}

fn business(stage: &Stage, venue: Venue, chance: &mut Chance) -> Body {
    let account = 1 + chance.below(u64::from(ACCOUNTS) - 1) as u32;
    if venue == Venue::Perpetuals {
        let other = 1 + chance.below(u64::from(ACCOUNTS) - 1) as u32;
        if chance.below(5) == 0 {
            return venues_own(stage, account, chance);
        }
        return match chance.below(12) {
            0 | 1 => deposit(account, CASH, chance.amount(3_000 * ONE_CASH)),
            2 => withdraw(account, CASH, chance.amount(1_000 * ONE_CASH)),
            _ => {
                let contract = contract(chance);
                let one = if contract == ETH { ONE_ETH } else { ONE_BTC };
                let mark = stage.engine.marks()[usize::from(contract.0) - 1].mark.unwrap().price;
                let price = mark.raw * (995 + u128::from(chance.below(11))) / 1_000;
                // A tenth is what a position must have; half of what there is, or up to all of it.
                let free = [account, other].map(|a| {
                    let health = stage.engine.health(AccountId(a)).ok();
                    health.map_or(0, |h| h.equity - 2 * h.requirement.cast_signed()).max(0)
                });
                let most = free[0].min(free[1]).cast_unsigned() * 10 * one / price;
                let quantity = most / 2 + chance.amount(most / 2 + one / 100);
                trade(Some(account), Some(other), contract, quantity, price)
            }
        };
    }
    match chance.below(16) {
        0 | 1 => deposit(account, ETH, chance.amount(3 * ONE_ETH)),
        2 => deposit(account, BTC, chance.amount(ONE_BTC / 5)),
        3 => withdraw(account, contract(chance), chance.amount(ONE_ETH)),
        4 => repay(account, chance.amount(1_500 * ONE_CASH)),
        5 => Body::Call(Call::Configure {
            account: AccountId(account),
            column: chance.below(2) as u16,
            value: U256::from(chance.next()),
        }),
        6 => borrow(account, chance.amount(4_000 * ONE_CASH)),
        _ => {
            // Close to the line, on it, or a unit over.
            let health = stage.engine.health(AccountId(account));
            let room = health.map_or(0, |h| h.equity.unsigned_abs().saturating_sub(h.requirement));
            borrow(account, room + 1 - chance.amount(room / 8 + 2).min(room))
        }
    }
}

/// Own orders, and what the venue does with everybody in a contract.
fn venues_own(stage: &Stage, account: u32, chance: &mut Chance) -> Body {
    let contract = contract(chance);
    let mark = stage.engine.marks()[usize::from(contract.0) - 1].mark.unwrap().price.raw;
    let one = if contract == ETH { ONE_ETH } else { ONE_BTC / 20 };
    let price = mark * (995 + u128::from(chance.below(11))) / 1_000;
    let some = 1 + chance.amount(one);
    let change = if chance.below(2) == 0 { some.cast_signed() } else { -some.cast_signed() };
    // The last order placed, or one before it.
    let open: Vec<u64> = (0..ACCOUNTS)
        .flat_map(|a| stage.engine.orders().of(AccountId(a)))
        .map(|(n, _)| n)
        .collect();
    let number = open.get(chance.below(open.len().max(1) as u64) as usize).copied().unwrap_or(1);
    match chance.below(12) {
        0..=3 => place(account, contract, change, price),
        4 => reduce(account, contract, change, price),
        5 => take_off(number),
        6..=8 => {
            let order = stage.engine.orders().get(number).copied();
            let (left, price) = order.map_or((1, price), |o| (o.quantity, o.price.raw));
            match_order(number, left - chance.amount(left) / 2, price, None)
        }
        9 => Body::Entropy { bits: chance.next() },
        10 => {
            let rate_e12 = chance.below(1 << 32) as i64 - (1 << 31);
            Body::Call(Call::Fund { contract, rate_e12 })
        }
        _ => Body::Call(Call::Settle { contract }),
    }
}

/// Names of the rules that the stories play under.
pub fn rule(venue: Venue) -> &'static str {
    if venue == Venue::Perpetuals { perpetual::RULE } else { lending::RULE }
}
