-- Version 7: what the person agreed to. Whoever was connected before was served without being asked.
ALTER TABLE accounts ADD COLUMN agreed INTEGER NOT NULL DEFAULT 1; -- 0: its first write waits for the person's word
ALTER TABLE meetings ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;   -- 1: to be brought in step only once the person agrees
