-- Version 14: series that an edit took the last date of, and waits that a service asked for.
ALTER TABLE events ADD COLUMN emptied_at INTEGER; -- NULL while a date lies ahead, or when time ended it
ALTER TABLE accounts ADD COLUMN obeys INTEGER NOT NULL DEFAULT 0; -- 1: the service itself asked to be left alone until next_try
UPDATE accounts SET obeys = 1
WHERE next_try IS NOT NULL AND problem ->> '$.code' IN ('rate_limited', 'daily_budget', 'service_failed');
