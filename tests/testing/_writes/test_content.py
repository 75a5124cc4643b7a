"""Transcriptions, content packs and documents of the embedded server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.upload_calls import Answer, Client

NOWHERE = "00000000-0000-4000-8000-000000000000"
ALL = {"pageSize": "100", "page": "1"}


@pytest.fixture
def client() -> Client:
    return Client()


def transcriptions(client: Client, **query: str) -> list[Answer]:
    """Return the list for the event, all pages together."""
    records: list[Answer] = []
    while True:
        page = client("list-event-transcriptions", query=ALL | query | {"page": str(len(records) // 100 + 1)})
        records += page["data"]
        if len(records) == page["pagination"]["totalResults"]:
            return records


def packs(client: Client, **query: str) -> list[Answer]:
    return list(client("list-event-content", query=ALL | query)["data"])


def transcribed(client: Client) -> str:
    """Return a session with every kind of item, an unknown kind included."""
    return str(next(pack["id"] for pack in packs(client) if "quiz" in types(pack) and pack["has_podcast"]))


def types(pack: Answer) -> list[str]:
    return [item["type"] for item in pack["items"]]


def item(pack: Answer, type_: str) -> Answer:
    return dict(next(item for item in pack["items"] if item["type"] == type_))


# Transcriptions


def test_there_are_transcriptions_of_every_kind_and_one_more(client: Client) -> None:
    records = transcriptions(client)
    assert {record["type"] for record in records} == {
        "fragment",
        "summary",
        "insight",
        "translation",
        "chapter",
    }
    assert len({record["id"] for record in records}) == len(records)
    assert {record["session_id"] for record in records} <= set(client.session_ids)
    for record in records[:20]:
        assert client("get-transcription", record["id"]) == record
        its = {"session_id": record["session_id"]}
        assert client("get-session-transcription", record["id"], **its) == record
        assert record in client("list-session-transcriptions", **its, query=ALL)["data"]


def test_pages_hold_each_transcription_once(client: Client) -> None:
    everything = transcriptions(client)
    first = client("list-event-transcriptions")
    second = client("list-event-transcriptions", query={"page": "2"})
    assert [*first["data"], *second["data"]] == everything[:50]
    assert second["pagination"].items() >= {"currentPage": 2, "pageSize": 25}.items()


def test_transcriptions_are_filtered(client: Client) -> None:
    everything = transcriptions(client)
    with_partial = transcriptions(client, include_partial="true")
    partial = [record for record in with_partial if record not in everything]
    assert partial != []
    assert all(record["is_partial"] for record in partial)
    assert not any(record.get("is_partial") for record in everything)
    for name, value in (("type", "summary"), ("session_id", transcribed(client)), ("language_code", "fr")):
        matching = [record for record in everything if record[name] == value]
        assert transcriptions(client, **{name: value}) == matching != []
    assert transcriptions(client, session_id=NOWHERE) == []
    for query in ({"type": "chapter"}, {"include_partial": "yes"}, {"speaker": "x"}):
        assert client.refusal("list-event-transcriptions", query=query)[0] == 400


def test_a_transcription_is_made_changed_and_deleted(client: Client) -> None:
    reply = client.reply("create-transcription", type="fragment", transcription="Hello")
    assert reply.status == 201
    made: Answer = reply.content["data"]  # type: ignore[index]  # the object that the API sends
    assert made.items() >= {"type": "fragment", "transcription": "Hello", "is_partial": False}.items()
    assert made["session_id"] == client.session_id
    assert client("get-transcription", made["id"]) == made in transcriptions(client)

    changed = client("update-transcription", made["id"], transcription="Hi", mood="glad", id="other")
    assert changed == {**made, "transcription": "Hi", "mood": "glad", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > made["updated_at"]
    assert (
        client.refusal("update-transcription", made["id"], transcription="x", updated_at=made["updated_at"])[
            0
        ]
        == 409
    )

    assert client.reply("delete-transcription", made["id"]).status == 204
    assert client.refusal("delete-transcription", made["id"])[0] == 404
    assert client.refusal("get-transcription", made["id"])[0] == 404


def test_generated_transcriptions_can_be_changed_too(client: Client) -> None:
    before = transcriptions(client, type="summary")
    record = before[0]
    its = {"session_id": record["session_id"]}
    client("update-transcription", record["id"], **its, transcription="Short.")
    pack = client("get-session-content", **its)
    assert item(pack, "summary")["text"] == "Short."
    client("delete-transcription", record["id"], **its)
    assert transcriptions(client, type="summary") == before[1:]


@pytest.mark.parametrize(
    "values", [{}, {"type": "chapter"}, {"type": 1}, {"type": "summary", "transcription": 5}]
)
def test_wrong_transcriptions_are_refused(client: Client, values: Answer) -> None:
    assert client.refusal("create-transcription", **values)[0] == 400


def test_records_of_a_deleted_session_are_gone(client: Client) -> None:
    session_id = transcribed(client)
    client("delete-session", session_id=session_id)
    assert session_id not in {record["session_id"] for record in transcriptions(client)}
    assert session_id not in {pack["id"] for pack in packs(client)}
    assert client.refusal("list-session-transcriptions", session_id=session_id)[0] == 404


# Content packs


def test_a_pack_holds_every_kind(client: Client) -> None:
    pack = client("get-session-content", session_id=transcribed(client))
    assert types(pack) == [
        "transcription",
        "summary",
        "insight",
        "quiz",
        "podcast",
        "document",
        "document",
    ]
    assert (pack["has_transcription"], pack["has_summary"], pack["has_podcast"]) == (True, True, True)
    assert pack["event_id"] == client.event.id
    transcript = item(pack, "transcription")
    assert transcript["text"] == " ".join(element["value"] for element in transcript["elements"])
    speakers = {element["speaker"]["id"] for element in transcript["elements"]}
    assert speakers == {speaker["id"] for speaker in pack["speakers"]}
    fragments = [id_ for element in transcript["elements"] for id_ in element["fragment_ids"]]
    assert len(fragments) == transcript["fragment_count"]
    assert {client("get-transcription", id_)["type"] for id_ in fragments} == {"fragment"}


def test_lists_are_compact_by_default(client: Client) -> None:
    session_id = transcribed(client)
    [compact] = packs(client, session_id=session_id)
    [full] = packs(client, session_id=session_id, expand="items")
    assert item(compact, "transcription")["elements"] == []
    assert full == client("get-session-content", session_id=session_id)
    assert types(full) == types(compact)
    some = {"expand": "summary,document"}
    assert set(types(client("get-session-content", session_id=session_id, query=some))) == {
        "summary",
        "document",
    }
    assert client.refusal("list-event-content", query={"expand": "recap"})[0] == 400


def test_elements_are_no_longer_than_the_interval(client: Client) -> None:
    its = {"session_id": transcribed(client)}
    turns = item(client("get-session-content", **its), "transcription")["elements"]
    pieces = item(client("get-session-content", **its, query={"interval_sec": "20"}), "transcription")
    assert len(pieces["elements"]) == pieces["fragment_count"] > len(turns)
    assert all(piece["end_time"] - piece["start_time"] <= 20 for piece in pieces["elements"])
    assert pieces["interval_sec"] == 20
    for wrong in ("0", "x", "-1"):
        assert client.refusal("get-session-content", **its, query={"interval_sec": wrong})[0] == 400


def test_the_provider_decides_which_summary_comes(client: Client) -> None:
    records = transcriptions(client, type="summary")
    both = next(r["session_id"] for r in records if r["provider"] == "openai")
    for provider in ("claude", "openai"):
        pack = client("get-session-content", session_id=both, query={"provider": provider})
        assert item(pack, "summary")["provider"] == provider
    assert client.refusal("list-event-content", query={"provider": "other"})[0] == 400


def test_a_session_without_transcriptions_has_an_empty_pack(client: Client) -> None:
    silent = next(id_ for id_ in client.session_ids if id_ not in {pack["id"] for pack in packs(client)})
    pack = client("get-session-content", session_id=silent)
    assert (pack["id"], pack["items"], pack["has_transcription"]) == (silent, [], False)
    client("create-transcription", session_id=silent, type="fragment", transcription="Hello")
    pack = client("get-session-content", session_id=silent)
    assert (pack["has_transcription"], pack["has_summary"]) == (True, False)
    assert item(pack, "transcription")["text"] == "Hello"
    assert silent in {pack["id"] for pack in packs(client)}


def test_a_session_without_any_transcription_left_is_not_listed(client: Client) -> None:
    made = client("create-transcription", type="fragment", transcription="Hello")
    assert client.session_id in {pack["id"] for pack in packs(client)}
    client("delete-transcription", made["id"])
    assert client.session_id not in {pack["id"] for pack in packs(client)}


def test_lists_of_packs_have_pages(client: Client) -> None:
    everything = packs(client)
    page = client("list-event-content", query={"page": "2", "pageSize": "2"})
    assert page["data"] == everything[2:4]
    assert page["pagination"] == {
        "current_page": 2,
        "page_size": 2,
        "total_pages": -(-len(everything) // 2),
        "total_results": len(everything),
    }


def test_the_event_has_a_report_and_a_recap(client: Client) -> None:
    pack = client("get-event-content")
    assert (pack["id"], types(pack)) == (client.event.id, ["document", "recap"])
    recap = item(pack, "recap")
    assert recap["quotes"] and recap["topics"] and recap["summaries"]  # noqa: PT018  # all or none
    assert types(client("get-event-content", query={"expand": "recap"})) == ["recap"]
    assert client.refusal("get-event-content", query={"expand": "all"})[0] == 400


def test_every_item_is_found_by_its_id(client: Client) -> None:
    session_id = transcribed(client)
    for found in client("get-session-content", session_id=session_id)["items"]:
        query = {"session_id": session_id} if found["type"] == "document" else {}
        assert client("get-content-item", found["id"], query=query) == found
    for found in client("get-event-content")["items"]:
        assert client("get-content-item", found["id"]) == found
    assert client.refusal("get-content-item", "summary_pdf")[0] == 400
    assert client.refusal("get-content-item", "nothing")[0] == 404
    assert client.refusal("get-content-item", "summary_pdf", query={"session_id": NOWHERE})[0] == 404
    other = next(id_ for id_ in client.session_ids if id_ != session_id)
    assert client.refusal("get-content-item", session_id, query={"session_id": other})[0] == 404


# Documents


def test_documents_are_of_their_types(client: Client) -> None:
    session_id = transcribed(client)
    title = client.reply("get-session", session_id=session_id).content["title"]  # type: ignore[index]
    its: dict[str, Any] = {"session_id": session_id}
    summary = client.reply("download-session-content-document", "summary_pdf", **its)
    card = client.reply("download-session-content-document", "summary_card", **its)
    assert (summary.content_type, card.content_type) == ("application/pdf", "image/png")
    assert title.encode("utf-16-be").hex().upper().encode() in summary.content  # type: ignore[operator]
    for query in ({}, {"variant": "daily"}, {"variant": "theme"}):
        report = client.reply("download-event-content-document", "event_report", query=query)
        assert report.content_type == "application/pdf"
        assert isinstance(report.content, bytes)
        assert report.content.startswith(b"%PDF-")


def test_the_addresses_of_items_lead_to_the_same_bytes(client: Client) -> None:
    session_id = transcribed(client)
    pack = client("get-session-content", session_id=session_id)
    for document in (found for found in pack["items"] if found["type"] == "document"):
        reply = client.reply("download-session-content-document", document["id"], session_id=session_id)
        assert client.read(document["url"]) == reply.content
        assert document["content_type"] == reply.content_type
    assert client.read(item(pack, "podcast")["url"]).startswith(b"RIFF")
    report = client.reply("download-event-content-document", "event_report").content
    assert client.read(item(client("get-event-content"), "document")["url"]) == report


def test_unknown_documents_are_404(client: Client) -> None:
    its = {"session_id": transcribed(client)}
    assert client.refusal("download-session-content-document", "event_report", **its)[0] == 404
    assert client.refusal("download-event-content-document", "summary_pdf")[0] == 404
    silent = next(id_ for id_ in client.session_ids if id_ not in {pack["id"] for pack in packs(client)})
    assert client.refusal("download-session-content-document", "summary_pdf", session_id=silent)[0] == 404
    query = {"variant": "weekly"}
    assert client.refusal("download-event-content-document", "event_report", query=query)[0] == 400
