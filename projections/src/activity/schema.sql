-- How much happened in each second of each session. Seconds without anything have no row.

CREATE TABLE starts (
    key         INTEGER PRIMARY KEY,   -- stands for the session in the other table
    session     BLOB NOT NULL UNIQUE,
    started_us  INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

CREATE TABLE seconds (
    session       INTEGER NOT NULL REFERENCES starts,
    second        INTEGER NOT NULL,    -- from the start of the session
    output_bytes  INTEGER NOT NULL,
    keys          INTEGER NOT NULL,
    resizes       INTEGER NOT NULL,
    markers       INTEGER NOT NULL,
    processes     INTEGER NOT NULL,
    frames        INTEGER NOT NULL,
    changed       INTEGER NOT NULL,    -- share of the screen, in thousandths
    PRIMARY KEY (session, second)
) STRICT, WITHOUT ROWID;
