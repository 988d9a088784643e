//! The request to end from outside: Ctrl-C, and where there are signals, also the polite one.

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A token that is cancelled when the process is asked to end. Called first thing in `main`: until a handler is there,
/// such a request kills.
pub(crate) fn asked(runtime: &Runtime) -> CancellationToken {
    let stop = CancellationToken::new();
    // Made here and not in the task, which begins later. Without a handler the default action ends the process as well.
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            if let Ok(mut asked) = signal(kind) {
                let stop = stop.clone();
                runtime.spawn(async move {
                    asked.recv().await;
                    stop.cancel();
                });
            }
        }
    }
    #[cfg(windows)]
    {
        let _inside = runtime.enter();
        if let Ok(mut asked) = tokio::signal::windows::ctrl_c() {
            let stop = stop.clone();
            runtime.spawn(async move {
                asked.recv().await;
                stop.cancel();
            });
        }
    }
    stop
}
