"""The procedures typed once more by hand, in another shape: which move may come right after which on its
track, and the papers. Nothing is taken from the packs or from the domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

Past = Sequence[tuple[date, str]]
FIRST = ""
"""Nothing came before on the track."""
_TITLES = ("payment_order_effective", "realisation_permitted", "mediated", "appeal_decided", "judgment_final")
_SUED = ("suit_filed", "arbitration_filed")
_HERE = ("vehicle_recovered", "vehicle_surrendered", "sale_called_off")
AFTER: dict[str, dict[str, tuple[str, ...]]] = {
    "CN": {
        "payment_order_requested": (FIRST, "payment_order_refused"),
        "payment_order_refused": ("payment_order_requested",),
        "payment_order_served": ("payment_order_requested",),
        "payment_order_objected": ("payment_order_served",),
        "payment_order_effective": ("payment_order_served",),
        "realisation_requested": (FIRST, "payment_order_refused"),
        "realisation_permitted": ("realisation_requested",),
        "realisation_dismissed": ("realisation_requested",),
        "suit_filed": (FIRST, "payment_order_refused", "payment_order_objected", "realisation_dismissed"),
        "arbitration_filed": (
            FIRST,
            "payment_order_refused",
            "payment_order_objected",
            "realisation_dismissed",
        ),
        "mediated": (*_SUED, "appealed"),
        "judgment": _SUED,
        "suit_dismissed": (*_SUED, "appealed"),
        "appealed": ("judgment", "suit_dismissed"),
        "appeal_decided": ("appealed",),
        "judgment_final": ("judgment",),
        "enforcement_requested": (*_TITLES, "enforcement_suspended"),
        "enforcement_suspended": ("enforcement_requested",),
        "enforced": ("judgment", *_TITLES, "enforcement_requested"),
        "presuit_preservation_ordered": (FIRST, "preservation_lifted"),
        "preservation_ordered": (FIRST, "preservation_lifted", "presuit_preservation_ordered"),
        "preservation_lifted": ("presuit_preservation_ordered", "preservation_ordered"),
    },
    "US": {
        "accelerated": (FIRST, "suit_dismissed"),
        "suit_filed": (FIRST, "suit_dismissed", "accelerated"),
        "judgment": ("suit_filed",),
        "suit_dismissed": ("suit_filed",),
        "enforcement_requested": ("judgment",),
        "enforced": ("judgment", "enforcement_requested"),
        "vehicle_recovered": (FIRST, "redeemed"),
        "vehicle_surrendered": (FIRST, "redeemed"),
        "sale_planned": (*_HERE, "sale_planned", "presale_notice_given"),
        "presale_notice_given": ("sale_planned", "presale_notice_given"),
        "sale_called_off": ("sale_planned", "presale_notice_given"),
        "redeemed": (*_HERE, "sale_planned", "presale_notice_given"),
        "sold": ("presale_notice_given",),
        "explained": ("sold",),
        "deficiency_demanded": ("explained",),
    },
    "UK": {
        "terminated": (FIRST, "suit_dismissed"),
        "suit_filed": (FIRST, "suit_dismissed", "terminated"),
        "judgment": ("suit_filed",),
        "return_order": ("suit_filed", "time_order"),
        "time_order": ("suit_filed", "judgment", "return_order"),
        "suit_dismissed": ("suit_filed",),
        "enforcement_requested": ("judgment", "return_order"),
        "enforced": ("judgment", "return_order", "enforcement_requested"),
        "vehicle_recovered": (FIRST, "redeemed"),
        "vehicle_surrendered": (FIRST, "redeemed"),
        "redeemed": ("vehicle_recovered", "vehicle_surrendered"),
        "sold": ("vehicle_recovered", "vehicle_surrendered"),
        "shortfall_demanded": ("sold",),
    },
}
OF_TIME = {"the days are not over", "too late", "another sale than was told"}
ENDS = ("enforced", "recovered", "withdrawn", "concluded")
ANYTIME = ("recovered", "withdrawn", "concluded")
SIDE = {
    "presuit_preservation_ordered",
    "preservation_ordered",
    "preservation_lifted",
    "vehicle_recovered",
    "vehicle_surrendered",
    "sale_planned",
    "presale_notice_given",
    "sale_called_off",
    "redeemed",
    "sold",
    "explained",
    "deficiency_demanded",
    "shortfall_demanded",
}
"""Moves beside the claim: preservation, the vehicle."""
PAPERS: dict[str, str] = {
    "CN payment_order_requested": "application loan_contract filing_receipt",
    "CN payment_order_refused": "ruling",
    "CN payment_order_served": "payment_order proof_of_service",
    "CN payment_order_objected": "ruling",
    "CN payment_order_effective": "certificate_of_effect",
    "CN realisation_requested": "application loan_contract mortgage_registration filing_receipt",
    "CN realisation_permitted": "ruling",
    "CN realisation_dismissed": "ruling",
    "CN suit_filed": "statement_of_claim filing_receipt",
    "CN arbitration_filed": "statement_of_claim arbitration_agreement filing_receipt",
    "CN mediated": "mediation_statement proof_of_service",
    "CN judgment": "judgment",
    "CN suit_dismissed": "judgment",
    "CN appealed": "appeal",
    "CN appeal_decided": "judgment",
    "CN judgment_final": "certificate_of_effect",
    "CN enforcement_requested": "enforcement_application certificate_of_effect",
    "CN enforcement_suspended": "ruling",
    "CN presuit_preservation_ordered": "preservation_application security preservation_ruling",
    "CN preservation_ordered": "preservation_application preservation_ruling",
    "CN preservation_lifted": "preservation_ruling",
    "US accelerated": "acceleration_notice",
    "US suit_filed": "statement_of_claim filing_receipt",
    "US judgment": "judgment military_affidavit",
    "US suit_dismissed": "judgment",
    "US enforcement_requested": "enforcement_application",
    "US vehicle_recovered": "condition_report property_inventory military_status",
    "US vehicle_surrendered": "surrender_statement condition_report",
    "US presale_notice_given": "presale_notice proof_of_sending",
    "US redeemed": "receipt release",
    "US sold": "sale_report",
    "US explained": "explanation proof_of_sending",
    "US deficiency_demanded": "demand proof_of_sending",
    "UK terminated": "default_notice termination_notice",
    "UK suit_filed": "statement_of_claim filing_receipt",
    "UK judgment": "judgment",
    "UK return_order": "court_order",
    "UK time_order": "court_order",
    "UK suit_dismissed": "judgment",
    "UK enforcement_requested": "enforcement_application",
    "UK vehicle_recovered": "condition_report property_inventory",
    "UK vehicle_surrendered": "surrender_statement condition_report",
    "UK redeemed": "receipt release",
    "UK sold": "valuation sale_report",
    "UK shortfall_demanded": "statement_of_account demand",
}


def moves(place: str) -> list[str]:
    return sorted({*AFTER[place], *ANYTIME})


def papers(place: str, move: str) -> frozenset[str]:
    if move in ("enforced", "recovered"):
        return frozenset({"statement_of_proceeds"})
    return frozenset(PAPERS.get(f"{place} {move}", "").split())


def forbidden(
    place: str,
    past: Past,
    on: date,
    move: str,
    has: frozenset[str],
    paid: Fraction | None,
    planned: tuple[str, date] | None = None,
) -> list[str]:
    """Every reason that this checker knows. planned: how and when the last plan of a sale has it."""
    beside = move in SIDE
    track = [(day, code) for day, code in past if (code in SIDE) == beside]
    before_on, before = track[-1] if track else (date.min, FIRST)
    found = [] if move in ANYTIME or before in AFTER[place].get(move, ()) else ["out of order"]
    found += ["it is over"] if before in ENDS else []
    found += ["before the last"] if on < before_on else []
    found += ["papers"] if papers(place, move) - has else []
    waits = {"payment_order_effective": 15, "judgment_final": 15} if place == "CN" else {}
    if move in waits and (on - before_on).days <= waits[move]:
        found.append("the days are not over")
    found += ["too late"] if _late(place, past, on, move, before_on, before) else []
    if move == "sold" and place == "US" and planned is not None:
        kind, day = planned
        told = on == day if kind == "public" else on > day
        found += [] if told else ["another sale than was told"]
    if place == "CN" and move == "preservation_ordered" and not any(code == "suit_filed" for _, code in past):
        found.append("no suit")
    if place == "UK" and move == "vehicle_recovered":
        codes = [code for _, code in past]
        found += ["not terminated"] if "terminated" not in codes else []
        protected = paid is None or paid * 3 >= 1
        found += ["protected goods"] if protected and "return_order" not in codes else []
    return found


def _late(place: str, past: Past, on: date, move: str, before_on: date, before: str) -> bool:
    if place == "CN" and move == "appealed":
        return on > before_on + timedelta(days=15)
    if place == "CN" and move == "enforcement_requested" and before != "enforcement_suspended":
        return on > _years_later(before_on, 2)
    if place == "UK" and move == "enforcement_requested":
        orders = [day for day, code in past if code in ("judgment", "return_order")]
        return bool(orders) and on > _years_later(orders[-1], 6)
    return False


def _years_later(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29) and (day.year + years) % 4:
        return date(day.year + years, 2, 28)
    return date(day.year + years, day.month, day.day)
