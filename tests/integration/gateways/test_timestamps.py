"""Time stamps: what an authority signs is kept only when it is over our bytes and by somebody we trust."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recourse.domain.evidence.note import Checkpoint, sign
from recourse.gateways.anchors import FolderAnchor
from recourse.gateways.signing import Ed25519Signer
from recourse.gateways.timestamps import StampError, TimestampAuthority, TimestampRoots
from recourse.ports import NotHandedOver, RefusedByProvider
from recourse.reading import verify_evidence
from recourse.stack.ports import HOST
from tests.integration.gateways.stamping import Authority, served

NOTE = str(sign(Checkpoint("ledger.example", 3, bytes(32)).text(), [Ed25519Signer.new("ledger.example")]))
AT = datetime(2026, 11, 6, 4, 0, 3, tzinfo=UTC)


async def nothing(_old: int) -> Sequence[bytes]:
    return []


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def url(authority: Authority) -> AsyncIterator[str]:
    authority.at, authority.answer, authority.status, authority.hangs = AT, None, 200, False
    async with served(authority) as url:
        yield url


@pytest.fixture
def roots(authority: Authority) -> TimestampRoots:
    return TimestampRoots((authority.root,))


@pytest.fixture
async def client(url: str, roots: TimestampRoots) -> AsyncIterator[TimestampAuthority]:
    one = TimestampAuthority(url, roots, timedelta())
    yield one
    await one.close()


async def test_a_checkpoint_is_stamped_and_the_stamp_is_believed(
    client: TimestampAuthority, roots: TimestampRoots
) -> None:
    response = await client.leave(NOTE, nothing)
    assert roots.stamped_at(response, NOTE.encode()) == AT
    assert client.place == f"timestamp:{HOST}"
    with pytest.raises(StampError, match="Mismatch"):
        roots.stamped_at(response, NOTE.encode() + b"!")


async def test_what_is_kept_is_what_openssl_checks(
    client: TimestampAuthority, authority: Authority, tmp_path: Path
) -> None:
    """The command that the program for strangers prints, on the files as the folder has them."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    await FolderAnchor(tmp_path).leave_stamp(NOTE, await client.leave(NOTE, nothing))
    name, pem = tmp_path / f"{3:020d}", authority.roots(tmp_path / "roots.pem")
    command = ["openssl", "ts", "-verify", "-data", f"{name}.note", "-in", f"{name}.tsr", "-CAfile", str(pem)]
    assert _ran(command) == 0
    Path(f"{name}.note").write_text(NOTE.replace("\n3\n", "\n4\n"))
    assert _ran(command) != 0


def _ran(command: Sequence[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


async def test_the_program_for_strangers_reads_the_same_of_a_stamp(client: TimestampAuthority) -> None:
    response = await client.leave(NOTE, nothing)
    assert verify_evidence.read_stamp(response, NOTE.encode()) == ("2026-11-06T04:00:03Z", True)
    assert verify_evidence.read_stamp(response, b"other") == ("2026-11-06T04:00:03Z", False)


async def test_an_authority_nobody_named_and_another_one_of_its_name_are_not_believed(url: str) -> None:
    stranger = TimestampRoots((Authority().root,))
    client = TimestampAuthority(url, stranger, timedelta())
    with pytest.raises(RefusedByProvider, match="not_over_this_or_not_trusted"):
        await client.leave(NOTE, nothing)
    await client.close()


async def test_a_stamp_that_was_made_for_another_request_is_not_taken(
    client: TimestampAuthority, authority: Authority
) -> None:
    """An old answer given again, over the same bytes: its nonce is not ours."""
    authority.answer = await client.leave(NOTE, nothing)
    with pytest.raises(RefusedByProvider, match="not_over_this_or_not_trusted"):
        await client.leave(NOTE, nothing)


async def test_an_authority_that_says_no_is_told_from_one_that_is_away(
    client: TimestampAuthority, authority: Authority
) -> None:
    authority.answer = bytes.fromhex("30053003020102")  # PKIStatusInfo with status 2, and no token
    with pytest.raises(RefusedByProvider, match="status_2"):
        await client.leave(NOTE, nothing)


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (b"<html>welcome</html>", 200, "no response"),
        (b"", 200, "no response"),
        (b"x" * 400_000, 200, "without an end"),
        (b"busy", 503, "status 503"),
        (b"who are you", 401, "status 401"),
        (None, 299, "status 299"),
    ],
    ids=["a page", "nothing", "endless", "busy", "login", "odd status"],
)
async def test_an_authority_in_trouble_is_asked_again_later(
    client: TimestampAuthority,
    authority: Authority,
    roots: TimestampRoots,
    answer: bytes | None,
    status: int,
    says: str,
) -> None:
    authority.answer, authority.status = answer, status
    with pytest.raises(NotHandedOver, match=says):
        await client.leave(NOTE, nothing)
    authority.answer, authority.status = None, 200
    assert roots.stamped_at(await client.leave(NOTE, nothing), NOTE.encode())


async def test_an_authority_that_hangs_is_asked_again_later(
    client: TimestampAuthority, url: str, authority: Authority, roots: TimestampRoots
) -> None:
    """Only here is little patience had: a busy machine must not make another answer look like none."""
    hurried = TimestampAuthority(url, roots, timedelta(), timeout=1)
    authority.hangs = True
    with pytest.raises(NotHandedOver, match="no answer"):
        await hurried.leave(NOTE, nothing)
    await hurried.close()
    authority.hangs = False
    assert roots.stamped_at(await client.leave(NOTE, nothing), NOTE.encode())


async def test_an_answer_that_trickles_for_ever_is_given_up(roots: TimestampRoots) -> None:
    """Each byte comes in time, so that no time-out of a single read ever ends it."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.close()

    async with await asyncio.start_server(trickle, HOST, 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        client = TimestampAuthority(f"http://{HOST}:{port}/", roots, timedelta(), timeout=0.5)
        with pytest.raises(NotHandedOver, match="no answer"):
            await client.leave(NOTE, nothing)
        await client.close()


async def test_an_authority_that_is_not_there_is_asked_again_later(roots: TimestampRoots) -> None:
    client = TimestampAuthority(f"http://secret:word@{HOST}:1/", roots, timedelta())
    with pytest.raises(NotHandedOver, match="no answer") as refused:
        await client.leave(NOTE, nothing)
    assert "word" not in str(refused.value) + client.place
    await client.close()


async def test_a_stamp_is_never_written_over_another(client: TimestampAuthority, tmp_path: Path) -> None:
    folder, first = FolderAnchor(tmp_path), await client.leave(NOTE, nothing)
    await folder.leave_stamp(NOTE, first)
    await folder.leave_stamp(NOTE, first)
    with pytest.raises(RefusedByProvider, match="another_stamp"):
        await folder.leave_stamp(NOTE, await client.leave(NOTE, nothing))
    assert (tmp_path / f"{3:020d}.tsr").read_bytes() == first
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".note", ".tsr"]
