//! One request as it came in and one answer as it goes out, free of any socket.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The four services that the simulator stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Google Calendar API v3, under `/google/calendar/v3`.
    Google,
    /// Google's sign-in, under `/google`.
    GoogleOauth,
    /// Zoom API v2, under `/zoom/v2`.
    Zoom,
    /// Zoom's sign-in, under `/zoom/oauth`.
    ZoomOauth,
}

impl Service {
    /// The service a path belongs to and the rest of the path below it; `None` for pages and the control door.
    pub(crate) fn of(path: &str) -> Option<(Self, &str)> {
        [
            ("/google/calendar/v3/", Self::Google),
            ("/google/", Self::GoogleOauth),
            ("/zoom/v2/", Self::Zoom),
            ("/zoom/oauth/", Self::ZoomOauth),
        ]
        .into_iter()
        .find_map(|(prefix, service)| path.strip_prefix(prefix).map(|rest| (service, rest)))
    }
}

/// A request, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// The whole path, still percent-encoded.
    pub(crate) path: String,
    /// The path below the service's base, split at `/` and decoded.
    pub(crate) segments: Vec<String>,
    /// The query, decoded, in order; names may repeat.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn new(parts: &http::request::Parts, body: Bytes, rest: &str) -> Self {
        let decode = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            segments: rest.split('/').map(decode).collect(),
            query: url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            headers: parts.headers.clone(),
            body,
        }
    }

    /// The first value of a query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a query parameter.
    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a boolean query parameter is `true`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.param(name) == Some("true")
    }

    /// A header's text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION)?.strip_prefix("Bearer ")
    }

    /// The fields of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as JSON; `None` when it is not JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Where this simulator is reached, as the caller sees it: scheme and authority.
    pub(crate) fn base(&self) -> String {
        let host = self.header(header::HOST).unwrap_or("127.0.0.1");
        format!("http://{host}")
    }
}

/// An answer, before any fault has touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Bytes,
}

/// What handling gives: the answer to a good request, or the refusal of a bad one. Both go on the wire alike.
pub(crate) type Handled = Result<Answer, Answer>;

impl Answer {
    /// JSON, indented as Google's and Zoom's services do by default.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", value.to_string())
    }

    /// Status 200 with JSON.
    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    /// A status without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Any text.
    pub(crate) fn text(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, content_type.to_owned())],
            body: body.into(),
        }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The headers in wire form; a value that HTTP cannot carry is left out.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                map.append(name.clone(), value);
            }
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_with_an_encoded_hash_is_one_segment() {
        let (parts, ()) = http::Request::get("/google/calendar/v3/calendars/en%23holiday%40g/events?a=b%20c")
            .body(())
            .unwrap()
            .into_parts();
        let (service, rest) = Service::of(parts.uri.path()).unwrap();
        let asked = Asked::new(&parts, Bytes::new(), rest);
        assert_eq!(service, Service::Google);
        assert_eq!(asked.segments, ["calendars", "en#holiday@g", "events"]);
        assert_eq!(asked.param("a"), Some("b c"));
    }
}
