-- Amounts are whole đồng. paid <= ordered <= accepted, and accepted + disputed <= claimed, in every row.

CREATE TABLE claim (
    claim_id      uuid        PRIMARY KEY,
    enterprise_id text        NOT NULL,
    programme_id  text        NOT NULL,
    period_from   date        NOT NULL,
    period_to     date        NOT NULL,
    status        text        NOT NULL,
    lines         integer     NOT NULL,
    claimed       bigint      NOT NULL,
    disputed      bigint      NOT NULL DEFAULT 0,
    accepted      bigint      NOT NULL DEFAULT 0,
    ordered       bigint      NOT NULL DEFAULT 0,
    paid          bigint      NOT NULL DEFAULT 0,
    minutes       text,
    minutes_date  date,
    submitted_by  text        NOT NULL,
    submitted_at  timestamptz NOT NULL,
    accepted_by   text,
    accepted_at   timestamptz,
    CONSTRAINT claim_status_known CHECK (status IN ('submitted', 'accepted', 'settled', 'withdrawn')),
    CONSTRAINT claim_period CHECK (period_from <= period_to),
    CONSTRAINT claim_lines_count CHECK (lines > 0),
    CONSTRAINT claim_within_what_was_claimed CHECK (
        claimed > 0 AND disputed >= 0 AND accepted >= 0 AND accepted + disputed <= claimed
    ),
    CONSTRAINT claim_paid_within_accepted CHECK (0 <= paid AND paid <= ordered AND ordered <= accepted),
    CONSTRAINT claim_accepted_whole CHECK (
        (status IN ('accepted', 'settled')) = (minutes IS NOT NULL)
        AND num_nulls(minutes, minutes_date, accepted_by, accepted_at) IN (0, 4)
        AND (minutes IS NULL OR accepted + disputed = claimed)
        AND (minutes IS NOT NULL OR accepted = 0)
    ),
    CONSTRAINT claim_settled CHECK ((status = 'settled') = (minutes IS NOT NULL AND paid = accepted)),
    CONSTRAINT claim_two_people CHECK (accepted_by <> submitted_by)
);

CREATE INDEX claim_by_enterprise ON claim (enterprise_id, claim_id);

ALTER TABLE redemption ADD COLUMN claim_id uuid;
ALTER TABLE redemption ADD CONSTRAINT redemption_claimed_or_reversed
    CHECK (claim_id IS NULL OR reversed_at IS NULL);
ALTER TABLE redemption ADD CONSTRAINT redemption_subsidy_key UNIQUE (redemption_id, subsidy);
CREATE INDEX redemption_unclaimed ON redemption (enterprise_id, programme_id, redeemed_at) WHERE claim_id IS NULL;

-- A redemption is claimed by one line, for exactly its subsidy; whatever changes later is a line of its own.
CREATE TABLE claim_line (
    line_id       uuid        PRIMARY KEY,
    claim_id      uuid        REFERENCES claim (claim_id),
    enterprise_id text        NOT NULL,
    programme_id  text        NOT NULL,
    redemption_id uuid        NOT NULL,
    subsidy       bigint      NOT NULL,
    kind          text        NOT NULL,
    corrects      uuid        REFERENCES claim_line (line_id),
    amount        bigint      NOT NULL,
    status        text        NOT NULL,
    reason        text,
    made_by       text        NOT NULL,
    decided_by    text,
    CONSTRAINT claim_line_of_a_redemption FOREIGN KEY (redemption_id, subsidy)
        REFERENCES redemption (redemption_id, subsidy),
    CONSTRAINT claim_line_kind_known CHECK (kind IN ('redemption', 'correction')),
    CONSTRAINT claim_line_status_known CHECK (
        status IN ('pending', 'claimed', 'disputed', 'accepted', 'withdrawn')
    ),
    CONSTRAINT claim_line_amount CHECK (
        CASE kind WHEN 'redemption' THEN amount = subsidy ELSE amount <> 0 AND abs(amount) <= subsidy END
    ),
    CONSTRAINT claim_line_corrects CHECK ((kind = 'correction') = (corrects IS NOT NULL)),
    CONSTRAINT claim_line_waits CHECK ((claim_id IS NULL) = (status = 'pending')),
    CONSTRAINT claim_line_disputed CHECK ((status <> 'disputed') OR (reason IS NOT NULL AND amount > 0)),
    CONSTRAINT claim_line_decided CHECK ((status IN ('disputed', 'accepted')) = (decided_by IS NOT NULL))
);

CREATE UNIQUE INDEX claim_line_once ON claim_line (redemption_id) WHERE kind = 'redemption' AND status <> 'withdrawn';
CREATE UNIQUE INDEX claim_line_corrected_once ON claim_line (corrects) WHERE status <> 'withdrawn';
CREATE INDEX claim_line_by_claim ON claim_line (claim_id, line_id);
CREATE INDEX claim_line_pending ON claim_line (enterprise_id, programme_id) WHERE status = 'pending';

-- Where an enterprise's money goes. Kept by the province, never by the one who pays.
CREATE TABLE payee (
    enterprise_id  text        PRIMARY KEY,
    account_name   text        NOT NULL,
    bank           text        NOT NULL,
    account_number text        NOT NULL,
    kept_by        text        NOT NULL,
    kept_at        timestamptz NOT NULL
);

CREATE TABLE payment (
    payment_id     uuid        PRIMARY KEY,
    claim_id       uuid        NOT NULL REFERENCES claim (claim_id),
    reference      text        NOT NULL,
    amount         bigint      NOT NULL,
    status         text        NOT NULL,
    account_name   text        NOT NULL,
    bank           text        NOT NULL,
    account_number text        NOT NULL,
    ordered_by     text        NOT NULL,
    ordered_at     timestamptz NOT NULL,
    paid_on        date,
    bank_reference text,
    failure        text,
    closed_by      text,
    CONSTRAINT payment_reference_key UNIQUE (reference),
    CONSTRAINT payment_amount CHECK (amount > 0),
    CONSTRAINT payment_status_known CHECK (status IN ('ordered', 'paid', 'failed')),
    CONSTRAINT payment_paid CHECK ((status = 'paid') = (paid_on IS NOT NULL)),
    CONSTRAINT payment_failed CHECK ((status = 'failed') = (failure IS NOT NULL)),
    CONSTRAINT payment_closed CHECK ((status = 'ordered') = (closed_by IS NULL))
);

CREATE INDEX payment_by_claim ON payment (claim_id);
CREATE INDEX payment_waiting ON payment (ordered_at) WHERE status = 'ordered';
