-- Version 1. Frozen: later versions add files of their own. Instants are milliseconds since 1970-01-01T00:00Z.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    service      TEXT NOT NULL,
    subject      TEXT NOT NULL,              -- the service's own id of the person
    name         TEXT NOT NULL,              -- what the person is known by there
    secret       TEXT NOT NULL,              -- the name, not the value, of the keyring entry
    room         TEXT,                       -- the number of the person's personal room
    last_attempt INTEGER,
    last_success INTEGER,
    problem      TEXT,
    next_try     INTEGER,                    -- no request to the service before this instant
    UNIQUE (service, subject)
) STRICT;

CREATE TABLE calendars (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    google_id    TEXT NOT NULL,
    name         TEXT NOT NULL,
    zone         TEXT NOT NULL,
    access       TEXT NOT NULL,
    main         INTEGER NOT NULL DEFAULT 0,
    watched      INTEGER NOT NULL DEFAULT 0,
    available    INTEGER NOT NULL DEFAULT 1,
    sync_token   TEXT,
    fingerprint  TEXT,                       -- of the query that the token belongs to
    pass         INTEGER NOT NULL DEFAULT 0, -- counts full passes; rows of an older one were not seen in it
    failures     INTEGER NOT NULL DEFAULT 0, -- in a row
    last_attempt INTEGER,
    last_success INTEGER,                    -- when the last complete pass began
    problem      TEXT,
    next_try     INTEGER,
    UNIQUE (account, google_id)
) STRICT;

CREATE TABLE events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    calendar       INTEGER NOT NULL REFERENCES calendars (id) ON DELETE CASCADE,
    google_id      TEXT NOT NULL,
    etag           TEXT NOT NULL,
    title          TEXT NOT NULL,
    starts         INTEGER,                  -- an instant, or NULL for a day
    starts_zone    TEXT,
    starts_day     TEXT,
    ends           INTEGER,
    ends_day       TEXT,
    kind           TEXT NOT NULL,            -- single, series or exception
    series         TEXT,                     -- the master's Google id, for an exception
    organized_here INTEGER NOT NULL,
    gone_since     INTEGER,                  -- when its cancellation was learnt; kept until its meeting is settled
    pass           INTEGER NOT NULL,
    UNIQUE (calendar, google_id)
) STRICT;

CREATE TABLE meetings (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    target     TEXT NOT NULL UNIQUE,         -- JSON
    seen       TEXT,                         -- JSON: the meeting as last read at the provider
    seen_at    INTEGER,
    ignored    INTEGER NOT NULL DEFAULT 0,
    problem    TEXT,                         -- JSON: why the last action ended without success
    moved_from INTEGER,
    moved_at   INTEGER
) STRICT;

CREATE TABLE links (
    event   INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    meeting INTEGER NOT NULL REFERENCES meetings (id),
    source  TEXT NOT NULL,
    origin  TEXT,
    proof   TEXT                             -- makes the link a bond
) STRICT;
CREATE INDEX links_by_meeting ON links (meeting);

CREATE TABLE outbox (
    meeting  INTEGER PRIMARY KEY REFERENCES meetings (id) ON DELETE CASCADE,
    action   TEXT NOT NULL,                  -- look, update or delete: for display; the worker decides anew
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,     -- counted before each attempt
    written  TEXT,                           -- JSON: the meeting as it was before the first write of this action
    held     INTEGER NOT NULL DEFAULT 0,
    approved INTEGER NOT NULL DEFAULT 0,
    entry    INTEGER                         -- the activity entry that tells of this action while it lasts
) STRICT;
CREATE INDEX outbox_by_due ON outbox (due);

CREATE TABLE activity (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    meeting  INTEGER,
    title    TEXT NOT NULL,
    service  TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    changes  TEXT NOT NULL,                  -- JSON
    problem  TEXT,                           -- JSON
    answer   TEXT,                           -- JSON
    attempts INTEGER NOT NULL,
    next_try INTEGER,
    remedies TEXT NOT NULL                   -- JSON
) STRICT;
CREATE INDEX activity_by_meeting ON activity (meeting);
