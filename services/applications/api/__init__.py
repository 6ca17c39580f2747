"""The views: parse, call, dump."""

from services.applications.api import applications, households, imports, reports

BLUEPRINTS = (applications.blp, imports.blp, households.blp, reports.blp)
