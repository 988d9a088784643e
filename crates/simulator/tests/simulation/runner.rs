//! Runs seeds, many at a time.
//!
//! `SEED=17` runs that one and tells its history; `N=100000` runs so many, `FROM=…` on; `TWICE=1` runs each seed
//! twice and compares; `LESSON=both` (or `nothing`, `choices`, `series`) has all of them live what that lesson teaches.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::history::Figures;
use crate::planted::Planted;
use crate::run::{Ended, live};
use crate::shrink::shrink;
use crate::steps::{Learned, Plan};

/// Seeds that once failed, each with what it found. They are always run.
const ONCE_FAILED: &[(u64, Learned, &str)] = &[
    (
        29,
        Learned::NOTHING,
        "an untried action of an account that waits kept the engine spinning",
    ),
    (56, Learned::NOTHING, "the same after a failed sign-in"),
    (
        36,
        Learned::NOTHING,
        "a copy that shared the meeting, carried elsewhere at the last moment",
    ),
    (
        70,
        Learned::NOTHING,
        "an event carried elsewhere, its conference swapped there",
    ),
    (
        91,
        Learned::NOTHING,
        "a page asked for after another calendar was told to wait",
    ),
    (
        220,
        Learned::NOTHING,
        "a meeting given to another event while the machine slept",
    ),
    (
        282,
        Learned::NOTHING,
        "an event carried elsewhere, its conference taken off there",
    ),
    (
        601,
        Learned::NOTHING,
        "those who waited for one refresh woke in no order",
    ),
    (
        1230,
        Learned::NOTHING,
        "an event brought back after its deletion was sent, shown as in step",
    ),
    (
        56408,
        Learned::NOTHING,
        "a copy without its conference stood in a deletion’s way",
    ),
    (
        453776,
        Learned::NOTHING,
        "a copy on another account’s calendar that had to wait was not waited for",
    ),
    (
        453793,
        Learned::NOTHING,
        "a write not read back was forgotten when the edit was taken back",
    ),
    (
        456982,
        Learned::NOTHING,
        "an event that moved and left the meeting took another’s deletion with it",
    ),
    (
        820,
        Learned::CHOICES,
        "a meeting made anew beside a link in the location, which people join by",
    ),
    (
        2003,
        Learned::CHOICES,
        "a wait that was asked for while a lost meeting was looked for",
    ),
    (
        2528,
        Learned::CHOICES,
        "a meeting made anew although its account had to wait",
    ),
    (
        4147,
        Learned::CHOICES,
        "a meeting written to through another account, while its host’s had to wait",
    ),
    (
        1_000_812,
        Learned::SERIES,
        "a date that another rule had wiped out was taken for cancelled when the rule named it again",
    ),
    (
        1_004_730,
        Learned::SERIES,
        "a date that no longer departed from its series did not follow it",
    ),
    (
        1_004_984,
        Learned::SERIES,
        "the last date of a half was cancelled when it went without the conference",
    ),
    (
        1_001_353,
        Learned::CHOICES,
        "a copy of a series, to which the person gave the meeting",
    ),
    (
        1_002_247,
        Learned::CHOICES,
        "the answer that made a meeting was lost, and the list refused for good",
    ),
    (
        1_003_747,
        Learned::CHOICES,
        "a wait that the answer to a person’s word asked for, forgotten",
    ),
    (
        1_003_853,
        Learned::CHOICES,
        "a meeting put on another event while it was taken back",
    ),
    (
        1_005_045,
        Learned::CHOICES,
        "a grace period cut short by a clock that was set back in the middle of a pass",
    ),
    (
        1_005_059,
        Learned::CHOICES,
        "a series on a calendar that could only be read by then",
    ),
    (
        1_005_106,
        Learned::CHOICES,
        "a wait that another calendar’s answer asked for, ended by a list that failed",
    ),
    (
        1_006_745,
        Learned::CHOICES,
        "a machine that ended right after it had kept the person’s word",
    ),
    (
        302,
        Learned::BOTH,
        "a full pass took a changed date for edited anew, and an undo for answered",
    ),
    (
        1_731,
        Learned::BOTH,
        "a pass that was under way when its calendar left the list held up a deletion for ever",
    ),
    (
        2_278,
        Learned::BOTH,
        "meetings read together for the plan, one of them told to wait",
    ),
    (
        3_000_422,
        Learned::SERIES,
        "a no to everything that stumbled over a meeting that waited for two words",
    ),
    (
        3_000_472,
        Learned::CHOICES,
        "a meeting deleted again that may have been on its event for a moment",
    ),
    (
        3_000_507,
        Learned::BOTH,
        "a series that begins in the hour that the clock shows twice",
    ),
    (
        2_000_120,
        Learned::CHOICES,
        "a wait forgotten over an answer that was under way while the machine slept",
    ),
    (
        2_001_627,
        Learned::CHOICES,
        "a wait forgotten because another account could be asked instead",
    ),
    (
        2_001_304,
        Learned::CHOICES,
        "a meeting asked for in growing pauses while another account had to wait",
    ),
    (
        4_001_685,
        Learned::of(4_001_685),
        "an account asked in the middle of an addition though it had to wait by then",
    ),
    (
        4_001_965,
        Learned::of(4_001_965),
        "a sign-in that was not told the person’s name forgot it",
    ),
    (
        5_003_679,
        Learned::of(5_003_679),
        "an undo taken back by an edit of a copy",
    ),
    (
        5_002_771,
        Learned::of(5_002_771),
        "an undo taken back when an event that could not be read could be again",
    ),
    (
        4_001_140,
        Learned::of(4_001_140),
        "an undo that waited, and said so no more once its event had left",
    ),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// What a seed's history has learned, if it is not one of those that were kept.
fn learned(seed: u64) -> Learned {
    match std::env::var("LESSON") {
        Err(_) => Learned::of(seed),
        Ok(name) => Learned::by(&name).unwrap_or_else(|| panic!("LESSON={name}")),
    }
}

/// Runs a seed; `twice` compares two runs to the byte.
fn run(seed: u64, learned: Learned, planted: Option<Planted>, twice: bool) -> Ended {
    let plan = Plan::of(seed, learned);
    let ended = live(&plan, planted, false);
    if twice {
        let again = live(&plan, planted, false);
        if again.fingerprint != ended.fingerprint {
            let (one, two) = (live(&plan, planted, true).lines, live(&plan, planted, true).lines);
            let at = one.iter().zip(&two).position(|(one, two)| one != two);
            let at = at.unwrap_or(one.len().min(two.len()));
            panic!(
                "seed {seed} had two histories: {:?} and {:?}",
                one.get(at),
                two.get(at)
            );
        }
    }
    ended
}

/// Cuts a failing seed down and tells the rest in words.
fn story(seed: u64, learned: Learned, promise: &'static str, planted: Option<Planted>) -> String {
    let plan = shrink(&Plan::of(seed, learned), promise, planted);
    let ended = live(&plan, planted, true);
    format!(
        "seed {seed} (LESSON={}), cut down to {} steps in {:?}:\n{}",
        learned.name(),
        plan.steps.len(),
        plan.setting,
        ended.lines.join("\n")
    )
}

#[test]
fn every_promise_holds_in_every_history() {
    if let Some(seed) = number("SEED") {
        let learned = learned(seed);
        let ended = live(&Plan::of(seed, learned), None, true);
        println!("{}\n{}", ended.lines.join("\n"), ended.figures);
        if let Some(broken) = ended.broken.first() {
            panic!("{}", story(seed, learned, broken.promise, None));
        }
        return;
    }
    let from = number("FROM").unwrap_or(1);
    let count = number("N").unwrap_or(2_000);
    let twice = number("TWICE").is_some();
    let began = std::time::Instant::now();
    let seeds: Vec<(u64, Learned)> = ONCE_FAILED
        .iter()
        .map(|(seed, learned, _)| (*seed, *learned))
        .chain((from..from + count).map(|seed| (seed, learned(seed))))
        .collect();
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let sum = Mutex::new(Figures::default());
    let failed: Mutex<BTreeMap<u64, (Learned, &'static str, String)>> = Mutex::default();
    let threads = number("THREADS")
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u64));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some(&(seed, learned)) = seeds.get(at) else {
                        return;
                    };
                    let ended =
                        std::panic::catch_unwind(|| run(seed, learned, None, twice || at.is_multiple_of(20)));
                    let Ok(ended) = ended else {
                        failed
                            .lock()
                            .unwrap()
                            .insert(seed, (learned, "panic", "a panic".to_owned()));
                        continue;
                    };
                    sum.lock().unwrap().add(&ended.figures);
                    if let Some(broken) = ended.broken.first() {
                        println!("seed {seed} (LESSON={}): {broken}", learned.name());
                        let mut failed = failed.lock().unwrap();
                        failed.insert(seed, (learned, broken.promise, broken.to_string()));
                        stop.store(failed.len() >= 30, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    println!(
        "{}{:.1} s",
        sum.into_inner().unwrap(),
        began.elapsed().as_secs_f64()
    );
    let failed = failed.into_inner().unwrap();
    if failed.is_empty() {
        return;
    }
    for (seed, (learned, _, how)) in &failed {
        println!("seed {seed} (LESSON={}): {how}", learned.name());
    }
    let mut told = std::collections::BTreeSet::new();
    for (seed, (learned, promise, _)) in &failed {
        if *promise != "panic" && told.len() < 3 && told.insert(*promise) {
            println!("{}", story(*seed, *learned, promise, None));
        }
    }
    panic!("{} of {} seeds failed", failed.len(), seeds.len());
}

/// Each planted bug must be found within so many seeds.
const BOUND: u64 = 400;

#[test]
fn every_planted_bug_is_found() {
    let missed = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some(&planted) = Planted::ALL.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    let found = (1..=BOUND).find_map(|seed| {
                        let broken = live(&Plan::of(seed, Learned::of(seed)), Some(planted), false).broken;
                        broken.first().map(|broken| (seed, broken.to_string()))
                    });
                    match found {
                        Some((seed, how)) => println!("{planted:?}: seed {seed}: {how}"),
                        None => missed.lock().unwrap().push(planted),
                    }
                }
            });
        }
    });
    assert_eq!(missed.into_inner().unwrap(), [], "not found within {BOUND} seeds");
}
