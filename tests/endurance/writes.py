"""Writes: single ones, in bulk, and of files."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

from sessionboard_async import AsyncSession, Create, Delete
from sessionboard_async.models import Session
from tests.endurance.visitor import Outcome, Visitor

_PDF = b"%PDF-1.4\n"


async def write_session(visitor: Visitor) -> None:
    """Create a session, and perhaps update, delete and restore it."""
    world, client = visitor.world, visitor.client()
    kept, gone = world.kept["sessions"], world.gone["sessions"]
    created = await visitor.attempt(client.sessions.create(world.changing, title=visitor.mark()))
    if created.value is None:
        return
    id_ = str(created.value.id)
    kept.add(id_)
    record = created.value
    for _ in range(visitor.random.randrange(3)):
        title = visitor.mark()
        updated: Outcome[Session] = await visitor.attempt(
            visitor.client().sessions.update(world.changing, record, title=title)
        )
        if updated.value is None:
            break
        visitor.check(updated.value.title == title, "an update is not in its answer")
        record = updated.value
    if visitor.random.random() < 0.2:
        return
    # After an unknown outcome it may be there or not.
    kept.discard(id_)
    if not (await visitor.attempt(visitor.client().sessions.delete(world.changing, id_))).done:
        return
    gone.add(id_)
    if visitor.random.random() < 0.3:
        gone.discard(id_)
        if (await visitor.attempt(visitor.client().sessions.restore(world.changing, id_))).done:
            kept.add(id_)


async def write_bulk(visitor: Visitor) -> None:
    """Create contacts in bulk, and delete most of them."""
    world = visitor.world
    creates = [
        Create({"first_name": "Ann", "last_name": "Bulk", "email": f"{visitor.mark()}@example.org"})
        for _ in range(visitor.random.choice((1, 20, 130)))
    ]

    async def one_by_one() -> AsyncIterator[Create]:
        for create in creates:
            yield create

    operations = one_by_one() if visitor.random.random() < 0.5 else creates
    created = await visitor.attempt(visitor.client().contacts.bulk(world.changing, operations))
    if created.value is None:
        return
    visitor.check(created.value.succeeded == len(creates), "not every contact was created")
    ids = {str(outcome.id) for outcome in created.value.outcomes}
    visitor.check(len(ids) == len(creates), "contacts share an id")
    spared = set(sorted(ids)[: len(ids) // 10])
    world.kept["contacts"] |= spared
    deletes = [Delete(id_) for id_ in sorted(ids - spared)]
    deleted = await visitor.attempt(visitor.client().contacts.bulk(world.changing, deletes))
    if deleted.value is not None and deletes:
        visitor.check(deleted.value.succeeded == len(deletes), "not every contact was deleted")
        world.gone["contacts"] |= ids - spared


async def upload(visitor: Visitor) -> None:
    """Upload a file in one request, or in three steps."""
    world, client = visitor.world, visitor.client()
    session = visitor.random.choice(sorted(world.settled["sessions"]))
    mark = visitor.mark()
    content = _PDF + mark.encode() + visitor.random.randbytes(visitor.random.randrange(20_000))
    if visitor.random.random() < 0.5:
        source = io.BytesIO(content) if visitor.random.random() < 0.5 else content
        uploaded = await visitor.attempt(
            client.files.upload(world.changing, session, source, filename="slides.pdf", title=mark)
        )
        if uploaded.value is None:
            return
        visitor.check(uploaded.value.id is not None, "an uploaded file has no id")
        await visitor.attempt(client.files.delete(world.changing, session, uploaded.value))
    else:
        await _upload_recording(visitor, client, session, content)


async def _upload_recording(visitor: Visitor, client: AsyncSession, session: str, content: bytes) -> None:
    world = visitor.world
    announced = await visitor.attempt(
        client.recordings.create(
            world.changing,
            session,
            filename=f"{visitor.mark()}.wav",
            size_bytes=len(content),
            content_type="audio/wav",
        )
    )
    if announced.value is None:
        return
    sent = await visitor.attempt(client.send_file(announced.value.upload, content))
    if not sent.done:
        return
    completed = await visitor.attempt(client.recordings.complete(world.changing, session, announced.value))
    visitor.check(completed.value is None or completed.value.status == "completed", "it is not complete")
