"""What this service does in the background."""

from services.applications.importing.forgetting import forget_old_files
from services.applications.importing.running import import_next
from services.applications.looking_back import look_back
from services.applications.retention import retain, watch_requests
from shared.idempotency import FORGET_OLD_ANSWERS
from shared.jobs import Job

JOBS = (
    Job("imports", import_next, every=0.5),
    Job("officials", look_back, every=10.0),
    Job("old-lists", forget_old_files, every=3600.0),
    Job("retention", retain, every=3600.0),
    Job("data-requests", watch_requests, every=300.0),
    FORGET_OLD_ANSWERS,
)
