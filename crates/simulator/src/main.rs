//! The simulator by itself, for tests in other languages and for people who want only the simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use reconvene_simulator::{Simulator, scenario};
use tokio::net::TcpListener;

/// Google Calendar, Zoom and their sign-ins on loopback.
#[derive(Parser)]
#[command(name = "reconvene-simulator", version)]
struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Decides every id and token.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the world holds at first.
    #[arg(long, value_enum, default_value_t = Scenario::Demo)]
    scenario: Scenario,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scenario {
    /// A person's fortnight.
    Demo,
    /// Nobody and nothing.
    Empty,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reconvene-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let simulator = Simulator::new(Arc::new(system_time), options.seed);
    if matches!(options.scenario, Scenario::Demo) {
        simulator.with(scenario::demo)?;
    }
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    println!("http://{}", listener.local_addr()?);
    tokio::select! {
        served = simulator.serve(listener) => served?,
        () = asked_to_stop() => {}
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program is where the clock comes in"
)]
fn system_time() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Ctrl-C anywhere, SIGTERM where there is one.
async fn asked_to_stop() {
    let interrupt = async {
        // Without a handler the default action ends the process just as well.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
