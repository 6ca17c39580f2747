"""The people of the demo: one of each role, in the pilot commune Nậm Dịch (01075), Tuyên Quang (08).

MINISTRY has no account: it only gives money to the national programme.
"""

from shared.auth import Actor, Role

COMMUNE, PROVINCE = "01075", "08"
SHOP, ENTERPRISE = "cua-hang-nam-dich", "vien-thong-demo"

OFFICER = Actor("can-bo", "Cán bộ xã", frozenset({Role.OFFICER}), commune=COMMUNE, province=PROVINCE)
APPROVER = Actor("chu-tich", "Chủ tịch xã", frozenset({Role.APPROVER}), commune=COMMUNE, province=PROVINCE)
PROVINCE_APPROVER = Actor("duyet-tinh", "Người duyệt cấp tỉnh", frozenset({Role.APPROVER}), province=PROVINCE)
MANAGER = Actor("quan-ly", "Quản lý tỉnh", frozenset({Role.MANAGER}), province=PROVINCE)
MINISTRY = Actor("quan-ly-trung-uong", "Quản lý trung ương", frozenset({Role.MANAGER}))
SHOPKEEPER = Actor("cua-hang", "Cửa hàng", frozenset({Role.SHOP}), shop_id=SHOP, enterprise_id=ENTERPRISE)
PAYER = Actor("ke-toan", "Kế toán quỹ", frozenset({Role.PAYER}))
AUDITOR = Actor("kiem-toan", "Kiểm toán", frozenset({Role.AUDITOR}))
EVERYBODY = (OFFICER, APPROVER, PROVINCE_APPROVER, MANAGER, SHOPKEEPER, PAYER, AUDITOR)
