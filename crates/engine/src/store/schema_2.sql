-- Version 2. Instants are milliseconds since 1970-01-01T00:00Z.

-- How far the calendar list of each Google account was read.
CREATE TABLE calendar_lists (
    account     INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sync_token  TEXT,
    fingerprint TEXT,                        -- of the query that the token belongs to
    whole_at    INTEGER,                     -- when the last reading of the whole list began
    due         INTEGER NOT NULL             -- when it is read next
) STRICT;
ALTER TABLE calendars ADD COLUMN listed INTEGER NOT NULL DEFAULT 1; -- whether its account's list still shows it
DELETE FROM settings WHERE name = 'listed';
