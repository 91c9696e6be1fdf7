-- Terminals at rest, from which replaying starts.

CREATE TABLE starts (
    key         INTEGER PRIMARY KEY,   -- stands for the session in the other tables
    session     BLOB NOT NULL UNIQUE,
    started_us  INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

-- The streams that had something to say to a terminal.
CREATE TABLE terminals (
    key            INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL REFERENCES starts,
    stream         TEXT NOT NULL UNIQUE,
    first_version  INTEGER NOT NULL,   -- of the first event that drew
    first_written  INTEGER             -- position of the first `terminal.written`, if there is one
) STRICT;
CREATE INDEX terminals_of_session ON terminals (session, first_written);

CREATE TABLE keyframes (
    terminal   INTEGER NOT NULL REFERENCES terminals,
    version    INTEGER NOT NULL,       -- of the first event of the stream that is not in it
    offset_us  INTEGER NOT NULL,       -- of the last event that is in it, never going back
    columns    INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    dump       BLOB NOT NULL,          -- compressed by zstd
    credit     INTEGER NOT NULL,       -- bytes that keyframes behind it may take at resizes
    PRIMARY KEY (terminal, version)
) STRICT;
CREATE INDEX keyframes_by_offset ON keyframes (terminal, offset_us, version);
