//! Who follows a path: the numbers that a row leaves out, gathered while it runs.

/// One round of liquidations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// The step, from 0.
    pub step: u32,
    /// The round within it, from 0.
    pub round: u32,
    /// The price at which everybody was liquidated, price units.
    pub before: u64,
    /// The price after what was sold moved it.
    pub after: u64,
    /// Debt repaid, or value of the positions closed, base units.
    pub value: u64,
    /// Net of what was sold and bought, base units.
    pub net: u64,
}

/// Follows one path. Nothing that it does can change the path.
pub trait Observer {
    /// A round ended.
    fn round(&mut self, round: Round) {
        let _ = round;
    }

    /// A step ended at a price.
    fn stepped(&mut self, step: u32, price: u64) {
        let _ = (step, price);
    }
}

/// Looks away.
impl Observer for () {}
