//! Commands that make sense in the state at hand, and some that do not.

use super::chance::Chance;
use super::world::{Kind, SECOND, Shelf};
use breakwater_engine::{Body, Command};
use breakwater_liquidation::{Call, Gate, Rejection};
use breakwater_model::Model;
use breakwater_money::{AccountId, AssetId, Class, Holder, Price, Time, U256, Unit};

/// How often each kind is drawn, in thousandths or so, by rule.
const LENDING: &[(&str, u64)] = &[
    ("tick", 170),
    ("bad tick", 60),
    ("deposit", 80),
    ("withdraw", 60),
    ("borrow", 120),
    ("repay", 60),
    ("import", 50),
    ("configure", 30),
    ("liquidate", 200),
    ("advance time", 40),
    ("fund insurance", 20),
    ("halt", 20),
    ("set gate", 25),
    ("cover deficit", 25),
    ("install rulebook", 15),
    ("define asset", 12),
    ("define market", 12),
    ("open account", 12),
    ("refused", 20),
];

const EXCHANGE: &[(&str, u64)] = &[
    ("tick", 220),
    ("bad tick", 50),
    ("deposit", 80),
    ("withdraw", 50),
    ("trade", 170),
    ("import", 20),
    ("configure", 20),
    ("liquidate", 220),
    ("advance time", 30),
    ("fund insurance", 20),
    ("halt", 15),
    ("set gate", 20),
    ("cover deficit", 25),
    ("install rulebook", 15),
    ("define asset", 12),
    ("define market", 12),
    ("open account", 12),
    ("refused", 20),
    ("place order", 60),
    ("fill order", 60),
    ("cancel order", 12),
    ("entropy", 12),
    ("fund", 25),
    ("charge", 12),
    ("settle", 15),
    ("deliver", 20),
    ("quote", 8),
    ("take over", 16),
    ("transfer", 25),
    ("roll", 30),
    ("exercise", 90),
];

const AUCTIONED: &[(&str, u64)] = &[
    ("tick", 230),
    ("bad tick", 40),
    ("deposit", 70),
    ("withdraw", 60),
    ("borrow", 110),
    ("repay", 45),
    ("import", 40),
    ("configure", 30),
    ("liquidate", 120),
    ("bid", 330),
    ("advance time", 60),
    ("fund insurance", 15),
    ("halt", 20),
    ("set gate", 25),
    ("cover deficit", 15),
    ("install rulebook", 15),
    ("define asset", 8),
    ("define market", 8),
    ("open account", 10),
    ("refused", 15),
];

const PLANNED: &[(&str, u64)] = &[
    ("tick", 170),
    ("bad tick", 60),
    ("deposit", 80),
    ("withdraw", 60),
    ("borrow", 120),
    ("repay", 60),
    ("import", 50),
    ("configure", 30),
    ("liquidate", 200),
    ("advance time", 60),
    ("observe market", 160),
    ("fund insurance", 20),
    ("halt", 20),
    ("set gate", 25),
    ("cover deficit", 25),
    ("install rulebook", 15),
    ("define asset", 12),
    ("define market", 12),
    ("open account", 12),
    ("refused", 20),
];

/// Draws commands for one sequence.
pub struct Generator<'a> {
    pub chance: &'a mut Chance,
    pub shelf: &'a Shelf,
    pub kind: Kind,
    pub model: &'a Model,
}

impl Generator<'_> {
    /// The next command; true if it is a tick that is meant to be refused.
    pub fn command(&mut self) -> (Command, bool) {
        let at = self.later();
        let table = match self.kind {
            Kind::Exchange | Kind::Basket => EXCHANGE,
            Kind::Auctioned => AUCTIONED,
            Kind::Planned => PLANNED,
            Kind::Called | Kind::Sold => LENDING,
        };
        let whole: u64 = table.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.chance.below(whole);
        let mut name = table[0].0;
        for (kind, weight) in table {
            name = kind;
            if drawn < *weight {
                break;
            }
            drawn -= weight;
        }
        // Nothing happens to those without positions.
        if self.kind.trades() && self.chance.percent(50) && !self.anybody_holds() {
            let name = *self.chance.pick(&["deposit", "trade", "trade"]);
            return (self.business(at, name), false);
        }
        // A halt is short, or nothing else would be tried.
        if self.model.halted() && self.chance.percent(40) {
            return (Command { at, body: Body::Halt { on: false } }, false);
        }
        // So is a pause.
        if let Some(asset) = self.model.gated().first().filter(|_| self.chance.percent(25)) {
            return (
                Command { at, body: Body::SetGate { asset: *asset, gate: Gate::Open } },
                false,
            );
        }
        // And a loss that lies with nobody is seldom left there.
        let lies = self.model.losses().values().any(|borne| borne.outstanding > 0.into());
        if lies && self.chance.percent(10) {
            return (Command { at, body: self.cover_deficit() }, false);
        }
        let body = match name {
            "tick" => self.tick(at),
            "bad tick" => return (Command { at, body: self.bad_tick(at) }, true),
            "bid" if !self.model.auctions().is_empty() => return (self.bid(at), false),
            "liquidate" | "bid" => return (self.liquidate(at), false),
            "advance time" => Body::AdvanceTime,
            "observe market" => self.observe(at),
            "fund insurance" => self.fund(),
            "set gate" => self.set_gate(),
            "cover deficit" => self.cover_deficit(),
            "halt" => Body::Halt { on: self.chance.percent(60) },
            "install rulebook" => self.install(),
            "define asset" => self.define_asset(),
            "define market" => self.define_market(),
            "open account" => self.open_account(),
            "refused" => return (self.refused(at), false),
            "place order" => return (self.place(at), false),
            "fill order" => return (self.fill_order(at), false),
            "cancel order" => return (self.cancel_order(at), false),
            "entropy" => Body::Entropy { bits: self.chance.next() },
            "take over" => return (self.take_over(at), false),
            name => return (self.business(at, name), false),
        };
        (Command { at, body }, false)
    }

    fn later(&mut self) -> Time {
        let now = self.model.pool().now;
        let step = match self.chance.below(100) {
            0..=39 => 0,
            40..=84 => self.chance.below(5 * SECOND),
            85..=93 => self.chance.below(40 * SECOND),
            94..=97 => self.chance.range(61, 200) * SECOND,
            _ => self.chance.range(3_600, 3 * 86_400) * SECOND,
        };
        Time(now.0 + step)
    }

    /// Business, drawn a few times until the model would take it: most of what is drawn blindly
    /// would be refused.
    pub fn business(&mut self, at: Time, name: &str) -> Command {
        let tries = if self.chance.percent(75) { 4 } else { 1 };
        let mut command = Command { at, body: self.call(name) };
        for _ in 1..tries {
            if self.model.refusal(&command).is_none() {
                break;
            }
            command.body = self.call(name);
        }
        command
    }

    pub fn account(&mut self) -> AccountId {
        let accounts = u64::from(self.model.pool().accounts);
        // Now and then one that is not open.
        let most = if self.chance.percent(1) { accounts + 1 } else { accounts };
        AccountId(u32::try_from(self.chance.below(most)).unwrap())
    }

    pub fn asset(&mut self) -> AssetId {
        let assets = self.model.pool().assets.len() as u64;
        let most = if self.chance.percent(1) { assets + 1 } else { assets };
        AssetId(u16::try_from(self.chance.below(most)).unwrap())
    }

    /// Base units worth some hundred to some hundred thousand, or any number of digits.
    pub fn amount(&mut self, asset: AssetId) -> u128 {
        let pool = self.model.pool();
        let decimals = pool.assets.get(asset.index()).map_or(6, |a| a.decimals);
        let unit = 10u128.pow(u32::from(decimals));
        let price = pool.price(asset).unwrap_or(Price { raw: 1, decimals: 0 });
        let worth = u128::from(self.chance.range(100, 100_000));
        match self.chance.below(100) {
            0..=1 => 0,
            2 => u128::MAX,
            3..=12 => self.chance.wide(unit),
            _ => (worth * 10u128.pow(u32::from(price.decimals)) * unit / price.raw.max(1)).max(1),
        }
    }

    /// As much of an asset as takes most of what the account has above its line, a little more,
    /// or any amount.
    pub fn up_to_the_line(&mut self, account: AccountId, asset: AssetId) -> u128 {
        let pool = self.model.pool();
        let rule = self.model.rule();
        let health = rule.and_then(|rule| rule.health(pool, account).ok());
        let line = rule.and_then(|rule| rule.initial(pool, account).ok());
        let line = line.and_then(|line| i128::try_from(&line).ok()).unwrap_or(0);
        // Somebody may have paid a fortune for a lot.
        let room = health.map_or(0, |health| health.equity - line).min(10i128.pow(19));
        let (Some(info), Ok(price)) = (pool.assets.get(asset.index()), pool.price(asset)) else {
            return self.amount(asset);
        };
        if room <= 0 || self.chance.percent(30) {
            return self.amount(asset);
        }
        let unit = 10u128.pow(u32::from(info.decimals));
        let part = u128::from(self.chance.range(700, 1_010));
        if self.kind.trades() {
            return self.worth(asset, room.unsigned_abs() / 1_000 * part);
        }
        let scaled = room.unsigned_abs() / 1_000 * part * 10u128.pow(u32::from(price.decimals));
        (scaled / 10u128.pow(8) * unit / price.raw.max(1)).max(1)
    }

    /// An asset the account has a share of in this class, if it has any.
    pub fn held(&mut self, account: AccountId, class: Class) -> Option<(AssetId, u128)> {
        let held: Vec<_> = self
            .model
            .pool()
            .holdings(account)
            .into_iter()
            .filter(|(holder, unit, _)| unit.class == class && matches!(holder, Holder::Account(_)))
            .map(|(_, unit, balance)| (unit.asset, balance.unsigned_abs()))
            .collect();
        if held.is_empty() { None } else { Some(*self.chance.pick(&held)) }
    }

    fn call(&mut self, name: &str) -> Body {
        let account = self.account();
        let asset = self.margin_or_any();
        Body::Call(match name {
            "deposit" => {
                // A top-up goes where something is missing, as often as not.
                let short = self.in_breach();
                let account = match short.first() {
                    Some(_) if self.chance.percent(40) => *self.chance.pick(&short),
                    _ => account,
                };
                Call::Deposit { account, asset, amount: self.amount(asset) }
            }
            "withdraw" => self.withdraw(account, asset),
            "borrow" => {
                let amount = self.up_to_the_line(account, asset);
                Call::Borrow { account, asset, amount }
            }
            "repay" => {
                let (asset, owed) = self.held(account, Class::Debt).unwrap_or((asset, 1));
                let amount = match self.chance.below(10) {
                    0..=2 => u128::MAX,
                    3..=6 => self.chance.part(owed),
                    7 => owed + 1,
                    _ => self.chance.below(3).into(),
                };
                Call::Repay { account, asset, amount }
            }
            "import" => {
                let side =
                    |chance: &mut Chance, amount| if chance.percent(60) { amount } else { 0 };
                let (collateral, debt) = (self.amount(asset), self.amount(asset));
                let debt = if self.kind.trades() && self.chance.percent(90) {
                    0
                } else if self.chance.percent(50) {
                    self.up_to_the_line(account, asset)
                } else {
                    debt / 3
                };
                let collateral = side(self.chance, collateral);
                Call::Import { account, asset, collateral, debt: side(self.chance, debt) }
            }
            "configure" => self.configure(account),
            "fund" => self.funding(),
            "charge" => self.charge(),
            "settle" => Call::Settle { contract: self.contract() },
            "deliver" => self.deliver(),
            "quote" => self.volatility(),
            "transfer" => self.transfer(account),
            "roll" => self.roll(account),
            "exercise" => self.exercise(),
            _ => self.trade(account),
        })
    }

    fn withdraw(&mut self, account: AccountId, asset: AssetId) -> Call {
        let class = if self.kind.trades() { Class::Token } else { Class::Supply };
        let (asset, held) = match self.held(account, class) {
            Some(held) if self.chance.percent(90) => held,
            _ => (asset, 1),
        };
        let amount = match self.chance.below(10) {
            0..=2 => u128::MAX,
            3..=6 => self.chance.part(held),
            7 => held,
            _ => held + 1,
        };
        Call::Withdraw { account, asset, amount }
    }

    fn configure(&mut self, account: AccountId) -> Call {
        let own = self.kind.trades();
        let column = *self.chance.pick(if own { &[0, 0, 0, 1] } else { &[0, 2, 2, 1] });
        let value = match (own, column) {
            (true, _) => self.chance.below(3),
            (false, 2) => *self.chance.pick(&[0, 5_000, 8_000, 10_000, 10_001]),
            _ if self.chance.percent(20) => self.chance.below(64),
            // Some of what is supplied.
            _ => {
                let drawn = self.chance.next();
                let held = self.model.pool().holdings(account).into_iter();
                let supplied = held.filter(|(_, unit, _)| unit.class == Class::Supply);
                supplied.map(|(_, unit, _)| 1 << unit.asset.0).sum::<u64>() & drawn
            }
        };
        Call::Configure { account, column, value: U256::from(value) }
    }

    pub fn trade(&mut self, account: AccountId) -> Call {
        let mut other = self.account();
        if other == account && self.chance.percent(90) {
            other = AccountId(account.0 ^ 1);
        }
        let contract = self.contract();
        let (contract, quantity) = match self.held(account, Class::Token) {
            // Back to nothing, through it, or a part of the way.
            Some((held, size)) if self.is_contract(held) && self.chance.percent(50) => {
                let quantity = match self.chance.below(4) {
                    0 => size,
                    1 => size + self.chance.part(size),
                    _ => self.chance.part(size),
                };
                (held, quantity)
            }
            _ => (contract, self.up_to_the_line(account, contract)),
        };
        let mark = self.model.pool().price(contract).unwrap_or(Price { raw: 1, decimals: 0 });
        let raw = match self.chance.below(20) {
            0 => 0,
            1..=9 => mark.raw,
            _ => (mark.raw * u128::from(self.chance.range(980, 1_020)) / 1_000).max(1),
        };
        let decimals = if self.chance.percent(2) { mark.decimals + 1 } else { mark.decimals };
        let (a, b) = match self.chance.below(20) {
            0 if self.chance.percent(30) => (None, None),
            0..=8 => (Some(account), None),
            _ => (Some(account), Some(other)),
        };
        let (buyer, seller) = match self.largest(contract) {
            // One against many: when the one is bankrupt, there is a choice among the others.
            Some((one, long)) if self.kind.trades() && self.chance.percent(40) => {
                let many = (0..4).map(|_| self.account()).find(|many| *many != one);
                if long { (Some(one), many) } else { (many, Some(one)) }
            }
            _ if self.chance.percent(50) => (a, b),
            _ => (b, a),
        };
        Call::Trade { buyer, seller, contract, quantity, price: Price { raw, decimals } }
    }

    fn fund(&mut self) -> Body {
        let asset = if self.chance.percent(50) { AssetId(0) } else { self.margin_or_any() };
        let amount = match self.chance.below(10) {
            0 => 0,
            _ => self.chance.wide(50_000_000_000),
        };
        Body::FundInsurance { asset, amount }
    }

    fn set_gate(&mut self) -> Body {
        let gate = *self.chance.pick(&[Gate::Open, Gate::Frozen, Gate::Paused, Gate::Paused]);
        Body::SetGate { asset: self.asset(), gate }
    }

    /// Where a loss lies with nobody it is covered, from a fund that has something.
    fn cover_deficit(&mut self) -> Body {
        let losses = self.model.losses().iter();
        let open: Vec<(AssetId, u128)> = losses
            .map(|(asset, borne)| (*asset, u128::try_from(&borne.outstanding).unwrap_or(0)))
            .filter(|(_, outstanding)| *outstanding > 0)
            .collect();
        if open.is_empty() && self.chance.percent(98) {
            return self.fund();
        }
        if open.is_empty() || self.chance.percent(3) {
            return Body::CoverDeficit { asset: self.asset(), amount: 1 };
        }
        let (asset, outstanding) = *self.chance.pick(&open);
        let fund = self.model.pool().balance(Holder::Insurance, Unit::token(asset));
        let amount = match self.chance.below(10) {
            0 => 0,
            1..=3 => u128::MAX,
            4 => outstanding,
            5 => outstanding + 1,
            _ => self.chance.part(outstanding),
        };
        if fund == 0.into() && self.chance.percent(90) {
            return Body::FundInsurance { asset, amount: self.chance.part(outstanding * 2) };
        }
        Body::CoverDeficit { asset, amount }
    }

    /// What nobody may send, and what this rule has no word for.
    fn refused(&mut self, at: Time) -> Command {
        let (account, asset) = (self.account(), self.asset());
        let earlier = Time(at.0.saturating_sub(SECOND));
        let call = match self.chance.below(7) {
            0 => Call::WriteOff { account },
            1 => Call::Absorb { accounts: vec![account] },
            2 => {
                let price = Price { raw: 1, decimals: 0 };
                Call::Deleverage { account, contract: asset, winners: Vec::new(), price }
            }
            3 => {
                let (quantity, proceeds, proceeds_asset) = (1, 1, asset);
                Call::Fill { account, asset, quantity, proceeds, proceeds_asset }
            }
            4 if self.kind.trades() => Call::Borrow { account, asset, amount: 1 },
            4 => self.trade(account),
            5 => {
                let accounts = vec![account; 257];
                Call::Absorb { accounts }
            }
            _ => return Command { at: earlier, body: Body::AdvanceTime },
        };
        Command { at, body: Body::Call(call) }
    }

    pub fn in_breach(&self) -> Vec<AccountId> {
        let (Some(rule), pool) = (self.model.rule(), self.model.pool()) else { return Vec::new() };
        pool.everybody()
            .filter(|account| rule.health(pool, *account).is_ok_and(|health| health.breach))
            .collect()
    }

    /// A liquidation where one is due; else a price or a time that makes one due.
    fn liquidate(&mut self, at: Time) -> Command {
        let blind = self.chance.percent(3);
        let short = self.in_breach();
        if self.kind != Kind::Called {
            let body = match self.model.legs().is_empty() && !blind {
                true if short.is_empty() => self.tick_to_the_line(at),
                // Due and not ordered: a price is out, or time has to pass.
                true => self.fresh_tick(short[0], at),
                false if !self.model.auctions().is_empty() && self.chance.percent(80) => {
                    return self.bid(at);
                }
                false => Some(self.fill()),
            };
            return Command { at, body: body.unwrap_or_else(|| self.tick(at)) };
        }
        if short.is_empty() && !blind {
            let body = self.tick_to_the_line(at);
            return Command { at, body: body.unwrap_or_else(|| self.tick(at)) };
        }
        let mut command = Command { at, body: self.seize(&short) };
        for _ in 0..6 {
            let account = match &command.body {
                Body::Call(Call::RepayAndSeize { account, .. }) => *account,
                _ => break,
            };
            match self.model.refusal(&command) {
                None => break,
                Some(Rejection::MarkStale | Rejection::MarkMissing) if !blind => {
                    let body = self.fresh_tick(account, at);
                    return Command { at, body: body.unwrap_or(Body::AdvanceTime) };
                }
                Some(Rejection::AssetPaused) if !blind => {
                    let asset = *self.model.gated().first().unwrap_or(&AssetId(0));
                    return Command { at, body: Body::SetGate { asset, gate: Gate::Frozen } };
                }
                Some(Rejection::MarkInGrace | Rejection::NotYetDue | Rejection::UnpauseGrace)
                    if !blind =>
                {
                    return Command { at: Time(at.0 + 30 * SECOND), body: Body::AdvanceTime };
                }
                Some(Rejection::OncePerTick) if !blind => {
                    return Command { at, body: self.tick(at) };
                }
                _ => command.body = self.seize(&short),
            }
        }
        command
    }

    fn seize(&mut self, short: &[AccountId]) -> Body {
        let account = match short.first() {
            Some(_) if self.chance.percent(98) => *self.chance.pick(short),
            _ => self.account(),
        };
        let (debt, owed) = match self.held(account, Class::Debt) {
            Some(held) => held,
            None => (self.asset(), 1),
        };
        let (collateral, _) = match self.held(account, Class::Supply) {
            Some(held) => held,
            None => (self.asset(), 1),
        };
        let amount = match self.chance.below(20) {
            0..=5 => u128::MAX,
            6..=8 => owed,
            9..=10 => owed / 2,
            11..=16 => self.chance.part(owed),
            17 => 1,
            18 => owed.saturating_mul(3),
            _ => self.chance.below(3).into(),
        };
        let shares = self.chance.percent(20);
        let liquidator =
            if shares || self.chance.percent(20) { Some(self.account()) } else { None };
        let liquidator = liquidator.filter(|_| !self.chance.percent(3));
        Body::Call(Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator })
    }

    fn fill(&mut self) -> Body {
        let open: Vec<(u64, _)> = self.model.legs().iter().map(|(n, l)| (*n, l.clone())).collect();
        if open.is_empty() || self.chance.percent(3) {
            return Body::ReportFill { leg: 999, quantity: 1, proceeds: 1, done: true };
        }
        let (leg, open) = self.chance.pick(&open).clone();
        let left = open.leg.quantity - open.filled;
        // What the market does not take of a bankrupt account goes to winners.
        let rule = self.model.rule();
        let health = rule.and_then(|rule| rule.health(self.model.pool(), open.account).ok());
        let bankrupt = health.is_some_and(|health| health.equity < 0);
        if bankrupt && self.chance.percent(50) {
            let (quantity, proceeds, done) = (0, 0, true);
            return Body::ReportFill { leg, quantity, proceeds, done };
        }
        let quantity = match self.chance.below(20) {
            0..=7 => left,
            8..=14 => self.chance.part(left),
            15..=17 => 0,
            18 => 1,
            _ => left + 1,
        };
        let limit =
            breakwater_model::plan::at_worst(self.model.pool(), &open.leg, quantity).unwrap_or(0);
        let pays = breakwater_model::plan::pays(self.model.pool(), &open.leg).unwrap_or(false);
        let better = match self.chance.below(10) {
            0..=4 => limit,
            5..=8 if pays => limit * 99 / 100,
            5..=8 => limit * 101 / 100,
            _ if pays => limit + 1,
            _ => limit.saturating_sub(1),
        };
        let done = quantity == 0 || self.chance.percent(30);
        let done = done && !self.chance.percent(5);
        Body::ReportFill { leg, quantity, proceeds: better, done }
    }
}

/// What the table of kinds calls a command.
pub fn kind_of(command: &Command) -> &'static str {
    command.body.kind()
}
