//! The tray as the desktop sees it, over D-Bus.

use std::collections::HashMap;

use reconvene_simulator::scenario::DESIGN;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, Proxy, connection};

use crate::app::App;
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
        let watcher = Proxy::new(
            bus,
            "org.kde.StatusNotifierWatcher",
            "/StatusNotifierWatcher",
            "org.kde.StatusNotifierWatcher",
        );
        let watcher = watcher.await.unwrap();
        let address = until("an icon is registered", async || {
            let items: Vec<String> = watcher.get_property("RegisteredStatusNotifierItems").await.ok()?;
            items.into_iter().next()
        })
        .await;
        let (name, path) = address.split_at(address.find('/').unwrap());
        // An item tells its changes by signals of its own, so nothing may be kept here.
        let item: Proxy<'_> = zbus::proxy::Builder::new(bus)
            .destination(name.to_owned())
            .and_then(|item| item.path(path.to_owned()))
            .and_then(|item| item.interface("org.kde.StatusNotifierItem"))
            .unwrap()
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_shows_state_and_results_and_does_what_is_chosen() {
    let app = App::set_up(Session::full()).await;
    let mut agent = app.agent(&["--background"]).await;
    let address = app.session.var("DBUS_SESSION_BUS_ADDRESS");
    let bus = connection::Builder::address(address)
        .unwrap()
        .build()
        .await
        .unwrap();
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
