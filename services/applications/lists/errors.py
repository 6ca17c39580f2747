"""Why a file is not read further. Raised inside this package; its border answers with a `ListProblem`."""


class RefusedFileError(Exception):
    """The file is refused; carries the list problem's code."""


class DamagedFileError(RefusedFileError):
    """The file does not keep to its own format."""

    def __init__(self) -> None:
        super().__init__("LIST_UNREADABLE")
