-- Version 10. Instants are milliseconds since 1970-01-01T00:00Z.

-- When an event is over, as far as was seen: no sooner it is looked whether anything of it lies ahead. NULL: now.
ALTER TABLE events ADD COLUMN over_at INTEGER;
CREATE INDEX events_by_end ON events (calendar, over_at);
