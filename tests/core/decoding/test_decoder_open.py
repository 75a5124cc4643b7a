"""Open records: known fields are typed, and everything is kept as sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, list_of
from sessionboard_async.errors import DecodeError
from sessionboard_async.models import OpenRecord, Record


class Widget(OpenRecord, frozen=True, kw_only=True):
    id: str | None = None
    title: str | None = None


class Dashboard(OpenRecord, frozen=True, kw_only=True):
    id: str | None = None
    widgets: tuple[Widget, ...] | None = None
    main: Widget | None = None


class Tag(Record, frozen=True, kw_only=True):
    name: str | None = None


def declared(operation_id: str, answer: Any, **more: Any) -> Endpoint[Any]:
    """Declare an operation without adding it to the list of all operations."""
    endpoint: Endpoint[Any] = Endpoint(operation_id, "POST", "/v1/event/{event_id}/things", answer, **more)
    del ENDPOINTS[operation_id]
    return endpoint


GET = declared("test-get-open", Dashboard, may_be_empty=True)
LIST = declared("test-list-open", list_of(Dashboard))
READ_TAG = declared("test-get-tag", Tag, idempotent=True)
WRITE_TAG = declared("test-create-tag", Tag)


def read(body: object) -> Dashboard:
    decoded: Dashboard = Decoders().record(GET).decode(json.dumps(body).encode())
    return decoded


def test_everything_sent_is_kept_in_nested_records_too() -> None:
    sent = {
        "id": "d",
        "layout": {"columns": 2},
        "widgets": [{"id": "w", "rows": [[1]]}, {}],
        "main": {"x": 1},
    }
    dashboard = read(sent)
    assert dashboard.id == "d"
    assert dashboard.as_sent == sent
    assert dashboard.widgets is not None
    assert [widget.as_sent for widget in dashboard.widgets] == [{"id": "w", "rows": [[1]]}, {}]
    assert dashboard.main is not None
    assert dashboard.main.as_sent == {"x": 1}


def test_an_object_under_data_is_unwrapped() -> None:
    assert read({"data": {"id": "d", "more": True}}).as_sent == {"id": "d", "more": True}


@pytest.mark.parametrize("body", [b"", b"  \n", b"null", b"null\n"])
def test_an_empty_success_is_an_empty_record(body: bytes) -> None:
    assert Decoders().record(GET).decode(body) == Dashboard()
    with pytest.raises(DecodeError):
        Decoders().record(READ_TAG).decode(body)


@pytest.mark.parametrize("body", [b"", b"null"])
def test_an_empty_response_to_a_write_is_no_error(body: bytes) -> None:
    assert Decoders().record(WRITE_TAG).decode(body) == Tag()


@given(
    st.dictionaries(
        st.sampled_from(["id", "widgets", "main", "layout"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
            ),
        ),
    )
)
def test_an_unexpected_type_in_an_open_record_loses_nothing(sent: dict[str, Any]) -> None:
    assert read(sent).as_sent == sent
    page = Decoders().pages(LIST, Dashboard).decode(json.dumps([sent, {"id": "2"}]).encode(), page=1)
    assert [dashboard.as_sent for dashboard in page.results] == [sent, {"id": "2"}]


@pytest.mark.parametrize("body", [b"[]", b"7", b"nonsense", b"[[]]"])
def test_a_value_that_is_no_object_is_an_error_with_a_path(body: bytes) -> None:
    with pytest.raises(DecodeError) as failure:
        Decoders().record(GET).decode(body)
    assert failure.value.path == "$"
