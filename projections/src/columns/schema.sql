-- Which files count, and which number stands for which session.

CREATE TABLE files (
    id              INTEGER PRIMARY KEY,   -- its name
    of              TEXT NOT NULL,         -- the table
    day             INTEGER NOT NULL,      -- of recording: days since 1970
    rows            INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    first_number    INTEGER NOT NULL,      -- the least number of a session in it; 0 when it has rows of none
    last_number     INTEGER NOT NULL       -- the greatest
) STRICT;

CREATE TABLE numbers (
    number          INTEGER PRIMARY KEY,
    session         BLOB NOT NULL UNIQUE,
    day             INTEGER NOT NULL       -- of its row in `sessions`
) STRICT;
