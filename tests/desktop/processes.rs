//! Which processes there are, as the kernel tells it.

use std::fs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    parent: u32,
    pub(crate) arguments: Vec<String>,
}

/// All that are alive; a dead one that its parent has not yet asked about is not.
fn all() -> Vec<Process> {
    let ids = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(read).collect()
}

fn read(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything (proc_pid_stat(5)).
    let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
    let state = after_name.next()?;
    let parent = after_name.next()?.parse().ok()?;
    let arguments = fs::read_to_string(format!("/proc/{id}/cmdline")).ok()?;
    (state != "Z" && state != "X").then(|| Process {
        id,
        parent,
        arguments: arguments.split_terminator('\0').map(str::to_owned).collect(),
    })
}

/// Everything that descends from `ancestor`.
pub(crate) fn descendants(ancestor: u32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|process| process.parent == parent) {
            parents.push(child.id);
            found.push(child.clone());
        }
    }
    found
}

/// The windows among the descendants of an agent.
pub(crate) fn windows(agent: u32) -> Vec<Process> {
    let window = |process: &Process| process.arguments.last().is_some_and(|last| last == "window");
    descendants(agent).into_iter().filter(window).collect()
}

/// The processes of WebKit among the descendants of an agent.
pub(crate) fn web_kit(agent: u32) -> Vec<Process> {
    let web_kit = |process: &Process| {
        process
            .arguments
            .first()
            .is_some_and(|program| program.contains("WebKit"))
    };
    descendants(agent).into_iter().filter(web_kit).collect()
}

pub(crate) fn is_alive(id: u32) -> bool {
    read(id).is_some()
}
