"""What is read of applications: found, read one by one, counted, and as a whole for the audit."""

from services.applications.queries.counts import funnel, live_state, villages
from services.applications.queries.finding import list_applications
from services.applications.queries.reading import read_application
from services.applications.queries.search import Filter
from services.applications.queries.timeline import timeline

__all__ = ["Filter", "funnel", "list_applications", "live_state", "read_application", "timeline", "villages"]
