//! A small pool whose commands are kept, so that one account after the other can be watched.

use crate::screen::Paint;
use crate::why::account::Ending;
use crate::why::record::{Crossing, Story};
use crate::why::units::Units;
use crate::why::watched::Watched;
use crate::why::{json, told};
use breakwater_engine::{Body, Command, Engine, Outcome, Part, What};
use breakwater_liquidation::{AssetKind, Call, Fact, Policy};
use breakwater_margin::Health;
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Price, Time};
use breakwater_simulate::registry;
use serde_json::Value;
use std::path::Path;

pub const SECOND: u64 = 1_000_000_000;
pub const DAY: u64 = 86_400 * SECOND;
const START: u64 = 1_584_000_000 * SECOND;

pub const AAVE: &str = include_str!("../../../../../rulebooks/aave-v3.7.toml");
pub const USDM: &str = include_str!("../../../../../rulebooks/binance-usdm.toml");

/// An asset of a stage: name, decimals, what it is, and decimals and price of its market.
pub type Listed = (&'static str, u8, AssetKind, Option<(u8, u128)>);

/// Commands, and an engine that has applied them.
pub struct Stage {
    pub engine: Engine,
    pub commands: Vec<Command>,
    pub now: u64,
}

impl Stage {
    pub fn empty() -> Self {
        Stage { engine: Engine::new(registry()), commands: Vec::new(), now: START }
    }

    /// Collateral of 18 decimals at 1,700 dollars, debt of 6 decimals at one dollar, and `owners`.
    pub fn lending(parameters: &str, policy: Policy, owners: &[&str]) -> Self {
        let mut stage = Stage::empty();
        stage.done(asset("STETH", 18, AssetKind::Token));
        stage.done(asset("USDC", 6, AssetKind::Token));
        stage.done(market("STETH/USD", AssetId(0), 8));
        stage.done(market("USDC/USD", AssetId(1), 8));
        stage.done(install("aave-v3", parameters, policy));
        stage.price(0, 1_700 * 100_000_000, 8);
        stage.price(1, 100_000_000, 8);
        owners.iter().for_each(|owner| stage.open(owner));
        stage
    }

    /// Cash of 6 decimals, a contract of 3 decimals at 50,000, and `owners`.
    pub fn exchange(policy: Policy, owners: &[&str]) -> Self {
        Stage::exchange_under(USDM, policy, owners)
    }

    /// The same under other parameters.
    pub fn exchange_under(parameters: &str, policy: Policy, owners: &[&str]) -> Self {
        let mut stage = Stage::empty();
        stage.done(asset("USDT", 6, AssetKind::Token));
        stage.done(asset("BTCUSDT", 3, AssetKind::linear_perpetual(AssetId(0))));
        stage.done(market("BTCUSDT", AssetId(1), 2));
        stage.done(install("margin-exchange", parameters, policy));
        stage.price(0, 5_000_000, 2);
        owners.iter().for_each(|owner| stage.open(owner));
        stage
    }

    /// Assets with their decimals and, where a market prices them, its decimals and price.
    pub fn margin(parameters: &str, policy: Policy, listed: &[Listed], owners: &[&str]) -> Self {
        let mut stage = Stage::empty();
        for (symbol, decimals, kind, _) in listed {
            stage.done(asset(symbol, *decimals, *kind));
        }
        let priced = (0..).map(AssetId).zip(listed).filter_map(|(asset, (symbol, _, kind, at))| {
            let token = *kind == AssetKind::Token;
            let symbol = if token { format!("{symbol}/USD") } else { (*symbol).to_owned() };
            Some((asset, symbol, (*at)?))
        });
        let priced: Vec<_> = priced.collect();
        for (asset, symbol, (decimals, _)) in &priced {
            stage.done(market(symbol, *asset, *decimals));
        }
        stage.done(install("margin-exchange", parameters, policy));
        for (number, (.., (decimals, raw))) in (0..).zip(priced) {
            stage.price(number, raw, decimals);
        }
        owners.iter().for_each(|owner| stage.open(owner));
        stage
    }

    pub fn open(&mut self, owner: &str) {
        self.done(Body::OpenAccount { owner: owner.to_owned() });
    }

    pub fn apply(&mut self, body: Body) -> Outcome {
        let command = Command { at: Time(self.now), body };
        let outcome = self.engine.apply(&command);
        self.commands.push(command);
        outcome
    }

    #[track_caller]
    pub fn done(&mut self, body: Body) -> Outcome {
        let told = format!("{body:?}");
        let outcome = self.apply(body);
        assert_eq!((&outcome.rejected, &outcome.stop), (&None, &None), "{told}");
        outcome
    }

    pub fn price(&mut self, market: u16, raw: u128, decimals: u8) -> Outcome {
        let sequence = self.commands.len() as u64;
        let (quote, observed_at) = (Quote::Single(raw), Time(self.now));
        let market = MarketId(market);
        self.done(Body::Tick(Tick { market, quote, decimals, sequence, observed_at }))
    }

    /// The last price of a market, again at `raw`: what would have been had it stood there.
    pub fn with_last_price(&self, raw: u128) -> Stage {
        let mut other = Stage { now: START, ..Stage::empty() };
        let (last, before) = self.commands.split_last().unwrap();
        for command in before {
            other.now = command.at.0;
            other.done(command.body.clone());
        }
        let Body::Tick(tick) = &last.body else { panic!("the last command is no price") };
        other.now = last.at.0;
        other.done(Body::Tick(Tick { quote: Quote::Single(raw), ..*tick }));
        other
    }

    /// The same with `body` done right before the last command, at its time.
    pub fn with_before_last(&self, body: Body) -> Stage {
        let mut other = Stage::empty();
        let (last, before) = self.commands.split_last().unwrap();
        for command in before {
            other.now = command.at.0;
            other.apply(command.body.clone());
        }
        other.now = last.at.0;
        other.done(body);
        other.done(last.body.clone());
        other
    }

    /// The story of an account.
    pub fn story(&self, account: u32) -> Story {
        let mut engine = Engine::new(registry());
        let mut watched: Option<Watched> = None;
        for command in &self.commands {
            let foreseen = foreseen(&engine, command, account);
            let ahead = watched.as_ref().map(|watched| watched.before(&engine, command));
            let outcome = engine.apply(command);
            if let (Some(watched), Some(ahead)) = (&mut watched, ahead) {
                watched.after(&engine, command, &outcome, ahead);
            }
            let bids = matches!(command.body, Body::Bid { .. });
            let alone = outcome.accepted() && !went_on(&outcome, bids);
            if let Some(foreseen) = foreseen.filter(|_| alone) {
                assert_eq!(Some(foreseen), engine.health(AccountId(account)).ok(), "{command:?}");
            }
            let opened = outcome
                .facts()
                .any(|what| matches!(what, What::AccountOpened { account: a } if a.0 == account));
            if opened {
                watched = Some(Watched::new(&engine, AccountId(account)));
            }
        }
        assert_eq!(engine.state_hash(), self.engine.state_hash(), "watching changed the pool");
        watched.expect("the account was opened").story
    }

    /// The story as text, which fits on a screen, and as an object.
    #[track_caller]
    pub fn told(&self, account: u32) -> (String, Value) {
        let (units, story) = (Units::of(&self.engine), self.story(account));
        let ending = Ending::of(&self.engine, AccountId(account));
        let text = told::one(&units, &story, &ending, Paint::default());
        assert!(text.lines().count() <= 40, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let object = json::one(&units, Path::new("a journal"), &story, &ending);
        (text, serde_json::to_value(object).unwrap())
    }

    /// How the account fell into its first call.
    #[track_caller]
    pub fn fall(&self, account: u32) -> Crossing {
        self.story(account).called.expect("was called").crossing.expect("crossed a line")
    }

    pub fn called(&self, account: u32) -> bool {
        self.story(account).called.is_some()
    }
}

/// The account's health as all of the command would leave it.
fn foreseen(engine: &Engine, command: &Command, account: u32) -> Option<Health> {
    let account = AccountId(account);
    let look = engine
        .ahead(command, Part::Whole, account, |rulebook, view| rulebook.assess(view, account).ok());
    look.ok().flatten()
}

/// True if the engine did something by itself that nothing foresees.
fn went_on(outcome: &Outcome, bids: bool) -> bool {
    let own = |what: &What| match what {
        // What was bid for before, and is sold now.
        What::LotSold { .. } => !bids,
        What::Happened(Fact::Borne { .. } | Fact::Deficit { .. } | Fact::TakenOver { .. }) => true,
        _ => false,
    };
    outcome.facts().any(own)
}

pub fn asset(symbol: &str, decimals: u8, kind: AssetKind) -> Body {
    Body::DefineAsset { symbol: symbol.to_owned(), decimals, kind }
}

pub fn market(symbol: &str, asset: AssetId, decimals: u8) -> Body {
    let guard = Guard {
        decimals,
        age_max_nanos: 1_000 * DAY,
        ahead_max_nanos: SECOND,
        band_bps: 9_000,
        spread_max_bps: 100,
        grace_nanos: 0,
    };
    Body::DefineMarket { symbol: symbol.to_owned(), asset, guard, volatility_weight: 1 }
}

pub fn install(rule: &str, parameters: &str, policy: Policy) -> Body {
    Body::InstallRulebook {
        rule: rule.to_owned(),
        parameters: parameters.to_owned(),
        hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
        policy,
    }
}

pub fn import(account: u32, asset: u16, collateral: u128, debt: u128) -> Body {
    let (account, asset) = (AccountId(account), AssetId(asset));
    Body::Call(Call::Import { account, asset, collateral, debt })
}

pub fn deposit(account: u32, asset: u16, amount: u128) -> Body {
    Body::Call(Call::Deposit { account: AccountId(account), asset: AssetId(asset), amount })
}

/// A trade with the outside.
pub fn trade(account: u32, buy: bool, contract: u16, quantity: u128, price: Price) -> Body {
    let (own, contract) = (Some(AccountId(account)), AssetId(contract));
    let (buyer, seller) = if buy { (own, None) } else { (None, own) };
    Body::Call(Call::Trade { buyer, seller, contract, quantity, price })
}

pub fn fill(leg: u64, quantity: u128, proceeds: u128, done: bool) -> Body {
    Body::ReportFill { leg, quantity, proceeds, done }
}

pub fn repay(account: u32, asset: u16, amount: u128) -> Body {
    Body::Call(Call::Repay { account: AccountId(account), asset: AssetId(asset), amount })
}
