CREATE TABLE programme (
    id             text        NOT NULL,
    version        integer     NOT NULL,
    effective_from date        NOT NULL,
    digest         text        NOT NULL,
    document       text        NOT NULL,
    status         text        NOT NULL,
    published_by   text        NOT NULL,
    published_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, version),
    CONSTRAINT programme_version CHECK (version >= 1),
    CONSTRAINT programme_digest CHECK (length(digest) = 64),
    CONSTRAINT programme_status_known CHECK (status IN ('published', 'suspended', 'closed'))
);

CREATE FUNCTION refuse_new_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.version, NEW.effective_from, NEW.digest, NEW.document, NEW.published_by, NEW.published_at)
        IS DISTINCT FROM
        (OLD.id, OLD.version, OLD.effective_from, OLD.digest, OLD.document, OLD.published_by, OLD.published_at)
    THEN
        RAISE EXCEPTION 'a published programme version never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER programme_terms_are_fixed
    BEFORE UPDATE ON programme FOR EACH ROW EXECUTE FUNCTION refuse_new_terms();

CREATE TRIGGER programme_is_kept
    BEFORE DELETE OR TRUNCATE ON programme FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE position_counter (
    programme_id text    PRIMARY KEY,
    last         integer NOT NULL DEFAULT 0,
    CONSTRAINT position_counter_last CHECK (last >= 0)
);

-- Room for the decision that follows, so that an approval stays on its page and touches no index but one.
CREATE TABLE case_file (
    application_id    uuid        PRIMARY KEY,
    household_id      uuid        NOT NULL,
    programme_id      text        NOT NULL,
    programme_version integer     NOT NULL,
    digest            text        NOT NULL,
    commune           text        NOT NULL,
    province          text        NOT NULL,
    outcome           text        NOT NULL,
    status            text        NOT NULL,
    priority          integer     NOT NULL,
    persons           text        NOT NULL,
    sealed            text        NOT NULL,
    entered_by        text        NOT NULL,
    corrected_by      text,
    submitted_at      timestamptz NOT NULL,
    assessed_at       timestamptz NOT NULL,
    withdrawn         boolean     NOT NULL DEFAULT false,
    decision_number   text,
    decision_date     date,
    approved_by       text,
    position          integer,
    amount            bigint,
    rejected_by       text,
    rejection         text,
    FOREIGN KEY (programme_id, programme_version) REFERENCES programme (id, version),
    CONSTRAINT case_file_commune_code CHECK (commune ~ '^[0-9]{5}$'),
    CONSTRAINT case_file_province_code CHECK (province ~ '^[0-9]{2}$'),
    CONSTRAINT case_file_outcome_known CHECK (outcome IN ('eligible', 'ineligible', 'referred')),
    CONSTRAINT case_file_status_known CHECK (
        status IN ('eligible', 'ineligible', 'referred', 'approved', 'rejected', 'revoked')
    ),
    CONSTRAINT case_file_undecided CHECK (
        status IN ('approved', 'rejected', 'revoked') OR (status = outcome AND decision_number IS NULL)
    ),
    CONSTRAINT case_file_approved CHECK (
        (status IN ('approved', 'revoked')) = (approved_by IS NOT NULL)
        AND num_nulls(approved_by, position, amount) IN (0, 3)
    ),
    CONSTRAINT case_file_rejected CHECK (
        (status = 'rejected') = (rejected_by IS NOT NULL) AND num_nulls(rejected_by, rejection) IN (0, 2)
    ),
    CONSTRAINT case_file_decided CHECK (
        (status IN ('approved', 'rejected', 'revoked')) = (decision_number IS NOT NULL)
        AND num_nulls(decision_number, decision_date) IN (0, 2)
    ),
    CONSTRAINT case_file_maker_is_not_checker CHECK (
        approved_by <> entered_by AND approved_by <> coalesce(corrected_by, '')
        AND rejected_by <> entered_by AND rejected_by <> coalesce(corrected_by, '')
    ),
    CONSTRAINT case_file_position CHECK (position >= 1),
    CONSTRAINT case_file_amount CHECK (amount >= 1),
    CONSTRAINT case_file_priority CHECK (priority >= 0)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX case_file_one_position ON case_file (programme_id, position) WHERE position IS NOT NULL;
CREATE INDEX case_file_by_commune ON case_file (commune, submitted_at, application_id);
CREATE INDEX case_file_by_province ON case_file (province, submitted_at, application_id);
CREATE INDEX case_file_by_household ON case_file (household_id);

CREATE TABLE person_claim (
    programme_id   text NOT NULL,
    person_hash    text NOT NULL,
    application_id uuid NOT NULL,
    PRIMARY KEY (programme_id, person_hash),
    CONSTRAINT person_claim_hash CHECK (length(person_hash) = 64)
);

CREATE INDEX person_claim_by_application ON person_claim (application_id);

CREATE TABLE approval_list (
    id              uuid        PRIMARY KEY,
    programme_id    text        NOT NULL,
    commune         text,
    province        text,
    decision_number text        NOT NULL,
    decision_date   date        NOT NULL,
    approved_by     text        NOT NULL,
    approved        integer     NOT NULL,
    skipped_own     integer     NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT approval_list_counts CHECK (approved >= 0 AND skipped_own >= 0)
);

CREATE TABLE reason_tally (
    programme_id text    NOT NULL,
    commune      text    NOT NULL,
    reason       text    NOT NULL,
    province     text    NOT NULL,
    count        integer NOT NULL,
    PRIMARY KEY (programme_id, commune, reason),
    CONSTRAINT reason_tally_count CHECK (count >= 0)
);
