//! The rules told slowly: every observation is kept, every half second is visited, and every sample
//! is looked up. Written from the rules, not from the board.

use super::*;
use std::collections::BTreeSet;

/// All that is drawn falls on multiples of this, so that visiting these moments misses nothing.
pub(super) const TICK: u64 = SECOND / 2;

/// What a series is made of, in ticks and in 1e-6.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Period, time of day and sample.
    pub funding: Option<(u64, u64, u64)>,
    pub rising: bool,
    /// Interest, band and cap.
    pub rates: (i64, i64, i64),
    /// Period and time of day.
    pub session: Option<(u64, u64)>,
    /// Sample, count of samples and largest age.
    pub settlement: Option<(u64, u64, Option<u64>)>,
    pub present_min: i64,
    pub exercise: ExerciseRule,
    pub transfer: TransferRule,
    pub roll: Option<(u64, usize)>,
    /// In nanoseconds.
    pub expires: Option<u64>,
    pub option: bool,
}

/// The largest rate, where interest, band and cap are drawn in 1e-6.
const MICRO: i64 = 1_000_000;

impl Terms {
    /// The same as a parameter file would state it.
    pub fn series(&self, place: usize) -> Series {
        let span = |ticks: u64| format!("{}ms", ticks * 500);
        let share = |micro: i64| {
            let sign = if micro < 0 { "-" } else { "" };
            format!("{sign}{}", Price::new(micro.unsigned_abs().into(), 6))
        };
        let time = |ticks: u64| {
            let second = ticks / 2;
            format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
        };
        let funding = self.funding.map(|(every, at, sample)| FundingParameters {
            every: span(every),
            of: None,
            at: time(at),
            sample: span(sample),
            weights: if self.rising { Weights::Rising } else { Weights::Plain },
            interest: share(self.rates.0),
            band: share(self.rates.1),
            cap: share(self.rates.2),
        });
        let session = self.session;
        let session =
            session.map(|(every, at)| SessionParameters { every: span(every), at: time(at) });
        let settlement = self.settlement.map(|(sample, count, age_max)| SettlementParameters {
            window: span(sample * count),
            sample: span(sample),
            age_max: age_max.map(span),
            present_min: share(self.present_min),
        });
        let roll = self.roll.map(|(before, _)| RollParameters { before: span(before) });
        let (exercise, transfer) = (self.exercise, self.transfer);
        let parameters =
            LifecycleParameters { exercise, transfer, funding, session, settlement, roll };
        Series {
            symbol: place.to_string(),
            lifecycle: parameters.read("drawn").unwrap(),
            expires: self.expires.map(Time),
            into: self.roll.map(|(_, into)| into),
            option: self.option,
        }
    }

    fn is_moment(cycle: Option<(u64, u64)>, at: u64) -> bool {
        cycle.is_some_and(|(every, of_day)| {
            (i128::from(at) - i128::from(of_day * TICK)).rem_euclid(i128::from(every * TICK)) == 0
        })
    }

    fn is_session(&self, at: u64) -> bool {
        Terms::is_moment(self.session, at)
    }

    fn before_expiry(&self, ticks: u64) -> Option<u64> {
        self.expires.map(|expires| expires - ticks * TICK)
    }
}

/// An observation: the first moment whose sample sees it, when it was made, and of what.
struct Seen {
    from: u64,
    at: u64,
    mark_of: Option<usize>,
    price: Price,
}

/// The naive board.
pub(super) struct Naive {
    terms: Vec<Terms>,
    opened: u64,
    now: u64,
    /// The first moment that is not over.
    open: u64,
    seen: Vec<Seen>,
    waiting: Vec<(usize, AccountId, u128)>,
    rolling: BTreeSet<(usize, AccountId)>,
    ended: Vec<bool>,
}

impl Naive {
    pub fn new(terms: Vec<Terms>, opened: u64, index: Price) -> Naive {
        let first = Seen { from: opened, at: opened, mark_of: None, price: index };
        let ended = vec![false; terms.len()];
        Naive {
            terms,
            opened,
            now: opened,
            open: opened,
            seen: vec![first],
            waiting: Vec::new(),
            rolling: BTreeSet::new(),
            ended,
        }
    }

    pub fn step(&mut self, now: u64, input: Input) -> Vec<Happened> {
        let open = if input == Input::Time { now + 1 } else { now.max(self.open) };
        let mut told = Vec::new();
        let first = self.open.max(self.opened + 1).next_multiple_of(TICK);
        for at in (first..open).step_by(TICK as usize) {
            for kind in 0..6 {
                for place in 0..self.terms.len() {
                    let what =
                        if self.ended[place] { Vec::new() } else { self.due(at, kind, place) };
                    let happened = |what| Happened { at: Time(at), series: place, what };
                    told.extend(what.into_iter().map(happened));
                }
            }
        }
        (self.now, self.open) = (now, open);
        match input {
            Input::Time => {}
            Input::Index(price) => {
                self.seen.push(Seen { from: open, at: now, mark_of: None, price });
            }
            Input::Mark { series, price } => {
                self.seen.push(Seen { from: open, at: now, mark_of: Some(series), price });
            }
            Input::Ask(request) => {
                let what = match self.refused(&request) {
                    Some(why) => Some(What::Refused { request, why }),
                    None => self.granted(request),
                };
                let happened = |what| Happened { at: Time(now), series: request.series(), what };
                told.extend(what.map(happened));
            }
        }
        told
    }

    /// The last index or mark whose first sample is at or before `at`.
    fn last(&self, mark_of: Option<usize>, at: u64) -> Option<&Seen> {
        let fits = |seen: &&Seen| seen.mark_of == mark_of && seen.from <= at;
        self.seen.iter().rev().find(fits)
    }

    fn index(&self, at: u64) -> Price {
        self.last(None, at).unwrap().price
    }

    fn mark_or_index(&self, place: usize, at: u64) -> Price {
        self.last(Some(place), at).map_or_else(|| self.index(at), |seen| seen.price)
    }

    fn due(&mut self, at: u64, kind: u8, place: usize) -> Vec<What> {
        let terms = &self.terms[place];
        let price = self.index(at);
        match kind {
            0 if terms.is_session(at) => {
                let (due, rest) =
                    self.waiting.drain(..).partition(|(series, _, _)| *series == place);
                self.waiting = rest;
                let due: Vec<(usize, AccountId, u128)> = due;
                let what = |(_, holder, quantity)| What::Exercised { holder, quantity, price };
                due.into_iter().map(what).collect()
            }
            1 => match terms.funding {
                Some((every, of_day, _)) if Terms::is_moment(Some((every, of_day)), at) => {
                    vec![self.funded(at, place)]
                }
                _ => Vec::new(),
            },
            2 if terms.is_session(at) => vec![What::SessionEnded],
            3 => match terms.roll {
                Some((before, into)) if terms.before_expiry(before) == Some(at) => {
                    let (near, far) = (self.mark_or_index(place, at), self.mark_or_index(into, at));
                    let of = |(series, _): &&(usize, AccountId)| *series == place;
                    let holders: Vec<_> = self.rolling.iter().filter(of).copied().collect();
                    self.rolling.retain(|(series, _)| *series != place);
                    let what = |(_, holder)| What::Rolled { holder, into, near, far };
                    holders.into_iter().map(what).collect()
                }
                _ => Vec::new(),
            },
            4 => match terms.settlement {
                Some((sample, count, _)) if terms.before_expiry(sample * count) == Some(at) => {
                    vec![What::FixingBegan]
                }
                _ => Vec::new(),
            },
            5 if terms.expires == Some(at) => {
                self.ended[place] = true;
                self.waiting.retain(|(series, _, _)| *series != place);
                vec![self.delivered(at, place)]
            }
            _ => Vec::new(),
        }
    }

    fn funded(&self, at: u64, place: usize) -> What {
        let terms = &self.terms[place];
        let (every, _, sample) = terms.funding.unwrap();
        let (mut sum, mut weights, mut samples) = (0i128, 0i128, 0);
        for n in 1..=every / sample {
            let moment = at - every * TICK + n * sample * TICK;
            let Some(mark) = self.last(Some(place), moment).map(|seen| seen.price) else {
                continue;
            };
            let index = self.index(moment);
            let scaled = |price: Price| {
                i128::try_from(price.raw * 10u128.pow(9 - u32::from(price.decimals))).unwrap()
            };
            let (mark, index) = (scaled(mark), scaled(index));
            let premium = ((mark - index) * 1_000_000_000_000).div_euclid(index);
            let weight = if terms.rising { i128::from(n) } else { 1 };
            sum += weight * premium;
            weights += weight;
            samples += 1;
        }
        if samples == 0 {
            return What::Funded { premium_e12: 0, rate_e12: 0, samples };
        }
        let premium = sum.div_euclid(weights);
        let (interest, band, cap) = terms.rates;
        let e12 = |micro: i64| i128::from(micro) * i128::from(MICRO);
        let pull = (e12(interest) - premium).max(-e12(band)).min(e12(band));
        let rate = (premium + pull).max(-e12(cap)).min(e12(cap));
        let narrow = |wide: i128| i64::try_from(wide).unwrap();
        What::Funded { premium_e12: narrow(premium), rate_e12: narrow(rate), samples }
    }

    /// The prices of the samples of a settlement price before `open`, and how many are missing.
    fn samples(&self, place: usize, open: u64) -> (Vec<u128>, u32) {
        let terms = &self.terms[place];
        let (sample, count, age_max) = terms.settlement.unwrap();
        let (mut prices, mut missing) = (Vec::new(), 0);
        for left in (0..count).rev() {
            let moment = terms.before_expiry(left * sample).unwrap();
            if moment >= open {
                continue;
            }
            // Before the board opened no index was known.
            let last = self.last(None, moment);
            let fresh =
                last.filter(|last| age_max.is_none_or(|age| moment - last.at <= age * TICK));
            match fresh {
                None => missing += 1,
                Some(last) => prices.push(last.price.raw),
            }
        }
        (prices, missing)
    }

    fn delivered(&self, at: u64, place: usize) -> What {
        let last = self.index(at);
        let Some((_, count, _)) = self.terms[place].settlement else {
            return What::Delivered { price: last, samples: 1, missing: 0 };
        };
        let (prices, missing) = self.samples(place, at + 1);
        let samples = u32::try_from(prices.len()).unwrap();
        let there = u64::from(samples) * MICRO.unsigned_abs();
        let enough = there >= count * self.terms[place].present_min.unsigned_abs();
        let raw = if enough && samples > 0 { mean(&prices) } else { last.raw };
        What::Delivered { price: Price { raw, ..last }, samples, missing }
    }

    /// What is fixed of a settlement price.
    pub fn fixing(&self, place: usize) -> Option<Fixing> {
        let (sample, count, _) = self.terms[place].settlement?;
        let begins = self.terms[place].before_expiry(sample * count)?;
        if self.now < begins || self.ended[place] {
            return None;
        }
        let (prices, missing) = self.samples(place, self.open);
        let so_far = (!prices.is_empty()).then(|| Price::new(mean(&prices), 2));
        let taken = u32::try_from(prices.len()).unwrap();
        Some(Fixing { taken, planned: u32::try_from(count).unwrap(), missing, so_far })
    }

    pub fn ended(&self, place: usize) -> bool {
        self.ended[place]
    }

    fn refused(&self, request: &Request) -> Option<Refusal> {
        let terms = &self.terms[request.series()];
        if self.ended[request.series()] {
            return Some(Refusal::Ended);
        }
        match *request {
            Request::Exercise { .. } if terms.exercise == ExerciseRule::European => {
                Some(Refusal::European)
            }
            Request::Transfer { .. } if terms.transfer == TransferRule::None => {
                Some(Refusal::TransfersNotAllowed)
            }
            Request::Transfer { from, to, .. } if from == to => Some(Refusal::SameAccount),
            Request::Exercise { quantity: 0, .. } | Request::Transfer { quantity: 0, .. } => {
                Some(Refusal::QuantityZero)
            }
            Request::Rolling { .. } => match terms.roll {
                None => Some(Refusal::NothingToRollInto),
                Some((before, _)) => {
                    let at = terms.before_expiry(before).unwrap();
                    (at < self.open || at <= self.opened).then_some(Refusal::RollPassed)
                }
            },
            _ => None,
        }
    }

    fn granted(&mut self, request: Request) -> Option<What> {
        match request {
            Request::Exercise { series, holder, quantity } => {
                let price = self.index(self.open);
                if self.terms[series].exercise == ExerciseRule::AmericanAtSession {
                    self.waiting.push((series, holder, quantity));
                    return None;
                }
                Some(What::Exercised { holder, quantity, price })
            }
            Request::Transfer { series, from, to, quantity } => {
                let at_mark = self.terms[series].transfer == TransferRule::AtMark;
                let mark = at_mark.then(|| self.mark_or_index(series, self.open));
                Some(What::Transferred { from, to, quantity, mark })
            }
            Request::Rolling { series, holder, on } => {
                match on {
                    true => self.rolling.insert((series, holder)),
                    false => self.rolling.remove(&(series, holder)),
                };
                None
            }
        }
    }
}

/// The mean to the nearest unit, half up.
fn mean(prices: &[u128]) -> u128 {
    let count = prices.len() as u128;
    (2 * prices.iter().sum::<u128>() + count) / (2 * count)
}
