"""A household as an officer types it into the form, checked with the same words as a row of a list."""

from services.applications.forms.findings import Findings, form_problem
from services.applications.forms.reading import FormReading, read_form

__all__ = ["Findings", "FormReading", "form_problem", "read_form"]
