-- Several versions of a message, turns that were taken out, and how a chat draws its tokens.

-- When a message left the active branch; grows with every change, 0 on it. Of several versions the one that was
-- shown last comes back. Not covered by the checksum: damage to it shows another version first, nothing more.
ALTER TABLE messages ADD COLUMN left_branch INTEGER NOT NULL DEFAULT 0;
-- Taken out of the conversation since; NULL: not. It keeps its place in the tree, and the branch passes over it.
ALTER TABLE messages ADD COLUMN removed_at_ms INTEGER;

ALTER TABLE conversations ADD COLUMN sampling TEXT NOT NULL DEFAULT ''; -- JSON of SamplingOptions; '': the defaults

PRAGMA user_version = 4;
