//! Soft liquidation by bands: `llamma-bands` (edges of one band) and `llamma-seq` (calls in order,
//! with the whole observable state after each).

use super::SCHEMA;
use crate::node::{Node, differs, differs_signed, differs_text};
use crate::{Adapter, Mismatch};
use breakwater_money::U256;
use breakwater_rulebooks::cdp::llamma::{
    Band, Bands, Claim, Coin, Feed, Market, Pool, Position, Revert, Terms, Value as Worth, Wanted,
    amount_for_price, band_prices, claim, deposit, exchange, limited, price, quote, value,
    withdraw,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The adapter of both families.
#[derive(Debug, Clone, Copy)]
pub struct Llamma;

const BANDS: &str = "llamma-bands";
const SEQUENCE: &str = "llamma-seq";

impl Adapter for Llamma {
    fn knows(&self, file: &Value) -> bool {
        let says = |field: &str| file.get(field).and_then(Value::as_str).unwrap_or_default();
        says("schema") == SCHEMA && [BANDS, SEQUENCE].contains(&says("family"))
    }

    fn check(&self, file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let case = Node::root("case", Some(case));
        let found = match file.get("family").and_then(Value::as_str) {
            Some(BANDS) => check_band(&case),
            _ => check_sequence(&case),
        };
        match found {
            Ok(found) if found.is_empty() => Ok(()),
            Ok(found) => Err(found),
            Err(wrong) => Err(vec![wrong]),
        }
    }
}

/// Found differences, or the field that cannot be read.
type Found = Result<Vec<Mismatch>, Mismatch>;

fn check_band(case: &Node<'_>) -> Found {
    let params = case.get("params");
    known(&params, &["A", "base_price", "rate_mul", "base_price_now"])?;
    let amplification = params.get("A").small("at most 64 bits")?;
    let terms = Terms {
        amplification,
        base_price: params.get("base_price").number()?,
        // The prices of a band do not depend on the fee; this is the least that a market may have.
        fee: U256::from(1_000_000),
        sqrt_band_ratio: Terms::square_root_of_band_ratio(amplification)
            .map_err(|_| params.get("A").wrong("at least 2"))?,
        borrowed_decimals: 18,
        collateral_decimals: 18,
    };
    let market = market(&params, terms)?;
    let multiplier = params.get("rate_mul").number()?;
    let mut found = Vec::new();
    match market.base_price(multiplier) {
        Ok(base) => found.extend(differs(&params.get("base_price_now"), base)),
        Err(revert) => found.push(refused(&params.get("base_price_now"), revert)),
    }
    let input = case.get("in");
    known(&input, &["n", "p_oracle"])?;
    let oracle = input.get("p_oracle").number()?;
    let expects_error = !case.get("error").is_absent();
    let prices = match band_prices(&market, multiplier, oracle, band_number(&input.get("n"))?) {
        Ok(_) if expects_error => return Ok(vec![case.get("error").wrong("absent: accepted")]),
        Ok(prices) => prices,
        Err(_) if expects_error => return Ok(found),
        Err(revert) => return Ok(vec![refused(&case.get("out"), revert)]),
    };
    let fields = case.get("out").fields()?;
    if fields.is_empty() {
        found.push(case.get("out").wrong("at least one output"));
    }
    for (name, node) in fields {
        let got = match name {
            "p_oracle_up" => prices.oracle_up,
            "p_oracle_down" => prices.oracle_down,
            "p_current_up" => prices.current_up,
            "p_current_down" => prices.current_down,
            _ => {
                found.push(node.wrong("an output of the schema"));
                continue;
            }
        };
        found.extend(differs(&node, got));
    }
    Ok(found)
}

fn market(node: &Node<'_>, terms: Terms) -> Result<Market, Mismatch> {
    Market::new(terms).map_err(|bad| Mismatch::new(node.path.as_str(), bad.to_string(), "refused"))
}

fn refused(node: &Node<'_>, revert: Revert) -> Mismatch {
    node.wrong(&format!("a refusal: {revert}"))
}

fn band_number(node: &Node<'_>) -> Result<i64, Mismatch> {
    i64::try_from(node.signed()?).map_err(|_| node.wrong("a band of at most 64 bits"))
}

/// Refuses a field that would otherwise be read by nobody.
pub(super) fn known(node: &Node<'_>, names: &[&str]) -> Result<(), Mismatch> {
    match node.fields()?.into_iter().find(|(name, _)| !names.contains(name)) {
        Some((_, node)) => Err(node.wrong(&format!("one of {}", names.join(", ")))),
        None => Ok(()),
    }
}

/// A market with its users, as the steps leave it.
struct Scene {
    market: Market,
    pool: Pool,
    feed: Feed,
    positions: BTreeMap<String, Position>,
    /// The users that a state lists: a depositor from the step after his deposit on.
    listed: BTreeSet<String>,
}

/// What an accepted call answers, in the order of the file.
enum Answer {
    Nothing,
    Amounts([U256; 2]),
    Target(U256, &'static str),
}

fn check_sequence(case: &Node<'_>) -> Found {
    let mut scene = Scene::read(&case.get("config"))?;
    let mut found = Vec::new();
    let steps = case.get("steps").list()?;
    if steps.is_empty() {
        found.push(case.get("steps").wrong("at least one step"));
    }
    for step in steps {
        found.extend(scene.step(&step)?);
        if !found.is_empty() {
            // Every later state would differ too; the first one is the one to look at.
            break;
        }
    }
    Ok(found)
}

impl Scene {
    fn read(config: &Node<'_>) -> Result<Self, Mismatch> {
        let names = [
            "A",
            "base_price",
            "fee",
            "sqrt_band_ratio",
            "borrowed_decimals",
            "collateral_decimals",
            "oracle_price",
            "start",
        ];
        known(config, &names)?;
        let terms = Terms {
            amplification: config.get("A").small("at most 64 bits")?,
            base_price: config.get("base_price").number()?,
            fee: config.get("fee").number()?,
            sqrt_band_ratio: config.get("sqrt_band_ratio").number()?,
            borrowed_decimals: config.get("borrowed_decimals").small("at most 18")?,
            collateral_decimals: config.get("collateral_decimals").small("at most 18")?,
        };
        let feed = Feed {
            price: config.get("oracle_price").number()?,
            now: config.get("start").small("seconds of at most 64 bits")?,
        };
        Ok(Scene {
            market: market(config, terms)?,
            pool: Pool::new(feed),
            feed,
            positions: BTreeMap::new(),
            listed: BTreeSet::new(),
        })
    }

    fn step(&mut self, step: &Node<'_>) -> Found {
        let state = step.get("state");
        let seconds = "seconds of at most 64 bits";
        let now: u64 = state.get("now").small(seconds)?;
        let mut found = Vec::new();
        if step.get("op").text()? == "advance_time" {
            known(step, &["op", "seconds", "ok", "state"])?;
            let elapsed: u64 = step.get("seconds").small(seconds)?;
            self.feed.now = self.feed.now.saturating_add(elapsed);
            found.extend(differs(&state.get("now"), U256::from(self.feed.now)));
        } else {
            self.feed.now = now;
        }
        let ok = step.get("ok");
        let result = step.get("result");
        match (ok.boolean()?, self.call(step)?) {
            (true, Ok(answer)) => found.extend(answer.compare(&result)?),
            (true, Err(revert)) => found.push(refused(&ok, revert)),
            (false, Ok(_)) => found.push(ok.wrong("true: accepted")),
            // Matching the reason is optional in this schema; its texts are the contract's own.
            (false, Err(_)) if result.is_absent() => {}
            (false, Err(_)) => found.push(result.wrong("absent beside a refusal")),
        }
        found.extend(self.compare(&state)?);
        self.listed = self.positions.keys().cloned().collect();
        Ok(found)
    }

    /// Executes the call of `step`; the outer error is a step that cannot be read.
    fn call(&mut self, step: &Node<'_>) -> Result<Result<Answer, Revert>, Mismatch> {
        let op = step.get("op");
        let arguments: &[&str] = match op.text()? {
            "advance_time" => &["seconds"],
            "set_oracle" | "query_amount_for_price" => &["price"],
            "deposit_range" => &["who", "amount", "n1", "n2"],
            "withdraw" => &["who", "frac"],
            "exchange" | "query_dxdy" => &["sold", "in_amount"],
            "exchange_dy" | "query_dydx" => &["sold", "out_amount"],
            _ => return Err(op.wrong("an operation of the schema")),
        };
        known(step, &[&["op", "ok", "error", "result", "state"], arguments].concat())?;
        Ok(match op.text()? {
            "advance_time" => Ok(Answer::Nothing),
            "set_oracle" => {
                self.feed.price = step.get("price").number()?;
                Ok(Answer::Nothing)
            }
            "deposit_range" => self.deposit(step)?,
            "withdraw" => self.withdraw(step)?,
            "query_amount_for_price" => {
                let target = step.get("price").number()?;
                amount_for_price(&self.market, &self.pool, self.feed, target).map(|target| {
                    let side = match target.sold {
                        Coin::Borrowed => "in_borrowed",
                        Coin::Collateral => "in_collateral",
                    };
                    Answer::Target(target.amount, side)
                })
            }
            "exchange" => self.exchange(step, Wanted::In(step.get("in_amount").number()?))?,
            "exchange_dy" => self.exchange(step, Wanted::Out(step.get("out_amount").number()?))?,
            "query_dxdy" => {
                let wanted = Wanted::In(step.get("in_amount").number()?);
                quote(&self.market, &self.pool, self.feed, sold(step)?, wanted)
                    .map(|quote| Answer::Amounts([quote.amount_in, quote.amount_out]))
            }
            _ => {
                let wanted = Wanted::Out(step.get("out_amount").number()?);
                quote(&self.market, &self.pool, self.feed, sold(step)?, wanted)
                    .map(|quote| Answer::Amounts([quote.amount_out, quote.amount_in]))
            }
        })
    }

    fn exchange(
        &mut self,
        step: &Node<'_>,
        wanted: Wanted,
    ) -> Result<Result<Answer, Revert>, Mismatch> {
        let limit = match wanted {
            Wanted::In(_) => U256::ZERO,
            Wanted::Out(_) => U256::MAX,
        };
        let swap = exchange(&self.market, &self.pool, self.feed, sold(step)?, wanted, limit);
        Ok(swap.map(|swap| {
            self.pool.apply(&swap.changes);
            Answer::Amounts([swap.amounts.amount_in, swap.amounts.amount_out])
        }))
    }

    fn deposit(&mut self, step: &Node<'_>) -> Result<Result<Answer, Revert>, Mismatch> {
        let who = step.get("who").text()?;
        let amount = step.get("amount").number()?;
        let (first, last) = (band_number(&step.get("n1"))?, band_number(&step.get("n2"))?);
        let holds = self.positions.contains_key(who);
        Ok(deposit(&self.market, &self.pool, holds, amount, first, last).map(|deposit| {
            self.pool.apply(&deposit.changes);
            self.positions.insert(who.to_owned(), deposit.position);
            Answer::Nothing
        }))
    }

    fn withdraw(&mut self, step: &Node<'_>) -> Result<Result<Answer, Revert>, Mismatch> {
        let who = step.get("who").text()?;
        let fraction = step.get("frac").number()?;
        let position = self.positions.get(who);
        Ok(withdraw(&self.market, &self.pool, position, fraction).map(|withdrawal| {
            self.pool.apply(&withdrawal.changes);
            match withdrawal.position {
                Some(position) => self.positions.insert(who.to_owned(), position),
                None => self.positions.remove(who),
            };
            Answer::Amounts([withdrawal.borrowed, withdrawal.collateral])
        }))
    }

    fn compare(&self, state: &Node<'_>) -> Found {
        let mut found = Vec::new();
        let fields = state.fields()?;
        let names: BTreeSet<&str> = fields.iter().map(|(name, _)| *name).collect();
        for name in ["active_band", "min_band", "max_band", "bands", "p", "users"] {
            if !names.contains(name) {
                found.push(state.get(name).wrong("a field of every state"));
            }
        }
        for (name, node) in fields {
            match name {
                "now" => {}
                "active_band" => {
                    found.extend(differs_signed(&node, i128::from(self.pool.head.active)));
                }
                "min_band" => {
                    found.extend(differs_signed(&node, i128::from(self.pool.head.lowest)));
                }
                "max_band" => {
                    found.extend(differs_signed(&node, i128::from(self.pool.head.highest)));
                }
                "bands" => found.extend(self.compare_bands(&node)?),
                "users" => found.extend(self.compare_users(&node)?),
                "p" => {
                    let got = price(&self.market, &self.pool, self.feed);
                    found.extend(compare_view(&node, got));
                }
                "price_oracle_limited" => {
                    let got = limited(&self.pool.head.memory, self.feed);
                    found.extend(compare_view(&node, got.map(|limited| limited.price)));
                }
                _ => found.push(node.wrong("a field of the schema")),
            }
        }
        Ok(found)
    }

    fn compare_bands(&self, node: &Node<'_>) -> Found {
        let mut found = Vec::new();
        let mut listed = BTreeSet::new();
        for (number, contents) in node.fields()? {
            let number: i64 = number.parse().map_err(|_| contents.wrong("named by a number"))?;
            listed.insert(number);
            let band = self.pool.band(number);
            found.extend(compare_pair(&contents, [band.borrowed, band.collateral])?);
        }
        let unlisted = |(n, band): &(&i64, &Band)| !band.is_empty() && !listed.contains(*n);
        for (n, band) in self.pool.bands.iter().filter(unlisted) {
            let got = format!("[{}, {}]", band.borrowed, band.collateral);
            found.push(Mismatch::new(format!("{}.{n}", node.path), "no such band", got));
        }
        Ok(found)
    }

    fn compare_users(&self, node: &Node<'_>) -> Found {
        let mut found = Vec::new();
        let fields = node.fields()?;
        let names: BTreeSet<&str> = fields.iter().map(|(name, _)| *name).collect();
        for who in self.listed.iter().filter(|who| self.positions.contains_key(*who)) {
            if !names.contains(who.as_str()) {
                found.push(node.get(who).wrong("listed: the user has a position"));
            }
        }
        for (who, user) in fields {
            match self.positions.get(who) {
                Some(position) if self.listed.contains(who) => {
                    found.extend(self.compare_user(&user, position)?);
                }
                _ => found.push(user.wrong("absent: the user has no position")),
            }
        }
        Ok(found)
    }

    fn compare_user(&self, node: &Node<'_>, position: &Position) -> Found {
        known(node, &["x", "y", "x_down", "y_up"])?;
        let views = claim(&self.market, &self.pool, position)
            .and_then(|claim| Ok((claim, value(&self.market, &self.pool, self.feed, position)?)));
        let (Claim { borrowed, collateral }, Worth { falling, rising }) = match views {
            Ok(views) => views,
            Err(revert) => return Ok(vec![refused(node, revert)]),
        };
        let pairs = [("x", borrowed), ("y", collateral), ("x_down", falling), ("y_up", rising)];
        Ok(pairs.iter().filter_map(|(name, got)| differs(&node.get(name), *got)).collect())
    }
}

/// The coin that a swap puts in.
fn sold(step: &Node<'_>) -> Result<Coin, Mismatch> {
    let node = step.get("sold");
    match node.text()? {
        "borrowed" => Ok(Coin::Borrowed),
        "collateral" => Ok(Coin::Collateral),
        _ => Err(node.wrong("borrowed or collateral")),
    }
}

fn compare_view(node: &Node<'_>, got: Result<U256, Revert>) -> Option<Mismatch> {
    match got {
        Ok(got) => differs(node, got),
        Err(revert) => Some(refused(node, revert)),
    }
}

fn compare_pair(node: &Node<'_>, got: [U256; 2]) -> Found {
    let pair = node.list()?;
    if pair.len() != got.len() {
        return Ok(vec![node.wrong("a pair")]);
    }
    Ok(pair.iter().zip(got).filter_map(|(node, got)| differs(node, got)).collect())
}

impl Answer {
    fn compare(&self, result: &Node<'_>) -> Found {
        match self {
            Answer::Nothing if result.is_absent() => Ok(Vec::new()),
            Answer::Nothing => Ok(vec![result.wrong("absent: the call answers nothing")]),
            Answer::Amounts(amounts) => compare_pair(result, *amounts),
            Answer::Target(amount, side) => match result.list()?.as_slice() {
                [expected, expected_side] => {
                    let amount = differs(expected, *amount);
                    Ok(amount.into_iter().chain(differs_text(expected_side, side)).collect())
                }
                _ => Ok(vec![result.wrong("an amount and a side")]),
            },
        }
    }
}
