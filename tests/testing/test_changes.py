"""Scheduled changes of the embedded server: their times, their targets and their effects."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.testing import Changes, SimulatedTime, Times
from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.query import Criteria, select
from sessionboard_async.testing._writes.changing import ChangingData
from sessionboard_async.testing._writes.record_edits import ContactEditor
from sessionboard_async.testing._writes.resources import resource_of
from sessionboard_async.testing._writes.session_edits import SessionEditor
from sessionboard_async.testing.changes import RESOURCES, Schedule, ScheduledChange

START = SimulatedTime().now()
KINDS = ("insert", "update", "delete", "restore", "flip")
CRITERIA = (
    Criteria(),
    Criteria(order="updated", descending=False),
    Criteria(order="deleted"),
    Criteria(equal=(("status", "accepted"),), descending=False),
)


class ChangingEvent:
    """A changing event and its time."""

    def __init__(
        self, changes: Changes, *, sessions: int = 40, light: bool = False, times: Times | None = None
    ) -> None:
        size = Size.of(
            events=1,
            sessions=sessions,
            speakers=None,
            contacts=None,
            sponsors=None,
            exhibitors=None,
            light=light,
        )
        self.time = SimulatedTime()
        organization = Organization(1, size, Clock(self.time.now), times)
        self.event: EventData = next(iter(organization.events.values()))
        self.changing = ChangingData(changes, self.event)

    def let_pass(self, seconds: float) -> ChangingEvent:
        self.time.advance(seconds)
        self.changing.catch_up()
        return self

    def versions(self, resource: str = "sessions") -> dict[str, str | None]:
        return dict(resource_of(self.event, resource).versions())

    def everything(self) -> object:
        return [self.versions(name) for name in RESOURCES], [
            self.event.program.session(row, unassigned={}, expand=())
            for row in self.event.sessions(Criteria(), linked_sources=True)
        ]


# Schedule


rates = st.floats(0, 5, allow_subnormal=False)
some_changes = st.builds(
    Changes,
    inserts=rates,
    updates=rates,
    deletes=rates,
    restores=rates,
    flips=rates,
    seed=st.integers(0, 9),
    resources=st.lists(st.sampled_from(RESOURCES), unique=True).map(tuple),
    late=st.floats(0, 20),
)


@given(some_changes, st.lists(st.floats(0, 5), max_size=8))
def test_the_schedule_depends_only_on_the_changes(changes: Changes, looks: list[float]) -> None:
    at_once = list(Schedule(changes, START).due(START + sum(looks)))
    schedule, now, in_steps = Schedule(changes, START), START, list[ScheduledChange]()
    for number in range(len(looks)):
        now = START + sum(looks[: number + 1])
        in_steps += schedule.due(now)
    assert in_steps == at_once
    assert [change.visible_at for change in at_once] == sorted(change.visible_at for change in at_once)
    for change in at_once:
        assert START < change.dated_at <= change.visible_at <= change.dated_at + changes.late
        assert change.visible_at <= now
        assert change.resource in changes.resources
        assert changes.rate(change.kind) > 0


def test_rates_are_per_second_and_resource() -> None:
    changes = Changes(inserts=2, deletes=20, resources=("sessions", "rooms"))
    happened = [(change.resource, change.kind) for change in Schedule(changes, START).due(START + 500)]
    for resource in ("sessions", "rooms"):
        assert happened.count((resource, "insert")) == pytest.approx(1000, rel=0.15)
        assert happened.count((resource, "delete")) == pytest.approx(10_000, rel=0.05)
    assert len({change.dated_at for change in Schedule(changes, START).due(START + 500)}) == len(happened)


def test_another_seed_makes_other_changes() -> None:
    one, other = (list(Schedule(Changes(updates=1, seed=seed), START).due(START + 60)) for seed in (1, 2))
    assert one != other


def test_late_writes_overtake_each_other() -> None:
    changes = Changes(updates=5, late=60)
    dated = [change.dated_at for change in Schedule(changes, START).due(START + 200)]
    delays = [change.visible_at - change.dated_at for change in Schedule(changes, START).due(START + 200)]
    assert dated != sorted(dated)
    assert max(delays) > 50
    assert min(delays) < 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"inserts": -1}, "inserts must be a finite number, 0 or more"),
        ({"flips": math.inf}, "flips must be a finite number"),
        ({"late": math.nan}, "late must be a finite number"),
        ({"resources": ("sessions", "fields")}, "resources must be among sessions, .*not 'fields'"),
        ({"resources": "sessions"}, "resources must be among sessions, .*not 's'"),
        ({"resources": ("rooms", "rooms")}, "resources must not contain duplicates"),
    ],
)
def test_invalid_rates_of_change_are_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Changes(**arguments)


# Effects


@pytest.mark.parametrize("light", [False, True])
def test_the_same_seed_and_times_give_the_same_data(light: bool) -> None:
    changes = Changes(
        inserts=0.5, updates=0.5, deletes=0.5, restores=0.3, flips=0.5, resources=RESOURCES, late=5
    )
    one, other = ChangingEvent(changes, light=light), ChangingEvent(changes, light=light)
    for _ in range(20):
        one.let_pass(3)
    assert one.everything() == other.let_pass(60).everything()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    rates=st.fixed_dictionaries({f"{kind}s": st.floats(0, 3) for kind in KINDS}),
    seed=st.integers(0, 9),
    late=st.sampled_from([0.0, 10.0]),
    precision=st.sampled_from(["milliseconds", "microseconds"]),
)
@pytest.mark.untraced
def test_data_stay_consistent_under_many_changes(
    rates: dict[str, float], seed: int, late: float, precision: Any
) -> None:
    changing = ChangingEvent(
        Changes(**rates, seed=seed, resources=RESOURCES, late=late),
        sessions=15,
        times=Times(ties=4, precision=precision),
    )
    event = changing.event
    updated: dict[str, float] = {}
    for _ in range(8):
        changing.let_pass(3)
        everything = [row for row in event.agenda.with_parts if not row.is_source]
        live = [row for row in everything if row.deleted is None and not row.number]
        for criteria in CRITERIA:
            assert event.statuses(criteria, linked_sources=False) == select(everything, criteria)
            assert event.sessions(criteria, linked_sources=False) == select(live, criteria)
        for row in everything:
            id_ = event.agenda.id(row)
            assert event.agenda.find(id_) == row
            assert row.created <= row.updated
            assert updated.get(id_, 0) <= row.updated
            updated[id_] = row.updated
        assert set(changing.versions()) == {event.agenda.id(row) for row in live}
        contacts = changing.versions("contacts")
        assert all(event.people.contact(index)["id"] in contacts for index in event.contacts)


def changed(
    kind: str, resource: str, seconds: float = 30
) -> tuple[dict[str, Any], dict[str, Any], ChangingEvent]:
    """Return the records before and after changes of one kind."""
    changing = ChangingEvent(Changes(**{f"{kind}s": 1.0}, resources=(resource,)))  # type: ignore[arg-type]  # rates
    before = changing.versions(resource)
    return before, changing.let_pass(seconds).versions(resource), changing


@pytest.mark.parametrize("resource", RESOURCES)
def test_inserts_add_records(resource: str) -> None:
    before, after, _ = changed("insert", resource)
    assert before.items() < after.items()
    assert 15 < len(after) - len(before) < 45


@pytest.mark.parametrize("resource", RESOURCES)
def test_deletes_take_records_away_until_none_is_left(resource: str) -> None:
    before, after, changing = changed("delete", resource, 8)
    assert after.items() < before.items()
    rest = changing.let_pass(1000).versions(resource)
    # The five standard statuses cannot be deleted.
    assert len(rest) == (5 if resource == "statuses" else 0)


@pytest.mark.parametrize("resource", [name for name in RESOURCES if name != "statuses"])
def test_updates_change_records_and_their_time(resource: str) -> None:
    before, after, _ = changed("update", resource)
    assert before.keys() == after.keys()
    times = [time for id_, time in after.items() if time != before[id_]]
    assert len(times) > 3
    assert all(str(time).startswith("2026-11-02T12:00:") for time in times)


def test_only_custom_statuses_change() -> None:
    _, _, changing = changed("update", "statuses")
    names = {str(status["name"]): status["is_custom"] for status in changing.event.metadata.all("statuses")}
    assert {is_custom for name, is_custom in names.items() if name.startswith("Changed")} == {True}
    assert {is_custom for name, is_custom in names.items() if not name.startswith("Changed")} == {False}


@pytest.mark.parametrize("resource", RESOURCES)
def test_restores_bring_back_what_the_changes_deleted(resource: str) -> None:
    changing = ChangingEvent(Changes(deletes=0.2, restores=2, resources=(resource,)))
    before = changing.versions(resource)
    there = [set(changing.let_pass(0.5).versions(resource)) for _ in range(200)]
    assert all(ids <= before.keys() for ids in there)
    gone = before.keys() - set.intersection(*there)
    assert len(gone & set[str]().union(*there[-20:])) > 1


def test_records_that_requests_deleted_are_not_restored() -> None:
    changing = ChangingEvent(Changes(restores=5))
    chosen = next(iter(changing.versions()))
    for part in changing.event.agenda.parts(
        changing.event.agenda.rows[changing.event.agenda.places[chosen][0]]
    ):
        changing.event.part(SessionEditor).delete(changing.event.agenda.id(part))
    changing.event.part(SessionEditor).delete(chosen)
    assert chosen not in changing.let_pass(60).versions()


def test_records_that_requests_restored_are_left_alone() -> None:
    changing = ChangingEvent(Changes(deletes=3, restores=1, resources=("contacts",)), sessions=20)
    editor = changing.event.part(ContactEditor)
    before = changing.versions("contacts")
    for _ in range(30):
        for id_ in before.keys() - changing.let_pass(1).versions("contacts").keys():
            editor.restore(id_)
    assert changing.versions("contacts").keys() == before.keys()


def test_a_flip_moves_sessions_between_accepted_and_declined() -> None:
    changing = ChangingEvent(Changes(flips=1))
    before = {changing.event.agenda.id(row): row.status for row in changing.event.agenda.rows}
    seen = {
        (before[changing.event.agenda.id(row)], row.status)
        for _ in range(60)
        for row in changing.let_pass(1).event.agenda.rows
    }
    assert {pair for pair in seen if pair[0] != pair[1]} == {
        ("accepted", "declined"),
        ("declined", "accepted"),
    }


@pytest.mark.parametrize("resource", [name for name in RESOURCES if name != "sessions"])
def test_a_flip_does_nothing_to_resources_without_a_status(resource: str) -> None:
    before, after, _ = changed("flip", resource)
    assert before == after


def test_deletes_reach_every_session() -> None:
    """Each session is equally likely to be deleted."""
    deleted = {id_ for seed in range(40) for id_ in _deleted_by(seed)}
    assert deleted == set(ChangingEvent(Changes()).versions())


def _deleted_by(seed: int) -> Iterator[str]:
    changing = ChangingEvent(Changes(deletes=1, seed=seed))
    before = changing.versions()
    yield from before.keys() - changing.let_pass(15).versions().keys()


def test_a_session_is_deleted_with_its_subsessions() -> None:
    changing = ChangingEvent(Changes(deletes=1)).let_pass(1000)
    assert any(row.number for row in changing.event.agenda.with_parts)
    assert all(row.deleted is not None for row in changing.event.agenda.with_parts if not row.is_source)


def test_a_late_write_is_dated_before_it_is_visible() -> None:
    changing = ChangingEvent(Changes(inserts=0.2, late=60), light=True)
    ages: list[float] = []
    before = changing.versions()
    for _ in range(600):
        now = changing.versions()
        fresh = now.keys() - before.keys()
        rows = [row for row in changing.event.agenda.rows if changing.event.agenda.id(row) in fresh]
        ages += [changing.time.now() - row.created / 1000 for row in rows]
        before = now
        changing.let_pass(1)
    assert len(ages) > 60
    assert max(ages) > 50
    assert min(ages) < 10
    assert all(-0.1 <= age <= 61.1 for age in ages)


def test_an_unknown_resource_is_refused() -> None:
    with pytest.raises(ValueError, match="resource must be one of sessions, contacts, speakers"):
        resource_of(ChangingEvent(Changes()).event, "session")
