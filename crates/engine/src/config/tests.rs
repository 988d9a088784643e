use proptest::collection::vec;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn read(text: &str) -> Result<Config, Problem> {
    Config::from_toml(Path::new("/home/ana/config.toml"), text)
}

fn refusal(text: &str) -> String {
    let problem = read(text).expect_err(text);
    assert_eq!(problem.code, Code::BadConfig);
    assert!(problem.hint.contains("/home/ana/config.toml"), "{}", problem.hint);
    problem.message
}

#[test]
fn no_file_means_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::load(&Profile::at(dir.path())).unwrap();
    assert!(config.zoom.api.is_none() && config.sync == SyncConfig::default());
    let google = config.endpoints(Service::Google).unwrap();
    assert_eq!(google.api.as_str(), "https://www.googleapis.com/calendar/v3");
    assert_eq!(google.token.as_str(), "https://oauth2.googleapis.com/token");
    for service in Service::ALL {
        assert!(config.endpoints(service).is_ok());
    }
}

#[test]
fn what_is_given_is_told_from_what_is_not() {
    let config = read(
        "[zoom]\nclient_id = \"abc\"\napi = \"http://127.0.0.1:4711/v2/\"\n\
         [sync]\npoll = \"1500ms\"\ndelete_grace = \"0s\"\nmass_delete_limit = 0x0a\n",
    )
    .unwrap();
    assert_eq!(
        config.zoom.api.as_ref().unwrap().as_str(),
        "http://127.0.0.1:4711/v2"
    );
    assert!(config.zoom.token.is_none());
    assert_eq!(config.sync.poll, Some(Duration::from_millis(1500)));
    assert_eq!(config.sync.delete_grace, Some(Duration::ZERO));
    assert_eq!(config.sync.mass_delete_limit, Some(10));
    let client = config.client(Service::Zoom).unwrap();
    assert_eq!(client.id, "abc");
    assert!(client.secret.is_none(), "no secret is borrowed from elsewhere");
    assert_eq!(
        config.endpoints(Service::Zoom).unwrap().token.as_str(),
        "https://zoom.us/oauth/token"
    );
}

#[test]
fn an_error_names_file_line_section_and_key() {
    assert_eq!(
        refusal("# mine\n\n[google]\nclient_id = \"a\"\n\n[zoom]\napi = \"http://zoom.example/v2\"\n"),
        "config.toml:7: [zoom] api: http is accepted for this computer only; write https."
    );
    assert_eq!(
        refusal("[sync]\npol = \"60s\"\n"),
        "config.toml:2: [sync] pol: there is no such key; [sync] knows poll, delete_grace, mass_delete_limit, ask_on_drift and preview."
    );
    assert_eq!(
        refusal("sync.poll = \"soon\""),
        "config.toml:1: [sync] poll: write a time with its unit, such as \"90s\", \"2m\" or \"1500ms\"."
    );
    assert_eq!(
        refusal("\u{feff}[sync]\r\n\r\npoll = 60\r\n"),
        "config.toml:3: [sync] poll: write a time with its unit, such as \"90s\", \"2m\" or \"1500ms\"."
    );
    assert_eq!(
        refusal("[sync]\nmass_delete_limit = -1"),
        "config.toml:2: [sync] mass_delete_limit: this must be a whole number from 0 to 1000."
    );
    assert_eq!(
        refusal("[sync]\npoll = \"1ms\""),
        "config.toml:2: [sync] poll: this must lie within 1s to 24h."
    );
    assert!(refusal("[sync]\npoll = \"-5s\"").contains("within"));
    assert!(refusal("[google]\nclient_id = \"\"").contains("empty"));
    assert!(refusal("[google]\nclient_id = \"a b\"").contains("blank"));
    assert!(
        refusal("[google]\n\nclient_secret = \"s\"").starts_with("config.toml:3: [google] client_secret:")
    );
    assert!(refusal("google = 3").starts_with("config.toml:1: google: this must be a section"));
    assert!(refusal("poll = \"60s\"").contains("belongs in a section"));
}

#[test]
fn sections_of_other_versions_are_refused_by_name() {
    for text in [
        "[webex]\n",
        "[[provider]]\nname = \"x\"\n",
        "[teams]\nclient_id = \"x\"",
    ] {
        assert!(
            refusal(text).contains("this version of Reconvene knows [google], [zoom] and [sync]"),
            "{text}"
        );
    }
}

#[test]
fn broken_toml_names_the_line() {
    let message = refusal("[sync]\npoll = \"60s\"\n[google\n");
    assert!(
        message.starts_with("config.toml:3: [google]: this is not TOML"),
        "{message}"
    );
}

#[test]
fn what_is_no_toml_is_named_with_section_and_key() {
    for (text, wanted) in [
        (
            "[sync]\npoll = \"60s\"\npoll = \"61s\"\n",
            "config.toml:3: [sync] poll: ",
        ),
        ("[sync]\npoll = 60s\n", "config.toml:2: [sync] poll: "),
        ("[sync]\n[google]\n[sync]\n", "config.toml:3: [sync]: "),
        (
            "[google]\nclient_secret = \"abc\n",
            "config.toml:2: [google] client_secret: ",
        ),
    ] {
        let message = refusal(text);
        assert!(message.starts_with(wanted) && message.ends_with('.'), "{message}");
        assert!(!message.contains("abc"), "no secret is repeated: {message}");
    }
}

#[test]
fn a_file_that_is_not_text_or_not_a_file_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let profile = Profile::at(dir.path());
    std::fs::write(profile.config_file(), b"[sync]\n\xff\xfe\n").unwrap();
    let problem = Config::load(&profile).unwrap_err();
    assert_eq!(problem.message, "config.toml:2: the text is not UTF-8.");
    std::fs::remove_file(profile.config_file()).unwrap();
    std::fs::create_dir(profile.config_file()).unwrap();
    assert_eq!(Config::load(&profile).unwrap_err().code, Code::BadConfig);
}

#[test]
fn secrets_never_show_in_errors_or_debug_output() {
    let config = read("[google]\nclient_id = \"id\"\nclient_secret = \"hush-hush\"").unwrap();
    assert_eq!(
        config
            .client(Service::Google)
            .unwrap()
            .secret
            .unwrap()
            .expose_secret(),
        "hush-hush"
    );
    assert!(!format!("{config:?}").contains("hush"));
    for text in [
        "[google]\nclient_secret = hush-hush",
        "[google]\nclient_secret = \"hush-hush",
        "[google]\nclient_id = \"x\"\nclient_secret = \"hush hush\"",
        "[google]\nclient_secret = [\"hush-hush\"]",
        "[google client_secret = \"hush-hush\"",
    ] {
        assert!(!refusal(text).contains("hush"), "{}", refusal(text));
    }
}

#[test]
fn endpoints_are_https_or_on_this_machine() {
    for good in [
        "https://api.zoom.us/v2",
        "http://127.0.0.1:8080/v2",
        "http://127.9.9.9/",
        "http://[::1]:1/x",
        "http://localhost:3000",
        "http://LOCALHOST",
    ] {
        assert!(endpoint(good).is_ok(), "{good}");
    }
    for bad in [
        "http://api.zoom.us/v2",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "https://user@api.zoom.us/",
        "https://:pw@api.zoom.us/",
        "https://api.zoom.us/?x=1",
        "https://api.zoom.us/#x",
        "ftp://api.zoom.us/",
        "file:///etc/passwd",
        "api.zoom.us",
        "",
    ] {
        assert!(endpoint(bad).is_err(), "{bad}");
    }
    assert_eq!(
        endpoint("https://a.example/v2/").unwrap().as_str(),
        "https://a.example/v2"
    );
    assert_eq!(
        endpoint("https://a.example").unwrap().as_str(),
        "https://a.example/"
    );
}

/// A line as somebody may write it, or as it may come to be. What is secret holds the word hush.
fn a_line() -> impl Strategy<Value = String> {
    let word = |words: &[&'static str]| prop::sample::select(words.to_vec()).prop_map(str::to_owned);
    let key = word(&[
        "client_id",
        "client_secret",
        "api",
        "token",
        "poll",
        "delete_grace",
        "mass_delete_limit",
        "preview",
        "sync.poll",
        "\"poll\"",
        "polls",
        "",
        "ä",
    ]);
    let number = word(&["poll", "delete_grace", "mass_delete_limit"]);
    let value = prop_oneof![
        3 => word(&[
            "true", "1e999", "inf", "0x0a", "1979-05-27T07:32:00Z", "\"60s\"", "\"-5s\"", "\"1e9h\"", "\"PT1H\"", "'''",
            "\"https://api.zoom.us/v2/\"", "\"http://127.0.0.1:1/\"", "\"http://api.zoom.us\"", "[", "{", "\"\"\"", "",
        ]),
        1 => "-?[0-9_]{1,25}",
        2 => "\"[0-9]{1,6}(ms|s|m|h)\"",
        1 => "\"[0-9]{1,25}(ns|ms|s|m|h|d|y)?\"",
        1 => "\"[^\"\n]{0,30}\"",
        1 => (1..2000usize).prop_map(|depth| "[".repeat(depth)),
        1 => (1..2000usize).prop_map(|depth| "{a=".repeat(depth)),
    ];
    prop_oneof![
        4 => word(&["[google]", "[zoom]", "[sync]", "[[sync]]", "[other]", "[zoom client_secret = \"hush\"", "[sync.poll]", "[", "#", "\u{feff}", "\0"]),
        8 => (key, value.clone()).prop_map(|(key, value)| format!("{key} = {value}")),
        8 => (number, value).prop_map(|(key, value)| format!("[sync]\n{key} = {value}")),
        3 => word(&[
            "client_secret = \"hush-hush\"",
            "client_secret = hush-hush",
            "client_secret = \"hush hush\"",
            "client_secret = [\"hush\", 1]",
            "client_secret = {a = \"hush\"}",
            "client_secret = \"hush",
            "client_secret = 'hush\"",
            "client_secret = \"hush\\q\"",
            "client_secret = \"\"\"hush",
            "api = \"https://u:hush@zoom.us\"",
            "client_id = \"hush\u{a0}\"",
        ]),
        1 => (1..2000usize).prop_map(|depth| format!("{}a = 1", "a.".repeat(depth))),
        1 => ".{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_the_file_is_within_bounds_or_a_problem_that_tells_no_secret(
        lines in vec(a_line(), 0..5),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        match read(&lines.join(end)) {
            Ok(Config { sync, google, zoom, .. }) => {
                let within = |given: Option<Duration>, least, most| {
                    given.is_none_or(|given| (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&given))
                };
                prop_assert!(within(sync.poll, 1, 86_400) && within(sync.delete_grace, 0, 604_800), "{sync:?}");
                prop_assert!(sync.mass_delete_limit.is_none_or(|limit| limit <= 1000), "{sync:?}");
                for api in [google.api, zoom.api].iter().flatten() {
                    prop_assert!(api.scheme() == "https" || is_loopback(api), "{api}");
                }
            }
            Err(problem) => {
                prop_assert_eq!(problem.code, Code::BadConfig);
                prop_assert!(problem.message.starts_with("config.toml:") && problem.message.ends_with('.'), "{problem:?}");
                prop_assert!(!problem.message.contains("hush"), "{problem:?}");
            }
        }
    }
}
