//! How a history begins: people, calendars and rooms, the sign-ins, and the machines switched on.

use reconvene_core::report::Service;
use reconvene_simulator::Hand;
use reconvene_simulator::google::{Habits, Role, Tombstones};
use reconvene_simulator::zoom::oauth as zoom_oauth;

use crate::process::Processes;
use crate::run::{Place, Run, SECOND_CLIENT, WORK};
use crate::shared::{ANA, BEN};

impl Run {
    /// People, calendars, the sign-ins, and the machines switched on.
    pub(crate) fn open_everything(&mut self) {
        let setting = self.plan.setting;
        let mut people = vec![(ANA, "Europe/Berlin"), (BEN, "America/New_York")];
        if setting.two_accounts {
            people.push((WORK, "Asia/Jakarta"));
        }
        for (email, zone) in &people {
            self.must(Hand::CreatePerson {
                email: (*email).into(),
                name: (*email).into(),
                time_zone: (*zone).into(),
            });
        }
        for email in [ANA, BEN] {
            let user = self.must(Hand::CreateZoomUser {
                email: email.into(),
                name: email.into(),
                account: "home".into(),
                time_zone: "Europe/Berlin".into(),
                may_host: true,
            });
            if email == ANA {
                self.around.own_host = Some(user);
            }
        }
        self.place(ANA.to_owned(), true);
        for (owner, name, shared) in [
            (ANA, "Team", None),
            (BEN, "Project", Some(Role::Writer)),
            (BEN, "Ben’s", Some(Role::Reader)),
        ] {
            let id = self.must(Hand::CreateCalendar {
                owner: owner.into(),
                summary: name.into(),
                id: None,
                time_zone: None,
            });
            if let Some(role) = shared {
                self.must(Hand::ShareCalendar {
                    calendar: id.clone(),
                    with: ANA.into(),
                    role,
                });
                self.around.ledger.lock().unwrap().truth.shown_in_part(&id, role);
            }
            self.place(id, shared != Some(Role::Reader));
        }
        if setting.two_accounts {
            self.place(WORK.to_owned(), true);
        }
        if setting.strange_calendars {
            self.open_strange_calendars();
        }
        self.must(Hand::SetHabits(Habits {
            tombstones: [
                Tombstones::Documented,
                Tombstones::IdOnly,
                Tombstones::FullForOrganizer,
            ][usize::from(setting.tombstones) % 3],
            empty_pages: setting.empty_pages,
            repeat_rows: setting.repeat_rows,
            rows_per_page: setting.rows_per_page,
            ..Habits::default()
        }));
        self.around.simulator.with(|world| {
            world.register_zoom_client(
                SECOND_CLIENT,
                zoom_oauth::Client {
                    secret: None,
                    redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
                    scopes: zoom_oauth::SCOPES.iter().map(ToString::to_string).collect(),
                },
            );
        });
        self.rooms = self.make_rooms();
        self.hook();
        self.processes = Some(Processes::start(&self.around, &self.disks, &self.door));
        let signed_in = if setting.signed_in { self.disks.len() } else { 0 };
        for machine in 0..signed_in {
            self.sign_in(machine, Service::Google, ANA);
            self.sign_in(machine, Service::Zoom, ANA);
            if setting.two_accounts {
                self.sign_in(machine, Service::Google, WORK);
            }
            for place in 0..self.places.len() {
                if place != 3 {
                    self.tick(machine, place, true);
                }
            }
        }
    }

    pub(crate) fn place(&mut self, id: String, writable: bool) {
        if !writable {
            let mut ledger = self.around.ledger.lock().unwrap();
            ledger.truth.read_only.insert(id.clone());
        }
        self.places.push(Place { id, writable });
    }

    /// A room that stands open, and Ana's personal room.
    fn make_rooms(&mut self) -> Vec<u64> {
        [3, 4]
            .into_iter()
            .filter_map(|kind| self.meeting(ANA, "Room", kind, None, 30))
            .collect()
    }
}
