//! What came in, went out and is held.

use crate::support::terms::Side;

/// Raw quantities of what one party posted, by place in the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flows {
    /// Arrived.
    pub received: Vec<u128>,
    /// Went back.
    pub returned: Vec<u128>,
    /// Kept by the other party towards what it is owed.
    pub applied: Vec<u128>,
    /// Sold.
    pub sold: Vec<u128>,
    /// Is held.
    pub held: Vec<u128>,
    /// Interest paid on it; it passes from party to party and is never held.
    pub interest: Vec<u128>,
}

/// Money that passed through, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Money {
    /// Proceeds of sales.
    pub proceeds: u128,
    /// Paid by a guarantor.
    pub guaranteed: u128,
    /// Paid by a party that owed the close-out amount.
    pub settled: u128,
    /// Paid to A and to B.
    pub paid: [u128; 2],
    /// Is held.
    pub held: u128,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// By who posted.
    pub flows: [Flows; 2],
    /// Money.
    pub money: Money,
}

impl Accounts {
    pub(super) fn new(rows: usize) -> Accounts {
        let zero = || vec![0; rows];
        let flows = || Flows {
            received: zero(),
            returned: zero(),
            applied: zero(),
            sold: zero(),
            held: zero(),
            interest: zero(),
        };
        Accounts { flows: [flows(), flows()], money: Money::default() }
    }

    /// Whether all that came in went out or is held, in every row and in money.
    #[must_use]
    pub fn balanced(&self) -> bool {
        let rows = |flows: &Flows| {
            (0..flows.received.len()).all(|place| {
                let out = [&flows.returned, &flows.applied, &flows.sold, &flows.held];
                let out = out.iter().try_fold(0u128, |sum, row| sum.checked_add(row[place]));
                out == Some(flows.received[place])
            })
        };
        let money = &self.money;
        let came = money.proceeds.checked_add(money.guaranteed);
        let came = came.and_then(|sum| sum.checked_add(money.settled));
        let went = money.paid[0].checked_add(money.paid[1]);
        let went = went.and_then(|sum| sum.checked_add(money.held));
        self.flows.iter().all(rows) && came.is_some() && came == went
    }

    /// Whether `lots` can arrive without passing what 128 bits count.
    pub(super) fn has_room(&self, pledgor: Side, lots: &[u128]) -> bool {
        let flows = &self.flows[pledgor.place()];
        let rows = flows.received.iter().zip(lots);
        rows.map(|(had, lot)| had.checked_add(*lot)).all(|sum| sum.is_some())
    }

    pub(super) fn receive(&mut self, pledgor: Side, lots: &[u128]) {
        let flows = &mut self.flows[pledgor.place()];
        for (place, lot) in lots.iter().enumerate() {
            flows.received[place] += lot;
            flows.held[place] += lot;
        }
    }

    /// Whether `lots` are held.
    pub(super) fn holds(&self, pledgor: Side, lots: &[u128]) -> bool {
        self.flows[pledgor.place()].held.iter().zip(lots).all(|(held, lot)| held >= lot)
    }

    /// Gives `lots` that are held to where `to` counts them.
    pub(super) fn give(
        &mut self,
        pledgor: Side,
        lots: &[u128],
        to: impl Fn(&mut Flows) -> &mut Vec<u128>,
    ) {
        let flows = &mut self.flows[pledgor.place()];
        for (place, lot) in lots.iter().enumerate() {
            // Callers ask `holds` first; what is not there does not go out.
            let lot = (*lot).min(flows.held[place]);
            flows.held[place] -= lot;
            to(flows)[place] += lot;
        }
    }

    /// Pays `amount` of the money held.
    pub(super) fn pay(&mut self, to: Side, amount: u128) {
        let amount = amount.min(self.money.held);
        self.money.held -= amount;
        self.money.paid[to.place()] += amount;
    }
}
