//! Runs seeds, many at a time.
//!
//! `SEED=17` runs that one and tells its history; `N=100000` runs so many, `FROM=…` on; `TWICE=1` runs each seed
//! twice and compares; `LESSON=choices+worlds` (or `nothing`, `series`, `both` for the first two, `all`) has all of them live
//! what those lessons teach.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::history::{Broken, Figures};
use crate::once_failed::ONCE_FAILED;
use crate::planted::Planted;
use crate::run::{Ended, live};
use crate::shrink::shrink;
use crate::steps::{Learned, Plan};

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
    let mut ended = live(&plan, planted, false);
    if twice {
        let again = live(&plan, planted, false);
        if again.fingerprint != ended.fingerprint {
            let (one, two) = (live(&plan, planted, true), live(&plan, planted, true));
            let differs = |one: &[String], two: &[String]| {
                let longest = one.len().max(two.len());
                let at = (0..longest).find(|at| one.get(*at) != two.get(*at))?;
                Some((one.get(at).cloned(), two.get(at).cloned()))
            };
            let how = differs(&one.lines, &two.lines).or_else(|| differs(&one.marks, &two.marks));
            ended.broken.push(Broken {
                promise: "one history",
                how: format!("two lives of one seed differ: {how:?}"),
            });
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
        .map(|(seed, learned, _)| (*seed, learned.unwrap_or_else(|| Learned::of(*seed))))
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
                    let ended = run(seed, learned, None, twice || at.is_multiple_of(20));
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
    let sum = sum.into_inner().unwrap();
    println!("{sum}{:.1} s", began.elapsed().as_secs_f64());
    let failed = failed.into_inner().unwrap();
    if failed.is_empty() {
        // An oracle that mostly excuses proves little.
        for (what, (judged, excused)) in sum.judged.iter().filter(|_| count >= MANY) {
            assert!(judged > excused, "{what}: {judged} judged, {excused} excused");
        }
        return;
    }
    for (seed, (learned, _, how)) in &failed {
        println!("seed {seed} (LESSON={}): {how}", learned.name());
    }
    let mut told = std::collections::BTreeSet::new();
    for (seed, (learned, promise, _)) in &failed {
        if told.len() < 3 && told.insert(*promise) {
            println!("{}", story(*seed, *learned, promise, None));
        }
    }
    panic!("{} of {} seeds failed", failed.len(), seeds.len());
}

/// So many histories tell how much the oracles judge.
const MANY: u64 = 500;

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
                        let mut fitting = broken.iter();
                        let fitting = fitting.find(|broken| planted.breaks().contains(&broken.promise));
                        fitting.map(|broken| (seed, broken.to_string()))
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
