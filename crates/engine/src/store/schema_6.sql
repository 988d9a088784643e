-- Version 6: what it takes to take an action back.
ALTER TABLE activity ADD COLUMN undo TEXT;                         -- JSON
ALTER TABLE activity ADD COLUMN undone INTEGER NOT NULL DEFAULT 0; -- it was taken back since
ALTER TABLE outbox ADD COLUMN undo TEXT;                           -- JSON: what is to be taken back, when that is the action
