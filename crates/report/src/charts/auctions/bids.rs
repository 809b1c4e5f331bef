//! One lot's auction: bids or the falling price, beside the market.

use super::{MOST, note_cut};
use crate::axis::Axis;
use crate::canvas::{Canvas, Key};
use crate::charts::Chart;
use crate::check;
use crate::error::ReportError;
use crate::input::LotBids;
use crate::number::short;
use crate::svg::line_path;
use crate::table::{Column, Table, Value};

const BID: &str = "f-sky s-blue dot";
const WON: &str = "f-orange s-orange";

impl Chart for LotBids {
    fn check(&self) -> Result<(), ReportError> {
        for (name, line) in [("market", &self.market), ("asked", &self.asked)] {
            let field = |i| format!("bids.{name}[{i}].0");
            check::ascending(line.iter().map(|p| p.0), field)?;
            for (i, point) in line.iter().enumerate() {
                check::drawable(point.1, || format!("bids.{name}[{i}].1"))?;
            }
        }
        let at = |i| format!("bids.bids[{i}].at_minutes");
        check::ascending(self.bids.iter().map(|bid| bid.at_minutes), at)?;
        for (i, bid) in self.bids.iter().enumerate() {
            check::drawable(bid.price, || format!("bids.bids[{i}].price"))?;
        }
        Ok(())
    }

    fn empty(&self) -> Option<&'static str> {
        self.bids.is_empty().then_some("Nobody bid.")
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn draw(&self, mut canvas: Canvas<'_>) -> String {
        let phone = canvas.is_phone();
        let lines = self.market.iter().chain(&self.asked);
        let prices = lines.clone().map(|p| p.1).chain(self.bids.iter().map(|bid| bid.price));
        let y = Axis::from_zero(prices, 5);
        let minutes = lines.map(|p| p.0).chain(self.bids.iter().map(|bid| bid.at_minutes));
        let x = Axis::exact_from_zero(minutes, if phone { 4 } else { 6 });
        let mut legend = vec![(Key::Line("line s-blue"), "market".to_owned())];
        if !self.asked.is_empty() {
            legend.push((Key::Line("line dash s-grey"), "price asked".to_owned()));
        }
        legend.push((Key::Circle(BID, 4.0), "bid".to_owned()));
        legend.push((Key::Circle(WON, 5.0), "sold".to_owned()));
        canvas.legend(&legend);
        let plot = canvas.plot(&self.unit, &y, if phone { 180.0 } else { 220.0 }, 14.0);
        canvas.x_axis(&plot, &x, "minutes since the opening");
        for (class, line) in [("line s-blue", &self.market), ("line dash s-grey", &self.asked)] {
            let at = |p: &(f64, f64)| (plot.x(&x, p.0), plot.y(&y, p.1));
            canvas.svg.path(class, &line_path(&line.iter().map(at).collect::<Vec<_>>(), true));
        }
        for bid in self.bids.iter().take(MOST) {
            let at = (plot.x(&x, bid.at_minutes), plot.y(&y, bid.price));
            let (class, radius) = if bid.won { (WON, 5.0) } else { (BID, 4.0) };
            let what = if bid.won { "bought at" } else { "bid" };
            let hint = format!(
                "{} {what} {} after {} minutes",
                bid.bidder,
                short(bid.price, 5),
                short(bid.at_minutes, 4)
            );
            canvas.svg.circle(class, at, radius, &hint);
        }
        note_cut(&mut canvas, self.bids.len(), "The first bids");
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::number("at_minutes", "Minutes"),
            Column::words("bidder", "Bidder"),
            Column::number("price", &format!("Price, {}", self.unit)),
            Column::words("won", "Bought"),
        ];
        let row = |bid: &crate::input::BidMark| {
            vec![
                Value::Number(bid.at_minutes),
                Value::text(&bid.bidder),
                Value::Number(bid.price),
                Value::text(if bid.won { "yes" } else { "no" }),
            ]
        };
        Table { columns, rows: self.bids.iter().map(row).collect() }
    }
}
