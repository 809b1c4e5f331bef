//! What can be asked of a rulebook: one enum of shapes, whatever the venue.

use breakwater_money::{AccountId, AssetId, Price, U256};
use serde::{Deserialize, Serialize};

/// A call on a rulebook. Amounts are base units of the asset named.
///
/// One call may touch many accounts: [`Call::Absorb`] names several, and any call may return
/// effects that move an index under everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Assets come in from outside as collateral or margin.
    Deposit {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// Assets go out.
    Withdraw {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much; the largest number means all.
        amount: u128,
    },
    /// Debt is taken up and paid out.
    Borrow {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much.
        amount: u128,
    },
    /// Debt is paid back.
    Repay {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// How much; the largest number means all.
        amount: u128,
    },
    /// Collateral and debt that exist elsewhere are carried over as they are, without the checks
    /// of new business: a book is liquidated as it is found.
    Import {
        /// Who.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Collateral or margin.
        collateral: u128,
        /// Debt.
        debt: u128,
    },
    /// An account setting, by the number of its column in the rulebook's layout.
    Configure {
        /// Who.
        account: AccountId,
        /// Which column.
        column: u16,
        /// To what.
        value: U256,
    },
    /// A contract changes hands between two accounts, or one account and the outside.
    Trade {
        /// Who gets longer; none is the outside.
        buyer: Option<AccountId>,
        /// Who gets shorter; none is the outside.
        seller: Option<AccountId>,
        /// Which contract.
        contract: AssetId,
        /// How much.
        quantity: u128,
        /// At which price.
        price: Price,
    },
    /// A liquidator repays debt and takes collateral at the venue's terms.
    RepayAndSeize {
        /// Whose.
        account: AccountId,
        /// Debt to repay.
        debt: AssetId,
        /// Collateral to take.
        collateral: AssetId,
        /// Debt offered; the venue may take less. The largest number means as much as allowed.
        amount: u128,
        /// Take deposit shares instead of the asset itself.
        shares: bool,
        /// The liquidator, if it is an account of the pool.
        liquidator: Option<AccountId>,
    },
    /// The pool takes over accounts whole, in one call.
    Absorb {
        /// Whose.
        accounts: Vec<AccountId>,
    },
    /// A sale that the engine ordered came back from the market.
    Fill {
        /// Whose.
        account: AccountId,
        /// What was sold: collateral, or a contract (bought back if the account is short).
        asset: AssetId,
        /// How much.
        quantity: u128,
        /// What came in, or was paid for a short: the debt asset or the settle asset.
        proceeds: u128,
        /// In which asset.
        proceeds_asset: AssetId,
    },
    /// Winners' positions are closed against a bankrupt account's at one price.
    Deleverage {
        /// The bankrupt account.
        account: AccountId,
        /// Which contract.
        contract: AssetId,
        /// Whose positions, and how much of each.
        winners: Vec<(AccountId, u128)>,
        /// At which price.
        price: Price,
    },
    /// Nothing more can be sold: book what is missing and find its bearers.
    WriteOff {
        /// Whose.
        account: AccountId,
    },
}

impl Call {
    /// Kind of the call, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Call::Deposit { .. } => "deposit",
            Call::Withdraw { .. } => "withdraw",
            Call::Borrow { .. } => "borrow",
            Call::Repay { .. } => "repay",
            Call::Import { .. } => "import",
            Call::Configure { .. } => "configure",
            Call::Trade { .. } => "trade",
            Call::RepayAndSeize { .. } => "repay and seize",
            Call::Absorb { .. } => "absorb",
            Call::Fill { .. } => "fill",
            Call::Deleverage { .. } => "deleverage",
            Call::WriteOff { .. } => "write off",
        }
    }

    /// Every account the call names.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match self {
            Call::Deposit { account, .. }
            | Call::Withdraw { account, .. }
            | Call::Borrow { account, .. }
            | Call::Repay { account, .. }
            | Call::Import { account, .. }
            | Call::Configure { account, .. }
            | Call::Fill { account, .. }
            | Call::WriteOff { account } => vec![*account],
            Call::Trade { buyer, seller, .. } => buyer.iter().chain(seller).copied().collect(),
            Call::RepayAndSeize { account, liquidator, .. } => {
                std::iter::once(*account).chain(*liquidator).collect()
            }
            Call::Absorb { accounts } => accounts.clone(),
            Call::Deleverage { account, winners, .. } => {
                std::iter::once(*account).chain(winners.iter().map(|(w, _)| *w)).collect()
            }
        }
    }

    /// The accounts that this call liquidates, empty for ordinary business.
    #[must_use]
    pub fn liquidates(&self) -> &[AccountId] {
        match self {
            Call::RepayAndSeize { account, .. } => std::slice::from_ref(account),
            Call::Absorb { accounts } => accounts,
            _ => &[],
        }
    }
}

/// A call that the rulebook would accept now, and what it would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOption {
    /// The call, at the largest amount the venue takes.
    pub call: Call,
    /// Debt it repays, in base units of the debt asset.
    pub repaid: u128,
    /// Collateral it hands over, in base units of the collateral asset.
    pub seized: u128,
    /// Value repaid, in the numeraire.
    pub repaid_value: u128,
    /// Value handed over, in the numeraire.
    pub seized_value: u128,
    /// True if the leg lowers health: threshold x (1 + incentive) exceeds health.
    pub toxic: bool,
}
