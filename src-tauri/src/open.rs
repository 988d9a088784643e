//! The system's browser: only for addresses that this process gave out itself, so that neither the page nor another
//! program can have arbitrary things opened in the person's name.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use reconvene_core::problem::{Code, Problem};
use url::{Host, Url};

/// How many addresses stay valid; the oldest go first.
const REMEMBERED: usize = 32;

/// The addresses given out lately.
#[derive(Debug, Default)]
pub(crate) struct GivenOut {
    addresses: Mutex<VecDeque<String>>,
}

impl GivenOut {
    /// Remembers an address that a client was just told.
    pub(crate) fn remember(&self, address: &str) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.retain(|known| known != address);
        addresses.push_back(address.to_owned());
        if addresses.len() > REMEMBERED {
            addresses.pop_front();
        }
    }

    /// Whether this very address was given out.
    pub(crate) fn holds(&self, address: &str) -> bool {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().any(|known| known == address)
    }
}

/// Opens an address in the system's browser. Blocks while the system looks for one.
pub(crate) fn in_browser(address: &str) -> Result<(), Problem> {
    if !is_web(address) {
        return Err(Problem::lasting(
            Code::BadUsage,
            "Only https addresses are opened in the browser.",
            "",
        ));
    }
    opener::open_browser(address).map_err(|error| {
        tracing::warn!(%error, "the browser could not be opened");
        Problem::lasting(
            Code::Internal,
            "No browser could be opened.",
            "Copy the address into a browser yourself.",
        )
    })
}

/// Whether it is https, or http to this machine.
fn is_web(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
        ("http", Some(Host::Domain(domain))) => domain == "localhost",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_and_this_machine_are_opened() {
        for good in [
            "https://zoom.us/oauth/authorize?x=1",
            "http://127.0.0.1:4000/google/o",
            "http://[::1]:1/",
            "http://localhost:1/",
        ] {
            assert!(is_web(good), "{good}");
        }
        for bad in [
            "http://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "https:///",
            "zoommtg://zoom.us/join",
            "http://127.0.0.1.example.com/",
        ] {
            assert!(!is_web(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_known_only_while_it_is_fresh() {
        let given_out = GivenOut::default();
        given_out.remember("https://a/");
        assert!(given_out.holds("https://a/"));
        assert!(!given_out.holds("https://a/?more"));
        for number in 0..REMEMBERED {
            given_out.remember(&format!("https://b/{number}"));
        }
        assert!(!given_out.holds("https://a/"));
    }
}
