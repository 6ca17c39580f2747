"""Made-up people with names as they are spread in Viet Nam: a few words that half the country shares, and a
long tail. No real person: every name is dice. The shares are rough; what matters is that some are common,
some rare, and that the words of one people meet in the same communes."""

import random
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from services.applications.household import HouseholdDraft, Member, Sex

Weighted = tuple[tuple[str, ...], tuple[float, ...]]


def _falling(words: str, steepness: float = 0.9) -> Weighted:
    """Words, the first the most frequent, falling as in natural names; weights are summed up."""
    names = tuple(words.split())
    return names, tuple(accumulate(1 / (place + 1) ** steepness for place in range(len(names))))


def _even(words: str) -> Weighted:
    return _falling(words, 0.0)


@dataclass(frozen=True, slots=True)
class People:
    """How one people names its children. `code` is that of the statistics office."""

    code: str
    families: Weighted
    middles_of_men: Weighted
    middles_of_women: Weighted
    given_of_men: Weighted
    given_of_women: Weighted


KINH = People(
    "01",
    _falling("Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Đoàn Trịnh Mai Tô Cao", 1.1),
    _falling("Văn Đức Hữu Minh Quang Xuân Công Đình Thành Ngọc"),
    _falling("Thị Ngọc Thu Thanh Minh Kim Hồng Mai", 1.8),
    _falling(
        "Hùng Dũng Tuấn Nam Hải Long Sơn Thắng Minh Hưng Cường Đức Tùng Hiếu Quân Bình Thành Trung Toàn Khánh"
        " Phong Phúc Lâm Vinh Tú Hòa Kiên Quý Tân Lợi Nghĩa Thịnh Việt Chiến Đạt Khoa Luân Bảo Nhân Trí"
    ),
    _falling(
        "Hương Lan Hoa Hà Linh Thảo Nga Hằng Thủy Mai Yến Trang Dung Loan Phương Huyền Hạnh Oanh Nhung Liên"
        " Xuân Thu Tuyết Ngân Vân Hiền Bích Quyên Tâm Thơm Lụa Nhàn Sen Đào Cúc Mận Phượng Diệp Giang Chi"
    ),
)
TAY = People(
    "02",
    _falling("Nông Hoàng Lương Ma Hà Lục Nguyễn Vi Hứa Bế La Triệu Chu Quan Đàm Mông Phương Lê", 0.7),
    _falling("Văn Đức Minh Ích Quang Xuân"),
    _falling("Thị Bích Thu Hồng", 2.0),
    KINH.given_of_men,
    KINH.given_of_women,
)
HMONG = People(
    "08",
    _falling("Giàng Sùng Vàng Lý Mùa Thào Hạng Cứ Lầu Hờ Vừ Ly Sình Già Ma Chá Cháng Hầu Tráng Sính", 0.7),
    _falling("A Seo Mí Chứ Vản", 1.4),
    _falling("Thị Mỷ", 2.0),
    _falling(
        "Páo Dìn Sì Chứ Dơ Súa Lử Của Tỏa Chinh Phử Vư Sính Lềnh Giàng Tủa Dế Nhè Chỉnh Lủ Vảng Dua Thề"
        " Phổng Sèng Lầu Hồ Tráng Dình Cở Chá Nỏ Pó Sàng"
    ),
    _falling(
        "Mẩy Máy Dợ Mỷ Súa Sua Chá Dở Xúa Pà Cha Ly Mo Sông Dia Vá Pàng Giống Sáy Chở Say Ka Sày Chù Lía"
    ),
)
DAO = People(
    "09",
    _falling("Bàn Triệu Đặng Lý Phàn Chảo Tẩn Lò Phùng Trương Dương Tạ", 0.6),
    _falling("Văn Tiến Tà Láo Phù Quầy Chòi Kim Đức"),
    _falling("Thị Mùi Mẩy Tả", 1.5),
    _falling("Phú Pết Lìn Khe Quyên Tuyên Sảnh Phâu Chiêu Kiêm Hín Quan Vạn Cói Nảy Chẳn Vảng Phin Ton Siểu"),
    _falling("Mẩy Mùi Nhàn Quyên Pham Chài Phấy Dần Ghển Lai Viền Khé Nái Man Coi Liều San Xiêm"),
)
ONSETS = [
    "B",
    "C",
    "Ch",
    "D",
    "Đ",
    "G",
    "Gi",
    "H",
    "Kh",
    "L",
    "M",
    "N",
    "Ng",
    "Nh",
    "P",
    "Ph",
    "S",
    "T",
    "Th",
    "Tr",
    "V",
    "X",
]
RHYMES = [
    "ao",
    "ăng",
    "ẩu",
    "én",
    "ềnh",
    "iếu",
    "ín",
    "ỉnh",
    "ò",
    "ốc",
    "ông",
    "ớt",
    "ủa",
    "úng",
    "uốn",
    "ư",
    "ườm",
    "ướng",
    "ỳ",
    "uyển",
    "ạch",
    "ẹo",
    "ỉa",
    "oáng",
]
RARE = 0.01
"""Share of given names from the long tail of some 500 syllables."""

MOUNTAINS = frozenset({"04", "08", "11", "12", "14", "15", "19", "20"})
"""Provinces of the northern mountains."""


def peoples_of(province: str, dice: random.Random) -> tuple[People, ...]:
    """Ten peoples to draw a commune's households from: seven of its own, three of the province's."""
    weights = (20, 30, 30, 20) if province in MOUNTAINS else (85, 7, 4, 4)
    own, *others = dice.choices((KINH, TAY, HMONG, DAO), weights, k=4)
    return (*[own] * 7, *others)


def household(number: int, people: People, dice: random.Random) -> HouseholdDraft:
    """Household `number`, with a citizen ID of its own and one for every adult in it."""
    woman = dice.random() < 0.25
    family, born = _draw(people.families, dice), dice.randint(1945, 1999)
    members = [_wife(number, people, dice)] if not woman and dice.random() < 0.9 else []
    members += [_child(family, people, dice) for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4)))]
    return HouseholdDraft(
        head_name=_name(family, people, woman, dice),
        birth_date=date(born, dice.randint(1, 12), dice.randint(1, 28)),
        birth_year=born,
        sex=_sex(woman),
        ethnicity=people.code,
        citizen_id=f"002{int(woman)}{born % 100:02d}{number % 1_000_000:06d}",
        cmnd=None,
        village=f"Thôn {dice.randint(1, 12)}",
        poverty_status=dice.choice(("poor", "near_poor")),
        certificate_number=f"{number}/GCN-HN.HCN",
        certificate_date=date(2025, 12, 10),
        certificate_year=2026,
        members_count=1 + len(members),
        phone=None,
        has_smartphone=dice.random() < 0.2,
        priority_group=None,
        notes="",
        members=tuple(members),
    )


def _wife(number: int, people: People, dice: random.Random) -> Member:
    born = dice.randint(1945, 1999)
    name = _name(_draw(people.families, dice), people, True, dice)
    return Member(
        name, "spouse", None, born, "female", citizen_id=f"004{1}{born % 100:02d}{number % 1_000_000:06d}"
    )


def _child(family: str, people: People, dice: random.Random) -> Member:
    woman = dice.random() < 0.5
    return Member(_name(family, people, woman, dice), "child", None, dice.randint(2000, 2025), _sex(woman))


def _sex(woman: bool) -> Sex:
    return "female" if woman else "male"


def _name(family: str, people: People, woman: bool, dice: random.Random) -> str:
    middle = _draw(people.middles_of_women if woman else people.middles_of_men, dice)
    given = people.given_of_women if woman else people.given_of_men
    rare = dice.random() < RARE
    last = dice.choice(ONSETS) + dice.choice(RHYMES) if rare else _draw(given, dice)
    return f"{family} {middle} {last}"


def _draw(words: Weighted, dice: random.Random) -> str:
    return dice.choices(words[0], cum_weights=words[1])[0]
