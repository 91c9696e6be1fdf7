-- The catalogue. All times are microseconds since 1970.

CREATE TABLE sessions (
    id              BLOB PRIMARY KEY,
    title           TEXT,
    user            TEXT,
    host            TEXT,
    command         TEXT,
    protocol        TEXT,
    target          TEXT,
    launcher        TEXT,
    secret          TEXT,
    folder          TEXT,
    site            TEXT,
    policy          TEXT,
    groups          TEXT NOT NULL,         -- the user's, as a JSON list
    started_us      INTEGER NOT NULL,
    ended_us        INTEGER,               -- NULL while the session goes on
    last_event_us   INTEGER NOT NULL,
    recorded_us     INTEGER NOT NULL,      -- the server's clock at the first event
    kept_from_us    INTEGER NOT NULL,      -- the server's clock at the last event that was recorded
    holds           INTEGER NOT NULL,      -- how many legal holds are on it
    end_reason      TEXT,
    exit_status     INTEGER,
    file_name       TEXT,                  -- NULL unless it was imported from a file
    file_format     TEXT,
    file_bytes      INTEGER,
    file_sha256     TEXT,
    idle_limit_us   INTEGER,
    columns         INTEGER,
    rows            INTEGER,
    events          INTEGER NOT NULL,
    output_bytes    INTEGER NOT NULL,
    keys            INTEGER NOT NULL,
    resizes         INTEGER NOT NULL,
    markers         INTEGER NOT NULL,
    processes       INTEGER NOT NULL,
    frames          INTEGER NOT NULL,
    gaps            INTEGER NOT NULL,      -- parts that are missing, or show less than they should
    first_position  INTEGER NOT NULL,
    last_position   INTEGER NOT NULL,
    reviewed_us     INTEGER,               -- NULL until it is reviewed
    reviewed_by     TEXT,
    assignee        TEXT,
    sampled         INTEGER NOT NULL,      -- 1 when it was chosen for the review queue
    comments        INTEGER NOT NULL,
    -- What is asked for, derived from the columns above.
    duration_us     INTEGER NOT NULL,      -- to the end, or to the last event so far
    search_text     TEXT NOT NULL          -- what a filter's words are looked for in, lower case
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_start ON sessions (started_us, id);
CREATE INDEX sessions_by_duration ON sessions (duration_us, id);
CREATE INDEX sessions_by_recording ON sessions (recorded_us, id);
CREATE INDEX sessions_by_user ON sessions (user, started_us);
CREATE INDEX sessions_by_host ON sessions (host, started_us);
CREATE INDEX sessions_by_protocol ON sessions (protocol);
CREATE INDEX sessions_by_target ON sessions (target, started_us);
CREATE INDEX sessions_by_site ON sessions (site, started_us);
CREATE INDEX sessions_by_last_position ON sessions (last_position);

-- What is to be reviewed: few, of many.
CREATE INDEX sessions_in_queue ON sessions (started_us, id) WHERE sampled = 1 AND reviewed_us IS NULL;
CREATE INDEX sessions_assigned ON sessions (assignee, started_us) WHERE assignee IS NOT NULL;

-- What may be purged, the oldest first.
CREATE INDEX sessions_by_keeping ON sessions (kept_from_us, id);
CREATE INDEX sessions_on_hold ON sessions (started_us, id) WHERE holds > 0;

CREATE TABLE holds (
    session         BLOB NOT NULL,
    matter          TEXT NOT NULL,         -- what it is for, or ''
    placed_us       INTEGER NOT NULL,
    placed_by       TEXT NOT NULL,
    reason          TEXT NOT NULL,
    PRIMARY KEY (session, matter)
) STRICT, WITHOUT ROWID;

-- What stays of sessions that were purged, all of it from the event that says so.
CREATE TABLE purged (
    session         BLOB PRIMARY KEY,
    position        INTEGER NOT NULL,
    purged_us       INTEGER NOT NULL,
    purged_by       TEXT NOT NULL,
    reason          TEXT NOT NULL,
    events          INTEGER,
    blobs           INTEGER,
    bytes           INTEGER,
    started_us      INTEGER,
    ended_us        INTEGER,
    user            TEXT,
    host            TEXT,
    target          TEXT,
    protocol        TEXT,
    site            TEXT,
    folder          TEXT,
    groups          TEXT NOT NULL          -- the user's, as a JSON list
) STRICT, WITHOUT ROWID;
CREATE INDEX purged_by_position ON purged (position);

CREATE TABLE comments (
    session         BLOB NOT NULL,
    position        INTEGER NOT NULL,
    at_us           INTEGER NOT NULL,
    by              TEXT NOT NULL,
    offset_ms       INTEGER,               -- NULL when it is about all of the session
    text            TEXT NOT NULL,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;

-- How many of a hundred sessions are chosen for the review queue; for all policies under ''.
CREATE TABLE samples (
    policy          TEXT PRIMARY KEY,
    percent         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_groups (
    session         BLOB NOT NULL,
    name            TEXT NOT NULL,
    PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_groups_by_name ON session_groups (name, session);

-- The folder of the secret, and each folder that it lies in.
CREATE TABLE session_folders (
    session         BLOB NOT NULL,
    name            TEXT NOT NULL,
    PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_folders_by_name ON session_folders (name, session);

CREATE TABLE streams (
    session         BLOB NOT NULL,
    name            TEXT NOT NULL,
    first_position  INTEGER NOT NULL,
    PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;

-- What was asked of recorders, and what they answered.
CREATE TABLE controls (
    session         BLOB NOT NULL,
    version         INTEGER NOT NULL,      -- of the request, in the control stream
    kind            TEXT NOT NULL,         -- the type of the event that asks
    at_us           INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    asked_by        TEXT NOT NULL,
    reason          TEXT,
    content         TEXT,                  -- the text of a message, the policy that was set as JSON
    answered_us     INTEGER,               -- NULL until it is answered
    done            INTEGER,
    detail          TEXT,
    answered_by     TEXT,                  -- the source that answered
    PRIMARY KEY (session, version)
) STRICT, WITHOUT ROWID;
