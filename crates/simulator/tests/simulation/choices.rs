//! What the person asks for, chooses and takes back in the app.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reconvene_core::id::MeetingId;
use reconvene_core::report::{MeetingView, Remedy, Service, SettingsView};
use reconvene_engine::Engine;
use reconvene_simulator::google::Role;
use reconvene_simulator::hands::Moment;
use reconvene_simulator::{Fault, Hand, Match, Rule, Service as Wire};

use crate::ledger::Machine;
use crate::making::WORD;
use crate::process::Dead;
use crate::run::{Place, Run, WORK};
use crate::shared::ANA;
use crate::steps::{Choice, Meanwhile};
use crate::truth::Key;

/// On the way of a new meeting or of one brought back: the operation, and what goes wrong.
const FAULTS: [(&str, &str); 16] = [
    ("meetings.create", "504_html"),
    ("meetings.create", "zoom_429_daily"),
    ("meetings.create", "zoom_3161"),
    ("meetings.create", "zoom_401"),
    ("meetings.list", "500_html"),
    ("meetings.list", "429_seconds"),
    ("meetings.status", "503_html"),
    ("meetings.status", "zoom_4711"),
    ("calendar.events.get", "google_500"),
    ("calendar.events.get", "200_empty"),
    ("calendar.events.patch", "google_412"),
    ("calendar.events.patch", "google_403_scope"),
    ("calendar.events.patch", "google_403_access_level"),
    ("calendar.events.patch", "google_429"),
    ("calendar.events.patch", "503_html"),
    ("calendar.events.patch", "200_html"),
];

/// Operations whose answers are lost.
const LOST: [&str; 5] = [
    "meetings.create",
    "calendar.events.patch",
    "meetings.status",
    "meetings.update",
    "meetings.list",
];

impl Run {
    pub(crate) fn choose(&mut self, choice: Choice) {
        match choice {
            Choice::Permit { on } => self.permit(on),
            Choice::AddMeeting {
                event,
                waits,
                millis,
                meanwhile,
            } => self.add_meeting(event, (!waits).then_some((millis, meanwhile))),
            Choice::Rule { on } => {
                self.around.ledger.lock().unwrap().word.rule |= on;
                let word = if on { WORD } else { "" };
                for machine in 0..self.disks.len() {
                    self.set(machine, |settings| settings.request_word = word.to_owned());
                }
            }
            Choice::Request { event } => {
                let title = format!("{} {WORD}", self.title(4));
                self.at_event(event, |calendar, event| Hand::RenameEvent {
                    calendar,
                    event,
                    title,
                });
            }
            Choice::Vanish { event, for_good } => self.vanish(event, for_good),
            Choice::Recreate { meeting } => self.recreate(meeting),
            Choice::Undo { entry } => self.undo(entry),
            Choice::Preview { machine, on } => {
                let machine = machine as usize % self.disks.len();
                self.set(machine, |settings| settings.preview = on);
            }
            Choice::Plan { machine } => self.ask_for_plan(machine as usize % self.disks.len()),
            Choice::Bond { meeting } => self.bond(meeting),
            Choice::Unbond { meeting } => self.unbond(meeting),
            Choice::AskOnDrift { on } => self.set(0, |settings| settings.ask_on_drift = on),
            Choice::LookAgain => self.look_again(0),
            Choice::SignIn {
                machine,
                zoom,
                consents,
                to_write,
            } => {
                let machine = machine as usize % self.disks.len();
                let service = if zoom { Service::Zoom } else { Service::Google };
                self.consent(machine, service, consents, to_write);
            }
            Choice::Hide { calendar, hidden } => {
                let calendar = self.places[calendar as usize % self.places.len()].id.clone();
                self.hand(Hand::HideCalendar {
                    calendar,
                    person: ANA.into(),
                    hidden,
                });
            }
            Choice::ShareAs { writer } => {
                let calendar = self.places[2].id.clone();
                let role = if writer { Role::Writer } else { Role::Reader };
                if !self.around.ledger.lock().unwrap().truth.lost.contains(&calendar) {
                    self.hand(Hand::ShareCalendar {
                        calendar,
                        with: ANA.into(),
                        role,
                    });
                }
            }
            Choice::NewCalendar => self.new_calendar(),
            Choice::Fault { kind, on, skip } => self.fault_on_the_way(kind, on, skip),
        }
    }

    /// Allows every machine to change events, or signs in anew without that.
    fn permit(&mut self, on: bool) {
        self.may_write = on;
        for machine in 0..self.disks.len() {
            self.sign_in(machine, Service::Google, ANA);
            if self.plan.setting.two_accounts {
                self.sign_in(machine, Service::Google, WORK);
            }
        }
    }

    /// Another calendar of Ana's, which the first machine hears of and watches.
    fn new_calendar(&mut self) {
        if self.places.len() > 8 {
            return;
        }
        let made = self.hand(Hand::CreateCalendar {
            owner: ANA.into(),
            summary: "New".into(),
            id: None,
            time_zone: None,
        });
        let Some(id) = made else { return };
        self.places.push(Place { id, writable: true });
        let engine = self.engine(0);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(0, async move { engine.refresh_calendars().await }) {
            Ok(Ok(_)) => self.tick(0, self.places.len() - 1, true),
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
    }

    /// Changes a setting of a machine, and takes note of what is in force then: the process may have ended over it.
    pub(crate) fn set(&mut self, machine: Machine, change: impl FnOnce(&mut SettingsView)) {
        let Some(mut settings) = self.tell(machine, Engine::settings) else {
            return;
        };
        change(&mut settings);
        let chosen = settings.clone();
        if self
            .tell(machine, |engine| engine.change_settings(chosen))
            .is_none()
        {
            let Some(in_force) = self.tell(machine, Engine::settings) else {
                return;
            };
            settings = in_force;
        }
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        if settings.preview {
            ledger.word.previews.entry(machine).or_insert(now);
        } else {
            ledger.word.previews.remove(&machine);
        }
        if settings.ask_on_drift {
            ledger.word.asks_on_drift.entry(machine).or_insert(now);
        } else {
            ledger.word.asks_on_drift.remove(&machine);
        }
    }

    /// An event; most of the time one without a meeting.
    fn without_meeting(&self, number: u32) -> Option<Key> {
        let ledger = self.around.ledger.lock().unwrap();
        let lacks = |key: &&Key| {
            let row = ledger.truth.rows.get(*key);
            row.is_some_and(|row| row.living && row.meeting.is_none())
        };
        let lacking: Vec<&Key> = self.events.iter().filter(lacks).collect();
        if lacking.is_empty() || number.is_multiple_of(8) {
            drop(ledger);
            return self.some_event(number);
        }
        Some(lacking[number as usize % lacking.len()].clone())
    }

    fn add_meeting(&mut self, event: u32, meanwhile: Option<(u32, Meanwhile)>) {
        let Some((calendar, event)) = self.without_meeting(event) else {
            return;
        };
        self.around
            .ledger
            .lock()
            .unwrap()
            .word
            .wants
            .insert(event.clone());
        let engine = self.engine(0);
        let key = (calendar.clone(), event.clone());
        // Where two accounts show a calendar, its id here names it.
        let calendars = self.tell(0, Engine::calendars).unwrap_or_default();
        let Some(view) = calendars.into_iter().find(|view| view.google_id == calendar) else {
            return;
        };
        let id = view.id.to_string();
        let asked = async move { engine.add_meeting(&id, &event, Service::Zoom).await };
        let processes = self.processes.as_mut().unwrap();
        if let Some((millis, meanwhile)) = meanwhile {
            processes.begin(0, async move { drop(asked.await) });
            self.pass(Duration::from_millis(u64::from(millis)));
            self.meanwhile(meanwhile, key);
        } else {
            let added = processes.ask(0, asked);
            self.added(&key, added.map(|added| added.map_err(|problem| problem.code)));
        }
        self.adopt_ticks(0);
    }

    /// Something happens to an event while a meeting is added to it.
    fn meanwhile(&mut self, what: Meanwhile, (calendar, event): Key) {
        let write = |name: &str, text: &str| {
            let fields = [(name.to_owned(), text.into())].into_iter().collect();
            Hand::WriteFields {
                calendar: calendar.clone(),
                event: event.clone(),
                fields,
            }
        };
        let hand = match what {
            Meanwhile::Nothing => return,
            Meanwhile::Previewed => return self.set(0, |settings| settings.preview = true),
            Meanwhile::Renamed => write("summary", &self.title(5)),
            Meanwhile::Placed => write("location", "Room 4"),
            Meanwhile::Described => write("description", "Agenda: to be found"),
            Meanwhile::Dragged => {
                let start = Moment::At(self.in_hours(72));
                Hand::MoveEvent {
                    calendar,
                    event,
                    start,
                    end: None,
                }
            }
            Meanwhile::Cancelled => Hand::CancelEvent { calendar, event },
            Meanwhile::GivenAnother => {
                let start = self.in_hours(50);
                let Some(meeting) = self.meeting(ANA, "Another", 2, Some(start), 30) else {
                    return;
                };
                Hand::AttachMeeting {
                    calendar,
                    event,
                    meeting,
                }
            }
            Meanwhile::Carried => {
                let to = self.writable(1);
                if to == calendar || (to == WORK) != (calendar == WORK) {
                    return;
                }
                let (from, carried) = ((calendar.clone(), event.clone()), (to.clone(), event.clone()));
                if self.hand(Hand::CarryEvent { calendar, event, to }).is_some() {
                    for known in self.events.iter_mut().filter(|known| **known == from) {
                        known.clone_from(&carried);
                    }
                }
                return;
            }
        };
        self.hand(hand);
    }

    /// A whole minute.
    fn in_hours(&self, hours: i64) -> Timestamp {
        let start = self.now() + SignedDuration::from_hours(hours);
        Timestamp::from_second(start.as_second() / 60 * 60).unwrap()
    }

    /// What is said to be added is there.
    fn added(&mut self, key: &Key, added: Result<Result<MeetingView, reconvene_core::problem::Code>, Dead>) {
        match added {
            Ok(Ok(view)) => {
                let ledger = self.around.ledger.lock().unwrap();
                let shown = ledger.truth.rows.get(key).and_then(|row| row.meeting);
                drop(ledger);
                if shown.is_none() || shown.map(|number| number.to_string()) != view.number {
                    self.break_promise(
                        "P11",
                        format!("{} is said to be added to {}: {shown:?}", view.id, key.1),
                    );
                }
            }
            Ok(Err(code)) => self.note(format!("    refused: {code:?}")),
            Err(Dead) => self.restart(),
        }
    }

    fn vanish(&mut self, event: u32, for_good: bool) {
        let pointing: Vec<u64> = {
            let ledger = self.around.ledger.lock().unwrap();
            let rows = self.events.iter().filter_map(|key| ledger.truth.rows.get(key));
            let living = rows.filter(|row| row.living && row.names_itself);
            living.filter_map(|row| row.meeting).collect()
        };
        if pointing.is_empty() {
            return;
        }
        let meeting = pointing[event as usize % pointing.len()];
        let deed = match for_good {
            true => Hand::ForgetMeeting { meeting },
            false => Hand::DeleteMeeting { meeting },
        };
        self.change_at_zoom(meeting, deed);
    }

    /// One of the meetings that the machine at hand shows with a remedy.
    pub(crate) fn with_remedy(&mut self, number: u32, remedy: Remedy) -> Option<(MeetingId, u64)> {
        let views = self.tell(self.at, Engine::meetings)?;
        let fitting: Vec<_> = views
            .iter()
            .filter(|view| view.remedies.contains(&remedy))
            .filter_map(|view| Some((view.id, view.number.as_ref()?.parse().ok()?)))
            .collect();
        (!fitting.is_empty()).then(|| fitting[number as usize % fitting.len()])
    }

    fn recreate(&mut self, meeting: u32) {
        let Some((id, number)) = self.with_remedy(meeting, Remedy::Recreate) else {
            return;
        };
        self.speak(self.at, number);
        {
            let mut ledger = self.around.ledger.lock().unwrap();
            // What was taken off the event since the app last looked, the person wants back.
            let pointing = (ledger.truth.rows.iter()).filter(|(_, row)| {
                row.meeting == Some(number) || row.unlinked.last().is_some_and(|(left, _)| *left == number)
            });
            let events: Vec<String> = pointing.map(|((_, event), _)| event.clone()).collect();
            ledger.word.wants.extend(events);
        }
        let engine = self.engine(self.at);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(self.at, async move { engine.recreate(id).await }) {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
        self.adopt_ticks(self.at);
    }

    fn ask_for_plan(&mut self, machine: Machine) {
        let engine = self.engine(machine);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(machine, async move { engine.plan().await }) {
            Ok(Ok(plan)) => {
                self.note(format!("    {} planned", plan.actions.len()));
                // What could not be read for it, it says itself.
                for action in plan.actions.iter().filter(|action| action.problem.is_some()) {
                    if let Some(number) = self.numbers.get(&(machine, action.meeting)) {
                        self.around.ledger.lock().unwrap().failures.told(machine, *number);
                    }
                }
            }
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
    }

    pub(crate) fn look_again(&mut self, machine: Machine) {
        let engine = self.engine(machine);
        let processes = self.processes.as_mut().unwrap();
        match processes.ask(machine, async move { engine.sync(None, true).await }) {
            Ok(Ok(report)) => self.note(format!("    synced, {} entries", report.entries.len())),
            Ok(Err(problem)) => self.note(format!("    refused: {:?}", problem.code)),
            Err(Dead) => self.restart(),
        }
    }

    /// Takes note that the person said something about a meeting just now.
    pub(crate) fn speak(&mut self, machine: Machine, number: u64) {
        let now = self.now();
        let mut ledger = self.around.ledger.lock().unwrap();
        ledger.word.spoken.insert((machine, number), now);
    }

    fn fault_on_the_way(&mut self, kind: u32, on: u32, skip: u32) {
        let (operation, fault) = if on.is_multiple_of(2) {
            let lost = LOST[kind as usize % LOST.len()];
            let effect = match on % 8 {
                0 => reconvene_simulator::Effect::Reset,
                2 => reconvene_simulator::Effect::CutBody(on as usize * 3),
                4 => reconvene_simulator::Effect::Hang,
                _ => reconvene_simulator::Effect::Slow(u64::from(on) * 120 + 200),
            };
            let after = !kind.is_multiple_of(3);
            (
                lost,
                if after {
                    Fault::after(effect)
                } else {
                    Fault::before(effect)
                },
            )
        } else {
            let (operation, preset) = FAULTS[kind as usize % FAULTS.len()];
            (operation, Fault::preset(preset))
        };
        self.note(format!("    {operation}: {fault:?}"));
        let service = match operation.starts_with("meetings") {
            true => Wire::Zoom,
            false => Wire::Google,
        };
        let rule = Rule {
            matching: Match {
                service: Some(service),
                operation: Some(operation.to_owned()),
                method: None,
                path: None,
            },
            skip,
            times: Some(1 + on % 3 / 2),
            fault,
        };
        self.around.simulator.with(|world| world.faults().add(rule));
    }
}
