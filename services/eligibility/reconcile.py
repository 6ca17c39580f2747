"""What must tie out where cases are decided: deadlines, places, quotas, lists, and the year of the evidence.

Days are Viet Nam's. What is sealed with the households' keys (reasons, facts) is proved by a rerun, not here.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from shared.reconcile import Check, Result, check, run

_TODAY = "CAST(now() AT TIME ZONE 'Asia/Ho_Chi_Minh' AS date)"
_HOLDS_PLACES = """
    (status IN ('eligible', 'referred') AND NOT withdrawn)
    OR (status = 'approved' AND NOT (withdrawn AND voucher IS NOT DISTINCT FROM 'ended'))
    OR (status = 'revoked' AND voucher IS DISTINCT FROM 'ended')
"""
"""Cases that somebody may still get a phone for, or got one. A referred one may hold none: who was refused as
a duplicate and appealed gets a place, or not, when the appeal is upheld."""

DEADLINES = (
    check(
        "referrals-in-time",
        "no referred case is past its deadline",
        f"""
        SELECT application_id, programme_id, province, commune, due_on, taken_by AS owner FROM case_file
        WHERE due_on < {_TODAY} AND NOT withdrawn ORDER BY due_on, application_id
        """,  # noqa: S608 - constants
    ),
    check(
        "evidence-of-this-year",
        "who waits is judged by this year's evidence, two days into it at the latest",
        f"""
        SELECT application_id, programme_id, commune, assessed_year FROM case_file
        WHERE status IN ('eligible', 'referred') AND NOT withdrawn
          AND assessed_year < extract(year FROM {_TODAY} - 2)
          AND EXISTS (SELECT 1 FROM household_key WHERE household_key.household_id = case_file.household_id)
        ORDER BY application_id
        """,  # noqa: S608 - constants
    ),
    check(
        "revoked-vouchers-end",
        "what became of a revoked voucher is known two days later at the latest",
        """
        SELECT application_id, programme_id, revoked_reason FROM case_file
        WHERE status = 'revoked' AND voucher IS NULL AND EXISTS (
            SELECT 1 FROM event_log
            WHERE stream = 'eligibility/' || application_id AND type = 'eligibility.revoked.v1'
              AND recorded_at < now() - interval '2 days'
        )
        ORDER BY application_id
        """,
    ),
)

PLACES = (
    check(
        "live-cases-hold-their-place",
        "each case that may still lead to a phone, or did, holds its household's place",
        f"""
        SELECT application_id, programme_id, status, voucher FROM case_file
        WHERE status <> 'referred' AND ({_HOLDS_PLACES}) AND NOT EXISTS (
            SELECT 1 FROM place_claim
            WHERE (scope, kind, hash) = (programme_id, 'household', household_id::text)
              AND place_claim.application_id = case_file.application_id
        )
        ORDER BY application_id
        """,  # noqa: S608 - constants
    ),
    check(
        "places-belong-to-live-cases",
        "nobody is kept out by a case that can lead to no phone any more",
        f"""
        SELECT DISTINCT place_claim.application_id, scope, status, withdrawn, voucher
        FROM place_claim LEFT JOIN case_file USING (application_id)
        WHERE ({_HOLDS_PLACES}) IS NOT TRUE ORDER BY place_claim.application_id, scope
        """,  # noqa: S608 - constants
    ),
    check(
        "quotas-count-approvals",
        "what a quota is held against is the number of approvals that stand",
        """
        SELECT programme_id, province, coalesce(used, 0) AS used, coalesce(standing, 0) AS standing
        FROM approval_count FULL JOIN (
            SELECT programme_id, counted_in AS province, CAST(count(*) AS integer) AS standing
            FROM case_file WHERE counted_in IS NOT NULL GROUP BY programme_id, counted_in
        ) AS counted USING (programme_id, province)
        WHERE coalesce(used, 0) <> coalesce(standing, 0) ORDER BY programme_id, province
        """,
    ),
    check(
        "positions-are-counted",
        "no position was given out beyond the programme's counter",
        """
        SELECT application_id, programme_id, position, last FROM case_file
        LEFT JOIN position_counter USING (programme_id)
        WHERE position > coalesce(last, 0) ORDER BY application_id
        """,
    ),
)

LISTS = (
    check(
        "lists-name-who-waits",
        "on an open list stand eligible cases that wait for it, and no list is open without one",
        """
        SELECT id AS list_id, approval_list.status, application_id, case_file.status AS case_status, withdrawn
        FROM approval_list
        LEFT JOIN list_entry ON list_entry.list_id = approval_list.id AND state = 'listed'
        LEFT JOIN case_file USING (application_id)
        WHERE (approval_list.status IN ('draft', 'posted'))
              <> coalesce(case_file.status = 'eligible' AND NOT withdrawn, false)
          AND (approval_list.status IN ('draft', 'posted') OR application_id IS NOT NULL)
        ORDER BY id, application_id
        """,
    ),
    check(
        "lists-count-who-they-approved",
        "each list approved as many as stand approved on it, or were erased since",
        """
        SELECT id AS list_id, approved, count(application_id) AS entries FROM approval_list
        LEFT JOIN list_entry ON list_entry.list_id = approval_list.id AND state = 'approved'
        GROUP BY id, approved HAVING count(application_id) > approved ORDER BY id
        """,
    ),
)

CHECKS: tuple[Check, ...] = (*DEADLINES, *PLACES, *LISTS)


def reconcile(session: Session, checks: Iterable[Check] = CHECKS) -> list[Result]:
    """Run the checks, in order."""
    return run(session, checks)
