//! Whatever talks to the port of a sign-in: nothing but the redirect that is waited for gets through, and that does.

use std::io;

use futures::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Far longer than any answer takes; only a hang comes to its end.
const HANG: Duration = Duration::from_secs(30);
const STATE: &str = "s-t-a-t-e";
/// Stands for the port in what is said.
const HOST: &str = "127.0.0.1:PORT";

fn request(method: &str, host: &str, target: &str, more: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n")
}

fn target() -> String {
    format!("/callback?state={STATE}&code=c")
}

/// The redirect that is waited for.
fn right() -> String {
    request("GET", HOST, &target(), "")
}

/// Something else: bytes, a request with one thing wrong, a part of the right one, or the right one with far too much head.
fn wrong() -> impl Strategy<Value = Vec<u8>> {
    let ours = target();
    let targets = prop_oneof![
        Just(format!("{ours}&code=d")),
        Just(format!("{ours}&error=access_denied")),
        Just(format!("{ours}&state={STATE}")),
        Just(format!("{ours}&iss=https%3A%2F%2Fother.example")),
        Just(ours.replace(STATE, "S-T-A-T-E")),
        Just(ours.replace("code", "%63%6f%64%65%00")),
        Just(ours.replace("/callback", "/callback%2f")),
        Just(ours.replace("/callback", "/./callback/")),
        "/callback\\?[a-z=&%+;]{0,60}",
        "[/*][!-~]{0,60}",
        (1..4000usize).prop_map(|times| format!("/callback?{}", "state&".repeat(times))),
    ];
    let method = prop::sample::select(vec!["POST", "HEAD", "OPTIONS", "CONNECT", "PUT", "get"]);
    let host = prop::sample::select(vec![
        "",
        "localhost:PORT",
        "127.0.0.1",
        "127.0.0.1:PORT.evil.example",
        "127.0.0.1:PORT, x",
    ]);
    let more = prop::sample::select(vec![
        "Content-Length: 1000000\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Connection: keep-alive, upgrade\r\nUpgrade: h2c\r\n",
        "",
    ]);
    // A connection is good for one request: the right one behind a wrong one does not count.
    let and_right = |wrong: String| (wrong + &right()).into_bytes();
    prop_oneof![
        2 => vec(any::<u8>(), 0..400),
        4 => (targets, more.clone()).prop_map(move |(target, more)| and_right(request("GET", HOST, &target, more))),
        2 => (method, more.clone()).prop_map(move |(method, more)| and_right(request(method, HOST, &target(), more))),
        2 => (host, more).prop_map(move |(host, more)| and_right(request("GET", host, &target(), more))),
        2 => (1..right().len()).prop_map(|end| right().as_bytes()[..end].to_vec()),
        1 => (17_000..60_000usize).prop_map(|length| right().replace("Host", &format!("X: {}\r\nHost", "x".repeat(length))).into()),
        1 => (200..2000usize).prop_map(|times| right().replace("Host", &format!("{}Host", "X: y\r\n".repeat(times))).into()),
    ]
}

/// Says all of it in pieces of some size and hears the answer, as far as the other side listens and answers.
async fn say(port: u16, said: &[u8], piece: usize) -> Vec<u8> {
    let said = match std::str::from_utf8(said) {
        Ok(text) => text.replace("PORT", &port.to_string()).into_bytes(),
        Err(_) => said.to_vec(),
    };
    let (mut hears, mut says) = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap()
        .into_split();
    let speaking = async {
        for piece in said.chunks(piece) {
            says.write_all(piece).await?;
        }
        says.shutdown().await
    };
    let mut heard = Vec::new();
    let talk = async { tokio::join!(speaking, hears.read_to_end(&mut heard)) };
    let _: (io::Result<()>, io::Result<usize>) =
        tokio::time::timeout(HANG, talk).await.expect("the port hangs");
    heard
}

/// A port that waits for its redirect.
async fn waiting() -> (u16, tokio::task::JoinHandle<String>) {
    let loopback = Loopback::bind().await.unwrap();
    let port = loopback.port;
    let expected = Expected {
        state: STATE.into(),
        issuer: "https://accounts.example".to_owned(),
    };
    let come = tokio::spawn(async move {
        let (redirect, answering) = loopback.redirected(expected).await;
        answering.show(Page::Done).await;
        match redirect {
            Redirect::Code(code) => code.expose_secret().to_owned(),
            Redirect::Error(error) => format!("error {error}"),
        }
    });
    (port, come)
}

async fn gets_through(port: u16, come: tokio::task::JoinHandle<String>) {
    let heard = String::from_utf8(say(port, right().as_bytes(), 1000).await).unwrap();
    assert!(heard.contains("You are signed in"), "{heard}");
    assert_eq!(come.await.unwrap(), "c");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_but_the_redirect_gets_through_and_that_does(all in vec((wrong(), 1..3000usize), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (port, come) = waiting().await;
            let heard = join_all(all.iter().map(|(said, piece)| say(port, said, *piece))).await;
            for heard in heard {
                let heard = String::from_utf8_lossy(&heard);
                prop_assert!(heard.is_empty() || heard.starts_with("HTTP/1.") && !heard.contains(" 200 "), "{heard}");
                prop_assert!(heard.len() < 4000 && !heard.contains(STATE), "{heard}");
            }
            prop_assert!(!come.is_finished());
            gets_through(port, come).await;
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_say_nothing_or_half_a_thing_make_room() {
    let (port, come) = waiting().await;
    let mut idle = Vec::new();
    for at in 0..2 * CONNECTIONS {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        if at % 2 == 0 {
            stream.write_all(b"GET /callback?st").await.unwrap();
        }
        idle.push(stream);
    }
    gets_through(port, come).await;
}

#[tokio::test]
async fn a_head_without_end_is_refused_before_it_fills_the_memory() {
    let (port, come) = waiting().await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(b"GET /callback HTTP/1.1\r\nX: ").await.unwrap();
    let mut sent = 0;
    let endless = async {
        while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {
            sent += 1 << 16
        }
    };
    // The rest is what the system keeps on its way.
    tokio::time::timeout(HANG, endless)
        .await
        .expect("it is read for ever");
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    gets_through(port, come).await;
}
