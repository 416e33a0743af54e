"""The doctor asks mail server and SMS centre as the worker would: TLS, its authorities, the login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recourse.app import doctor_outside
from recourse.app.settings import Settings
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.conftest import entries, scripted_smtp
from tests.integration.gateways.test_smpp_tls import secured_centre
from tests.integration.gateways.test_smtp_tls import mail_server


def _settings(**values: Any) -> Settings:
    unused = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    here = "127.0.0.1"
    return Settings(_env_file=None, database_url=unused, smtp_host=here, smpp_host=here, **values)


async def test_a_mail_server_with_tls_answers_and_one_that_is_not_trusted_names_the_setting(
    ours: Authority, other: Authority
) -> None:
    login = {"smtp_username": "u", "smtp_password": "sesame", "smtp_tls": "starttls"}
    async with mail_server(ours, "starttls") as (server, port):
        good = _settings(smtp_port=port, smtp_cafile=ours.cafile, **login)
        [found] = await doctor_outside.mail(good)
        assert (found.state, "over TLS" in found.says) == ("ok", True)
        [found] = await doctor_outside.mail(good.model_copy(update={"smtp_cafile": other.cafile}))
        assert (found.state, "RECOURSE_SMTP_CAFILE" in found.says) == ("down", True)
        assert "RECOURSE_SMTP_TLS" in found.remedy
    assert (len(server.logins), server.mails) == (1, [])


async def test_a_refused_login_is_found_before_a_mail_is(ours: Authority) -> None:
    answers = {b"EHLO": b"250-test\r\n250 AUTH PLAIN", b"AUTH": b"535 5.7.8 wrong password"}
    async with scripted_smtp(answers) as port:
        [found] = await doctor_outside.mail(
            _settings(smtp_port=port, smtp_username="u", smtp_password="sesame")
        )
    assert (found.state, "check the login" in found.says) == ("down", True)
    assert "sesame" not in str(found)


async def test_an_sms_centre_with_tls_answers_without_a_session_and_a_stranger_is_named(
    tmp_path: Path, ours: Authority, other: Authority
) -> None:
    async with secured_centre(tmp_path, ours) as front:
        good = _settings(smpp_port=front.port, smpp_tls=True, smpp_cafile=ours.cafile)
        [found] = await doctor_outside.texts(good)
        assert (found.state, "over TLS" in found.says) == ("ok", True)
        [found] = await doctor_outside.texts(good.model_copy(update={"smpp_cafile": other.cafile}))
        assert (found.state, "RECOURSE_SMPP_CAFILE" in found.says) == ("down", True)
        assert entries(front.log, "bound") == []
