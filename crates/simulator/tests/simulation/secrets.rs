//! P12: no secret outside the keyring.

use aho_corasick::AhoCorasick;
use reconvene_core::problem::Problem;
use secrecy::ExposeSecret;

use crate::ledger::Machine;
use crate::run::Run;
use crate::settle::Wrong;

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

    /// Nothing that a machine shows, in the window or on the command line, holds a secret that is or was in use.
    pub(crate) fn shows_no_secret(&mut self, machine: Machine, wrong: &mut Wrong) {
        let any = AhoCorasick::new(self.secrets(machine, usize::MAX)).unwrap();
        let shown = self.tell(machine, |engine| {
            let all = (
                engine.status()?,
                engine.meetings()?,
                engine.activity(1_000, None)?,
                engine.settings()?,
            );
            Ok::<_, Problem>(serde_json::to_string(&all).unwrap_or_default())
        });
        if shown.is_some_and(|shown| any.is_match(&shown)) {
            wrong.push(("P12", "a secret is shown".to_owned()));
        }
    }

    /// What must stay in the keyring and in memory: what is in it, the `newest` access tokens, and meetings' passcodes.
    fn secrets(&self, machine: Machine, newest: usize) -> Vec<String> {
        let kept = self.disks[machine].drawer.kept.lock().unwrap();
        let mut secrets: Vec<String> = kept.values().cloned().collect();
        let ledger = self.around.ledger.lock().unwrap();
        let bearers = ledger.bearers.iter().rev().take(newest);
        secrets.extend(bearers.map(|token| token.expose_secret().to_owned()));
        secrets.push("?pwd=".into());
        secrets
    }

    /// No file of a machine holds a secret of the keyring, or one of the `newest` access tokens, or a meeting's passcode.
    pub(crate) fn keeps_no_secret(&mut self, machine: Machine, newest: usize) {
        let Ok(files) = std::fs::read_dir(&self.disks[machine].folder) else {
            return;
        };
        let any = AhoCorasick::new(self.secrets(machine, newest)).unwrap();
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
