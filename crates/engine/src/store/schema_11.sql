-- Version 11: a meeting that nobody ever saw may be another account's, and is not made anew.
ALTER TABLE meetings ADD COLUMN found INTEGER NOT NULL DEFAULT 0; -- 1: it was read at its provider once
UPDATE meetings SET found = 1 WHERE seen IS NOT NULL;
