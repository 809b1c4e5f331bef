//! Kinds about the order in which winners are deleveraged, and what insurance gets or pays.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_liquidation::backstop::score::exact;
use breakwater_liquidation::backstop::{
    Deleverage, Needed, WHOLE_E18, Winner, deleverage, drawdown,
};
use breakwater_money::{AccountId, Rational, rational};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("adl_queue", queue),
    ("adl_score_binance", by_margin_ratio),
    ("adl_score_bitmex", by_effective_leverage),
    ("adl_score_hyperliquid", by_price_move),
    ("insurance_result", insurance_result),
];

/// `adl_score_binance`: profit over the wallet, times the margin ratio, given or from `maintenance`
/// -> pnl_percent, leverage_pnl.
fn by_margin_ratio(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (wallet, unrealised) = (input.rational("wallet")?, input.rational("upnl")?);
    let given = input.entries().any(|(name, _)| name == "margin_ratio");
    let ratio = if given {
        input.rational("margin_ratio")?
    } else {
        exact::margin_ratio(&wallet, &unrealised, &input.rational("maintenance")?)
    };
    let score = exact::by_margin_ratio(&wallet, &unrealised, &ratio);
    Ok(vec![
        ("pnl_percent", Output::Number(score.profit_share)),
        ("leverage_pnl", Output::Number(score.score)),
    ])
}

/// `adl_score_bitmex`: profit over entry value, times effective leverage or divided by it
/// -> effective_leverage, pnl_percent, ranking; none of them where a divisor is not above zero.
fn by_effective_leverage(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let score = exact::by_effective_leverage(
        &input.rational("mark_value")?,
        &input.rational("bankrupt_value")?,
        &input.rational("entry_value")?,
    );
    let part =
        |of: fn(exact::ByLeverage) -> Rational| Output::number_or_nothing(score.clone().map(of));
    Ok(vec![
        ("effective_leverage", part(|score| score.effective_leverage)),
        ("pnl_percent", part(|score| score.profit_share)),
        ("ranking", part(|score| score.ranking)),
    ])
}

/// `adl_score_hyperliquid`: mark over entry, times notional over account value -> index.
fn by_price_move(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let index = exact::by_price_move(
        &input.rational("mark")?,
        &input.rational("entry")?,
        &input.rational("notional")?,
        &input.rational("account_value")?,
    );
    Ok(vec![("index", Output::number_or_nothing(index))])
}

/// `insurance_result`: what the fund gets where a position is closed at another price than the
/// bankruptcy price -> fund_change.
fn insurance_result(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let size = input.positive("qty")?;
    let quantity = match input.text("side")? {
        "long" => size,
        "short" => -size,
        _ => return Err(input.wrong("side", "long or short")),
    };
    let (bankruptcy, price) = (input.rational("bankruptcy")?, input.rational("exec")?);
    let change = drawdown::fund_change(&quantity, &bankruptcy, &price);
    Ok(vec![("fund_change", Output::Number(change))])
}

/// `adl_queue`: the highest score first, each closed as far as needed, at the bankruptcy price
/// -> price, fills of the accounts touched in that order, unfilled.
fn queue(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let accounts = input.rows("accounts")?;
    let decimals = accounts.iter().try_fold(input.decimal("size")?.decimals, |most, account| {
        Ok::<_, Mismatch>(most.max(account.decimal("qty")?.decimals))
    })?;
    let raw = |fields: &Fields<'_>, name: &str| {
        let right = format!("zero or more, in 128 bits at {decimals} decimals");
        fields
            .decimal(name)?
            .to_raw(decimals)
            .map_err(|error| Mismatch::new(fields.path(name), right, error.to_string()))
    };
    let scores: Vec<Rational> =
        accounts.iter().map(|account| account.rational("score")).collect::<Result<_, _>>()?;
    let mut winners = Vec::new();
    let places = exact::places(&scores);
    for ((account, score), id) in accounts.iter().zip(places).zip((0..).map(AccountId)) {
        winners.push(Winner {
            account: id,
            quantity: raw(account, "qty")?,
            score,
            profit: 0,
            leverage_e9: 0,
            share_max_e18: WHOLE_E18,
        });
    }
    let size = raw(input, "size")?;
    let needed = Needed::Quantity { quantity: size, deficit: 0 };
    let done = deleverage(needed, &winners, Deleverage::Queue, 0);
    let number = |raw: u128| {
        // A sum of inputs that fit 127 bits each is read back exactly.
        let value = rational::parse(&breakwater_money::decimal::format_raw(raw, decimals));
        value.map(Output::Number).unwrap_or(Output::Nothing)
    };
    let mut fills = Vec::new();
    for closed in &done.closes {
        let at = closed.account.index();
        let (Some(account), Some(winner)) = (accounts.get(at), winners.get(at)) else { continue };
        fills.push(Output::Record(vec![
            ("id", Output::Text(account.text("id")?.to_owned())),
            ("qty", number(closed.quantity)),
            ("remaining", number(winner.quantity - closed.quantity)),
        ]));
    }
    Ok(vec![
        ("price", Output::Number(input.rational("bankruptcy_price")?)),
        ("fills", Output::List(fills)),
        ("unfilled", number(size - done.quantity())),
    ])
}
