//! Commands that only exchanges take: orders, funding, sessions, deliveries, takeovers.

use super::exchange_world::tokens;
use super::generate::Generator;
use super::world::SECOND;
use breakwater_engine::{Body, Command};
use breakwater_liquidation::contract::OptionTerms;
use breakwater_liquidation::{AssetKind, Call, ContractTerms, Form, Order, Rejection, StateKey};
use breakwater_model::contract::{quantity_for, terms};
use breakwater_model::number::Int;
use breakwater_model::rule::Rule;
use breakwater_money::{AccountId, AssetId, Holder, Price, Time, Unit};

impl Generator<'_> {
    pub fn is_contract(&self, asset: AssetId) -> bool {
        terms(self.model.pool(), asset).is_ok()
    }

    /// True if somebody has a position.
    pub fn anybody_holds(&self) -> bool {
        let pool = self.model.pool();
        pool.everybody().any(|account| !pool.positions(account).is_empty())
    }

    /// Who has the largest position in a contract, and whether it is long.
    pub fn largest(&self, contract: AssetId) -> Option<(AccountId, bool)> {
        let pool = self.model.pool();
        let size = |account| (account, pool.own(account, Unit::token(contract)));
        let largest = pool.everybody().map(size).max_by_key(|(_, size)| size.magnitude().clone());
        largest
            .filter(|(_, size)| *size != 0.into())
            .map(|(account, size)| (account, size > 0.into()))
    }

    fn contracts(&self) -> Vec<AssetId> {
        let all = (0..).map(AssetId).take(self.model.pool().assets.len());
        all.filter(|asset| self.is_contract(*asset)).collect()
    }

    /// True if trades in it would be refused.
    fn is_over(&self, asset: AssetId) -> bool {
        let pool = self.model.pool();
        let delivered = pool.memory.contains_key(&StateKey::Asset(asset, 2));
        let ends = terms(pool, asset).ok().and_then(|terms| terms.expires);
        delivered || ends.is_some_and(|end| pool.now >= end)
    }

    /// Any contract that trades, seldom one that is over, or what has its number.
    pub fn contract(&mut self) -> AssetId {
        let mut contracts = self.contracts();
        if self.chance.percent(95) && contracts.iter().any(|asset| !self.is_over(*asset)) {
            contracts
                .retain(|asset| !self.is_over(*asset) && self.model.pool().price(*asset).is_ok());
        }
        if contracts.is_empty() || self.chance.percent(1) {
            return self.asset();
        }
        *self.chance.pick(&contracts)
    }

    /// A margin asset, or seldom any other.
    pub fn margin_or_any(&mut self) -> AssetId {
        if self.kind.trades() && self.chance.percent(95) {
            AssetId(u16::try_from(self.chance.below(tokens(self.kind).into())).unwrap())
        } else {
            self.asset()
        }
    }

    /// As much of a contract as has a value in the numeraire, several times over: contracts are held
    /// at a multiple of what is put in.
    pub fn worth(&mut self, contract: AssetId, value: u128) -> u128 {
        let times = *self.chance.pick(&[1u64, 2, 3, 5, 8, 12, 20, 40]);
        let pool = self.model.pool();
        let quantity = || {
            let settle = terms(pool, contract).ok()?.settle;
            let rule = self.model.rule()?;
            let value =
                rule.amount_for(pool, settle, &Int::from(value * u128::from(times))).ok()?;
            let price = pool.price(contract).ok()?;
            u128::try_from(quantity_for(pool, contract, &value, price).ok()?.down()).ok()
        };
        quantity().unwrap_or(1).max(1)
    }

    /// Terms with something wrong.
    pub fn crooked(&mut self, settle: AssetId) -> AssetKind {
        let plain = ContractTerms::linear_perpetual(settle);
        let end = Some(Time(self.model.pool().now.0 + 60 * SECOND));
        let price = |raw| Price { raw, decimals: 2 };
        let option = |strike, underlying| {
            Form::Option(OptionTerms { call: true, strike, underlying, coin: false })
        };
        let contract = self.contract();
        AssetKind::Contract(match self.chance.below(7) {
            0 => ContractTerms { multiplier: 0, ..plain },
            1 => ContractTerms { multiplier_decimals: 19, ..plain },
            2 => ContractTerms { form: option(price(1), contract), ..plain },
            3 => ContractTerms { form: option(price(0), AssetId(0)), expires: end, ..plain },
            4 => ContractTerms { form: option(price(1), contract), expires: end, ..plain },
            5 => ContractTerms { form: option(price(1), AssetId(999)), expires: end, ..plain },
            _ => ContractTerms { settle: AssetId(999), ..plain },
        })
    }

    /// An order of somebody in something, seldom far from the mark.
    fn order(&mut self) -> Order {
        let account = self.account();
        let mut contract = self.contract();
        let held = self.model.pool().positions(account.min(AccountId(self.model.pool().accounts)));
        let reduce_only = !held.is_empty() && self.chance.percent(25) || self.chance.percent(2);
        let mut buy = self.chance.percent(50);
        let mut quantity = self.up_to_the_line(account, contract);
        if reduce_only && !held.is_empty() {
            let (asset, size) = self.chance.pick(&held).clone();
            contract = asset;
            buy = (size < 0.into()) != self.chance.percent(5);
            let size = u128::try_from(size.magnitude()).unwrap_or(1);
            quantity = if self.chance.percent(5) { size + 1 } else { self.chance.part(size) };
        } else if self.chance.percent(60) {
            quantity = self.chance.part(quantity);
        }
        if self.chance.percent(2) {
            quantity = *self.chance.pick(&[0, u128::MAX, u128::MAX / 2]);
        }
        let mark = self.model.pool().price(contract).unwrap_or(Price { raw: 1, decimals: 0 });
        let raw = (mark.raw * u128::from(self.chance.range(950, 1_050)) / 1_000).max(1);
        let raw = if self.chance.percent(1) { 0 } else { raw };
        let decimals = if self.chance.percent(1) { mark.decimals + 1 } else { mark.decimals };
        Order { account, contract, buy, quantity, price: Price { raw, decimals }, reduce_only }
    }

    pub fn place(&mut self, at: Time) -> Command {
        let tries = if self.chance.percent(75) { 4 } else { 1 };
        let mut command = Command { at, body: Body::PlaceOrder { order: self.order() } };
        for _ in 1..tries {
            if self.model.refusal(&command).is_none() {
                break;
            }
            command.body = Body::PlaceOrder { order: self.order() };
        }
        command
    }

    /// A fill of an order that waits, against another where there is one; else an order.
    pub fn fill_order(&mut self, at: Time) -> Command {
        let tries = if self.chance.percent(85) { 5 } else { 1 };
        let waiting: Vec<(u64, Order)> =
            self.model.pool().orders.iter().map(|(number, order)| (*number, *order)).collect();
        if waiting.is_empty() {
            return if self.chance.percent(97) {
                self.place(at)
            } else {
                let price = Price { raw: 1, decimals: 0 };
                let body = Body::FillOrder { order: 1, quantity: 1, price, against: None };
                Command { at, body }
            };
        }
        let mut drawn = || {
            let (order, own) = *self.chance.pick(&waiting);
            let others = waiting
                .iter()
                .filter(|(_, other)| other.contract == own.contract && other.buy != own.buy);
            let others: Vec<(u64, Order)> = others.copied().collect();
            let mut quantity = match self.chance.below(10) {
                0..=3 => own.quantity,
                4..=8 => self.chance.part(own.quantity),
                _ => *self.chance.pick(&[0, 1, own.quantity.saturating_add(1)]),
            };
            let mut against = None;
            if !others.is_empty() && self.chance.percent(60) {
                let (number, other) = *self.chance.pick(&others);
                against = Some(number);
                quantity = quantity.min(other.quantity);
            } else if self.chance.percent(2) {
                against = Some(self.chance.pick(&waiting).0);
            }
            let mut price = own.price;
            if self.chance.percent(20) {
                let by = u128::from(self.chance.below(20));
                // Better or worse.
                price.raw = (price.raw * (990 + by) / 1_000).max(1);
            }
            Command { at, body: Body::FillOrder { order, quantity, price, against } }
        };
        let mut command = drawn();
        for _ in 1..tries {
            if self.model.refusal(&command).is_none() {
                break;
            }
            command = drawn();
        }
        command
    }

    pub fn cancel_order(&mut self, at: Time) -> Command {
        let waiting: Vec<u64> = self.model.pool().orders.keys().copied().collect();
        if waiting.is_empty() && self.chance.percent(95) {
            return self.place(at);
        }
        let stranger = waiting.is_empty() || self.chance.percent(4);
        let order = if stranger { 999 } else { *self.chance.pick(&waiting) };
        Command { at, body: Body::CancelOrder { order } }
    }

    pub fn funding(&mut self) -> Call {
        // Up to a hundredth, or near the largest that parameters allow.
        let most = *self.chance.pick(&[100_000_000, 1_000_000_000, 10_000_000_000, 10_100_000_000]);
        let size = i64::try_from(self.chance.below(most)).unwrap();
        let rate_e12 = if self.chance.percent(50) { size } else { -size };
        Call::Fund { contract: self.contract(), rate_e12 }
    }

    pub fn charge(&mut self) -> Call {
        let rate_e12 = match self.chance.below(20) {
            0 => 0,
            1 => 1_000_000_000_001,
            2 => 1_000_000_000_000,
            _ => self.chance.below(20_000_000_000),
        };
        Call::Charge { asset: self.margin_or_any(), rate_e12 }
    }

    /// The end of a contract, of one that is over as often as not.
    pub fn deliver(&mut self) -> Call {
        let mut over = self.contracts();
        over.retain(|asset| self.is_over(*asset));
        let contract = if !over.is_empty() && self.chance.percent(60) {
            *self.chance.pick(&over)
        } else if self.chance.percent(80) {
            return self.funding();
        } else {
            self.contract()
        };
        let Ok(terms) = terms(self.model.pool(), contract) else {
            return Call::Deliver { contract, price: Price { raw: 1, decimals: 0 } };
        };
        let priced = match terms.form {
            Form::Option(option) => option.underlying,
            Form::Linear | Form::Inverse => contract,
        };
        let mark = self.model.pool().price(priced).unwrap_or(Price { raw: 1, decimals: 0 });
        let raw = match self.chance.below(20) {
            0 => 0,
            1..=6 => mark.raw,
            _ => (mark.raw * u128::from(self.chance.range(900, 1_100)) / 1_000).max(1),
        };
        let decimals = if self.chance.percent(2) { mark.decimals + 1 } else { mark.decimals };
        Call::Deliver { contract, price: Price { raw, decimals } }
    }

    /// A part of somebody's position in a contract that trades, of all or seldom of none of it.
    fn position(&mut self, of: AccountId) -> Option<(AccountId, AssetId, u128, bool)> {
        let pool = self.model.pool();
        let mut found: Vec<(AccountId, AssetId, Int)> = Vec::new();
        for account in pool.everybody() {
            let own = pool.positions(account).into_iter();
            found.extend(own.map(|(asset, size)| (account, asset, size)));
        }
        found.retain(|(_, asset, _)| !self.is_over(*asset));
        if found.is_empty() {
            return None;
        }
        let own: Vec<_> = found.iter().filter(|(account, ..)| *account == of).cloned().collect();
        let (account, asset, size) = if own.is_empty() {
            self.chance.pick(&found).clone()
        } else {
            self.chance.pick(&own).clone()
        };
        let long = size > 0.into();
        let whole = u128::try_from(size.magnitude()).unwrap_or(1);
        let quantity = match self.chance.below(20) {
            0 => whole.saturating_add(1),
            1 if self.chance.percent(20) => 0,
            2..=7 => whole,
            _ => self.chance.part(whole).max(1),
        };
        Some((account, asset, quantity, long))
    }

    /// A position, or a part of it, to another account: as often as not to one with room for it.
    pub fn transfer(&mut self, account: AccountId) -> Call {
        let Some((from, contract, quantity, _)) = self.position(account) else {
            return self.trade(account);
        };
        let to = if self.chance.percent(3) { from } else { self.account() };
        Call::Transfer { from, to, contract, quantity }
    }

    /// From one contract into another of its form: a long that is rolled into an inverse contract would
    /// be short of what it settles in.
    pub fn roll(&mut self, account: AccountId) -> Call {
        let Some((account, near, near_quantity, _)) = self.position(account) else {
            return self.trade(account);
        };
        let pool = self.model.pool();
        let side = |asset: AssetId| {
            let terms = terms(pool, asset).ok()?;
            let option = matches!(terms.form, Form::Option(_));
            (!option).then_some((terms.form == Form::Inverse, terms.settle))
        };
        let mut others = self.contracts();
        others.retain(|asset| *asset != near && side(*asset) == side(near) && side(near).is_some());
        if others.is_empty() && self.chance.percent(96) {
            return self.trade(account);
        }
        let far = match others.is_empty() || self.chance.percent(2) {
            true => self.contract(),
            false => *self.chance.pick(&others),
        };
        let price = |asset| self.model.pool().price(asset).unwrap_or(Price { raw: 1, decimals: 0 });
        let (near_price, far_price) = (price(near), price(far));
        // As much again of the other, in value.
        let value =
            breakwater_model::contract::worth(pool, near, &near_quantity.into(), near_price);
        let like = value.ok().and_then(|value| {
            let quantity = quantity_for(pool, far, &value.down(), far_price).ok()?;
            u128::try_from(quantity.down()).ok()
        });
        let far_quantity = like.unwrap_or(1) * u128::from(self.chance.range(50, 105)) / 100;
        let against = if self.chance.percent(50) { None } else { Some(self.account()) };
        Call::Roll {
            account,
            against,
            near,
            far,
            near_quantity,
            far_quantity: far_quantity.max(1),
            near_price,
            far_price,
        }
    }

    /// Somebody uses an option: one that pays, as often as not.
    pub fn exercise(&mut self) -> Call {
        let pool = self.model.pool();
        let mut held: Vec<(AccountId, AssetId, OptionTerms, Int)> = Vec::new();
        for account in pool.everybody() {
            for (asset, size) in pool.positions(account) {
                if let Ok(ContractTerms { form: Form::Option(option), .. }) = terms(pool, asset)
                    && !self.is_over(asset)
                {
                    held.push((account, asset, option, size));
                }
            }
        }
        let early = |asset: AssetId| {
            let symbol = pool.assets.get(asset.index()).map(|info| &info.symbol);
            match (self.model.rule(), symbol) {
                (Some(Rule::Exchange(terms)), Some(symbol)) => {
                    terms.contracts.get(symbol).is_some_and(|contract| contract.early)
                }
                _ => false,
            }
        };
        let able =
            |held: &&(AccountId, AssetId, OptionTerms, Int)| held.3 > 0.into() && early(held.1);
        let able: Vec<_> = held.iter().filter(able).cloned().collect();
        let any = held.is_empty() || self.chance.percent(96);
        if any && able.is_empty() {
            return self.buy_an_option();
        }
        if any {
            held = able;
        }
        let (account, contract, option, size) = self.chance.pick(&held).clone();
        let mark = pool.price(option.underlying).unwrap_or(Price { raw: 1, decimals: 0 });
        let strike = u128::from(self.chance.range(2, 40));
        // At the mark, or where it pays.
        let raw = match self.chance.below(20) {
            0 => mark.raw,
            _ if option.call => option.strike.raw * (100 + strike) / 100,
            _ => (option.strike.raw * (100 - strike) / 100).max(1),
        };
        let decimals = if self.chance.percent(2) { mark.decimals + 1 } else { mark.decimals };
        let whole = u128::try_from(size.magnitude()).unwrap_or(1);
        let quantity = match self.chance.below(20) {
            0 => whole + 1,
            1..=9 => whole,
            _ => self.chance.part(whole).max(1),
        };
        Call::Exercise { account, contract, quantity, price: Price { raw, decimals } }
    }

    /// Somebody becomes long of an option where nobody is; a trade where there is none.
    fn buy_an_option(&mut self) -> Call {
        let account = self.account();
        let pool = self.model.pool();
        let is_option = |asset: &AssetId| {
            terms(pool, *asset).is_ok_and(|terms| matches!(terms.form, Form::Option(_)))
        };
        let mut options = self.contracts();
        options.retain(|asset| is_option(asset) && !self.is_over(*asset));
        if options.is_empty() {
            return self.trade(account);
        }
        let contract = *self.chance.pick(&options);
        let price = pool.price(contract).unwrap_or(Price { raw: 1, decimals: 0 });
        let quantity = self.up_to_the_line(account, contract).max(1);
        let other = Some(self.account()).filter(|other| *other != account);
        let seller = if self.chance.percent(60) { other } else { None };
        Call::Trade { buyer: Some(account), seller, contract, quantity, price }
    }

    pub fn volatility(&mut self) -> Call {
        let pool = self.model.pool();
        let option = |asset: &AssetId| {
            terms(pool, *asset).is_ok_and(|terms| matches!(terms.form, Form::Option(_)))
        };
        let options: Vec<AssetId> =
            (0..).map(AssetId).take(pool.assets.len()).filter(option).collect();
        if options.is_empty() {
            return self.funding();
        }
        let contract =
            if self.chance.percent(90) { *self.chance.pick(&options) } else { self.contract() };
        let volatility_e6 =
            *self.chance.pick(&[999, 1_000, 650_000, 1_200_000, 50_000_000, 50_000_001]);
        Call::Quote { contract, volatility_e6 }
    }

    /// A takeover of somebody in breach; else a price that puts somebody there, or what it waits
    /// for.
    pub fn take_over(&mut self, at: Time) -> Command {
        let short = self.in_breach();
        if short.is_empty() && self.chance.percent(97) {
            let body = self.tick_to_the_line(at).unwrap_or_else(|| self.tick(at));
            return Command { at, body };
        }
        let account = match short.first() {
            Some(_) if self.chance.percent(97) => *self.chance.pick(&short),
            _ => self.account(),
        };
        let pool = self.model.pool();
        // Of those with something, so that it takes more over than it lacks.
        let rich = pool.everybody().filter(|a| *a != account);
        let rich = rich.max_by_key(|a| pool.balance(Holder::Account(*a), Unit::token(AssetId(0))));
        let vault = match rich {
            Some(rich) if self.chance.percent(60) => rich,
            _ => self.account(),
        };
        let command = Command { at, body: Body::Call(Call::TakeOver { account, vault }) };
        if self.chance.percent(10) {
            return command;
        }
        match self.model.refusal(&command) {
            Some(Rejection::MarkStale | Rejection::MarkMissing) => {
                let body = self.fresh_tick(account, at).unwrap_or(Body::AdvanceTime);
                Command { at, body }
            }
            Some(Rejection::MarkInGrace | Rejection::NotYetDue | Rejection::UnpauseGrace) => {
                Command { at: Time(at.0 + 30 * SECOND), body: Body::AdvanceTime }
            }
            Some(Rejection::OncePerTick) => Command { at, body: self.tick(at) },
            _ => command,
        }
    }
}
