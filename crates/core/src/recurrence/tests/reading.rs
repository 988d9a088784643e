use super::*;

#[test]
fn letters_of_either_case_spaces_and_foreign_parts_are_fine() {
    let plain = dates(
        &["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"],
        "2026-10-19 09:00",
        BERLIN,
    );
    for line in [
        "rrule:freq=weekly;byday=mo,we;count=4",
        " RRULE : FREQ = WEEKLY ; BYDAY = MO , WE ; COUNT = 4 ; ",
        "RRULE;X-FROM=elsewhere:FREQ=WEEKLY;X-COLOUR=red;BYDAY=MO,WE;COUNT=4",
        "RRULE:COUNT=4;BYDAY=WE,MO,WE;FREQ=WEEKLY",
    ] {
        assert_eq!(
            dates(&[line, "", "X-NOTE:anything"], "2026-10-19 09:00", BERLIN),
            plain,
            "{line}"
        );
    }
}

#[test]
fn what_is_not_a_rule_is_unreadable() {
    for line in [
        "FREQ=WEEKLY",
        "nonsense",
        "RRULE",
        "RRULE:",
        "RRULE:COUNT=3",
        "RRULE:FREQ=OFTEN",
        "RRULE:FREQ=DAILY;FREQ=DAILY",
        "RRULE:FREQ=DAILY;COUNT=0",
        "RRULE:FREQ=DAILY;COUNT=-1",
        "RRULE:FREQ=DAILY;COUNT=99999999999",
        "RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;UNTIL=yesterday",
        "RRULE:FREQ=DAILY;UNTIL=20261345",
        "RRULE:FREQ=DAILY;UNTIL=20261020Z",
        "RRULE:FREQ=DAILY;UNTIL=20261020T250000Z",
        "RRULE:FREQ=DAILY;UNTIL=２０２６1020",
        "RRULE:FREQ=DAILY;WKST=XX",
        "RRULE:FREQ=DAILY;RSCALE=HEBREW",
        "RRULE:FREQ=WEEKLY;BYDAY=",
        "RRULE:FREQ=WEEKLY;BYDAY=é",
        "RRULE:FREQ=WEEKLY;BYDAY=2MO",
        "RRULE:FREQ=WEEKLY;BYMONTHDAY=2",
        "RRULE:FREQ=MONTHLY;BYDAY=0MO",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=0",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=32",
        "RRULE:FREQ=MONTHLY;BYWEEKNO=2",
        "RRULE:FREQ=DAILY;BYYEARDAY=2",
        "RRULE:FREQ=DAILY;BYHOUR=24",
        "RRULE:FREQ=YEARLY;BYMONTH=13",
        "DTSTART:20261019T090000Z",
        "EXDATE:",
        "EXDATE:20261020T0900",
        "RDATE;TZID:20261020T090000",
    ] {
        assert_eq!(beyond(line), Beyond::Unreadable, "{line}");
    }
}

#[test]
fn rules_within_the_day_are_told_apart_from_what_is_unreadable() {
    for line in [
        "RRULE:FREQ=HOURLY",
        "RRULE:FREQ=MINUTELY",
        "RRULE:FREQ=SECONDLY;COUNT=3",
    ] {
        assert_eq!(beyond(line), Beyond::WithinDay, "{line}");
    }
    let all: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    let (minutes, seconds) = (all.join(","), all.join(","));
    let line = format!("RRULE:FREQ=DAILY;BYMINUTE={minutes};BYSECOND={seconds}");
    assert_eq!(beyond(&line), Beyond::WithinDay);
}

#[test]
fn an_unknown_zone_is_named_as_the_reason() {
    let daily = recurrence(&["RRULE:FREQ=DAILY"]);
    assert_eq!(
        daily.starts(EVER, "Nowhere/Else", EVER, 1),
        Err(Beyond::UnknownZone)
    );
    assert_eq!(
        beyond("EXDATE;TZID=Nowhere/Else:20261020T090000"),
        Beyond::UnknownZone
    );
}

#[test]
fn the_lines_are_kept_as_they_came() {
    let lines = vec![" rrule:freq=daily".to_owned(), "nonsense".to_owned()];
    let kept = Recurrence::new(lines.clone());
    assert_eq!(kept.lines(), lines);
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(json, r#"[" rrule:freq=daily","nonsense"]"#);
    assert_eq!(serde_json::from_str::<Recurrence>(&json).unwrap(), kept);
}
