-- Messages that every memory of their conversation keeps whole.

CREATE TABLE pins (
    message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    created_at_ms INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 7;
