"""The officer's own list back, with what became of each row."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.applications.importing.finding import Found
from services.applications.importing.receiving import file_place
from services.applications.models import ListImport
from shared.privacy.sealing import unseal_bytes
from shared.refusal import Refusal
from shared.settings import Settings


def result_of(session: Session, settings: Settings, found: Found) -> bytes | Refusal:
    """The list as it came, as .xlsx with a result column and colours. LIST_FORGOTTEN once it is gone."""
    sealed = session.scalar(select(ListImport.file).where(ListImport.id == found["import_id"]))
    if sealed is None:
        return Refusal("LIST_FORGOTTEN")
    if found["state"] not in ("checked", "imported"):
        return Refusal("LIST_STILL_CHECKED")
    return unseal_bytes(settings.wrapping_key, sealed, file_place(found["import_id"]))
