//! Where a profile lives and where its agent listens.
//!
//! The socket stands in the session's runtime directory, under a name made from the profile's path: short enough
//! for the 108 bytes that `sockaddr_un` has (unix(7)), however deep the profile lies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use reconvene_core::problem::{Code, Problem};
use reconvene_engine::profile::Profile;
use sha2::{Digest, Sha256};

/// The longest path a socket can be bound to, with room for the closing NUL.
#[cfg(unix)]
const LONGEST_ADDRESS: usize = 107;

/// A profile and the address of its agent.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The files.
    pub(crate) profile: Profile,
    /// What `--profile` said, made absolute; for the processes that this one starts.
    pub(crate) given: Option<PathBuf>,
    /// Where the agent of this profile listens.
    pub(crate) address: PathBuf,
}

impl Place {
    /// The place that `--profile` names, or the platform's. Makes the folders, because two spellings of one folder
    /// can only be told to be the same once it exists.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Problem> {
        let (profile, given) = match given {
            None => (Profile::platform()?, None),
            Some(dir) => {
                let dir = std::path::absolute(dir).map_err(|error| unusable(dir, &error))?;
                Profile::at(&dir).prepare()?;
                let dir = dir.canonicalize().map_err(|error| unusable(&dir, &error))?;
                (Profile::at(&dir), Some(dir))
            }
        };
        profile.prepare()?;
        let address = address(&runtime_dir()?, &profile.lock_file());
        Ok(Self {
            profile,
            given,
            address,
        })
    }
}

/// The address for the profile that `lock_file` stands for.
fn address(runtime_dir: &Path, lock_file: &Path) -> PathBuf {
    let digest = Sha256::digest(lock_file.as_os_str().as_encoded_bytes());
    let name = digest.iter().take(8).fold(String::new(), |mut name, byte| {
        // Writing to a String cannot fail.
        write!(name, "{byte:02x}").ok();
        name
    });
    runtime_dir.join(format!("{name}.sock"))
}

/// A folder of this user's alone that ends with the session.
#[cfg(unix)]
fn runtime_dir() -> Result<PathBuf, Problem> {
    let session = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|dir| dir.is_absolute() && dir.is_dir())
        .map(|dir| dir.join("reconvene"))
        .filter(|dir| address(dir, Path::new("any")).as_os_str().len() <= LONGEST_ADDRESS);
    let dir = session.unwrap_or_else(|| {
        let user = rustix::process::getuid().as_raw();
        PathBuf::from(format!("/tmp/reconvene-{user}"))
    });
    own_dir(&dir).map_err(|error| unusable(&dir, &error))?;
    Ok(dir)
}

/// Pipe names are one flat, per-machine space on Windows; the folder only keeps the names apart.
#[cfg(not(unix))]
fn runtime_dir() -> Result<PathBuf, Problem> {
    Ok(PathBuf::from("reconvene"))
}

/// Makes `dir` with mode 0700, or makes sure that the one there is a folder of ours with that mode. In `/tmp` anybody
/// can be first, so what is found there is not believed.
#[cfg(unix)]
fn own_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let found = std::fs::symlink_metadata(dir)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            "it is not a folder of this user",
        ));
    }
    if found.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn unusable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::lasting(
        Code::DiskFull,
        format!("{} cannot be used: {error}.", path.display()),
        "Mend its permissions, or choose another folder with --profile.",
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_address_is_short_and_each_profile_has_its_own() {
        let deep = PathBuf::from(format!("/{}", "profile/".repeat(60)));
        let one = address(Path::new("/run/user/1000/reconvene"), &deep);
        let other = address(Path::new("/run/user/1000/reconvene"), Path::new("/p"));
        assert!(one.as_os_str().len() <= LONGEST_ADDRESS);
        assert_ne!(one, other);
    }

    #[test]
    fn a_runtime_folder_is_private_and_a_strangers_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("reconvene");
        own_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        own_dir(&dir).unwrap();
        assert_eq!(
            std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777,
            0o700
        );

        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(own_dir(&link).is_err(), "a symbolic link may lead anywhere");
    }
}
