-- The log in one SQLite file. Version 3.
--
-- A commit is one row: what its events share stands in columns, the events are packed into
-- `payload` and sealed, and `leaf_hashes` holds 32 bytes for each of them, side by side: the lowest tiles of
-- the tree, which stay when a payload is destroyed.

CREATE TABLE logs (
    log         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL                -- microseconds since 1970
) STRICT;

-- One row for each log. Whoever appends holds the write lock from reading this row to replacing it,
-- so the order of commits is the order of positions.
CREATE TABLE heads (
    log         INTEGER PRIMARY KEY REFERENCES logs,
    size        INTEGER NOT NULL,
    edge        BLOB NOT NULL,                  -- the right edge of the tree
    checkpoint  TEXT NOT NULL,                  -- the signed note over `size`
    purges      INTEGER NOT NULL DEFAULT 0      -- how many sessions were ever purged
) STRICT;

CREATE TABLE streams (
    stream        INTEGER PRIMARY KEY,          -- the position of its first event
    log           INTEGER NOT NULL REFERENCES logs,
    name          TEXT NOT NULL,
    session       TEXT,                         -- the session's id, if it is the stream of one
    next_version  INTEGER NOT NULL,
    UNIQUE (log, name)
) STRICT;
CREATE INDEX streams_of_session ON streams (log, session) WHERE session IS NOT NULL;

CREATE TABLE commits (
    log             INTEGER NOT NULL REFERENCES logs,
    first_position  INTEGER NOT NULL,
    event_count     INTEGER NOT NULL,
    stream          INTEGER NOT NULL REFERENCES streams,
    first_version   INTEGER NOT NULL,
    recorded_at     INTEGER NOT NULL,           -- microseconds since 1970, the server's clock
    leaf_hashes     BLOB NOT NULL,
    payload         BLOB NOT NULL               -- empty once it is destroyed
) STRICT;
CREATE UNIQUE INDEX commits_by_position ON commits (log, first_position);
CREATE UNIQUE INDEX commits_by_stream ON commits (stream, first_version);

-- The roots of complete subtrees of 2^8, 2^16, … leaves: the higher tiles of the tree.
CREATE TABLE nodes (
    log         INTEGER NOT NULL REFERENCES logs,
    level       INTEGER NOT NULL,
    node_index  INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    PRIMARY KEY (log, level, node_index)
) STRICT, WITHOUT ROWID;

-- Checkpoints of the past, one for every so many events, so that a change can be placed.
CREATE TABLE checkpoints (
    log         INTEGER NOT NULL REFERENCES logs,
    size        INTEGER NOT NULL,
    checkpoint  TEXT NOT NULL,
    PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;

-- The key that a session's commits and blobs are sealed with, wrapped by the master key. `scope` is
-- the session's id, or `log` for what belongs to no session.
CREATE TABLE data_keys (
    log      INTEGER NOT NULL REFERENCES logs,
    scope    TEXT NOT NULL,
    wrapped  BLOB NOT NULL,                     -- empty once it is destroyed
    PRIMARY KEY (log, scope)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 3;
