//! The pool as the rule reads it: parameters by asset, markets and positions out of ledger and
//! state, and values in the numeraire.

use super::parameters::wad;
use super::{AssetParameters, Constants, Market, Parameters, Position, Rule};
use crate::desk;
use breakwater_liquidation::{AssetInfo, AssetKind, Layout, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_full, narrow_u128, pow10};
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, U256, Unit, Wad};

/// Columns of the state, in the order of the layout.
pub(super) mod column {
    use breakwater_liquidation::StateKey;
    use breakwater_money::{AccountId, AssetId};

    /// Asset: base units lent out, interest included.
    pub const TOTAL_BORROWS: u16 = 0;
    /// Asset: base units that belong to the protocol.
    pub const TOTAL_RESERVES: u16 = 1;
    /// Asset: what a base unit borrowed at the start has grown to (1e18).
    pub const BORROW_INDEX: u16 = 2;
    /// Asset: the block to which the market has accrued.
    pub const ACCRUED_AT: u16 = 3;
    /// Account: bit `i` is set when the market of asset `i` is entered.
    pub const ENTERED: u16 = 0;
    /// Account: a collateral factor of its own in basis points, zero for none.
    pub const OWN_THRESHOLD: u16 = 1;

    /// Cell: the borrow index at which an account's principal in a market was last written up.
    pub fn interest_index(account: AccountId, asset: AssetId) -> StateKey {
        StateKey::Cell(0, u64::from(account.0), u64::from(asset.0))
    }
}

pub(super) static LAYOUT: Layout = Layout {
    pool: &[],
    asset: &[
        "total borrows (base units)",
        "total reserves (base units)",
        "borrow index (1e18)",
        "accrued at (block)",
    ],
    account: &["entered markets (bitmap)", desk::OWN_THRESHOLD],
    cells: &["interest index by account and asset (1e18)"],
};

/// Assets a pool can list: one bit each in an account's entered markets.
const MARKETS_MAX: usize = 256;

/// The pool: parameters by asset.
pub(super) struct CompoundV2 {
    pub(super) name: String,
    pub(super) numeraire_decimals: u8,
    pub(super) constants: Constants,
    pub(super) rule: Rule,
    pub(super) assets: Vec<Option<AssetParameters>>,
}

/// The markets an account is in or holds shares of, and its positions there, in the same order.
pub(super) struct Held {
    pub assets: Vec<AssetId>,
    pub markets: Vec<Market>,
    pub positions: Vec<Position>,
}

impl Held {
    pub(super) fn place(&self, asset: AssetId) -> Result<usize, Rejected> {
        let place = self.assets.iter().position(|known| *known == asset);
        place.ok_or_else(|| Rejection::NotLendable.because(asset.to_string()))
    }

    /// Whether the account owes in a market that the pool has given up.
    pub(super) fn is_given_up(&self) -> bool {
        let held = self.markets.iter().zip(&self.positions);
        held.into_iter()
            .any(|(market, position)| market.is_deprecated() && !position.principal.is_zero())
    }

    pub(super) fn places<'a>(
        &'a self,
        wanted: impl Fn(&Position) -> bool + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let held = self.positions.iter().enumerate();
        held.filter(move |(_, position)| wanted(position)).map(|(place, _)| place)
    }
}

impl CompoundV2 {
    pub(super) fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, String> {
        if assets.len() > MARKETS_MAX {
            return Err(format!("{} assets: at most {MARKETS_MAX} in one pool", assets.len()));
        }
        let mut bound = Vec::with_capacity(assets.len());
        for info in assets {
            let found = parameters.assets.get(&info.symbol).copied();
            if let Some(p) = found.filter(|p| p.decimals != info.decimals) {
                return Err(format!(
                    "assets.{}.decimals = {}: the pool's asset has {}",
                    info.symbol, p.decimals, info.decimals
                ));
            }
            bound.push(found.filter(|_| info.kind == AssetKind::Token));
        }
        Ok(CompoundV2 {
            name: parameters.name.clone(),
            numeraire_decimals: parameters.numeraire_decimals,
            constants: parameters.constants,
            rule: parameters.rule(),
            assets: bound,
        })
    }

    pub(super) fn named(&self) -> &str {
        &self.name
    }

    pub(super) fn listed(&self, asset: AssetId) -> Option<&AssetParameters> {
        self.assets.get(asset.index()).and_then(Option::as_ref)
    }

    pub(super) fn parameters(
        &self,
        view: &View<'_>,
        asset: AssetId,
    ) -> Result<&AssetParameters, Rejected> {
        let info = view.asset(asset)?;
        self.listed(asset).ok_or_else(|| {
            Rejection::NotLendable.because(format!("{} lists no {}", self.name, info.symbol))
        })
    }

    /// The number of the block at an instant. Only differences matter.
    pub(super) fn block(&self, now: Time) -> U256 {
        let seconds = U256::from(now.seconds_since(Time(0)));
        let each = U256::from(self.constants.seconds_per_block);
        // The parameters hold the divisor above zero.
        div_wide(seconds, each, Rounding::Floor).unwrap_or_default()
    }

    /// Value of one base unit at 1e36: the mark of a whole token, shifted by the decimals of both,
    /// which is exact. Zero without a mark, as the venue's oracle answers.
    fn price(&self, view: &View<'_>, asset: AssetId, decimals: u8) -> Result<U256, Rejected> {
        let price = match view.price(asset) {
            Ok(price) => price,
            Err(rejected) if rejected.rejection == Rejection::MarkMissing => return Ok(U256::ZERO),
            Err(rejected) => return Err(rejected),
        };
        let shift = 36u8.checked_sub(decimals).and_then(|rest| rest.checked_sub(price.decimals));
        let scale = pow10(shift.ok_or(Rejection::Overflow)?)?;
        let scaled = U256::from(price.raw).checked_mul(U256::from(scale));
        Ok(scaled.ok_or(Rejection::Overflow)?)
    }

    /// The market of `asset` as it stored itself last.
    pub(super) fn market(&self, view: &View<'_>, asset: AssetId) -> Result<Market, Rejected> {
        let parameters = self.parameters(view, asset)?;
        let state = |column| view.state(StateKey::Asset(asset, column));
        let balance = |holder, unit| U256::from(view.balances.balance(holder, unit).unsigned_abs());
        let initial = self.constants.initial_exchange_rate(parameters.decimals);
        // Without interest there is nothing to accrue, and most books of a stress have none.
        let blocks = match parameters.rates {
            Some(_) => self.block(view.now).saturating_sub(state(column::ACCRUED_AT)),
            None => U256::ZERO,
        };
        Ok(Market {
            price: self.price(view, asset, parameters.decimals)?,
            collateral_factor: wad(parameters.collateral_factor_bps),
            reserve_factor: wad(parameters.reserve_factor_bps),
            borrow_paused: parameters.borrow_paused,
            listed: true,
            initial_exchange_rate: initial.ok_or(Rejection::Overflow)?,
            cash: balance(Holder::Reserve, Unit::token(asset)),
            total_borrows: state(column::TOTAL_BORROWS),
            total_reserves: state(column::TOTAL_RESERVES),
            total_supply: balance(Holder::Issuer, Unit::supply(asset)),
            borrow_index: Wad::from_raw(state(column::BORROW_INDEX)),
            blocks,
            rates: parameters.slopes(),
        })
    }

    /// The account's position in one market.
    pub(super) fn position(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Position {
        let entered = view.state(StateKey::Account(account, column::ENTERED));
        let own = desk::own_threshold(view, account, column::OWN_THRESHOLD);
        Position {
            entered: entered.bit(asset.index()),
            shares: U256::from(view.owned(account, Unit::supply(asset))),
            principal: U256::from(view.owned(account, Unit::debt(asset))),
            interest_index: Wad::from_raw(view.state(column::interest_index(account, asset))),
            own_factor: own.map(wad),
        }
    }

    /// Every market that the account has entered or holds something of, in order of the assets.
    pub(super) fn held(&self, view: &View<'_>, account: AccountId) -> Result<Held, Rejected> {
        let holdings = view.holdings(account)?;
        let entered = view.state(StateKey::Account(account, column::ENTERED));
        let mut assets: Vec<AssetId> = holdings
            .iter()
            .filter(|h| matches!(h.unit.class, Class::Supply | Class::Debt))
            .map(|h| h.unit.asset)
            .collect();
        if !entered.is_zero() {
            let all = (0..).map(AssetId).take(view.assets.len());
            assets.extend(all.filter(|asset| entered.bit(asset.index())));
        }
        assets.sort_unstable();
        assets.dedup();
        let markets = assets.iter().map(|asset| self.market(view, *asset));
        let markets = markets.collect::<Result<Vec<_>, _>>()?;
        let positions = assets.iter().map(|asset| self.position(view, account, *asset)).collect();
        Ok(Held { assets, markets, positions })
    }

    /// Adds the market of `asset` to what the account holds, whether or not the account is in it.
    pub(super) fn join(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        held: &mut Held,
    ) -> Result<(), Rejected> {
        if !held.assets.contains(&asset) {
            held.markets.push(self.market(view, asset)?);
            held.positions.push(self.position(view, account, asset));
            held.assets.push(asset);
        }
        Ok(())
    }

    /// Base units of the numeraire in a value of one at 1e18, as a divisor.
    pub(super) fn value_unit(&self) -> Result<U256, Rejected> {
        // The parameters hold the decimals at 18 and below.
        let shift = 18u8.checked_sub(self.numeraire_decimals).ok_or(Rejection::Overflow)?;
        Ok(U256::from(pow10(shift)?))
    }

    /// A value at 1e18 in the numeraire.
    pub(super) fn value(&self, value: U256, rounding: Rounding) -> Result<u128, Rejected> {
        Ok(narrow_u128(div_wide(value, self.value_unit()?, rounding)?)?)
    }

    /// Value of base units of a market's asset, in the numeraire.
    pub(super) fn worth(
        &self,
        market: &Market,
        units: U256,
        rounding: Rounding,
    ) -> Result<u128, Rejected> {
        let one = Wad::one().raw;
        let unit = self.value_unit()?.checked_mul(one).ok_or(Rejection::Overflow)?;
        Ok(narrow_u128(mul_div_full(units, market.price, unit, rounding)?)?)
    }
}
