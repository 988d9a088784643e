//! A desktop session: its environment, for as long as this value lives.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Prints the session's environment and waits until nobody holds the other end any more.
const HOLD: &str = r"env -0; printf '\001'; exec cat > /dev/null";

pub(crate) struct Session {
    script: Child,
    pub(crate) env: Vec<(String, String)>,
}

impl Session {
    /// With display, tray host and keyring.
    pub(crate) fn full() -> Self {
        Self::with(&[])
    }

    /// With a keyring and nothing to see.
    pub(crate) fn without_display() -> Self {
        Self::with(&["--no-display"])
    }

    pub(crate) fn with(options: &[&str]) -> Self {
        let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/desktop-session"))
            .args(options)
            .args(["sh", "-c", HOLD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the session's script runs");
        let mut said = Vec::new();
        BufReader::new(script.stdout.take().unwrap())
            .read_until(1, &mut said)
            .unwrap();
        let env = decode(&said);
        assert!(
            !env.is_empty(),
            "the session did not come up: try scripts/desktop-session true"
        );
        Self { script, env }
    }

    pub(crate) fn var(&self, name: &str) -> &str {
        let found = self.env.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("the session has no {name}")).1
    }

    /// Where agents of this session listen.
    pub(crate) fn sockets(&self) -> PathBuf {
        PathBuf::from(self.var("XDG_RUNTIME_DIR")).join("reconvene")
    }

    /// A command that sees this session and nothing of the tester's.
    pub(crate) fn command(&self, program: &str) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(program);
        command
            .env_clear()
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The script ends everything that it started when its command does.
        drop(self.script.stdin.take());
        self.script.wait().ok();
    }
}

fn decode(pairs: &[u8]) -> Vec<(String, String)> {
    let pairs = String::from_utf8_lossy(pairs);
    let pairs = pairs.split('\0').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
