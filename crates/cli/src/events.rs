//! `events.jsonl`: one line an event, with names where the engine has numbers.

mod auctions;
mod defences;

use breakwater_engine::{Body, Cause, Command, Event, Outcome, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{AssetInfo, CallState, Fact, Gate};
use breakwater_money::decimal::{format_raw, format_raw_signed};
use breakwater_money::{AccountId, Amount, AssetId, Price, Time};
use breakwater_simulate::registry;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// What the first line of the file says it is.
pub const SCHEMA: &str = "breakwater.events/1";

/// A moment worth telling in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Time,
    /// Whose.
    pub account: String,
    /// Health ratio then.
    pub ratio: String,
}

/// Firsts of a run that its totals do not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firsts {
    /// The first account that was warned.
    pub warned: Option<Moment>,
    /// The first account that was called.
    pub called: Option<Moment>,
}

/// Names learnt from the commands that gave them.
#[derive(Default)]
struct Names {
    assets: Vec<AssetInfo>,
    markets: Vec<(String, AssetId)>,
    accounts: Vec<String>,
    rulebook: String,
    policy: String,
    value_decimals: Option<u8>,
}

/// Writes events as lines of JSON.
pub struct EventLog<W> {
    out: W,
    names: Names,
    firsts: Firsts,
    lines: u64,
}

impl<W: Write> EventLog<W> {
    /// Begins the file with the line that says what it is.
    pub fn begin(mut out: W, scenario: &str) -> io::Result<Self> {
        let first = json!({
            "schema": SCHEMA,
            "scenario": scenario,
            "program": concat!("breakwater ", env!("CARGO_PKG_VERSION")),
        });
        writeln!(out, "{first}")?;
        out.flush()?;
        Ok(EventLog { out, names: Names::default(), firsts: Firsts::default(), lines: 0 })
    }

    /// Writes what became of a command: a line an event, or one that says why it was refused.
    pub fn write(&mut self, command: &Command, outcome: &Outcome) -> io::Result<()> {
        if let Some(rejected) = &outcome.rejected {
            let mut line = self.head(command, outcome);
            line.insert("event".to_owned(), json!("rejected"));
            line.insert("number".to_owned(), json!(rejected.rejection.number()));
            line.insert("name".to_owned(), json!(rejected.rejection.name()));
            line.insert("sentence".to_owned(), json!(rejected.rejection.sentence()));
            line.insert("detail".to_owned(), json!(rejected.detail));
            line.insert("may_retry".to_owned(), json!(rejected.rejection.may_retry()));
            self.put(line)?;
        }
        for event in &outcome.events {
            self.names.learn(&command.body, &event.what);
            self.notice(outcome.at, &event.what);
            let mut line = self.head(command, outcome);
            line.insert("cause".to_owned(), self.names.cause(event));
            let (kind, fields) = self.names.what(&event.what);
            line.insert("event".to_owned(), json!(kind));
            if let Value::Object(fields) = fields {
                line.extend(fields);
            }
            self.put(line)?;
        }
        if let Some(stop) = &outcome.stop {
            let mut line = self.head(command, outcome);
            line.insert("event".to_owned(), json!("stopped"));
            line.insert("invariant".to_owned(), json!(stop.invariant.id()));
            line.insert("detail".to_owned(), json!(stop.to_string()));
            self.put(line)?;
        }
        Ok(())
    }

    /// Hands everything to the file and answers what was noticed on the way, and how many lines
    /// stand behind the first.
    pub fn end(mut self) -> io::Result<(Firsts, u64)> {
        self.out.flush()?;
        Ok((self.firsts, self.lines))
    }

    fn put(&mut self, line: Map<String, Value>) -> io::Result<()> {
        self.lines += 1;
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn head(&self, command: &Command, outcome: &Outcome) -> Map<String, Value> {
        let mut line = Map::new();
        line.insert("sequence".to_owned(), json!(outcome.sequence));
        line.insert("at".to_owned(), json!(instant(command.at)));
        line.insert("command".to_owned(), json!(command.body.kind()));
        line.insert("rulebook".to_owned(), json!(self.names.rulebook));
        line.insert("policy".to_owned(), json!(self.names.policy));
        line
    }

    fn notice(&mut self, at: Time, what: &What) {
        let What::CallMoved { account, to, health, .. } = what else { return };
        let first = match to {
            CallState::Warned => &mut self.firsts.warned,
            CallState::Called | CallState::Liquidating => &mut self.firsts.called,
            _ => return,
        };
        if first.is_none() {
            let (account, ratio) = (self.names.account(*account), health.ratio.to_string());
            *first = Some(Moment { at, account, ratio });
        }
    }
}

impl Names {
    /// Takes a name or a scale from an accepted command.
    fn learn(&mut self, body: &Body, what: &What) {
        match (body, what) {
            (Body::DefineAsset { symbol, decimals, kind }, What::AssetDefined { .. }) => {
                let (symbol, decimals, kind) = (symbol.clone(), *decimals, *kind);
                self.assets.push(AssetInfo { symbol, decimals, kind, market: None });
            }
            (Body::DefineMarket { symbol, asset, .. }, What::MarketDefined { .. }) => {
                self.markets.push((symbol.clone(), *asset));
            }
            (Body::OpenAccount { owner }, What::AccountOpened { .. }) => {
                self.accounts.push(owner.clone());
            }
            (
                Body::InstallRulebook { rule, parameters, policy, .. },
                What::RulebookInstalled { name, .. },
            ) => {
                self.rulebook.clone_from(name);
                self.policy.clone_from(&policy.name);
                let built = registry().build(rule, parameters, &self.assets).ok().flatten();
                self.value_decimals = built.map(|rulebook| rulebook.numeraire_decimals());
            }
            _ => {}
        }
    }

    fn asset(&self, asset: AssetId) -> String {
        self.assets.get(asset.index()).map_or_else(|| asset.to_string(), |a| a.symbol.clone())
    }

    fn account(&self, account: AccountId) -> String {
        self.accounts.get(account.index()).cloned().unwrap_or_else(|| account.to_string())
    }

    fn market(&self, index: usize) -> String {
        self.markets.get(index).map_or_else(|| format!("market {index}"), |m| m.0.clone())
    }

    fn amount(&self, amount: Amount) -> Value {
        json!({ "asset": self.asset(amount.asset), "amount": self.quantity(amount.asset, amount.raw) })
    }

    fn quantity(&self, asset: AssetId, raw: u128) -> String {
        format_raw(raw, self.assets.get(asset.index()).map_or(0, |a| a.decimals))
    }

    /// Before a rulebook rules there are no values.
    fn value(&self, raw: u128) -> String {
        format_raw(raw, self.value_decimals.unwrap_or(0))
    }

    fn cause(&self, event: &Event) -> Value {
        match event.cause {
            Cause::Command => json!({ "kind": "command" }),
            Cause::Price { market, from, to } => json!({
                "kind": "price",
                "market": self.market(market.index()),
                "from": from.map(price),
                "to": price(to),
            }),
            Cause::Time => json!({ "kind": "time" }),
            Cause::Epoch => json!({ "kind": "epoch" }),
            Cause::Pending => json!({ "kind": "pending" }),
        }
    }

    /// Name of the event, and its fields.
    fn what(&self, what: &What) -> (&'static str, Value) {
        match what {
            What::AssetDefined { asset } => {
                ("asset defined", json!({ "asset": self.asset(*asset) }))
            }
            What::MarketDefined { market } => {
                ("market defined", json!({ "market": self.market(market.index()) }))
            }
            What::RulebookInstalled { name, hash, epoch } => (
                "rulebook installed",
                json!({ "name": name, "parameters_hash": hex(hash), "epoch": epoch }),
            ),
            What::AccountOpened { account } => {
                ("account opened", json!({ "account": self.account(*account) }))
            }
            What::InsuranceFunded { amount } => {
                ("insurance funded", json!({ "funded": self.amount(*amount) }))
            }
            What::Marked { market, mark, grace_until } => (
                "marked",
                json!({
                    "market": self.market(market.index()),
                    "mark": price(mark.price),
                    "observed_at": instant(mark.observed_at),
                    "grace_until": grace_until.map(instant),
                }),
            ),
            What::CallMoved { account, from, to, deadline, health } => (
                "margin call moved",
                json!({
                    "account": self.account(*account),
                    "from": state(*from),
                    "to": state(*to),
                    "deadline": deadline.map(instant),
                    "equity": format_raw_signed(health.equity, self.value_decimals.unwrap_or(0)),
                    "requirement": self.value(health.requirement),
                    "ratio": (health.requirement > 0).then(|| health.ratio.to_string()),
                    "shortfall": self.value(health.shortfall),
                    "breach": health.breach,
                }),
            ),
            What::Happened(fact) => self.fact(fact),
            What::Ordered { leg, account, sale, reason } => (
                "sale ordered",
                json!({
                    "leg": leg,
                    "account": self.account(*account),
                    "sell": self.amount(Amount::new(sale.asset, sale.quantity)),
                    "buy_back": sale.buy_back,
                    "proceeds_asset": self.asset(sale.proceeds_asset),
                    "worst_price": price(sale.worst_price),
                    "reason": reason,
                }),
            ),
            What::Cancelled { leg, unsold } => {
                ("sale cancelled", json!({ "leg": leg, "unsold_base_units": unsold.to_string() }))
            }
            What::AuctionOpened { .. }
            | What::BidPlaced { .. }
            | What::BidRefunded { .. }
            | What::LotSold { .. }
            | What::DepositForfeited { .. }
            | What::AuctionRestarted { .. }
            | What::AuctionAwarded { .. }
            | What::WinnerDefaulted { .. }
            | What::AuctionClosed { .. } => self.auction(what).unwrap_or(("auction", json!({}))),
            What::OrderPlaced { order, terms } => (
                "order placed",
                json!({
                    "order": order,
                    "account": self.account(terms.account),
                    "quantity": self.amount(Amount::new(terms.contract, terms.quantity)),
                    "buy": terms.buy,
                    "price": price(terms.price),
                    "reduce_only": terms.reduce_only,
                }),
            ),
            What::OrderFilled { order, quantity, price: at, left } => (
                "order filled",
                json!({
                    "order": order,
                    "quantity_base_units": quantity.to_string(),
                    "price": price(*at),
                    "left_base_units": left.to_string(),
                }),
            ),
            What::OrderCancelled { order, left } => {
                ("order cancelled", json!({ "order": order, "left_base_units": left.to_string() }))
            }
            What::Halted { on } => ("halted", json!({ "on": on })),
            What::GateMoved { asset, from, to, grace_until } => (
                "gate moved",
                json!({
                    "asset": self.asset(*asset),
                    "from": gate(*from),
                    "to": gate(*to),
                    "grace_until": grace_until.map(instant),
                }),
            ),
            What::BreakerTripped { asset, highest, mark, until } => (
                "breaker tripped",
                json!({
                    "asset": self.asset(*asset),
                    "highest": price(*highest),
                    "mark": price(*mark),
                    "until": instant(*until),
                }),
            ),
            What::Surcharged { asset, bps_a_year, supplied, borrowed } => (
                "surcharged",
                json!({
                    "asset": self.asset(*asset),
                    "bps_a_year": bps_a_year,
                    "supplied": self.quantity(*asset, *supplied),
                    "borrowed": self.quantity(*asset, *borrowed),
                }),
            ),
            What::SurchargeIgnored { asset } => {
                ("surcharge ignored", json!({ "asset": self.asset(*asset) }))
            }
            What::Observed { market, observed_at } => (
                "market observed",
                json!({
                    "market": self.market(market.index()),
                    "observed_at": instant(*observed_at),
                }),
            ),
            What::HandedOver { account, ratio, called_at } => (
                "handed over",
                json!({
                    "account": self.account(*account),
                    "ratio": ratio.to_string(),
                    "called_at": instant(*called_at),
                }),
            ),
            What::WithdrawalQueued { .. }
            | What::WithdrawalPaid { .. }
            | What::WithdrawalDropped { .. }
            | What::BandPaused { .. }
            | What::StressMoved { .. } => self.defence(what).unwrap_or(("defence", json!({}))),
        }
    }

    /// Name of a bearer, and its account if it is one.
    fn bearer(&self, bearer: &Bearer) -> (&'static str, Option<String>) {
        match bearer {
            Bearer::Insurance => ("insurance", None),
            Bearer::Vault => ("vault", None),
            Bearer::Deleveraged(winner) => ("deleveraged", Some(self.account(*winner))),
            Bearer::Socialised(sharer) => ("socialised", Some(self.account(*sharer))),
            Bearer::Outstanding => ("outstanding", None),
            Bearer::Lenders => ("lenders", None),
            Bearer::Borrowers => ("borrowers", None),
            Bearer::Winners => ("winners", None),
        }
    }

    fn fact(&self, fact: &Fact) -> (&'static str, Value) {
        match fact {
            Fact::Seized { account, repaid, seized, fee, repaid_value, seized_value, capped } => (
                "seized",
                json!({
                    "account": self.account(*account),
                    "repaid": self.amount(*repaid),
                    "seized": self.amount(*seized),
                    "fee": self.amount(*fee),
                    "repaid_value": self.value(*repaid_value),
                    "seized_value": self.value(*seized_value),
                    "capped": capped,
                }),
            ),
            Fact::Exchanged { paid, received, paid_value, received_value } => (
                "exchanged",
                json!({
                    "paid": self.amount(*paid),
                    "received": self.amount(*received),
                    "paid_value": self.value(*paid_value),
                    "received_value": self.value(*received_value),
                }),
            ),
            Fact::Sold { account, sold, proceeds } => (
                "sold",
                json!({
                    "account": self.account(*account),
                    "sold": self.amount(*sold),
                    "proceeds": self.amount(*proceeds),
                }),
            ),
            Fact::Deficit { account, amount, value } => (
                "deficit",
                json!({
                    "account": self.account(*account),
                    "missing": self.amount(*amount),
                    "value": self.value(*value),
                }),
            ),
            Fact::Borne { account, bearer, amount } => {
                let (bearer, of) = self.bearer(bearer);
                let account = self.account(*account);
                let borne = self.amount(*amount);
                (
                    "borne",
                    json!({ "account": account, "bearer": bearer, "bearer_account": of, "borne": borne }),
                )
            }
            Fact::Covered { bearer, amount, outstanding } => (
                "covered",
                json!({
                    "bearer": self.bearer(bearer).0,
                    "covered": self.amount(*amount),
                    "outstanding": self.quantity(amount.asset, *outstanding),
                }),
            ),
            Fact::Traded { buyer, seller, quantity, price: at } => (
                "traded",
                json!({
                    "buyer": self.account(*buyer),
                    "seller": self.account(*seller),
                    "quantity": self.amount(*quantity),
                    "price": price(*at),
                }),
            ),
            Fact::Charged { asset, rate_e12, paid } => (
                "charged",
                json!({
                    "asset": self.asset(*asset),
                    "rate": format_raw_signed(i128::from(*rate_e12), 12),
                    "paid": self.amount(*paid),
                }),
            ),
            Fact::Settled { contract, price: at, delivered } => (
                if *delivered { "delivered" } else { "settled" },
                json!({ "contract": self.asset(*contract), "price": price(*at) }),
            ),
            Fact::TakenOver { account, vault, equity } => (
                "taken over",
                json!({
                    "account": self.account(*account),
                    "vault": self.account(*vault),
                    "equity": format_raw_signed(*equity, self.value_decimals.unwrap_or(0)),
                }),
            ),
            Fact::Moved { from, to, quantity, entry } => (
                "moved",
                json!({
                    "from": self.account(*from),
                    "to": self.account(*to),
                    "quantity": self.amount(*quantity),
                    "entry": self.amount(*entry),
                }),
            ),
            Fact::Exercised { holder, writer, quantity, price: at, paid } => (
                "exercised",
                json!({
                    "holder": self.account(*holder),
                    "writer": writer.map(|writer| self.account(writer)),
                    "quantity": self.amount(*quantity),
                    "price": price(*at),
                    "paid": self.amount(*paid),
                }),
            ),
        }
    }
}

/// A gate, in lower case.
const fn gate(gate: Gate) -> &'static str {
    match gate {
        Gate::Open => "open",
        Gate::Frozen => "frozen",
        Gate::Paused => "paused",
    }
}

/// A state of a margin call, in lower case.
pub const fn state(state: CallState) -> &'static str {
    match state {
        CallState::Healthy => "healthy",
        CallState::Warned => "warned",
        CallState::Called => "called",
        CallState::Cured => "cured",
        CallState::Liquidating => "liquidating",
        CallState::Closed => "closed",
        CallState::Bankrupt => "bankrupt",
    }
}

/// An instant as RFC 3339; nanoseconds as text where the calendar does not reach.
pub fn instant(at: Time) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.0))
        .map_or_else(|_| format!("{} ns", at.0), |timestamp| timestamp.to_string())
}

fn price(price: Price) -> String {
    format_raw(price.raw, price.decimals)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
