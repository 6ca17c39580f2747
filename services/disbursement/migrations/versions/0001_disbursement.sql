-- Amounts are whole đồng. Communes are five digits, provinces two.

CREATE TABLE programme (
    programme_id text    PRIMARY KEY,
    version      integer NOT NULL,
    name_vi      text    NOT NULL,
    name_en      text    NOT NULL,
    CONSTRAINT programme_version_counts CHECK (version > 0)
);

CREATE TABLE budget (
    programme_id  text   PRIMARY KEY,
    allocated     bigint NOT NULL,
    available     bigint NOT NULL,
    reserved      bigint NOT NULL,
    spent         bigint NOT NULL,
    last_document text,
    CONSTRAINT budget_adds_up CHECK (allocated = available + reserved + spent),
    CONSTRAINT budget_never_negative CHECK (available >= 0 AND reserved >= 0 AND spent >= 0)
) WITH (fillfactor = 10);

CREATE TABLE known_case (
    application_id uuid PRIMARY KEY,
    closed_reason  text
);

CREATE TABLE voucher (
    voucher_id       uuid        PRIMARY KEY,
    application_id   uuid        NOT NULL,
    household_id     uuid        NOT NULL,
    programme_id     text        NOT NULL,
    commune          text        NOT NULL,
    province         text        NOT NULL,
    code             text        NOT NULL,
    amount           bigint      NOT NULL,
    minimum_price    bigint      NOT NULL,
    expires_on       date        NOT NULL,
    status           text        NOT NULL,
    live             boolean     NOT NULL,
    pin_attempts     smallint    NOT NULL,
    locked           boolean     NOT NULL,
    cancelled_reason text,
    issued_at        timestamptz NOT NULL,
    CONSTRAINT voucher_code_key UNIQUE (code),
    CONSTRAINT voucher_code_form CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'),
    CONSTRAINT voucher_amount_counts CHECK (amount > 0 AND minimum_price >= 0),
    CONSTRAINT voucher_status_known CHECK (status IN ('issued', 'redeemed', 'expired', 'cancelled')),
    CONSTRAINT voucher_live_or_ended CHECK (live = (status IN ('issued', 'redeemed'))),
    CONSTRAINT voucher_attempts_counted CHECK (pin_attempts BETWEEN 0 AND 5 AND locked = (pin_attempts = 5)),
    CONSTRAINT voucher_cancelled_for_a_reason CHECK ((status = 'cancelled') = (cancelled_reason IS NOT NULL))
) WITH (fillfactor = 80);

-- No index looks at `status`, so that redeeming touches none of them (a heap-only update).
CREATE UNIQUE INDEX voucher_one_live_per_case ON voucher (application_id) WHERE live;
CREATE INDEX voucher_by_case ON voucher (application_id);
CREATE INDEX voucher_by_place ON voucher (programme_id, commune, voucher_id);

CREATE TABLE waitlist (
    application_id uuid        PRIMARY KEY,
    household_id   uuid        NOT NULL,
    programme_id   text        NOT NULL,
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

CREATE INDEX waitlist_order ON waitlist (programme_id, position, approved_at, application_id)
    WHERE status = 'waiting';

CREATE TABLE shop (
    shop_id          text        PRIMARY KEY,
    enterprise_id    text        NOT NULL,
    name             text        NOT NULL,
    commune          text        NOT NULL,
    province         text        NOT NULL,
    status           text        NOT NULL,
    suspended_reason text,
    registered_at    timestamptz NOT NULL,
    CONSTRAINT shop_status_known CHECK (status IN ('active', 'suspended')),
    CONSTRAINT shop_suspended_for_a_reason CHECK ((status = 'suspended') = (suspended_reason IS NOT NULL))
);

CREATE TABLE redemption (
    redemption_id  uuid        PRIMARY KEY,
    voucher_id     uuid        NOT NULL,
    shop_id        text        NOT NULL,
    enterprise_id  text        NOT NULL,
    programme_id   text        NOT NULL,
    model          text        NOT NULL,
    amount         bigint      NOT NULL,
    price          bigint      NOT NULL,
    subsidy        bigint      NOT NULL,
    household_pays bigint      NOT NULL,
    redeemed_at    timestamptz NOT NULL,
    CONSTRAINT redemption_voucher_key UNIQUE (voucher_id),
    CONSTRAINT redemption_voucher_fkey FOREIGN KEY (voucher_id) REFERENCES voucher (voucher_id),
    CONSTRAINT redemption_adds_up CHECK (price = subsidy + household_pays),
    CONSTRAINT redemption_within_the_voucher CHECK (subsidy > 0 AND subsidy <= amount AND household_pays >= 0)
);

-- The budget's row is the one that everybody wants. A redemption comes to it at COMMIT, inside the server, so
-- that the row is held neither over a round trip nor while a client's thread waits for its turn.
CREATE FUNCTION settle_budget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budget SET
        reserved = reserved - NEW.amount,
        spent = spent + NEW.subsidy,
        available = available + NEW.amount - NEW.subsidy
    WHERE programme_id = NEW.programme_id AND reserved >= NEW.amount;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% has not reserved %', NEW.programme_id, NEW.amount USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER redemption_settles_its_budget
    AFTER INSERT ON redemption DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION settle_budget();

CREATE TABLE redemption_imei (
    imei_hash     text PRIMARY KEY,
    redemption_id uuid NOT NULL,
    CONSTRAINT redemption_imei_redemption_fkey FOREIGN KEY (redemption_id)
        REFERENCES redemption (redemption_id),
    CONSTRAINT redemption_imei_hash_form CHECK (length(imei_hash) = 64)
);

CREATE TABLE posting (
    posting_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id   text        NOT NULL,
    kind           text        NOT NULL,
    amount         bigint      NOT NULL,
    application_id uuid,
    voucher_id     uuid,
    event_id       uuid        NOT NULL,
    posted_at      timestamptz NOT NULL,
    CONSTRAINT posting_kind_known CHECK (kind IN ('allocate', 'adjust', 'reserve', 'post', 'void')),
    CONSTRAINT posting_amount_counts CHECK (amount > 0 OR (kind = 'adjust' AND amount <> 0)),
    CONSTRAINT posting_names_its_voucher CHECK (
        (kind IN ('reserve', 'post', 'void')) = (voucher_id IS NOT NULL)
        AND (voucher_id IS NULL) = (application_id IS NULL)
    ),
    CONSTRAINT posting_once_per_event UNIQUE (event_id, kind)
);

CREATE TRIGGER posting_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
