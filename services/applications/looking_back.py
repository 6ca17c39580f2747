"""Officials who are registered late: their households may have applied before.

The register is held against every application as it comes in. Who is registered later is looked for among
those that came before, and what is under way of theirs is told anew, unchanged but for what the register says
now, so that eligibility refers it. That happens a while after the registration, when no process can enter an
application any more without knowing of it.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications import officials
from services.applications.commands import Entered
from services.applications.correcting import Correction, correct_application
from services.applications.domain import UNDER_WAY
from services.applications.entering import Secrets
from services.applications.retention import SERVICE
from services.applications.stored import Stored, read_stored
from shared.events import parse
from shared.jobs import JobContext
from shared.observability import logger, metrics
from shared.privacy import Unreadable, unseal

REASON = "OFFICIAL_REGISTERED"
WAIT_S = 2 * officials.FRESH_S
"""From a registration to the look back: until then a transaction may run that read the register before."""

_NEXT = text(
    """
    SELECT subject, person FROM official
    WHERE looked_back_at IS NULL AND registered_at < now() - make_interval(secs => :wait)
    ORDER BY registered_at, subject LIMIT 1
    """
)
_NAMED = text(
    """
    SELECT id::text FROM application JOIN application_person ON application_id = id
    WHERE person_hash = :person AND application_state = ANY(:under_way)
      AND disbursement_state IS DISTINCT FROM 'redeemed'
    ORDER BY id
    """
)
_DONE = text("UPDATE official SET looked_back_at = now() WHERE subject = :subject AND person = :person")
_LAST_TOLD = text(
    """
    SELECT bytes FROM event_log
    WHERE stream = 'application/' || :id
      AND type IN ('application.submitted.v1', 'application.corrected.v1')
    ORDER BY version DESC LIMIT 1
    """
)


def look_back(context: JobContext) -> bool:
    """One official's applications from before the registration; True when there may be another official."""
    with context.database.transaction() as session:
        late = session.execute(_NEXT, {"wait": WAIT_S}).one_or_none()
        if late is None:
            return False
        named = list(session.scalars(_NAMED, {"person": late.person, "under_way": list(UNDER_WAY)}))
    told = 0
    for application_id in named:
        if not context.may_go_on():
            return True
        told += _perhaps_tell(context, application_id, late.subject)
    with context.database.transaction() as session:
        session.execute(_DONE, {"subject": late.subject, "person": late.person})
    logger("work", service="applications").info(
        "looked back for an official", subject=late.subject, applications=len(named), told_anew=told
    )
    return True


def _perhaps_tell(context: JobContext, application_id: str, official: str) -> bool:
    """Tell an application anew where that is due. One that does not open is logged and counted, and in
    nobody's way."""
    secrets = Secrets.of(context.settings)
    try:
        return context.database.run(lambda session: _tell_anew(session, secrets, application_id, official))
    except Unreadable as error:
        logger("work", service="applications").error(
            "application does not open", application=application_id, error=str(error)
        )
        metrics.JOB_FAILURES.labels("applications", "officials").inc()
        return False


def _tell_anew(session: Session, secrets: Secrets, application_id: str, official: str) -> bool:
    """Correct an application to what it is. False when it names the official already, or is under way no
    more, or was changed just now, with the register at hand."""
    stored = read_stored(session, secrets, [application_id], SERVICE).get(application_id)
    if stored is None or _names(session, stored, official):
        return False
    correction = Correction(stored.draft, stored.revision, REASON, channel=stored.channel)
    outcome = correct_application(session, secrets, application_id, correction, SERVICE)
    return isinstance(outcome, Entered)


def _names(session: Session, stored: Stored, official: str) -> bool:
    told = parse(session.scalars(_LAST_TOLD, {"id": stored.application_id}).one())
    facts = unseal(stored.home.key, told.data["sealed"], f"facts/{stored.application_id}")
    return official in facts["officials"]
