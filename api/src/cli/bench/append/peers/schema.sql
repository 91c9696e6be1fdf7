-- A row for each event, with the two indexes that any event store has.
CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream   uuid NOT NULL,
    version  int NOT NULL,
    type     smallint NOT NULL,
    at       timestamptz NOT NULL,
    payload  bytea NOT NULL,
    hash     bytea NOT NULL,
    UNIQUE (stream, version)
);
