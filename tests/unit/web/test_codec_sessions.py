"""Sessions of the codec server end by themselves, are new at each sign-in, and are not kept without end."""

from __future__ import annotations

from dataclasses import dataclass

from recourse.web.codec_sessions import CodecSessions


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_that_nobody_uses_for_half_an_hour_is_over() -> None:
    clock = Clock()
    sessions = CodecSessions(clock)
    secret = sessions.begin("token")
    for clock.now in (1799.0, 2 * 1799.0):
        assert sessions.token_of(secret) == "token"
    clock.now += 1800
    assert sessions.token_of(secret) is None
    clock.now -= 1800
    assert sessions.token_of(secret) is None, "what is over begins again"


def test_one_that_is_used_all_the_time_is_over_after_eight_hours() -> None:
    clock = Clock()
    sessions = CodecSessions(clock)
    secret = sessions.begin("token")
    while clock.now < 8 * 3600:
        assert sessions.token_of(secret) == "token"
        clock.now += 1200
    assert sessions.token_of(secret) is None


def test_each_sign_in_has_an_id_of_its_own_of_256_random_bits() -> None:
    sessions = CodecSessions(Clock())
    ids = {sessions.begin("token") for _ in range(50)}
    assert len(ids) == 50
    assert {len(one) for one in ids} == {43}
    assert sessions.token_of("token") is None


def test_the_oldest_goes_for_who_is_one_too_many() -> None:
    sessions = CodecSessions(Clock())
    first, second = sessions.begin("a"), sessions.begin("b")
    for _ in range(999):
        sessions.begin("c")
    assert (sessions.token_of(first), sessions.token_of(second)) == (None, "b")


def test_what_was_ended_is_over() -> None:
    sessions = CodecSessions(Clock())
    secret = sessions.begin("token")
    sessions.end(secret)
    assert sessions.token_of(secret) is None
