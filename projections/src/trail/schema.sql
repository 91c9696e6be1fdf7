-- What people did in Retrace itself, in the order of the log. What each event says stays in the log.

CREATE TABLE acts (
    position     INTEGER PRIMARY KEY,  -- of the event
    recorded_us  INTEGER NOT NULL,     -- by the server's clock, microseconds since 1970
    kind         TEXT NOT NULL,        -- the type of the event
    who          TEXT NOT NULL,        -- empty where nobody is known
    session      BLOB                  -- the session that it was done with
) STRICT;
CREATE INDEX acts_by ON acts (who, position);
CREATE INDEX acts_of ON acts (kind, position);
CREATE INDEX acts_with ON acts (session, position) WHERE session IS NOT NULL;
CREATE INDEX acts_at ON acts (recorded_us);
