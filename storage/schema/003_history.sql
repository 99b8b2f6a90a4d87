-- What keeps many chats in order: folders, tags, pins, an archive, a bin, and texts begun but not sent.

CREATE TABLE folders (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE tags (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    PRIMARY KEY (conversation_id, name)
) STRICT, WITHOUT ROWID;

-- The same in every profile the chat is imported into: an import finds by it what is already there.
ALTER TABLE conversations ADD COLUMN uid TEXT NOT NULL DEFAULT '';
UPDATE conversations SET uid = 'epichat:' || lower(hex(randomblob(16)));
CREATE UNIQUE INDEX conversations_uid ON conversations (uid);

ALTER TABLE conversations ADD COLUMN folder_id INTEGER REFERENCES folders (id) ON DELETE SET NULL;
CREATE INDEX conversations_folder ON conversations (folder_id);
ALTER TABLE conversations ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN is_archived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN deleted_at_ms INTEGER; -- in the bin since; NULL: not in it
ALTER TABLE conversations ADD COLUMN draft TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 3;
