"""Custom fields and translations of records."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sessionboard_async.models import (
    Contact,
    CustomFieldValue,
    Exhibitor,
    Session,
    SessionSpeaker,
    Sponsor,
    Subsession,
    TranslatedField,
)

KINDS: list[type[Any]] = [
    Session,
    Subsession,
    Contact,
    SessionSpeaker,
    Sponsor,
    Exhibitor,
]


def text(field: str, language: str, value: str | None, **more: str) -> TranslatedField:
    return TranslatedField(
        parent_field_internal_name=field, translated_language=language, value=value, **more
    )


TEXTS = st.lists(
    st.builds(
        text,
        st.sampled_from(["title", "description", "co_authors", "no_such_field"]),
        st.sampled_from(["fr", "fr-CA", "FR-ca", "pt-BR", "de"]),
        st.sampled_from([None, "", " \n", "un", "deux", "trois"]),
    ),
    max_size=12,
).map(tuple)
CUSTOM_FIELDS = (CustomFieldValue(id="f1", internal_name="co_authors", value="R. Iyer"),)
ASKED = {"fr": ["fr"], "FR-CA": ["fr-ca", "fr"], "pt": ["pt"], "pt-BR": ["pt-br", "pt"], "en-US": ["en-us"]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["text", 0, False, 2.5, ["a", "b"], {"de": "x"}, ""])
def test_a_custom_field_gives_its_value_whatever_it_is(kind: type[Any], value: object) -> None:
    record = msgspec.convert({"custom_fields": [{"internal_name": "poster", "value": value}]}, kind)

    assert record.custom("poster", default="none") == value


def test_a_custom_field_that_is_missing_or_null_gives_the_default() -> None:
    session = Session(custom_fields=(CustomFieldValue(internal_name="poster"),))

    assert Session().custom("poster") is None
    assert Session().custom("poster", "none") == "none"
    assert session.custom("poster", "none") == "none"
    assert session.custom("other", "none") == "none"


def test_custom_fields_are_found_by_internal_name_or_else_by_key_and_the_first_counts() -> None:
    session = msgspec.json.decode(
        b"""{"custom_fields": [{"key": "poster", "value": 1, "value_raw": "1"},
             {"name": "poster", "internal_name": "poster_2", "key": "other", "value": 2},
             {"internal_name": "poster", "value": 3}]}""",
        type=Session,
    )

    assert session.custom("poster") == 1
    assert session.custom("poster_2") == 2
    assert session.custom("other") is None


def test_translations_are_kept_by_language_and_field() -> None:
    session = Session(
        custom_fields=CUSTOM_FIELDS,
        translated_fields=(
            text("title", "fr", "Ouverture"),
            text("title", "fr", "Autre"),
            text("description", "fr", " "),
            text("title", "fr-CA", "Mot de bienvenue"),
            TranslatedField(parent_field_id="f1", translated_language="fr", value="R. Iyer et al."),
            TranslatedField(translated_language="fr", value="of no field"),
            TranslatedField(parent_field_internal_name="title", value="of no language"),
        ),
    )

    assert session.translations == {
        "fr": {"title": "Ouverture", "co_authors": "R. Iyer et al."},
        "fr-CA": {"title": "Mot de bienvenue"},
    }
    assert Session().translations == {}


@given(TEXTS, st.sampled_from(sorted(ASKED)))
def test_each_text_is_the_best_there_is(texts: tuple[TranslatedField, ...], language: str) -> None:
    session = Session(title="Opening", description=None, custom_fields=CUSTOM_FIELDS, translated_fields=texts)
    default = {"title": "Opening", "description": None, "co_authors": "R. Iyer"}
    best = dict(default)
    for tag in reversed(ASKED[language]):
        for item in reversed(texts):
            if str(item.translated_language).lower() == tag and item.value in {"un", "deux", "trois"}:
                best[str(item.parent_field_internal_name)] = item.value

    translated = session.translated(language)

    assert {
        "title": translated.title,
        "description": translated.description,
        "co_authors": translated.custom("co_authors"),
    } == {name: best[name] for name in default}


@given(TEXTS, TEXTS, st.sampled_from(sorted(ASKED)))
def test_translating_twice_is_translating_once_and_leaves_the_original(
    texts: tuple[TranslatedField, ...], of_speaker: tuple[TranslatedField, ...], language: str
) -> None:
    speaker = SessionSpeaker(id="ada", title="Professor", translated_fields=of_speaker)
    session = Session(
        title="Opening", speakers=(speaker,), custom_fields=CUSTOM_FIELDS, translated_fields=texts
    )
    before = msgspec.json.encode(session)

    once = session.translated(language)

    assert once.translated(language) is once
    assert once.translated_fields == session.translated_fields
    assert msgspec.json.encode(session) == before


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr", "Ouverture"),
        ("fr-CA", "Mot de bienvenue"),
        ("FR-ca", "Mot de bienvenue"),
        (" fr-CA ", "Mot de bienvenue"),
        ("fr-BE", "Ouverture"),
        ("fr-Latn-CA", "Ouverture"),
        ("pt-BR", "Abertura"),
        ("pt", "Opening"),
        ("pt-PT", "Opening"),
        ("f", "Opening"),
        ("en-US", "Opening"),
    ],
)
def test_languages_fall_back_from_the_specific_to_the_general_only(language: str, title: str) -> None:
    session = Session(
        title="Opening",
        translated_fields=(
            text("title", "fr", "Ouverture"),
            text("title", "fr-CA", "Mot de bienvenue"),
            text("title", "pt-BR", "Abertura"),
        ),
    )

    assert session.translated(language).title == title


def test_a_blank_text_falls_back_field_by_field() -> None:
    session = Session(
        title="Opening",
        description="<p>Welcome</p>",
        translated_fields=(
            text("title", "fr-CA", "  "),
            text("title", "fr", "Ouverture"),
            text("description", "fr-CA", "<p>Bienvenue</p>"),
            text("description", "fr", "<p>Bonjour</p>"),
        ),
    )

    translated = session.translated("fr-CA")

    assert (translated.title, translated.description) == ("Ouverture", "<p>Bienvenue</p>")


def test_a_record_without_translations_is_returned_itself() -> None:
    session = Session(title="Opening", speakers=(SessionSpeaker(title="Professor"),))
    translated = Session(title="Opening", translated_fields=(text("title", "de", "Eröffnung"),))

    assert session.translated("fr") is session
    assert translated.translated("fr") is translated


@pytest.mark.parametrize("name", ["speakers", "participants", "chairpersons", "moderators"])
def test_the_people_inside_are_translated(name: str) -> None:
    person = {
        "id": "ada",
        "full_name": "Ada Brandt",
        "title": "Professor",
        "translated_fields": [
            {"parent_field_internal_name": "title", "translated_language": "de", "value": "Professorin"}
        ],
    }
    session = msgspec.convert({"title": "Opening", name: [person, {"id": "bao", "title": "Dean"}]}, Session)

    translated = session.translated("de")
    first, second = getattr(translated, name)

    assert (first.full_name, first.title) == ("Ada Brandt", "Professorin")
    assert second is getattr(session, name)[1]
    assert translated.title == "Opening"


def test_subsessions_sponsors_and_exhibitors_inside_are_translated() -> None:
    speaker = SessionSpeaker(about="Trees.", translated_fields=(text("about", "fr", "Des arbres."),))
    session = Session(
        subsessions=(
            Subsession(title="Part", speakers=(speaker,), translated_fields=(text("title", "fr", "Partie"),)),
        ),
        sponsors=(Sponsor(name="Umbra", translated_fields=(text("description", "fr", "Mécène"),)),),
        exhibitors=(Exhibitor(name="Lux", translated_fields=(text("name", "fr", "Lumière"),)),),
    )

    translated = session.translated("fr")

    assert translated.subsessions is not None
    assert translated.subsessions[0].title == "Partie"
    assert translated.subsessions[0].people[0].about == "Des arbres."
    assert translated.sponsors is not None
    assert (translated.sponsors[0].name, translated.sponsors[0].description) == ("Umbra", "Mécène")
    assert translated.exhibitors is not None
    assert translated.exhibitors[0].name == "Lumière"


@pytest.mark.parametrize(
    "field",
    [
        CustomFieldValue(id="f1", internal_name="authors_of_old", value="x"),
        CustomFieldValue(id="value-1", internal_name="co_authors", value="x"),
        CustomFieldValue(key="co_authors", value="x"),
    ],
    ids=["by id", "by name", "by key"],
)
def test_custom_fields_are_translated(field: CustomFieldValue) -> None:
    other = CustomFieldValue(internal_name="other", value=5)
    session = Session(
        custom_fields=(other, field),
        translated_fields=(text("co_authors", "fr", "y", parent_field_id="f1"),),
    )

    assert session.translated("fr").custom_fields == (other, replace(field, value="y"))


@pytest.mark.parametrize(
    "parent", [{"parent_field_id": "f1"}, {"parent_field_internal_name": "co_authors"}, {}]
)
def test_a_custom_field_without_id_and_name_is_not_translated(parent: dict[str, str]) -> None:
    session = msgspec.convert(
        {
            "custom_fields": [{"value": "x"}],
            "translated_fields": [{"translated_language": "fr", "value": "y", **parent}],
        },
        Session,
    )

    assert session.translated("fr") is session


@pytest.mark.parametrize("place", [1, -1], ids=["custom first", "standard first"])
def test_a_standard_and_a_custom_field_of_one_name_are_told_apart_by_their_source(place: int) -> None:
    session = Session(
        title="Opening",
        custom_fields=(CustomFieldValue(internal_name="title", value="Prof."),),
        translated_fields=(
            text("title", "fr", "Pr", parent_field_source="custom"),
            text("title", "fr", "Ouverture", parent_field_source="standard"),
        )[::place],
    )

    translated = session.translated("fr")

    assert (translated.title, translated.custom("title")) == ("Ouverture", "Pr")


@pytest.mark.parametrize(
    "name", ["id", "friendly_id", "status", "custom_status_id", "starts_at", "capacity", "speakers", "people"]
)
def test_only_texts_are_translated(name: str) -> None:
    session = Session(id="s1", status="accepted", translated_fields=(text(name, "fr", "x"),))

    assert session.translated("fr") is session


@pytest.mark.parametrize("asked", ["fr_CA", "FR-ca", "fr_CA.UTF-8", "fr_CA@euro", " fr-CA\n"])
@pytest.mark.parametrize("sent", ["fr-CA", "fr_CA"])
def test_the_name_of_a_locale_is_its_language(asked: str, sent: str) -> None:
    session = Session(title="Hello", translated_fields=(text("title", sent, "Allo"),))
    assert session.translated(asked).title == "Allo"
    assert session.translated("fr_FR.UTF-8").title == "Hello"
    general = Session(title="Hello", translated_fields=(text("title", "fr", "Bonjour"),))
    assert general.translated(asked).title == "Bonjour"


@pytest.mark.parametrize("language", ["", " ", "_", ".UTF-8"])
def test_a_language_must_be_named(language: str) -> None:
    with pytest.raises(ValueError, match="language"):
        Session().translated(language)
