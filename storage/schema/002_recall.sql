-- Two indexes over the same text, kept in step by triggers. Stems are for ranking what bears on a question
-- ("painted" finds "paint"); words are for search as you type, where a stem would hide a word half typed.

CREATE VIRTUAL TABLE message_stems USING fts5 (
    text, caption, content = 'messages', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE message_words USING fts5 (
    text, caption, content = 'messages', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
CREATE VIRTUAL TABLE title_words USING fts5 (
    title, content = 'conversations', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TRIGGER messages_indexed AFTER INSERT ON messages BEGIN
    INSERT INTO message_stems (rowid, text, caption) VALUES (new.id, new.text, new.caption);
    INSERT INTO message_words (rowid, text, caption) VALUES (new.id, new.text, new.caption);
END;
CREATE TRIGGER messages_unindexed AFTER DELETE ON messages BEGIN
    INSERT INTO message_stems (message_stems, rowid, text, caption)
        VALUES ('delete', old.id, old.text, old.caption);
    INSERT INTO message_words (message_words, rowid, text, caption)
        VALUES ('delete', old.id, old.text, old.caption);
END;
CREATE TRIGGER messages_reindexed AFTER UPDATE OF id, text, caption ON messages
    WHEN old.id <> new.id OR old.text <> new.text OR old.caption <> new.caption
BEGIN
    INSERT INTO message_stems (message_stems, rowid, text, caption)
        VALUES ('delete', old.id, old.text, old.caption);
    INSERT INTO message_words (message_words, rowid, text, caption)
        VALUES ('delete', old.id, old.text, old.caption);
    INSERT INTO message_stems (rowid, text, caption) VALUES (new.id, new.text, new.caption);
    INSERT INTO message_words (rowid, text, caption) VALUES (new.id, new.text, new.caption);
END;

CREATE TRIGGER conversations_indexed AFTER INSERT ON conversations BEGIN
    INSERT INTO title_words (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER conversations_unindexed AFTER DELETE ON conversations BEGIN
    INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, old.title);
END;
CREATE TRIGGER conversations_reindexed AFTER UPDATE OF id, title ON conversations
    WHEN old.id <> new.id OR old.title <> new.title
BEGIN
    INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO title_words (rowid, title) VALUES (new.id, new.title);
END;

INSERT INTO message_stems (message_stems) VALUES ('rebuild');
INSERT INTO message_words (message_words) VALUES ('rebuild');
INSERT INTO title_words (title_words) VALUES ('rebuild');

-- What was measured and quoted for an answer of an evaluation.
ALTER TABLE answers ADD COLUMN likelihood REAL; -- mean ln p per token of the expected answer; NULL: not asked
ALTER TABLE answers ADD COLUMN quoted TEXT NOT NULL DEFAULT '[]'; -- JSON array

PRAGMA user_version = 2;
