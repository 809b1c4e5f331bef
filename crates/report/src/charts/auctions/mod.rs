//! Charts of auctions.

mod bids;
mod path;
mod proceeds;

use crate::canvas::Canvas;

/// Beyond this many marks only some are drawn: more would cover each other and make the file heavy. The
/// chart says so.
const MOST: usize = 800;

/// Says how many marks were left out.
fn note_cut(canvas: &mut Canvas<'_>, all: usize, which: &str) {
    if all > MOST {
        let (shown, all) =
            (crate::number::short(MOST as f64, 4), crate::number::short(all as f64, 6));
        canvas.note(format!("{which}: {shown} of {all} are drawn."));
    }
}
