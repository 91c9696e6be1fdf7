-- Writes a group, if the head is still the one that it was made for and nobody else has stored one
-- of its new keys. One statement, so one round trip and one transaction: whoever comes second
-- waits for the head's row, then finds another size, and has written nothing.
WITH head AS (
    UPDATE heads SET size = $3, edge = $4, checkpoint = $5
    WHERE log = $1 AND size = $2
      AND NOT EXISTS (SELECT FROM data_keys WHERE log = $1 AND scope = ANY ($7::text[]))
    RETURNING log
), new_keys AS (
    INSERT INTO data_keys (log, scope, wrapped)
    SELECT head.log, k.scope, k.wrapped
    FROM head, unnest($7::text[], $8::bytea[]) AS k (scope, wrapped)
), new_streams AS (
    INSERT INTO streams (log, stream, name, session, next_version)
    SELECT head.log, s.stream, s.name, s.session, s.next_version
    FROM head, unnest($9::bigint[], $10::text[], $11::text[], $12::bigint[])
        AS s (stream, name, session, next_version)
), grown_streams AS (
    UPDATE streams SET next_version = g.next_version
    FROM head, unnest($13::bigint[], $14::bigint[]) AS g (stream, next_version)
    WHERE streams.log = head.log AND streams.stream = g.stream
), new_commits AS (
    INSERT INTO commits (log, first_position, event_count, stream, first_version, recorded_at,
        leaf_hashes, payload)
    SELECT head.log, c.first_position, c.event_count, c.stream, c.first_version, c.recorded_at,
        c.leaf_hashes, c.payload
    FROM head, unnest($15::bigint[], $16::int[], $17::bigint[], $18::bigint[], $19::bigint[],
        $20::bytea[], $21::bytea[])
        AS c (first_position, event_count, stream, first_version, recorded_at, leaf_hashes, payload)
), new_nodes AS (
    INSERT INTO nodes (log, level, node_index, hash)
    SELECT head.log, n.level, n.node_index, n.hash
    FROM head, unnest($22::smallint[], $23::bigint[], $24::bytea[]) AS n (level, node_index, hash)
), kept AS (
    INSERT INTO checkpoints (log, size, checkpoint)
    SELECT head.log, $3, $5 FROM head WHERE $6
)
SELECT count(*) FROM head
