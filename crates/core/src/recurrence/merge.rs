//! One series out of its rules, the dates added and those left out.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Beyond;
use super::expand::{Expansion, Frame};
use super::read::{Named, Read};

/// An expansion and the start that it gives next.
#[derive(Debug)]
struct Ahead<'a> {
    next: Option<Timestamp>,
    expansion: Expansion<'a>,
}

impl<'a> Ahead<'a> {
    fn new(mut expansion: Expansion<'a>) -> Result<Self, Beyond> {
        let next = expansion.next()?;
        Ok(Self { next, expansion })
    }

    /// Goes on to the first start that is not before `instant`, and says whether it is that one.
    fn reaches(&mut self, instant: Timestamp) -> Result<bool, Beyond> {
        while self.next.is_some_and(|next| next < instant) {
            self.next = self.expansion.next()?;
        }
        Ok(self.next == Some(instant))
    }
}

/// The starts that a series leaves out.
#[derive(Debug)]
pub(super) struct LeftOut<'a> {
    frame: &'a Frame,
    instants: Vec<Timestamp>,
    /// A bare day leaves out whatever begins on it.
    days: Vec<Date>,
    rules: Vec<Ahead<'a>>,
}

impl<'a> LeftOut<'a> {
    /// What the `EXDATE` and `EXRULE` lines leave out from `from` on.
    pub(super) fn new(lines: &Read, frame: &'a Frame, from: Timestamp) -> Result<Self, Beyond> {
        let (mut instants, mut days) = (Vec::new(), Vec::new());
        for named in &lines.left_out {
            match named {
                Named::Day(day) => days.push(*day),
                _ => instants.extend(frame.occurrence(*named)),
            }
        }
        instants.sort_unstable();
        days.sort_unstable();
        let rules = lines
            .excluding
            .iter()
            .map(|rule| Ahead::new(Expansion::new(rule, frame, from, false)?));
        Ok(Self {
            frame,
            instants,
            days,
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    fn has(&mut self, instant: Timestamp) -> Result<bool, Beyond> {
        let mut has = self.instants.binary_search(&instant).is_ok()
            || !self.days.is_empty()
                && self
                    .days
                    .binary_search(&self.frame.zone.to_datetime(instant).date())
                    .is_ok();
        for rule in &mut self.rules {
            has |= rule.reaches(instant)?;
        }
        Ok(has)
    }
}

/// The first `limit` starts of `rules` and `added` together, in order, but for those left out.
pub(super) fn merge(
    rules: Vec<Expansion<'_>>,
    mut added: Vec<Timestamp>,
    mut left_out: Option<LeftOut<'_>>,
    limit: usize,
) -> Result<Vec<Timestamp>, Beyond> {
    let mut starts = Vec::new();
    if limit == 0 {
        return Ok(starts);
    }
    added.sort_unstable();
    added.dedup();
    let mut added = added.into_iter().peekable();
    let mut rules = rules.into_iter().map(Ahead::new).collect::<Result<Vec<_>, _>>()?;
    while starts.len() < limit {
        let ruled = rules.iter().filter_map(|rule| rule.next).min();
        let Some(start) = ruled.into_iter().chain(added.peek().copied()).min() else {
            break;
        };
        if !left_out
            .as_mut()
            .map_or(Ok(false), |left_out| left_out.has(start))?
        {
            starts.push(start);
            if starts.len() == limit {
                break;
            }
        }
        added.next_if_eq(&start);
        for rule in &mut rules {
            if rule.reaches(start)? {
                rule.next = rule.expansion.next()?;
            }
        }
    }
    Ok(starts)
}
