//! The real binary, killed with SIGKILL at random moments and started again: over real sockets, on a real database
//! file, with a real keyring. The promises are judged by what the services received, by what lies on the disk after each
//! kill, and by what the command line tells.
//!
//! `KILLS=200` kills that often, `SEED=7` at other moments.

mod calendar;
mod doom;
mod judge;
mod left_behind;
mod story;
mod told;

use std::collections::BTreeMap;

use story::Story;

/// So many kills unless `KILLS` says otherwise, and no more in one story: Zoom takes a hundred changes a day.
const KILLS: u64 = 16;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_to_p14_hold_however_often_the_process_is_killed() {
    let mut seed = from_environment("SEED").unwrap_or(1);
    let mut left = from_environment("KILLS").unwrap_or(KILLS);
    let mut struck: BTreeMap<&str, u32> = BTreeMap::new();
    while left > 0 {
        let kills = left.min(KILLS);
        println!("a story of {kills} kills: SEED={seed}");
        let mut story = Story::begin(seed).await;
        story.live(kills).await;
        story.settle().await;
        story.end().await;
        for (when, times) in &story.doom.lock().unwrap().kills {
            *struck.entry(when).or_default() += times;
        }
        (left, seed) = (left - kills, seed + 1);
    }
    println!("processes ended: {struck:?}");
}
