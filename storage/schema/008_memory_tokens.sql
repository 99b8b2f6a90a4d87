-- How long the history was when the memory of a conversation was last built, in tokens; 0 where it was built
-- before that was noted.

ALTER TABLE conversations ADD COLUMN memory_tokens INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 8;
