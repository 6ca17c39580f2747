-- Amounts are whole đồng. Communes are five digits, provinces two.

CREATE TABLE programme (
    programme_id text    PRIMARY KEY,
    version      integer NOT NULL,
    name_vi      text    NOT NULL,
    name_en      text    NOT NULL,
    provinces    text[],
    -- What the shops' part keeps of the terms; null where the programme says nothing.
    handset_kinds        text[],
    maximum_price        bigint,
    reversal_days        integer,
    offline_per_voucher  bigint,
    offline_per_day      integer,
    offline_days_to_send integer,
    CONSTRAINT programme_version_counts CHECK (version > 0),
    CONSTRAINT programme_offline_whole CHECK (
        num_nulls(offline_per_voucher, offline_per_day, offline_days_to_send) IN (0, 3)
    )
);

-- A programme's money stands in a tree: the programme's own budget, below it provinces', below these communes'.
-- `budget_id` is the path: `programme`, `programme/08`, `programme/08/01075`.
CREATE TABLE budget (
    budget_id    text   PRIMARY KEY,
    programme_id text   NOT NULL,
    province     text,
    commune      text,
    parent       text,
    allocated    bigint NOT NULL,
    available    bigint NOT NULL,
    reserved     bigint NOT NULL,
    spent        bigint NOT NULL,
    distributed  bigint NOT NULL,
    CONSTRAINT budget_parent_fkey FOREIGN KEY (parent) REFERENCES budget (budget_id),
    CONSTRAINT budget_is_its_path CHECK (
        budget_id = programme_id || coalesce('/' || province, '') || coalesce('/' || commune, '')
        AND (commune IS NULL OR province IS NOT NULL)
        AND parent IS NOT DISTINCT FROM CASE
            WHEN commune IS NOT NULL THEN programme_id || '/' || province
            WHEN province IS NOT NULL THEN programme_id
        END
    ),
    CONSTRAINT budget_adds_up CHECK (allocated = available + reserved + spent + distributed),
    CONSTRAINT budget_never_negative CHECK (
        available >= 0 AND reserved >= 0 AND spent >= 0 AND distributed >= 0
    )
) WITH (fillfactor = 10);

CREATE INDEX budget_by_programme ON budget (programme_id);

-- What redemptions have spent of a budget's reservations and nobody has carried over into its row yet. Each
-- connection adds to a stripe of its own, so that redemptions, which are many and only turn `reserved` into
-- `spent`, never wait for each other at the budget's row. `budget_now` is the truth of both.
CREATE TABLE budget_spending (
    budget_id text     NOT NULL,
    stripe    smallint NOT NULL,
    posted    bigint   NOT NULL,
    CONSTRAINT budget_spending_pkey PRIMARY KEY (budget_id, stripe),
    CONSTRAINT budget_spending_budget_fkey FOREIGN KEY (budget_id) REFERENCES budget (budget_id),
    CONSTRAINT budget_spending_counts CHECK (posted > 0)
) WITH (fillfactor = 10);

CREATE VIEW budget_now AS
SELECT budget.budget_id, programme_id, province, commune, parent, allocated, available,
       reserved - spending.posted AS reserved, spent + spending.posted AS spent, distributed
FROM budget, LATERAL (
    SELECT coalesce(CAST(sum(posted) AS bigint), 0) AS posted
    FROM budget_spending WHERE budget_spending.budget_id = budget.budget_id
) AS spending;

CREATE TABLE known_case (
    application_id uuid PRIMARY KEY,
    closed_reason  text
);

CREATE TABLE voucher (
    voucher_id       uuid        PRIMARY KEY,
    application_id   uuid        NOT NULL,
    household_id     uuid        NOT NULL,
    programme_id     text        NOT NULL,
    budget_id        text        NOT NULL,
    commune          text        NOT NULL,
    province         text        NOT NULL,
    code             text        NOT NULL,
    amount           bigint      NOT NULL,
    minimum_price    bigint      NOT NULL,
    expires_on       date        NOT NULL,
    status           text        NOT NULL DEFAULT 'issued',
    live             boolean     NOT NULL DEFAULT true,
    pin_attempts     smallint    NOT NULL DEFAULT 0,
    locked           boolean     NOT NULL DEFAULT false,
    unlocks          smallint    NOT NULL DEFAULT 0,
    ended_reason     text,
    replaces         uuid,
    issued_at        timestamptz NOT NULL,
    CONSTRAINT voucher_code_key UNIQUE (code),
    CONSTRAINT voucher_code_form CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'),
    CONSTRAINT voucher_amount_counts CHECK (amount > 0 AND minimum_price >= 0),
    CONSTRAINT voucher_status_known CHECK (
        status IN ('issued', 'redeemed', 'expired', 'cancelled', 'reissued')
    ),
    CONSTRAINT voucher_live_or_ended CHECK (live = (status IN ('issued', 'redeemed'))),
    CONSTRAINT voucher_attempts_counted CHECK (pin_attempts BETWEEN 0 AND 5 AND locked = (pin_attempts = 5)),
    CONSTRAINT voucher_unlocks_counted CHECK (unlocks BETWEEN 0 AND 3),
    CONSTRAINT voucher_ended_for_a_reason CHECK (
        (status IN ('cancelled', 'reissued')) = (ended_reason IS NOT NULL)
    )
) WITH (fillfactor = 80);

-- No index looks at `status`, so that redeeming touches none of them (a heap-only update).
CREATE UNIQUE INDEX voucher_one_live_per_case ON voucher (application_id) WHERE live;
CREATE INDEX voucher_by_case ON voucher (application_id);
CREATE INDEX voucher_by_place ON voucher (programme_id, commune, voucher_id);
CREATE INDEX voucher_by_last_day ON voucher (expires_on) WHERE live;
CREATE UNIQUE INDEX voucher_replaced_once ON voucher (replaces) WHERE replaces IS NOT NULL;

CREATE TABLE waitlist (
    application_id uuid        PRIMARY KEY,
    household_id   uuid        NOT NULL,
    programme_id   text        NOT NULL,
    budget_id      text        NOT NULL,
    commune        text        NOT NULL,
    province       text        NOT NULL,
    amount         bigint      NOT NULL,
    minimum_price  bigint      NOT NULL,
    validity_days  integer     NOT NULL,
    position       integer     NOT NULL,
    approved_at    timestamptz NOT NULL,
    status         text        NOT NULL,
    CONSTRAINT waitlist_amount_counts CHECK (amount > 0 AND minimum_price >= 0),
    CONSTRAINT waitlist_terms_count CHECK (validity_days > 0 AND position > 0),
    CONSTRAINT waitlist_status_known CHECK (status IN ('waiting', 'issued', 'cancelled'))
);

CREATE INDEX waitlist_order ON waitlist (budget_id, position, approved_at, application_id)
    WHERE status = 'waiting';

-- The postings: each row takes `amount` from one account of its budget and puts it into another, so that every
-- posting balances by itself; the `kind` says which, and the view `journal` names both. `allocated` is where a
-- budget's money comes from, the four others are what it is now. (The kinds are a domain: a CHECK's text is read
-- anew by every statement, a domain's once for each connection.)
CREATE DOMAIN posting_kind AS text CONSTRAINT posting_kind_known CHECK (
    VALUE IN (
        'allocate', 'withdraw', 'distribute', 'collect',
        'reserve', 'void', 'post', 'release', 'reverse', 'retake'
    )
);

CREATE TABLE posting (
    posting_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    budget_id  text        NOT NULL,
    kind       posting_kind NOT NULL,
    amount     bigint      NOT NULL,
    voucher_id uuid,
    event_id   uuid        NOT NULL,
    document   text,
    reason     text,
    posted_at  timestamptz NOT NULL,
    CONSTRAINT posting_amount_counts CHECK (amount > 0),
    CONSTRAINT posting_names_its_cause CHECK (
        (kind IN ('allocate', 'withdraw', 'distribute', 'collect')) = (voucher_id IS NULL)
        AND (voucher_id IS NULL) = (document IS NOT NULL)
    ),
    CONSTRAINT posting_once_per_event UNIQUE (event_id, kind)
);

CREATE VIEW journal AS
SELECT posting.*,
       CASE kind
           WHEN 'allocate' THEN 'available' WHEN 'withdraw' THEN 'allocated'
           WHEN 'distribute' THEN 'distributed' WHEN 'collect' THEN 'available'
           WHEN 'reserve' THEN 'reserved' WHEN 'void' THEN 'available'
           WHEN 'post' THEN 'spent' WHEN 'release' THEN 'available'
           WHEN 'reverse' THEN 'reserved' WHEN 'retake' THEN 'reserved'
       END AS debit,
       CASE kind
           WHEN 'allocate' THEN 'allocated' WHEN 'withdraw' THEN 'available'
           WHEN 'distribute' THEN 'available' WHEN 'collect' THEN 'distributed'
           WHEN 'reserve' THEN 'available' WHEN 'void' THEN 'reserved'
           WHEN 'post' THEN 'reserved' WHEN 'release' THEN 'reserved'
           WHEN 'reverse' THEN 'spent' WHEN 'retake' THEN 'available'
       END AS credit
FROM posting;

CREATE TRIGGER posting_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Redemptions' spending goes into the budget's row before anything is taken out of what was spent.
CREATE FUNCTION carry_over(of_budget text) RETURNS void LANGUAGE sql AS $$
    WITH carried AS (
        DELETE FROM budget_spending WHERE budget_id = of_budget RETURNING posted
    )
    UPDATE budget SET reserved = reserved - total.posted, spent = spent + total.posted
    FROM (SELECT CAST(sum(posted) AS bigint) AS posted FROM carried) AS total
    WHERE budget_id = of_budget AND total.posted IS NOT NULL
$$;

-- Balances move by postings and in no other way: a statement's postings move each budget's row once, in the order
-- of the tree, and the CHECKs of `budget` refuse what would overdraw it. What is posted is spent of the
-- reservation of a redeemed voucher of that budget, and goes to the connection's stripe. (Each posting's voucher is
-- looked up by itself: plans are made once, and a join's plan for a list would read the whole table for one sale.)
CREATE FUNCTION move_money() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posts  bigint;
    others bigint;
    good   bigint;
    moved  record;
BEGIN
    SELECT count(*) FILTER (WHERE kind = 'post'), count(*) FILTER (WHERE kind <> 'post'),
           count(CASE kind WHEN 'post' THEN (
               SELECT voucher_id FROM voucher
               WHERE voucher.voucher_id = made.voucher_id AND voucher.budget_id = made.budget_id
                 AND voucher.amount >= made.amount AND voucher.status = 'redeemed'
           ) END)
    INTO posts, others, good FROM made;
    IF posts > 0 THEN
        IF posts > good THEN
            RAISE EXCEPTION 'posted without a redeemed voucher' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO budget_spending AS spending (budget_id, stripe, posted)
        SELECT budget_id, pg_backend_pid() % 64, sum(amount) FROM made WHERE kind = 'post'
        GROUP BY budget_id ORDER BY budget_id COLLATE "C"
        ON CONFLICT (budget_id, stripe) DO UPDATE SET posted = spending.posted + excluded.posted;
    END IF;
    IF others = 0 THEN
        RETURN NULL;
    END IF;
    FOR moved IN
        SELECT budget_id,
               sum(CASE kind WHEN 'allocate' THEN amount WHEN 'withdraw' THEN -amount ELSE 0 END) AS allocated,
               sum(CASE WHEN kind IN ('allocate', 'collect', 'void', 'release') THEN amount
                        WHEN kind IN ('withdraw', 'distribute', 'reserve', 'retake') THEN -amount
                        ELSE 0 END) AS available,
               sum(CASE WHEN kind IN ('reserve', 'reverse', 'retake') THEN amount
                        WHEN kind IN ('void', 'release') THEN -amount ELSE 0 END) AS reserved,
               sum(CASE kind WHEN 'reverse' THEN -amount ELSE 0 END) AS spent,
               sum(CASE kind WHEN 'distribute' THEN amount WHEN 'collect' THEN -amount ELSE 0 END) AS distributed
        FROM made WHERE kind <> 'post'
        GROUP BY budget_id ORDER BY budget_id COLLATE "C"
    LOOP
        IF moved.spent < 0 THEN
            PERFORM carry_over(moved.budget_id);
        END IF;
        UPDATE budget SET
            allocated = budget.allocated + moved.allocated,
            available = budget.available + moved.available,
            reserved = budget.reserved + moved.reserved,
            spent = budget.spent + moved.spent,
            distributed = budget.distributed + moved.distributed
        WHERE budget_id = moved.budget_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no budget %', moved.budget_id USING ERRCODE = 'foreign_key_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER posting_moves_its_budget
    AFTER INSERT ON posting REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION move_money();

CREATE FUNCTION refuse_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'money moves by postings only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER budget_begins_empty
    BEFORE INSERT ON budget FOR EACH ROW
    WHEN (
        NEW.allocated <> 0 OR NEW.available <> 0 OR NEW.reserved <> 0 OR NEW.spent <> 0 OR NEW.distributed <> 0
    )
    EXECUTE FUNCTION refuse_by_hand();

CREATE TRIGGER budget_moves_by_postings
    BEFORE UPDATE OR DELETE OR TRUNCATE ON budget FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_by_hand();

CREATE TRIGGER budget_spending_moves_by_postings
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON budget_spending FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_by_hand();
