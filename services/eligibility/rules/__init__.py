"""Programmes as documents and their decision tables: read, validated, asked. Pure: no web, no database."""

from services.eligibility.rules.engine import Assessment, RuleSet, RulesFailed
from services.eligibility.rules.facts import Facts, FactsInvalid
from services.eligibility.rules.programme import (
    Programme,
    ProgrammeInvalid,
    Sentence,
    document_digest,
    load_document,
    load_programme,
    parse_programme,
    read_programme,
)

__all__ = [
    "Assessment",
    "Facts",
    "FactsInvalid",
    "Programme",
    "ProgrammeInvalid",
    "RuleSet",
    "RulesFailed",
    "Sentence",
    "document_digest",
    "load_document",
    "load_programme",
    "parse_programme",
    "read_programme",
]
