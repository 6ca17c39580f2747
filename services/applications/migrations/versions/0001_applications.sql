CREATE TABLE household (
    id         uuid        PRIMARY KEY,
    commune    text        NOT NULL,
    province   text        NOT NULL,
    village    text        NOT NULL,
    head_hash  text        NOT NULL,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT household_commune_head UNIQUE (commune, head_hash),
    CONSTRAINT household_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT household_province_code CHECK (province ~ '^[0-9]{2}$'),
    CONSTRAINT household_head_hash CHECK (length(head_hash) = 64)
);

-- One file for one commune and programme: first checked, then imported by a background job. `file` and `report`
-- hold personal data, sealed under the service's wrapping key, until the retention job forgets them.
CREATE TABLE list_import (
    id           uuid        PRIMARY KEY,
    digest       text        NOT NULL,
    commune      text        NOT NULL,
    province     text        NOT NULL,
    programme_id text        NOT NULL,
    filename     text        NOT NULL,
    state        text        NOT NULL,
    mapping      jsonb       NOT NULL DEFAULT '{}',
    rows         integer     NOT NULL DEFAULT 0,
    done         integer     NOT NULL DEFAULT 0,
    accepted     integer     NOT NULL DEFAULT 0,
    repeated     integer     NOT NULL DEFAULT 0,
    refused      integer     NOT NULL DEFAULT 0,
    warnings     integer     NOT NULL DEFAULT 0,
    attempts     integer     NOT NULL DEFAULT 0,
    file         bytea,
    report       bytea,
    imported_by  text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    forgotten_at timestamptz,
    CONSTRAINT list_import_once UNIQUE (digest, commune, programme_id),
    CONSTRAINT list_import_state_known CHECK (state IN ('checking', 'checked', 'importing', 'imported', 'refused')),
    CONSTRAINT list_import_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT list_import_counts CHECK (
        rows >= 0 AND done BETWEEN 0 AND rows AND accepted >= 0 AND repeated >= 0 AND refused >= 0 AND warnings >= 0
        AND (state <> 'imported' OR rows = accepted + repeated + refused)
    ),
    CONSTRAINT list_import_finished CHECK ((state IN ('imported', 'refused')) = (finished_at IS NOT NULL)),
    CONSTRAINT list_import_forgotten CHECK (forgotten_at IS NULL OR (file IS NULL AND report IS NULL))
);

CREATE INDEX list_import_by_commune ON list_import (commune, created_at, id);
CREATE INDEX list_import_waiting ON list_import (created_at) WHERE state IN ('checking', 'importing');

-- What a commune's officers said a column title means; remembered for their next list.
CREATE TABLE list_mapping (
    commune   text        NOT NULL,
    title     text        NOT NULL,
    field     text        NOT NULL,
    chosen_by text        NOT NULL,
    chosen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (commune, title),
    CONSTRAINT list_mapping_commune_code CHECK (commune ~ '^[0-9]{5}$')
);

-- Room for the states that follow, so that an update stays on its page and touches no index.
CREATE TABLE application (
    id                 uuid        PRIMARY KEY,
    household_id       uuid        NOT NULL REFERENCES household (id),
    programme_id       text        NOT NULL,
    commune            text        NOT NULL,
    province           text        NOT NULL,
    village            text        NOT NULL,
    application_state  text        NOT NULL,
    eligibility_state  text,
    disbursement_state text,
    status             text        NOT NULL,
    revision           integer     NOT NULL DEFAULT 1,
    entered_by         text        NOT NULL,
    channel            text        NOT NULL,
    legal_basis        text        NOT NULL,
    import_id          uuid,
    import_row         integer,
    certificate_hash   text,
    words              bigint[]    NOT NULL DEFAULT '{}',
    sealed             bytea       NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    submitted_at       timestamptz,
    corrected_by       text,
    corrected_at       timestamptz,
    correction_reason  text,
    appealed_at        timestamptz,
    grounds            bytea,
    CONSTRAINT application_state_known CHECK (application_state IN ('draft', 'submitted', 'withdrawn', 'appealed')),
    CONSTRAINT application_eligibility_known CHECK (
        eligibility_state IN ('eligible', 'ineligible', 'referred', 'approved', 'rejected', 'revoked')
    ),
    CONSTRAINT application_disbursement_known CHECK (
        disbursement_state IN ('waitlisted', 'issued', 'redeemed', 'expired', 'cancelled')
    ),
    CONSTRAINT application_status_known CHECK (
        status IN (
            'draft', 'submitted', 'appealed', 'withdrawn', 'assessed', 'ineligible', 'referred', 'approved',
            'rejected', 'revoked', 'waitlisted', 'voucher_issued', 'redeemed', 'expired', 'cancelled'
        )
    ),
    CONSTRAINT application_channel_known CHECK (channel IN ('form', 'list', 'offline')),
    CONSTRAINT application_legal_basis_known CHECK (legal_basis IN ('public_task', 'consent')),
    CONSTRAINT application_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT application_province_code CHECK (province ~ '^[0-9]{2}$'),
    CONSTRAINT application_revision CHECK (revision >= 1),
    CONSTRAINT application_submitted_at CHECK ((application_state = 'draft') = (submitted_at IS NULL)),
    CONSTRAINT application_corrected CHECK (
        (revision > 1) = (correction_reason IS NOT NULL AND corrected_by IS NOT NULL AND corrected_at IS NOT NULL)
    ),
    CONSTRAINT application_appealed CHECK (
        (appealed_at IS NULL) = (grounds IS NULL) AND (application_state <> 'appealed' OR appealed_at IS NOT NULL)
    )
) WITH (fillfactor = 70);

CREATE INDEX application_by_commune ON application (commune, created_at, id);
CREATE INDEX application_by_province ON application (province, created_at, id);
CREATE INDEX application_by_programme ON application (programme_id, created_at, id);
CREATE INDEX application_by_household ON application (household_id);
CREATE INDEX application_by_time ON application (created_at, id);
CREATE INDEX application_by_import ON application (import_id, import_row) WHERE import_id IS NOT NULL;
CREATE INDEX application_by_words ON application USING gin (words);
CREATE INDEX application_drafts ON application (created_at) WHERE application_state = 'draft';

-- What a correction replaced: every revision before the current one, with who made it and why.
CREATE TABLE application_version (
    application_id uuid        NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    revision       integer     NOT NULL,
    village        text        NOT NULL,
    sealed_head    bytea       NOT NULL,
    sealed         bytea       NOT NULL,
    entered_by     text        NOT NULL,
    entered_at     timestamptz NOT NULL,
    reason         text,
    PRIMARY KEY (application_id, revision),
    CONSTRAINT application_version_reason CHECK ((revision = 1) = (reason IS NULL))
);

-- What every service said of a case, for its timeline. `facts` names nobody; reasons stay sealed.
CREATE TABLE case_event (
    application_id uuid        NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    event_id       uuid        NOT NULL,
    type           text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    actor          text        NOT NULL,
    facts          jsonb       NOT NULL,
    sealed         text,
    PRIMARY KEY (application_id, event_id)
);

CREATE TABLE application_person (
    programme_id   text NOT NULL,
    commune        text NOT NULL,
    person_hash    text NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (programme_id, commune, person_hash),
    CONSTRAINT application_person_hash CHECK (length(person_hash) = 64)
);

CREATE INDEX application_person_by_application ON application_person (application_id);
CREATE INDEX application_person_by_person ON application_person (person_hash);

CREATE TABLE erasure (
    household_id uuid        PRIMARY KEY,
    ground       text        NOT NULL,
    erased_by    text        NOT NULL,
    erased_at    timestamptz NOT NULL DEFAULT now()
);

-- What a person asked about their own data (Law 91/2025/QH15), with the days by which it is due.
CREATE TABLE data_request (
    id           uuid        PRIMARY KEY,
    household_id uuid        NOT NULL,
    commune      text        NOT NULL,
    province     text        NOT NULL,
    kind         text        NOT NULL,
    received_on  date        NOT NULL,
    answer_due   date        NOT NULL,
    done_due     date        NOT NULL,
    extended     boolean     NOT NULL DEFAULT false,
    extension_reason text,
    recorded_by  text        NOT NULL,
    answered_on  date,
    answered_by  text,
    closed_on    date,
    closed_by    text,
    outcome      text,
    CONSTRAINT data_request_kind_known CHECK (
        kind IN ('access', 'correction', 'erasure', 'restriction', 'objection', 'consent_withdrawn')
    ),
    CONSTRAINT data_request_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT data_request_days CHECK (received_on <= answer_due AND answer_due <= done_due),
    CONSTRAINT data_request_extended CHECK (extended = (extension_reason IS NOT NULL)),
    CONSTRAINT data_request_answered CHECK ((answered_on IS NULL) = (answered_by IS NULL)),
    CONSTRAINT data_request_closed CHECK (
        (closed_on IS NULL) = (closed_by IS NULL) AND (closed_on IS NULL) = (outcome IS NULL)
        AND (outcome IS NULL OR outcome IN ('granted', 'partly_granted', 'refused', 'withdrawn'))
    )
);

CREATE INDEX data_request_open ON data_request (commune, done_due) WHERE closed_on IS NULL;
CREATE INDEX data_request_by_household ON data_request (household_id);

CREATE TABLE programme (
    id          text    PRIMARY KEY,
    version     integer NOT NULL,
    name_vi     text    NOT NULL,
    name_en     text    NOT NULL,
    period_from date,
    period_to   date,
    reasons     jsonb   NOT NULL DEFAULT '{}',
    status      text    NOT NULL,
    closed_at   timestamptz,
    CONSTRAINT programme_status_known CHECK (status IN ('published', 'suspended', 'closed')),
    CONSTRAINT programme_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);

-- Who handles applications, by a keyed hash of the citizen ID: `officials.py`.
CREATE TABLE official (
    subject        text        PRIMARY KEY,
    person         text        NOT NULL UNIQUE,
    registered_by  text        NOT NULL,
    registered_at  timestamptz NOT NULL DEFAULT now(),
    looked_back_at timestamptz,
    CONSTRAINT official_person CHECK (length(person) = 64)
);
