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
    Envelope, Expiry, Grid, Holding, Listing, OptionLine, Positions, Reach, ScenarioError, Scratch,
    Table,
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
    /// The asset whose mark is its forward.
    forward: AssetId,
}

/// Scales that the group's integers share.
#[derive(Debug, Clone, Copy)]
struct Scales {
    price: u8,
    mark: u8,
    size: u8,
    settle: u8,
}

/// A group's positions as the grid takes them.
pub(super) struct Group {
    listing: Listing,
    futures: Vec<Holding>,
    options: Vec<Holding>,
    /// By expiry of the listing, the asset whose mark is its forward.
    sources: Vec<AssetId>,
}

impl Group {
    fn positions(&self) -> Positions<'_> {
        Positions { futures: &self.futures, options: &self.options }
    }
}

impl Book {
    /// What the positions of one group require together.
    pub fn portfolio(
        &self,
        view: &View<'_>,
        grid: &Grid,
        positions: &[(AssetId, &Contract, i128)],
    ) -> Result<Required, Rejected> {
        let group = self.group(view, positions)?;
        let table = Table::price(grid, &group.listing).map_err(refused)?;
        let found = table.assess(&group.positions(), &mut Scratch::default()).map_err(refused)?;
        Ok(Required { maintenance: found.maintenance, initial: found.initial })
    }

    /// How far that may move within a reach, and the assets whose marks its slopes are by.
    pub fn envelope(
        &self,
        view: &View<'_>,
        grid: &Grid,
        positions: &[(AssetId, &Contract, i128)],
        (bps, seconds): (u32, u64),
    ) -> Result<(Envelope, Vec<AssetId>), Rejected> {
        let group = self.group(view, positions)?;
        let mut assets = group.sources.clone();
        assets.sort_unstable();
        assets.dedup();
        let place = |asset: &AssetId| assets.binary_search(asset).map_err(|_| Rejection::Overflow);
        let sources: Vec<usize> = group.sources.iter().map(place).collect::<Result<_, _>>()?;
        let table = Table::price(grid, &group.listing).map_err(refused)?;
        let reach = Reach { sources: &sources, bps, seconds };
        let envelope = table.envelope(&group.positions(), &reach).map_err(refused)?;
        Ok((envelope, assets))
    }

    fn group(
        &self,
        view: &View<'_>,
        positions: &[(AssetId, &Contract, i128)],
    ) -> Result<Group, Rejected> {
        let mut held = Vec::with_capacity(positions.len());
        for (asset, contract, size) in positions {
            let mark = view.price(*asset)?;
            let forward = self.forward(view, *asset, contract)?;
            held.push(Position { asset: *asset, contract, size: *size, mark, forward });
        }
        let scales = scales_of(view, &held)?;
        let settled = held.first().map_or(Settled::Quote, |first| settled_in(first.contract));
        if let Some(other) = held.iter().find(|p| settled_in(p.contract) != settled) {
            let symbol = crate::desk::symbol(view, other.asset);
            let detail = format!("{symbol} settles otherwise than the rest of its group");
            return Err(Rejection::BadParameter.because(detail));
        }
        listing(view, settled, scales, &held)
    }

    /// The asset whose mark is the forward of a contract. That of a future is its own; that of an
    /// option the first listed future of its group that expires with it, once it has a mark, or its
    /// underlying.
    fn forward(
        &self,
        view: &View<'_>,
        asset: AssetId,
        contract: &Contract,
    ) -> Result<AssetId, Rejected> {
        let Some(option) = contract.as_option() else { return Ok(asset) };
        let future = self.future_beside(view, contract);
        Ok(future.filter(|future| view.price(*future).is_ok()).unwrap_or(option.underlying))
    }

    /// The first listed future of a contract's group that expires with it.
    pub fn future_beside(&self, view: &View<'_>, contract: &Contract) -> Option<AssetId> {
        let ends_with = |asset: &AssetId| {
            self.listed(*asset).is_some_and(|other| {
                other.group == contract.group
                    && other.as_option().is_none()
                    && other.terms.expires == contract.terms.expires
            })
        };
        let count = u16::try_from(view.assets.len()).unwrap_or(u16::MAX);
        (0..count).map(AssetId).find(ends_with)
    }
}

/// The lines of what is held, and the holdings of them. Contracts that end together on one forward
/// share a line.
fn listing(
    view: &View<'_>,
    settled: Settled,
    scales: Scales,
    held: &[Position<'_>],
) -> Result<Group, Rejected> {
    let mut expiries: Vec<((Option<Time>, AssetId), Expiry)> = Vec::new();
    let (mut futures, mut options, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for position in held {
        let quantity = units(position, scales)?;
        let end = position.contract.terms.expires;
        let forward = rescaled(view.price(position.forward)?, scales.price)?;
        let key = (end, position.forward);
        let known = expiries.iter().position(|(known, _)| *known == key);
        let place = known.unwrap_or(expiries.len());
        if known.is_none() {
            let seconds = end.map(|end| end.seconds_since(view.now).max(1));
            expiries.push((key, Expiry { seconds, forward }));
        }
        let Form::Option(option) = position.contract.terms.form else {
            futures.push(Holding { line: place, quantity });
            continue;
        };
        if end.is_none() {
            return Err(Rejection::BadParameter.because("an option without an end"));
        }
        options.push(Holding { line: lines.len(), quantity });
        lines.push(OptionLine {
            expiry: place,
            kind: if option.call { Kind::Call } else { Kind::Put },
            strike: rescaled(option.strike, scales.price)?,
            volatility_ppm: volatility(view, position.asset)?,
            mark: rescaled(position.mark, scales.mark)?,
        });
    }
    let Scales { price, mark, size, settle } = scales;
    let decimals = Decimals { price, mark, size, settle };
    let sources = expiries.iter().map(|((_, source), _)| *source).collect();
    let expiries = expiries.into_iter().map(|(_, expiry)| expiry).collect();
    let listing = Listing { settled, decimals, expiries, options: lines };
    Ok(Group { listing, futures, options, sources })
}

/// The volatility that the venue quoted last.
fn volatility(view: &View<'_>, asset: AssetId) -> Result<u64, Rejected> {
    let quoted = u64::try_from(view.state(StateKey::Asset(asset, VOLATILITY))).unwrap_or(0);
    if quoted > 0 {
        return Ok(quoted);
    }
    let symbol = crate::desk::symbol(view, asset);
    let detail = format!("no volatility of {symbol} was quoted yet");
    Err(Rejection::MarkMissing.because(detail))
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
    for Position { contract, mark, forward, .. } in held {
        let size = contract.decimals + contract.terms.multiplier_decimals;
        scales.size = scales.size.max(size);
        scales.settle = contract.settle_decimals;
        match contract.terms.form {
            Form::Option(option) => {
                let spot = view.price(option.underlying)?.decimals;
                let forward = view.price(*forward)?.decimals.max(spot);
                scales.price = scales.price.max(option.strike.decimals).max(forward);
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
