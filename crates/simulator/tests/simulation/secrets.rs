//! P12: no secret outside the keyring.

use aho_corasick::{AhoCorasick, MatchKind};
use reconvene_core::problem::Problem;
use secrecy::ExposeSecret;

use crate::ledger::Machine;
use crate::run::Run;
use crate::settle::Wrong;

/// How every secret begins: Google's access and refresh tokens, Zoom's, and the passcode in a meeting's link. Four short words
/// are found many times as fast as hundreds of long ones.
const BEGINS: [&str; 4] = ["ya29.", "1//", "eyJ", "?pwd="];

/// Whether a text holds one of the secrets.
struct Search {
    begins: AhoCorasick,
    secrets: Vec<String>,
}

impl Search {
    fn finds(&self, text: &[u8]) -> bool {
        let mut places = self.begins.find_iter(text);
        places.any(|place| {
            let here = &text[place.start()..];
            (self.secrets.iter()).any(|secret| here.starts_with(secret.as_bytes()))
        })
    }
}

impl Run {
    /// What an engine wrote since it was last looked at holds no secret that is in use. Checked at every step.
    pub(crate) fn writes_no_secret(&mut self) {
        let commits = self.counted().1;
        if std::mem::replace(&mut self.searched, commits) == commits {
            return;
        }
        for machine in 0..self.disks.len() {
            self.keeps_no_secret(machine);
        }
    }

    /// Nothing that a machine shows, in the window or on the command line, holds a secret that is or was in use.
    pub(crate) fn shows_no_secret(&mut self, machine: Machine, wrong: &mut Wrong) {
        let search = self.secrets(machine);
        let shown = self.tell(machine, |engine| {
            let all = (
                engine.status()?,
                engine.meetings()?,
                engine.activity(1_000, None)?,
                engine.settings()?,
            );
            Ok::<_, Problem>(serde_json::to_string(&all).unwrap_or_default())
        });
        if shown.is_some_and(|shown| search.finds(shown.as_bytes())) {
            wrong.push(("P12", "a secret is shown".to_owned()));
        }
    }

    /// What must stay in the keyring and in memory: what is in it, every access token ever sent, and meetings' passcodes.
    fn secrets(&self, machine: Machine) -> Search {
        let kept = self.disks[machine].drawer.kept.lock().unwrap();
        let mut secrets: Vec<String> = kept.values().cloned().collect();
        let ledger = self.around.ledger.lock().unwrap();
        secrets.extend((ledger.bearers.iter()).map(|token| token.expose_secret().to_owned()));
        secrets.push("?pwd=".into());
        for secret in &secrets {
            assert!(
                BEGINS.iter().any(|begin| secret.starts_with(begin)),
                "how does {secret} begin?"
            );
        }
        Search {
            // Of the kinds of match, only this one is searched for several bytes at a time.
            begins: (AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst))
                .build(BEGINS)
                .unwrap(),
            secrets,
        }
    }

    /// No file of a machine holds a secret of the keyring, or an access token, or a meeting's passcode.
    pub(crate) fn keeps_no_secret(&mut self, machine: Machine) {
        let Ok(files) = std::fs::read_dir(&self.disks[machine].folder) else {
            return;
        };
        let search = self.secrets(machine);
        let mut told = None;
        for file in files.flatten() {
            let Ok(bytes) = std::fs::read(file.path()) else {
                continue;
            };
            if search.finds(&bytes) {
                told = Some(format!("a secret in {}", file.file_name().display()));
            }
        }
        if let Some(how) = told {
            self.break_promise("P12", how);
        }
    }
}
