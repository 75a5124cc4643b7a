"""Parsing of multipart forms by the embedded server."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing.multipart import read_form


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_forms_keep_every_byte(bodies: list[bytes]) -> None:
    head = b'--b0undary\r\nContent-Disposition: form-data; name="%d"\r\n\r\n%s\r\n'
    body = b"".join(head % part for part in enumerate(bodies)) + b"--b0undary--\r\n"
    parts = read_form('multipart/form-data; boundary="b0undary"', body)
    assert [part.body for part in parts.values()] == bodies
