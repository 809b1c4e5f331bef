//! Circles whose area is an amount, shared by the charts that scatter liquidations.

use crate::canvas::{Canvas, Key};
use crate::number::{exponent, power_of_ten, short};

/// Beyond this many circles only the largest are drawn: more would cover each other and make the
/// file heavy. The chart says so, and its table still counts them all.
const MOST: usize = 2_000;

/// Radius of the largest circle, in pixels.
const LARGEST: f64 = 13.0;

/// One circle to draw.
pub(crate) struct Bubble {
    pub(crate) at: (f64, f64),
    pub(crate) amount_usd: f64,
    pub(crate) hint: String,
}

/// Radius for an amount when `most` is the largest of all.
fn radius(amount: f64, most: f64, phone: bool) -> f64 {
    let largest = if phone { LARGEST * 0.75 } else { LARGEST };
    if most > 0.0 { ((amount / most).sqrt() * largest).max(1.5) } else { 2.5 }
}

/// Legend entries that show what the areas mean.
pub(crate) fn keys(most: f64, phone: bool) -> Vec<(Key, String)> {
    const CLASS: &str = "f-orange s-orange dot";
    if most <= 0.0 {
        return vec![(Key::Circle(CLASS, 3.0), "a liquidation".to_owned())];
    }
    // The largest round amount of the shape 1, 2 or 5 times a power of ten that occurs.
    let unit = power_of_ten(exponent(most));
    let large = [5.0, 2.0, 1.0].map(|m| m * unit).into_iter().find(|v| *v <= most).unwrap_or(unit);
    let small = large / 10.0;
    vec![
        (
            Key::Circle(CLASS, radius(small, most, phone)),
            format!("liquidation, area = debt repaid: {} USD", short(small, 3)),
        ),
        (Key::Circle(CLASS, radius(large, most, phone)), format!("{} USD", short(large, 3))),
    ]
}

/// Draws the circles, large ones first so that small ones stay visible.
pub(crate) fn draw(canvas: &mut Canvas<'_>, mut bubbles: Vec<Bubble>) {
    let total = bubbles.len();
    bubbles.sort_by(|a, b| b.amount_usd.total_cmp(&a.amount_usd));
    bubbles.truncate(MOST);
    let most = bubbles.first().map_or(0.0, |b| b.amount_usd);
    for bubble in &bubbles {
        let r = radius(bubble.amount_usd, most, canvas.is_phone());
        canvas.svg.circle("f-orange s-orange dot", bubble.at, r, &bubble.hint);
    }
    if total > MOST {
        let (shown, all) = (short(MOST as f64, 4), short(total as f64, 6));
        canvas.note(format!("Only the {shown} largest of {all} liquidations are drawn."));
    }
}
