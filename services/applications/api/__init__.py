"""The views: parse, call, dump."""

from services.applications.api import (
    applications,
    batch,
    changes,
    finding,
    households,
    imports,
    officials,
    personal,
    reports,
)

BLUEPRINTS = (
    applications.blp,
    finding.blp,
    changes.blp,
    batch.blp,
    imports.blp,
    households.blp,
    officials.blp,
    personal.blp,
    reports.blp,
)
