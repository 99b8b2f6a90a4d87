-- Turns that were taken out are found by the time since, so that what was said in old ones can be erased. What is
-- erased has the time 0: its row holds the tree together, and cannot be put back.

CREATE INDEX messages_removed ON messages (removed_at_ms) WHERE removed_at_ms > 0;

PRAGMA user_version = 6;
