-- What an episode is called: its most distinctive words; '' where the memory was built before it had any.

ALTER TABLE episodes ADD COLUMN name TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 5;
