//! Closed forms of events that bring events.

use super::falls::{TIGHT, named};
use super::float::{Found, Inputs, refused};
use crate::{Adapter, Mismatch};
use breakwater_simulate::stress::hawkes::Hawkes;
use serde_json::Value;

/// Processes with an exponential kernel.
pub(super) struct Events;

impl Adapter for Events {
    fn knows(&self, file: &Value) -> bool {
        named(file, "hawkes-exp")
    }

    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let one = |mismatch| vec![mismatch];
        let inputs = Inputs::of(case, "").map_err(one)?;
        let mu = inputs.number("mu").map_err(one)?;
        let alpha = inputs.number("alpha").map_err(one)?;
        let beta = inputs.number("beta").map_err(one)?;
        let hawkes = Hawkes::new(mu, alpha, beta).map_err(|error| vec![refused(error)])?;
        let found = vec![
            ("branching_ratio", Found::Number(hawkes.branching_ratio())),
            ("mean_intensity", Found::number_or_nothing(hawkes.mean_intensity())),
            ("mean_cluster_size", Found::number_or_nothing(hawkes.mean_cluster_size())),
            ("var_cluster_size", Found::number_or_nothing(hawkes.var_cluster_size())),
            ("fano_infinity", Found::number_or_nothing(hawkes.fano_infinity())),
            ("autocov_decay_rate", Found::Number(hawkes.autocov_decay_rate())),
        ];
        inputs.compare(&["mu", "alpha", "beta"], &found, TIGHT)
    }
}
