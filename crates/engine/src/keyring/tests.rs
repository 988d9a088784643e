use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use keyring_core::mock;

use super::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

fn secret(text: &str) -> SecretString {
    text.into()
}

async fn read(keyring: &Keyring, name: &str) -> Result<Option<String>, SecretsError> {
    let found = keyring.get(name).await?;
    Ok(found.map(|secret| secret.expose_secret().to_owned()))
}

/// A failure as the platform reports it.
fn platform() -> Error {
    Error::PlatformFailure("org.freedesktop.DBus.Error.ServiceUnknown".into())
}

/// The entry behind `name`, to plant failures in.
fn entry(store: &CredentialStore, name: &str) -> Entry {
    store.build(SERVICE, name, None).unwrap()
}

fn plant(entry: &Entry, error: Error) {
    entry
        .as_any()
        .downcast_ref::<mock::Cred>()
        .unwrap()
        .set_error(error);
}

#[tokio::test]
async fn a_secret_is_kept_replaced_and_forgotten() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let keyring = Keyring::with_store(move || Ok(Arc::clone(&store)), LONG);
    assert_eq!(read(&keyring, "zoom-1").await, Ok(None));
    keyring.delete("zoom-1").await.unwrap();
    keyring.set("zoom-1", &secret("r1")).await.unwrap();
    keyring.set("google-2", &secret("g")).await.unwrap();
    keyring.set("zoom-1", &secret("r2")).await.unwrap();
    assert_eq!(read(&keyring, "zoom-1").await, Ok(Some("r2".to_owned())));
    keyring.delete("zoom-1").await.unwrap();
    assert_eq!(read(&keyring, "zoom-1").await, Ok(None));
    assert_eq!(read(&keyring, "google-2").await, Ok(Some("g".to_owned())));
}

#[tokio::test]
async fn p12_a_locked_keyring_is_said_in_time_and_one_thread_waits_for_all_callers() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let (unlock, unlocked) = mpsc::channel::<()>();
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    let mut keyring = Keyring::with_store(
        move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = unlocked.recv();
            Ok(Arc::clone(&store))
        },
        SHORT,
    );
    for _ in 0..5 {
        assert_eq!(read(&keyring, "zoom-1").await, Err(SecretsError::Unanswered));
        assert_eq!(
            keyring.set("zoom-1", &secret("old")).await,
            Err(SecretsError::Unanswered)
        );
    }
    assert_eq!(
        keyring.set("zoom-1", &secret("r2")).await,
        Err(SecretsError::Unanswered)
    );
    assert!(
        keyring.desk.queue().jobs.len() <= 2,
        "what nobody waits for is not piled up"
    );
    assert_eq!(
        opened.load(Ordering::SeqCst),
        1,
        "one call to the keyring, not one for each caller"
    );

    unlock.send(()).unwrap();
    keyring.patience = LONG;
    let found = read(&keyring, "zoom-1").await;
    assert_eq!(
        found,
        Ok(Some("r2".to_owned())),
        "the last write was kept late rather than not"
    );
}

#[tokio::test]
async fn a_stuck_keyring_keeps_nothing_from_ending() {
    let (_never, wait) = mpsc::channel::<()>();
    let keyring = Keyring::with_store(
        move || {
            let _ = wait.recv();
            Err(platform())
        },
        SHORT,
    );
    assert_eq!(read(&keyring, "zoom-1").await, Err(SecretsError::Unanswered));
    // The thread still waits; neither this drop nor the end of the runtime after it may.
    drop(keyring);
}

#[tokio::test]
async fn a_keyring_that_starts_later_is_found_later() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let mut tries = 0;
    let keyring = Keyring::with_store(
        move || {
            tries += 1;
            if tries < 3 {
                Err(platform())
            } else {
                Ok(Arc::clone(&store))
            }
        },
        LONG,
    );
    for _ in 0..2 {
        assert_eq!(
            keyring.set("zoom-1", &secret("r1")).await,
            Err(SecretsError::Missing)
        );
    }
    keyring.set("zoom-1", &secret("r1")).await.unwrap();
    assert_eq!(read(&keyring, "zoom-1").await, Ok(Some("r1".to_owned())));
}

#[tokio::test]
async fn a_keyring_that_was_restarted_is_spoken_to_anew() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    let made = Arc::clone(&store);
    let keyring = Keyring::with_store(
        move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Arc::clone(&made))
        },
        LONG,
    );
    keyring.set("zoom-1", &secret("r1")).await.unwrap();
    plant(&entry(store.as_ref(), "zoom-1"), platform());
    assert_eq!(read(&keyring, "zoom-1").await, Ok(Some("r1".to_owned())));
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_library_that_panics_does_not_take_the_keyring_away() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let mut tries = 0;
    let keyring = Keyring::with_store(
        move || {
            tries += 1;
            assert!(tries > 1, "planted");
            Ok(Arc::clone(&store))
        },
        LONG,
    );
    assert!(matches!(
        read(&keyring, "zoom-1").await,
        Err(SecretsError::Refused(_))
    ));
    assert_eq!(read(&keyring, "zoom-1").await, Ok(None));
}

#[tokio::test]
async fn p12_no_refusal_repeats_the_secret() {
    let store: Arc<CredentialStore> = mock::Store::new().unwrap();
    let made = Arc::clone(&store);
    let keyring = Keyring::with_store(move || Ok(Arc::clone(&made)), LONG);
    keyring.set("zoom-1", &secret("r1")).await.unwrap();
    let entry = entry(store.as_ref(), "zoom-1");
    for error in [
        Error::BadEncoding(b"hush".to_vec()),
        Error::BadDataFormat(b"hush".to_vec(), "hush".into()),
        Error::BadStoreFormat("hush".to_owned()),
        Error::TooLong("hush".to_owned(), 2560),
        Error::Invalid("hush".to_owned(), "hush".to_owned()),
    ] {
        plant(&entry, error);
        let refused = keyring.get("zoom-1").await.unwrap_err();
        assert!(matches!(refused, SecretsError::Refused(_)), "{refused}");
        assert!(!format!("{refused:?} {refused}").contains("hush"), "{refused}");
    }
    entry.set_secret(&[0xff, 0xfe]).unwrap();
    assert!(matches!(
        keyring.get("zoom-1").await,
        Err(SecretsError::Refused(_))
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn a_failure_is_told_by_its_variant() {
    use secret_service::Error as Cause;
    let words = |error: Error| classify(error);
    for cause in [Cause::Locked, Cause::Prompt] {
        assert_eq!(
            words(Error::NoStorageAccess(Box::new(cause))),
            SecretsError::Locked
        );
    }
    // The store reports a locked collection this way when it makes a new entry.
    assert_eq!(
        words(Error::PlatformFailure(Box::new(Cause::Locked))),
        SecretsError::Locked
    );
    assert_eq!(
        words(Error::PlatformFailure(Box::new(Cause::Unavailable))),
        SecretsError::Missing
    );
    assert_eq!(
        words(Error::NoStorageAccess(Box::new(Cause::NoResult))),
        SecretsError::Empty
    );
}

#[test]
fn p11_every_failure_has_a_remedy_for_each_kind_of_desktop() {
    for (error, code) in [
        (SecretsError::Missing, Code::KeyringMissing),
        (SecretsError::Empty, Code::KeyringMissing),
        (SecretsError::Locked, Code::KeyringLocked),
        (SecretsError::Unanswered, Code::KeyringLocked),
        (SecretsError::Refused("x".to_owned()), Code::KeyringRefused),
    ] {
        let problem = problem(&error);
        assert_eq!(problem.code, code);
        for word in ["GNOME", "K", "KeePassXC"] {
            assert!(problem.hint.contains(word), "{code:?} {word}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_signs_in_has_a_minute_to_unlock_the_keyring() {
    let after = async |silences: usize, last: Result<(), SecretsError>| {
        let (asked, began) = (AtomicUsize::new(0), Instant::now());
        let answer = patiently(async || {
            if asked.fetch_add(1, Ordering::SeqCst) < silences {
                tokio::time::sleep(PATIENCE).await;
                return Err(SecretsError::Unanswered);
            }
            last.clone()
        });
        (answer.await, began.elapsed().as_secs())
    };
    assert_eq!(after(4, Ok(())).await, (Ok(()), 40));
    assert_eq!(after(99, Ok(())).await, (Err(SecretsError::Unanswered), 60));
    // A prompt that was dismissed is not shown again.
    assert_eq!(
        after(1, Err(SecretsError::Locked)).await,
        (Err(SecretsError::Locked), 10)
    );
}
