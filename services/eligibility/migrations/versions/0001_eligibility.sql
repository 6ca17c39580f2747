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

-- What the newest version of a programme excludes; a pair counts from either side. See `claims.py`.
CREATE TABLE exclusion (
    programme_id text NOT NULL,
    excludes     text NOT NULL,
    PRIMARY KEY (programme_id, excludes),
    CONSTRAINT exclusion_of_another CHECK (programme_id <> excludes)
);

-- How many approvals of a programme stand in a province: what a quota is held against.
CREATE TABLE approval_count (
    programme_id text    NOT NULL,
    province     text    NOT NULL,
    used         integer NOT NULL,
    PRIMARY KEY (programme_id, province),
    CONSTRAINT approval_count_used CHECK (used >= 0)
);

-- Room for the decision that follows, so that an approval stays on its page and touches few indexes.
CREATE TABLE case_file (
    application_id    uuid        PRIMARY KEY,
    household_id      uuid        NOT NULL,
    programme_id      text        NOT NULL,
    programme_version integer     NOT NULL,
    digest            text        NOT NULL,
    commune           text        NOT NULL,
    province          text        NOT NULL,
    village           text        NOT NULL,
    outcome           text        NOT NULL,
    status            text        NOT NULL,
    priority          integer     NOT NULL,
    ranked_by         integer     NOT NULL,
    persons           text        NOT NULL,
    certificate       text,
    sealed            text        NOT NULL,
    entered_by        text        NOT NULL,
    correctors        text[]      NOT NULL DEFAULT '{}',
    reviewers         text[]      NOT NULL DEFAULT '{}',
    corrected_meanwhile text[]    NOT NULL DEFAULT '{}',
    kin               text[]      NOT NULL DEFAULT '{}',
    submitted_at      timestamptz NOT NULL,
    assessed_at       timestamptz NOT NULL,
    assessed_year     smallint    NOT NULL,
    withdrawn         boolean     NOT NULL DEFAULT false,
    due_on            date,
    taken_by          text,
    review            text,
    decision_number   text,
    decision_date     date,
    approved_by       text,
    position          integer,
    amount            bigint,
    counted_in        text,
    voucher           text,
    flag              text,
    rejected_by       text,
    rejection         text,
    revoked_by        text,
    revoked_reason    text,
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
    CONSTRAINT case_file_referred CHECK (
        (status = 'referred') = (due_on IS NOT NULL) AND (taken_by IS NULL OR status = 'referred')
    ),
    CONSTRAINT case_file_approved CHECK (
        (status IN ('approved', 'revoked')) = (approved_by IS NOT NULL)
        AND num_nulls(approved_by, position, amount) IN (0, 3)
        AND (status IN ('approved', 'revoked') OR counted_in IS NULL)
    ),
    CONSTRAINT case_file_rejected CHECK (
        (status = 'rejected') = (rejected_by IS NOT NULL) AND num_nulls(rejected_by, rejection) IN (0, 2)
    ),
    CONSTRAINT case_file_revoked CHECK (
        (status = 'revoked') = (revoked_by IS NOT NULL) AND num_nulls(revoked_by, revoked_reason) IN (0, 2)
    ),
    CONSTRAINT case_file_corrected_meanwhile CHECK (status = 'revoked' OR corrected_meanwhile = '{}'),
    CONSTRAINT case_file_decided CHECK (
        (status IN ('approved', 'rejected', 'revoked')) = (decision_number IS NOT NULL)
        AND num_nulls(decision_number, decision_date) IN (0, 2)
    ),
    CONSTRAINT case_file_voucher_known CHECK (voucher IN ('redeemed', 'ended')),
    CONSTRAINT case_file_flag_known CHECK (
        flag IN ('REDEEMED_THOUGH_INELIGIBLE', 'DOUBTFUL_AFTER_APPROVAL')
    ),
    CONSTRAINT case_file_maker_is_not_checker CHECK (
        approved_by <> entered_by AND approved_by <> ALL (correctors) AND approved_by <> ALL (reviewers)
        AND rejected_by <> entered_by AND rejected_by <> ALL (correctors)
        AND revoked_by <> entered_by AND revoked_by <> ALL (correctors)
    ),
    CONSTRAINT case_file_nobody_decides_on_kin CHECK (
        approved_by <> ALL (kin) AND rejected_by <> ALL (kin) AND revoked_by <> ALL (kin)
    ),
    CONSTRAINT case_file_position CHECK (position >= 1),
    CONSTRAINT case_file_amount CHECK (amount >= 1),
    CONSTRAINT case_file_priority CHECK (priority >= 0)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX case_file_one_position ON case_file (programme_id, position) WHERE position IS NOT NULL;
CREATE INDEX case_file_by_commune ON case_file (commune, submitted_at, application_id);
CREATE INDEX case_file_by_province ON case_file (province, submitted_at, application_id);
CREATE INDEX case_file_by_household ON case_file (household_id);
CREATE INDEX case_file_waiting ON case_file (assessed_year, programme_id, application_id)
    WHERE status IN ('eligible', 'referred') AND NOT withdrawn;
CREATE INDEX case_file_referred_until ON case_file (due_on, application_id) WHERE due_on IS NOT NULL;

-- Who made a case never becomes its checker by a detour: makers are only added, a decision keeps its name, a
-- referred case is not approved before somebody upheld it, a case begins undecided, and it is deleted only when
-- its household is erased.
CREATE FUNCTION refuse_laundering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'who made a case and who decided it stays as it was' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER case_file_keeps_its_makers
    BEFORE UPDATE ON case_file FOR EACH ROW
    WHEN (
        NEW.application_id <> OLD.application_id OR NEW.entered_by <> OLD.entered_by
        OR NOT NEW.correctors @> OLD.correctors OR NOT NEW.reviewers @> OLD.reviewers
        OR NOT NEW.kin @> OLD.kin
        OR NOT (NEW.correctors || NEW.corrected_meanwhile) @> OLD.corrected_meanwhile
        OR (OLD.status = 'referred' AND NEW.status = 'approved')
        OR (NEW.status IN (OLD.status, 'revoked') AND NEW.approved_by <> OLD.approved_by)
        OR (OLD.status = NEW.status AND NEW.rejected_by <> OLD.rejected_by)
        OR (OLD.status = NEW.status AND NEW.revoked_by <> OLD.revoked_by)
    )
    EXECUTE FUNCTION refuse_laundering();

CREATE TRIGGER case_file_begins_undecided
    BEFORE INSERT ON case_file FOR EACH ROW WHEN (NEW.status <> NEW.outcome)
    EXECUTE FUNCTION refuse_laundering();

CREATE FUNCTION refuse_while_the_household_is_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM household_key WHERE household_key.household_id = OLD.household_id) THEN
        RAISE EXCEPTION 'a case is deleted only with its household' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER case_file_is_kept
    BEFORE DELETE ON case_file FOR EACH ROW EXECUTE FUNCTION refuse_while_the_household_is_known();

CREATE TRIGGER case_file_is_never_emptied
    BEFORE TRUNCATE ON case_file FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE place_claim (
    scope          text NOT NULL,
    kind           text NOT NULL,
    hash           text NOT NULL,
    application_id uuid NOT NULL,
    PRIMARY KEY (scope, kind, hash),
    CONSTRAINT place_claim_kind_known CHECK (kind IN ('person', 'certificate', 'household')),
    CONSTRAINT place_claim_hash CHECK (length(hash) IN (36, 64))
);

CREATE INDEX place_claim_by_application ON place_claim (application_id);

CREATE TABLE namesake (
    programme_id   text NOT NULL,
    hash           text NOT NULL,
    application_id uuid NOT NULL,
    PRIMARY KEY (programme_id, hash, application_id),
    CONSTRAINT namesake_hash CHECK (length(hash) = 64)
);

CREATE INDEX namesake_by_application ON namesake (application_id);

CREATE TABLE approval_list (
    id              uuid        PRIMARY KEY,
    programme_id    text        NOT NULL,
    programme_version integer   NOT NULL,
    commune         text,
    province        text,
    village         text,
    status          text        NOT NULL,
    drafted_by      text,
    posted_by       text,
    posted_on       date,
    last_day        date,
    decision_number text,
    decision_date   date,
    approved_by     text,
    size            integer     NOT NULL,
    approved        integer     NOT NULL,
    skipped_own     integer     NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (programme_id, programme_version) REFERENCES programme (id, version),
    CONSTRAINT approval_list_status_known CHECK (status IN ('draft', 'posted', 'closed', 'cancelled')),
    CONSTRAINT approval_list_posted CHECK (
        num_nulls(posted_by, posted_on, last_day) IN (0, 3) AND (status <> 'posted' OR posted_on IS NOT NULL)
        AND last_day >= posted_on
    ),
    CONSTRAINT approval_list_decided CHECK (
        num_nulls(decision_number, decision_date, approved_by) IN (0, 3)
        AND (approved = 0 OR approved_by IS NOT NULL)
    ),
    CONSTRAINT approval_list_maker_is_not_checker CHECK (approved_by <> drafted_by AND approved_by <> posted_by),
    CONSTRAINT approval_list_counts CHECK (size >= 0 AND approved >= 0 AND skipped_own >= 0)
);

CREATE INDEX approval_list_by_commune ON approval_list (commune, made_at, id);

CREATE TABLE list_entry (
    list_id        uuid        NOT NULL,
    application_id uuid        NOT NULL,
    rank           integer     NOT NULL,
    priority       integer     NOT NULL,
    submitted_at   timestamptz NOT NULL,
    state          text        NOT NULL,
    PRIMARY KEY (list_id, application_id),
    FOREIGN KEY (list_id) REFERENCES approval_list (id),
    CONSTRAINT list_entry_state_known CHECK (state IN ('listed', 'approved', 'rejected', 'objected', 'left')),
    CONSTRAINT list_entry_rank CHECK (rank >= 1)
);

CREATE UNIQUE INDEX list_entry_one_open_list ON list_entry (application_id) WHERE state = 'listed';
CREATE INDEX list_entry_by_application ON list_entry (application_id);

CREATE TABLE objection (
    id             uuid        PRIMARY KEY,
    list_id        uuid        NOT NULL,
    application_id uuid        NOT NULL,
    sealed         text        NOT NULL,
    recorded_by    text        NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (list_id) REFERENCES approval_list (id)
);

CREATE INDEX objection_by_application ON objection (application_id);

CREATE TABLE reason_tally (
    programme_id text    NOT NULL,
    commune      text    NOT NULL,
    reason       text    NOT NULL,
    province     text    NOT NULL,
    count        integer NOT NULL,
    PRIMARY KEY (programme_id, commune, reason),
    CONSTRAINT reason_tally_count CHECK (count >= 0)
);
