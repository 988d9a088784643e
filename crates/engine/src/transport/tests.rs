use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Serves one connection on loopback: reads the request's head, writes `answer`, then keeps the connection open if
/// told to. Gives the address and, at the end, the head.
async fn server(answer: Vec<u8>, hold: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}/v2/things?token=hush", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        // The client may have hung up on an answer that it found too large.
        let _ = stream.write_all(&answer).await;
        if hold {
            let _ = stream.read_u8().await;
        }
        String::from_utf8(head).unwrap()
    });
    (address, serving)
}

fn get(address: &str) -> http::Request<Bytes> {
    http::Request::get(address).body(Bytes::new()).unwrap()
}

fn transport() -> Https {
    within(Limits::default().total)
}

fn within(total: Duration) -> Https {
    Https::with_limits(Limits {
        total,
        body: 1000,
        ..Limits::default()
    })
    .unwrap()
}

#[tokio::test]
async fn an_answer_comes_whole_with_status_and_headers_and_no_redirect_is_followed() {
    let (address, serving) = server(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi"
            .to_vec(),
        false,
    )
    .await;
    let answer = transport().send(get(&address)).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers().get("x-a").unwrap(), "b");
    assert_eq!(answer.body().as_ref(), b"hi");
    let head = serving.await.unwrap().to_lowercase();
    assert!(head.contains(concat!(
        "user-agent: reconvene/",
        env!("CARGO_PKG_VERSION"),
        " (gzip)"
    )));
    assert!(head.contains("accept-encoding: gzip"), "{head}");
}

#[tokio::test]
async fn a_compressed_answer_is_unpacked_and_bounded_after_unpacking() {
    // 10 bytes "0123456789" and 4,096 zeroes, packed by gzip.
    let small = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 51, 48, 52, 50, 54, 49, 53, 51, 183, 176, 4, 0, 198, 199, 132,
        166, 10, 0, 0, 0,
    ];
    let large = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 1, 13, 0, 0, 0, 194, 160, 247, 79, 109, 15, 7, 20, 0, 0,
        0, 240, 110, 17, 0, 28, 199, 0, 16, 0, 0,
    ];
    for (packed, wanted) in [
        (small.as_slice(), Ok("0123456789".into())),
        (large.as_slice(), Err(TransportError::TooLarge { limit: 1000 })),
    ] {
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        )
        .into_bytes();
        answer.extend_from_slice(packed);
        let (address, _serving) = server(answer, false).await;
        let body = transport()
            .send(get(&address))
            .await
            .map(http::Response::into_body);
        assert_eq!(body, wanted);
    }
}

#[tokio::test]
async fn nobody_there_means_certainly_not_carried_out() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}/?token=hush", listener.local_addr().unwrap());
    drop(listener);
    let error = transport().send(get(&address)).await.unwrap_err();
    assert!(matches!(error, TransportError::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
    assert_eq!(
        crate::failure::unanswered(reconvene_core::report::Service::Zoom, &error).code,
        Code::Offline
    );
}

#[tokio::test]
async fn a_request_that_went_out_without_answer_may_have_been_carried_out() {
    for (answer, hold) in [
        (&b""[..], false),
        (b"", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true),
        (b"<html>", false),
    ] {
        let (address, _serving) = server(answer.to_vec(), hold).await;
        let total = if hold {
            Duration::from_millis(100)
        } else {
            Limits::default().total
        };
        let error = within(total).send(get(&address)).await.unwrap_err();
        assert!(matches!(error, TransportError::Unanswered(_)), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
        assert_eq!(
            crate::failure::unanswered(reconvene_core::report::Service::Zoom, &error).code,
            Code::TimedOut
        );
    }
}

#[tokio::test]
async fn an_answer_beyond_the_bound_is_not_read() {
    for head in ["Content-Length: 1001", "Connection: close"] {
        let mut answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + 1001, b'x');
        let (address, _serving) = server(answer, false).await;
        let error = transport().send(get(&address)).await.unwrap_err();
        assert_eq!(error, TransportError::TooLarge { limit: 1000 });
    }
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    for address in [
        "http://example.com/",
        "http://10.0.0.1/",
        "ftp://127.0.0.2.example/",
    ] {
        let error = transport().send(get(address)).await.unwrap_err();
        assert!(
            matches!(error, TransportError::Unreachable(_)),
            "{address}: {error}"
        );
    }
}

#[tokio::test]
async fn no_proxy_is_asked_for_loopback_addresses() {
    const CHILD: &str = "RECONVENE_TEST_BEHIND_PROXY";
    if std::env::var_os(CHILD).is_none() {
        // The environment is the process's own, so that this runs again in a child that has a (dead) proxy set.
        let name = "transport::tests::no_proxy_is_asked_for_loopback_addresses";
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(CHILD, "1")
            .envs(
                ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
                    .map(|name| (name, "http://127.0.0.1:9")),
            )
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let (address, _serving) = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), false).await;
    assert_eq!(transport().send(get(&address)).await.unwrap().status(), 204);
}
