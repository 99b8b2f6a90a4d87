-- What the names of cache files begin with whose chats were deleted for ever, until an engine has removed them.

CREATE TABLE released_caches (
    key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Names begin with the chat from here on: what was cached before is found no more.
INSERT INTO released_caches SELECT DISTINCT substr(cache_key, 1, 64) FROM episodes WHERE length(cache_key) >= 64;

PRAGMA user_version = 9;
