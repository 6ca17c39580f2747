"""What can be wrong with a list or a row: a stable code and, in two languages, what to do about it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class ListProblem:
    """Why a whole list cannot be read; no row of it was taken."""

    code: str
    message_vi: str
    message_en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row (its number in the sheet, from 1) and field.

    An error keeps the household out until the row is corrected; a warning does not.
    """

    row: int
    field: str
    code: str
    severity: Severity
    message_vi: str
    message_en: str


_LIST = {
    "LIST_TOO_LARGE": (
        "Tệp quá lớn. Hãy chia danh sách thành nhiều tệp nhỏ hơn.",
        "The file is too large. Split the list into smaller files.",
    ),
    "LIST_FORMAT_UNSUPPORTED": (
        "Không đọc được loại tệp này. Hãy lưu danh sách thành tệp Excel (.xlsx) rồi gửi lại.",
        "This kind of file cannot be read. Save the list as an Excel file (.xlsx) and send it again.",
    ),
    "LIST_UNREADABLE": (
        "Tệp bị hỏng hoặc có mật khẩu. Hãy mở tệp bằng Excel, bỏ mật khẩu, lưu lại rồi gửi lại.",
        "The file is damaged or has a password. Open it in Excel, remove the password and save it.",
    ),
    "LIST_SUSPICIOUS": (
        "Tệp phình to bất thường khi mở nên không được đọc. Hãy chép danh sách sang một tệp Excel mới.",
        "The file swells abnormally when opened and was not read. Copy the list into a new Excel file.",
    ),
    "LIST_TOO_MANY_ROWS": (
        "Danh sách có quá nhiều dòng hoặc cột (tối đa {rows} dòng, {columns} cột). Hãy chia thành nhiều tệp.",
        "The list has too many rows or columns (at most {rows} rows, {columns} columns). Split it.",
    ),
    "LIST_CELL_TOO_LONG": (
        "Có ô chứa quá nhiều chữ (tối đa {chars} ký tự). Hãy rút ngắn ô đó rồi gửi lại.",
        "A cell holds too much text (at most {chars} letters). Shorten it and send the list again.",
    ),
    "LIST_HEADER_MISSING": (
        "Không tìm thấy dòng tiêu đề cột (Họ và tên chủ hộ, Dân tộc, Loại hộ…). Hãy dùng mẫu danh sách.",
        "No row of column titles was found (Họ và tên chủ hộ, Dân tộc, Loại hộ…). Use the list template.",
    ),
    "LIST_COLUMNS_MISSING": (
        "Danh sách thiếu cột: {titles}. Hãy thêm các cột này rồi gửi lại.",
        "The list lacks these columns: {titles}. Add them and send it again.",
    ),
    "LIST_EMPTY": (
        "Danh sách không có hộ nào dưới dòng tiêu đề. Hãy nhập các hộ rồi gửi lại.",
        "The list has no household below its column titles. Enter the households and send it again.",
    ),
}

_ROW: dict[str, tuple[Severity, str, str]] = {
    "NAME_MISSING": (
        "error",
        "Thiếu họ và tên chủ hộ. Hãy nhập đủ họ tên.",
        "The head's name is missing. Enter the full name.",
    ),
    "NAME_UNREADABLE": (
        "error",
        "Họ và tên chủ hộ phải là chữ. Hãy kiểm tra lại ô này.",
        "The head's name must be text. Check this cell.",
    ),
    "BIRTH_DATE_MISSING": (
        "error",
        "Thiếu ngày sinh của chủ hộ. Hãy nhập ngày/tháng/năm, hoặc năm sinh.",
        "The head's date of birth is missing. Enter day/month/year, or the year.",
    ),
    "BIRTH_DATE_UNREADABLE": (
        "error",
        "Không đọc được ngày sinh “{value}”. Hãy nhập dạng 31/12/1980, hoặc năm 1980.",
        "The date of birth “{value}” cannot be read. Enter it as 31/12/1980, or the year 1980.",
    ),
    "BIRTH_DATE_IMPOSSIBLE": (
        "error",
        "Ngày sinh “{value}” không thể đúng. Hãy kiểm tra lại năm sinh.",
        "The date of birth “{value}” cannot be right. Check the year.",
    ),
    "SEX_MISSING": (
        "error", "Thiếu giới tính. Hãy nhập Nam hoặc Nữ.", "The sex is missing. Enter Nam or Nữ.",
    ),
    "SEX_UNKNOWN": (
        "error",
        "Giới tính “{value}” không rõ. Hãy nhập Nam hoặc Nữ.",
        "The sex “{value}” is not known. Enter Nam or Nữ.",
    ),
    "ETHNICITY_MISSING": (
        "error", "Thiếu dân tộc. Hãy nhập tên dân tộc.", "The ethnic group is missing. Enter its name.",
    ),
    "ETHNICITY_UNKNOWN": (
        "error",
        "Không có dân tộc “{value}” trong danh mục 54 dân tộc. Hãy kiểm tra cách viết.",
        "“{value}” is not among the 54 ethnic groups. Check the spelling.",
    ),
    "CITIZEN_ID_MISSING": (
        "error",
        "Thiếu số định danh cá nhân. Hãy nhập đủ 12 chữ số.",
        "The citizen id is missing. Enter its 12 digits.",
    ),
    "CITIZEN_ID_NOT_DIGITS": (
        "error",
        "Số định danh chỉ được có chữ số. Hãy kiểm tra lại với giấy tờ của chủ hộ.",
        "A citizen id holds digits only. Check it against the head's card.",
    ),
    "CITIZEN_ID_LENGTH": (
        "error",
        "Số định danh phải có 12 chữ số (CMND cũ: 9 chữ số). Hãy kiểm tra lại.",
        "A citizen id has 12 digits (the old CMND: 9). Check it.",
    ),
    "CITIZEN_ID_PROVINCE": (
        "error",
        "Ba số đầu của số định danh không phải mã tỉnh. Hãy kiểm tra lại với giấy tờ của chủ hộ.",
        "The first three digits of the citizen id name no province. Check it against the head's card.",
    ),
    "CITIZEN_ID_CENTURY": (
        "error",
        "Số thứ tư của số định danh không hợp lệ. Hãy kiểm tra lại với giấy tờ của chủ hộ.",
        "The fourth digit of the citizen id is not valid. Check it against the head's card.",
    ),
    "CITIZEN_ID_SEX_DIFFERS": (
        "warning",
        "Số định danh không khớp với giới tính đã ghi. Hãy kiểm tra lại hai ô này.",
        "The citizen id does not agree with the sex written. Check both cells.",
    ),
    "CITIZEN_ID_BIRTH_YEAR_DIFFERS": (
        "warning",
        "Số định danh không khớp với năm sinh đã ghi. Hãy kiểm tra lại hai ô này.",
        "The citizen id does not agree with the year of birth written. Check both cells.",
    ),
    "CITIZEN_ID_ZEROS_RESTORED": (
        "warning",
        "Đã thêm số 0 bị mất ở đầu số định danh. Hãy kiểm tra lại.",
        "Lost zeros were put back in front of the citizen id. Check it.",
    ),
    "CMND_NOT_CITIZEN_ID": (
        "warning",
        "Đây là số CMND cũ (9 chữ số). Hãy bổ sung số định danh 12 chữ số khi có.",
        "This is an old CMND number (9 digits). Add the 12-digit citizen id when it is known.",
    ),
    "VILLAGE_MISSING": (
        "error", "Thiếu thôn/bản. Hãy nhập tên thôn.", "The village is missing. Enter its name.",
    ),
    "POVERTY_STATUS_MISSING": (
        "error",
        "Thiếu loại hộ. Hãy nhập Hộ nghèo, Hộ cận nghèo hoặc Không.",
        "The poverty status is missing. Enter Hộ nghèo, Hộ cận nghèo or Không.",
    ),
    "POVERTY_STATUS_UNKNOWN": (
        "error",
        "Loại hộ “{value}” không rõ. Hãy nhập Hộ nghèo, Hộ cận nghèo hoặc Không.",
        "The poverty status “{value}” is not known. Enter Hộ nghèo, Hộ cận nghèo or Không.",
    ),
    "CERTIFICATE_NUMBER_MISSING": (
        "warning",
        "Hộ nghèo, cận nghèo chưa có số giấy chứng nhận. Hãy bổ sung từ giấy của hộ.",
        "A poor or near-poor household without a certificate number. Add it from the household's paper.",
    ),
    "CERTIFICATE_DATE_MISSING": (
        "warning",
        "Hộ nghèo, cận nghèo chưa có ngày cấp giấy chứng nhận nên chưa chứng minh được năm nay. Hãy bổ sung.",
        "Without the certificate's date nothing proves this year's status. Add it from the paper.",
    ),
    "CERTIFICATE_DATE_UNREADABLE": (
        "error",
        "Không đọc được ngày cấp giấy chứng nhận “{value}”. Hãy nhập dạng 15/12/2025.",
        "The certificate's date “{value}” cannot be read. Enter it as 15/12/2025.",
    ),
    "CERTIFICATE_DATE_IMPOSSIBLE": (
        "error",
        "Ngày cấp giấy chứng nhận “{value}” không thể đúng. Hãy kiểm tra lại.",
        "The certificate's date “{value}” cannot be right. Check it.",
    ),
    "MEMBERS_COUNT_MISSING": (
        "error", "Thiếu số khẩu. Hãy nhập số người trong hộ.", "The number of members is missing. Enter it.",
    ),
    "MEMBERS_COUNT_UNREADABLE": (
        "error",
        "Số khẩu “{value}” không hợp lệ. Hãy nhập một số nguyên từ 1 đến 99.",
        "The number of members “{value}” is not valid. Enter a whole number from 1 to 99.",
    ),
    "PHONE_NOT_DIGITS": (
        "warning",
        "Không đọc được số điện thoại nên để trống. Hãy nhập 10 chữ số nếu hộ có.",
        "The phone number cannot be read and was left empty. Enter 10 digits if the household has one.",
    ),
    "PHONE_NOT_MOBILE": (
        "warning",
        "Số điện thoại không phải số di động 10 chữ số nên để trống. Hãy kiểm tra lại.",
        "The phone number is no 10-digit mobile number and was left empty. Check it.",
    ),
    "PHONE_CONVERTED_2018": (
        "warning",
        "Số điện thoại 11 chữ số cũ đã được đổi sang 10 chữ số. Hãy kiểm tra lại.",
        "An old 11-digit phone number was converted to 10 digits. Check it.",
    ),
    "SMARTPHONE_MISSING": (
        "error",
        "Chưa ghi hộ đã có điện thoại thông minh hay chưa. Hãy nhập Có hoặc Không.",
        "It is not said whether the household has a smartphone. Enter Có or Không.",
    ),
    "SMARTPHONE_UNKNOWN": (
        "error",
        "“{value}” không rõ là có hay không. Hãy nhập Có hoặc Không.",
        "“{value}” is neither yes nor no. Enter Có or Không.",
    ),
    "PRIORITY_GROUP_UNKNOWN": (
        "warning",
        "Đối tượng ưu tiên “{value}” không rõ nên để trống. Hãy nhập Người có công hoặc Chính sách xã hội.",
        "The priority group “{value}” is not known: left empty. Enter Người có công or Chính sách xã hội.",
    ),
}  # fmt: skip

ROW_CODES = frozenset(_ROW)
LIST_CODES = frozenset(_LIST)


def list_problem(code: str, **facts: object) -> ListProblem:
    """A list's problem with its sentences; KeyError for a code without sentences."""
    vi, en = _LIST[code]
    return ListProblem(code, vi.format(**facts), en.format(**facts))


def row_problem(row: int, field: str, code: str, value: object = "") -> Problem:
    """A row's problem with its sentences; `value` is what stood in the cell, shortened to 40 letters."""
    severity, vi, en = _ROW[code]
    shown = str(value)[:40]
    return Problem(row, field, code, severity, vi.format(value=shown), en.format(value=shown))
