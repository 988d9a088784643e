//! As much of an HTTP client as a browser at a consent page, and a driver of browsers, need.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

pub(crate) struct Response {
    pub(crate) status: u16,
    location: Option<String>,
    body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Sends one request over a connection of its own.
pub(crate) async fn send(method: &str, url: &Url, body: Option<&Value>) -> std::io::Result<Response> {
    let host = url.host_str().unwrap();
    let port = url.port_or_known_default().unwrap();
    let mut stream = TcpStream::connect((host, port)).await?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;

    let mut all = Vec::new();
    let mut chunk = [0; 8192];
    let end_of_head = loop {
        let read = stream.read(&mut chunk).await?;
        all.extend_from_slice(&chunk[..read]);
        if let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&all[..end_of_head]).into_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    // Not every server closes when asked to, so a length that is told is believed.
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    while length.is_none_or(|length| all.len() < end_of_head + length) {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        all.extend_from_slice(&chunk[..read]);
    }
    Ok(Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        location: header("location"),
        body: all.split_off(end_of_head),
    })
}

/// Follows an address as a browser does, to the page at the end.
pub(crate) async fn follow(address: &str) -> Response {
    let mut url = Url::parse(address).unwrap();
    loop {
        let response = send("GET", &url, None).await.unwrap();
        match &response.location {
            Some(next) => url = url.join(next).unwrap(),
            None => return response,
        }
    }
}
