//! What happens at the authorize pages: a person chooses, or a test has chosen beforehand.

use serde::{Deserialize, Serialize};

/// How an authorize page behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// A page asks the person.
    #[default]
    Ask,
    /// The page redirects at once with a code.
    Allow,
    /// The page redirects at once with `access_denied`.
    Deny,
}

/// The standing answer for one vendor's authorize page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRule {
    /// Ask, allow or deny.
    #[serde(default)]
    pub mode: ConsentMode,
    /// Who signs in when nobody is asked: an e-mail address. Without it, the first user there is.
    #[serde(default)]
    pub user: Option<String>,
    /// Scopes the person unticks (Google's granular consent).
    #[serde(default)]
    pub withhold: Vec<String>,
}

/// The standing answers for both vendors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Google's page.
    #[serde(default)]
    pub google: ConsentRule,
    /// Zoom's page.
    #[serde(default)]
    pub zoom: ConsentRule,
}

/// What the consent page shows.
pub(crate) struct Page<'a> {
    pub(crate) vendor: &'a str,
    pub(crate) app: &'a str,
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The request's own parameters, carried along in the form.
    pub(crate) request: &'a [(String, String)],
    pub(crate) users: Vec<String>,
    pub(crate) preferred: Option<&'a str>,
    pub(crate) scopes: Vec<String>,
    /// Whether single scopes can be unticked.
    pub(crate) granular: bool,
}

impl Page<'_> {
    pub(crate) fn html(&self) -> String {
        let hidden: String = self
            .request
            .iter()
            .map(|(key, value)| {
                format!(
                    "<input type=hidden name=\"{}\" value=\"{}\">",
                    escape(key),
                    escape(value)
                )
            })
            .collect();
        let users: String = self
            .users
            .iter()
            .enumerate()
            .map(|(at, user)| {
                let chosen = self.preferred.map_or(at == 0, |preferred| preferred == user);
                let checked = if chosen { " checked" } else { "" };
                let user = escape(user);
                format!(
                    "<label><input type=radio name=_user value=\"{user}\" required{checked}> {user}</label>"
                )
            })
            .collect();
        let lock = if self.granular { "" } else { " disabled" };
        let scopes: String = self
            .scopes
            .iter()
            .map(|scope| {
                let scope = escape(scope);
                format!(
                    "<label><input type=checkbox name=_scope value=\"{scope}\" checked{lock}> {scope}</label>"
                )
            })
            .collect();
        format!(
            "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
             <title>Sign in – simulated {vendor}</title><style>{STYLE}</style>\
             <main><p class=tag>Simulated {vendor}</p><h1>Allow {app}?</h1><form method=post action=\"{action}\">{hidden}\
             <fieldset><legend>Account</legend>{users}</fieldset>\
             <fieldset><legend>It may</legend>{scopes}</fieldset>\
             <p class=buttons><button name=_choice value=deny formnovalidate>Deny</button>\
             <button class=go name=_choice value=allow>Allow</button></p></form></main>",
            vendor = self.vendor,
            app = escape(self.app),
            action = self.action,
        )
    }
}

/// A page that says why sign-in cannot go on; shown where redirecting would be unsafe.
pub(crate) fn error_page(vendor: &str, code: &str, message: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error – simulated {vendor}</title>\
         <style>{STYLE}</style><main><p class=tag>Simulated {vendor}</p><h1>Access blocked</h1><p>{}</p>\
         <p><code>{}</code></p></main>",
        escape(message),
        escape(code),
    )
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;display:grid;\
place-items:center;min-height:100vh;background:light-dark(#f4f5f8,#14161b);color:light-dark(#1c1f26,#e8eaf0)}\
main{background:light-dark(#fff,#1e2129);padding:2rem 2.25rem;border-radius:16px;width:min(30rem,90vw);\
box-sizing:border-box;box-shadow:0 8px 40px #0002}h1{font-size:1.4rem;margin:.2rem 0 1.2rem}\
.tag{font-size:.8rem;opacity:.65;margin:0}fieldset{border:0;padding:0;margin:0 0 1.2rem}\
legend{font-size:.8rem;opacity:.65;padding:0;margin-bottom:.3rem}label{display:block;padding:.2rem 0;overflow-wrap:anywhere}\
.buttons{display:flex;gap:.75rem;justify-content:flex-end;margin:0}button{font:inherit;padding:.5rem 1.3rem;\
border-radius:99px;border:1px solid light-dark(#ccd0da,#3a3f4c);background:none;color:inherit;cursor:pointer}\
.go{background:#3568d4;border-color:#3568d4;color:#fff}";

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
