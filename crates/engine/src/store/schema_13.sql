-- Version 13: meetings that an event was made for and lives on without.
ALTER TABLE meetings ADD COLUMN outlived INTEGER NOT NULL DEFAULT 0; -- 1: it is not deleted with the others
