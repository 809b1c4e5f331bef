//! What several things went through over time: one lane each.

use serde::{Deserialize, Serialize};

/// Lanes over a common time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timelines {
    /// One or two sentences on how to read them.
    pub caption: String,
    /// Name of the horizontal axis.
    pub axis: String,
    /// Labels of the horizontal axis: place and text, ascending.
    pub ticks: Vec<(f64, String)>,
    /// States, in the order of the legend.
    pub states: Vec<String>,
    /// Kinds of marks, in the order of the legend.
    pub kinds: Vec<String>,
    /// The lanes, from above.
    pub lanes: Vec<TimelineLane>,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineLane {
    /// Its name, as short as possible.
    pub name: String,
    /// Stretches of time: from, until, place of the state.
    pub spans: Vec<(f64, f64, usize)>,
    /// Moments: when, place of the kind, what happened.
    pub marks: Vec<(f64, usize, String)>,
}
