//! What a rulebook says should happen. The engine commits it whole or not at all.

use crate::StateKey;
use breakwater_money::TransferCode;
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, Transfer, U256, Unit};
use serde::{Deserialize, Serialize};

/// Which accounts' health may have changed other than through prices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Touched {
    /// None.
    #[default]
    Nobody,
    /// These, besides every account that a transfer names.
    Accounts(Vec<AccountId>),
    /// Possibly everyone: a pool-wide index, band or threshold moved. Opens a new epoch.
    Everyone,
}

/// What happened, in terms a reader of events understands. Amounts are base units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Debt was repaid and collateral seized for it.
    Seized {
        /// Whose.
        account: AccountId,
        /// Debt repaid by the liquidator.
        repaid: Amount,
        /// Collateral the liquidator received.
        seized: Amount,
        /// Collateral the venue kept.
        fee: Amount,
        /// Value of what was repaid, in the numeraire.
        repaid_value: u128,
        /// Value of what was seized, fee included, in the numeraire.
        seized_value: u128,
        /// True when the venue's cap on the share of debt was binding.
        capped: bool,
    },
    /// Somebody traded with the pool itself: bought what it had taken over, or swapped with its own
    /// market maker.
    Exchanged {
        /// What came into the pool.
        paid: Amount,
        /// What left it.
        received: Amount,
        /// Value of what came in, in the numeraire, rounded up.
        paid_value: u128,
        /// Value of what left, in the numeraire, rounded down.
        received_value: u128,
    },
    /// Own collateral or a position was sold to the market.
    Sold {
        /// Whose.
        account: AccountId,
        /// What was sold, or bought back for a short.
        sold: Amount,
        /// What came in, or was paid for a short.
        proceeds: Amount,
    },
    /// A loss was recognised.
    Deficit {
        /// Whose debt it was.
        account: AccountId,
        /// How much is missing.
        amount: Amount,
        /// The same in the numeraire.
        value: u128,
    },
    /// Somebody bore a part of a loss.
    Borne {
        /// Whose loss.
        account: AccountId,
        /// Who bore it.
        bearer: Bearer,
        /// How much.
        amount: Amount,
    },
    /// A loss that lay with nobody found its bearer later.
    Covered {
        /// Who bears it now.
        bearer: Bearer,
        /// How much.
        amount: Amount,
        /// What of the asset is still with nobody, base units.
        outstanding: u128,
    },
    /// A contract changed hands.
    Traded {
        /// Who is longer now.
        buyer: AccountId,
        /// Who is shorter now.
        seller: AccountId,
        /// How much of which contract.
        quantity: Amount,
        /// At which price.
        price: Price,
    },
    /// Payments between the sides of a contract, or interest on what is owed of an asset.
    Charged {
        /// The contract or asset.
        asset: AssetId,
        /// The share of value (or of the debt), 1e12; below zero shorts pay longs.
        rate_e12: i64,
        /// What accounts paid together.
        paid: Amount,
    },
    /// A session's profit and loss became cash, or a contract was delivered.
    Settled {
        /// Which contract.
        contract: AssetId,
        /// At which price.
        price: Price,
        /// True if the contract has ended.
        delivered: bool,
    },
    /// A vault took an account over whole.
    TakenOver {
        /// Whose.
        account: AccountId,
        /// By whom.
        vault: AccountId,
        /// Equity that came with it, in the numeraire; below zero the vault bears it.
        equity: i128,
    },
    /// A part of a position changed accounts as it stands.
    Moved {
        /// Who gave it.
        from: AccountId,
        /// Who has it now.
        to: AccountId,
        /// How much of which contract.
        quantity: Amount,
        /// What had been paid or got for it, which went along.
        entry: Amount,
    },
    /// A part of an option was used before its end.
    Exercised {
        /// Who held it.
        holder: AccountId,
        /// Who was short of it and pays; none is the outside.
        writer: Option<AccountId>,
        /// How much of which option.
        quantity: Amount,
        /// At which price of the underlying.
        price: Price,
        /// What the writer pays.
        paid: Amount,
    },
}

/// Who bears a loss, in the order of the waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bearer {
    /// The insurance fund.
    Insurance,
    /// A backstop vault.
    Vault,
    /// A winner whose position was closed.
    Deleveraged(AccountId),
    /// An account that took its share.
    Socialised(AccountId),
    /// Nobody yet.
    Outstanding,
    /// Everybody who has lent the asset, through the worth of their shares.
    Lenders,
    /// Everybody who still owes, by taking over the debt with the collateral.
    Borrowers,
    /// Everybody who wins, without anybody being chosen: the other side of the contract through its
    /// index, or all who have profit through the part of it that is backed.
    Winners,
}

/// Transfers, moves of the rulebook's state, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Balance movements; each nets to zero in its unit by construction.
    pub transfers: Vec<Transfer>,
    /// New values of the rulebook's state, later entries winning.
    pub state: Vec<(StateKey, U256)>,
    /// Whose health may have changed.
    pub touched: Touched,
    /// What happened.
    pub facts: Vec<Fact>,
}

impl Effects {
    /// Adds a movement, leaving out one of nothing.
    pub fn transfer(
        &mut self,
        debit: Holder,
        credit: Holder,
        unit: Unit,
        amount: u128,
        code: TransferCode,
    ) {
        if amount != 0 && debit != credit {
            self.transfers.push(Transfer { debit, credit, unit, amount, code });
        }
    }

    /// Sets an integer of the rulebook's state.
    pub fn set(&mut self, key: StateKey, value: U256) {
        self.state.push((key, value));
    }

    /// Appends what `other` says should happen afterwards.
    pub fn then(&mut self, other: Effects) {
        self.transfers.extend(other.transfers);
        self.state.extend(other.state);
        self.facts.extend(other.facts);
        self.touched = match (std::mem::take(&mut self.touched), other.touched) {
            (Touched::Everyone, _) | (_, Touched::Everyone) => Touched::Everyone,
            (Touched::Nobody, t) | (t, Touched::Nobody) => t,
            (Touched::Accounts(mut a), Touched::Accounts(b)) => {
                a.extend(b);
                Touched::Accounts(a)
            }
        };
    }

    /// Accounts whose balances the transfers change, each once, in order.
    #[must_use]
    pub fn moved_accounts(&self) -> Vec<AccountId> {
        let mut accounts: Vec<AccountId> = self
            .transfers
            .iter()
            .flat_map(|t| [t.debit, t.credit])
            .filter_map(|holder| match holder {
                Holder::Account(account) | Holder::Position(account, _) => Some(account),
                _ => None,
            })
            .collect();
        if let Touched::Accounts(more) = &self.touched {
            accounts.extend(more);
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// What the transfers move into (`credit`) minus out of (`debit`) `holder`, in `asset` itself.
    #[must_use]
    pub fn net(&self, holder: Holder, asset: AssetId) -> i128 {
        let unit = Unit::token(asset);
        self.transfers.iter().filter(|t| t.unit == unit).fold(0i128, |sum, t| {
            let amount = i128::try_from(t.amount).unwrap_or(i128::MAX);
            let sum = if t.credit == holder { sum.saturating_add(amount) } else { sum };
            if t.debit == holder { sum.saturating_sub(amount) } else { sum }
        })
    }
}
