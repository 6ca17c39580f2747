-- Who redeems vouchers, what for, and what comes of it. Amounts are whole đồng.

CREATE TABLE enterprise (
    enterprise_id    text        PRIMARY KEY,
    name             text        NOT NULL,
    contact          text        NOT NULL,
    province         text        NOT NULL,
    status           text        NOT NULL,
    suspended_reason text,
    registered_at    timestamptz NOT NULL,
    CONSTRAINT enterprise_status_known CHECK (status IN ('active', 'suspended')),
    CONSTRAINT enterprise_suspended_for_a_reason CHECK (
        (status = 'suspended') = (suspended_reason IS NOT NULL)
    )
);

CREATE TABLE shop (
    shop_id          text        PRIMARY KEY,
    enterprise_id    text        NOT NULL,
    name             text        NOT NULL,
    commune          text        NOT NULL,
    province         text        NOT NULL,
    hours            text[]      NOT NULL,
    status           text        NOT NULL,
    suspended_reason text,
    registered_at    timestamptz NOT NULL,
    CONSTRAINT shop_enterprise_fkey FOREIGN KEY (enterprise_id) REFERENCES enterprise (enterprise_id),
    CONSTRAINT shop_status_known CHECK (status IN ('active', 'suspended')),
    CONSTRAINT shop_suspended_for_a_reason CHECK ((status = 'suspended') = (suspended_reason IS NOT NULL))
);

-- What a shop may do, and how much of it the present day, minute and hour have seen. Apart from `shop`,
-- because every redemption changes it.
CREATE TABLE shop_quota (
    shop_id      text        PRIMARY KEY,
    daily_limit  integer,
    minute_limit integer     NOT NULL,
    day          date        NOT NULL,
    day_count    integer     NOT NULL,
    minute       timestamptz NOT NULL,
    minute_count integer     NOT NULL,
    hour         timestamptz NOT NULL,
    wrong_tries  integer     NOT NULL,
    CONSTRAINT shop_quota_shop_fkey FOREIGN KEY (shop_id) REFERENCES shop (shop_id),
    CONSTRAINT shop_quota_limits_count CHECK (daily_limit > 0 AND minute_limit > 0),
    CONSTRAINT shop_within_its_limits CHECK (day_count <= daily_limit AND minute_count <= minute_limit),
    CONSTRAINT shop_quota_counts CHECK (day_count >= 0 AND minute_count >= 0 AND wrong_tries >= 0)
) WITH (fillfactor = 10);

CREATE TABLE clerk (
    clerk_id         uuid        PRIMARY KEY,
    subject          text        NOT NULL,
    shop_id          text        NOT NULL,
    status           text        NOT NULL,
    suspended_reason text,
    registered_at    timestamptz NOT NULL,
    CONSTRAINT clerk_subject_key UNIQUE (subject),
    CONSTRAINT clerk_shop_fkey FOREIGN KEY (shop_id) REFERENCES shop (shop_id),
    CONSTRAINT clerk_status_known CHECK (status IN ('active', 'suspended')),
    CONSTRAINT clerk_suspended_for_a_reason CHECK ((status = 'suspended') = (suspended_reason IS NOT NULL))
);

CREATE INDEX clerk_by_shop ON clerk (shop_id, clerk_id);

CREATE TABLE handset (
    handset_id       text        PRIMARY KEY,
    model            text        NOT NULL,
    maker            text        NOT NULL,
    generation       text        NOT NULL,
    price_ceiling    bigint,
    status           text        NOT NULL,
    withdrawn_reason text,
    listed_at        timestamptz NOT NULL,
    CONSTRAINT handset_model_key UNIQUE (model),
    CONSTRAINT handset_generation_known CHECK (generation IN ('4g', '5g')),
    CONSTRAINT handset_ceiling_counts CHECK (price_ceiling > 0),
    CONSTRAINT handset_status_known CHECK (status IN ('listed', 'withdrawn')),
    CONSTRAINT handset_withdrawn_for_a_reason CHECK (
        (status = 'withdrawn') = (withdrawn_reason IS NOT NULL)
    )
);

CREATE TABLE handset_tac (
    tac        text PRIMARY KEY,
    handset_id text NOT NULL,
    CONSTRAINT handset_tac_handset_fkey FOREIGN KEY (handset_id) REFERENCES handset (handset_id),
    CONSTRAINT handset_tac_form CHECK (tac ~ '^[0-9]{8}$')
);

CREATE INDEX handset_tac_by_handset ON handset_tac (handset_id, tac);

CREATE TABLE redemption (
    redemption_id     uuid        PRIMARY KEY,
    voucher_id        uuid        NOT NULL,
    shop_id           text        NOT NULL,
    enterprise_id     text        NOT NULL,
    programme_id      text        NOT NULL,
    channel           text        NOT NULL,
    model             text        NOT NULL,
    amount            bigint      NOT NULL,
    price             bigint      NOT NULL,
    subsidy           bigint      NOT NULL,
    household_pays    bigint      NOT NULL,
    imei_block        text        NOT NULL,
    receipt_reference text,
    receipt_sha256    text,
    sold_at           timestamptz NOT NULL,
    redeemed_at       timestamptz NOT NULL,
    reversed_at       timestamptz,
    CONSTRAINT redemption_voucher_fkey FOREIGN KEY (voucher_id) REFERENCES voucher (voucher_id),
    CONSTRAINT redemption_channel_known CHECK (channel IN ('counter', 'till', 'offline')),
    CONSTRAINT redemption_adds_up CHECK (price = subsidy + household_pays),
    CONSTRAINT redemption_within_the_voucher CHECK (
        subsidy > 0 AND subsidy <= amount AND household_pays >= 0
    ),
    CONSTRAINT redemption_hash_forms CHECK (length(imei_block) = 64 AND length(receipt_sha256) = 64)
);

-- At most one redemption of a voucher stands, whatever the code does.
CREATE UNIQUE INDEX redemption_voucher_key ON redemption (voucher_id) WHERE reversed_at IS NULL;
CREATE INDEX redemption_by_shop ON redemption (shop_id, redemption_id);

CREATE TABLE redemption_imei (
    imei_hash     text PRIMARY KEY,
    redemption_id uuid NOT NULL,
    CONSTRAINT redemption_imei_redemption_fkey FOREIGN KEY (redemption_id)
        REFERENCES redemption (redemption_id),
    CONSTRAINT redemption_imei_hash_form CHECK (length(imei_hash) = 64)
);

-- Handsets that came back: their numbers are free again, and what they once served is not forgotten.
CREATE TABLE freed_imei (
    redemption_id uuid        NOT NULL,
    imei_hash     text        NOT NULL,
    freed_at      timestamptz NOT NULL,
    CONSTRAINT freed_imei_pkey PRIMARY KEY (redemption_id, imei_hash),
    CONSTRAINT freed_imei_redemption_fkey FOREIGN KEY (redemption_id) REFERENCES redemption (redemption_id)
);

CREATE TABLE reversal (
    reversal_id   uuid        PRIMARY KEY,
    redemption_id uuid        NOT NULL,
    shop_id       text        NOT NULL,
    reason        text        NOT NULL,
    note          text        NOT NULL,
    status        text        NOT NULL,
    asked_by      text        NOT NULL,
    asked_at      timestamptz NOT NULL,
    decided_by    text,
    decided_at    timestamptz,
    CONSTRAINT reversal_redemption_fkey FOREIGN KEY (redemption_id) REFERENCES redemption (redemption_id),
    CONSTRAINT reversal_shop_fkey FOREIGN KEY (shop_id) REFERENCES shop (shop_id),
    CONSTRAINT reversal_status_known CHECK (status IN ('asked', 'confirmed', 'refused')),
    CONSTRAINT reversal_decided CHECK (
        (status = 'asked') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)
    ),
    CONSTRAINT reversal_two_people CHECK (decided_by <> asked_by)
);

CREATE UNIQUE INDEX reversal_one_at_a_time ON reversal (redemption_id) WHERE status = 'asked';
CREATE INDEX reversal_by_status ON reversal (status, reversal_id);

-- What a device sold without a line, sale by sale, with the answer it got: sent again, it gets the same.
CREATE TABLE offline_sale (
    shop_id       text        NOT NULL,
    sale_id       uuid        NOT NULL,
    request_hash  text        NOT NULL,
    outcome       text        NOT NULL,
    code          text,
    facts         jsonb       NOT NULL,
    redemption_id uuid,
    dispute_id    uuid,
    sold_at       timestamptz NOT NULL,
    sent_at       timestamptz NOT NULL,
    CONSTRAINT offline_sale_pkey PRIMARY KEY (shop_id, sale_id),
    CONSTRAINT offline_sale_outcome_known CHECK (outcome IN ('redeemed', 'disputed', 'refused')),
    CONSTRAINT offline_sale_outcome_whole CHECK (
        (outcome = 'redeemed') = (redemption_id IS NOT NULL)
        AND (outcome = 'disputed') = (dispute_id IS NOT NULL)
        AND (outcome = 'redeemed') = (code IS NULL)
    )
);

-- How many sales without a line each shop made on each day, for the programmes' limits.
CREATE TABLE offline_day (
    shop_id      text    NOT NULL,
    programme_id text    NOT NULL,
    day          date    NOT NULL,
    sales        integer NOT NULL,
    CONSTRAINT offline_day_pkey PRIMARY KEY (shop_id, programme_id, day),
    CONSTRAINT offline_day_counts CHECK (sales > 0)
);

-- A sale without a line that found its voucher or handset taken. It pays nothing; a person looks at both
-- receipts.
CREATE TABLE dispute (
    dispute_id              uuid        PRIMARY KEY,
    voucher_id              uuid        NOT NULL,
    application_id          uuid        NOT NULL,
    programme_id            text        NOT NULL,
    shop_id                 text        NOT NULL,
    enterprise_id           text        NOT NULL,
    reason                  text        NOT NULL,
    model                   text        NOT NULL,
    price                   bigint      NOT NULL,
    receipt_reference       text,
    receipt_sha256          text,
    first_redemption_id     uuid,
    first_receipt_reference text,
    first_receipt_sha256    text,
    status                  text        NOT NULL,
    closed_by               text,
    closed_reason           text,
    sold_at                 timestamptz NOT NULL,
    disputed_at             timestamptz NOT NULL,
    CONSTRAINT dispute_voucher_fkey FOREIGN KEY (voucher_id) REFERENCES voucher (voucher_id),
    CONSTRAINT dispute_shop_fkey FOREIGN KEY (shop_id) REFERENCES shop (shop_id),
    CONSTRAINT dispute_first_fkey FOREIGN KEY (first_redemption_id) REFERENCES redemption (redemption_id),
    CONSTRAINT dispute_price_counts CHECK (price > 0),
    CONSTRAINT dispute_status_known CHECK (status IN ('open', 'closed')),
    CONSTRAINT dispute_closed CHECK (
        (status = 'closed') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_reason IS NULL)
    )
);

CREATE INDEX dispute_by_status ON dispute (status, dispute_id);

CREATE TABLE alert (
    alert_id      uuid        PRIMARY KEY,
    kind          text        NOT NULL,
    shop_id       text        NOT NULL,
    slot          text        NOT NULL,
    redemptions   integer     NOT NULL,
    first_at      timestamptz NOT NULL,
    last_at       timestamptz NOT NULL,
    status        text        NOT NULL,
    closed_by     text,
    closed_reason text,
    raised_at     timestamptz NOT NULL,
    CONSTRAINT alert_once UNIQUE (kind, shop_id, slot),
    CONSTRAINT alert_shop_fkey FOREIGN KEY (shop_id) REFERENCES shop (shop_id),
    CONSTRAINT alert_kind_known CHECK (kind IN ('burst', 'out_of_hours', 'imei_range', 'far_away')),
    CONSTRAINT alert_counts CHECK (redemptions > 0 AND first_at <= last_at),
    CONSTRAINT alert_status_known CHECK (status IN ('open', 'closed')),
    CONSTRAINT alert_closed CHECK (
        (status = 'closed') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_reason IS NULL)
    )
);

CREATE INDEX alert_by_status ON alert (status, alert_id);
