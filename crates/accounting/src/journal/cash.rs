//! Tokens that an account itself has: margin, fees, funding, losses and their bearers.

use super::marks::Marks;
use super::touch::Moved;
use super::{Draft, JournalBooks, JournalError, RowKind, Scene, Touched, Valuations};
use breakwater_engine::Body;
use breakwater_liquidation::{Call, Fact};
use breakwater_money::{AccountId, TransferCode, Unit};

impl JournalBooks {
    /// Books every token of the account that the set moves.
    pub(super) fn tokens_of(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        touch: Touched<'_>,
    ) -> Result<(), JournalError> {
        let sold: Vec<&Moved> =
            touch.tokens.iter().filter(|moved| moved.code == TransferCode::Sale).collect();
        if let [first, second] = sold[..]
            && (first.units < 0) != (second.units < 0)
        {
            let (out, came) = if first.units < 0 { (first, second) } else { (second, first) };
            self.sold(scene, marks, account, (*out, *came))?;
        } else {
            for moved in &sold {
                self.token(scene, marks, account, **moved, RowKind::Other)?;
            }
        }
        let liquidated = scene.facts.iter().any(|fact| {
            matches!(fact, Fact::Sold { account: of, .. } | Fact::Seized { account: of, .. }
                if *of == account)
        });
        for moved in touch.tokens.iter().filter(|moved| moved.code != TransferCode::Sale) {
            let unit = Unit::token(moved.asset);
            let slot = self.slot(marks, account, unit)?;
            slot.shares = slot.shares.saturating_add(moved.units);
            if moved.code == TransferCode::Realise {
                // Booked with the position: here it only becomes cash.
                if let Some(shifted) = self.shift(marks, account, unit, moved.units)? {
                    self.gained(
                        scene,
                        marks,
                        (account, unit),
                        moved.units,
                        &shifted,
                        RowKind::Spent,
                    );
                }
                continue;
            }
            let kind = kind_of(scene.body, moved, liquidated);
            let told = moved.code == TransferCode::Fee && touch.fee_rides(moved.asset);
            self.shifted(scene, marks, account, *moved, kind, told)?;
        }
        Ok(())
    }

    fn token(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        moved: Moved,
        kind: RowKind,
    ) -> Result<(), JournalError> {
        let slot = self.slot(marks, account, Unit::token(moved.asset))?;
        slot.shares = slot.shares.saturating_add(moved.units);
        self.shifted(scene, marks, account, moved, kind, false)
    }

    /// Books a movement at the mark under one kind. `told` is true where another entry tells of it.
    fn shifted(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        moved: Moved,
        kind: RowKind,
        told: bool,
    ) -> Result<(), JournalError> {
        let unit = Unit::token(moved.asset);
        let place = (account, unit);
        let Some(shifted) = self.shift(marks, account, unit, moved.units)? else { return Ok(()) };
        if kind == RowKind::Opening {
            return self.opening(scene, marks, place, moved.units, shifted.value);
        }
        self.assumed.insert(kind);
        if !told {
            self.writer.moved(scene, marks, place, moved.units, &shifted.value, kind)?;
        }
        if kind == RowKind::Withdrawn && !shifted.owed {
            let quantity = super::slot::whole(moved.units, marks.decimals(moved.asset));
            let (basis, amount) = (shifted.moved.basis.clone(), -shifted.moved.basis.clone());
            let (asset, valuations) = (moved.asset, None);
            self.write(scene, Draft { account, kind, asset, quantity, basis, amount, valuations });
            return Ok(());
        }
        self.row(scene, marks, (account, moved.asset), moved.units, kind, shifted.value.clone());
        self.gained(scene, marks, place, moved.units, &shifted, RowKind::Spent);
        Ok(())
    }

    /// One margin asset was sold for another: market value less basis, and what the market paid against
    /// the mark.
    fn sold(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        (out, came): (Moved, Moved),
    ) -> Result<(), JournalError> {
        for moved in [out, came] {
            let slot = self.slot(marks, account, Unit::token(moved.asset))?;
            slot.shares = slot.shares.saturating_add(moved.units);
        }
        let (from, to) = (Unit::token(out.asset), Unit::token(came.asset));
        let given = self.shift(marks, account, from, out.units)?;
        let got = self.shift(marks, account, to, came.units)?;
        let (Some(given), Some(got)) = (given, got) else { return Ok(()) };
        let sales = &mut self.account(account).forced_sales;
        *sales = sales.saturating_add(1);
        let kind = RowKind::ForcedSale { slice: *sales };
        let market = super::marks::magnitude(&given.value);
        let values = (&market, &got.value);
        self.writer.sold(scene, marks, account, (out, came), kind, values)?;
        let valuations = Some(Valuations { discharged: got.value.clone(), market: market.clone() });
        let quantity = super::slot::whole(out.units, marks.decimals(out.asset));
        let (basis, amount) = (given.moved.basis.clone(), given.moved.profit.clone());
        let asset = out.asset;
        self.write(scene, Draft { account, kind, asset, quantity, basis, amount, valuations });
        let shortfall = &got.value - market;
        let place = (account, out.asset);
        self.row(scene, marks, place, 0, RowKind::SaleShortfall, shortfall);
        self.gained(scene, marks, (account, to), came.units, &got, RowKind::Spent);
        Ok(())
    }
}

/// Why tokens of an account moved, by the code of the transfer.
fn kind_of(body: &Body, moved: &Moved, liquidated: bool) -> RowKind {
    let imports = matches!(body, Body::Call(Call::Import { .. }));
    match moved.code {
        TransferCode::Deposit if imports => RowKind::Opening,
        TransferCode::Import => RowKind::Opening,
        TransferCode::Deposit => RowKind::Deposited,
        TransferCode::Withdraw => RowKind::Withdrawn,
        TransferCode::Fee if liquidated => RowKind::LiquidationFee,
        TransferCode::Fee => RowKind::TradingFee,
        TransferCode::Reward => RowKind::KeeperFee,
        TransferCode::Funding => RowKind::Funding,
        TransferCode::Interest if moved.units < 0 => RowKind::BorrowInterest,
        TransferCode::Interest => RowKind::SupplyInterest,
        TransferCode::Deficit | TransferCode::Insurance => RowKind::Waived,
        TransferCode::Socialise => RowKind::Socialised,
        TransferCode::Takeover => RowKind::TakenOver,
        _ => RowKind::Other,
    }
}
