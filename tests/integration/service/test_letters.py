"""A letter is pressed, kept, and handed over, for the post or with an e-mail; or it stays, and says why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.wrapping import NotOpened
from recourse.delivery import Delivery
from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import Channel
from recourse.gateways.letter_press import TypstPress
from recourse.gateways.print_tray import PrintTray
from recourse.packs.loader import load_packs, with_strategies
from recourse.ports import NotHandedOver
from recourse.reading.verifying import Problem
from recourse.service import reminding
from recourse.service.lettering import Draft, drafted
from recourse.storage import documents
from recourse.storage.documents import DocumentLine
from recourse.storage.situation import gather
from tests import opened
from tests.events import overdue, payment
from tests.fakes import FakeMessenger
from tests.integration.conftest import LENDERS, World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.test_sealing import forged, problems, seal
from tests.letters import open_pdf, text_of

ADDRESS = "上海市静安区南京西路1号"
LADDER = """
id: cn_post
version: "2027-01-01"
region: CN
buckets: [{name: M0, from_dpd: 0}, {name: M1, from_dpd: 1}]
promise: {min_percent: 95, grace_days: 1, max_days_ahead: 30}
steps:
  - {id: demand, kind: remind, stage: agent, day: 1, channel: email, template: formal_demand, letter: true}
  - {id: demand_sms, kind: remind, stage: agent, day: 1, channel: sms, template: formal_demand,
     fallback_for: demand}
  - {id: demand_letter, kind: remind, stage: agent, day: 1, channel: letter, template: formal_demand,
     fallback_for: demand_sms}
  - {id: propose, kind: task, stage: legal, day: 1, task: propose_legal, team: legal, requires: [demand],
     wait_days: 15, positive: [propose], move: legal}
"""


class FakePress:
    """Counts what it is asked, and fails with the error it is given."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None

    async def press(self, letter: bytes) -> bytes:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return await TypstPress().press(letter) + b"%% %d" % self.asked


@pytest.fixture
async def posting(world: World, tmp_path: Path) -> World:
    return on_paper(world, tmp_path)


def on_paper(world: World, tmp_path: Path) -> World:
    """On a ladder that ends with a letter, for a lender whose address is known."""
    ladders = tmp_path / "ladders"
    ladders.mkdir()
    (ladders / "cn_post.yaml").write_text(LADDER)
    lenders = {source: replace(one, address=ADDRESS) for source, one in LENDERS.items()}
    services = replace(world.services, book=with_strategies(load_packs(), ladders), lenders=lenders)
    return replace(world, services=services, delivery=Delivery(services, world.runs))


@pytest.fixture
def tray(tmp_path: Path) -> Path:
    folder = tmp_path / "tray"
    folder.mkdir()
    return folder


def _activities(world: World, tray: Path, press: Any = None, mail: Any = None) -> RemindingActivities:
    other = FakeMessenger()
    channels = {Channel.EMAIL: mail or other, Channel.SMS: other, Channel.LETTER: PrintTray(str(tray))}
    return RemindingActivities(world.services, channels, press=press or TypstPress())


async def _unconsenting(world: World, tray: Path, **snapshot: Any) -> OpenCase:
    """Neither e-mail nor SMS may be used, so that the letter is next."""
    case = await open_case(world, consent=False, **snapshot)
    for step in ("demand", "demand_sms"):
        assert (await _perform(case, _activities(world, tray), step)).code == "no_consent"
    return case


async def sent_by_post(world: World, tmp_path: Path) -> tuple[OpenCase, Path]:
    """A case whose demand went to the post, and the tray that it lies in."""
    folder = tmp_path / "tray"
    folder.mkdir()
    posting = on_paper(world, tmp_path)
    case = await _unconsenting(posting, folder)
    await _perform(case, _activities(posting, folder), "demand_letter")
    return case, folder


async def _perform(case: OpenCase, activities: RemindingActivities, step: str) -> StepResult:
    plan = await case.reach(step)
    return await activities.send_reminder(StepCommand(case.id, step, plan.number))


async def _lines(world: World, case: OpenCase) -> list[DocumentLine]:
    async with world.services.database.reading() as tx:
        return await documents.of_case(tx, CaseId(case.id))


async def test_who_agreed_to_nothing_gets_a_letter_by_post(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    result = await _perform(case, _activities(posting, tray), "demand_letter")
    assert (result.outcome, result.code) == ("done", "sent")
    [ticket] = [json.loads(file.read_text()) for file in tray.glob("*.json")]
    pdf = (tray / ticket["file"]).read_bytes()
    assert ticket["to"] == ["home of L-1"]
    assert ticket["sha256"] == hashlib.sha256(pdf).hexdigest()
    text = text_of(pdf)
    for said in ("催告函", "测试人", "home of L-1", ADDRESS, "3,520.17 CNY", "L-1", ticket["document"]):
        assert said in text


async def test_what_was_sent_is_kept_byte_by_byte_and_waits_to_be_sealed(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    await _perform(case, _activities(posting, tray), "demand_letter")
    [line] = await _lines(posting, case)
    async with posting.services.database.reading() as tx:
        kept = await documents.get(tx, line.id)
    assert kept is not None
    assert kept.content == (tray / f"{line.id}.pdf").read_bytes()
    assert (line.channel, line.state, line.provider_refs) == ("letter", "sent", (line.id,))
    assert line.sha256 == hashlib.sha256(kept.content).hexdigest()
    [attempt] = await opened.contacts(posting)
    assert (line.attempt_id, attempt["subject"]) == (attempt["id"], "催告函")
    assert "3,520.17 CNY" in attempt["content"]
    sealed = "SELECT count(*) FROM unsealed WHERE kind = 'document' AND ref = :id AND chain = 'L-1'"
    assert await posting.scalar(sealed, id=line.id) == 1


async def test_a_letter_that_is_exchanged_later_is_found(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    await _perform(case, _activities(posting, tray), "demand_letter")
    await seal(posting)
    assert await problems(posting) == []
    other = "content_sealed = 'x'::bytea, sha256 = encode(sha256('x'::bytea), 'hex')"
    await forged(posting, f"UPDATE document SET {other}")
    assert await problems(posting) == [(Problem.CHANGED, "document")]


async def test_the_letter_inside_is_what_the_row_says(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    await _perform(case, _activities(posting, tray), "demand_letter")
    [file] = tray.glob("*.pdf")
    [attached] = [one.get_object() for one in open_pdf(file.read_bytes()).root["/AF"].get_object()]
    letter = json.loads(attached["/EF"].get_object()["/F"].get_object().data)
    [attempt] = await posting.rows("SELECT id, template_version FROM contact_attempt")
    assert (letter["contact"], letter["version"]) == (attempt["id"], attempt["template_version"])
    assert (letter["id"], letter["draft"]) == (file.stem, False)


async def test_no_other_file_can_stand_under_a_digest(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    await _perform(case, _activities(posting, tray), "demand_letter")
    [line] = await _lines(posting, case)
    await posting.execute("UPDATE document SET content_sealed = content_sealed || '\\x00'::bytea")
    with pytest.raises(NotOpened, match=line.id):
        async with posting.services.database.reading() as tx:
            await documents.get(tx, line.id)
    with pytest.raises(Exception, match="ck_document_sha256"):  # one that is not sealed
        await posting.execute("UPDATE document SET content = 'x'::bytea")


async def test_the_days_of_a_letter_begin_when_the_post_has_brought_it(posting: World, tray: Path) -> None:
    """Fifteen days by the law, and five in the post (a house rule)."""
    case = await _unconsenting(posting, tray)
    result = await _perform(case, _activities(posting, tray), "demand_letter")
    [sent] = await posting.rows("SELECT at FROM contact_attempt")
    day = (sent["at"] + timedelta(hours=8)).date() + timedelta(days=5 + 15)
    assert result.plan.step_id == "propose"
    assert result.plan.due_at is not None
    assert result.plan.due_at >= datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=16)
    text = text_of(next(tray.glob("*.pdf")).read_bytes())
    assert f"{day.year}年{day.month}月{day.day}日（含当日）" in text


async def test_a_later_default_knows_that_the_earlier_notice_went_by_post(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    await _perform(case, _activities(posting, tray), "demand_letter")
    at = NOON + timedelta(days=10)
    posting.set_now(at)
    await posting.delivery.accept([payment("L-1", at=at, sequence=3, payment_id="P-1")])
    await posting.delivery.accept([overdue("L-1", at=at, sequence=4)])
    second = CaseId("case-L-1-2")
    async with posting.services.database.reading() as tx:
        found = await gather(tx, second, at)
    [notice] = found.situation.earlier_notices
    assert (notice.template, notice.earlier, notice.by_post) == ("formal_demand", True, True)


async def test_an_email_takes_its_letter_along(posting: World, tray: Path) -> None:
    case, mail = await open_case(posting), FakeMessenger()
    result = await _perform(case, _activities(posting, tray, mail=mail), "demand")
    assert result.outcome == "done"
    [message] = mail.sent
    [line] = await _lines(posting, case)
    assert message.paper is not None
    assert (message.paper.id, message.paper.sha256, line.channel) == (line.id, line.sha256, "email")
    assert "催告函" in (message.subject or "")
    assert "home of L-1" in text_of(message.paper.content)
    assert list(tray.iterdir()) == []


async def test_a_letter_without_the_lenders_address_is_not_begun(posting: World, tray: Path) -> None:
    nowhere = replace(posting, services=replace(posting.services, lenders=LENDERS))
    case = await _unconsenting(nowhere, tray)
    result = await _perform(case, _activities(nowhere, tray), "demand_letter")
    assert (result.outcome, result.code) == ("unable", "letter_incomplete")
    reason = await nowhere.scalar("SELECT reason FROM step WHERE code = 'letter_incomplete'")
    assert "lender_address: missing" in reason
    assert "RECOURSE_LENDERS" in reason
    assert list(tray.iterdir()) == []
    assert await nowhere.scalar("SELECT count(*) FROM contact_attempt") == 0


async def test_a_name_that_cannot_be_printed_is_an_error_before_anything_is_sent(
    posting: World, tray: Path
) -> None:
    case = await _unconsenting(posting, tray, name="王\U0002b386")
    result = await _perform(case, _activities(posting, tray), "demand_letter")
    assert (result.outcome, result.code) == ("unable", "letter_unprintable")
    reason = await posting.scalar("SELECT reason FROM step WHERE code = 'letter_unprintable'")
    assert "to.name: U+2B386" in reason
    assert "王" not in reason
    assert await posting.scalar("SELECT state FROM contact_attempt") == "not_sent"
    assert list(tray.iterdir()) == []
    assert await _lines(posting, case) == []


async def test_a_press_that_cannot_sign_just_now_is_asked_again(posting: World, tray: Path) -> None:
    case, press = await _unconsenting(posting, tray), FakePress()
    press.failure = NotHandedOver("letters: the time stamp authority does not answer")
    with pytest.raises(ApplicationError):
        await _perform(case, _activities(posting, tray, press), "demand_letter")
    assert await posting.scalar("SELECT state FROM contact_attempt") == "not_sent"
    press.failure = None
    assert (await _perform(case, _activities(posting, tray, press), "demand_letter")).outcome == "done"


async def test_a_repeated_try_sends_the_bytes_that_were_kept(posting: World, tray: Path) -> None:
    """A signature has its time in it: pressed again, the same letter would be another file."""
    case, press = await _unconsenting(posting, tray), FakePress()
    with pytest.raises(ApplicationError):
        await _perform(case, _activities(posting, tray / "gone", press), "demand_letter")
    [before] = await _lines(posting, case)
    assert before.state == "not_sent"
    await _perform(case, _activities(posting, tray, press), "demand_letter")
    [after] = await _lines(posting, case)
    assert (after.id, after.sha256, after.state) == (before.id, before.sha256, "sent")
    assert hashlib.sha256((tray / f"{after.id}.pdf").read_bytes()).hexdigest() == after.sha256
    assert press.asked == 1


async def test_a_worker_that_dies_with_the_letter_in_its_hand_posts_nothing_twice(
    posting: World, tray: Path
) -> None:
    case = await _unconsenting(posting, tray)
    plan = await case.reach("demand_letter")
    command = StepCommand(case.id, "demand_letter", plan.number)
    await posting.services.run(partial(reminding.claim, command=command))
    result = await _activities(posting, tray).send_reminder(command)
    assert (result.outcome, result.code) == ("open", "outcome_unknown")
    assert list(tray.iterdir()) == []
    assert await posting.scalar("SELECT kind FROM agent_task") == "check_delivery"


async def test_who_asked_us_to_stop_letters_gets_none(posting: World, tray: Path) -> None:
    case = await _unconsenting(posting, tray)
    plan = await case.reach("demand_letter")
    await posting.execute("UPDATE party SET ceased = ARRAY['letter']")
    result = await _activities(posting, tray).send_reminder(
        StepCommand(case.id, "demand_letter", plan.number)
    )
    assert (result.outcome, result.code) == ("refused", "ceased")
    assert list(tray.iterdir()) == []


@pytest.mark.parametrize(("language", "word"), [("zh", "草稿"), ("en", "DRAFT")])
async def test_a_draft_shows_the_letter_and_leaves_nothing_behind(
    posting: World, language: str, word: str
) -> None:
    await open_case(posting, days=12)
    services = posting.services
    async with services.database.reading() as tx:
        now = await services.database.now(tx)
        draft = Draft(LoanId("L-1"), "formal_demand", language, {})
        letter = await drafted(tx, services.book, services.lenders, draft, now)
    text = text_of(await TypstPress().press(letter))
    assert word in text
    assert "3,520.17 CNY" in text
    assert await posting.scalar("SELECT count(*) FROM document") == 0
    assert await posting.scalar("SELECT count(*) FROM contact_attempt") == 0
