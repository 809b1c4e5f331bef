//! Portfolio margin: the contracts of one group are required for together, by the worst loss of the
//! book over the file's grid.
//!
//! A group's contracts settle in one asset, in one way: all in quote, or all in the coin that is the
//! underlying. The forward of an option is the mark of the listed future that expires with it, or of
//! the underlying where there is none; its volatility is the last that the venue quoted. An account
//! prices only what it holds, so that nothing is shared between accounts and nothing is cached.

use super::VOLATILITY;
use super::book::Book;
use super::contract::Contract;
use super::option::{Required, rescaled};
use breakwater_liquidation::{Form, Rejected, Rejection, StateKey, View};
use breakwater_margin::option::{Decimals, Settled};
use breakwater_margin::scenario::{
    Expiry, Grid, Holding, Listing, OptionLine, Positions, ScenarioError, Scratch, Table,
};
use breakwater_money::rounding::pow10;
use breakwater_money::{AssetId, Price, Time};
use breakwater_options::Kind;

/// A position of the group.
#[derive(Debug, Clone, Copy)]
struct Position<'a> {
    asset: AssetId,
    contract: &'a Contract,
    size: i128,
    mark: Price,
}

/// Scales that the group's integers share.
#[derive(Debug, Clone, Copy)]
struct Scales {
    price: u8,
    mark: u8,
    size: u8,
    settle: u8,
}

impl Book {
    /// What the positions of one group require together.
    pub fn portfolio(
        &self,
        view: &View<'_>,
        grid: &Grid,
        positions: &[(AssetId, &Contract, i128)],
    ) -> Result<Required, Rejected> {
        let mut held = Vec::with_capacity(positions.len());
        for (asset, contract, size) in positions {
            let mark = view.price(*asset)?;
            held.push(Position { asset: *asset, contract, size: *size, mark });
        }
        let Some(first) = held.first() else { return Ok(Required::default()) };
        let scales = scales_of(view, &held)?;
        let settled = settled_in(first.contract);
        if let Some(other) = held.iter().find(|p| settled_in(p.contract) != settled) {
            let symbol = crate::desk::symbol(view, other.asset);
            let detail = format!("{symbol} settles otherwise than the rest of its group");
            return Err(Rejection::BadParameter.because(detail));
        }
        let (listing, futures, options) = self.listing(view, settled, scales, &held)?;
        let table = Table::price(grid, &listing).map_err(refused)?;
        let positions = Positions { futures: &futures, options: &options };
        let found = table.assess(&positions, &mut Scratch::default()).map_err(refused)?;
        Ok(Required { maintenance: found.maintenance, initial: found.initial })
    }

    /// The lines of what is held, and the holdings of them.
    fn listing(
        &self,
        view: &View<'_>,
        settled: Settled,
        scales: Scales,
        held: &[Position<'_>],
    ) -> Result<(Listing, Vec<Holding>, Vec<Holding>), Rejected> {
        let mut expiries: Vec<(Option<Time>, Expiry)> = Vec::new();
        let (mut futures, mut options, mut lines) = (Vec::new(), Vec::new(), Vec::new());
        let seconds = |end: Time| end.seconds_since(view.now).max(1);
        for position in held {
            let quantity = units(position, scales)?;
            let end = position.contract.terms.expires;
            let Form::Option(option) = position.contract.terms.form else {
                let forward = rescaled(position.mark, scales.price)?;
                let line = expiries.len();
                expiries.push((end, Expiry { seconds: end.map(seconds), forward }));
                futures.push(Holding { line, quantity });
                continue;
            };
            let Some(end) = end else {
                return Err(Rejection::BadParameter.because("an option without an end"));
            };
            let forward = self.forward(view, position.contract, option.underlying, end)?;
            let forward = rescaled(forward, scales.price)?;
            let expiry = Expiry { seconds: Some(seconds(end)), forward };
            let known = expiries.iter().position(|(at, e)| *at == Some(end) && *e == expiry);
            let place = known.unwrap_or(expiries.len());
            if known.is_none() {
                expiries.push((Some(end), expiry));
            }
            let volatility = view.state(StateKey::Asset(position.asset, VOLATILITY));
            let volatility_ppm = u64::try_from(volatility).unwrap_or(0);
            if volatility_ppm == 0 {
                let symbol = crate::desk::symbol(view, position.asset);
                let detail = format!("no volatility of {symbol} was quoted yet");
                return Err(Rejection::MarkMissing.because(detail));
            }
            options.push(Holding { line: lines.len(), quantity });
            lines.push(OptionLine {
                expiry: place,
                kind: if option.call { Kind::Call } else { Kind::Put },
                strike: rescaled(option.strike, scales.price)?,
                volatility_ppm,
                mark: rescaled(position.mark, scales.mark)?,
            });
        }
        let decimals = Decimals {
            price: scales.price,
            mark: scales.mark,
            size: scales.size,
            settle: scales.settle,
        };
        let expiries = expiries.into_iter().map(|(_, expiry)| expiry).collect();
        Ok((Listing { settled, decimals, expiries, options: lines }, futures, options))
    }

    /// The forward of an option: the mark of the first listed future of its group that expires with
    /// it, or of its underlying.
    fn forward(
        &self,
        view: &View<'_>,
        option: &Contract,
        underlying: AssetId,
        end: Time,
    ) -> Result<Price, Rejected> {
        let ends_with = |asset: &AssetId| {
            self.listed(*asset).is_some_and(|other| {
                other.group == option.group
                    && other.as_option().is_none()
                    && other.terms.expires == Some(end)
            })
        };
        let count = u16::try_from(view.assets.len()).unwrap_or(u16::MAX);
        let future = (0..count).map(AssetId).find(ends_with);
        match future.map(|future| view.price(future)) {
            Some(Ok(price)) => Ok(price),
            _ => view.price(underlying),
        }
    }
}

const fn settled_in(contract: &Contract) -> Settled {
    match contract.terms.form {
        Form::Linear => Settled::Quote,
        Form::Inverse => Settled::Coin,
        Form::Option(option) => {
            if option.coin {
                Settled::Coin
            } else {
                Settled::Quote
            }
        }
    }
}

/// The finest scale of each kind of number in the group.
fn scales_of(view: &View<'_>, held: &[Position<'_>]) -> Result<Scales, Rejected> {
    let mut scales = Scales { price: 0, mark: 0, size: 0, settle: 0 };
    for Position { contract, mark, .. } in held {
        let size = contract.decimals + contract.terms.multiplier_decimals;
        scales.size = scales.size.max(size);
        scales.settle = contract.settle_decimals;
        match contract.terms.form {
            Form::Option(option) => {
                let spot = view.price(option.underlying)?.decimals;
                scales.price = scales.price.max(option.strike.decimals).max(spot);
                scales.mark = scales.mark.max(mark.decimals);
            }
            _ => scales.price = scales.price.max(mark.decimals),
        }
    }
    Ok(scales)
}

/// Signed units of the position at the group's scale of sizes.
fn units(position: &Position<'_>, scales: Scales) -> Result<i64, Rejected> {
    let contract = position.contract;
    let own = contract.decimals + contract.terms.multiplier_decimals;
    let up = i128::try_from(pow10(scales.size - own)?).map_err(|_| Rejection::Overflow)?;
    let units = position
        .size
        .checked_mul(i128::from(contract.terms.multiplier))
        .and_then(|units| units.checked_mul(up))
        .ok_or(Rejection::Overflow)?;
    i64::try_from(units).map_err(|_| Rejection::Overflow.into())
}

fn refused(error: ScenarioError) -> Rejected {
    match error {
        ScenarioError::Money(error) => error.into(),
        other => Rejection::BadParameter.because(other.to_string()),
    }
}
