//! Texts and addresses that anyone may have written.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const ZOOMS: [&str; 6] = [
    "zoom.us",
    "zoom.com",
    "zoomgov.com",
    "zoom.com.cn",
    "zoom-x.de",
    "Zoom.US",
];

/// A meeting's number as people write it, and as it is.
fn a_number() -> impl Strategy<Value = (String, String)> {
    let numbers = 10_000_000..1_000_000_000_000_000_000_u64;
    (numbers, select(vec!["", "0"]), select(vec!["", "-"])).prop_map(|(number, zero, dash)| {
        let number = number.to_string();
        let (begin, end) = number.split_at(3);
        (format!("{zero}{begin}{dash}{end}"), number)
    })
}

/// Hosts that are not Zoom's and look like it.
fn a_lookalike() -> impl Strategy<Value = String> {
    let around = (
        select(vec!["", "evil", "x-", "zoom.us-", "xn--"]),
        select(&ZOOMS[..]),
        select(vec![
            ".evil.example",
            "-x.example",
            ".evil.example:443",
            "x",
            "@evil.example",
            "\\@evil.example",
            "%2F@evil.example",
            "%2e@evil.example",
        ]),
    );
    prop_oneof![
        3 => around.prop_map(|(before, zoom, after)| format!("{before}{zoom}{after}")),
        2 => (select(vec!["evil", "x-", "0", "us02webzoom"]), select(&ZOOMS[..])).prop_map(|(before, zoom)| format!("{before}{zoom}")),
        // Letters of other alphabets, and names that say in ASCII what they are.
        2 => select(vec!["zo\u{43e}m.us", "\u{292}oom.us", "z\u{3bf}\u{3bf}m.us", "zoom.u\u{455}", "xn--zom-rhc.us", "zoom\u{2044}us", "zo\u{301}om.us"])
            .prop_map(str::to_owned),
        1 => select(&ZOOMS[..]).prop_map(|zoom| format!("evil.example/{zoom}")),
        1 => select(&ZOOMS[..]).prop_map(|zoom| format!("evil.example?{zoom}")),
        1 => select(&ZOOMS[..]).prop_map(|zoom| format!("evil.example#{zoom}")),
    ]
}

/// What stands in a text: words, marks, links and pieces of links.
fn a_piece() -> impl Strategy<Value = String> {
    let link = select(vec![
        "https://zoom.us/j/81234567890?pwd=a&amp;b",
        "https://www.google.com/url?q=",
        "https://www.google.com/url?q=https%3A%2F%2Fzoom.us%2Fj%2F81234567890",
        "https://eur01.safelinks.protection.outlook.com/?url=%00%ff%",
        "https://acme.webex.com/acme/j.php?MTID=m1&mtid=",
        "zoommtg://zoom.us/join?confno=",
        "https://zoom.us/s/0000081234567890",
        "https://[::1]:99999/j/81234567890",
        "https://zoom.us/j/99999999999999999999999",
        "<a href=\"",
        "\">",
        "://",
        "xn--",
        "\u{202e}",
    ]);
    prop_oneof![2 => link.prop_map(str::to_owned), 1 => ".{0,40}", 1 => "[a-z0-9/%?&=.:@#\\[\\]-]{0,40}"]
}

proptest! {
    #[test]
    fn zooms_hosts_are_zooms_whatever_stands_around_the_name(
        (below, zoom) in (vec("[a-z0-9]{1,9}", 0..3), select(&ZOOMS[..])),
        (scheme, user, port) in (select(vec!["https", "HTTP"]), select(vec!["", "u@", "zoom.us:x@"]), select(vec!["", ":443", ":8443"])),
        (written, number) in a_number(),
        (path, rest) in (select(vec!["j", "s", "/j", "wc/join"]), "(/|\\?[a-zA-Z0-9=&.%]{0,20})?"),
    ) {
        let host: String = below.iter().map(|label| format!("{label}.")).collect();
        let address = format!("{scheme}://{user}{host}{zoom}{port}/{path}/{written}{rest}");
        let wanted = Some(Target::Meeting { service: Service::Zoom, number });
        prop_assert_eq!(target_of(&address), wanted, "{}", address);
    }

    #[test]
    fn p3_no_other_host_is_taken_for_zooms(host in a_lookalike(), wrapped in any::<bool>(), path in select(vec!["j", "my", "wc/join"])) {
        let mut address = format!("https://{host}/{path}/81234567890");
        if wrapped {
            let inner: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
            address = format!("https://www.google.com/url?q={inner}");
        }
        for found in [target_of(&address), target_in(&format!("Join: <{address}>, please"))].iter().flatten() {
            prop_assert!(!of_zoom(found), "{address}: {found:?}");
        }
    }

    #[test]
    fn whatever_is_found_in_a_text_can_be_asked_for(pieces in vec(a_piece(), 0..12), id in ".{0,20}", hangout in proptest::option::of(".{0,20}")) {
        let text = pieces.concat();
        let block = Block { id: id.clone(), solution: "addOn".into(), name: "Zoom".into(), video: pieces, parameters: [("realMeetingId".to_owned(), id)].into() };
        let parted = conference(None, hangout.as_deref(), Some(&text), Some(&text)).map(|found| found.target);
        let whole = conference(Some(&block), None, Some(&text), None).map(|found| found.target);
        for target in [target_in(&text), target_of(&text), parted, whole].into_iter().flatten() {
            if let Target::Meeting { number, .. } = target {
                prop_assert_eq!(number.parse::<u64>().map(|whole| whole.to_string()), Ok(number));
            }
        }
    }

    /// Searching takes time with the length, and nobody's description is as long as that.
    #[test]
    fn a_text_is_searched_up_to_its_bound_and_no_further(
        filler in select(vec!["x", "\u{e4}", "\u{1f469}", "&amp;", "://", "http://("]),
        more in 0..40usize,
    ) {
        let link = "https://zoom.us/j/81234567890";
        let before = |bytes: usize| format!("{} {link} ", filler.repeat(bytes / filler.len()));
        prop_assert!(target_in(&before(LONGEST_TEXT - link.len() - 2)).is_some());
        prop_assert_eq!(target_in(&before(LONGEST_TEXT + filler.len() + more)), None);
    }
}
