//! The pages of one listing of events.

use jiff::Timestamp;
use reconvene_core::problem::{Code, Problem};

use super::Pass;
use crate::calendar::{self, MOST_PAGES, Next, Page};
use crate::failure::{Failure, FailureKind};
use crate::store::accounts;

/// So many changes are held at once. More come only when a whole calendar was imported or changed hands.
const MANY: usize = 20_000;

/// The pages of one listing, in order.
pub(super) struct Pages<'a> {
    pass: &'a Pass<'a>,
    token: Option<&'a str>,
    from: Timestamp,
    page: Option<String>,
    left: usize,
}

impl<'a> Pages<'a> {
    /// What changed since `token`, or everything that has not ended before `from`.
    pub(super) fn new(pass: &'a Pass<'a>, token: Option<&'a str>, from: Timestamp) -> Self {
        Self {
            pass,
            token,
            from,
            page: None,
            left: MOST_PAGES,
        }
    }

    /// The next page; `None` after the one that brought the new token. An empty page is a page.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        obey(self.pass)?;
        let Pass {
            shared,
            account,
            calendar,
            word,
        } = self.pass;
        let page = calendar::events(
            &shared.session,
            account,
            &calendar.google_id,
            self.token,
            self.from,
            self.page.as_deref(),
            word.as_deref(),
        )
        .await?;
        if matches!(page.access.as_str(), "freeBusyReader" | "none") {
            // Such a page shows when, and no longer what: its bare rows are not events that lost their conference.
            return Err(no_longer_shared());
        }
        match &page.next {
            Next::Token(_) => self.left = 0,
            // A page that leads to itself, or to no end, would keep the pass for ever.
            Next::Page(next) if self.page.as_ref() == Some(next) || self.left == 0 => {
                return Err(Failure::unreadable(account.service, 200));
            }
            Next::Page(next) => self.page = Some(next.clone()),
        }
        Ok(Some(page))
    }

    /// All pages as one, and the new token; `None` when there are too many rows to hold at once.
    pub(super) async fn joined(mut self) -> Result<Option<(Page, String)>, Failure> {
        let Some(mut all) = self.next().await? else {
            return Ok(None);
        };
        while all.observations.len() + all.odd.len() <= MANY {
            if let Next::Token(token) = &mut all.next {
                let token = std::mem::take(token);
                return Ok(Some((all, token)));
            }
            let Some(page) = self.next().await? else { break };
            all.continue_with(page);
        }
        Ok(None)
    }
}

fn no_longer_shared() -> Failure {
    let problem = Problem::lasting(
        Code::CalendarGone,
        "Google no longer shows what is on this calendar.",
        "",
    );
    Failure::new(FailureKind::Gone, problem)
}

/// A pass of another calendar may have learnt meanwhile that the account has to wait (P13).
pub(super) fn obey(pass: &Pass<'_>) -> Result<(), Failure> {
    let shared = pass.shared;
    let known = shared.store.read(|tx| accounts::get(tx, pass.account.id));
    let Ok(Some(account)) = known else { return Ok(()) };
    match (account.waits_until(shared.now()), account.health.problem) {
        (Some(until), Some(problem)) => Err(Failure::new(FailureKind::Limited(until), problem)),
        _ => Ok(()),
    }
}
