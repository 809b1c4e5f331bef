//! Names as small numbers: assets, wallets, contracts and sources.

use crate::AccountingError;
use crate::number::Quantity;
use std::collections::HashMap;

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
    };
}

id!(AssetId, "An asset, by its place in [`Names`].");
id!(WalletId, "A wallet or account, by its place in [`Names`].");
id!(ContractId, "A derivative contract, by its place in [`Names`].");
id!(SourceId, "A row of a file or an event of a journal, by its place in [`Names`].");

/// How a contract pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// `size * q * (p - entry)` in the settle asset.
    Linear,
    /// `size * q * (1 / entry - 1 / p)` in the settle asset, which is the coin.
    Inverse,
}

/// A derivative contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its name at the venue.
    pub name: String,
    /// The venue that lists it.
    pub venue: String,
    /// How it pays.
    pub form: Form,
    /// Units (linear) or quote money (inverse) a contract.
    pub size: Quantity,
    /// What profit, fees and funding are paid in.
    pub settle: AssetId,
}

#[derive(Debug, Clone, Default)]
struct Table {
    list: Vec<String>,
    places: HashMap<String, u32>,
}

impl Table {
    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        // Four thousand million names do not fit the memory this runs in; the last place is then
        // shared, and names stay readable.
        let place = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }

    fn name(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.list.get(place)).map_or("?", |name| name)
    }
}

/// Every name that entries use, each known by a small number.
#[derive(Debug, Clone, Default)]
pub struct Names {
    assets: Table,
    wallets: Table,
    sources: Table,
    contracts: Vec<Contract>,
    contract_places: HashMap<(String, String), u32>,
    cash: Vec<bool>,
    pledged: Vec<WalletId>,
}

impl Names {
    /// No names yet.
    #[must_use]
    pub fn new() -> Self {
        Names::default()
    }

    /// The number of the asset called `name`, new if it was not known.
    pub fn asset(&mut self, name: &str) -> AssetId {
        let place = self.assets.place(name);
        self.cash.resize(self.assets.list.len(), false);
        AssetId(place)
    }

    /// The number of the asset called `name`, if it is known.
    #[must_use]
    pub fn known_asset(&self, name: &str) -> Option<AssetId> {
        self.assets.places.get(name).copied().map(AssetId)
    }

    /// The number of the wallet called `name`, new if it was not known.
    pub fn wallet(&mut self, name: &str) -> WalletId {
        WalletId(self.wallets.place(name))
    }

    /// The number of the source called `name`, new if it was not known.
    pub fn source(&mut self, name: &str) -> SourceId {
        SourceId(self.sources.place(name))
    }

    /// The number of the source called `name`, if it is known.
    #[must_use]
    pub fn known_source(&self, name: &str) -> Option<SourceId> {
        self.sources.places.get(name).copied().map(SourceId)
    }

    /// The number of `contract`, new if its venue had none of that name.
    ///
    /// # Errors
    /// It is known with other terms.
    pub fn contract(&mut self, contract: Contract) -> Result<ContractId, AccountingError> {
        let key = (contract.venue.clone(), contract.name.clone());
        if let Some(place) = self.contract_places.get(&key) {
            let id = ContractId(*place);
            return match self.terms(id) {
                Some(known) if *known == contract => Ok(id),
                _ => Err(AccountingError::ContractDiffers { contract: contract.name }),
            };
        }
        let place = u32::try_from(self.contracts.len()).unwrap_or(u32::MAX);
        self.contracts.push(contract);
        self.contract_places.insert(key, place);
        Ok(ContractId(place))
    }

    /// The terms of a contract.
    #[must_use]
    pub fn terms(&self, id: ContractId) -> Option<&Contract> {
        usize::try_from(id.0).ok().and_then(|place| self.contracts.get(place))
    }

    /// Says that an asset is the currency of the report (or stands for it): no lots.
    pub fn set_cash(&mut self, asset: AssetId, cash: bool) {
        if let Some(place) = usize::try_from(asset.0).ok().and_then(|at| self.cash.get_mut(at)) {
            *place = cash;
        }
    }

    /// Whether an asset is the currency of the report.
    #[must_use]
    pub fn is_cash(&self, asset: AssetId) -> bool {
        usize::try_from(asset.0).ok().and_then(|at| self.cash.get(at)).is_some_and(|cash| *cash)
    }

    /// Says that what lies in a wallet is posted as collateral with somebody else.
    pub fn set_pledged(&mut self, wallet: WalletId) {
        if !self.pledged.contains(&wallet) {
            self.pledged.push(wallet);
        }
    }

    /// Whether what lies in a wallet is posted as collateral.
    #[must_use]
    pub fn is_pledged(&self, wallet: WalletId) -> bool {
        self.pledged.contains(&wallet)
    }

    /// Name of an asset.
    #[must_use]
    pub fn asset_name(&self, id: AssetId) -> &str {
        self.assets.name(id.0)
    }

    /// Name of a wallet.
    #[must_use]
    pub fn wallet_name(&self, id: WalletId) -> &str {
        self.wallets.name(id.0)
    }

    /// Name of a source.
    #[must_use]
    pub fn source_name(&self, id: SourceId) -> &str {
        self.sources.name(id.0)
    }

    /// Name of a contract.
    #[must_use]
    pub fn contract_name(&self, id: ContractId) -> &str {
        self.terms(id).map_or("?", |contract| &contract.name)
    }

    /// How many assets are known.
    #[must_use]
    pub fn assets(&self) -> u32 {
        u32::try_from(self.assets.list.len()).unwrap_or(u32::MAX)
    }

    /// How many wallets are known.
    #[must_use]
    pub fn wallets(&self) -> u32 {
        u32::try_from(self.wallets.list.len()).unwrap_or(u32::MAX)
    }

    /// How many contracts are known.
    #[must_use]
    pub fn contracts(&self) -> u32 {
        u32::try_from(self.contracts.len()).unwrap_or(u32::MAX)
    }
}
