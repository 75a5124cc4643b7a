"""Upload addresses: read from any likely answer, and never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.models import (
    FileUpload,
    OAuthTokens,
    RecordingUpload,
    SignedPart,
    SignedParts,
    UploadAddress,
)
from sessionboard_async.models.uploads import part_addresses

URL = "https://bucket.example/key?X-Amz-Signature=secret"

ODD_NUMBERS = ("1", "²", "9" * 5000)


def decoded(answer: Any, body: object) -> Any:
    endpoint: Endpoint[Any] = Endpoint("test-upload-answer", "POST", "/v1/event/{event_id}/things", answer)
    del ENDPOINTS[endpoint.operation_id]
    return Decoders().record(endpoint).decode(json.dumps(body).encode())


@pytest.mark.parametrize(
    "sent",
    [
        {"parts": [{"part_number": 1, "url": URL}, {"part_number": 2, "url": f"{URL}2"}]},
        {"urls": [{"part_number": 1, "url": URL}, {"part_number": 2, "url": f"{URL}2"}]},
        {"urls": {"1": URL, "2": f"{URL}2"}},
        {"parts": {"1": {"url": URL}, "2": {"url": f"{URL}2"}}},
        {
            "presigned_urls": [
                {"partNumber": 1, "signedUrl": URL},
                {"partNumber": "2", "signedUrl": f"{URL}2"},
            ]
        },
        {"1": URL, "2": f"{URL}2"},
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_addresses_of_parts_are_found_in_every_likely_form(sent: dict[str, Any], wrapped: bool) -> None:
    parts: SignedParts = decoded(SignedParts, {"data": sent} if wrapped else sent)
    assert parts.addresses == {
        1: UploadAddress(url=URL, method="PUT"),
        2: UploadAddress(url=f"{URL}2", method="PUT"),
    }
    assert parts.as_sent == sent


def test_one_part_may_stand_alone_and_bring_headers() -> None:
    sent = {"part_number": 3, "url": URL, "headers": {"Content-Length": 5}}
    (parts, inside) = decoded(SignedParts, sent), decoded(SignedParts, {"parts": [sent]})
    address = UploadAddress(url=URL, method="PUT", headers={"Content-Length": "5"})
    assert parts.addresses == inside.addresses == {3: address}


def test_the_parts_of_a_list_are_typed() -> None:
    parts: SignedParts = decoded(SignedParts, {"parts": [{"part_number": 1, "url": URL, "expires_in": 60}]})
    assert parts.parts is not None
    assert [(part.part_number, part.url, part.as_sent["expires_in"]) for part in parts.parts] == [
        (1, URL, 60)
    ]


@pytest.mark.parametrize(
    "sent", [{}, {"urls": [URL]}, {"urls": {"1": None}}, {"parts": [{"part_number": "one", "url": URL}]}]
)
def test_what_is_not_understood_brings_no_addresses_and_stays_reachable(sent: dict[str, Any]) -> None:
    parts: SignedParts = decoded(SignedParts, sent)
    assert parts.addresses == {}
    assert parts.as_sent == sent


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=3)
        | st.sampled_from([*ODD_NUMBERS, URL]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["parts", "urls", "url", "part_number", *ODD_NUMBERS]), inner)
        ),
        max_leaves=8,
    )
)
def test_addresses_are_looked_for_in_anything(sent: object) -> None:
    found = part_addresses({"parts": sent})
    assert all(isinstance(number, int) and address.url for number, address in found.items())


@pytest.mark.parametrize("answer", [FileUpload, RecordingUpload])
def test_an_upload_is_its_record_and_where_it_goes(answer: type[FileUpload | RecordingUpload]) -> None:
    address = {"url": URL, "method": "PUT", "headers": {"Content-Type": "audio/mpeg", "x-amz-tag": 7}}
    upload = decoded(answer, {"data": {"id": "u", "upload": address}})
    assert upload == answer(
        id="u",
        upload=UploadAddress(url=URL, method="PUT", headers={"Content-Type": "audio/mpeg", "x-amz-tag": "7"}),
    )
    assert decoded(answer, {"id": "u", "upload": {}}).upload is None


@pytest.mark.parametrize(
    "record",
    [
        UploadAddress(url=URL, method="PUT", headers={"x-amz-meta": "secret"}),
        FileUpload(id="f", upload=UploadAddress(url=URL)),
        RecordingUpload(id="r", upload=UploadAddress(url=URL)),
        SignedPart(part_number=1, url=URL, as_sent={"url": URL}),
        SignedParts(parts=(SignedPart(part_number=1, url=URL),), as_sent={"url": URL}),
        OAuthTokens(access_token="secret", refresh_token="secret", expires_in=60),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_repr_shows_no_secret(record: object) -> None:
    assert repr(record).startswith(f"{type(record).__name__}(")
    assert "secret" not in repr(record)
