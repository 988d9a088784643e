//! What the system tells of the machine, over a real D-Bus, from a mock of UPower.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::app::App;
use crate::session::Session;
use crate::until;

struct Power {
    on_battery: bool,
}

#[zbus::interface(name = "org.freedesktop.UPower")]
impl Power {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.on_battery
    }
}

/// How long after its last pass the calendar is read next.
fn pause(status: &Value) -> Option<SignedDuration> {
    let calendars = status["result"]["value"]["calendars"].as_array()?;
    let health = &calendars.iter().find(|calendar| calendar["watched"] == true)?["health"];
    let at = |name: &str| health[name].as_str()?.parse::<Timestamp>().ok();
    Some(at("next_try")?.duration_since(at("last_attempt")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_battery_is_spared_until_the_machine_is_plugged_in() {
    let app = App::set_up(Session::without_display()).await;
    let config = app.profile().join("config.toml");
    let usual = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, usual.replace("poll = \"1h\"", "poll = \"1m\"")).unwrap();

    // The session's bus serves as the system's: no other is at hand in a test, and nobody can tell them apart.
    let bus = app.session.var("DBUS_SESSION_BUS_ADDRESS");
    let upower = zbus::connection::Builder::address(bus)
        .unwrap()
        .serve_at("/org/freedesktop/UPower", Power { on_battery: true })
        .unwrap()
        .name("org.freedesktop.UPower")
        .unwrap()
        .build()
        .await
        .unwrap();
    let mut command = app.command(&["--headless"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    let mut agent = app.start(command).await;

    let after_a_sync = async || {
        app.json(&["sync"]).await;
        pause(&app.ask(r#"{"id":1,"command":"status"}"#).await)
    };
    until("on battery the next pass is minutes away", async || {
        after_a_sync()
            .await
            .filter(|pause| *pause >= SignedDuration::from_secs(225))
    })
    .await;
    let power = upower
        .object_server()
        .interface::<_, Power>("/org/freedesktop/UPower")
        .await
        .unwrap();
    power.get_mut().await.on_battery = false;
    power
        .get()
        .await
        .on_battery_changed(power.signal_emitter())
        .await
        .unwrap();
    until("plugged in, it is a minute away again", async || {
        pause(&app.ask(r#"{"id":1,"command":"status"}"#).await)
            .filter(|pause| *pause <= SignedDuration::from_secs(75))
    })
    .await;
    app.ask(r#"{"id":1,"command":"quit"}"#).await;
    assert!(agent.wait().await.unwrap().success());
}
