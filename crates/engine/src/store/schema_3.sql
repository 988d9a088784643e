-- Version 3: series. Instants are milliseconds since 1970-01-01T00:00Z.

-- How a series repeats, as JSON; the place of a changed occurrence in its series.
ALTER TABLE events ADD COLUMN recurrence TEXT;
ALTER TABLE events ADD COLUMN original INTEGER;
ALTER TABLE events ADD COLUMN original_day TEXT;

-- Dates of series that depart from the rule. Kept whether or not the series has a conference, because a page may bring them
-- before their master, and a master may be given a conference later.
CREATE TABLE exceptions (
    calendar     INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
    series       TEXT NOT NULL,              -- the master's Google id
    google_id    TEXT NOT NULL,
    original     INTEGER,                    -- an instant, or NULL for a day
    original_day TEXT,
    starts       INTEGER,                    -- NULL, with starts_day, for a cancelled one
    starts_day   TEXT,
    ends         INTEGER,
    ends_day     TEXT,
    title        TEXT NOT NULL,
    target       TEXT,                       -- JSON: what its conference points at
    pass         INTEGER NOT NULL,
    PRIMARY KEY (calendar, series, google_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions_by_id ON exceptions (calendar, google_id);
