-- The embedded event log, in a PostgreSQL database of its own. Safe to run again.

CREATE TABLE IF NOT EXISTS topic (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text    NOT NULL UNIQUE,
    partitions  integer NOT NULL CHECK (partitions BETWEEN 1 AND 10000)
);

-- The end of each partition. Its row lock is held from the allocation of offsets to the commit, so offsets
-- become visible in order and without gaps: a reader at offset n can never miss a record that commits late.
CREATE TABLE IF NOT EXISTS head (
    topic_id    integer     NOT NULL REFERENCES topic,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL DEFAULT 0,
    last_time   timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);

-- stored_at never falls within a partition, so a time is found by halving the offsets.
CREATE TABLE IF NOT EXISTS record (
    topic_id    integer     NOT NULL,
    partition   integer     NOT NULL,
    "offset"    bigint      NOT NULL,
    stored_at   timestamptz NOT NULL,
    key         text        NOT NULL,
    value       bytea       NOT NULL,
    PRIMARY KEY (topic_id, partition, "offset")
);
ALTER TABLE record ALTER COLUMN value SET STORAGE EXTERNAL;

-- One row per group and topic; its id names the advisory locks of the group's members and partitions.
CREATE TABLE IF NOT EXISTS subscription (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_name  text    NOT NULL,
    topic       text    NOT NULL,
    UNIQUE (group_name, topic)
);

CREATE TABLE IF NOT EXISTS committed (
    subscription_id integer NOT NULL REFERENCES subscription,
    partition       integer NOT NULL,
    next_offset     bigint  NOT NULL,
    PRIMARY KEY (subscription_id, partition)
) WITH (fillfactor = 50);

-- Members are numbered above every partition: both are the second half of an advisory lock's key.
CREATE SEQUENCE IF NOT EXISTS member AS integer MINVALUE 1000000 START 1000000 CYCLE;
