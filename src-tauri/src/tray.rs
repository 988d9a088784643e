//! The tray: an icon whose shape says how things stand, and the menu.
//!
//! The menu is built once and patched in place, and only where a text differs: replacing it while it is open leaves
//! stale entries behind (github.com/tauri-apps/tauri issue 7957). What to show is decided in [`view`]; this file
//! only draws.

pub(crate) mod host;
pub(crate) mod view;

use reconvene_core::id::MeetingId;
use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

use view::{RESULTS, Shape, TrayView};

/// Where the results stand in the menu: under the state and the way to join, and a line.
const RESULTS_AT: usize = 3;
const NOTHING_AHEAD: &str = "No meeting ahead";

/// What the person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Join(MeetingId),
    SyncNow,
    Pause(bool),
    Open,
    Quit,
}

/// The tray as it is drawn. It belongs to the main thread.
pub(crate) struct Tray {
    icon: TrayIcon<Wry>,
    menu: Menu<Wry>,
    state: MenuItem<Wry>,
    join: MenuItem<Wry>,
    results: Vec<MenuItem<Wry>>,
    sync: MenuItem<Wry>,
    pause: MenuItem<Wry>,
    shown: Option<TrayView>,
}

impl Tray {
    /// Puts the tray up. Its choices arrive at [`choice`] through the app's menu events.
    pub(crate) fn raise(app: &AppHandle<Wry>, first: TrayView) -> tauri::Result<Self> {
        let state = item(app, "state", "Starting…", false)?;
        let join = item(app, "join", NOTHING_AHEAD, false)?;
        let result = item(app, "result", "No changes yet", false)?;
        let sync = item(app, "sync", "Sync now", true)?;
        let pause = item(app, "pause", "Pause", true)?;
        let open = item(app, "open", "Open Reconvene", true)?;
        let quit = item(app, "quit", "Quit", true)?;
        let line = || PredefinedMenuItem::separator(app);
        let (one, two, three) = (line()?, line()?, line()?);
        let items: [&dyn IsMenuItem<Wry>; 10] = [
            &state, &join, &one, &result, &two, &sync, &pause, &three, &open, &quit,
        ];
        let menu = Menu::with_items(app, &items)?;
        let icon = TrayIconBuilder::with_id("reconvene")
            .icon(image(first.shape)?)
            .tooltip("Reconvene")
            .menu(&menu)
            .build(app)?;
        let mut tray = Self {
            icon,
            menu,
            state,
            join,
            results: vec![result],
            sync,
            pause,
            shown: None,
        };
        tray.draw(app, first)?;
        Ok(tray)
    }

    /// Shows `view`, touching only what differs from what is shown.
    pub(crate) fn draw(&mut self, app: &AppHandle<Wry>, view: TrayView) -> tauri::Result<()> {
        let shown = self.shown.as_ref();
        if shown == Some(&view) {
            return Ok(());
        }
        if shown.is_none_or(|shown| shown.shape != view.shape) {
            self.icon.set_icon(Some(image(view.shape)?))?;
        }
        if shown.is_none_or(|shown| shown.state != view.state) {
            self.state.set_text(&view.state)?;
        }
        if shown.is_none_or(|shown| shown.join != view.join) {
            let text = view.join.as_ref().map_or(NOTHING_AHEAD, |(_, text)| text);
            self.join.set_text(text)?;
            self.join.set_enabled(view.join.is_some())?;
        }
        if shown.is_none_or(|shown| shown.results != view.results) {
            // Results only become more; further lines are added when there is something to put there.
            while self.results.len() < view.results.len().min(RESULTS) {
                let next = item(app, &format!("result-{}", self.results.len()), "", true)?;
                self.menu.insert(&next, RESULTS_AT + self.results.len())?;
                self.results.push(next);
            }
            for (item, text) in self.results.iter().zip(&view.results) {
                item.set_text(text)?;
                item.set_enabled(true)?;
            }
        }
        if shown.is_none_or(|shown| shown.paused != view.paused) {
            self.pause
                .set_text(if view.paused { "Resume" } else { "Pause" })?;
        }
        if shown.is_none_or(|shown| shown.can_sync != view.can_sync) {
            self.sync.set_enabled(view.can_sync)?;
        }
        self.shown = Some(view);
        Ok(())
    }

    /// What choosing the menu item `id` means, as things are shown now.
    pub(crate) fn choice(&self, id: &str) -> Option<Choice> {
        let shown = self.shown.as_ref()?;
        match id {
            "join" => shown.join.as_ref().map(|(meeting, _)| Choice::Join(*meeting)),
            "sync" => Some(Choice::SyncNow),
            "pause" => Some(Choice::Pause(!shown.paused)),
            "quit" => Some(Choice::Quit),
            "open" => Some(Choice::Open),
            result if result.starts_with("result") => Some(Choice::Open),
            _ => None,
        }
    }
}

fn item(app: &AppHandle<Wry>, id: &str, text: &str, enabled: bool) -> tauri::Result<MenuItem<Wry>> {
    MenuItem::with_id(app, id, text, enabled, None::<&str>)
}

fn image(shape: Shape) -> tauri::Result<Image<'static>> {
    let bytes: &'static [u8] = match shape {
        Shape::InStep => include_bytes!("../icons/tray-in-step.png"),
        Shape::Syncing => include_bytes!("../icons/tray-syncing.png"),
        Shape::NeedsYou => include_bytes!("../icons/tray-needs-you.png"),
        Shape::Paused => include_bytes!("../icons/tray-paused.png"),
        Shape::Offline => include_bytes!("../icons/tray-offline.png"),
    };
    Image::from_bytes(bytes)
}
