//! Charts of auctions.

mod bids;
mod path;
mod proceeds;

use crate::canvas::Canvas;

/// Beyond this many marks only the first are drawn: more would cover each other and make the file
/// heavy. The chart says so, and its table still counts them all.
const MOST: usize = 2_000;

/// Says how many marks were left out.
fn note_cut(canvas: &mut Canvas<'_>, all: usize, what: &str) {
    if all > MOST {
        let (shown, all) =
            (crate::number::short(MOST as f64, 4), crate::number::short(all as f64, 6));
        canvas.note(format!("Only {shown} of {all} {what} are drawn."));
    }
}
