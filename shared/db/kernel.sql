-- The tables every service has. Run by each service's first migration.

CREATE TABLE event_log (
    stream      text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    event_id    uuid        NOT NULL UNIQUE,
    type        text        NOT NULL,
    prev_hash   text        NOT NULL CHECK (length(prev_hash) = 64),
    hash        text        NOT NULL CHECK (length(hash) = 64),
    bytes       bytea       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER event_log_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE outbox (
    seq     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic   text    NOT NULL,
    key     text    NOT NULL,
    stream  text    NOT NULL,
    version integer NOT NULL
);

CREATE TABLE inbox (
    stream      text        NOT NULL,
    version     integer     NOT NULL,
    event_id    uuid        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, version)
);

CREATE TABLE dead_letter (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    "offset"       bigint      NOT NULL,
    key            text        NOT NULL,
    stream         text,
    version        integer,
    type           text,
    status         text        NOT NULL CHECK (status IN ('poison', 'parked', 'replayed', 'discarded')),
    error          text        NOT NULL,
    bytes          bytea       NOT NULL,
    failed_at      timestamptz NOT NULL DEFAULT now(),
    settled_at     timestamptz,
    settled_by     text,
    settled_reason text,
    CHECK ((status IN ('replayed', 'discarded')) = (settled_at IS NOT NULL)),
    CHECK (status <> 'discarded' OR length(settled_reason) > 0)
);

-- With the bytes, because a log that was made anew counts its offsets from 0 again.
CREATE UNIQUE INDEX dead_letter_once ON dead_letter (topic, partition, "offset", sha256(bytes));

CREATE INDEX dead_letter_open ON dead_letter (stream) WHERE status IN ('poison', 'parked');

CREATE TABLE idempotency (
    actor        text        NOT NULL,
    key          text        NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    route        text        NOT NULL,
    request_hash text        NOT NULL,
    status       smallint,
    content_type text,
    body         bytea,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE household_key (
    household_id uuid  PRIMARY KEY,
    wrapped      bytea NOT NULL
);
