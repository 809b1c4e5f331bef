//! What the rules against a drain and against a fall remember.

use crate::Engine;
use crate::tape::Tape;
use breakwater_liquidation::solvency::bands::{Reference, Trading};
use breakwater_liquidation::solvency::defences::BandTerms;
use breakwater_liquidation::solvency::outflow::{OutflowWindow, Throttle};
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_money::{AccountId, AssetId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A withdrawal that waits. What it asks for stays the account's until it is paid: it earns what it
/// earned, and it is collateral of what the account owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Whose.
    pub account: AccountId,
    /// What is taken out.
    pub asset: AssetId,
    /// True for money that was put at the pool's disposal to bear liquidations.
    pub reclaim: bool,
    /// What waited at first, base units.
    pub asked: u128,
    /// Paid of it since.
    pub paid: u128,
    /// Second of engine time since which it waits.
    pub since: u64,
}

/// The marks of an asset and whether it trades.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Banded {
    pub terms: BandTerms,
    pub reference: Reference,
    pub trading: Trading,
}

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Defended {
    pub outflow: Option<OutflowWindow>,
    /// Waiting withdrawals by number.
    pub claims: BTreeMap<u64, Waiting>,
    /// Claims so far.
    pub claimed: u64,
    pub throttle: Option<Throttle>,
    pub bands: BTreeMap<AssetId, Banded>,
    pub stress: StressState,
    /// The measured asset's marks, where a fall is measured.
    pub tape: Option<(AssetId, Tape)>,
}

impl Engine {
    /// Withdrawals that wait, by number of the claim.
    #[must_use]
    pub fn waiting_withdrawals(&self) -> &BTreeMap<u64, Waiting> {
        &self.defended.claims
    }

    /// Value that may still leave now, in the numeraire; none without a limit.
    #[must_use]
    pub fn outflow_room(&self) -> Option<u128> {
        let mut window = self.defended.outflow.clone()?;
        let held = self.look(|view| crate::steps::defences::held(self, view));
        window.revalue(held);
        Some(window.room_at(crate::steps::defences::second(self.now)))
    }

    /// Value that may still be liquidated now, in the numeraire; none without a throttle.
    #[must_use]
    pub fn liquidation_room(&self) -> Option<u128> {
        let throttle = self.defended.throttle.as_ref()?;
        Some(throttle.room(crate::steps::defences::second(self.now)))
    }

    /// Until when the asset is paused at its band, if it is.
    #[must_use]
    pub fn band_pause(&self, asset: AssetId) -> Option<Time> {
        let mut paused = crate::steps::defences::bands::paused(self, self.now);
        paused.find(|(of, _)| *of == asset).map(|(_, until)| until)
    }

    /// The state of stress.
    #[must_use]
    pub fn stress_state(&self) -> StressState {
        self.defended.stress
    }
}
