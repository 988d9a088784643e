//! Follows recurrences given one a line on standard input, for `tests/contract/recurrence.py`, which follows them by
//! other means.
//!
//! In: `{"lines": [...], "start": seconds, "zone": name, "from": seconds, "limit": n}`, seconds since 1970.
//! Out: `{"starts": [seconds]}` or `{"beyond": reason}`.

use std::io::{BufRead, Write};

use jiff::Timestamp;
use reconvene_core::recurrence::Recurrence;
use serde::Deserialize;

#[derive(Deserialize)]
struct Question {
    lines: Recurrence,
    start: i64,
    zone: String,
    from: i64,
    limit: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let asked: Question = serde_json::from_str(&line?)?;
        let (start, from) = (
            Timestamp::from_second(asked.start)?,
            Timestamp::from_second(asked.from)?,
        );
        let answer = match asked.lines.starts(start, &asked.zone, from, asked.limit) {
            Ok(starts) => {
                let seconds: Vec<_> = starts.into_iter().map(Timestamp::as_second).collect();
                serde_json::json!({ "starts": seconds })
            }
            Err(beyond) => serde_json::json!({ "beyond": beyond }),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
