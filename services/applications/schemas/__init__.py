"""What the API takes and gives. Unknown fields are refused; text is stored as NFC on one line."""

from services.applications.schemas.applications import (
    AppealRequest,
    ApplicationAnswer,
    ApplicationChanged,
    ApplicationCreated,
    ApplicationDetail,
    ConflictFacts,
    CorrectRequest,
    ReadQuery,
    ReplaceRequest,
    RevisionConflict,
    Revisions,
    Version,
    WithdrawRequest,
)
from services.applications.schemas.batches import (
    BatchAnswer,
    BatchItem,
    BatchRequest,
    CheckAnswer,
    CheckRequest,
)
from services.applications.schemas.common import ProblemDetails
from services.applications.schemas.households import (
    ApplicationRequest,
    Certificate,
    CertificateAnswer,
    Head,
    HeadAnswer,
)
from services.applications.schemas.imports import ImportAnswer, ImportFile, ImportForm, RowProblem
from services.applications.schemas.officials import OfficialAnswer, OfficialList, OfficialRequest
from services.applications.schemas.personal import EraseAnswer, EraseRequest, KeysAnswer, KeysRequest

__all__ = [
    "AppealRequest",
    "ApplicationAnswer",
    "ApplicationChanged",
    "ApplicationCreated",
    "ApplicationDetail",
    "ApplicationRequest",
    "BatchAnswer",
    "BatchItem",
    "BatchRequest",
    "Certificate",
    "CertificateAnswer",
    "CheckAnswer",
    "CheckRequest",
    "ConflictFacts",
    "CorrectRequest",
    "EraseAnswer",
    "EraseRequest",
    "Head",
    "HeadAnswer",
    "ImportAnswer",
    "ImportFile",
    "ImportForm",
    "KeysAnswer",
    "KeysRequest",
    "OfficialAnswer",
    "OfficialList",
    "OfficialRequest",
    "ProblemDetails",
    "ReadQuery",
    "ReplaceRequest",
    "RevisionConflict",
    "Revisions",
    "RowProblem",
    "Version",
    "WithdrawRequest",
]
