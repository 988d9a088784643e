//! P12: no secret outside the keyring.

use aho_corasick::AhoCorasick;
use secrecy::ExposeSecret;

use crate::ledger::Machine;
use crate::run::Run;

/// So many access tokens at most are in use at once, one for each account of two machines, and as many were just before.
const IN_USE: usize = 12;

impl Run {
    /// What an engine wrote since it was last looked at holds no secret that is in use. Checked at every step.
    pub(crate) fn writes_no_secret(&mut self) {
        let commits = self.counted().1;
        if std::mem::replace(&mut self.searched, commits) == commits {
            return;
        }
        for machine in 0..self.disks.len() {
            self.keeps_no_secret(machine, IN_USE);
        }
    }

    /// No file of a machine holds a secret of the keyring, or one of the `newest` access tokens, or a meeting's passcode.
    pub(crate) fn keeps_no_secret(&mut self, machine: Machine, newest: usize) {
        let disk = &self.disks[machine];
        let mut secrets: Vec<String> = disk.drawer.kept.lock().unwrap().values().cloned().collect();
        let ledger = self.around.ledger.lock().unwrap();
        let bearers = ledger.bearers.iter().rev().take(newest);
        secrets.extend(bearers.map(|token| token.expose_secret().to_owned()));
        drop(ledger);
        secrets.push("?pwd=".into());
        let Ok(files) = std::fs::read_dir(&disk.folder) else {
            return;
        };
        let any = AhoCorasick::new(secrets).unwrap();
        let mut told = None;
        for file in files.flatten() {
            let Ok(bytes) = std::fs::read(file.path()) else {
                continue;
            };
            if any.is_match(&bytes) {
                told = Some(format!("a secret in {}", file.file_name().display()));
            }
        }
        if let Some(how) = told {
            self.break_promise("P12", how);
        }
    }
}
