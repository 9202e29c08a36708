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
