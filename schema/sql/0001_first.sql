-- What is known about stations, groups and users.  Messages are never stored here.
--
-- `v` is the change number of the last change that the catalog shows (0: none yet).  Every change takes the
-- next number from the one row of `changes`, whose row lock it holds until commit: numbers become visible in order.
-- Rows in state gone stay for a while, so that every daemon hears of the removal.

CREATE TABLE changes (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    v bigint NOT NULL DEFAULT 0,
    purged_v bigint NOT NULL DEFAULT 0 -- rows removed for good had numbers up to here
);
INSERT INTO changes DEFAULT VALUES;

-- specs are json, not jsonb: they are read back exactly as they were written
CREATE TABLE stations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    internal text NOT NULL,
    state text NOT NULL DEFAULT 'creating' CHECK (state IN ('creating', 'active', 'deleting', 'gone')),
    spec json NOT NULL,
    previous_spec json,
    spec_version bigint NOT NULL DEFAULT 1,
    applied_version bigint NOT NULL DEFAULT 0,
    problems json,
    v bigint NOT NULL DEFAULT 0,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    state_at timestamptz NOT NULL DEFAULT now(),
    CHECK (applied_version <= spec_version)
);
CREATE UNIQUE INDEX stations_name ON stations (internal) WHERE state <> 'gone';
CREATE INDEX stations_v ON stations (v);
CREATE INDEX stations_gone ON stations (state_at) WHERE state = 'gone';

-- when each partition's stream was made, as nats-server wrote it: a stream of the same name with another
-- time is not ours to touch
CREATE TABLE partitions (
    station_id bigint NOT NULL REFERENCES stations ON DELETE CASCADE,
    partition integer NOT NULL CHECK (partition BETWEEN 1 AND 4096),
    stream_created text NOT NULL,
    PRIMARY KEY (station_id, partition)
);

CREATE TABLE groups (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station_id bigint NOT NULL REFERENCES stations ON DELETE CASCADE,
    name text NOT NULL,
    internal text NOT NULL,
    state text NOT NULL DEFAULT 'creating' CHECK (state IN ('creating', 'active', 'deleting', 'gone')),
    generation bigint NOT NULL DEFAULT 1, -- + 1 whenever the consumers are made anew
    spec json NOT NULL,
    previous_spec json,
    spec_version bigint NOT NULL DEFAULT 1,
    applied_version bigint NOT NULL DEFAULT 0,
    seeking json,
    v bigint NOT NULL DEFAULT 0,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    state_at timestamptz NOT NULL DEFAULT now(),
    CHECK (applied_version <= spec_version)
);
CREATE UNIQUE INDEX groups_name ON groups (station_id, internal) WHERE state <> 'gone';
CREATE INDEX groups_station ON groups (station_id);
CREATE INDEX groups_v ON groups (v);
CREATE INDEX groups_gone ON groups (state_at) WHERE state = 'gone';

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('root', 'admin', 'application', 'viewer')),
    hash text, -- Argon2id; NULL: cannot sign in with a password
    rules json,
    epoch bigint NOT NULL DEFAULT 1, -- + 1 ends every token issued before
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone')),
    v bigint NOT NULL DEFAULT 0,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    state_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_name ON users (name) WHERE state <> 'gone';
CREATE INDEX users_v ON users (v);

-- API tokens: shown once, kept hashed
CREATE TABLE tokens (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    owner bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    hash text NOT NULL UNIQUE,
    scopes jsonb NOT NULL DEFAULT '[]',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone')),
    v bigint NOT NULL DEFAULT 0,
    created timestamptz NOT NULL DEFAULT now(),
    state_at timestamptz NOT NULL DEFAULT now(),
    expires timestamptz,
    last_used timestamptz
);
CREATE UNIQUE INDEX tokens_name ON tokens (owner, name) WHERE state <> 'gone';
CREATE INDEX tokens_v ON tokens (v);

-- keys that all daemons share
CREATE TABLE secrets (
    name text PRIMARY KEY,
    value bytea NOT NULL,
    created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL, -- '': nobody's
    epoch bigint NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    address text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    before json,
    after json
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_object ON audit (object, at);

-- Functions, because a statement's plan is kept for the next call only inside of one: the pooler between a daemon and
-- its database may know no prepared statements.  They hold what every creation of a station runs; what it would cost to
-- plan them each time is more than what they do.  A plan is made once, so it must suit every size: by index, whatever
-- the tables' sizes were when it was made; and never compiled, since the price that keeps it from scanning looks like work.

-- Stable: all its queries see the caller's snapshot, so the number and every row up to it belong together.  Rows come
-- as they are needed: the number, stations, then groups by station, users.
CREATE FUNCTION catalog_newer(since bigint)
RETURNS TABLE (kind integer, parent bigint, id bigint, v bigint, state text, n1 bigint, n2 bigint, name text,
               internal text, doc text, doc2 text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    ids bigint[];
BEGIN
    RETURN QUERY SELECT 0, 0::bigint, 0::bigint, c.v, NULL::text, c.purged_v, 0::bigint, NULL::text, NULL::text,
        NULL::text, NULL::text FROM changes c;
    ids := ARRAY(SELECT s.id FROM stations s WHERE s.v > since
                 UNION ALL SELECT g.station_id FROM groups g WHERE g.v > since);
    IF cardinality(ids) > 0 THEN
        RETURN QUERY SELECT 1, s.id, s.id, s.v, s.state, (extract(epoch FROM s.created) * 1000)::bigint,
            (extract(epoch FROM s.updated) * 1000)::bigint, s.name, s.internal, s.spec::text, s.problems::text
            FROM stations s WHERE s.id = ANY (ids) ORDER BY s.id;
        RETURN QUERY SELECT 2, g.station_id, g.id, g.v, g.state, g.generation, 0::bigint, g.name, g.internal,
            g.spec::text, NULL::text
            FROM groups g JOIN stations s ON s.id = g.station_id
            WHERE g.station_id = ANY (ids) AND g.state <> 'gone' AND s.state <> 'gone' ORDER BY g.station_id, g.id;
    END IF;
    RETURN QUERY SELECT 3, 0::bigint, u.id, u.v, u.state, u.epoch, 0::bigint, u.name, u.role, u.hash, u.rules::text
        FROM users u WHERE u.v > since ORDER BY u.id;
END $$;

-- Creations that end together; answers the ids of those that were still in state creating.
CREATE FUNCTION stations_activate(ids bigint[], actors text[], addresses text[], objects text[], part_ids bigint[],
                                  part_numbers integer[], part_created text[])
RETURNS SETOF bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY
    WITH a AS (SELECT * FROM unnest(ids, actors, addresses, objects) AS a (id, actor, address, object)),
    s AS (SELECT a.* FROM stations JOIN a USING (id) WHERE state = 'creating'),
    p AS (INSERT INTO partitions (station_id, partition, stream_created)
        SELECT t.id, t.p, t.created FROM unnest(part_ids, part_numbers, part_created) AS t (id, p, created)
        JOIN s USING (id)
        ON CONFLICT (station_id, partition) DO UPDATE SET stream_created = EXCLUDED.stream_created RETURNING 1),
    u AS (INSERT INTO audit (actor, address, action, object)
        SELECT actor, address, 'station.create', object FROM s RETURNING 1),
    -- the change number, which everybody waits for, is taken last
    n AS (SELECT (SELECT count(*) FROM p) + (SELECT count(*) FROM u) AS n),
    c AS (UPDATE changes SET v = v + 1 FROM n WHERE n.n >= 0 RETURNING v)
    UPDATE stations SET state = 'active', state_at = now(), updated = now(), applied_version = spec_version, v = c.v
        FROM c WHERE stations.id = ANY (ids) AND state = 'creating' RETURNING stations.id;
END $$;
