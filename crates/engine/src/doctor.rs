//! Doctor: what Reconvene stands on, examined piece by piece, each with what was found and what to do.
//!
//! The desktop (tray host, autostart) is examined by the app, which knows it.

use reconvene_core::problem::{Code, Problem};
use reconvene_core::report::{Check, Service, Verdict};
use secrecy::{ExposeSecret, SecretString};

use crate::calendar::{self, Caller};
use crate::choices;
use crate::keyring;
use crate::providers::provider;
use crate::shared::Shared;
use crate::store::accounts::{self, Account};
use crate::store::calendars;

/// Examines everything in turn.
pub(crate) async fn examine(shared: &Shared) -> Vec<Check> {
    let mut checks = vec![
        configuration(shared),
        settings(shared),
        store(shared),
        keyring(shared).await,
    ];
    match shared.store.read(accounts::all) {
        Ok(all) => {
            for account in &all {
                checks.push(self::account(shared, account).await);
            }
            for service in Service::ALL {
                if !all.iter().any(|account| account.service == service) {
                    checks.push(attention(
                        service.word(),
                        format!("No {} account is connected.", service.name()),
                        format!(
                            "Run `reconvene account add {}`, or connect it in the window.",
                            service.word()
                        ),
                    ));
                }
            }
        }
        Err(problem) => checks.push(broken("accounts", &problem)),
    }
    checks.push(watched(shared));
    checks
}

fn configuration(shared: &Shared) -> Check {
    let config = &shared.session.config;
    let missing: Vec<&str> = Service::ALL
        .into_iter()
        .filter(|service| config.client(*service).is_none())
        .map(Service::word)
        .collect();
    if missing.is_empty() {
        return works("config", "An OAuth client is configured for every service.");
    }
    attention(
        "config",
        format!("No OAuth client is configured for: {}.", missing.join(", ")),
        format!(
            "Put client_id (and client_secret) into {}; the README tells where to get them.",
            config.file.display()
        ),
    )
}

fn settings(shared: &Shared) -> Check {
    match shared.store.read(choices::problem) {
        Ok(None) => works("settings", "Every stored setting is understood."),
        Ok(Some(problem)) | Err(problem) => broken("settings", &problem),
    }
}

fn store(shared: &Shared) -> Check {
    match shared.try_writing() {
        Ok(()) => works("store", "The database can be read and written."),
        Err(problem) => broken("store", &problem),
    }
}

/// Keeps a made-up secret, reads it back and forgets it.
async fn keyring(shared: &Shared) -> Check {
    let secrets = shared.session.ports.secrets.as_ref();
    let name = shared.secret_name(Service::Google, "examination");
    let probe = SecretString::from("probe");
    let tried = async {
        secrets.set(&name, &probe).await?;
        let back = secrets.get(&name).await?;
        secrets.delete(&name).await?;
        Ok(back)
    };
    match tried.await {
        Ok(Some(back)) if back.expose_secret() == probe.expose_secret() => {
            works("keyring", "The keyring keeps and gives back secrets.")
        }
        Ok(_) => broken(
            "keyring",
            &Problem::lasting(
                Code::KeyringRefused,
                "The keyring did not give back what it was given.",
                "Check that a default keyring exists and is not only for this session.",
            ),
        ),
        Err(error) => broken("keyring", &keyring::problem(&error)),
    }
}

async fn account(shared: &Shared, account: &Account) -> Check {
    let subject = format!("{} {}", account.service.word(), account.name);
    let asked = match provider(account.service) {
        Some(provider) => match shared
            .session
            .tokens
            .access(&account.secret, account.service)
            .await
        {
            Ok(access) => provider.identity(&shared.session, &access).await.map(drop),
            Err(problem) => Err(problem.into()),
        },
        None => calendar::calendars(&shared.session, Caller::Account(account), None, || Ok(()))
            .await
            .map(drop),
    };
    match asked {
        Ok(()) => works(&subject, "Signed in, and the service answers."),
        Err(failure) => broken(&subject, &failure.problem),
    }
}

fn watched(shared: &Shared) -> Check {
    match shared.store.read(calendars::watched) {
        Ok(watched) if watched.is_empty() => attention(
            "calendars",
            "No calendar is watched.".to_owned(),
            "Tick one under Accounts, or run `reconvene calendar watch ID`.".to_owned(),
        ),
        Ok(watched) => match watched
            .iter()
            .find_map(|calendar| calendar.health.problem.as_ref())
        {
            Some(problem) => broken("calendars", problem),
            None => works("calendars", &format!("{} watched.", watched.len())),
        },
        Err(problem) => broken("calendars", &problem),
    }
}

fn works(subject: &str, finding: &str) -> Check {
    Check {
        subject: subject.into(),
        verdict: Verdict::Works,
        finding: finding.into(),
        advice: String::new(),
    }
}

fn attention(subject: &str, finding: String, advice: String) -> Check {
    Check {
        subject: subject.into(),
        verdict: Verdict::Attention,
        finding,
        advice,
    }
}

fn broken(subject: &str, problem: &Problem) -> Check {
    Check {
        subject: subject.into(),
        verdict: Verdict::Broken,
        finding: problem.message.clone(),
        advice: problem.hint.clone(),
    }
}
