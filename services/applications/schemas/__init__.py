"""What the API takes and gives. Unknown fields are refused; text is stored as NFC on one line."""

from services.applications.schemas.applications import (
    ApplicationAnswer,
    ApplicationCreated,
    ApplicationDetail,
    ReadQuery,
    Version,
    WithdrawRequest,
)
from services.applications.schemas.common import ProblemDetails
from services.applications.schemas.finding import (
    ApplicationItem,
    ApplicationList,
    Funnel,
    FunnelQuery,
    ListQuery,
    LiveItem,
    LiveState,
    LiveStateQuery,
)
from services.applications.schemas.households import (
    ApplicationRequest,
    Certificate,
    CertificateAnswer,
    Head,
    HeadAnswer,
)
from services.applications.schemas.imports import ImportAnswer, ImportFile, ImportForm, RowProblem
from services.applications.schemas.personal import EraseAnswer, EraseRequest, KeysAnswer, KeysRequest

__all__ = [
    "ApplicationAnswer",
    "ApplicationCreated",
    "ApplicationDetail",
    "ApplicationItem",
    "ApplicationList",
    "ApplicationRequest",
    "Certificate",
    "CertificateAnswer",
    "EraseAnswer",
    "EraseRequest",
    "Funnel",
    "FunnelQuery",
    "Head",
    "HeadAnswer",
    "ImportAnswer",
    "ImportFile",
    "ImportForm",
    "KeysAnswer",
    "KeysRequest",
    "ListQuery",
    "LiveItem",
    "LiveState",
    "LiveStateQuery",
    "ProblemDetails",
    "ReadQuery",
    "RowProblem",
    "Version",
    "WithdrawRequest",
]
