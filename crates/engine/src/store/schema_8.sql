-- Version 8. Instants are milliseconds since 1970-01-01T00:00Z.

-- Meetings that are being made for events. Rows name their event by what Google calls it, so that they outlive a sign-out.
CREATE TABLE creations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    owner    TEXT NOT NULL,                  -- the address of the Google account through which the event is written on
    calendar TEXT NOT NULL,                  -- Google's id
    event    TEXT NOT NULL,                  -- Google's id
    title    TEXT NOT NULL,
    service  TEXT NOT NULL,                  -- the provider that is to make it
    replaces TEXT,                           -- JSON: what the event pointed at before, which vanished
    by_hand  INTEGER NOT NULL,               -- the person asked for it, rather than a rule
    stage    TEXT NOT NULL,                  -- wanted, sent, made, offered, unwanted; written and ended are ends
    marker   TEXT NOT NULL UNIQUE,           -- kept in the meeting, to find it again
    host     TEXT,                           -- the provider's own id of whoever hosts it
    number   TEXT,                           -- the provider's number of it
    sent_at  INTEGER,
    due      INTEGER NOT NULL,               -- of an ended one: when it ended
    attempts INTEGER NOT NULL DEFAULT 0,     -- counted before each attempt
    entry    INTEGER,                        -- the activity entry that tells of it while it lasts
    problem  TEXT,                           -- JSON: why it is unwanted
    UNIQUE (calendar, event)
) STRICT;
ALTER TABLE accounts ADD COLUMN writes INTEGER NOT NULL DEFAULT 0; -- whether its grant lets events be changed
