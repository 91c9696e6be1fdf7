-- The log in a PostgreSQL database. Version 2. The tables mean what those of SQLite mean
-- (../sqlite/schema.sql); what differs is said here.

CREATE TABLE retrace_schema (version int NOT NULL);
INSERT INTO retrace_schema VALUES (2);

CREATE TABLE logs (
    log         smallint PRIMARY KEY,
    id          text NOT NULL UNIQUE,
    created_at  bigint NOT NULL
);

-- Replaced by each group: space in the page, so that no index is touched.
CREATE TABLE heads (
    log         smallint PRIMARY KEY REFERENCES logs,
    size        bigint NOT NULL,
    edge        bytea NOT NULL,
    checkpoint  text NOT NULL,
    purges      bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

CREATE TABLE streams (
    log           smallint NOT NULL,
    stream        bigint NOT NULL,
    name          text NOT NULL COLLATE "C",
    session       text COLLATE "C",
    next_version  bigint NOT NULL,
    PRIMARY KEY (log, stream),
    UNIQUE (log, name)
) WITH (fillfactor = 70);
CREATE INDEX streams_of_session ON streams (log, session, stream) WHERE session IS NOT NULL;

CREATE TABLE commits (
    log             smallint NOT NULL,
    first_position  bigint NOT NULL,
    event_count     int NOT NULL,
    stream          bigint NOT NULL,
    first_version   bigint NOT NULL,
    recorded_at     bigint NOT NULL,
    leaf_hashes     bytea NOT NULL,
    payload         bytea NOT NULL,
    PRIMARY KEY (log, first_position),
    UNIQUE (log, stream, first_version)
);
-- Hashes and sealed bytes do not get smaller.
ALTER TABLE commits ALTER leaf_hashes SET STORAGE EXTERNAL, ALTER payload SET STORAGE EXTERNAL;

CREATE TABLE nodes (
    log         smallint NOT NULL,
    level       smallint NOT NULL,
    node_index  bigint NOT NULL,
    hash        bytea NOT NULL,
    PRIMARY KEY (log, level, node_index)
);

CREATE TABLE checkpoints (
    log         smallint NOT NULL,
    size        bigint NOT NULL,
    checkpoint  text NOT NULL,
    PRIMARY KEY (log, size)
);

CREATE TABLE data_keys (
    log      smallint NOT NULL,
    scope    text NOT NULL COLLATE "C",
    wrapped  bytea NOT NULL,
    PRIMARY KEY (log, scope)
);
