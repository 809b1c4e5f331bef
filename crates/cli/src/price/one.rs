//! One position from the command line.

use super::{Asked, COIN, Contract, tiers};
use crate::arguments::{BasisName, FeeAtName, PricedPosition, SideName};
use crate::failure::Failure;
use breakwater_margin::liquidation_price::{
    Basis, CrossAccount, Fee, Maintenance, Placed, Position, Settle,
};
use breakwater_money::{Rational, rational};

/// The position as an account of its own.
pub fn read(asked: &PricedPosition) -> Result<Asked, Failure> {
    let PricedPosition { side: Some(side), quantity: Some(quantity), entry: Some(entry), .. } =
        asked
    else {
        // The parser of the command line asks for these three where no book is given.
        return Err(Failure::Usage(
            "expected --side, --quantity and --entry, or --book".to_owned(),
        ));
    };
    let (maintenance, settle) = requirement(asked)?;
    let signed = match side {
        SideName::Long => quantity.clone(),
        SideName::Short => -quantity,
    };
    let (made, settle_as, unit) = if asked.inverse {
        let made = Position::inverse(signed, entry.clone(), maintenance);
        (made, Settle::CoinWallet, COIN.to_owned())
    } else {
        let made = Position::linear(signed, entry.clone(), maintenance);
        (made, Settle::Wallet, settle.unwrap_or_else(|| "quote".to_owned()))
    };
    let basis = match asked.basis {
        Some(BasisName::Entry) => Basis::Entry,
        Some(BasisName::Mark) | None => Basis::Mark,
    };
    let position = made.with_basis(basis).with_fee(fee(asked.fee.clone(), asked.fee_at));
    let wallet = margin(asked, &position)?;
    let mark = asked.mark.clone().unwrap_or_else(|| entry.clone());
    let name = asked.contract.clone().unwrap_or_else(|| "the position".to_owned());
    let contracts = vec![Contract { name, mark: mark.clone() }];
    let placed = Placed { market: 0, mark, settle: settle_as, position };
    let account = CrossAccount { wallet, tokens: Vec::new(), positions: vec![placed] };
    Ok(Asked { book: None, unit, contracts, account })
}

/// The requirement, and the asset it is in where a rulebook says so.
fn requirement(asked: &PricedPosition) -> Result<(Maintenance, Option<String>), Failure> {
    if let (Some(rulebook), Some(contract)) = (&asked.rulebook, &asked.contract) {
        let found = tiers::of_rulebook(rulebook, contract)?;
        return Ok((found.maintenance, Some(found.settle)));
    }
    let Some(rate) = asked.rate.clone() else {
        return Err(Failure::Usage("expected --rate, or --rulebook with --contract".to_owned()));
    };
    Ok((Maintenance::flat(rate, asked.deduction.clone().unwrap_or_else(zero)), None))
}

/// `--margin`, or the value at entry over `--leverage`.
fn margin(asked: &PricedPosition, position: &Position) -> Result<Rational, Failure> {
    if let Some(margin) = &asked.margin {
        return Ok(margin.clone());
    }
    let value = position.notional(&position.entry).zip(asked.leverage.as_ref());
    let missing = || Failure::Usage("expected --margin or --leverage".to_owned());
    // Leverage was read as a number above zero.
    value.map(|(value, leverage)| value / leverage).ok_or_else(missing)
}

/// A fee as its two settings say it.
pub fn fee(rate: Option<Rational>, at: Option<FeeAtName>) -> Fee {
    match (rate, at) {
        (None, _) => Fee::None,
        (Some(rate), Some(FeeAtName::Bankruptcy)) => Fee::AtBankruptcy(rate),
        (Some(rate), Some(FeeAtName::Mark) | None) => Fee::AtMark(rate),
    }
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}
