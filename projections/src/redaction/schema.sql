-- What of each session is hidden from readers. Nothing here is secret: places, times, and what stands before secrets.

CREATE TABLE sessions (
    key          INTEGER PRIMARY KEY,      -- stands for the session in the other tables
    session      BLOB NOT NULL UNIQUE,
    started_us   INTEGER NOT NULL,         -- microseconds since 1970
    settings     TEXT NOT NULL,            -- those that were in force when it began, as JSON
    private_key  INTEGER NOT NULL          -- whether a private key was written to its terminal
) STRICT;

CREATE TABLE streams (
    key        INTEGER PRIMARY KEY,
    session    INTEGER NOT NULL REFERENCES sessions,
    name       TEXT NOT NULL UNIQUE,
    undecided  INTEGER                     -- keys from this version on may be secret
) STRICT;
CREATE INDEX streams_of_session ON streams (session);

-- Stretches of what was typed.
CREATE TABLE keys (
    stream        INTEGER NOT NULL REFERENCES streams,
    from_version  INTEGER NOT NULL,
    from_byte     INTEGER NOT NULL,
    to_version    INTEGER NOT NULL,
    to_byte       INTEGER NOT NULL,        -- behind the last
    rule          TEXT NOT NULL,
    from_us       INTEGER NOT NULL,
    to_us         INTEGER NOT NULL,
    PRIMARY KEY (stream, from_version, from_byte)
) STRICT, WITHOUT ROWID;

-- Stretches of output that has secrets in it.
CREATE TABLE output (
    stream        INTEGER NOT NULL REFERENCES streams,
    from_version  INTEGER NOT NULL,
    to_version    INTEGER NOT NULL,        -- of the last
    from_us       INTEGER NOT NULL,
    to_us         INTEGER NOT NULL,
    PRIMARY KEY (stream, from_version)
) STRICT, WITHOUT ROWID;

-- Beginnings of lines of the screen behind which secrets were shown.
CREATE TABLE leads (
    session  INTEGER NOT NULL REFERENCES sessions,
    lead     TEXT NOT NULL,
    PRIMARY KEY (session, lead)
) STRICT, WITHOUT ROWID;

-- What the events of the session's stream of redactions say.
CREATE TABLE spans (
    session     INTEGER NOT NULL REFERENCES sessions,
    id          TEXT NOT NULL,
    place       INTEGER NOT NULL,          -- the position of the event
    by          TEXT NOT NULL,
    reason      TEXT NOT NULL,
    rule        TEXT,                      -- NULL where a person redacted
    what        TEXT NOT NULL,
    from_us     INTEGER NOT NULL,
    to_us       INTEGER NOT NULL,
    lifted_by   TEXT,                      -- NULL while it is in force
    lifted_why  TEXT,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;
