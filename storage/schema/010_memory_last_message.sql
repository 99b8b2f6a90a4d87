-- The last message that the memory of a conversation was built of; 0: not known.

ALTER TABLE conversations ADD COLUMN memory_last_message INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 10;
