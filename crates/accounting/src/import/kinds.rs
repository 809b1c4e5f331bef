//! What a row says, by its kind.

use super::{ImportError, Importer, Record};
use crate::entry::{
    Acquire, Acquired, Borrow, Dispose, Disposed, Expense, ExpenseKind, Fill, FillReason, Funding,
    Kind, Mark, Payer, Repay, Transfer, Waived,
};
use crate::names::{AssetId, Contract, ContractId, Form, SourceId, WalletId};
use crate::number::{Price, Quantity, Value};
use breakwater_money::Time;

/// Kinds of rows, as messages list them.
const KINDS: &str = "buy, interest, mining, airdrop, gift-in, opening, sell, forced-sale, seizure, spend, \
    gift, donation, transfer, borrow, repay, repaid-by-liquidator, fill, liquidation, deleveraged, expiry, \
    mark, funding, borrow-interest, trading-fee, liquidation-fee, keeper-fee, other-fee or waived";

impl Importer {
    pub(super) fn kind(
        &mut self,
        record: &Record,
        at: Time,
        wallet: WalletId,
        source: SourceId,
    ) -> Result<Kind, ImportError> {
        let word = record.need("kind", KINDS)?;
        let acquired = match word {
            "buy" => Some(Acquired::Bought),
            "interest" => Some(Acquired::Interest),
            "mining" => Some(Acquired::Mined),
            "airdrop" => Some(Acquired::Airdrop),
            "gift-in" => Some(Acquired::Gift),
            "opening" => Some(Acquired::Opening),
            _ => None,
        };
        if let Some(how) = acquired {
            return self.acquire(record, at, wallet, source, how);
        }
        let disposed = match word {
            "sell" => Some(Disposed::Sold),
            "forced-sale" => Some(Disposed::ForcedSale(0)),
            "seizure" => Some(Disposed::Seizure),
            "spend" => Some(Disposed::Spent),
            "gift" => Some(Disposed::Gift),
            "donation" => Some(Disposed::Donation),
            _ => None,
        };
        if let Some(how) = disposed {
            return self.dispose(record, at, wallet, source, how);
        }
        let reason = match word {
            "fill" => Some(FillReason::Trade),
            "liquidation" => Some(FillReason::Liquidation),
            "deleveraged" => Some(FillReason::Deleveraged),
            "expiry" => Some(FillReason::Expiry),
            _ => None,
        };
        if let Some(reason) = reason {
            return self.fill(record, at, reason);
        }
        let expense = match word {
            "borrow-interest" => Some(ExpenseKind::BorrowInterest),
            "trading-fee" => Some(ExpenseKind::TradingFee),
            "liquidation-fee" => Some(ExpenseKind::LiquidationFee),
            "keeper-fee" => Some(ExpenseKind::KeeperFee),
            "other-fee" => Some(ExpenseKind::Other),
            _ => None,
        };
        if let Some(kind) = expense {
            return self.expense(record, at, kind);
        }
        match word {
            "transfer" => self.transfer(record, at, wallet),
            "borrow" => {
                let (asset, quantity, value) = self.units(record, at)?;
                Ok(Kind::Borrow(Borrow { asset, quantity, value }))
            }
            "repay" => self.repay(record, at, Payer::Holder),
            "repaid-by-liquidator" => self.repay(record, at, Payer::Liquidator),
            "waived" => {
                let (asset, quantity, value) = self.units(record, at)?;
                Ok(Kind::Waived(Waived { asset, quantity, value }))
            }
            "mark" => {
                let (contract, settle_price) = self.contract(record, at)?;
                let price = self.price(record, "price")?;
                Ok(Kind::Mark(Mark { contract, price, settle_price }))
            }
            "funding" => {
                let (contract, settle_price) = self.contract(record, at)?;
                let amount = Quantity(self.signed(record, "quantity")?);
                Ok(Kind::Funding(Funding { contract, amount, settle_price }))
            }
            other => Err(record.wrong("kind", other, KINDS)),
        }
    }

    fn asset(&mut self, record: &Record) -> Result<AssetId, ImportError> {
        let name = record.need("asset", "the name of an asset")?;
        Ok(self.names.asset(name))
    }

    fn units(
        &mut self,
        record: &Record,
        at: Time,
    ) -> Result<(AssetId, Quantity, Value), ImportError> {
        let asset = self.asset(record)?;
        let quantity = self.quantity(record, "quantity")?;
        let value = self.value(record, "value", at, asset, quantity)?;
        Ok((asset, quantity, value))
    }

    fn lots(&mut self, record: &Record) -> Vec<SourceId> {
        let lots = record.get("lots").unwrap_or("");
        let separator = |c: char| c == ';' || c == ',';
        let names = lots.split(separator).map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| self.names.source(name)).collect()
    }

    fn acquire(
        &mut self,
        record: &Record,
        at: Time,
        wallet: WalletId,
        source: SourceId,
        how: Acquired,
    ) -> Result<Kind, ImportError> {
        let (asset, mut quantity, cost) = self.units(record, at)?;
        let (fee, in_kind) = self.fee(record, at, wallet, source, asset)?;
        // A fee in the units bought leaves fewer of them, at the same cost.
        quantity = Quantity(quantity.0.saturating_sub(in_kind.0));
        if quantity <= Quantity::ZERO {
            let fee = in_kind.to_string();
            return Err(record.wrong("fee", &fee, "less than the units bought"));
        }
        let acquired = match record.get("acquired") {
            Some(_) => Some(self.time(record, "acquired")?),
            None => None,
        };
        Ok(Kind::Acquire(Acquire { asset, quantity, cost, fee, how, acquired, price: None }))
    }

    fn dispose(
        &mut self,
        record: &Record,
        at: Time,
        wallet: WalletId,
        source: SourceId,
        how: Disposed,
    ) -> Result<Kind, ImportError> {
        let (asset, quantity, proceeds) = self.units(record, at)?;
        let (fee, fee_in_kind) = self.fee(record, at, wallet, source, asset)?;
        let market = self.number(record, "market")?.map(Value);
        let how = match how {
            Disposed::ForcedSale(_) => {
                let slice = self.slices.entry((wallet, asset)).or_default();
                *slice = slice.saturating_add(1);
                Disposed::ForcedSale(*slice)
            }
            Disposed::Seizure if market.is_none() => {
                let right = "market value of what was seized, beside the debt discharged in value";
                return Err(record.wrong("market", "", right));
            }
            other => other,
        };
        let lots = self.lots(record);
        Ok(Kind::Dispose(Dispose {
            asset,
            quantity,
            fee_in_kind,
            proceeds,
            fee,
            market,
            how,
            lots,
        }))
    }

    fn transfer(&mut self, record: &Record, at: Time, from: WalletId) -> Result<Kind, ImportError> {
        let asset = self.asset(record)?;
        let to = record.need("to", "the account that received")?;
        let to = self.names.wallet(to);
        if to == from {
            let name = self.names.wallet_name(to).to_owned();
            return Err(record.wrong("to", &name, "another account than the one that sent"));
        }
        let sent = self.quantity(record, "quantity")?;
        let received = match record.get("received") {
            Some(_) => self.quantity(record, "received")?,
            None => sent,
        };
        if received > sent {
            let got = received.to_string();
            return Err(record.wrong("received", &got, "no more than the quantity sent"));
        }
        let name = self.names.asset_name(asset).to_owned();
        let price = match self.number(record, "price")? {
            Some(raw) if raw >= 0 => Price(raw),
            Some(raw) => {
                return Err(record.wrong("price", &Price(raw).to_string(), "0 or more"));
            }
            None => match self.prices.at(&name, at) {
                Some(price) => price,
                None if received == sent || self.names.is_cash(asset) => Price::ZERO,
                None => {
                    let right =
                        "a price, which the network fee needs, or one in the table of prices";
                    return Err(record.wrong("price", "", right));
                }
            },
        };
        let lots = self.lots(record);
        Ok(Kind::Transfer(Transfer { asset, to, sent, received, price, lots }))
    }

    fn repay(&mut self, record: &Record, at: Time, payer: Payer) -> Result<Kind, ImportError> {
        let (asset, quantity, value) = self.units(record, at)?;
        let lots = self.lots(record);
        Ok(Kind::Repay(Repay { asset, quantity, value, payer, lots }))
    }

    fn expense(
        &mut self,
        record: &Record,
        at: Time,
        kind: ExpenseKind,
    ) -> Result<Kind, ImportError> {
        let asset = self.asset(record)?;
        let quantity = Quantity(self.signed(record, "quantity")?);
        let value = self.value(record, "value", at, asset, quantity)?;
        let accrued = match record.get("accrued") {
            None | Some("no") => false,
            Some("yes") => true,
            Some(other) => return Err(record.wrong("accrued", other, "yes or no")),
        };
        let contract = match record.get("contract") {
            Some(_) => Some(self.contract(record, at)?.0),
            None => None,
        };
        Ok(Kind::Expense(Expense { kind, asset, quantity, value, accrued, contract }))
    }

    fn fill(&mut self, record: &Record, at: Time, reason: FillReason) -> Result<Kind, ImportError> {
        let (contract, settle_price) = self.contract(record, at)?;
        let quantity = Quantity(self.signed(record, "quantity")?);
        let price = self.price(record, "price")?;
        let fee = Quantity(self.number(record, "fee")?.unwrap_or(0));
        Ok(Kind::Fill(Fill { contract, quantity, price, fee, reason, settle_price }))
    }

    fn signed(&mut self, record: &Record, column: &'static str) -> Result<i128, ImportError> {
        let right = "a number, signed, other than 0";
        let text = record.need(column, right)?;
        match self.number(record, column)? {
            Some(raw) if raw != 0 => Ok(raw),
            _ => Err(record.wrong(column, text, right)),
        }
    }

    fn price(&mut self, record: &Record, column: &'static str) -> Result<Price, ImportError> {
        self.quantity(record, column).map(|quantity| Price(quantity.0))
    }

    /// The contract of a row, and what a unit of its settle asset is worth.
    fn contract(&mut self, record: &Record, at: Time) -> Result<(ContractId, Price), ImportError> {
        let name = record.need("contract", "the name of a contract")?.to_owned();
        let venue = record.get("venue").unwrap_or("unnamed").to_owned();
        let form = match record.get("form") {
            None | Some("linear") => Form::Linear,
            Some("inverse") => Form::Inverse,
            Some(other) => return Err(record.wrong("form", other, "linear or inverse")),
        };
        let size = match record.get("size") {
            Some(_) => self.quantity(record, "size")?,
            None => Quantity::ONE,
        };
        let settle_name = record.need("settle", "the asset that the contract pays in")?.to_owned();
        let settle = self.names.asset(&settle_name);
        let contract = Contract { name: name.clone(), venue, form, size, settle };
        let id = self.names.contract(contract).map_err(|error| {
            record.wrong("contract", &name, &format!("one set of terms ({error})"))
        })?;
        let settle_price = match record.get("settle_price") {
            Some(_) => self.price(record, "settle_price")?,
            None if self.names.is_cash(settle) => Price::ONE,
            None => match self.prices.at(&settle_name, at) {
                Some(price) => price,
                // An inverse contract is priced in the currency that its coin is worth.
                None if form == Form::Inverse && record.get("price").is_some() => {
                    self.price(record, "price")?
                }
                None => {
                    let right =
                        format!("what one {settle_name} is worth, here or in the table of prices");
                    return Err(record.wrong("settle_price", "", &right));
                }
            },
        };
        Ok((id, settle_price))
    }
}
