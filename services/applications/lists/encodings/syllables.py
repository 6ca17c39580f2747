"""Whether a word could be a Vietnamese syllable: what tells a right reading of old bytes from a wrong one."""

import re
import unicodedata
from functools import lru_cache

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SHARP_OR_HEAVY = frozenset("\u0301\u0323")
_ONSETS = "ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|b|c|d|đ|g|h|k|l|m|n|p|r|s|t|v|x"
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay "
    "ă ăc ăm ăn ăng ăp ăt "
    "â âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et "
    "ê êch êm ên êng ênh êp êt êu "
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu "
    "o oc oi om on ong op ot ooc oong oa oac oach oai oam oan oang oanh oao oap oat oay "
    "oăc oăm oăn oăng oăt oe oen oeo oet "
    "ô ôc ôi ôm ôn ông ôp ôt "
    "ơ ơi ơm ơn ơng ơp ơt "
    "u ua uc ui um un ung up ut uơ uê uêch uênh uy uya uych uynh uyt uyp uyu uân uâng uât uây "
    "uôc uôi uôm uôn uông uôp uôt uyên uyêt "
    "ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu "
    "y ynh yt ych yên yêm yêt yêu yêng"
)
_SYLLABLE = re.compile(f"(?:{_ONSETS})?(?:{'|'.join(sorted(_RHYMES.split(), key=len, reverse=True))})")
_STOPPED = re.compile(r".*(?:c|ch|p|t)")

COMMON = frozenset(
    [
        "họ",
        "tên",
        "và",
        "chủ",
        "hộ",
        "ngày",
        "tháng",
        "năm",
        "sinh",
        "giới",
        "tính",
        "nam",
        "nữ",
        "dân",
        "tộc",
        "số",
        "định",
        "danh",
        "cá",
        "nhân",
        "căn",
        "cước",
        "công",
        "thôn",
        "bản",
        "xóm",
        "ấp",
        "buôn",
        "tổ",
        "xã",
        "huyện",
        "tỉnh",
        "loại",
        "diện",
        "nghèo",
        "cận",
        "thoát",
        "không",
        "có",
        "chưa",
        "đã",
        "giấy",
        "chứng",
        "nhận",
        "cấp",
        "nơi",
        "khẩu",
        "người",
        "điện",
        "thoại",
        "thông",
        "minh",
        "đối",
        "tượng",
        "ưu",
        "tiên",
        "ghi",
        "chú",
        "tổng",
        "cộng",
        "danh",
        "sách",
        "kinh",
        "tày",
        "thái",
        "mường",
        "nùng",
        "dao",
        "mông",
        "hoa",
        "khmer",
        "giáy",
        "lô",
        "cờ",
        "lao",
        "pà",
        "thẻn",
        "bố",
        "sán",
        "chay",
        "dìu",
        "vợ",
        "chồng",
        "con",
        "cháu",
        "bố",
        "mẹ",
        "quan",
        "hệ",
        "với",
        "ông",
        "bà",
        "anh",
        "chị",
        "em",
        "nậm",
        "nguyễn",
        "trần",
        "lê",
        "phạm",
        "hoàng",
        "huỳnh",
        "vũ",
        "võ",
        "đặng",
        "bùi",
        "đỗ",
        "hồ",
        "ngô",
        "dương",
        "lý",
        "thị",
        "văn",
        "vàng",
        "giàng",
        "sùng",
        "phàn",
        "bàn",
        "chẩu",
        "lò",
        "cầm",
        "lù",
        "tẩn",
        "thào",
        "mua",
        "hầu",
        "má",
        "ly",
        "vừ",
        "cáo",
        "thàng",
        "lừu",
    ]
)
"""Words that lists are full of, where two readings of a cell are both possible."""


@lru_cache(maxsize=16_384)
def plausible(word: str) -> bool:
    """Whether a word (any case, NFC) is spelled as a Vietnamese syllable may be, one tone at most."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    tones = [letter for letter in decomposed if letter in _TONES]
    bare = unicodedata.normalize("NFC", "".join(one for one in decomposed if one not in _TONES))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(bare):
        return False
    return not (_STOPPED.fullmatch(bare) and _SHARP_OR_HEAVY.isdisjoint(tones))
