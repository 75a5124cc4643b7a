"""Services and records are imported when they are first used; until then the client knows their names."""

from __future__ import annotations

import inspect
import json
import pydoc
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest

import sessionboard_async
from sessionboard_async import AsyncSession, Retry, models, services
from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.export.resources import RESOURCES, event_service
from sessionboard_async.services import SERVICES, load_service, load_services
from sessionboard_async.services._common.crud import RetrieveService

pytestmark = pytest.mark.anyio

USE = """
import asyncio, json, sys
from sessionboard_async import AsyncSession

def loaded():
    families = (name.split(".") for name in sys.modules if name.startswith("sessionboard_async."))
    return sorted(".".join(parts[1:]) for parts in families if parts[1] in ("services", "models"))

async def main():
    before = loaded()
    async with AsyncSession("a-token") as sb:
        made = loaded()
        {statement}
        print(json.dumps([before, made, loaded()]))

asyncio.run(main())
"""

ALWAYS = {"models", "models.base", "models.bulk", "models.kinds", "services", "services._attribute"}
WITH_A_SERVICE = {*ALWAYS, "models.fields", "services._common"}


def loaded_by(statement: str) -> Sequence[set[str]]:
    """Return the modules of services and records that are loaded by importing, making a client, and a use."""
    script = USE.replace("{statement}", statement)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [
        {name for name in names if not name.startswith(("services._common.", "models._reading"))}
        for names in json.loads(result.stdout)
    ]


def test_a_service_is_imported_when_it_is_first_used() -> None:
    before, made, used = loaded_by("sb.events")
    assert before == made == ALWAYS
    assert used == {*WITH_A_SERVICE, "services.events", "models.events"}


def test_a_record_is_imported_when_it_is_first_used() -> None:
    used = loaded_by("from sessionboard_async.models import Persona")[-1]
    assert used == {*ALWAYS, "models.planning"}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_is_an_attribute_of_the_client(name: str) -> None:
    async with AsyncSession("a-token") as sb:
        service = getattr(sb, name)
        assert type(service) is load_service(name) is load_services()[name]
        assert getattr(sb, name) is service
        assert name in dir(sb)


def test_help_shows_every_service() -> None:
    shown = pydoc.plain(pydoc.render_doc(AsyncSession))
    for name, kind in SERVICES.items():
        assert f"{name} = <the {kind} service of a client>" in shown


async def test_an_unknown_service_is_an_unknown_attribute() -> None:
    async with AsyncSession("a-token") as sb:
        with pytest.raises(AttributeError, match="speeches"):
            sb.speeches  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(KeyError, match="speeches"):
        load_service("speeches")


async def test_a_view_makes_services_of_its_own_when_they_are_used() -> None:
    async with AsyncSession("a-token") as sb:
        view = sb.with_options(retry=Retry(attempts=1))
        assert type(view.events) is type(sb.events)
        assert view.events is not sb.events
        assert view.events is view.events


@pytest.mark.parametrize("package", [models, services])
def test_every_public_name_can_be_imported(package: object) -> None:
    names: list[str] = package.__all__  # type: ignore[attr-defined]  # both packages have it
    assert names == sorted(names, key=lambda name: (not name.isupper(), name))
    for name in names:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Speech'"):
        package.Speech  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("package", ["models", "services"])
def test_completion_offers_every_public_name_before_it_is_used(package: str) -> None:
    script = f"import sessionboard_async.{package} as p; print(sorted({{*p.__all__}} - {{*dir(p)}}), dir(p))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("[] ")
    assert "'__name__'" in result.stdout


def test_threads_that_use_a_service_at_once_get_the_same_one() -> None:
    threads = 16
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            sb = AsyncSession("a-token")
            barrier = Barrier(threads)

            def use(_: int, sb: AsyncSession = sb, barrier: Barrier = barrier) -> list[object]:
                # Without a bound, a thread that does not start would let the others wait for ever.
                with suppress(BrokenBarrierError):
                    barrier.wait(timeout=5)
                return [getattr(sb, name) for name in SERVICES]

            with ThreadPoolExecutor(threads) as pool:
                used = list(pool.map(use, range(threads)))
            assert {len({id(service) for service in same}) for same in zip(*used, strict=True)} == {1}
    finally:
        sys.setswitchinterval(interval)


def test_the_classes_of_the_services_are_the_public_ones() -> None:
    assert sorted(SERVICES.values()) == sorted(services.__all__)


def test_all_operations_are_declared_by_the_services() -> None:
    load_services()
    assert len(ENDPOINTS) == 177


@pytest.mark.parametrize("resource", RESOURCES)
async def test_a_resource_of_an_event_has_a_search_and_a_way_to_look_up_ids(resource: str) -> None:
    async with AsyncSession("a-token") as sb:
        service = event_service(sb, resource)
        assert service is getattr(sb, resource)
        assert inspect.ismethod(service.search)
        assert isinstance(service, RetrieveService) or inspect.ismethod(service.list)


def test_the_package_imports_no_module_of_a_family() -> None:
    assert sessionboard_async.code_challenge.__module__.startswith("sessionboard_async.services._common.")


def test_the_package_imports_its_names_and_modules_on_first_use() -> None:
    script = """
import sys, sessionboard_async as package
assert {"AsyncSession", "errors"} <= {*dir(package)}
assert not {"msgspec", "aiohttp", "anyio"} & {*sys.modules}
assert package.errors.APIError.__module__ == "sessionboard_async.errors"
assert "aiohttp" not in sys.modules
assert package.AsyncSession.__module__ == "sessionboard_async.client"
assert package.UNSET is sys.modules["msgspec"].UNSET
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
