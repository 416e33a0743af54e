"""The people of the demo: invented names, numbers and mailboxes that belong to nobody."""

from __future__ import annotations

from typing import Any

_CN = (
    "王建国 李秀英 张伟 刘洋 陈静 杨帆 赵敏 黄磊 周婷 吴昊 徐丽 孙鹏 胡雪 "
    "朱琳 高峰 林涛 何洁 郭靖宇 马超群 罗曼 梁晨 宋佳 郑爽朗 谢安然 韩梅 唐宁"
)
_US = (
    "Ada Whitfield, Ben Okafor, Carla Reyes, Dale Jensen, Elena Petrov, Frank Moreau, Grace Lindqvist, "
    "Hank Delgado, Iris Nakamura, Joel Abrams, Kara Boyle, Liam Castro, Mona Fischer, Ned Harper, Olga Brandt"
)
_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
_STATES = ("US-NY", "US-IL", "US-CO", "US-CA")


def person_id(number: int) -> str:
    return f"C-{number:06d}"


def person(
    number: int, region: str, *, consent: bool = True, bad_email: bool = False, phone_of: int | None = None
) -> dict[str, Any]:
    """One person as the bank's snapshot carries him."""
    agreed = ["sms", "call"] if consent else ["call"]
    local = "reject" if bad_email else f"borrower{number}"
    points = [
        {"kind": "mobile", "value": _mobile(phone_of or number, region), "consent": agreed},
        {"kind": "email", "value": f"{local}@example.com", "consent": ["email"] if consent else []},
    ]
    body = {"id": person_id(number), "name": _name(number, region), "contact_points": points}
    return body | _place(number, region)


def zone(number: int, region: str) -> str:
    return "Asia/Shanghai" if region == "CN" else _ZONES[number % len(_ZONES)]


def _name(number: int, region: str) -> str:
    names = _CN.split() if region == "CN" else _US.split(", ")
    return names[(number - 1) % len(names)] if region == "CN" else names[(number - 31) % len(names)]


def _mobile(number: int, region: str) -> str:
    return f"+86190000{number:05d}" if region == "CN" else f"+1202555{100 + number:04d}"


def _place(number: int, region: str) -> dict[str, Any]:
    if region == "CN":
        address = {"kind": "home", "text": f"上海市示例路 {number} 号", "region": "CN-31"}
        return {"language": "zh-CN", "zone": zone(number, region), "addresses": [address]}
    address = {"kind": "home", "text": f"{number} Example Street", "region": _STATES[number % len(_STATES)]}
    return {"language": "en", "zone": zone(number, region), "addresses": [address]}
