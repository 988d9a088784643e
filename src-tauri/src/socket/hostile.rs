//! Whatever a client sends, the agent neither panics nor hangs nor grows, and goes on answering the others.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use reconvene_api::{MAX_LINE, Message};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::tests::Agent;

/// Far longer than any answer takes; only a hang comes to its end.
const HANG: Duration = Duration::from_secs(30);

/// One line as nobody should send it, or as somebody might.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![
        (0..4u64).prop_map(|id| id.to_string()),
        Just(u64::MAX.to_string()),
        Just("18446744073709551616".to_owned()),
        Just("-1".to_owned()),
        Just("1.5".to_owned()),
        Just("\"1\"".to_owned()),
        Just("null".to_owned()),
        Just("[1]".to_owned()),
    ];
    let command = prop_oneof![
        Just("status".to_owned()),
        Just("subscribe".to_owned()),
        Just("doctor".to_owned()),
        Just("watch".to_owned()),
        Just("approve".to_owned()),
        "[a-z_]{0,12}",
    ];
    let more = prop_oneof![
        Just(String::new()),
        Just(",\"meetings\":[]".to_owned()),
        Just(",\"meetings\":[1,\"m1\",null]".to_owned()),
        Just(",\"calendar\":7,\"watched\":\"yes\"".to_owned()),
        Just(",\"calendar\":\"c1\",\"watched\":true".to_owned()),
        Just(",\"id\":2".to_owned()),
        Just(",\"unknown\":{\"deep\":[[[[[[]]]]]]}".to_owned()),
    ];
    prop_oneof![
        4 => (id, command, more).prop_map(|(id, command, more)| {
            format!("{{\"id\":{id},\"command\":\"{command}\"{more}}}").into_bytes()
        }),
        2 => vec(any::<u8>(), 0..200),
        1 => (1..3000usize).prop_map(|depth| b"[".repeat(depth)),
        1 => (1..200_000usize).prop_map(|length| b"x".repeat(length)),
        1 => Just(b"{\"id\":1,\"command\":\"status\"".to_vec()),
        1 => Just(b"\xef\xbb\xbf{\"id\":1,\"command\":\"status\"}".to_vec()),
    ]
}

/// Lines with the ends that lines may have.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just(""), 1 => Just("\n\n\0")];
    vec((line(), end), 1..12).prop_map(|lines| {
        let whole = lines.into_iter().map(|(line, end)| [line, end.into()].concat());
        whole.collect::<Vec<_>>().concat()
    })
}

/// Says all of it in pieces of some size, hangs up its mouth, and hears every answer to the end.
async fn talk(agent: &Agent, said: &[u8], piece: usize) -> Vec<String> {
    let stream = UnixStream::connect(agent.address()).await.unwrap();
    let (hears, mut says) = stream.into_split();
    let speaking = async {
        for piece in said.chunks(piece) {
            // The agent may have hung up over what came before.
            if says.write_all(piece).await.is_err() {
                break;
            }
        }
        says.shutdown().await.ok();
    };
    let hearing = async {
        let mut lines = BufReader::new(hears).lines();
        let mut heard = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line);
        }
        heard
    };
    tokio::time::timeout(HANG, async { tokio::join!(speaking, hearing).1 })
        .await
        .expect("the agent hangs")
}

async fn answers_others(agent: &Agent) {
    let heard = talk(agent, b"{\"id\":9,\"command\":\"status\"}\n", 64).await;
    let answer = serde_json::from_str::<Message>(heard.first().expect("an answer")).unwrap();
    assert!(matches!(answer, Message::Answer { id: 9, .. }), "{answer:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn p10_no_client_makes_the_agent_panic_hang_or_deaf(said in conversation(), piece in 1..5000usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let agent = Agent::start();
            let heard = talk(&agent, &said, piece).await;
            for line in &heard {
                let message = serde_json::from_str::<Message>(line);
                prop_assert!(message.is_ok(), "the agent’s own line cannot be read: {line}");
            }
            // Never more answers than lines; a subscriber also hears the status as it is.
            let lines = said.split(|byte| *byte == b'\n').count();
            prop_assert!(heard.len() <= 2 * lines, "{} answers to {lines} lines", heard.len());
            answers_others(&agent).await;
            prop_assert!(!agent.has_ended());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn an_id_used_twice_is_answered_twice() {
    let agent = Agent::start();
    let heard = talk(&agent, &b"{\"id\":1,\"command\":\"status\"}\n".repeat(40), 7).await;
    assert_eq!(heard.len(), 40);
    assert!(heard.iter().all(|line| line.contains("\"id\":1")));
}

#[tokio::test]
async fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let agent = Agent::start();
    let heard = talk(&agent, &b"x".repeat(MAX_LINE + 2), 1 << 20).await;
    let refusals = heard.iter().filter(|line| line.contains("bad_usage")).count();
    assert!(refusals <= 1, "{heard:?}");
    answers_others(&agent).await;
}
