//! What happens while a request is under way.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use reconvene_engine::Engine;
use reconvene_engine::ports::{Transport, TransportError};

use crate::shared::InProcess;
use crate::stand::Stand;

type Deed = Box<dyn FnOnce() + Send>;

/// The services, and something that happens once, before the answer to a request that fits arrives.
struct Meanwhile {
    inner: InProcess,
    fits: fn(&Request<Bytes>) -> bool,
    deed: Mutex<Option<Deed>>,
}

#[async_trait]
impl Transport for Meanwhile {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let fits = (self.fits)(&request);
        let answer = self.inner.send(request).await;
        if fits && let Some(deed) = self.deed.lock().unwrap().take() {
            deed();
        }
        answer
    }
}

/// Does something to the engine while the first request that `fits` is under way.
pub(crate) fn during(
    stand: &mut Stand,
    fits: fn(&Request<Bytes>) -> bool,
    deed: impl FnOnce(&Engine) + Send + 'static,
) {
    let meanwhile = Arc::new(Meanwhile {
        inner: InProcess(stand.simulator.router()),
        fits,
        deed: Mutex::default(),
    });
    stand.restart_over(meanwhile.clone());
    let engine = stand.engine.clone();
    *meanwhile.deed.lock().unwrap() = Some(Box::new(move || deed(&engine)));
}
