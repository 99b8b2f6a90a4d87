-- Times are UTC milliseconds and only labels: the order of things is kept by ids and counters.

CREATE TABLE conversations (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    activity      INTEGER NOT NULL, -- grows with every change: the most recently used comes first
    source_id     TEXT NOT NULL,
    content_hash  TEXT,             -- of what was imported; NULL in own chats
    title         TEXT NOT NULL,
    layout        TEXT NOT NULL CHECK (layout IN ('chat', 'narrated')),
    speakers      TEXT NOT NULL,    -- JSON array
    system_prompt TEXT NOT NULL,
    memory        TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    UNIQUE (source_id, content_hash)
) STRICT;
CREATE INDEX conversations_activity ON conversations (activity);

CREATE TABLE messages (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- Deferred instead of cascading: a cascade along a branch is as deep as the branch is long.
    parent_id       INTEGER REFERENCES messages (id) DEFERRABLE INITIALLY DEFERRED,
    sequence        INTEGER,        -- place on the active branch; NULL off it
    role            TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    speaker         TEXT NOT NULL,
    text            TEXT NOT NULL,
    caption         TEXT NOT NULL,
    session         TEXT NOT NULL,
    source_id       TEXT NOT NULL,
    state           TEXT NOT NULL
                    CHECK (state IN ('complete', 'streaming', 'stopped', 'cut_off', 'failed')),
    details         TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    checksum        INTEGER NOT NULL, -- XXH3-64 of all other columns
    UNIQUE (conversation_id, sequence)
) STRICT;
CREATE INDEX messages_parent ON messages (parent_id);
CREATE INDEX messages_streaming ON messages (id) WHERE state = 'streaming';

CREATE TABLE questions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    question        TEXT NOT NULL,
    answer          TEXT NOT NULL,
    category        INTEGER NOT NULL,
    evidence        TEXT NOT NULL,  -- JSON array
    adversarial_answer TEXT NOT NULL,
    UNIQUE (conversation_id, position)
) STRICT;

CREATE TABLE episodes (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    segments        INTEGER NOT NULL,
    turn_ids        TEXT NOT NULL,  -- JSON array
    representatives TEXT NOT NULL,  -- JSON array
    kept_entries    INTEGER NOT NULL,
    cache_key       TEXT NOT NULL,
    PRIMARY KEY (conversation_id, position)
) STRICT;

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    settings        TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('running', 'paused', 'done')),
    started_at_ms   INTEGER NOT NULL,
    finished_at_ms  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_open ON runs (conversation_id, settings) WHERE state <> 'done';
CREATE INDEX runs_conversation ON runs (conversation_id);

CREATE TABLE answers (
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    question_id INTEGER NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
    text        TEXT NOT NULL,
    f1          REAL NOT NULL,
    episode     INTEGER NOT NULL,
    similarity  REAL NOT NULL,
    seconds     REAL NOT NULL,
    PRIMARY KEY (run_id, question_id)
) STRICT;
CREATE INDEX answers_question ON answers (question_id);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 1162889539; -- "EPIC"
PRAGMA user_version = 1;
