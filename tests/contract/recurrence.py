"""Random series all over the world, followed by python-dateutil and by Reconvene, occurrence by occurrence.

    recurrence.py PROGRAM [HOW_MANY [SEED]]

PROGRAM is crates/core/examples/starts. dateutil follows RRULE and EXRULE; zones are Python's. Where dateutil is known to
leave RFC 5545, the rules below keep away or make up for it:

- "Unlike documented in the RFC, the starting datetime (dtstart) is not the first recurrence instance, unless it does
  fit in the specified rules" (https://dateutil.readthedocs.io/en/stable/rrule.html): `ruled` puts it there, and counts it.
- UNTIL must be in UTC for a zoned start, as the RFC has it; calendars write days and local times too. `until_in_utc`.
- A time that the clock leaps over is given as it stands (https://github.com/dateutil/dateutil/issues/1425). RFC 5545
  §3.3.10 reads such a start by §3.3.5: with the offset before the leap. That is what Python's fold=0 means.
- BYDAY with and without places in one list must agree with both (rrule._iter asks for byweekday and for nwdaymask),
  while the RFC adds them up: never mixed here.
- BYWEEKNO without BYDAY gives all seven days (rrule.__init__ takes no weekday from dtstart then), while the RFC takes
  what a rule does not say from the start: always with BYDAY here.
- The first days of January can get the wrong week (https://github.com/dateutil/dateutil/pull/1537): only weeks within the
  year here. The unit tests hold all weeks against ISO 8601.
- The first week of FREQ=WEEKLY begins at dtstart (rrule._iterinfo.wdayset), so BYSETPOS counts from there, while the
  RFC counts in the whole week: BYSETPOS only by month and year here.
"""

import datetime
import itertools
import json
import math
import random
import re
import subprocess
import sys
import zoneinfo

from dateutil.rrule import rrulestr

UTC = datetime.timezone.utc
# Half an hour, Ramadan, a day that never was, midnight, zones that gave the changes up, and both hemispheres.
ALWAYS = """Australia/Lord_Howe Africa/Casablanca Pacific/Apia America/Asuncion Asia/Tehran America/Sao_Paulo
Europe/Berlin Europe/London Europe/Dublin America/New_York America/Los_Angeles America/St_Johns Australia/Sydney
Pacific/Auckland Pacific/Chatham Africa/Cairo Asia/Gaza Asia/Kolkata Asia/Jakarta America/Santiago America/Havana
Antarctica/Troll America/Scoresbysund Atlantic/Azores Asia/Beirut""".split()
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
LIMIT = 60


def instant(naive, zone):
    """The instant at which the zone's clock shows that time: forward over a leap, the first of two."""
    return int(naive.replace(tzinfo=zone, fold=0).timestamp())


def offset(zone, seconds):
    return datetime.datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()


def changes(zone):
    """When the zone's clocks changed from 1990 to 2036, and by how much."""
    found, day = [], 86_400
    for at in range(631_152_000, 2_082_758_400, 7 * day):
        low, high = at, at + 7 * day
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        found.append((high, offset(zone, high) - offset(zone, low)))
    return found


def some(chance, values, most):
    return sorted(chance.sample(values, chance.randint(1, most)))


def a_rule(chance, start):
    """The parts of a rule without its end."""
    frequency = chance.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.5:
        parts.append(f"INTERVAL={chance.choice([1, 2, 2, 3, 4, 5, 7, 13])}")
    if chance.random() < 0.5:
        parts.append(f"WKST={chance.choice(DAYS)}")
    days = ",".join(some(chance, DAYS, 4))
    own = DAYS[start.weekday()]
    placed, fifth = (
        ",".join(f"{chance.choice(places)}{day}" for day in some(chance, DAYS, 2))
        for places in ([1, 2, 3, 4, -1, -2], [1, 2, 3, 5, -1, -5])
    )
    month_days = ",".join(map(str, some(chance, [*range(1, 32), -1, -2, -3, -28, -31], 4)))
    months = ",".join(map(str, some(chance, range(1, 13), 5)))
    months = f"BYMONTH={months}"
    choices = {
        "DAILY": [[], [], [f"BYDAY={days}"], [months], [f"BYMONTHDAY={month_days}"], [f"BYDAY={days}", months]],
        "WEEKLY": [[], [f"BYDAY={days}"], [f"BYDAY={days},{own}"], [f"BYDAY={days},{own}"], [f"BYDAY={days}", months]],
        "MONTHLY": [
            [],
            [f"BYDAY={fifth}"],
            [f"BYDAY={chance.choice([1, 2, 3, 4, -1])}{own}"],
            [f"BYMONTHDAY={month_days}"],
            [f"BYDAY={days}", f"BYSETPOS={chance.choice([1, 2, 3, -1, -2])}"],
            [f"BYDAY={days}", f"BYMONTHDAY={chance.randint(1, 28)}"],
            [f"BYDAY={days}", months],
            [f"BYDAY={placed}", months],
        ],
        "YEARLY": [
            [],
            [months],
            [f"BYDAY={placed}", months],
            [f"BYDAY={chance.choice([1, 10, 20, 52, -1, -10])}{own}"],
            [f"BYMONTHDAY={chance.randint(-28, -1)},{chance.randint(1, 28)}", f"BYMONTH={start.month}"],
            [f"BYYEARDAY={','.join(map(str, some(chance, [1, 59, 60, 100, 365, -1, -60], 3)))}"],
            [f"BYWEEKNO={','.join(map(str, some(chance, [2, 3, 20, 51, -2, -20, -51], 3)))}", f"BYDAY={days}"],
            [f"BYDAY={days}", months, f"BYSETPOS={chance.choice([1, 2, -1, -2])}"],
        ],
    }
    parts += chance.choice(choices[frequency])
    if chance.random() < 0.08:
        parts.append(f"BYHOUR={','.join(map(str, some(chance, range(24), 3)))}")
        if chance.random() < 0.5:
            parts.append(f"BYMINUTE={','.join(map(str, some(chance, [0, 15, 30, 45], 2)))}")
    # Where nothing may ever match, or once in centuries, neither side is asked to search.
    rule = ";".join(parts)
    if re.search(r"DAILY.*BYDAY|MONTHLY.*BYMONTH=|BYWEEKNO", rule):
        rule = re.sub(r"INTERVAL=\d+;", "", rule)
    return rule


def an_end(chance, start, zone):
    kind = chance.randrange(6)
    if kind < 2:
        return ""
    if kind == 2:
        return f";COUNT={chance.randint(1, 80)}"
    last = start + datetime.timedelta(days=chance.choice([0, 3, 40, 400, 4000]), hours=chance.randint(-2, 2))
    if kind == 3:
        return f";UNTIL={last:%Y%m%d}"
    if kind == 4:
        return f";UNTIL={last:%Y%m%dT%H%M%S}"
    return f";UNTIL={utc_text(instant(last, zone))}"


def utc_text(seconds):
    return f"{datetime.datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%SZ}"


def until_in_utc(rule, at, zone):
    """A day lasts to its last second, a local time is the zone's."""
    day = re.search(r"UNTIL=(\d{8})(?:;|$)", rule)
    if day:
        next_day = datetime.datetime.strptime(day[1], "%Y%m%d") + datetime.timedelta(days=1)
        return rule.replace(day[1], utc_text(instant(next_day, zone) - 1))
    local = re.search(r"UNTIL=(\d{8}T\d{6})(?:;|$)", rule)
    if local:
        return rule.replace(local[1], utc_text(at(datetime.datetime.strptime(local[1], "%Y%m%dT%H%M%S"))))
    return rule


def ruled(rule, start, zone, begins, enough):
    """Local times that dateutil gives for one rule, the start first if it `begins` the series; at most `enough`."""
    count = re.search(r";COUNT=(\d+)", rule)
    rule = rule.replace(count[0], "") if count else rule
    wanted = min(enough, int(count[1])) if count else enough
    aware = start.replace(tzinfo=zone, fold=0)
    found = rrulestr(rule, dtstart=aware)
    first = next(iter(found), None)
    times = (time.replace(tzinfo=None) for time in found)
    if begins and (first is None or first.replace(tzinfo=None) != start):
        times = itertools.chain([start], times)
    return list(itertools.islice(times, wanted))


def a_moment(chance, seconds, zone, period):
    """Parameters and value for a date that is added or left out, in one of the forms that calendars write."""
    local = datetime.datetime.fromtimestamp(seconds, zone).replace(tzinfo=None)
    # The second of two equal times has no local name.
    forms = ["utc"] if instant(local, zone) != seconds else ["utc", "local", "zoned", "elsewhere"]
    form = chance.choice(forms + (["period"] if period else []))
    if form in ("utc", "elsewhere"):
        elsewhere = zoneinfo.ZoneInfo("Asia/Tokyo")
        there = datetime.datetime.fromtimestamp(seconds, elsewhere)
        return ("", utc_text(seconds)) if form == "utc" else (";TZID=Asia/Tokyo", f"{there:%Y%m%dT%H%M%S}")
    if form == "period":
        return ";VALUE=PERIOD", f"{utc_text(seconds)}/PT1H"
    return ("" if form == "local" else f";TZID={zone.key}"), f"{local:%Y%m%dT%H%M%S}"


def grouped(chance, name, moments):
    """Lines for moments, those with equal parameters sometimes in one list."""
    lines = {}
    for number, (parameters, value) in enumerate(moments):
        key = (parameters, 0 if chance.random() < 0.6 else number)
        lines.setdefault(key, []).append(value)
    return [f"{name}{parameters}:{','.join(values)}" for (parameters, _), values in lines.items()]


def a_series(chance, zone, zone_changes):
    """One series and its occurrences by dateutil."""
    if zone_changes and chance.random() < 0.85:
        # At a time of day that the change leaps over, repeats or nearly so, some days or weeks before it.
        at, by = chance.choice(zone_changes)
        near = datetime.datetime.fromtimestamp(at, zone).replace(tzinfo=None)
        near -= min(by, datetime.timedelta(hours=3)) * chance.choice([0.5, 0.5, 0.5, 0, 1, -0.5, 2])
        start = near - datetime.timedelta(days=chance.choice([0, 1, 2, 7, 14, 28, chance.randint(0, 400)]))
        start = start.replace(microsecond=0)
    else:
        seconds = chance.randrange(631_152_000, 2_082_758_400, 900)
        start = datetime.datetime.fromtimestamp(seconds, zone).replace(tzinfo=None)
    # What the zone's clock shows then; a start that is leapt over is itself moved.
    began = instant(start, zone)
    start = datetime.datetime.fromtimestamp(began, zone).replace(tzinfo=None)
    parts = a_rule(chance, start)
    second = int(start.replace(tzinfo=zone, fold=1).timestamp())
    if second > began and "BYHOUR" not in parts and chance.random() < 0.3:
        began = second
    rule = parts + an_end(chance, start, zone)

    def at(naive):
        return began if naive == start else instant(naive, zone)

    lines = [f"RRULE:{rule}"]
    rule = until_in_utc(rule, at, zone)
    enough = LIMIT + 40
    local = ruled(rule, start, zone, True, enough)
    # How far both are known; what comes later is not asked.
    horizon = at(local[-1]) if len(local) == enough else None
    until = re.search(r"UNTIL=(\w+)", rule)
    starts = {at(time) for time in local if not until or utc_text(at(time)) <= until[1]}
    if chance.random() < 0.25:
        added = [began + chance.randrange(0, 200 * 86_400, 900) for _ in range(chance.randint(1, 3))]
        lines += grouped(chance, "RDATE", [a_moment(chance, one, zone, True) for one in added])
        starts |= set(added)
        if chance.random() < 0.3:
            day = start.date() + datetime.timedelta(days=chance.randint(1, 100))
            lines.append(f"RDATE;VALUE=DATE:{day:%Y%m%d}")
            starts.add(at(datetime.datetime.combine(day, start.time())))
    if chance.random() < 0.06:
        excluding = a_rule(chance, start)
        lines.append(f"EXRULE:{excluding}")
        excluded = [at(time) for time in ruled(excluding, start, zone, False, 1000)]
        starts -= set(excluded)
        horizon = min([*excluded[-1:], horizon or math.inf])
    if starts and chance.random() < 0.5:
        left_out = chance.sample(sorted(starts), min(len(starts), chance.randint(1, 5)))
        left_out.append(began + 7 * 86_400 + 60)
        lines += grouped(chance, "EXDATE", [a_moment(chance, one, zone, False) for one in left_out])
        starts -= set(left_out)
        if starts and chance.random() < 0.3:
            day = datetime.datetime.fromtimestamp(chance.choice(sorted(starts)), zone).date()
            lines.append(f"EXDATE;VALUE=DATE:{day:%Y%m%d}")
            starts = {one for one in starts if datetime.datetime.fromtimestamp(one, zone).date() != day}
    chance.shuffle(lines)
    known = sorted(one for one in starts if horizon is None or one <= horizon)
    since = began - 40 * 86_400
    if known and chance.random() < 0.4:
        since = chance.choice(known) + chance.choice([0, 0, 1, -1, -86_400])
    wanted = [one for one in known if one >= since]
    limit = LIMIT if horizon is None else min(LIMIT, len(wanted))
    question = {"lines": lines, "start": began, "zone": zone.key, "from": since, "limit": limit}
    leapt = sum(1 for time in local if datetime.datetime.fromtimestamp(at(time), zone).replace(tzinfo=None) != time)
    twice = sum(1 for time in local if instant(time, zone) != int(time.replace(tzinfo=zone, fold=1).timestamp()))
    return question, wanted[:limit], leapt, twice - leapt


def main():
    program = sys.argv[1]
    how_many = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    chance = random.Random(seed)
    odd = re.compile(r"^(Etc|posix|right|SystemV)/|^[^/]*$")
    names = sorted(name for name in zoneinfo.available_timezones() if not odd.search(name))
    names = ALWAYS + chance.sample(names, 75)
    zones = [(zone, changes(zone)) for zone in map(zoneinfo.ZoneInfo, names)]
    questions, expected, leapt, twice = [], [], 0, 0
    for _ in range(how_many):
        question, starts, over, again = a_series(chance, *chance.choice(zones))
        questions.append(question)
        expected.append(starts)
        leapt, twice = leapt + over, twice + again
    asked = "\n".join(map(json.dumps, questions)) + "\n"
    told = subprocess.run([program], input=asked, capture_output=True, text=True, check=True).stdout.splitlines()
    differ = 0
    for question, starts, answer in zip(questions, expected, map(json.loads, told), strict=True):
        if answer.get("starts") != starts:
            differ += 1
            if differ <= 5:
                theirs, ours = set(starts), set(answer.get("starts", []))
                print(json.dumps(question))
                print("  only dateutil:", [utc_text(one) for one in sorted(theirs - ours)][:5])
                print("  only ours:    ", [utc_text(one) for one in sorted(ours - theirs)][:5], answer.get("beyond", ""))
    total = sum(map(len, expected))
    print(
        f"{how_many} series in {len(set(names))} zones (seed {seed}), {total} occurrences compared; "
        f"{leapt} at times that a clock leaps over, {twice} at times that come twice; {differ} series differ"
    )
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
