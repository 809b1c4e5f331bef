//! The rules the model knows, and what parameter texts mean.

use crate::number::{Fraction, Int, Result, positive, ten};
use crate::pool::Pool;
use crate::{contract, exchange, lending};
use breakwater_liquidation::backstop::Ranking;
use breakwater_liquidation::effects::Fact;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Call, Ladder, Order, Rejection};
use breakwater_margin::Health;
use breakwater_money::{AccountId, AssetId, Holder, Unit};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A rule with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Pooled lending.
    Lending(lending::Terms),
    /// Contracts under maintenance tiers.
    Exchange(exchange::Terms),
}

/// What the model is told about a parameter text instead of parsing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Blake3 of the text.
    pub hash: [u8; 32],
    /// Its meaning; none where the text is refused.
    pub rule: Option<Rc<Rule>>,
}

/// Rule names, each with the parameter texts known under it.
pub type Library = BTreeMap<String, BTreeMap<String, Known>>;

impl Rule {
    /// Name with which the rulebook tells itself.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Rule::Lending(terms) => &terms.name,
            Rule::Exchange(terms) => &terms.name,
        }
    }

    /// Decimals of values.
    #[must_use]
    pub fn numeraire_decimals(&self, pool: &Pool) -> u8 {
        match self {
            Rule::Lending(terms) => terms.numeraire_decimals,
            Rule::Exchange(terms) => terms.value_decimals(pool),
        }
    }

    /// True if the parameters can be bound to the pool's assets.
    #[must_use]
    pub fn fits(&self, pool: &Pool) -> bool {
        match self {
            Rule::Lending(terms) => terms.fits(pool),
            Rule::Exchange(terms) => terms.fits(pool),
        }
    }

    /// True if the rule can take the book as it is.
    #[must_use]
    pub fn admits(&self, pool: &Pool) -> bool {
        match self {
            Rule::Lending(terms) => terms.admits(pool),
            Rule::Exchange(terms) => terms.admits(pool),
        }
    }

    /// Sets what must be set before the first call.
    pub fn found(&self, pool: &mut Pool) {
        match self {
            Rule::Lending(terms) => terms.found(pool),
            Rule::Exchange(_) => {}
        }
    }

    /// Health of an account.
    ///
    /// # Errors
    /// Why it has none now.
    pub fn health(&self, pool: &Pool, account: AccountId) -> Result<Health> {
        match self {
            Rule::Lending(terms) => terms.health(pool, account),
            Rule::Exchange(terms) => terms.health(pool, account),
        }
    }

    /// Does what a call asks for.
    ///
    /// # Errors
    /// The rule's refusal; the pool is then to be thrown away.
    pub fn perform(&self, pool: &mut Pool, call: &Call) -> Result<Vec<Fact>> {
        match self {
            Rule::Lending(terms) => terms.perform(pool, call),
            Rule::Exchange(terms) => terms.perform(pool, call),
        }
    }

    /// What all accounts have supplied and owe of an asset.
    ///
    /// # Errors
    /// An asset that the rule does not list.
    pub fn totals(&self, pool: &Pool, asset: AssetId) -> Result<(Int, Int)> {
        match self {
            Rule::Lending(terms) => terms.sums(pool, asset),
            Rule::Exchange(_) => {
                let issued = |unit| positive(-pool.balance(Holder::Issuer, unit));
                pool.asset(asset)?;
                Ok((issued(Unit::supply(asset)), issued(Unit::debt(asset))))
            }
        }
    }

    /// True if the asset has a borrow rate that can be raised.
    #[must_use]
    pub fn can_surcharge(&self, pool: &Pool, asset: AssetId) -> bool {
        match self {
            Rule::Lending(terms) => terms.bears_interest(pool, asset),
            Rule::Exchange(_) => false,
        }
    }

    /// Raises the borrow rate by basis points a year, in place of what was added before.
    ///
    /// # Errors
    /// An asset without interest.
    pub fn surcharge(&self, pool: &mut Pool, asset: AssetId, bps: u32) -> Result<()> {
        match self {
            Rule::Lending(terms) => terms.surcharge(pool, asset, bps),
            Rule::Exchange(_) => Err(Rejection::Unsupported),
        }
    }

    /// What the venue may sell for the account, in its order.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn saleable(&self, pool: &Pool, account: AccountId) -> Result<Vec<Saleable>> {
        match self {
            Rule::Lending(terms) if terms.sold_by_venue => terms.saleable(pool, account),
            Rule::Lending(_) => Ok(Vec::new()),
            Rule::Exchange(terms) => terms.saleable(pool, account),
        }
    }

    /// What the account owes of an asset, rounded up.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn owes(&self, pool: &Pool, account: AccountId, asset: AssetId) -> Result<Int> {
        match self {
            Rule::Lending(terms) => terms.owes(pool, account, asset),
            Rule::Exchange(_) => Ok(positive(-pool.own(account, Unit::token(asset)))),
        }
    }

    /// What an account must have to take new risk, its orders included; where there is no such
    /// line, what it must have to keep what it has.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn initial(&self, pool: &Pool, account: AccountId) -> Result<Int> {
        match self {
            Rule::Lending(terms) => Ok(terms.health(pool, account)?.requirement.into()),
            Rule::Exchange(terms) => terms.initial(pool, account),
        }
    }

    /// Whether an order that is in `pool` already may wait there.
    ///
    /// # Errors
    /// The rule's refusal.
    pub fn may_order(&self, pool: &Pool, order: &Order) -> Result<()> {
        match self {
            Rule::Lending(_) => Err(Rejection::Unsupported),
            Rule::Exchange(terms) => terms.may_order(pool, order),
        }
    }

    /// Value of a quantity of an asset or contract at its mark, in the numeraire, rounded up.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn notional(&self, pool: &Pool, asset: AssetId, quantity: &Int) -> Result<Int> {
        let price = pool.price(asset)?;
        if let (Rule::Exchange(terms), Ok(contract)) = (self, contract::terms(pool, asset)) {
            let worth = contract::worth(pool, asset, quantity, price)?.up();
            return Ok(terms.value(pool, contract.settle, &worth)?.up());
        }
        let whole = Fraction::scaled(quantity.clone(), pool.asset(asset)?.decimals);
        Ok(whole.times(&contract::exact(price)).of(&ten(self.numeraire_decimals(pool))).up())
    }

    /// What of an asset that settles contracts is worth a value in the numeraire, rounded up.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn amount_for(&self, pool: &Pool, asset: AssetId, value: &Int) -> Result<Int> {
        match self {
            Rule::Lending(_) => Err(Rejection::Unsupported),
            Rule::Exchange(terms) => Ok(terms.amount_for(pool, asset, value)?.up()),
        }
    }

    /// Sizes of a position at which the tiers below its own end, largest first.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn steps_down(&self, pool: &Pool, account: AccountId, asset: AssetId) -> Result<Vec<Int>> {
        match self {
            Rule::Lending(_) => Ok(Vec::new()),
            Rule::Exchange(terms) => terms.steps_down(pool, account, asset),
        }
    }

    /// The venue's own ladder.
    #[must_use]
    pub fn ladder(&self) -> Option<&Ladder> {
        match self {
            Rule::Lending(_) => None,
            Rule::Exchange(terms) => terms.ladder.as_ref(),
        }
    }

    /// By what the venue ranks winners.
    #[must_use]
    pub fn ranking(&self) -> Option<Ranking> {
        match self {
            Rule::Lending(_) => None,
            Rule::Exchange(terms) => terms.ranking,
        }
    }

    /// What keepers may call, best first.
    ///
    /// # Errors
    /// A price that was never accepted.
    pub fn options(&self, pool: &Pool, account: AccountId) -> Result<Vec<lending::KeeperOption>> {
        match self {
            Rule::Lending(terms) if !terms.sold_by_venue => lending::options(terms, pool, account),
            _ => Ok(Vec::new()),
        }
    }
}

/// The rule that a name and a text stand for.
///
/// # Errors
/// An unknown name, or a text that is refused.
pub fn look_up<'a>(library: &'a Library, rule: &str, text: &str) -> Result<&'a Known> {
    let texts = library.get(rule).ok_or(Rejection::UnknownRulebook)?;
    texts.get(text).ok_or(Rejection::BadParameter)
}
