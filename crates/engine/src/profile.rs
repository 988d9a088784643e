//! Where Reconvene keeps its files, and the lock that lets only one engine work on them.
//!
//! A profile is a configuration file, a database and a folder of logs. Folders that Reconvene makes are open to
//! their owner alone (0700), whatever the umask says; secrets are in none of them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reconvene_core::problem::{Code, Problem};
use tokio::time::Instant;

/// How long to wait between two looks at a lock that somebody else holds.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The places of one profile. Making a value touches nothing; [`Profile::prepare`] makes the folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    config: PathBuf,
    data: PathBuf,
    logs: PathBuf,
    /// Whether the folders bear Reconvene's own name, so that tightening existing ones takes nothing from anybody.
    own: bool,
}

impl Profile {
    /// The profile that keeps everything in `dir` (`--profile DIR`).
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self {
            logs: dir.join("logs"),
            data: dir.clone(),
            config: dir,
            own: false,
        }
    }

    /// The profile in the platform's directories: on Linux `~/.config/reconvene`, `~/.local/share/reconvene` and
    /// `~/.local/state/reconvene/logs`, or wherever the `XDG_*_HOME` variables say (XDG Base Directory
    /// Specification); the Known Folders on Windows; `~/Library/Application Support` on macOS.
    ///
    /// # Errors
    /// When the home directory is unknown.
    pub fn platform() -> Result<Self, Problem> {
        let dirs = directories::ProjectDirs::from("", "", "Reconvene").ok_or_else(|| {
            Problem::lasting(
                Code::DiskFull,
                "The home directory of this user is unknown, so there is no place for Reconvene's files.",
                "Start Reconvene with --profile and a folder.",
            )
        })?;
        Ok(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_local_dir().to_owned(),
            logs: dirs
                .state_dir()
                .unwrap_or_else(|| dirs.data_local_dir())
                .join("logs"),
            own: true,
        })
    }

    /// The configuration file. It is read, never written, and need not exist.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("reconvene.db")
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.logs.clone()
    }

    /// The file whose lock stands for the whole profile. It is empty and stays when the lock is released.
    pub fn lock_file(&self) -> PathBuf {
        self.data.join("reconvene.lock")
    }

    /// Makes the folders. New ones get mode 0700; an existing folder named by `--profile` keeps its mode, because
    /// it may serve others too.
    ///
    /// # Errors
    /// [`Code::DiskFull`] when a folder cannot be made.
    pub fn prepare(&self) -> Result<(), Problem> {
        [&self.config, &self.data, &self.logs]
            .into_iter()
            .try_for_each(|dir| private_dir(dir, self.own).map_err(|error| unusable(dir, &error)))
    }
}

/// Opens `path` for reading and writing, and makes it with mode 0600 when it is not there. For files that SQLite or
/// a log writer would otherwise make as the umask says.
///
/// # Errors
/// Those of the operating system.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes `dir` and whatever is missing above it, open to the owner alone.
fn private_dir(dir: &Path, tighten: bool) -> io::Result<()> {
    let missing: Vec<&Path> = dir
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists())
        .collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir)?;
    // A umask can still have taken bits from the owner, and an older folder can be too open.
    missing.into_iter().try_for_each(owner_only)?;
    if tighten { owner_only(dir) } else { Ok(()) }
}

#[cfg(unix)]
fn owner_only(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Not when it is right already: on a read-only disk that fails.
    if fs::metadata(dir)?.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

/// Elsewhere a user's folders are private by inheritance.
#[cfg(not(unix))]
fn owner_only(_: &Path) -> io::Result<()> {
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    Problem::lasting(
        Code::DiskFull,
        format!("{} cannot be used: {error}.", path.display()),
        "Free some space or mend the folder's permissions, or choose another folder with --profile.",
    )
}

/// The right to run the engine on a profile. Whoever runs an engine holds it for as long; the operating system
/// takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct ProfileLock {
    /// Closing the file releases the lock.
    _file: File,
}

impl ProfileLock {
    /// Takes the lock, making the profile's folders first. While another process holds it, looks again until
    /// `patience` is over; zero patience looks once.
    ///
    /// # Errors
    /// [`Code::ProfileInUse`] when it stays taken; [`Code::DiskFull`] when the profile cannot be written.
    pub async fn acquire(profile: &Profile, patience: Duration) -> Result<Self, Problem> {
        profile.prepare()?;
        let path = profile.lock_file();
        let file = private_file(&path).map_err(|error| unusable(&path, &error))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Problem::passing(
                        Code::ProfileInUse,
                        format!(
                            "Another Reconvene is working on the profile in {}.",
                            profile.data.display()
                        ),
                        "Use that one, or quit it first; a second one needs a folder of its own (--profile).",
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_profile_serves_one_engine_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::at(dir.path());
        let first = ProfileLock::acquire(&profile, Duration::ZERO).await.unwrap();
        let refused = ProfileLock::acquire(&profile, Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.code, Code::ProfileInUse);

        let before = Instant::now();
        let refused = ProfileLock::acquire(&profile, Duration::from_secs(2))
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::ProfileInUse);
        assert!(
            before.elapsed() >= Duration::from_secs(2),
            "it waits as long as asked"
        );

        drop(first);
        ProfileLock::acquire(&profile, Duration::ZERO).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_is_taken_as_soon_as_it_is_released() {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::at(dir.path());
        let first = ProfileLock::acquire(&profile, Duration::ZERO).await.unwrap();
        let waiting = {
            let profile = profile.clone();
            tokio::spawn(async move { ProfileLock::acquire(&profile, Duration::from_secs(60)).await })
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(first);
        waiting.await.unwrap().unwrap();
    }

    #[test]
    fn two_profiles_do_not_share_a_lock_or_a_file() {
        let (one, two) = (Profile::at("/tmp/one"), Profile::at("/tmp/two"));
        assert_ne!(one.lock_file(), two.lock_file());
        assert_eq!(one.config_file(), Path::new("/tmp/one/config.toml"));
        assert_eq!(one.database(), Path::new("/tmp/one/reconvene.db"));
        assert_eq!(one.logs(), Path::new("/tmp/one/logs"));
    }

    #[cfg(unix)]
    #[test]
    fn new_folders_and_files_are_open_to_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let profile = Profile::at(dir.path().join("deep/er"));
        profile.prepare().unwrap();
        assert_eq!(mode(&dir.path().join("deep")), 0o700);
        assert_eq!(mode(&dir.path().join("deep/er")), 0o700);
        assert_eq!(mode(&profile.logs()), 0o700);
        assert_eq!(mode(dir.path()), 0o755, "a folder that was there keeps its mode");
        private_file(&profile.database()).unwrap();
        assert_eq!(mode(&profile.database()), 0o600);

        let own = Profile {
            own: true,
            ..Profile::at(dir.path().join("own"))
        };
        fs::create_dir(dir.path().join("own")).unwrap();
        fs::set_permissions(dir.path().join("own"), fs::Permissions::from_mode(0o755)).unwrap();
        own.prepare().unwrap();
        assert_eq!(
            mode(&dir.path().join("own")),
            0o700,
            "our own folder is tightened"
        );
    }

    #[tokio::test]
    async fn a_profile_that_cannot_be_written_is_said_so_by_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let problem = ProfileLock::acquire(&Profile::at(file.join("below")), Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(problem.code, Code::DiskFull);
        assert!(problem.message.contains("file/below"), "{}", problem.message);
    }
}
