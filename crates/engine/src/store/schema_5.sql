-- Version 5. Instants are milliseconds since 1970-01-01T00:00Z.

ALTER TABLE events ADD COLUMN learnt INTEGER NOT NULL DEFAULT 0; -- when what the row says was learnt
