//! The trait that every venue's rule implements.

use crate::backstop::Ranking;
use crate::hedge_first::HedgeFill;
use crate::{
    AssetTotals, Call, CallOption, Effects, Kept, Ladder, Layout, Order, Promise, Rejected,
    Rejection, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::{Armed, Exposure};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Class, Holder, Rational, Unit};

/// Something in a book that a rulebook cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rulebook} cannot take this book: {missing}")]
pub struct Unsupported {
    /// The rulebook's name.
    pub rulebook: String,
    /// The kind that it lacks, with the name of what needs it.
    pub missing: String,
}

/// What the watch list needs: how prices move health, and how long that holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposures {
    /// One entry a market that matters; two where both ways hurt.
    pub terms: Vec<Exposure>,
    /// How far every price may move from its mark, as a share of it in basis points, while the terms
    /// still bound the truth; none where they always do. Health that is not linear in prices has
    /// such a bound.
    pub reach_bps: Option<u32>,
}

impl Exposures {
    /// Empties it for the next account.
    pub fn clear(&mut self) {
        self.terms.clear();
        self.reach_bps = None;
    }
}

/// A venue's rule, untouched.
///
/// A rulebook sees the pool and never writes: it returns [`Effects`] that the engine commits whole
/// or not at all. Its memory is the integers of its [`Layout`], which the engine keeps. Its
/// parameters are fixed for its life; other parameters are another rulebook with another hash.
pub trait Rulebook: Send + Sync {
    /// Name with version, such as the parameter file gives it.
    fn name(&self) -> &str;

    /// The integers it remembers.
    fn layout(&self) -> &'static Layout;

    /// How the venue as it is stands to each promise of our policies.
    fn promises(&self) -> &'static [(Promise, Kept)];

    /// Numeraire decimals of its values.
    fn numeraire_decimals(&self) -> u8;

    /// Refuses a book it cannot take, naming the missing kind.
    ///
    /// # Errors
    /// [`Unsupported`].
    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported>;

    /// What must be set before the first call (indices at one, and the like). Called again when
    /// an asset is added; must leave set what is set.
    ///
    /// # Errors
    /// Any rejection stops the rulebook's installation.
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected>;

    /// Interest and the like up to `view.now`.
    ///
    /// # Errors
    /// Overflow of an index.
    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected>;

    /// Health of one account at the marks of the view.
    ///
    /// # Errors
    /// A missing mark or account, or overflow.
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected>;

    /// How prices move the account's health, appended to an empty `out`, and until when the
    /// statement holds.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected>;

    /// What may be done to the account now by others, best first; empty for the healthy.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected>;

    /// What anyone may do with the pool itself now, rather than with one account: buy what it has
    /// taken over, trade with its own market maker. Best first.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn pool_calls(&self, view: &View<'_>, out: &mut Vec<CallOption>) -> Result<(), Rejected> {
        let _ = (view, out);
        Ok(())
    }

    /// The accounts that a call would liquidate: those it names, and those a rule would choose.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn targets(&self, view: &View<'_>, call: &Call) -> Result<Vec<AccountId>, Rejected> {
        let _ = view;
        Ok(call.liquidates().to_vec())
    }

    /// Unweighted values of what the account has and owes, in the numeraire: collateral down, debt
    /// up. The default takes raw shares for base units, right where no index has moved.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let mut sides = Sides::default();
        for holding in view.holdings(account)? {
            let (side, rounding) = match holding.unit.class {
                Class::Supply => (&mut sides.collateral, Rounding::Floor),
                Class::Debt => (&mut sides.debt, Rounding::Ceil),
                Class::Token | Class::Deficit => continue,
            };
            let asset = holding.unit.asset;
            let decimals = view.asset(asset)?.decimals;
            let amount = holding.balance.unsigned_abs();
            let value = view.price(asset)?.value(amount, decimals, rounding)?;
            *side = side.checked_add(value).ok_or(Rejection::Overflow)?;
        }
        Ok(sides)
    }

    /// How much of an asset is supplied and owed by all accounts, base units: what caps and usage
    /// are judged by. The default counts the shares in issue and takes them for base units, right
    /// where no index has moved; a rulebook without such shares has neither.
    ///
    /// # Errors
    /// Unknown asset, or overflow.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        view.asset(asset)?;
        // What is in issue is what the issuer owes.
        let issued = |unit| {
            let balance = view.balances.balance(Holder::Issuer, unit);
            if balance < 0 { balance.unsigned_abs() } else { 0 }
        };
        let (supply, debt) = (Unit::supply(asset), Unit::debt(asset));
        Ok(AssetTotals { supplied: issued(supply), borrowed: issued(debt) })
    }

    /// Adds `bps_a_year` to the asset's borrow rate from now on, in place of what was added before;
    /// zero takes it off. What has accrued until now is booked at the rate before. A rise that an armed account does not know of touches everyone.
    ///
    /// # Errors
    /// [`Rejection::Unsupported`] where the asset has no interest that could be raised.
    fn surcharge(
        &self,
        view: &View<'_>,
        asset: AssetId,
        bps_a_year: u32,
    ) -> Result<Effects, Rejected> {
        let _ = bps_a_year;
        let symbol = &view.asset(asset)?.symbol;
        let detail = format!("{} has no rate of {symbol} that could be raised", self.name());
        Err(Rejection::Unsupported.because(detail))
    }

    /// Most value that any call hands over for a value of one repaid (basis points, 10,500 for an
    /// incentive of 5 %); none where there is no such bound. Lets a keeper pass by accounts that
    /// cannot pay in the market as it is.
    fn incentive_most_bps(&self) -> Option<u32> {
        None
    }

    /// What the account must hold to take new risk, its open orders included, in the numeraire. The
    /// default is what it must hold to keep what it has.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        Ok(self.assess(view, account)?.requirement)
    }

    /// Whether the account may place the order: the venue's limits, and enough margin for what the
    /// order may become.
    ///
    /// # Errors
    /// The venue's refusal; [`Rejection::Unsupported`] where there are no orders.
    fn may_order(&self, view: &View<'_>, order: &Order) -> Result<(), Rejected> {
        let _ = (view, order);
        Err(Rejection::Unsupported.because(format!("{} takes no orders", self.name())))
    }

    /// By what the venue ranks winners that are closed against a bankrupt account; none where it
    /// states nothing.
    fn ranking(&self) -> Option<Ranking> {
        None
    }

    /// What a call would do.
    ///
    /// # Errors
    /// The venue's refusal, by class.
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected>;

    /// What a trade that the venue itself makes to hedge an account does. It may open a position, which
    /// an account in breach may not do by itself, and pays no fee of a liquidation; in exchange it must
    /// leave no more required than before. That is the one exception to closing only.
    ///
    /// # Errors
    /// A trade that leaves more required, or passes a limit; [`Rejection::Unsupported`] where venues of
    /// the kind do not hedge.
    fn hedge(&self, view: &View<'_>, fill: &HedgeFill) -> Result<Effects, Rejected> {
        let _ = (view, fill);
        Err(Rejection::Unsupported.because(format!("{} does not hedge accounts", self.name())))
    }

    /// The venue's own call with its arguments, as a caller would send it; in our terms where a
    /// venue says nothing else.
    fn arguments(&self, view: &View<'_>, call: &Call) -> String {
        let symbol = |asset: AssetId| view.asset(asset).map_or("?", |info| info.symbol.as_str());
        match call {
            Call::RepayAndSeize { account, debt, collateral, amount, .. } => format!(
                "repay and seize({account}, debt {}, collateral {}, amount {amount})",
                symbol(*debt),
                symbol(*collateral)
            ),
            Call::BuyReserves { asset, pays, amount, least } => format!(
                "buy reserves(asset {}, pays {}, amount {amount}, least {least})",
                symbol(*asset),
                symbol(*pays)
            ),
            Call::Swap { sold, bought, amount, least } => format!(
                "swap(sold {}, bought {}, amount {amount}, least {least})",
                symbol(*sold),
                symbol(*bought)
            ),
            Call::Absorb { accounts } => {
                let named: Vec<String> = accounts.iter().map(ToString::to_string).collect();
                format!("absorb({})", named.join(", "))
            }
            other => other.kind().to_owned(),
        }
    }

    /// What of the account could be sold to the market by its own venue, most saleable first;
    /// empty where only outsiders liquidate.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let _ = (view, account);
        Ok(Vec::new())
    }

    /// How much of `asset` the account owes now, in base units, rounded up. The default takes raw shares
    /// and a negative balance for base units, right where no index has moved.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn owes(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        let mut owed = 0u128;
        for holding in view.holdings(account)? {
            let own = holding.contract.is_none() && holding.unit.asset == asset;
            let amount = match holding.unit.class {
                Class::Debt if own => holding.balance.unsigned_abs(),
                Class::Token if own && holding.balance < 0 => holding.balance.unsigned_abs(),
                _ => 0,
            };
            owed = owed.checked_add(amount).ok_or(Rejection::Overflow)?;
        }
        Ok(owed)
    }

    /// Sizes of the account's position in `asset` at which the tiers below its own begin at the
    /// mark, in base units, largest first; empty in the lowest tier and where there are no tiers.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn steps_down(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Vec<u128>, Rejected> {
        let _ = (view, account, asset);
        Ok(Vec::new())
    }

    /// The steps by which the venue liquidates; none where it has a single one.
    fn ladder(&self) -> Option<&Ladder> {
        None
    }

    /// Price of `asset` at which the account reaches the breach line, all other prices held.
    /// None if no positive price does.
    ///
    /// # Errors
    /// As [`Rulebook::assess`].
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected>;
}

/// Unweighted values of an account, in the numeraire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// What it has put up, rounded down.
    pub collateral: u128,
    /// What it owes, rounded up.
    pub debt: u128,
}

/// Something an account holds that its venue may sell for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saleable {
    /// Collateral, or a contract.
    pub asset: AssetId,
    /// Base units held, or the size of the position whichever its side.
    pub quantity: u128,
    /// True if selling means buying back a short.
    pub buy_back: bool,
    /// What the sale brings in: the debt asset it repays, or the settle asset.
    pub proceeds_asset: AssetId,
}
