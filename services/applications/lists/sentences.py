"""What a person reads for each code: in Vietnamese and English, and always what to do next. Plain data."""

from typing import Literal

Severity = Literal["error", "warning"]

REFUSALS = {
    "LIST_TOO_LARGE": (
        "Tệp quá lớn. Hãy chia danh sách thành nhiều tệp nhỏ hơn.",
        "The file is too large. Split the list into smaller files.",
    ),
    "LIST_FORMAT_UNSUPPORTED": (
        "Không đọc được loại tệp này. Hãy lưu danh sách thành tệp Excel (.xlsx) rồi gửi lại.",
        "This kind of file cannot be read. Save the list as an Excel file (.xlsx) and send it again.",
    ),
    "LIST_PASSWORD": (
        "Tệp có mật khẩu nên không đọc được. Hãy mở bằng Excel, bỏ mật khẩu, lưu lại rồi gửi lại.",
        "The file has a password and cannot be read. Open it in Excel, remove the password and save it.",
    ),
    "LIST_WEB_PAGE": (
        "Tệp là trang web (HTML/XML) mang tên Excel. Hãy mở bằng Excel, lưu thành .xlsx rồi gửi lại.",
        "This is a web page (HTML/XML) under an Excel name. Open it in Excel and save it as .xlsx.",
    ),
    "LIST_UNREADABLE": (
        "Tệp bị hỏng nên không đọc được. Hãy mở tệp bằng Excel, lưu thành tệp .xlsx mới rồi gửi lại.",
        "The file is damaged and cannot be read. Open it in Excel and save it as a new .xlsx file.",
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
        "Danh sách thiếu cột: {titles}. Hãy thêm cột, hoặc chỉ rõ cột nào chứa nội dung đó, rồi gửi lại.",
        "The list lacks these columns: {titles}. Add them, or say which columns hold them.",
    ),
    "LIST_EMPTY": (
        "Danh sách không có hộ nào dưới dòng tiêu đề. Hãy nhập các hộ rồi gửi lại.",
        "The list has no household below its column titles. Enter the households and send it again.",
    ),
}  # fmt: skip

NOTES = {
    "LIST_TEXT_CONVERTED": (
        "Danh sách dùng bảng mã cũ {encoding}; chữ đã được đổi sang Unicode. Hãy kiểm tra lại các tên.",
        "The list was typed in the old encoding {encoding} and was converted to Unicode. Check the names.",
    ),
    "LIST_TOTAL_DIFFERS": (
        "Dòng tổng ghi {declared} hộ nhưng đọc được {found} hộ. Hãy kiểm tra có hộ nào thiếu hoặc lặp.",
        "The total row says {declared} households but {found} were read. Check for missing or repeated ones.",
    ),
    "LIST_BLANK_MEANS_NO": (
        "Cột “{title}” chỉ đánh dấu những hộ có; ô trống được hiểu là Không. Hãy kiểm tra lại.",
        "The column “{title}” only marks who has; a blank cell was taken as no. Check this.",
    ),
    "LIST_STATUS_FROM_TITLE": (
        "Danh sách không có cột Loại hộ; theo tiêu đề, các hộ được hiểu là: {status}. Hãy kiểm tra lại.",
        "The list has no column of the poverty status; by its titles all are taken as: {status}. Check this.",
    ),
    "LIST_VILLAGE_FROM_TITLE": (
        "Danh sách không có cột Thôn/bản; theo tiêu đề, các hộ được hiểu là ở: {village}. Hãy kiểm tra lại.",
        "The list has no column of the village; by its titles the households are of: {village}. Check this.",
    ),
    "LIST_VILLAGE_FILLED": (
        "Tên thôn chỉ ghi ở hộ đầu của mỗi thôn; các ô trống bên dưới được điền theo. Hãy kiểm tra lại.",
        "The village is written once for each group; the blank cells below were filled from it. Check this.",
    ),
    "LIST_COLUMN_ABSENT": (
        "Danh sách không có cột: {titles}. Từng dòng sẽ báo nếu thiếu; nên thêm các cột này.",
        "The list has no column for: {titles}. Each row says what it lacks; better add these columns.",
    ),
    "LIST_SHEET_SKIPPED": (
        "Trang tính “{title}” không có dòng tiêu đề cột đầy đủ nên không được đọc. Hãy kiểm tra lại.",
        "The sheet “{title}” has no full row of column titles and was not read. Check it.",
    ),
    "LIST_SHEET_HIDDEN": (
        "Trang tính ẩn “{title}” không được đọc. Hãy bỏ ẩn nếu cần nhập.",
        "The hidden sheet “{title}” was not read. Unhide it if its rows belong to the list.",
    ),
    "LIST_MAPPING_UNKNOWN": (
        "Không có trường “{title}” để gán cho cột. Hãy chọn lại trong danh mục.",
        "There is no field “{title}” to map a column to. Choose again from the list.",
    ),
}  # fmt: skip

ROWS: dict[str, tuple[Severity, str, str]] = {
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
        "warning",
        "Chưa có số định danh cá nhân. Hãy bổ sung đủ 12 chữ số nếu chủ hộ có.",
        "There is no citizen id. Add its 12 digits if the head of household has one.",
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
    "BIRTH_YEAR_FROM_CITIZEN_ID": (
        "warning",
        "Không ghi ngày sinh; năm sinh được lấy từ số định danh. Hãy bổ sung.",
        "No date of birth is written; the year was taken from the citizen id. Add it.",
    ),
    "BIRTH_YEAR_TWO_DIGITS": (
        "warning",
        "Năm sinh “{value}” chỉ có hai chữ số, được hiểu là năm gần nhất đã qua. Hãy ghi đủ bốn chữ số.",
        "The birth year “{value}” has two digits: taken as the latest such year gone by. Write all four.",
    ),
    "BIRTH_DATE_DOUBTFUL": (
        "warning",
        "Ngày sinh “{value}” ghi chưa chắc chắn. Hãy kiểm tra lại với giấy tờ.",
        "The date of birth “{value}” is written as uncertain. Check it against the papers.",
    ),
    "SEX_FROM_CITIZEN_ID": (
        "warning",
        "Không ghi giới tính; được lấy từ số định danh. Hãy kiểm tra lại.",
        "The sex is not written; it was taken from the citizen id. Check it.",
    ),
    "CITIZEN_ID_SCIENTIFIC": (
        "error",
        "Excel đã rút gọn số định danh thành “{value}” nên mất số. Hãy định dạng ô là Text và nhập lại.",
        "Excel shortened the citizen id to “{value}”: digits are lost. Format the cell as text, retype it.",
    ),
    "CITIZEN_ID_NOT_READ": (
        "warning",
        "Ô số định danh ghi “{value}”, được hiểu là chưa có. Hãy bổ sung khi có.",
        "The cell of the citizen id says “{value}”: taken as none yet. Add the number when there is one.",
    ),
    "POVERTY_STATUS_TWICE": (
        "error",
        "Hộ được đánh dấu ở nhiều cột loại hộ. Hãy chỉ đánh dấu một cột.",
        "The household is marked in several columns of poverty status. Mark only one.",
    ),
    "POVERTY_STATUS_UNMARKED": (
        "warning",
        "Hộ không được đánh dấu nghèo hay cận nghèo nên được hiểu là không thuộc diện. Hãy kiểm tra lại.",
        "Neither poor nor near-poor is marked: taken as neither. Check it.",
    ),
    "CERTIFICATE_DATE_NO_DAY": (
        "warning",
        "Ngày cấp giấy chứng nhận “{value}” thiếu ngày. Hãy ghi đủ ngày/tháng/năm.",
        "The certificate's date “{value}” lacks the day. Write day/month/year.",
    ),
    "CERTIFICATE_YEAR_UNREADABLE": (
        "error",
        "Năm của giấy chứng nhận “{value}” không hợp lệ. Hãy nhập năm bốn chữ số, không sau năm tới.",
        "The certificate's year “{value}” is not valid. Enter four digits, not after next year.",
    ),
    "CERTIFICATE_PLACE_UNKNOWN": (
        "warning",
        "Không xác định được xã cấp giấy chứng nhận “{value}” nên coi là xã của hộ. Hãy nhập mã xã 5 chữ số.",
        "“{value}” names no single commune: the household's own is taken. Enter the 5-digit commune code.",
    ),
    "MEMBERS_COUNT_DIFFERS": (
        "warning",
        "Số khẩu ghi “{value}” khác với số người được kê trong hộ. Hãy kiểm tra lại.",
        "The number of members “{value}” differs from the people listed. Check it.",
    ),
    "MEMBERS_TOO_MANY": (
        "error",
        "Hộ có quá nhiều thành viên (tối đa 99 người). Hãy kiểm tra cột Quan hệ với chủ hộ.",
        "The household lists too many people (at most 99). Check the column of the relation to the head.",
    ),
    "MEMBER_NAME_MISSING": (
        "error",
        "Thiếu họ và tên thành viên. Hãy nhập đủ họ tên.",
        "The member's name is missing. Enter the full name.",
    ),
    "MEMBER_WITHOUT_HEAD": (
        "error",
        "Dòng này ghi “{value}” nhưng phía trên không có chủ hộ. Hãy thêm dòng chủ hộ hoặc sửa cột Quan hệ.",
        "This row says “{value}” but no head stands above. Add the head's row or correct the relation.",
    ),
    "RELATION_UNKNOWN": (
        "warning",
        "Quan hệ với chủ hộ “{value}” không rõ nên ghi là khác. Hãy nhập vợ, chồng, con, bố, mẹ…",
        "The relation to the head “{value}” is not known: kept as other. Enter vợ, chồng, con, bố, mẹ…",
    ),
    "RESIDENCE_UNKNOWN": (
        "warning",
        "Tình trạng cư trú “{value}” không rõ nên coi là thường trú. Hãy nhập Thường trú hoặc Tạm trú.",
        "The residence “{value}” is not known: taken as permanent. Enter Thường trú or Tạm trú.",
    ),
    "PHONE_SECOND_DROPPED": (
        "warning",
        "Ô có nhiều số điện thoại, chỉ giữ số đầu tiên. Hãy kiểm tra lại.",
        "The cell holds several phone numbers; only the first was kept. Check it.",
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
    "INCOME_UNREADABLE": (
        "error",
        "Thu nhập “{value}” không đọc được. Hãy nhập số đồng một người một tháng, ví dụ 1.500.000.",
        "The income “{value}” cannot be read. Enter đồng per person and month, such as 1.500.000.",
    ),
    "DEPRIVATIONS_UNREADABLE": (
        "error",
        "Số chỉ số thiếu hụt “{value}” không đọc được. Hãy nhập một số từ 0 đến 12.",
        "The number of deprivations “{value}” cannot be read. Enter a number from 0 to 12.",
    ),
    "AREA_KIND_UNREADABLE": (
        "error",
        "“{value}” không rõ là thành thị hay nông thôn. Hãy nhập Thành thị hoặc Nông thôn.",
        "“{value}” is neither urban nor rural. Enter Thành thị or Nông thôn.",
    ),
    "SURVEY_INCOMPLETE": (
        "warning",
        "Thiếu thu nhập, số thiếu hụt, hoặc thành thị hay nông thôn nên hộ được coi là chưa điều tra.",
        "A survey needs income, deprivations, and urban or rural; the household is taken as not measured.",
    ),
    "DIFFICULT_AREA_UNKNOWN": (
        "warning",
        "“{value}” không rõ là có hay không nên coi là không. Hãy nhập Có hoặc Không.",
        "“{value}” is neither yes nor no: taken as no. Enter Có or Không.",
    ),
}  # fmt: skip
