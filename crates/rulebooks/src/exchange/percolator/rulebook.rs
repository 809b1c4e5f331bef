//! The rulebook: the venue's rule over the pool.

use super::business::{self, Deal};
use super::health::Summary;
use super::market::{CELLS, COLUMNS, Market, position_of};
use super::parameters::{Book, Parameters};
use super::{LOST, WARMING, liquidation};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetTotals, Call, CallOption, Effects, Exposures, Kept, Layout, Promise, Rejected,
    Rejection, Rulebook, Sides, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_money::{AccountId, AssetId, Class, Holder, Rational, TransferCode, Unit};

const LAYOUT: Layout = Layout {
    pool: &[
        "profit in its waiting time (settle units)",
        "losses that no side could be charged (settle units)",
    ],
    asset: &COLUMNS,
    account: &[
        "waiting profit: left of the older part (settle units)",
        "waiting profit: older part as it began (settle units)",
        "waiting profit: slot of its beginning",
        "waiting profit: released by time so far (settle units)",
        "waiting profit: newer part (settle units)",
    ],
    cells: &CELLS,
};

const _: () = assert!(WARMING as usize + 1 == LOST as usize && LAYOUT.pool.len() == 2);

/// How the venue stands to our promises, by its specification.
const PROMISES: &[(Promise, Kept)] = &[
    // Nothing is closed above maintenance. A winner that the index closes against somebody else's
    // liquidation pays no fee: it is not liquidated.
    (Promise::HealthyUntouched, Kept::Keeps),
    (Promise::FreshMarksOnly, Kept::Refuses),
    (Promise::GraceAfterOutage, Kept::Refuses),
    // A deposit is a movement of capital alone and is always taken.
    (Promise::CureStaysPossible, Kept::Keeps),
    // The fee may be above the share of the requirement that the closed part had.
    (Promise::StepNeverHurts, Kept::Refuses),
    // Whoever calls chooses between a part and the whole.
    (Promise::Minimal, Kept::Refuses),
    (Promise::OncePerTick, Kept::Refuses),
    // Every liquidation closes as much of the other side, whatever the fund has.
    (Promise::FundBeforeDeleveraging, Kept::Refuses),
    (Promise::NoUnbookedDebt, Kept::Keeps),
];

/// The rulebook, bound to the assets of a pool.
#[derive(Debug, Clone)]
pub struct Percolator {
    book: Book,
}

/// Builds the rulebook from a parameter file, bound to the pool's assets by symbol.
///
/// # Errors
/// A sentence that names the first parameter refused, its value and what would be right.
pub fn build(parameters: &str, assets: &[AssetInfo]) -> Result<Box<dyn Rulebook>, String> {
    let book = Book::bind(&Parameters::parse(parameters)?, assets)?;
    Ok(Box::new(Percolator { book }))
}

impl Rulebook for Percolator {
    fn name(&self) -> &str {
        &self.book.name
    }

    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }

    fn promises(&self) -> &'static [(Promise, Kept)] {
        PROMISES
    }

    /// Those of the settle asset.
    fn numeraire_decimals(&self) -> u8 {
        self.book.settle_decimals
    }

    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        admits(&self.book, view)
    }

    /// Nothing: a side that was never written is new.
    fn found(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    /// The price in use of every contract follows its mark as far as the time allows.
    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        for asset in self.book.contracts() {
            if view.price(asset).is_ok() {
                let market = Market::now(&self.book, view, asset)?;
                market.store(&mut effects);
                if market.touched {
                    effects.touched = breakwater_liquidation::Touched::Everyone;
                }
            }
        }
        Ok(effects)
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        Summary::of(&self.book, view, account)?.health()
    }

    fn initial(&self, view: &View<'_>, account: AccountId) -> Result<u128, Rejected> {
        Ok(Summary::of(&self.book, view, account)?.initial)
    }

    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        Summary::of(&self.book, view, account)?.exposures(&self.book, view, out)
    }

    /// Anyone may have an account at its maintenance closed whole. It pays its caller nothing.
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        if !self.assess(view, account)?.breach {
            return Ok(());
        }
        let call = Call::Absorb { accounts: vec![account] };
        let effects = self.execute(view, &call)?;
        let decimals = self.numeraire_decimals();
        out.push(CallOption::of(view, call, &effects, decimals, false)?);
        Ok(())
    }

    fn sides(&self, view: &View<'_>, account: AccountId) -> Result<Sides, Rejected> {
        let equity = Summary::of(&self.book, view, account)?.equity;
        let (collateral, debt) = (equity.max(0).unsigned_abs(), equity.min(0).unsigned_abs());
        Ok(Sides { collateral, debt })
    }

    /// Deposits of all accounts in the settle asset; nothing is owed of any.
    fn totals(&self, view: &View<'_>, asset: AssetId) -> Result<AssetTotals, Rejected> {
        view.asset(asset)?;
        if asset != self.book.settle {
            return Ok(AssetTotals { supplied: 0, borrowed: 0 });
        }
        let others = [Holder::External, Holder::Insurance, Holder::Reserve];
        let others = others.map(|holder| view.balances.balance(holder, Unit::token(asset)));
        let sum = others.into_iter().try_fold(0i128, i128::checked_add);
        let sum = sum.ok_or(Rejection::Overflow)?;
        Ok(AssetTotals { supplied: sum.min(0).unsigned_abs(), borrowed: 0 })
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let book = &self.book;
        for account in call.accounts() {
            view.holdings(account)?;
        }
        match call {
            Call::Deposit { account, asset, amount } => {
                business::pay_in(book, view, *account, (*asset, *amount), TransferCode::Deposit)
            }
            Call::Import { account, asset, collateral, debt } => {
                if *debt != 0 {
                    let detail = format!("debt {debt}: nothing is borrowed here, 0 is right");
                    return Err(Rejection::BadParameter.because(detail));
                }
                let paid = (*asset, *collateral);
                business::pay_in(book, view, *account, paid, TransferCode::Import)
            }
            Call::Withdraw { account, asset, amount } => {
                business::withdraw(book, view, *account, (*asset, *amount))
            }
            Call::Trade { buyer, seller, contract, quantity, price } => {
                let deal = Deal { contract: *contract, quantity: *quantity, price: *price };
                business::trade(book, view, (*buyer, *seller), &deal)
            }
            Call::Fund { contract, rate_e12 } => business::fund(book, view, *contract, *rate_e12),
            Call::Settle { contract } => business::settle(book, view, *contract),
            Call::Fill { account, asset, quantity, proceeds_asset, .. } => {
                if *proceeds_asset != book.settle {
                    let settle = crate::desk::symbol(view, book.settle);
                    let detail = format!("proceeds_asset {proceeds_asset}: {settle} settles");
                    return Err(Rejection::BadParameter.because(detail));
                }
                liquidation::fill(book, view, *account, *asset, *quantity)
            }
            Call::Absorb { accounts } => liquidation::absorb(book, view, accounts),
            Call::WriteOff { account } => liquidation::write_off(book, view, *account),
            _ => Err(crate::desk::unsupported(&book.name, call)),
        }
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        Ok(Summary::of(&self.book, view, account)?.saleable(&self.book))
    }

    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        view.asset(asset)?;
        Ok(Summary::of(&self.book, view, account)?.liquidation_price(&self.book, asset))
    }
}

/// Refuses a book with anything else on it.
fn admits(book: &Book, view: &View<'_>) -> Result<(), Unsupported> {
    let refuse = |missing: String| Unsupported { rulebook: book.name.clone(), missing };
    let settle = view.asset(book.settle).map_err(|error| refuse(error.to_string()))?;
    if settle.market.is_some() {
        let symbol = &settle.symbol;
        return Err(refuse(format!("marks are in {symbol}, so a market of {symbol} itself")));
    }
    for (asset, info) in (0u16..).map(AssetId).zip(view.assets) {
        if info.kind.contract().is_some() && book.listed(asset).is_none() {
            return Err(refuse(format!("terms of contract {}", info.symbol)));
        }
    }
    for account in (0..view.balances.accounts()).map(AccountId) {
        for held in view.balances.holdings(account) {
            let Unit { asset, class } = held.unit;
            let symbol = crate::desk::symbol(view, asset);
            let known = match class {
                Class::Token | Class::Supply | Class::Debt if asset == book.settle => {
                    held.contract.is_none() && held.balance > 0
                }
                Class::Token if book.listed(asset).is_some() => {
                    let basis = held.balance.unsigned_abs();
                    let position = position_of(view, account, asset, basis);
                    held.contract.is_none() && position.is_ok_and(|found| found.is_some())
                }
                _ => false,
            };
            if !known {
                let found = held.balance;
                let missing = format!("a balance of {found} {symbol}, held by {account}");
                return Err(refuse(missing));
            }
        }
    }
    Ok(())
}
