//! Zoom's own list of time zones, <https://developers.zoom.us/docs/api/references/abbreviations/#timezones>. A zone that is
//! not on it is kept as one that shows the same clock, where there is one.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const LISTED: &[&str] = &[
    "UTC",
    "Pacific/Midway",
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Vancouver",
    "America/Los_Angeles",
    "America/Tijuana",
    "America/Edmonton",
    "America/Denver",
    "America/Phoenix",
    "America/Winnipeg",
    "America/Regina",
    "America/Chicago",
    "America/Mexico_City",
    "America/Guatemala",
    "America/El_Salvador",
    "America/Managua",
    "America/Costa_Rica",
    "America/Montreal",
    "America/New_York",
    "America/Indianapolis",
    "America/Panama",
    "America/Bogota",
    "America/Lima",
    "America/Halifax",
    "America/Puerto_Rico",
    "America/Caracas",
    "America/Santiago",
    "America/St_Johns",
    "America/Montevideo",
    "America/Araguaina",
    "America/Argentina/Buenos_Aires",
    "America/Sao_Paulo",
    "Canada/Atlantic",
    "Atlantic/Azores",
    "Atlantic/Cape_Verde",
    "Etc/Greenwich",
    "Europe/Belgrade",
    "CET",
    "Atlantic/Reykjavik",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Lisbon",
    "Africa/Casablanca",
    "Africa/Nouakchott",
    "Europe/Oslo",
    "Europe/Copenhagen",
    "Europe/Brussels",
    "Europe/Berlin",
    "Europe/Amsterdam",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Luxembourg",
    "Europe/Paris",
    "Europe/Zurich",
    "Europe/Madrid",
    "Africa/Bangui",
    "Africa/Algiers",
    "Africa/Tunis",
    "Africa/Harare",
    "Africa/Nairobi",
    "Europe/Warsaw",
    "Europe/Prague",
    "Europe/Budapest",
    "Europe/Sofia",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Athens",
    "Europe/Bucharest",
    "Asia/Nicosia",
    "Asia/Beirut",
    "Asia/Damascus",
    "Asia/Jerusalem",
    "Asia/Amman",
    "Africa/Tripoli",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Europe/Moscow",
    "Asia/Baghdad",
    "Asia/Kuwait",
    "Asia/Riyadh",
    "Asia/Bahrain",
    "Asia/Qatar",
    "Asia/Aden",
    "Asia/Tehran",
    "Africa/Khartoum",
    "Africa/Djibouti",
    "Africa/Mogadishu",
    "Asia/Dubai",
    "Asia/Muscat",
    "Asia/Baku",
    "Asia/Kabul",
    "Asia/Yekaterinburg",
    "Asia/Tashkent",
    "Asia/Calcutta",
    "Asia/Kathmandu",
    "Asia/Novosibirsk",
    "Asia/Almaty",
    "Asia/Dacca",
    "Asia/Krasnoyarsk",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Saigon",
    "Asia/Jakarta",
    "Asia/Irkutsk",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Kuala_Lumpur",
    "Asia/Singapore",
    "Australia/Perth",
    "Asia/Yakutsk",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Darwin",
    "Australia/Adelaide",
    "Asia/Vladivostok",
    "Pacific/Port_Moresby",
    "Australia/Brisbane",
    "Australia/Sydney",
    "Australia/Hobart",
    "Asia/Magadan",
    "SST",
    "Pacific/Noumea",
    "Asia/Kamchatka",
    "Pacific/Fiji",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "Europe/Kiev",
    "America/Tegucigalpa",
    "Pacific/Apia",
];

/// The name under which a zone is kept from `now` on.
pub(crate) fn kept_as(zone: &str, now: Timestamp) -> String {
    let Some(wanted) = TimeZone::get(zone).ok().filter(|_| !LISTED.contains(&zone)) else {
        return zone.to_owned();
    };
    let weeks: Vec<Timestamp> = (0..60)
        .filter_map(|week| now.checked_add(SignedDuration::from_hours(24 * 7 * week)).ok())
        .collect();
    let same = |name: &&&str| {
        TimeZone::get(name).is_ok_and(|other| {
            weeks
                .iter()
                .all(|at| other.to_offset(*at) == wanted.to_offset(*at))
        })
    };
    LISTED
        .iter()
        .find(same)
        .map_or_else(|| zone.to_owned(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_is_not_listed_goes_by_one_with_the_same_clock() {
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        for (asked, kept) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("Europe/Busingen", "Europe/Belgrade"),
            ("America/Detroit", "America/Montreal"),
            ("Antarctica/Troll", "Antarctica/Troll"),
        ] {
            assert_eq!(kept_as(asked, now), kept);
        }
    }
}
