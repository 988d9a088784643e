//! The tray as the desktop sees it, over D-Bus.

use std::collections::HashMap;

use reconvene_simulator::scenario::DESIGN;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, Proxy, connection};

use crate::app::App;
use crate::processes::windows;
use crate::session::Session;
use crate::until;

/// `com.canonical.dbusmenu`: an item's id, its properties and its children, each of those again such a structure.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

struct Menu<'a> {
    item: Proxy<'a>,
    menu: Proxy<'a>,
}

impl Menu<'_> {
    /// Waits for Reconvene's item at the desktop's watcher.
    async fn registered(bus: &Connection) -> Self {
        let watcher = "org.kde.StatusNotifierWatcher";
        let address = until("an icon is registered", async || {
            let watcher = uncached(bus, watcher, "/StatusNotifierWatcher", watcher).await;
            let items: Vec<String> = watcher.get_property("RegisteredStatusNotifierItems").await.ok()?;
            items.into_iter().next()
        })
        .await;
        let (name, path) = address.split_at(address.find('/').unwrap());
        let item = uncached(bus, name, path, "org.kde.StatusNotifierItem").await;
        let path: zbus::zvariant::OwnedObjectPath = item.get_property("Menu").await.unwrap();
        let menu = Proxy::new(bus, name.to_owned(), path, "com.canonical.dbusmenu")
            .await
            .unwrap();
        Self { item, menu }
    }

    /// The labels, from top to bottom, each with the id to choose it by.
    async fn labels(&self) -> Vec<(i32, String)> {
        let asked: zbus::Result<(u32, Layout)> =
            self.menu.call("GetLayout", &(0, -1, Vec::<&str>::new())).await;
        let (_, (_, _, children)) = asked.unwrap();
        let read = |child: &OwnedValue| {
            let fields = <&Structure<'_>>::try_from(&**child).ok()?.fields();
            let id = i32::try_from(&fields[0]).ok()?;
            let Value::Dict(properties) = &fields[1] else {
                return None;
            };
            let label: Option<String> = properties.get(&"label").ok()?;
            Some((id, label?.replace("__", "_")))
        };
        children.iter().filter_map(read).collect()
    }

    async fn shows(&self, what: &str) -> i32 {
        until(&format!("the menu shows “{what}”"), async || {
            let labels = self.labels().await;
            labels
                .into_iter()
                .find(|(_, label)| label.contains(what))
                .map(|(id, _)| id)
        })
        .await
    }

    async fn choose(&self, what: &str) {
        let id = self.shows(what).await;
        let data = Value::from(0);
        self.menu
            .call_method("Event", &(id, "clicked", &data, 0u32))
            .await
            .unwrap();
    }

    async fn icon(&self) -> String {
        self.item.get_property("IconName").await.unwrap()
    }
}

/// Items and watchers tell their changes by signals of their own, so nothing may be kept here.
async fn uncached(bus: &Connection, name: &str, path: &str, interface: &str) -> Proxy<'static> {
    zbus::proxy::Builder::new(bus)
        .destination(name.to_owned())
        .and_then(|proxy| proxy.path(path.to_owned()))
        .and_then(|proxy| proxy.interface(interface.to_owned()))
        .unwrap()
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .unwrap()
}

async fn bus(app: &App) -> Connection {
    let address = app.session.var("DBUS_SESSION_BUS_ADDRESS");
    connection::Builder::address(address)
        .unwrap()
        .build()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_host_that_comes_late_gets_the_icon_and_no_window_was_opened_for_it() {
    let app = App::set_up(Session::with(&["--no-tray"])).await;
    let mut agent = app.agent(&["--background"]).await;
    let mut panel = app
        .session
        .command("xfce4-panel")
        .arg("--disable-wm-check")
        .spawn()
        .unwrap();
    Menu::registered(&bus(&app).await).await.shows("in step").await;
    assert_eq!(windows(agent.id().unwrap()), []);
    app.ask(r#"{"id":1,"command":"quit"}"#).await;
    assert!(agent.wait().await.unwrap().success());
    panel.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_shows_state_and_results_and_does_what_is_chosen() {
    let app = App::set_up(Session::full()).await;
    let mut agent = app.agent(&["--background"]).await;
    let bus = bus(&app).await;
    let menu = Menu::registered(&bus).await;

    menu.shows("in step – as of").await;
    let in_step = menu.icon().await;
    let order: Vec<String> = menu.labels().await.into_iter().map(|(_, label)| label).collect();
    let at = |what: &str| order.iter().position(|label| label.contains(what));
    assert!(at("in step") < at("Join"), "{order:?}");
    assert!(
        at("Join") < at("Sync now") && at("Sync now") < at("Pause"),
        "{order:?}"
    );
    assert!(
        at("Pause") < at("Open Reconvene") && at("Open Reconvene") < at("Quit"),
        "{order:?}"
    );

    // Renamed in the calendar, synced from the menu, told in the menu.
    app.rename(DESIGN, "Design talk: icons");
    menu.choose("Sync now").await;
    menu.shows("✓  Renamed “Design talk: icons”").await;

    app.refuse_next_change();
    app.rename(DESIGN, "Never");
    menu.choose("Sync now").await;
    menu.shows("Zoom refused “Never”").await;
    menu.shows("Needs you: 1 meeting failed").await;
    until("the icon has another shape", async || {
        (menu.icon().await != in_step).then_some(())
    })
    .await;

    menu.choose("Pause").await;
    menu.shows("Paused").await;
    assert_eq!(app.json(&["status"]).await["overall"], "paused");
    menu.choose("Resume").await;
    menu.shows("Pause").await;

    menu.choose("Quit").await;
    assert!(agent.wait().await.unwrap().success());
}
