//! What collateral counts for at given prices, and the call of one party.

use super::formula::{Call, Figures, Form, Limit, PostedItem, Requirement, TransferRule};
use super::terms::{Agreement, Side};
use crate::Error;
use breakwater_money::{Rational, Rounding, rational};
use num_traits::{Signed, Zero};

/// Margin amounts of one pledgor under the form of 2018, in base currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginAmounts {
    /// Initial margin.
    pub margin_amount: Rational,
    /// Independent amounts.
    pub independent_amount: Rational,
}

impl MarginAmounts {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        MarginAmounts { margin_amount: Rational::zero(), independent_amount: Rational::zero() }
    }
}

/// What the valuation agent found at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    /// What B would owe A if everything closed now, in base currency; below zero when A owes B.
    pub exposure: Rational,
    /// Margin amounts by pledgor; the form of 2018 alone asks for them.
    pub margin: [MarginAmounts; 2],
    /// Price of a whole unit in base currency, by place in the collateral schedule.
    pub prices: Vec<Option<Rational>>,
}

/// What one party has posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Raw quantities by place in the collateral schedule.
    pub quantities: Vec<u128>,
    /// Agreed deliveries on their way, in adjusted value.
    pub pending_delivery: Rational,
    /// Agreed returns on their way.
    pub pending_return: Rational,
    /// In dispute.
    pub disputed: Rational,
}

impl Posted {
    /// Nothing, of a schedule of `rows` rows.
    #[must_use]
    pub fn nothing(rows: usize) -> Self {
        Posted {
            quantities: vec![0; rows],
            pending_delivery: Rational::zero(),
            pending_return: Rational::zero(),
            disputed: Rational::zero(),
        }
    }
}

/// Market value of a raw quantity of the asset in place `place`, before haircuts.
///
/// # Errors
/// The asset has no price.
pub fn market_value(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    place: usize,
    quantity: u128,
) -> Result<Rational, Error> {
    let unpriced = || {
        let asset = agreement.collateral.get(place).map_or("", |row| row.asset.as_str());
        Error::missing(
            &format!("prices.{asset}"),
            "the price of collateral that is posted or moved",
        )
    };
    let row = agreement.collateral.get(place).ok_or_else(unpriced)?;
    let price = prices.get(place).and_then(Option::as_ref).ok_or_else(unpriced)?;
    Ok(of_quantity(quantity, row.decimals) * price)
}

/// What a raw quantity counts for: its market value less haircuts.
///
/// # Errors
/// The asset has no price.
pub fn adjusted_value(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    place: usize,
    quantity: u128,
) -> Result<Rational, Error> {
    let value = market_value(agreement, prices, place, quantity)?;
    Ok(value * agreement.collateral[place].counts())
}

/// What lots count for together.
///
/// # Errors
/// One has no price.
pub fn adjusted_sum(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    quantities: &[u128],
) -> Result<Rational, Error> {
    let held = quantities.iter().enumerate().filter(|(_, quantity)| **quantity > 0);
    held.map(|(place, quantity)| adjusted_value(agreement, prices, place, *quantity)).sum()
}

/// A raw quantity as an exact number.
#[must_use]
pub fn of_quantity(quantity: u128, decimals: u8) -> Rational {
    Rational::new(quantity.into(), num_bigint::BigInt::from(10u8).pow(u32::from(decimals)))
}

/// The call over `pledgor`.
///
/// # Errors
/// Posted collateral without a price.
pub fn call_of(
    agreement: &Agreement,
    pledgor: Side,
    valuation: &Valuation,
    posted: &Posted,
    defaulting: [bool; 2],
) -> Result<Call, Error> {
    let held = posted.quantities.iter().enumerate().filter(|(_, quantity)| **quantity > 0);
    let item = |(place, quantity): (usize, &u128)| {
        let row = &agreement.collateral[place];
        Ok(PostedItem {
            market_value: market_value(agreement, &valuation.prices, place, *quantity)?,
            haircut: row.haircut.clone(),
            fx_haircut: row.fx_haircut.clone(),
            additional_haircut: row.additional_haircut.clone(),
        })
    };
    let posted_items = held.map(item).collect::<Result<Vec<_>, Error>>()?;
    let rule = |mover: Side, delivers: bool| {
        let party = agreement.party(mover);
        let zeroed = defaulting[mover.place()] && agreement.on_default.zero.minimum_transfer;
        TransferRule {
            minimum: if zeroed { Rational::zero() } else { party.minimum_transfer.clone() },
            step: if delivers { party.delivery.clone() } else { party.returning.clone() },
        }
    };
    Ok(Call {
        requirement: requirement(agreement, pledgor, valuation, defaulting),
        posted: posted_items,
        pending_delivery: posted.pending_delivery.clone(),
        pending_return: posted.pending_return.clone(),
        disputed: posted.disputed.clone(),
        delivery: rule(pledgor, true),
        returning: rule(pledgor.other(), false),
    })
}

fn requirement(
    agreement: &Agreement,
    pledgor: Side,
    valuation: &Valuation,
    defaulting: [bool; 2],
) -> Requirement {
    let party = agreement.party(pledgor);
    let exposure = match pledgor {
        Side::B => valuation.exposure.clone(),
        Side::A => -valuation.exposure.clone(),
    };
    let zeroed = defaulting[pledgor.place()] && agreement.on_default.zero.threshold;
    let threshold = if zeroed { Limit::zero() } else { party.threshold.clone() };
    match agreement.form {
        Form::Annex1994 => Requirement::Annex {
            exposure,
            independent_pledgor: party.independent_amount.clone(),
            independent_secured: agreement.party(pledgor.other()).independent_amount.clone(),
            threshold,
        },
        Form::Variation2016 => Requirement::Variation { exposure },
        Form::Initial2018 => {
            let amounts = &valuation.margin[pledgor.place()];
            Requirement::Initial {
                margin_amount: amounts.margin_amount.clone(),
                independent_amount: amounts.independent_amount.clone(),
                approach: agreement.approach,
                threshold,
            }
        }
    }
}

/// The call over each party that posts, with its figures.
///
/// # Errors
/// Posted collateral without a price.
pub fn calls(
    agreement: &Agreement,
    valuation: &Valuation,
    posted: &[Posted; 2],
    defaulting: [bool; 2],
) -> Result<Vec<(Side, Call, Figures)>, Error> {
    let sides = Side::BOTH.into_iter().filter(|side| agreement.party(*side).posts);
    let one = |side: Side| {
        let call = call_of(agreement, side, valuation, &posted[side.place()], defaulting)?;
        let figures = call.figures();
        Ok((side, call, figures))
    };
    sides.map(one).collect()
}

/// Lots of what is `available` that count for at least `amount`, in the order of the schedule, and
/// for as little more as whole units allow. Less than the amount if everything is not enough.
///
/// # Errors
/// An available asset has no price.
pub fn cover(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    available: &[u128],
    amount: &Rational,
) -> Result<Vec<u128>, Error> {
    take(agreement, prices, available, amount, Rounding::Ceil)
}

/// Lots of what is `held` that count for at most `amount`, in the order of the schedule.
///
/// # Errors
/// A held asset has no price.
pub fn release(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    held: &[u128],
    amount: &Rational,
) -> Result<Vec<u128>, Error> {
    take(agreement, prices, held, amount, Rounding::Floor)
}

fn take(
    agreement: &Agreement,
    prices: &[Option<Rational>],
    from: &[u128],
    amount: &Rational,
    rounding: Rounding,
) -> Result<Vec<u128>, Error> {
    let mut lots = vec![0; agreement.collateral.len()];
    let mut left = amount.clone();
    for (place, available) in from.iter().enumerate().filter(|(_, available)| **available > 0) {
        if !left.is_positive() {
            break;
        }
        let each = adjusted_value(agreement, prices, place, 1)?;
        if each.is_zero() {
            continue;
        }
        let asked = &left / &each; // division: exact, rationals do not round
        // More than 128 bits hold is more than is there.
        let asked = rational::to_raw(&asked, 0, rounding).unwrap_or(u128::MAX);
        let taken = asked.min(*available);
        left -= each * of_quantity(taken, 0);
        lots[place] = taken;
    }
    Ok(lots)
}
