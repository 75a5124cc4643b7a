"""The pytest plugin, in separate test runs and under each async runner."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from textwrap import dedent
from typing import Literal, Protocol, get_origin

import pytest

pytest_plugins = ["pytester"]

ANYIO = ("-p", "anyio.pytest_plugin")
STRICT = (
    "-p",
    "pytest_asyncio.plugin",
    "-o",
    "asyncio_mode=strict",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)
AUTO = (
    "-p",
    "pytest_asyncio.plugin",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)
RUNNERS = {
    "anyio": (ANYIO, "pytest.mark.anyio", "pytest.fixture"),
    "asyncio strict": (STRICT, "pytest.mark.asyncio", "pytest_asyncio.fixture"),
    "asyncio auto": (AUTO, "[]", "pytest.fixture"),
    "both": ((*ANYIO, *STRICT), "pytest.mark.anyio", "pytest.fixture"),
}

HEAD = """
import pytest
import pytest_asyncio
from sessionboard_async import AsyncSession, ClientClosedError
from sessionboard_async.testing import EmbeddedServer, Fault

pytestmark = {mark}
async_fixture = {fixture}

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


class Run(Protocol):
    """Runs tests under a runner, with warnings as errors."""

    def __call__(self, runner: str, source: str) -> pytest.RunResult: ...


@pytest.fixture(params=["inprocess", pytest.param("subprocess", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    # Load only the runner under test, not every plugin of this environment.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run_pytest = (
        pytester.runpytest_inprocess if request.param == "inprocess" else pytester.runpytest_subprocess
    )

    def run_tests(runner: str, source: str) -> pytest.RunResult:
        options, mark, fixture = RUNNERS[runner]
        pytester.makepyfile(HEAD.format(mark=mark, fixture=fixture) + dedent(source))
        return run_pytest(
            "-p", "sessionboard_async.testing.plugin", "-W", "error", "--strict-markers", "-vv", *options
        )

    return run_tests


every_runner = pytest.mark.parametrize("runner", RUNNERS)


@every_runner
def test_the_client_reads_from_the_server_and_is_closed_after_the_test(run: Run, runner: str) -> None:
    result = run(
        runner,
        """
        clients = []

        async def test_read(sessionboard, sessionboard_server):
            clients.append(sessionboard)
            talks = await sessionboard.sessions.search(sessionboard_server.event_id).collect()
            assert len(talks) == 120
            assert [request.operation for request in sessionboard_server.requests] == ["search-sessions"] * 2

        async def test_the_last_client_is_closed(sessionboard_server):
            with pytest.raises(ClientClosedError):
                await clients[0].events.list().collect()

        @pytest.mark.sessionboard_server(sessions=7, seed=3)
        async def test_options_come_by_marker(sessionboard, sessionboard_server):
            assert await sessionboard.sessions.search(sessionboard_server.event_id).count() == 7

        async def test_the_client_may_go_unused(sessionboard):
            assert isinstance(sessionboard, AsyncSession)

        async def test_the_client_may_be_closed_early(sessionboard):
            assert await sessionboard.events.list().count() == 2
            await sessionboard.aclose()

        class TestInAClass:
            async def test_a_method(self, sessionboard):
                assert await sessionboard.events.list().count() == 2

        @pytest.mark.parametrize("page_size", [1, 2])
        async def test_with_parameters(sessionboard, page_size):
            assert len(await sessionboard.events.list(page_size=page_size).collect()) == 2

        async def test_requested_by_a_test_that_runs(request):
            async with request.getfixturevalue("sessionboard") as sb:
                assert await sb.events.list().count() == 2

        ended = []

        @async_fixture
        async def talk(sessionboard, sessionboard_server):
            talk = await sessionboard.sessions.create(sessionboard_server.event_id, title="For one test")
            yield talk
            await sessionboard.sessions.delete(sessionboard_server.event_id, talk.id)
            ended.append(sessionboard)

        @async_fixture
        async def names(sessionboard):
            yield [event.name async for event in sessionboard.events.list()]
            assert not sessionboard.closed
            ended.append(sessionboard)

        async def test_a_fixture_uses_it_too(talk, sessionboard, sessionboard_server):
            found = await sessionboard.sessions.get(sessionboard_server.event_id, talk.id)
            assert found.title == "For one test"

        async def test_only_fixtures_use_it(talk, names):
            assert len(names) == 2

        async def test_those_fixtures_ended_before_it_was_closed(sessionboard_server):
            assert len(ended) == 3
            assert all(client.closed for client in ended)

        @pytest.fixture
        def replaced(request, sessionboard):
            return request.function is not request.module.test_the_function_is_not_replaced

        async def test_the_function_is_not_replaced(replaced):
            assert not replaced

        async def test_fail(sessionboard, sessionboard_server):
            clients.append(sessionboard)
            async for talk in sessionboard.sessions.search(sessionboard_server.event_id, page_size=10):
                assert talk.title is None

        async def test_skip(sessionboard, sessionboard_server):
            clients.append(sessionboard)
            await sessionboard.events.list().first()
            pytest.skip("enough")

        async def test_the_clients_of_tests_that_failed_or_were_skipped_are_closed(sessionboard_server):
            assert [client.closed for client in clients] == [True, True, True]
        """,
    )
    result.assert_outcomes(passed=14, failed=1, skipped=1)
    result.stdout.no_fnmatch_line("*ResourceWarning*")
    result.stdout.no_fnmatch_line("*embedded-fake*")


def test_loops_of_several_tests_and_tests_that_are_not_async(run: Run) -> None:
    result = run(
        "asyncio strict",
        """
        import asyncio

        pytestmark = []
        used = []

        @pytest_asyncio.fixture(loop_scope="module")
        async def count(sessionboard):
            yield await sessionboard.events.list().count()
            assert await sessionboard.events.list().count() == 2

        @pytest.mark.asyncio(loop_scope="module")
        @pytest.mark.parametrize("turn", [0, 1])
        async def test_count(sessionboard, count, turn):
            assert len(await sessionboard.events.list().collect()) == count
            used.append((asyncio.get_running_loop(), sessionboard))

        @pytest_asyncio.fixture
        async def names(sessionboard):
            used.append((None, sessionboard))
            yield [event.name async for event in sessionboard.events.list()]
            assert await sessionboard.events.list().count() == 2

        def test_names(names):
            assert len(names) == 2

        @pytest.mark.asyncio(loop_scope="module")
        async def test_closed():
            assert [loop for loop, _ in used] == [asyncio.get_running_loop()] * 2 + [None]
            assert [client.closed for _, client in used] == [True] * 3
        """,
    )
    result.assert_outcomes(passed=4)


def test_faults_do_not_leak_into_the_next_test(run: Run) -> None:
    result = run(
        "anyio",
        """
        @pytest.mark.sessionboard_server(faults=[Fault("status", every=1, status=404)])
        async def test_fault(sessionboard):
            with pytest.raises(Exception, match="404"):
                await sessionboard.events.list().first()

        async def test_no_fault(sessionboard, sessionboard_server):
            assert not sessionboard_server.requests
            assert await sessionboard.events.list().first()
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("runner", ["anyio", "asyncio strict"])
def test_the_server_serves_tests_that_are_not_async(run: Run, runner: str) -> None:
    result = run(
        runner,
        """
        import asyncio
        import urllib.request

        pytestmark = []

        def test_urllib(sessionboard_server):
            with urllib.request.urlopen(sessionboard_server.base_url) as response:
                assert response.status == 200

        def test_own_loop(sessionboard, sessionboard_server):
            async def count():
                async with sessionboard:
                    return await sessionboard.events.list().count()

            assert asyncio.run(count()) == 2
        """,
    )
    result.assert_outcomes(passed=2)


def test_the_fixtures_and_the_marker_are_listed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    options = ("-p", "sessionboard_async.testing.plugin")
    fixtures = pytester.runpytest_inprocess(*options, "--fixtures")
    fixtures.stdout.fnmatch_lines(["sessionboard_server*", "sessionboard -- *"])
    assert fixtures.ret == pytest.ExitCode.OK
    markers = pytester.runpytest_inprocess(*options, "--markers")
    markers.stdout.fnmatch_lines(["@pytest.mark.sessionboard_server(*"])


def test_the_plugin_is_an_entry_point() -> None:
    (point,) = entry_points(group="pytest11", name="sessionboard_async")
    assert point.value == "sessionboard_async.testing.plugin"


def test_a_run_that_does_not_use_the_plugin_imports_nothing_for_it() -> None:
    """Pytest loads the plugin in every project of an environment."""
    script = """
import sys, pytest
before = {*sys.modules}
import sessionboard_async.testing.plugin
print(*sorted({*sys.modules} - before))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {*result.stdout.split()}
    needed = {"sessionboard_async", "sessionboard_async.testing", "sessionboard_async.testing.plugin"}
    assert needed <= loaded
    # The private modules at the top import only what pytest has imported.
    assert [name for name in loaded - needed if not name.startswith("sessionboard_async._")] == []


def test_the_package_has_only_the_names_it_says() -> None:
    import sessionboard_async.testing as testing

    classes = {name: found for name in testing.__all__ if isinstance(found := getattr(testing, name), type)}
    assert {name: kind.__name__ for name, kind in classes.items()} == {name: name for name in classes}
    aliases = {name for name in testing.__all__ if get_origin(getattr(testing, name)) is Literal}
    assert classes.keys() | aliases == {*testing.__all__}
    with pytest.raises(AttributeError, match="has no attribute 'Server'"):
        testing.Server  # type: ignore[attr-defined]  # noqa: B018  # the error is what is tested
