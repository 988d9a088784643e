-- Version 4. Instants are milliseconds since 1970-01-01T00:00Z.

-- Creations and updates sent to a provider.
CREATE TABLE writes (
    service TEXT NOT NULL,
    host    TEXT NOT NULL,                   -- the service's own id of the person
    day     TEXT NOT NULL,                   -- in UTC
    count   INTEGER NOT NULL,
    PRIMARY KEY (service, host, day)
) STRICT, WITHOUT ROWID;
ALTER TABLE outbox ADD COLUMN asked INTEGER NOT NULL DEFAULT 0; -- the person asked for it by hand
ALTER TABLE events ADD COLUMN odd INTEGER NOT NULL DEFAULT 0; -- its newest row was not understood
