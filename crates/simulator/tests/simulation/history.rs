//! What happened, in words: one line after the other, hashed always and kept only when somebody will read it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Broken {
    /// `P2`, `P3`, … or the name of a rule of the simulation itself.
    pub(crate) promise: &'static str,
    /// How, in words.
    pub(crate) how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.how)
    }
}

/// One run's history.
pub(crate) struct History {
    /// Tells each line at once (`LIVE=1`): for a history that never ends.
    live: bool,
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
    /// What only tells two histories apart.
    marks: Option<Vec<String>>,
}

impl History {
    pub(crate) fn new(kept: bool) -> Self {
        Self {
            live: std::env::var_os("LIVE").is_some(),
            hash: DefaultHasher::new(),
            lines: kept.then(Vec::new),
            marks: kept.then(Vec::new),
        }
    }

    pub(crate) fn note(&mut self, line: String) {
        line.hash(&mut self.hash);
        if self.live {
            eprintln!("{line}");
        }
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
    }

    /// What is compared, and told to nobody.
    pub(crate) fn mark(&mut self, line: String) {
        line.hash(&mut self.hash);
        if let Some(marks) = &mut self.marks {
            marks.push(line);
        }
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.hash.finish()
    }

    /// The lines in words, and the marks.
    pub(crate) fn lines(self) -> (Vec<String>, Vec<String>) {
        (self.lines.unwrap_or_default(), self.marks.unwrap_or_default())
    }
}

/// What many runs amounted to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Figures {
    pub(crate) seeds: u64,
    pub(crate) steps: u64,
    pub(crate) requests: u64,
    pub(crate) updates: u64,
    pub(crate) deletions: u64,
    /// Kills that were lain in wait for.
    pub(crate) kills: BTreeMap<String, u64>,
    /// How often a machine ended.
    pub(crate) ended: u64,
    pub(crate) faults: BTreeMap<String, u64>,
    /// By what the oracles looked at in the end: how often they judged, and how often there was an excuse.
    pub(crate) judged: BTreeMap<&'static str, (u64, u64)>,
    /// Virtual seconds.
    pub(crate) lived: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.requests += other.requests;
        self.updates += other.updates;
        self.deletions += other.deletions;
        self.lived += other.lived;
        self.ended += other.ended;
        for (name, count) in &other.kills {
            *self.kills.entry(name.clone()).or_default() += count;
        }
        self.judge(&other.judged);
        for (name, count) in &other.faults {
            *self.faults.entry(name.clone()).or_default() += count;
        }
    }
}

impl Figures {
    /// Counts what was judged.
    pub(crate) fn judge(&mut self, judged: &BTreeMap<&'static str, (u64, u64)>) {
        for (what, (judged, excused)) in judged {
            let sum = self.judged.entry(what).or_default();
            *sum = (sum.0 + judged, sum.1 + excused);
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} seeds, {} steps, {} requests, {} updates, {} deletions, {:.1} years lived",
            self.seeds,
            self.steps,
            self.requests,
            self.updates,
            self.deletions,
            self.lived as f64 / (365.25 * 86_400.0)
        )?;
        let sum: u64 = self.kills.values().sum();
        writeln!(f, "{} kills, of {sum} lain in wait for:", self.ended)?;
        for (name, count) in &self.kills {
            writeln!(f, "  {count:>9}  {name}")?;
        }
        writeln!(f, "judged in the end, and excused:")?;
        for (what, (judged, excused)) in &self.judged {
            writeln!(f, "  {judged:>9}  {excused:>9}  {what}")?;
        }
        let sum: u64 = self.faults.values().sum();
        writeln!(f, "{sum} faults:")?;
        for (name, count) in &self.faults {
            writeln!(f, "  {count:>9}  {name}")?;
        }
        Ok(())
    }
}
