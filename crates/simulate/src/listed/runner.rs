//! The day: prices come, what is due happens, requests are made, the venue sells.

use super::marks::{self, SETTLE, asset};
use super::record::{AccountRow, ListedRun, Occurrence, Point};
use super::settings::{AskSettings, DOLLAR_DECIMALS, ListedScenario, Wish, raw, signed};
use crate::ScenarioError;
use crate::plugged::registry;
use crate::watcher::{Progress, Watcher};
use crate::world::Host;
use breakwater_agreement::listed::{Board, Happened, Input, Request, What};
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::plan::proceeds;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{AssetKind, Call, Close, Policy, Seller};
use breakwater_margin::Ratio;
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{
    AccountId, Amount, AssetId, Holder, Price, Time, TransferCode, Unit, decimal,
};
use breakwater_rulebooks::exchange::listed;

pub(super) const MINUTE: u64 = 60_000_000_000;
/// Sales of one account that are filled at one mark: what one sets off is taken in the same minute.
const ROUNDS_MAX: u32 = 64;

/// Plays the day.
///
/// # Errors
/// A setting that makes no sense, a position that the rulebook would not let be opened, an event of the
/// venue that its rulebook refuses, a broken invariant, or a watcher that cannot record.
pub fn run(
    scenario: &ListedScenario,
    watcher: &mut dyn Watcher,
) -> Result<ListedRun, ScenarioError> {
    watcher.begin(scenario.path.len() as u64);
    let mut stage = Stage::found(scenario, watcher)?;
    for (minute, cents) in scenario.path.iter().enumerate().skip(1) {
        stage.minute(minute, *cents)?;
    }
    stage.end()
}

pub(super) struct Stage<'a> {
    pub scenario: &'a ListedScenario,
    pub host: Host<'a>,
    board: Board,
    contracts: Vec<AssetId>,
    sequence: u64,
    /// Requests not made yet, the next one last.
    asks: Vec<(Time, usize)>,
    pub occurrences: Vec<Occurrence>,
    points: Vec<Point>,
    funding: Vec<i128>,
    /// Equity once everything was opened.
    opened: Vec<i128>,
    fund: i128,
    balanced: u64,
}

impl<'a> Stage<'a> {
    fn found(
        scenario: &'a ListedScenario,
        watcher: &'a mut dyn Watcher,
    ) -> Result<Stage<'a>, ScenarioError> {
        let (at, cents) = (scenario.start, scenario.path.first().copied().unwrap_or(1));
        let series = scenario.series()?;
        let index = Price::new(cents.into(), DOLLAR_DECIMALS);
        let board = Board::new(series, at, index)
            .map_err(|error| ScenarioError::setting("contracts", error.to_string()))?;
        let mut asks: Vec<(Time, usize)> = scenario.asked.iter().copied().zip(0..).collect();
        let early = asks.iter().find(|(when, _)| *when <= at);
        if let Some((_, place)) = early {
            let given = &scenario.settings.asks[*place].at;
            let reason = format!("'{given}': after the first minute has ended");
            return Err(ScenarioError::setting(format!("asks[{place}].at"), reason));
        }
        asks.sort_by_key(|(when, place)| std::cmp::Reverse((*when, *place)));
        let accounts = scenario.settings.accounts.len();
        let mut stage = Stage {
            scenario,
            host: Host::new(Engine::new(registry()), watcher),
            board,
            contracts: (0..scenario.settings.contracts.len()).map(asset).collect(),
            sequence: 0,
            asks,
            occurrences: Vec::new(),
            points: Vec::new(),
            funding: vec![0; accounts],
            opened: Vec::new(),
            fund: 0,
            balanced: 0,
        };
        stage.list(at)?;
        stage.prices(cents, at)?;
        stage.open(at)?;
        stage.opened = stage.equities();
        stage.note(at, cents);
        Ok(stage)
    }

    /// Assets, markets, rulebook and fund.
    fn list(&mut self, at: Time) -> Result<(), ScenarioError> {
        let scenario = self.scenario;
        let market = &scenario.settings.market;
        let token = AssetKind::Token;
        let mut assets = vec![
            (market.settle.clone(), market.settle_decimals, token, None),
            (marks::INDEX.to_owned(), 8, token, Some(DOLLAR_DECIMALS)),
        ];
        for (place, stated) in scenario.settings.contracts.iter().enumerate() {
            let kind = marks::kind(scenario, place)?;
            let scale = Some(marks::scale(stated));
            assets.push((stated.symbol.clone(), stated.decimals, kind, scale));
        }
        for (number, (symbol, decimals, kind, scale)) in (0u16..).zip(assets) {
            self.host.must(at, Body::DefineAsset { symbol: symbol.clone(), decimals, kind })?;
            let Some(decimals) = scale else { continue };
            let guard = Guard {
                decimals,
                age_max_nanos: 2 * MINUTE,
                ahead_max_nanos: 0,
                // An option near its end may be worth ten times as much a minute later.
                band_bps: u32::MAX,
                spread_max_bps: 0,
                grace_nanos: 0,
            };
            let (symbol, asset) = (format!("{symbol}/mark"), AssetId(number));
            let body = Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 };
            self.host.must(at, body)?;
        }
        let (rule, parameters) = (scenario.rule.clone(), scenario.parameters.clone());
        let hash = *blake3::hash(parameters.as_bytes()).as_bytes();
        let policy = policy(scenario)?;
        self.host.must(at, Body::InstallRulebook { rule, parameters, hash, policy })?;
        let amount = raw("market.fund", &market.fund, market.settle_decimals)?;
        self.fund = i128::try_from(amount).unwrap_or(i128::MAX);
        if amount > 0 {
            self.host.must(at, Body::FundInsurance { asset: SETTLE, amount })?;
        }
        Ok(())
    }

    /// Accounts with cash and positions, each opened against the outside at its mark: what covers first.
    fn open(&mut self, at: Time) -> Result<(), ScenarioError> {
        let scenario = self.scenario;
        let decimals = scenario.settings.market.settle_decimals;
        for (place, stated) in scenario.settings.accounts.iter().enumerate() {
            let account = AccountId(u32::try_from(place).unwrap_or(u32::MAX));
            self.host.must(at, Body::OpenAccount { owner: stated.name.clone() })?;
            let amount = raw(&format!("accounts[{place}].cash"), &stated.cash, decimals)?;
            let asset = SETTLE;
            self.host.must(at, Body::Call(Call::Deposit { account, asset, amount }))?;
            let mut held = Vec::new();
            for (symbol, size) in &stated.holds {
                let field = format!("accounts[{place}].holds.{symbol}");
                let contract = scenario.contract(&field, symbol)?;
                let size = signed(&field, size, scenario.settings.contracts[contract].decimals)?;
                held.push((size < 0, contract, size));
            }
            held.sort_unstable();
            for (short, contract, size) in held.into_iter().filter(|(_, _, size)| *size != 0) {
                let contract = self.contracts[contract];
                let me = Some(account);
                let (buyer, seller) = if short { (None, me) } else { (me, None) };
                let price = self.host.engine.look(|view| view.price(contract));
                let price = price.map_err(|why| refused("a position", &why.to_string()))?;
                let quantity = size.unsigned_abs();
                let trade = Call::Trade { buyer, seller, contract, quantity, price };
                self.host.must(at, Body::Call(trade)).map_err(|error| match error {
                    ScenarioError::Refused { why, .. } => {
                        refused(&format!("the position of {}", stated.name), &why)
                    }
                    other => other,
                })?;
            }
        }
        Ok(())
    }

    fn minute(&mut self, minute: usize, cents: u64) -> Result<(), ScenarioError> {
        let now = self.scenario.start.after(minute as u64 * MINUTE);
        while let Some((at, place)) = self.asks.pop_if(|(at, _)| *at <= now) {
            self.ask(at, place)?;
        }
        self.prices(cents, now)?;
        self.step(now, Input::Time)?;
        self.sell(now)?;
        self.note(now, cents);
        self.host.watcher.progress(&Progress {
            point: minute as u64,
            points: self.scenario.path.len() as u64,
            at: crate::story::timestamp(now),
            driver: decimal::format_raw(cents.into(), DOLLAR_DECIMALS),
            called: 0,
            liquidated: 0,
        });
        Ok(())
    }

    /// The index and every mark that still counts.
    fn prices(&mut self, cents: u64, now: Time) -> Result<(), ScenarioError> {
        let index = Price::new(cents.into(), DOLLAR_DECIMALS);
        self.step(now, Input::Index(index))?;
        self.sequence += 1;
        self.tick(0, index, now)?;
        for place in 0..self.contracts.len() {
            if self.board.ended(place) {
                continue;
            }
            let price = marks::mark(self.scenario, place, cents, now, self.board.fixing(place));
            self.step(now, Input::Mark { series: place, price })?;
            self.tick(place + 1, price, now)?;
            if self.scenario.settings.contracts[place].option() {
                self.quote(place, cents, now)?;
            }
        }
        Ok(())
    }

    fn tick(&mut self, market: usize, price: Price, at: Time) -> Result<(), ScenarioError> {
        let market = MarketId(u16::try_from(market).unwrap_or(u16::MAX));
        let tick = Tick {
            market,
            quote: Quote::Single(price.raw),
            decimals: price.decimals,
            sequence: self.sequence,
            observed_at: at,
        };
        let outcome = self.host.must(at, Body::Tick(tick))?;
        self.read(&outcome, at);
        self.settle_pending(at)
    }

    /// The venue's volatility of an option, where it is another than before.
    fn quote(&mut self, place: usize, cents: u64, at: Time) -> Result<(), ScenarioError> {
        let volatility_e6 = marks::volatility(self.scenario, place, cents);
        let before = self.points.last().map(|point| point.cents);
        if before.map(|before| marks::volatility(self.scenario, place, before))
            == Some(volatility_e6)
        {
            return Ok(());
        }
        let contract = self.contracts[place];
        let outcome = self.host.must(at, Body::Call(Call::Quote { contract, volatility_e6 }))?;
        self.read(&outcome, at);
        self.settle_pending(at)
    }

    /// What one command left pending is taken with the next.
    fn settle_pending(&mut self, at: Time) -> Result<(), ScenarioError> {
        while self.host.engine.pending() > 0 {
            let outcome = self.host.must(at, Body::AdvanceTime)?;
            self.read(&outcome, at);
        }
        Ok(())
    }

    /// Tells the board something, and does what follows.
    fn step(&mut self, now: Time, input: Input) -> Result<(), ScenarioError> {
        let happened = self.board.step(now, input);
        let happened =
            happened.map_err(|error| ScenarioError::setting("contracts", error.to_string()))?;
        happened.iter().try_for_each(|happened| self.happen(happened))
    }

    fn ask(&mut self, at: Time, place: usize) -> Result<(), ScenarioError> {
        let AskSettings { account, what, contract, quantity, to, .. } =
            &self.scenario.settings.asks[place];
        let field = |name: &str| format!("asks[{place}].{name}");
        let series = self.scenario.contract(&field("contract"), contract)?;
        let find = |name: &str, who: &str| -> Result<AccountId, ScenarioError> {
            let found = self.scenario.account(&field(name), who)?;
            Ok(AccountId(u32::try_from(found).unwrap_or(u32::MAX)))
        };
        let holder = find("account", account)?;
        let decimals = self.scenario.settings.contracts[series].decimals;
        let quantity = match (what, quantity) {
            (Wish::Roll, None) => 0,
            (Wish::Roll, Some(given)) => {
                let reason = format!("'{given}': a roll is of everything; leave it out");
                return Err(ScenarioError::setting(field("quantity"), reason));
            }
            (_, Some(given)) => raw(&field("quantity"), given, decimals)?,
            (_, None) => {
                let reason = "missing: how many whole contracts".to_owned();
                return Err(ScenarioError::setting(field("quantity"), reason));
            }
        };
        let request = match (what, to) {
            (Wish::Transfer, Some(to)) => {
                Request::Transfer { series, from: holder, to: find("to", to)?, quantity }
            }
            (Wish::Transfer, None) => {
                let reason = "missing: who gets the position".to_owned();
                return Err(ScenarioError::setting(field("to"), reason));
            }
            (_, Some(given)) => {
                let reason = format!("'{given}': only a transfer goes to somebody");
                return Err(ScenarioError::setting(field("to"), reason));
            }
            (Wish::Roll, None) => Request::Rolling { series, holder, on: true },
            (Wish::Exercise, None) => Request::Exercise { series, holder, quantity },
        };
        self.step(at, Input::Ask(request))?;
        self.sell(at)
    }

    /// What happened to a contract becomes a command, and what came of it is written down.
    fn happen(&mut self, happened: &Happened) -> Result<(), ScenarioError> {
        let contracts = &self.contracts;
        let call = self.host.engine.look(|view| listed::call(view, contracts, happened));
        let call = call.map_err(|why| refused(happened.what.name(), &why.to_string()))?;
        let at = happened.at.max(self.host.engine.now());
        let by_venue = matches!(
            happened.what,
            What::Funded { .. } | What::SessionEnded | What::FixingBegan | What::Delivered { .. }
        );
        let outcome = match call {
            None => None,
            Some(call) if by_venue => Some(self.host.must(at, Body::Call(call))?),
            Some(call) => Some(self.host.apply(at, Body::Call(call))?),
        };
        self.tell(happened, outcome.as_ref());
        if let Some(outcome) = outcome {
            self.count_funding();
            self.read(&outcome, at);
            self.settle_pending(at)?;
        }
        Ok(())
    }

    /// What each account was paid, or paid, as funding with the command just done.
    fn count_funding(&mut self) {
        let posted = self.host.engine.postings().iter().flat_map(|posting| posting.transfers);
        for transfer in posted.filter(|it| it.code == TransferCode::Funding) {
            for (holder, sign) in [(transfer.credit, 1i128), (transfer.debit, -1)] {
                if let Holder::Account(account) = holder
                    && let Some(sum) = self.funding.get_mut(account.index())
                {
                    let amount = i128::try_from(transfer.amount).unwrap_or(i128::MAX);
                    *sum = sum.saturating_add(sign * amount);
                }
            }
        }
    }

    /// The market takes what the venue sells, at the stated distance from the mark.
    fn sell(&mut self, now: Time) -> Result<(), ScenarioError> {
        let mut rounds = 0;
        let mut from = 0u64;
        while rounds < ROUNDS_MAX {
            let next = self.host.engine.open_legs().range(from..).next();
            let Some((number, open)) = next.map(|(number, open)| (*number, open.clone())) else {
                return Ok(());
            };
            (from, rounds) = (number.saturating_add(1), rounds + 1);
            let quantity = open.leg.quantity.saturating_sub(open.filled);
            let bps = self.scenario.settings.market.fill_bps;
            let price = self.host.engine.look(|view| view.price(open.leg.asset));
            let mark = price.map_err(|why| refused("a sale", &why.to_string()))?;
            let away = if open.leg.buy_back { 10_000 + bps } else { 10_000 - bps };
            let rounding = if open.leg.buy_back { Rounding::Ceil } else { Rounding::Floor };
            let price = mul_div(mark.raw, away.into(), 10_000, rounding)
                .map(|raw| Price::new(raw.max(1), mark.decimals))
                .map_err(crate::market::overflow)?;
            let worst = open.leg.worst_price.raw;
            let within = if open.leg.buy_back { price.raw <= worst } else { price.raw >= worst };
            let quantity = if within { quantity } else { 0 };
            let paid = self.host.engine.look(|view| proceeds(view, &open.leg, quantity, price));
            let paid = paid.map_err(|why| refused("a sale", &why.to_string()))?;
            let body = Body::ReportFill { leg: number, quantity, proceeds: paid, done: true };
            let outcome = self.host.must(now, body)?;
            if quantity > 0 {
                let sold = self.amount(Amount::new(open.leg.asset, quantity));
                let did = if open.leg.buy_back { "bought back" } else { "sold" };
                let told = format!(
                    "the venue {did} {sold} at {}",
                    decimal::format_raw(price.raw, price.decimals)
                );
                let contract = self.contracts.iter().position(|asset| *asset == open.leg.asset);
                let amount = Some(self.amount(Amount::new(open.leg.proceeds_asset, paid)));
                let account = Some(self.name(open.account));
                let what = "sale";
                self.occurrences.push(Occurrence {
                    at: now,
                    contract,
                    what,
                    account,
                    amount,
                    told,
                });
            }
            self.read(&outcome, now);
            self.settle_pending(now)?;
        }
        Ok(())
    }

    fn note(&mut self, at: Time, cents: u64) {
        let fixed = (0..self.contracts.len()).filter_map(|place| {
            let fixing = self.board.fixing(place)?;
            Some((place, fixing.so_far?))
        });
        let (fixed, equity) = (fixed.collect(), self.equities());
        self.points.push(Point { at, cents, fixed, equity });
        let balanced = self.host.engine.trial_balance().iter().all(|row| row.sum == 0);
        self.balanced += u64::from(balanced);
    }

    fn equities(&self) -> Vec<i128> {
        let count = self.scenario.settings.accounts.len();
        let accounts = (0..).map(AccountId).take(count);
        let equity = |account| self.host.engine.health(account).map_or(0, |health| health.equity);
        accounts.map(equity).collect()
    }

    fn end(mut self) -> Result<ListedRun, ScenarioError> {
        let market = &self.scenario.settings.market;
        let decimals = market.settle_decimals;
        let engine = &self.host.engine;
        let text = |raw: i128| decimal::format_raw_signed(raw, decimals);
        let ends = self.equities();
        let mut accounts = Vec::new();
        for (place, stated) in self.scenario.settings.accounts.iter().enumerate() {
            let account = AccountId(u32::try_from(place).unwrap_or(u32::MAX));
            let held = self.scenario.settings.contracts.iter().zip(&self.contracts);
            let holds = held.filter_map(|(listed, asset)| {
                let unit = Unit::token(*asset);
                let size = engine.ledger().balance(Holder::Account(account), unit);
                let whole = decimal::format_raw_signed(size, listed.decimals);
                (size != 0).then(|| (listed.symbol.clone(), whole))
            });
            accounts.push(AccountRow {
                account: stated.name.clone(),
                brought: stated.cash.clone(),
                equity_start: text(self.opened[place]),
                funding: text(self.funding[place]),
                equity_end: text(ends[place]),
                holds: holds.collect(),
            });
        }
        let fund_end = engine.ledger().balance(Holder::Insurance, Unit::token(SETTLE));
        let rulebook = engine.rulebook().map_or_else(String::new, |it| it.name().to_owned());
        let last = self.points.last().map_or(self.scenario.start, |point| point.at);
        let run = ListedRun {
            from: self.scenario.start,
            to: last,
            rulebook,
            settle: (market.settle.clone(), decimals),
            occurrences: std::mem::take(&mut self.occurrences),
            minutes: (self.points.len() as u64, self.balanced),
            points: std::mem::take(&mut self.points),
            accounts,
            balances: crate::story::balances(engine),
            fund: (self.fund, fund_end),
            commands: self.host.commands,
            state_hash: engine.state_hash().hex(),
        };
        self.host.watcher.finish().map_err(ScenarioError::Record)?;
        Ok(run)
    }
}

fn refused(what: &str, why: &str) -> ScenarioError {
    ScenarioError::Refused { what: what.to_owned(), why: why.to_owned() }
}

/// The venue sells what is in breach whole, the fund pays, and winners are asked for the rest.
fn policy(scenario: &ListedScenario) -> Result<Policy, ScenarioError> {
    let market = &scenario.settings.market;
    let warn = Ratio::new(raw("market.warn_ratio", &market.warn_ratio, 18)?);
    let policy = Policy {
        name: "the venue sells whole positions".to_owned(),
        seller: Seller::Venue,
        close: Close::Full,
        warn_ratio: warn,
        target_ratio: warn,
        slippage_bps: market.slippage_bps,
        retry_nanos: 0,
        backstop: BackstopPolicy {
            insurance: true,
            deleverage: Some(Deleverage::Queue),
            ..BackstopPolicy::default()
        },
        ..Policy::as_is()
    };
    policy.validate().map_err(|why| ScenarioError::setting("market", why))?;
    Ok(policy)
}
