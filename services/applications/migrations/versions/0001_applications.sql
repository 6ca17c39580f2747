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

CREATE TABLE list_import (
    id           uuid        PRIMARY KEY,
    digest       text        NOT NULL,
    commune      text        NOT NULL,
    province     text        NOT NULL,
    programme_id text        NOT NULL,
    rows         integer     NOT NULL DEFAULT 0,
    accepted     integer     NOT NULL DEFAULT 0,
    repeated     integer     NOT NULL DEFAULT 0,
    refused      integer     NOT NULL DEFAULT 0,
    imported_by  text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    CONSTRAINT list_import_once UNIQUE (digest, commune, programme_id),
    CONSTRAINT list_import_counts CHECK (rows >= 0 AND accepted >= 0 AND repeated >= 0 AND refused >= 0)
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
    certificate_hash   text,
    sealed             bytea       NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    submitted_at       timestamptz,
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
    CONSTRAINT application_channel_known CHECK (channel IN ('form', 'list')),
    CONSTRAINT application_legal_basis_known CHECK (legal_basis IN ('public_task', 'consent')),
    CONSTRAINT application_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT application_province_code CHECK (province ~ '^[0-9]{2}$'),
    CONSTRAINT application_revision CHECK (revision >= 1),
    CONSTRAINT application_submitted_at CHECK ((application_state = 'draft') = (submitted_at IS NULL))
) WITH (fillfactor = 70);

CREATE INDEX application_by_commune ON application (commune, created_at, id);
CREATE INDEX application_by_province ON application (province, created_at, id);
CREATE INDEX application_by_programme ON application (programme_id, created_at, id);
CREATE INDEX application_by_household ON application (household_id);

CREATE TABLE application_person (
    programme_id   text NOT NULL,
    person_hash    text NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (programme_id, person_hash),
    CONSTRAINT application_person_hash CHECK (length(person_hash) = 64)
);

CREATE INDEX application_person_by_application ON application_person (application_id);

CREATE TABLE erasure (
    household_id uuid        PRIMARY KEY,
    ground       text        NOT NULL,
    erased_by    text        NOT NULL,
    erased_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE programme (
    id          text    PRIMARY KEY,
    version     integer NOT NULL,
    name_vi     text    NOT NULL,
    name_en     text    NOT NULL,
    period_from date,
    period_to   date,
    status      text    NOT NULL,
    CONSTRAINT programme_status_known CHECK (status IN ('published', 'suspended', 'closed'))
);
