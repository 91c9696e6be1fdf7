-- Footage, where its frames stand, and what is built of it. Times are microseconds from the start of the
-- session unless they say otherwise.

CREATE TABLE starts (
    key         INTEGER PRIMARY KEY,   -- stands for the session in the other tables
    session     BLOB NOT NULL UNIQUE,
    started_us  INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

-- What the work on a session depends on has changed at this position.
CREATE TABLE touched (
    session        INTEGER PRIMARY KEY REFERENCES starts,
    position       INTEGER NOT NULL,
    ended          INTEGER NOT NULL,    -- 1 once its recording has ended
    next_version   INTEGER NOT NULL     -- of the stream of what is built of it
) STRICT;
CREATE INDEX touched_at ON touched (position);

-- Pieces of footage, as captured (made = 0) or encoded from captured pictures (made = 1).
CREATE TABLE footage (
    position    INTEGER PRIMARY KEY,   -- of its event
    session     INTEGER NOT NULL REFERENCES starts,
    made        INTEGER NOT NULL,
    source      TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    blob        BLOB NOT NULL,
    bytes       INTEGER NOT NULL,
    first_us    INTEGER NOT NULL,
    last_us     INTEGER NOT NULL,
    frames      INTEGER NOT NULL,
    codec       TEXT,
    width       INTEGER,
    height      INTEGER,
    run         INTEGER,               -- the run that its bytes belong to
    run_offset  INTEGER,               -- where they begin in it
    problem     TEXT                   -- why not all of it can be played
) STRICT;
CREATE INDEX footage_of ON footage (session, first_us);
CREATE INDEX footage_in ON footage (run, run_offset) WHERE run IS NOT NULL;

-- WebM files, each of one piece of footage or of several whose bytes follow each other.
CREATE TABLE runs (
    id             INTEGER PRIMARY KEY,  -- the position of its first piece
    session        INTEGER NOT NULL REFERENCES starts,
    made           INTEGER NOT NULL,
    source         TEXT NOT NULL,
    base_us        INTEGER NOT NULL,     -- what to add to its own times for times of the session
    codec          TEXT NOT NULL,        -- as Matroska names it
    codec_private  BLOB NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_of ON runs (session);

-- Frames that follow each other, in the time of their run.
CREATE TABLE groups (
    run       INTEGER NOT NULL REFERENCES runs,
    number    INTEGER NOT NULL,
    first_us  INTEGER NOT NULL,
    last_us   INTEGER NOT NULL,
    frames    INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    key       INTEGER NOT NULL,          -- 1 when playing can begin with it
    packed    BLOB NOT NULL,             -- retrace_media::webm::Group
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- Parts of the footage that were looked at.
CREATE TABLE analyzed (
    position    INTEGER PRIMARY KEY,
    session     INTEGER NOT NULL REFERENCES starts,
    first_us    INTEGER NOT NULL,
    last_us     INTEGER NOT NULL,
    changed     BLOB NOT NULL,           -- u16, little-endian: thousandths of the screen in each second
    sheet       TEXT                     -- ThumbnailSheet as JSON
) STRICT;
CREATE INDEX analyzed_of ON analyzed (session, first_us);

-- Whatever is built of a session, by its media type.
CREATE TABLE products (
    session        INTEGER NOT NULL REFERENCES starts,
    media_type     TEXT NOT NULL,
    state          TEXT NOT NULL,        -- requested, working, completed, failed
    by             TEXT,                 -- who asked
    node           TEXT,                 -- which node works on it
    changed_us     INTEGER NOT NULL,     -- when it last changed, by the server's clock, since 1970
    position       INTEGER NOT NULL,     -- of the event that changed it last
    blob           TEXT,
    bytes          INTEGER,
    duration_us    INTEGER,
    reason         TEXT,
    PRIMARY KEY (session, media_type)
) STRICT, WITHOUT ROWID;
CREATE INDEX products_in ON products (state);
