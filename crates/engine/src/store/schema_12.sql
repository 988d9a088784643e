-- Version 12: halves of series that live on a calendar that is not watched.
ALTER TABLE events ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0; -- 1: its row says what was last known of it
