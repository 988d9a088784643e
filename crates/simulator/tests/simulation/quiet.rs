//! While nothing happens, Google is asked now and then what changed, and nothing else.

use std::collections::BTreeMap;

use crate::run::Run;

/// So often at most a calendar is read by one machine in 200 s: once in 45 s, and once more.
const READ: usize = 6;

impl Run {
    /// The number of the last request.
    pub(crate) fn asked_so_far(&self) -> u64 {
        let last =
            |world: &mut reconvene_simulator::World| world.log().entries().last().map(|entry| entry.seq);
        self.around.simulator.with(last).unwrap_or_default()
    }

    /// P6: each first page of a list that was asked for since then names the token of what is known, and there are few.
    pub(crate) fn reads_no_more_than_changes(&mut self, since: u64) {
        let mut read: BTreeMap<String, usize> = BTreeMap::new();
        let mut in_full = None;
        self.around.simulator.with(|world| {
            let lists = world.log().since(since);
            let lists =
                lists.filter(|entry| entry.operation == "calendar.events.list" && entry.status != 404);
            for entry in lists.filter(|entry| entry.param("pageToken").is_none()) {
                *read.entry(entry.path.clone()).or_default() += 1;
                if entry.param("syncToken").is_none() && entry.status == 200 {
                    in_full = Some(format!("{} is read in full with nothing to do", entry.path));
                }
            }
        });
        // Each account of a machine may watch a calendar.
        let most = READ * self.disks.len() * if self.plan.setting.two_accounts { 2 } else { 1 };
        let often = read.into_iter().find(|(_, times)| *times > most);
        let often = often.map(|(path, times)| format!("{path} is read {times} times in 200 s"));
        for how in in_full.into_iter().chain(often) {
            self.break_promise("P6", how);
        }
    }
}
