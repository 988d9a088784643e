-- Version 9: bonds that the person makes and takes apart.
ALTER TABLE meetings ADD COLUMN unbonded INTEGER NOT NULL DEFAULT 0; -- to be left alone until it is bonded again
