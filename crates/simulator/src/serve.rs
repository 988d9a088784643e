//! The same router on real sockets, where a broken connection is really broken.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::Broken;

pub(crate) async fn serve(router: Router, listener: TcpListener) -> io::Result<()> {
    // Connections live in the set, so that dropping this future closes them all.
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(router.clone(), socket));
    }
}

async fn connection(router: Router, socket: TcpStream) {
    // Without this, small answers wait for the client's delayed acknowledgement; failing that they are merely slower.
    socket.set_nodelay(true).ok();
    let service = service_fn(move |request| answer(router.clone(), request));
    // An error here is a client that went away or a break that was asked for; both end this connection alone.
    http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await
        .ok();
}

async fn answer(router: Router, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let response: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
    let Ok(mut response) = response;
    match response.extensions_mut().remove::<Broken>() {
        None => Ok(response),
        Some(Broken::Reset | Broken::Unreachable) => Err(io::ErrorKind::ConnectionReset.into()),
        Some(Broken::Hang) => std::future::pending().await,
        Some(Broken::CutBody) => {
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?;
            let sent: [io::Result<Bytes>; 2] =
                [Ok(body.to_bytes()), Err(io::ErrorKind::UnexpectedEof.into())];
            Ok(Response::from_parts(parts, Body::from_stream(stream::iter(sent))))
        }
    }
}
