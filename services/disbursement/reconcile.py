"""What must tie out where money is: budgets, postings, vouchers, the waitlist, claims.

Whoever adds a table with money adds its checks to CHECKS. Amounts are whole đồng.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from shared.reconcile import Check, Result, check, run

MONEY = (
    check(
        "budgets-equal-postings",
        "each account of each budget is the sum of its postings",
        """
        SELECT budget_id, budget.allocated, budget.available, budget.reserved, budget.spent,
               budget.distributed, sums.allocated AS posted_allocated, sums.available AS posted_available,
               sums.reserved AS posted_reserved, sums.spent AS posted_spent,
               sums.distributed AS posted_distributed
        FROM budget_now AS budget FULL JOIN (
            SELECT budget_id,
                   CAST(sum(-moved) FILTER (WHERE account = 'allocated') AS bigint) AS allocated,
                   CAST(sum(moved) FILTER (WHERE account = 'available') AS bigint) AS available,
                   CAST(sum(moved) FILTER (WHERE account = 'reserved') AS bigint) AS reserved,
                   CAST(sum(moved) FILTER (WHERE account = 'spent') AS bigint) AS spent,
                   CAST(sum(moved) FILTER (WHERE account = 'distributed') AS bigint) AS distributed
            FROM journal, LATERAL (VALUES (debit, amount), (credit, -amount)) AS leg (account, moved)
            GROUP BY budget_id
        ) AS sums USING (budget_id)
        WHERE (budget.allocated, budget.available, budget.reserved, budget.spent, budget.distributed)
              IS DISTINCT FROM (coalesce(sums.allocated, 0), coalesce(sums.available, 0),
                                coalesce(sums.reserved, 0), coalesce(sums.spent, 0),
                                coalesce(sums.distributed, 0))
        ORDER BY budget_id
        """,
    ),
    check(
        "budgets-pass-down",
        "what a budget distributed is what the budgets right below it were allocated",
        """
        SELECT budget_id, distributed, coalesce(below.allocated, 0) AS allocated_below
        FROM budget LEFT JOIN (
            SELECT parent AS budget_id, CAST(sum(allocated) AS bigint) AS allocated
            FROM budget GROUP BY parent
        ) AS below USING (budget_id)
        WHERE distributed <> coalesce(below.allocated, 0) ORDER BY budget_id
        """,
    ),
    check(
        "budgets-hold-their-vouchers",
        "what a budget has reserved is the worth of its vouchers that are out",
        """
        SELECT budget_id, coalesce(reserved, 0) AS reserved, coalesce(outstanding, 0) AS outstanding
        FROM budget_now AS budget FULL JOIN (
            SELECT budget_id, CAST(sum(amount) AS bigint) AS outstanding
            FROM voucher WHERE status = 'issued' GROUP BY budget_id
        ) AS vouchers USING (budget_id)
        WHERE coalesce(reserved, 0) <> coalesce(outstanding, 0) ORDER BY budget_id
        """,
    ),
    check(
        "postings-follow-events",
        "each posting belongs to an event that moves money in this way",
        """
        SELECT posting_id, kind, voucher_id, budget_id, type AS event_type
        FROM posting LEFT JOIN event_log USING (event_id)
        WHERE type IS NULL OR NOT CASE kind
            WHEN 'allocate' THEN type IN ('budget.allocated.v1', 'budget.adjusted.v1')
            WHEN 'distribute' THEN type IN ('budget.allocated.v1', 'budget.adjusted.v1')
            WHEN 'withdraw' THEN type = 'budget.adjusted.v1'
            WHEN 'collect' THEN type = 'budget.adjusted.v1'
            WHEN 'reserve' THEN type IN ('voucher.issued.v1', 'voucher.reissued.v1')
            WHEN 'void' THEN type IN ('voucher.cancelled.v1', 'voucher.expired.v1', 'voucher.reissued.v1')
            WHEN 'post' THEN type = 'voucher.redeemed.v1'
            WHEN 'release' THEN type = 'voucher.redeemed.v1'
            ELSE type = 'voucher.reversed.v1'
        END
        ORDER BY posting_id
        """,
    ),
    check(
        "events-have-postings",
        "each event that moves money has its posting",
        """
        SELECT stream, version, type AS event_type FROM event_log
        WHERE type IN ('budget.allocated.v1', 'budget.adjusted.v1', 'voucher.issued.v1',
                       'voucher.reissued.v1', 'voucher.expired.v1', 'voucher.redeemed.v1',
                       'voucher.reversed.v1')
          AND NOT EXISTS (SELECT 1 FROM posting WHERE posting.event_id = event_log.event_id)
        ORDER BY stream, version
        """,
    ),
)

VOUCHERS = (
    check(
        "vouchers-tie",
        "issued = redeemed + expired + cancelled + reissued + outstanding, for each programme",
        """
        SELECT programme_id, issued, redeemed, expired, cancelled, reissued, outstanding FROM (
            SELECT split_part(budget_id, '/', 1) AS programme_id, count(*) AS issued
            FROM posting WHERE kind = 'reserve' GROUP BY split_part(budget_id, '/', 1)
        ) AS made FULL JOIN (
            SELECT programme_id,
                   count(*) FILTER (WHERE status NOT IN ('issued', 'expired', 'cancelled', 'reissued'))
                       AS redeemed,
                   count(*) FILTER (WHERE status = 'expired') AS expired,
                   count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE status = 'reissued') AS reissued,
                   count(*) FILTER (WHERE status = 'issued') AS outstanding
            FROM voucher GROUP BY programme_id
        ) AS standing USING (programme_id)
        WHERE coalesce(issued, 0)
              <> coalesce(redeemed + expired + cancelled + reissued + outstanding, 0)
        ORDER BY programme_id
        """,
    ),
    check(
        "vouchers-have-one-reservation",
        "each voucher was reserved once and then posted, or voided, or is still out, for its whole amount",
        """
        SELECT voucher_id, status, voucher.amount, reserves, voids, held, spent
        FROM voucher FULL JOIN (
            SELECT voucher_id,
                   count(*) FILTER (WHERE kind = 'reserve') AS reserves,
                   count(*) FILTER (WHERE kind = 'void') AS voids,
                   CAST(sum(CASE debit WHEN 'reserved' THEN journal.amount ELSE 0 END
                            - CASE credit WHEN 'reserved' THEN journal.amount ELSE 0 END) AS bigint) AS held,
                   CAST(sum(CASE debit WHEN 'spent' THEN journal.amount ELSE 0 END
                            - CASE credit WHEN 'spent' THEN journal.amount ELSE 0 END) AS bigint) AS spent,
                   CAST(sum(journal.amount) FILTER (WHERE kind = 'reserve') AS bigint) AS reserved
            FROM journal WHERE voucher_id IS NOT NULL GROUP BY voucher_id
        ) AS moved USING (voucher_id)
        WHERE voucher.amount IS NULL OR reserves IS DISTINCT FROM 1 OR reserved <> voucher.amount
           OR NOT CASE
               WHEN status = 'issued' THEN held = voucher.amount AND spent = 0 AND voids = 0
               WHEN live THEN held = 0 AND spent BETWEEN 1 AND voucher.amount AND voids = 0
               ELSE held = 0 AND spent = 0 AND voids = 1
           END
        ORDER BY voucher_id
        """,
    ),
    check(
        "vouchers-end-by-their-event",
        "the voided vouchers are those that expired, were cancelled or reissued, each as its event says",
        """
        SELECT voucher_id, status, type AS event_type
        FROM posting JOIN event_log USING (event_id) LEFT JOIN voucher USING (voucher_id)
        WHERE kind = 'void' AND type IS DISTINCT FROM 'voucher.' || status || '.v1'
        ORDER BY voucher_id
        """,
    ),
    check(
        "vouchers-replace-once",
        "a reissued voucher has one successor, of the same case, budget, amount and last day",
        """
        SELECT coalesce(old.voucher_id, new.replaces) AS voucher_id, old.status, new.voucher_id AS successor
        FROM voucher AS old FULL JOIN (SELECT * FROM voucher WHERE replaces IS NOT NULL) AS new
             ON new.replaces = old.voucher_id
        WHERE (old.status = 'reissued' OR new.voucher_id IS NOT NULL)
          AND (old.status IS DISTINCT FROM 'reissued'
               OR (old.application_id, old.budget_id, old.amount, old.expires_on)
                  IS DISTINCT FROM (new.application_id, new.budget_id, new.amount, new.expires_on))
        ORDER BY 1
        """,
    ),
    check(
        "vouchers-end-in-time",
        "no voucher is still out two days after its last day",
        """
        SELECT voucher_id, status, expires_on FROM voucher
        WHERE live AND status = 'issued'
          AND expires_on < CAST(now() AT TIME ZONE 'Asia/Ho_Chi_Minh' AS date) - 2
        ORDER BY voucher_id
        """,
    ),
)

WAITLIST = (
    check(
        "nobody-waits-beside-money",
        "the first in each line waits because the money does not reach",
        """
        SELECT application_id, budget_id, waiting.amount, available FROM (
            SELECT DISTINCT ON (budget_id) budget_id, application_id, amount
            FROM waitlist WHERE status = 'waiting'
            ORDER BY budget_id, position, approved_at, application_id
        ) AS waiting LEFT JOIN budget USING (budget_id)
        WHERE available IS NULL OR waiting.amount <= available
        ORDER BY application_id
        """,
    ),
    check(
        "who-waits-has-nothing-yet",
        "nobody waits who has a voucher, was withdrawn or erased, or stands in another budget's line",
        """
        SELECT waitlist.application_id, waitlist.budget_id, closed_reason, voucher_id,
               specific.budget_id AS belongs_to
        FROM waitlist
        LEFT JOIN known_case USING (application_id)
        LEFT JOIN voucher ON voucher.application_id = waitlist.application_id AND live
        LEFT JOIN LATERAL (
            SELECT budget_id FROM budget
            WHERE budget_id IN (waitlist.programme_id, waitlist.programme_id || '/' || waitlist.province,
                waitlist.programme_id || '/' || waitlist.province || '/' || waitlist.commune)
            ORDER BY length(budget_id) DESC LIMIT 1
        ) AS specific ON true
        WHERE waitlist.status = 'waiting'
          AND (closed_reason IS NOT NULL OR voucher_id IS NOT NULL
               OR waitlist.budget_id IS DISTINCT FROM specific.budget_id)
        ORDER BY waitlist.application_id
        """,
    ),
)

CLAIMS = (
    check(
        "claims-equal-their-lines",
        "each claim's sums are those of its lines",
        """
        SELECT claim_id, claim.status, claimed, disputed, accepted, lines, line_count, line_sum,
               disputed_sum, accepted_sum
        FROM claim LEFT JOIN (
            SELECT claim_id, count(*) AS line_count, CAST(sum(amount) AS bigint) AS line_sum,
                   CAST(sum(CASE status WHEN 'disputed' THEN amount ELSE 0 END) AS bigint) AS disputed_sum,
                   CAST(sum(CASE status WHEN 'accepted' THEN amount ELSE 0 END) AS bigint) AS accepted_sum
            FROM claim_line GROUP BY claim_id
        ) AS sums USING (claim_id)
        WHERE claim.status <> 'withdrawn'
          AND (claimed, disputed, accepted, CAST(lines AS bigint))
              IS DISTINCT FROM (line_sum, disputed_sum, accepted_sum, line_count)
        ORDER BY claim_id
        """,
    ),
    check(
        "claims-equal-their-payments",
        "what is ordered and paid of each claim is what its payments say",
        """
        SELECT claim_id, ordered, paid, ordered_sum, paid_sum FROM claim LEFT JOIN (
            SELECT claim_id, CAST(sum(amount) FILTER (WHERE status <> 'failed') AS bigint) AS ordered_sum,
                   CAST(sum(amount) FILTER (WHERE status = 'paid') AS bigint) AS paid_sum
            FROM payment GROUP BY claim_id
        ) AS sums USING (claim_id)
        WHERE ordered <> coalesce(ordered_sum, 0) OR paid <> coalesce(paid_sum, 0) ORDER BY claim_id
        """,
    ),
    check(
        "redemptions-are-claimed-once",
        "a redemption that is bound to a claim has its line in it, and stands",
        """
        SELECT redemption_id, redemption.claim_id, line.claim_id AS line_of, reversed_at
        FROM redemption FULL JOIN (
            SELECT redemption_id, claim_id FROM claim_line WHERE kind = 'redemption' AND status <> 'withdrawn'
        ) AS line USING (redemption_id)
        WHERE redemption.claim_id IS DISTINCT FROM line.claim_id
           OR (redemption.claim_id IS NOT NULL AND reversed_at IS NOT NULL)
        ORDER BY redemption_id
        """,
    ),
    check(
        "enterprises-are-paid-what-was-spent",
        "paid <= accepted <= claimed <= redeemed, for each enterprise and programme",
        """
        SELECT enterprise_id, programme_id, redeemed, claimed, accepted, paid FROM (
            SELECT enterprise_id, programme_id, CAST(sum(subsidy) AS bigint) AS redeemed
            FROM redemption WHERE reversed_at IS NULL GROUP BY enterprise_id, programme_id
        ) AS sold FULL JOIN (
            SELECT enterprise_id, programme_id, CAST(sum(claimed - disputed) AS bigint) AS claimed,
                   CAST(sum(accepted) AS bigint) AS accepted, CAST(sum(paid) AS bigint) AS paid
            FROM claim WHERE status <> 'withdrawn' GROUP BY enterprise_id, programme_id
        ) AS asked USING (enterprise_id, programme_id)
        WHERE NOT (coalesce(paid, 0) <= coalesce(accepted, 0)
                   AND coalesce(accepted, 0) <= coalesce(claimed, 0)
                   AND coalesce(claimed, 0) <= coalesce(redeemed, 0))
        ORDER BY enterprise_id, programme_id
        """,
    ),
)

CHECKS: tuple[Check, ...] = (*MONEY, *VOUCHERS, *WAITLIST, *CLAIMS)


def reconcile(session: Session, checks: Iterable[Check] = CHECKS) -> list[Result]:
    """Run the checks, in order."""
    return run(session, checks)
