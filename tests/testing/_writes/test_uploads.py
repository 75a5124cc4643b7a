"""Files, recordings and media of the embedded server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.upload_calls import Answer, Client

EVERY_BYTE = bytes(range(256)) * 3
SLIDES: Answer = {"filename": "Folien «Größe».pdf", "size_bytes": len(EVERY_BYTE)}
SOUND: Answer = {"filename": "talk.mp3", "size_bytes": len(EVERY_BYTE), "content_type": "audio/mpeg"}


@pytest.fixture
def client() -> Client:
    return Client()


def form(*parts: tuple[str, bytes], boundary: str = "b0undary") -> dict[str, Any]:
    """Return a form with these headers and bodies of parts."""
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return {
        "body": body + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }


def field(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}'


def a_file(data: bytes, filename: str = "slides.pdf", content_type: str = "application/pdf") -> Any:
    head = field("file", f'; filename="{filename}"')
    return f"{head}\r\nContent-Type: {content_type}" if content_type else head, data


def completed_file(client: Client, body: bytes = EVERY_BYTE, **values: Any) -> Answer:
    made = client("create-session-file", **SLIDES | {"size_bytes": len(body)} | values)
    client.put(made["upload"], body)
    return dict(client("complete-session-file", made["id"]))


# Files


def test_a_file_is_requested_sent_and_completed(client: Client) -> None:
    reply = client.reply("create-session-file", **SLIDES, title="Slides")
    made: Answer = reply.content["data"]  # type: ignore[index]  # the object that the API sends
    assert reply.status == 201
    assert made["upload"].keys() == {"url", "method", "headers"}
    assert (made["upload"]["method"], made["upload"]["headers"]) == (
        "PUT",
        {"Content-Type": "application/pdf"},
    )
    assert "url" not in made
    assert client("list-session-files") == []

    client.put(made["upload"], EVERY_BYTE)
    file = client("complete-session-file", made["id"])
    assert file.items() >= {"id": made["id"], "title": "Slides", "size": len(EVERY_BYTE)}.items()
    assert file["filename"] == SLIDES["filename"]
    assert file["updated_at"] > made["updated_at"]
    assert client.read(file["url"]) == EVERY_BYTE
    assert client("complete-session-file", made["id"]) == file
    assert client("list-session-files") == [file]
    row = client.event.session(client.session_id)
    assert row is not None
    assert client.event.program.session(row, unassigned=None, expand=())["content"] == [file]


def test_a_file_without_its_bytes_is_not_completed(client: Client) -> None:
    made = client("create-session-file", **SLIDES)
    assert client.refusal("complete-session-file", made["id"])[0] == 400
    client.put(made["upload"], EVERY_BYTE[1:])
    assert "bytes were uploaded instead of" in client.refusal("complete-session-file", made["id"])[1]
    client.put(made["upload"], b"MZ" + EVERY_BYTE[2:])
    assert "type" in client.refusal("complete-session-file", made["id"])[1]
    assert client("list-session-files") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"size_bytes": 0},
        {"size_bytes": 524_288_001},
        {"size_bytes": "1"},
        {"size_bytes": True},
        {"filename": ""},
        {"filename": "setup.EXE"},
        {"filename": "a/b.pdf"},
        {"filename": ".."},
        {"content_type": "application/x-msdownload"},
        {"title": 5},
        {"assigned_participant_id": "unknown"},
    ],
)
def test_wrong_upload_requests_are_refused(client: Client, wrong: Answer) -> None:
    assert client.refusal("create-session-file", **SLIDES | wrong)[0] == 400
    file = completed_file(client)
    assert client.refusal("replace-session-file", file["id"], **SLIDES | wrong)[0] == 400
    assert client("list-session-files") == [file]


def test_the_largest_file_may_be_requested(client: Client) -> None:
    assert client("create-session-file", **SLIDES | {"size_bytes": 524_288_000})["size"] == 524_288_000


def test_old_bytes_stay_until_new_ones_are_complete(client: Client) -> None:
    file = completed_file(client)
    replaced = client("replace-session-file", file["id"], filename="notes.txt", size_bytes=3)
    assert replaced == {**file, "upload": replaced["upload"]}
    client.put(replaced["upload"], b"new")
    assert client.read(file["url"]) == EVERY_BYTE
    assert client("list-session-files") == [file]
    done = client("complete-session-file", file["id"])
    assert (done["id"], done["filename"], done["size"]) == (file["id"], "notes.txt", 3)
    assert done["mimetype"] == "text/plain"
    assert client.read(done["url"]) == b"new"
    assert client.store("GET", file["url"]).status == 404


def test_a_file_is_changed_and_deleted(client: Client) -> None:
    file = completed_file(client, title="Slides")
    contact = client.event.people.contact(next(iter(client.event.contacts)))
    changed = client(
        "update-session-file", file["id"], title=None, assigned_participant_id=contact["id"], unknown=1
    )
    assert changed["title"] == file["filename"]
    assert changed["assigned_participant_email"] == contact["email"]
    assert changed["assigned_participant_name"] == contact["full_name"]
    assert changed["updated_at"] > file["updated_at"]
    again = client("update-session-file", file["id"], assigned_participant_id=None)
    assert again["assigned_participant_email"] is None
    assert client("list-session-files") == [again]

    assert client.reply("delete-session-file", file["id"]).status == 204
    assert client("list-session-files") == []
    assert client.refusal("delete-session-file", file["id"])[0] == 404
    assert client.refusal("update-session-file", file["id"], title="x")[0] == 404
    assert client.refusal("complete-session-file", file["id"])[0] == 404


def test_generated_files_can_be_read_and_changed(client: Client) -> None:
    listed = {id_: client("list-session-files", session_id=id_) for id_ in client.session_ids}
    files = [file for its in listed.values() for file in its]
    assert {file["mimetype"] for file in files} == {"application/pdf", "text/plain"}
    assert any(file["assigned_participant_id"] for file in files)
    for file in files:
        answer = client.store("GET", file["url"])
        assert (len(answer.body), answer.headers["Content-Type"]) == (file["size"], file["mimetype"])
    session_id = next(id_ for id_, its in listed.items() if len(its) == 2)
    first, second = listed[session_id]
    renamed = client("update-session-file", first["id"], session_id=session_id, title="Folien")
    assert client("list-session-files", session_id=session_id) == [renamed, second]
    client("delete-session-file", first["id"], session_id=session_id)
    assert client("list-session-files", session_id=session_id) == [second]
    assert len(client.read(second["url"])) == second["size"]


def test_a_form_becomes_a_file_at_once(client: Client) -> None:
    contact = client.event.people.contact(next(iter(client.event.contacts)))
    sent = form(
        (field("title"), "Größe – 大きさ".encode()),
        (field("assigned_participant_id"), str(contact["id"]).encode()),
        a_file(EVERY_BYTE, "Folien «Größe».pdf"),
    )
    reply = client.reply("upload-session-file", **sent)
    assert reply.status == 201
    [file] = client("list-session-files")
    assert reply.content == {"data": file}
    assert (file["title"], file["filename"]) == ("Größe – 大きさ", "Folien «Größe».pdf")
    assert (file["size"], file["mimetype"]) == (len(EVERY_BYTE), "application/pdf")
    assert file["assigned_participant_email"] == contact["email"]
    assert client.read(file["url"]) == EVERY_BYTE


@pytest.mark.parametrize(
    "sent",
    [
        form((field("title"), b"No file")),
        form((field("file"), b"not named as one")),
        form(a_file(b"")),
        form(a_file(bytes(50 * 1024 * 1024 + 1))),
        form(a_file(b"x", "setup.exe")),
        form(a_file(b"\x7fELF", "notes.pdf")),
        form(a_file(b"x"), (field("title"), b"\xff")),
        {"body": b"--b--", "headers": {"Content-Type": "multipart/form-data"}},
        {"body": b"{}", "headers": {"Content-Type": "application/json"}},
        {"body": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    ],
    ids=range(10),
)
def test_wrong_forms_are_refused(client: Client, sent: Any) -> None:
    assert client.refusal("upload-session-file", **sent)[0] == 400
    assert client("list-session-files") == []


def test_the_type_of_a_file_is_guessed_if_the_form_has_none(client: Client) -> None:
    for declared in ("", "application/octet-stream"):
        file = client("upload-session-file", **form(a_file(b"x", "picture.png", declared)))
        assert file["mimetype"] == "image/png"
    assert client("upload-session-file", **form(a_file(b"x", "x", "")))["mimetype"].endswith("octet-stream")


def test_a_message_as_a_file_stays_whole(client: Client) -> None:
    mail = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--\r\n"
    file = client("upload-session-file", **form(a_file(mail, "mail.eml", "message/rfc822")))
    assert client.read(file["url"]) == mail


# Recordings


def test_a_recording_becomes_pcm(client: Client) -> None:
    assert client("list-session-recordings") == []
    made = client("create-session-recording", **SOUND)
    assert made["upload"]["headers"] == {"Content-Type": "audio/mpeg"}
    assert (made["status"], made["type"]) == ("recording", "recording")
    client.put(made["upload"], EVERY_BYTE)
    done = client("complete-session-recording", made["id"], duration_seconds=1.5)
    assert (done["encoding"], done["sample_rate"], done["channels"]) == ("linear16", 16_000, 1)
    assert (done["status"], done["duration_seconds"]) == ("completed", 1.5)
    assert made["s3_key"].endswith("/talk.mp3")
    assert done["s3_key"].endswith("/talk.pcm")
    assert client("complete-session-recording", made["id"], duration_seconds=9) == done
    assert client("complete-session-recording", made["id"], body=b"") == done
    assert client("get-session-recording", made["id"]) == done
    assert client("list-session-recordings") == [done]
    other: Answer = {"session_id": client.session_ids[0]}
    assert client("list-session-recordings", **other) == []
    assert client.refusal("get-session-recording", made["id"], **other)[0] == 404


@pytest.mark.parametrize("body", [None, b"NOT AUDIO at all"])
def test_a_file_other_than_audio_cannot_be_completed(client: Client, body: bytes | None) -> None:
    made = client("create-session-recording", **SOUND)
    if body is not None:
        client.put(made["upload"], body)
    reply = client.reply("complete-session-recording", made["id"])
    assert reply.status == 422
    assert "TRANSCODE_ERROR" in str(reply.content)
    assert client("get-session-recording", made["id"])["status"] == "recording"
    client.put(made["upload"], EVERY_BYTE)
    assert client("complete-session-recording", made["id"])["status"] == "completed"


# Media


def begun(client: Client, body: bytes = EVERY_BYTE, parts: int = 3) -> tuple[Answer, list[Answer]]:
    """Start an upload, send its parts in reverse order, and return the arguments that complete it."""
    upload = client("initiate-media-upload", **SOUND)
    named: Answer = {"key": upload["key"], "upload_id": upload["upload_id"]}
    numbers = list(range(1, parts + 1))
    signed = client("sign-media-upload-part", **named, part_numbers=numbers)["parts"]
    assert [part["part_number"] for part in signed] == numbers
    size = -(-len(body) // parts)
    etags: list[Answer] = []
    for part in reversed(signed):
        number = part["part_number"]
        etag = client.put(part, body[(number - 1) * size : number * size])
        etags.insert(0, {"part_number": number, "etag": etag})
    return named, etags


def complete(client: Client, body: bytes = EVERY_BYTE) -> Answer:
    named, parts = begun(client, body)
    values: Answer = {"parts": parts, "filename": "talk.mp3", "size_bytes": len(body)}
    return dict(client("complete-media-upload", **named, **values))


def test_media_are_put_together_from_their_parts(client: Client) -> None:
    media = complete(client)
    assert (media["transcript_status"], media["title"], media["kind"]) == ("queued", "talk", "audio")
    stored = client.organization.storage.find(media["media_s3_key"])
    assert stored is not None
    assert (stored.body, stored.content_type) == (EVERY_BYTE, "audio/mpeg")


def test_a_transcript_is_made_step_by_step(client: Client) -> None:
    media = complete(client)
    before = client("list-session-transcriptions")["data"]
    replies = [client.reply("get-media-item", media["id"]) for _ in range(4)]
    reads: list[Any] = [reply.content["data"] for reply in replies]  # type: ignore[index]  # as the API sends it
    assert [read["transcript_status"] for read in reads] == ["queued", "processing", "ready", "ready"]
    assert [reply.changes for reply in replies] == [False, True, True, False]
    assert reads[2]["updated_at"] > reads[1]["updated_at"] > reads[0]["updated_at"]
    after = client("list-session-transcriptions")["data"]
    assert [record["type"] for record in after[len(before) :]] == ["fragment"]


def test_a_file_other_than_media_fails(client: Client) -> None:
    media = complete(client, b"NOT MEDIA" + EVERY_BYTE)
    before = client("list-session-transcriptions")
    statuses = [client("get-media-item", media["id"])["transcript_status"] for _ in range(4)]
    assert statuses == ["queued", "processing", "failed", "failed"]
    assert client("list-session-transcriptions") == before


def test_parts_must_equal_the_uploaded_ones(client: Client) -> None:
    named, parts = begun(client)
    whole: Answer = {"filename": "talk.mp3", "size_bytes": len(EVERY_BYTE)}
    wrong: list[list[Answer]] = [
        [],
        parts[::-1],
        [parts[0], *parts],
        [*parts, {"part_number": 4, "etag": parts[0]["etag"]}],
        [parts[0], parts[1], {"part_number": 3, "etag": '"other"'}],
        [{"number": 1}],
        parts[:2],
    ]
    for listed in wrong:
        assert client.refusal("complete-media-upload", **named, **whole, parts=listed)[0] == 400
    bare = [{**part, "etag": part["etag"].strip('"')} for part in parts]
    assert client("complete-media-upload", **named, **whole, parts=bare)["id"]
    assert client.refusal("complete-media-upload", **named, **whole, parts=parts)[0] == 404


def test_an_aborted_upload_is_gone(client: Client) -> None:
    named, parts = begun(client)
    assert client.refusal("sign-media-upload-part", **named, part_numbers=[0])[0] == 400
    assert client.refusal("sign-media-upload-part", **named, part_numbers=["1"])[0] == 400
    assert client.refusal("abort-media-upload", **named | {"key": "other"})[0] == 404
    assert client.reply("abort-media-upload", **named).status == 200
    assert client.refusal("abort-media-upload", **named)[0] == 404
    assert client.refusal("sign-media-upload-part", **named, part_numbers=[1])[0] == 404
    values: Answer = {"parts": parts, "filename": "talk.mp3", "size_bytes": len(EVERY_BYTE)}
    assert client.refusal("complete-media-upload", **named, **values)[0] == 404


# All resources


@pytest.mark.parametrize(
    "operation",
    [
        "list-session-files",
        "create-session-file",
        "upload-session-file",
        "list-session-recordings",
        "create-session-recording",
        "initiate-media-upload",
        "get-media-item",
    ],
)
def test_there_must_be_such_a_session(client: Client, operation: str) -> None:
    assert client.refusal(operation, session_id="nowhere", **SLIDES) == (404, "there is no such session")


def test_deleted_and_replaced_files_leave_no_bytes(client: Client) -> None:
    storage = client.organization.storage
    file = completed_file(client)
    for body in (b"abc", b"defg"):
        replaced = client("replace-session-file", file["id"], filename="notes.txt", size_bytes=len(body))
        client.put(replaced["upload"], body)
    assert storage.size == len(EVERY_BYTE) + 4
    client("complete-session-file", file["id"])
    assert storage.size == 4
    again = client("replace-session-file", file["id"], filename="notes.txt", size_bytes=3)
    client.put(again["upload"], b"abc")
    client("delete-session-file", file["id"])
    assert storage.size == 0
    made = client("upload-session-file", **form(a_file(EVERY_BYTE, "a.pdf")))
    assert storage.size == len(EVERY_BYTE)
    client("delete-session-file", made["id"])
    assert storage.size == 0


def test_an_unknown_person_of_a_form_is_refused(client: Client) -> None:
    for text in ("", "unknown"):
        sent = form((field("assigned_participant_id"), text.encode()), a_file(EVERY_BYTE, "a.pdf"))
        assert client.refusal("upload-session-file", **sent)[0] == 400
    assert client.organization.storage.size == 0


def test_a_full_storage_refuses_uploads(client: Client) -> None:
    client.organization.storage.capacity = 0
    upload = client.organization.storage.upload_address("key")
    answer = client.store("PUT", upload["url"], b"x")
    assert (answer.status, b"<Code>EntityTooLarge</Code>" in answer.body) == (413, True)
    before = client("list-session-files")
    assert client.refusal("upload-session-file", **form(a_file(b"x", "a.txt")))[0] == 413
    assert client("list-session-files") == before
