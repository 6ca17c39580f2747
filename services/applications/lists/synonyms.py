"""What officers write over their columns, by field. Plain data: accents and capitals do not matter."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "number": ("STT", "TT", "Số TT", "Số thứ tự", "S.T.T", "No."),
    "household_number": ("Hộ số", "STT hộ", "Số TT hộ", "Mã hộ", "Mã số hộ", "Mã hộ gia đình", "Thứ tự hộ"),
    "head_name": (
        "Họ và tên chủ hộ", "Họ tên chủ hộ", "Tên chủ hộ", "Chủ hộ", "Họ và tên", "Họ tên", "Tên hộ", "Tên",
        "Họ và tên chủ hộ gia đình", "Họ tên chủ hộ gia đình", "Tên chủ hộ gia đình", "Chủ hộ gia đình",
        "Tên hộ gia đình", "Họ tên hộ", "Hộ gia đình", "Đại diện hộ", "Người đại diện hộ",
        "Họ và tên người đại diện", "Họ tên người đại diện", "Họ, chữ đệm và tên", "Họ, chữ đệm, tên",
        "Họ và tên khai sinh", "Họ và tên đối tượng", "Họ tên đối tượng", "Tên đối tượng", "Người thụ hưởng",
        "Họ và tên người thụ hưởng", "Họ và tên người được hỗ trợ", "Họ tên người được hỗ trợ", "Full name",
        "Họ", "Họ đệm", "Họ và đệm", "Họ và tên đệm", "Họ và chữ đệm", "Họ lót", "Họ và tên lót",
    ),
    "member_name": (
        "Họ và tên thành viên", "Họ tên thành viên", "Tên thành viên", "Thành viên", "Thành viên trong hộ",
        "Các thành viên trong hộ", "Thành viên hộ", "Thành viên hộ gia đình", "Họ và tên nhân khẩu",
        "Họ tên nhân khẩu", "Tên nhân khẩu", "Họ và tên các thành viên", "Họ tên các thành viên",
        "Họ và tên thành viên trong hộ", "Họ và tên thành viên hộ gia đình",
    ),
    "relation": (
        "Quan hệ với chủ hộ", "Quan hệ chủ hộ", "Mối quan hệ với chủ hộ", "Mối quan hệ", "Quan hệ",
        "QH với chủ hộ", "QH chủ hộ", "QHCH", "QH với CH", "Quan hệ với CH", "Q.hệ với chủ hộ", "Q.hệ",
        "Quan hệ gia đình", "Quan hệ trong gia đình", "Quan hệ trong hộ",
    ),
    "birth_date": (
        "Ngày tháng năm sinh", "Ngày sinh", "Sinh ngày", "Ngày/tháng/năm sinh", "NTNS",
        "Ngày tháng năm sinh của chủ hộ", "Ngày sinh/năm sinh", "Ngày, tháng sinh", "Tháng năm sinh",
        "Ng.sinh", "Ngày th năm sinh", "Ngày tháng năm sinh/năm sinh", "Date of birth",
    ),
    "birth_month": ("Tháng sinh",),
    "birth_year": (
        "Năm sinh", "Sinh năm", "N.sinh", "NS", "Năm sinh chủ hộ", "Năm sinh của chủ hộ", "Nsinh",
    ),
    "male": ("Nam", "Giới tính nam", "Nam giới", "Năm sinh nam", "Ngày sinh nam", "Sinh năm nam"),
    "female": ("Nữ", "Giới tính nữ", "Nữ giới", "Năm sinh nữ", "Ngày sinh nữ", "Sinh năm nữ"),
    "sex": ("Giới tính", "Nam/Nữ", "Nam, nữ", "Giới", "GT", "G.tính", "Phái", "Giới tính nam/nữ", "G/tính"),
    "ethnicity": (
        "Dân tộc", "Thành phần dân tộc", "DT", "D.tộc", "TP dân tộc", "T.phần dân tộc", "Tộc người",
    ),
    "citizen_id": (
        "Số định danh cá nhân/CCCD", "Số định danh cá nhân", "Số định danh", "Số ĐDCN", "ĐDCN", "CCCD",
        "Số CCCD", "Số CCCD/CMND", "Số CMND/CCCD", "CCCD/CMND", "CMND/CCCD", "Căn cước công dân",
        "Số căn cước công dân", "Số căn cước", "Căn cước", "Số thẻ căn cước", "Thẻ căn cước", "CCCD/ĐDCN",
        "ĐDCN/CCCD", "Mã định danh", "Mã định danh cá nhân", "Mã số định danh", "Mã số định danh cá nhân",
        "Định danh cá nhân", "Số CC", "Số thẻ CCCD", "Số CC/CCCD", "CC/CCCD", "Số CCCD/ĐDCN",
        "Số CCCD/định danh", "CCCD/định danh", "Số định danh/CCCD", "Số ĐDCN/CCCD", "Số CC/ĐDCN",
        "CMND hoặc CCCD", "Số CMND hoặc CCCD", "CMTND/CCCD", "CMT/CCCD", "Số CMT/CCCD", "Số CMTND/CCCD",
        "CCCD/CMT", "CCCD, CMND", "Giấy tờ tùy thân", "Số giấy tờ tùy thân", "Số GTTT", "Số CMND/căn cước",
        "Số CMND/thẻ CCCD", "Số ĐD/CCCD", "Mã ĐDCN", "Căn cước/CCCD", "Số căn cước/CCCD", "CMND/CCCD/ĐDCN",
        "Số CMND/CCCD/ĐDCN", "CMND, CCCD",
    ),
    "cmnd": (
        "CMND", "Số CMND", "CMTND", "Số CMTND", "CMT", "Số CMT", "Chứng minh nhân dân", "Chứng minh thư",
        "Số chứng minh nhân dân", "Số chứng minh thư", "CMND cũ", "Số CMND cũ", "CMND 9 số", "Số CMND 9 số",
    ),
    "village": (
        "Thôn/bản", "Thôn", "Bản", "Thôn bản", "Xóm", "Ấp", "Buôn", "Tổ dân phố", "Thôn/bản/tổ dân phố",
        "TDP", "Thôn/xóm", "Thôn/ấp", "Thôn/TDP", "Thôn, tổ dân phố", "Thôn/tổ", "Khu phố", "Khu dân cư",
        "Khu", "Tổ", "Tên thôn", "Tên bản", "Tên thôn/bản", "Tên xóm", "Làng", "Tên làng", "Đội", "Khóm",
        "Khóm/ấp", "Ấp/khóm", "Xóm/bản", "Bản/xóm", "Buôn/làng", "Thôn/buôn", "Thôn/buôn/bon", "Phum/sóc",
        "Sóc", "Plei", "Bon", "Thôn, xóm, bản", "Thôn/xóm/bản", "Thôn/bản/xóm", "Thôn/bản/khu phố",
        "Thôn/làng", "Làng/bản",
    ),
    "address": (
        "Địa chỉ", "Nơi ở", "Nơi cư trú", "Nơi ở hiện nay", "Nơi ở hiện tại", "Địa chỉ thường trú",
        "Nơi thường trú", "Hộ khẩu thường trú", "HKTT", "Chỗ ở", "Chỗ ở hiện nay", "Nơi đăng ký thường trú",
        "Nơi ĐKTT", "ĐKTT", "Nơi ĐKHKTT", "ĐKHKTT", "Thường trú", "Địa chỉ hộ", "Địa chỉ nơi ở",
        "Địa chỉ cư trú", "Địa bàn",
    ),
    "poverty_status": (
        "Loại hộ", "Diện hộ", "Hộ nghèo/cận nghèo", "Phân loại hộ", "Hộ nghèo, hộ cận nghèo", "Thuộc diện",
        "Diện", "Đối tượng hộ", "Tình trạng hộ", "Hộ nghèo/hộ cận nghèo", "Nghèo/cận nghèo",
        "Hộ nghèo, cận nghèo", "Hộ nghèo hoặc cận nghèo", "Hộ nghèo hoặc hộ cận nghèo", "HN/HCN", "HN, HCN",
        "N/CN", "Hộ N/CN", "Phân loại", "Kết quả rà soát", "Kết quả phân loại hộ", "Xếp loại hộ",
        "Loại hộ nghèo", "Diện hộ nghèo", "Thuộc diện hộ", "Thuộc hộ", "Loại", "Đối tượng",
        "Đối tượng thụ hưởng", "Loại đối tượng", "Thuộc đối tượng", "Diện đối tượng", "Kết quả xếp loại",
        "Hộ nghèo/cận nghèo/không nghèo", "Nghèo, cận nghèo", "Thuộc loại hộ",
    ),
    "poor": (
        "Hộ nghèo", "Nghèo", "HN", "H.nghèo", "Hộ N", "Là hộ nghèo", "Thuộc hộ nghèo", "Thuộc diện hộ nghèo",
    ),
    "near_poor": (
        "Hộ cận nghèo", "Cận nghèo", "HCN", "H.cận nghèo", "H.C.nghèo", "Hộ CN", "CN", "C.nghèo", "Hộ cận",
        "Cận N", "Là hộ cận nghèo", "Thuộc hộ cận nghèo", "Thuộc diện hộ cận nghèo",
    ),
    "not_poor": (
        "Hộ thoát nghèo", "Thoát nghèo", "Hộ mới thoát nghèo", "Mới thoát nghèo", "Không nghèo",
        "Hộ không nghèo", "Hộ thoát cận nghèo", "Thoát cận nghèo", "Hộ khác", "Hộ trung bình",
        "Hộ có mức sống trung bình", "Không thuộc hộ nghèo, cận nghèo", "Không thuộc hộ nghèo, hộ cận nghèo",
        "Hộ còn lại",
    ),
    "certificate_number": (
        "Số giấy chứng nhận", "Số GCN", "Giấy chứng nhận số", "Giấy chứng nhận", "GCN", "Giấy CN",
        "Số giấy CN", "Số giấy chứng nhận hộ nghèo, hộ cận nghèo", "Giấy chứng nhận hộ nghèo",
        "Giấy chứng nhận hộ cận nghèo", "GCN hộ nghèo", "Số GCN hộ nghèo", "GCN HN/HCN", "Số GCN HN/HCN",
        "GCN số", "Mã GCN", "Mã số GCN", "Số hiệu GCN", "Giấy chứng nhận hộ nghèo, hộ cận nghèo",
        "Số giấy chứng nhận hộ nghèo/cận nghèo",
    ),
    "certificate_date": (
        "Ngày cấp GCN", "Ngày cấp giấy chứng nhận", "Ngày cấp", "Ngày GCN", "Ngày cấp giấy CN",
        "Ngày cấp giấy", "Ngày tháng cấp", "Ngày, tháng, năm cấp", "Ngày tháng cấp GCN",
        "Ngày, tháng, năm cấp GCN", "Thời gian cấp", "Ngày giấy chứng nhận",
        "Ngày cấp giấy chứng nhận hộ nghèo", "Ngày cấp giấy chứng nhận hộ cận nghèo",
    ),
    "certificate_year": (
        "Năm công nhận", "Năm GCN", "Năm của giấy chứng nhận", "Năm rà soát", "Công nhận năm",
        "Năm xét duyệt", "Năm công nhận hộ nghèo",
    ),
    "certificate_place": (
        "Nơi cấp GCN", "Nơi cấp giấy chứng nhận", "Nơi cấp", "Cơ quan cấp", "Cơ quan cấp GCN", "Đơn vị cấp",
        "Xã cấp", "Xã cấp GCN", "Nơi cấp giấy CN", "Nơi cấp giấy", "UBND xã cấp",
    ),
    "members_count": (
        "Số khẩu", "Số nhân khẩu", "Nhân khẩu", "Số người", "Số người trong hộ", "Tổng số khẩu",
        "Số thành viên", "SK", "NK", "Khẩu", "Tổng số nhân khẩu", "Tổng nhân khẩu", "Tổng khẩu",
        "Tổng số người", "Số TV", "Số NK", "S.khẩu", "Số khẩu trong hộ", "Số thành viên trong hộ",
        "Số thành viên hộ", "Tổng số thành viên", "Số lượng thành viên", "Số người trong gia đình",
        "Nhân khẩu trong hộ", "Số nhân khẩu trong hộ", "Số lượng nhân khẩu", "Tổng số NK",
    ),
    "phone": (
        "Số điện thoại", "Điện thoại", "SĐT", "Số ĐT", "Điện thoại liên hệ", "Số điện thoại liên hệ", "ĐTDĐ",
        "Di động", "Điện thoại di động", "SĐT liên hệ", "Số ĐT liên hệ", "SĐT/Zalo", "Số di động", "Số máy",
        "ĐT liên hệ", "Số điện thoại di động", "Liên hệ", "ĐT di động", "Mobile", "Số đ.thoại", "Đ.thoại",
    ),
    "has_smartphone": (
        "Đã có điện thoại thông minh", "Có điện thoại thông minh", "Điện thoại thông minh",
        "Đã có smartphone", "Hộ đã có điện thoại thông minh", "Hộ có điện thoại thông minh", "Có ĐTTM",
        "ĐTTM", "Đã có ĐTTM", "Hộ có ĐTTM", "Smartphone", "Có smartphone", "ĐT thông minh",
        "Có ĐT thông minh", "Đã có ĐT thông minh", "Đã có điện thoại", "Sở hữu điện thoại thông minh",
        "Tình trạng điện thoại thông minh", "Sử dụng điện thoại thông minh",
        "Có sử dụng điện thoại thông minh", "Hiện có điện thoại thông minh", "Số điện thoại thông minh",
        "Số ĐTTM", "Đang sử dụng điện thoại thông minh", "Đã có đ.thoại thông minh",
        "Gia đình có điện thoại thông minh", "Hộ gia đình có điện thoại thông minh",
        "Hộ gia đình đã có điện thoại thông minh",
    ),
    "no_smartphone": (
        "Chưa có điện thoại thông minh", "Không có điện thoại thông minh", "Chưa có ĐTTM", "Không có ĐTTM",
        "Hộ chưa có điện thoại thông minh", "Hộ không có điện thoại thông minh", "Chưa có smartphone",
        "Chưa có ĐT thông minh", "Chưa có điện thoại",
    ),
    "priority_group": (
        "Đối tượng ưu tiên", "Diện ưu tiên", "Ưu tiên", "Thuộc đối tượng ưu tiên", "Đối tượng chính sách",
        "Diện chính sách", "Thuộc diện chính sách", "Thuộc diện ưu tiên", "Nhóm ưu tiên", "Đối tượng UT",
        "ĐT ưu tiên", "Chính sách ưu tiên",
    ),
    "merit": (
        "Người có công", "Gia đình có công", "Gia đình người có công", "Hộ có công", "NCC", "GĐ có công",
        "Người có công với cách mạng", "Hộ người có công",
    ),
    "social_policy": (
        "Chính sách xã hội", "Gia đình chính sách xã hội", "Gia đình chính sách", "Hộ chính sách",
        "GĐ chính sách", "Hộ chính sách xã hội", "Đối tượng chính sách xã hội",
    ),
    "income_per_person": (
        "Thu nhập bình quân đầu người/tháng", "Thu nhập bình quân đầu người",
        "Thu nhập bình quân người/tháng",
        "Thu nhập BQ đầu người/tháng", "Thu nhập BQ đầu người", "TNBQ đầu người/tháng", "TNBQ đầu người",
        "Thu nhập bình quân 1 người/tháng", "Thu nhập bình quân đầu người (đồng/tháng)",
        "Thu nhập bình quân đầu người (đồng/người/tháng)", "Thu nhập bình quân/người/tháng",
    ),
    "deprivations": (
        "Số chỉ số thiếu hụt", "Số chỉ số thiếu hụt dịch vụ xã hội cơ bản", "Số thiếu hụt",
        "Chỉ số thiếu hụt",
        "Số chỉ số thiếu hụt DVXHCB", "Số lượng chỉ số thiếu hụt", "Tổng số chỉ số thiếu hụt",
    ),
    "urban": (
        "Thành thị/nông thôn", "Khu vực thành thị/nông thôn", "Khu vực (thành thị/nông thôn)",
        "Thành thị, nông thôn", "Thành thị hay nông thôn",
    ),
    "extremely_difficult_village": (
        "Thôn đặc biệt khó khăn", "Bản đặc biệt khó khăn", "Thôn bản đặc biệt khó khăn", "Thôn ĐBKK",
        "Thôn, bản ĐBKK", "Thuộc thôn đặc biệt khó khăn", "Thuộc thôn ĐBKK", "Ấp đặc biệt khó khăn",
    ),
    "extremely_difficult_commune": (
        "Xã đặc biệt khó khăn", "Xã ĐBKK", "Thuộc xã đặc biệt khó khăn", "Thuộc xã ĐBKK", "Xã khu vực III",
    ),
    "received_tablet": (
        "Đã nhận máy tính bảng", "Đã được cấp máy tính bảng", "Đã nhận MTB", "Máy tính bảng",
        "Máy tính bảng đã nhận", "Đã được hỗ trợ máy tính bảng", "Đã được nhận máy tính bảng",
        "Đã được cấp MTB",
    ),
    "received_computer": (
        "Đã nhận máy tính", "Đã được hỗ trợ máy tính", "Đã được cấp máy tính", "Đã được nhận máy tính",
    ),
    "received_smartphone": (
        "Đã nhận điện thoại", "Đã nhận điện thoại thông minh", "Đã được hỗ trợ điện thoại",
        "Đã được cấp điện thoại", "Đã được hỗ trợ điện thoại thông minh",
        "Đã được cấp điện thoại thông minh", "Đã nhận ĐTTM",
    ),
    "received_device": (
        "Đã nhận thiết bị", "Đã nhận máy tính bảng/thiết bị", "Thiết bị đã nhận", "Đã được hỗ trợ thiết bị",
        "Đã nhận hỗ trợ thiết bị", "Thiết bị đã được hỗ trợ", "Đã được cấp thiết bị",
        "Đã nhận máy tính bảng, máy tính", "Đã nhận máy tính/máy tính bảng", "Đã được nhận thiết bị",
        "Đã nhận thiết bị thông minh",
    ),
    "residence": (
        "Tình trạng cư trú", "Loại cư trú", "Cư trú", "Thường trú/tạm trú", "Hình thức cư trú",
        "Đăng ký cư trú",
    ),
    "conflict": (
        "Cán bộ/đảng viên là người thân", "Người thân là cán bộ", "Có người thân là cán bộ",
        "Người thân là cán bộ xã", "Người thân là cán bộ, đảng viên", "Có người thân là cán bộ, đảng viên",
        "Người nhà là cán bộ", "Quan hệ với cán bộ xã", "Người thân của cán bộ", "Là người thân của cán bộ",
        "Xung đột lợi ích",
    ),
    "notes": ("Ghi chú", "Chú thích", "Ghi chú khác", "Ghi chú thêm", "Ghi chú/lý do", "GC"),
}  # fmt: skip

IGNORED = (
    "Thu nhập", "Thu nhập bình quân", "Ký nhận", "Chữ ký", "Ký tên", "Số tiền", "Thành tiền", "Nghề nghiệp",
    "Trình độ", "Trình độ học vấn", "Tôn giáo", "Quê quán", "Nơi sinh", "Ngày cấp CCCD", "Ngày cấp CMND",
    "Ngày cấp căn cước", "Ngày cấp thẻ CCCD", "Nơi cấp CCCD", "Nơi cấp CMND", "Nơi cấp căn cước",
    "Số sổ hộ khẩu", "Số hộ khẩu", "Số BHYT", "Mã BHYT", "Số thẻ BHYT", "Tuổi", "Xã", "Xã/phường", "Phường",
    "Huyện", "Tỉnh", "Quyết định", "Số quyết định", "Ngày quyết định", "Điểm", "Tổng điểm", "Số nữ",
    "Trong đó nữ", "Số lao động", "Số trẻ em", "Số tài khoản", "Ngân hàng", "Số khẩu nữ",
    "Số người phụ thuộc", "Số người trong độ tuổi lao động", "Số người khuyết tật",
    "Số người dân tộc thiểu số", "Chủ hộ là nữ", "Chủ hộ là người dân tộc thiểu số", "Người nhận",
    "Họ và tên người nhận", "Họ và tên người ký", "Người ký nhận", "Ngày nhận", "Nơi nhận", "Mã thôn",
    "Mã xã", "Mã đơn vị", "Hộ nghèo dân tộc thiểu số", "Hộ dân tộc thiểu số", "Loại điện thoại", "Loại máy",
    "Loại thiết bị", "Loại hình", "Diện tích", "Hộ khẩu", "Ngày tháng nhận", "Đã có internet", "Số hộ",
    "Số hộ nghèo", "Số hộ cận nghèo", "Tổng số hộ", "Chủ tịch", "Đội trưởng",
)  # fmt: skip
"""Titles that begin like a known one, or stand in many lists, and hold nothing that an application needs."""

OTHER_PEOPLE = frozenset(
    {"vo", "chong", "cha", "me", "bo", "con", "nguoi nhan", "nguoi ky", "truong thon", "can bo"}
)
"""Behind a known title these words name somebody who is not the head: "Họ và tên vợ/chồng"."""
