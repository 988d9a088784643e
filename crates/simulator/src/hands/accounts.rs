//! People, calendars, sharing, tokens.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{Done, Refused, no};
use crate::google::instances::exceptions;
use crate::google::oauth as google_oauth;
use crate::google::{Calendar, Event, Listed, Person, Role};
use crate::world::World;
use crate::zoom::oauth as zoom_oauth;

impl World {
    pub(super) fn create_person(&mut self, email: String, name: &str, time_zone: &str) -> Done {
        check_zone(time_zone)?;
        if self.google.people.contains_key(&email) {
            return Err(Refused(format!("{email} is there already")));
        }
        self.google.people.insert(
            email.clone(),
            Person {
                name: name.to_owned(),
                listed: BTreeMap::new(),
            },
        );
        self.create_calendar(
            &email,
            email.clone(),
            Some(email.clone()),
            Some(time_zone.to_owned()),
        )
    }

    pub(super) fn create_calendar(
        &mut self,
        owner: &str,
        summary: String,
        id: Option<String>,
        time_zone: Option<String>,
    ) -> Done {
        let home = self
            .google
            .calendars
            .get(owner)
            .map(|calendar| calendar.time_zone.clone());
        let time_zone = time_zone.or(home).unwrap_or_else(|| "UTC".to_owned());
        check_zone(&time_zone)?;
        let id = match id {
            Some(id) => id,
            None => format!(
                "{}@group.calendar.google.com",
                self.letters(26, "0123456789abcdefghijklmnopqrstuv")
            ),
        };
        if self.google.calendars.contains_key(&id) {
            return Err(Refused(format!("calendar {id} is there already")));
        }
        if !self.google.people.contains_key(owner) {
            return Err(no("person", owner));
        }
        let calendar = Calendar {
            summary,
            time_zone,
            owner: owner.to_owned(),
            acl: BTreeMap::new(),
            events: BTreeMap::new(),
            age: 0,
            deleted: false,
        };
        self.google.calendars.insert(id.clone(), calendar);
        self.share_calendar(&id, owner, Role::Owner)
    }

    pub(super) fn share_calendar(&mut self, id: &str, with: &str, role: Role) -> Done {
        let revision = self.google.step();
        let person = self
            .google
            .people
            .get_mut(with)
            .ok_or_else(|| no("person", with))?;
        let calendar = self
            .google
            .calendars
            .get_mut(id)
            .filter(|calendar| !calendar.deleted)
            .ok_or_else(|| no("calendar", id))?;
        if calendar
            .acl
            .insert(with.to_owned(), role)
            .is_some_and(|before| before != role)
        {
            // Related changes of access kill tokens: https://developers.google.com/workspace/calendar/api/guides/sync
            calendar.age += 1;
            return Ok(id.to_owned());
        }
        let row = Listed {
            hidden: false,
            selected: true,
            deleted: false,
            revision,
        };
        person.listed.insert(id.to_owned(), row);
        Ok(id.to_owned())
    }

    pub(super) fn unshare_calendar(&mut self, id: &str, with: &str) -> Done {
        let revision = self.google.step();
        let calendar = self
            .google
            .calendars
            .get_mut(id)
            .ok_or_else(|| no("calendar", id))?;
        calendar.acl.remove(with).ok_or_else(|| no("share with", with))?;
        if let Some(row) = self
            .google
            .people
            .get_mut(with)
            .and_then(|person| person.listed.get_mut(id))
        {
            row.deleted = true;
            row.revision = revision;
        }
        Ok(id.to_owned())
    }

    pub(super) fn hide_calendar(&mut self, id: &str, person: &str, hidden: bool) -> Done {
        let revision = self.google.step();
        let row = self
            .google
            .people
            .get_mut(person)
            .and_then(|person| person.listed.get_mut(id));
        let row = row.ok_or_else(|| no("calendar", id))?;
        row.hidden = hidden;
        row.revision = revision;
        Ok(id.to_owned())
    }

    pub(super) fn list_calendar(&mut self, id: &str, person: &str, listed: bool) -> Done {
        let revision = self.google.step();
        let calendar = self.google.calendars.get(id).ok_or_else(|| no("calendar", id))?;
        if !listed && calendar.owner == person {
            // https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/delete
            return Err(Refused(
                "The data owner of a calendar cannot remove such a calendar from their calendar list."
                    .to_owned(),
            ));
        }
        calendar.acl.get(person).ok_or_else(|| no("share with", person))?;
        let row = self
            .google
            .people
            .get_mut(person)
            .and_then(|person| person.listed.get_mut(id))
            .ok_or_else(|| no("calendar", id))?;
        row.deleted = !listed;
        row.revision = revision;
        Ok(id.to_owned())
    }

    pub(super) fn rename_calendar(&mut self, id: &str, summary: String) -> Done {
        let calendar = self
            .google
            .calendars
            .get_mut(id)
            .ok_or_else(|| no("calendar", id))?;
        calendar.summary = summary;
        Ok(id.to_owned())
    }

    pub(super) fn delete_calendar(&mut self, id: &str) -> Done {
        let revision = self.google.step();
        let calendar = self
            .google
            .calendars
            .get_mut(id)
            .ok_or_else(|| no("calendar", id))?;
        calendar.deleted = true;
        for row in self
            .google
            .people
            .values_mut()
            .filter_map(|person| person.listed.get_mut(id))
        {
            row.deleted = true;
            row.revision = revision;
        }
        Ok(id.to_owned())
    }

    pub(super) fn expire_sync_tokens(&mut self, id: Option<&str>) -> Done {
        let Some(id) = id else {
            for calendar in self.google.calendars.values_mut() {
                calendar.age += 1;
            }
            return Ok(String::new());
        };
        self.google
            .calendars
            .get_mut(id)
            .ok_or_else(|| no("calendar", id))?
            .age += 1;
        Ok(id.to_owned())
    }

    pub(super) fn expire_list_tokens(&mut self, person: String) -> Done {
        *self.google.oauth.list_ages.entry(person.clone()).or_default() += 1;
        Ok(person)
    }

    pub(super) fn forget_tombstones(&mut self, id: &str) -> Done {
        let calendar = self
            .google
            .calendars
            .get_mut(id)
            .ok_or_else(|| no("calendar", id))?;
        // A cancelled exception lives as long as its series: without it the occurrence would come back.
        let is_old =
            |event: &Event| event.is_cancelled() && (event.left || event.recurring_event_id.is_none());
        let old: BTreeSet<String> = (calendar.events.iter())
            .filter(|(_, event)| is_old(event))
            .map(|(id, _)| id.clone())
            .collect();
        // The dates of a series go with it.
        let of_old = |event: &Event| {
            event
                .recurring_event_id
                .as_ref()
                .is_some_and(|series| old.contains(series))
        };
        calendar
            .events
            .retain(|id, event| !old.contains(id) && !of_old(event));
        calendar.age += 1;
        Ok(id.to_owned())
    }

    pub(super) fn revoke_zoom(&mut self, email: &str) -> Done {
        let user = self
            .zoom
            .user_by_email(email)
            .ok_or_else(|| no("Zoom user", email))?
            .id
            .clone();
        self.zoom.oauth.end(&user, None);
        Ok(user)
    }

    pub(super) fn expire_access_tokens(&mut self) {
        let now = self.now();
        for grant in self.google.oauth.access.values_mut() {
            grant.expires = now;
        }
        for grant in self.zoom.oauth.access.values_mut() {
            grant.expires = now;
        }
    }

    /// An access token for Google out of thin air, good for an hour, for tests that are not about sign-in. Scopes in
    /// full, as `https://www.googleapis.com/auth/calendar.events`.
    pub fn google_token(&mut self, person: &str, scopes: &[&str]) -> String {
        google_oauth::mint(self, person, scopes.iter().map(ToString::to_string).collect())
    }

    /// An access token for Zoom out of thin air, good for an hour, for the user with this address.
    ///
    /// # Errors
    ///
    /// When there is no such user.
    pub fn zoom_token(&mut self, email: &str, scopes: &[&str]) -> Done {
        let user = self
            .zoom
            .user_by_email(email)
            .ok_or_else(|| no("Zoom user", email))?
            .id
            .clone();
        Ok(zoom_oauth::mint(
            self,
            &user,
            scopes.iter().map(ToString::to_string).collect(),
        ))
    }

    /// Registers a Google client, or replaces one.
    pub fn register_google_client(&mut self, id: &str, client: google_oauth::Client) {
        self.google.oauth.clients.insert(id.to_owned(), client);
    }

    /// Registers a Zoom client, or replaces one.
    pub fn register_zoom_client(&mut self, id: &str, client: zoom_oauth::Client) {
        self.zoom.oauth.clients.insert(id.to_owned(), client);
    }

    /// How the authorize pages behave.
    pub fn set_consent(&mut self, consent: crate::Consent) {
        self.consent = consent;
    }

    /// The faults in wait.
    pub fn faults(&mut self) -> &mut crate::fault::Faults {
        &mut self.faults
    }

    /// How Google behaves where the real one varies.
    #[must_use]
    pub fn habits(&self) -> &crate::google::Habits {
        &self.google.habits
    }

    /// An event as it is stored, deleted ones included.
    #[must_use]
    pub fn event(&self, calendar: &str, id: &str) -> Option<std::sync::Arc<Event>> {
        crate::google::query::find(self.google.calendars.get(calendar)?, id)
    }

    /// The exceptions of a series, cancelled occurrences included; not those that its rule no longer names.
    #[must_use]
    pub fn exceptions(&self, calendar: &str, series: &Event) -> Vec<std::sync::Arc<Event>> {
        let calendar = self.google.calendars.get(calendar).into_iter();
        calendar
            .flat_map(|calendar| exceptions(calendar, series).into_values().cloned())
            .collect()
    }

    /// Every row of a calendar, by id, deleted ones included.
    #[must_use]
    pub fn events(&self, calendar: &str) -> Vec<std::sync::Arc<Event>> {
        self.google
            .calendars
            .get(calendar)
            .into_iter()
            .flat_map(|calendar| calendar.events.values().cloned())
            .collect()
    }

    /// The ids of all calendars that are not deleted.
    #[must_use]
    pub fn calendars(&self) -> Vec<String> {
        let living = self
            .google
            .calendars
            .iter()
            .filter(|(_, calendar)| !calendar.deleted);
        living.map(|(id, _)| id.clone()).collect()
    }
}

fn check_zone(name: &str) -> Result<(), Refused> {
    TimeZone::get(name).map(|_| ()).map_err(|_| no("time zone", name))
}
