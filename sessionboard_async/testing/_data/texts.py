"""Texts of the embedded conference: talks, rooms, sponsors; all invented."""

from __future__ import annotations

from typing import NamedTuple

Triple = tuple[str, str, str]
"""A text in English (or the talk's own language), French and German."""

TOPICS: tuple[Triple, ...] = (
    ("Open data for small museums", "Données ouvertes pour petits musées", "Offene Daten für kleine Museen"),
    ("Types in daily work", "Les types au quotidien", "Typen im Alltag"),
    (
        "Backpressure in event streams",
        "Contre-pression dans les flux d’événements",
        "Gegendruck in Datenströmen",
    ),
    ("Maps for slow phones", "Des cartes pour téléphones lents", "Karten für langsame Telefone"),
    ("Listening to tide gauges", "À l’écoute des marégraphes", "Den Pegeln zuhören"),
    ("Captions for live talks", "Sous-titrer le direct", "Untertitel für Vorträge"),
    ("Timetables & their time zones", "Horaires & fuseaux horaires", "Fahrpläne & ihre Zeitzonen"),
    ("Databases without a night shift", "Bases de données sans astreinte", "Datenbanken ohne Nachtschicht"),
    ("Reading old handwriting", "Lire les écritures anciennes", "Alte Handschriften lesen"),
    ("Queues that never lie", "Des files qui ne mentent jamais", "Warteschlangen, die nicht lügen"),
    ("Seed libraries", "Grainothèques", "Saatgutbibliotheken"),
    ("Accessible forms", "Formulaires accessibles", "Barrierefreie Formulare"),
    ("Weather models at home", "La météo à la maison", "Wettermodelle für zu Hause"),
    ("Rust beside Python", "Rust aux côtés de Python", "Rust neben Python"),
    ("Translating error messages", "Traduire les messages d’erreur", "Fehlermeldungen übersetzen"),
    ("Archives on spinning disks", "Archives sur disques durs", "Archive auf Festplatten"),
    ("Cities that count bicycles", "Ces villes qui comptent les vélos", "Städte, die Fahrräder zählen"),
    ("Unicode in the wild 🦉", "Unicode dans la nature 🦉", "Unicode in freier Wildbahn 🦉"),
)


ANGLES: tuple[Triple, ...] = (
    (
        "lessons from a night without power",
        "leçons d’une nuit sans courant",
        "Lehren aus einer Nacht ohne Strom",
    ),
    ("what we measured", "ce que nous avons mesuré", "was wir gemessen haben"),
    ("an honest comparison", "une comparaison honnête", "ein ehrlicher Vergleich"),
    ("from idea to routine", "de l’idée à la routine", "von der Idee zum Alltag"),
    ("a hands-on workshop", "atelier pratique", "ein Workshop zum Mitmachen"),
    ("ten years later", "dix ans après", "zehn Jahre später"),
    ("why we said no", "pourquoi nous avons dit non", "warum wir Nein gesagt haben"),
    ("questions from the audience", "les questions du public", "Fragen aus dem Publikum"),
    ("three small repairs", "trois petites réparations", "drei kleine Reparaturen"),
    ("a field report", "retour d’expérience", "ein Erfahrungsbericht"),
)


SENTENCES: tuple[Triple, ...] = (
    (
        "We started with one spreadsheet and a borrowed server.",
        "Nous avons commencé avec un tableur et un serveur prêté.",
        "Angefangen haben wir mit einer Tabelle und einem geliehenen Server.",
    ),
    (
        "The numbers surprised us, and the reason surprised us more.",
        "Les chiffres nous ont surpris, et la raison encore davantage.",
        "Die Zahlen haben uns überrascht, der Grund noch mehr.",
    ),
    (
        "You will leave with a plan that fits on one page.",
        "Vous repartirez avec un plan qui tient sur une page.",
        "Sie gehen mit einem Plan, der auf eine Seite passt.",
    ),
    (
        "No previous knowledge is needed; curiosity helps.",
        "Aucune connaissance préalable n’est requise ; la curiosité aide.",
        "Vorkenntnisse sind nicht nötig; Neugier hilft.",
    ),
    (
        "Half of the time is kept for questions.",
        "La moitié du temps est réservée aux questions.",
        "Die Hälfte der Zeit gehört den Fragen.",
    ),
    (
        "All material is published under a free licence.",
        "Tous les documents sont publiés sous licence libre.",
        "Alle Unterlagen stehen unter einer freien Lizenz.",
    ),
    (
        "Bring a laptop if you want to try it yourself.",
        "Apportez un ordinateur si vous voulez essayer.",
        "Bringen Sie einen Rechner mit, wenn Sie es selbst versuchen wollen.",
    ),
    (
        "It failed twice before it worked, and we show both failures.",
        "Deux échecs ont précédé la réussite, et nous montrons les deux.",
        "Zweimal ging es schief, bevor es gelang, und wir zeigen beides.",
    ),
    (
        "The method needs two people and one quiet afternoon.",
        "La méthode demande deux personnes et un après-midi calme.",
        "Die Methode braucht zwei Leute und einen ruhigen Nachmittag.",
    ),
    (
        "Afterwards we meet at the coffee bar to compare notes.",
        "Ensuite, nous nous retrouvons au bar à café pour comparer nos notes.",
        "Danach vergleichen wir an der Kaffeebar unsere Notizen.",
    ),
)


FORMULA = r"<p>The cost grows with \(n \log n\), never with \(n^2\).</p>"


class Talk(NamedTuple):
    """A talk whose title is in its own script."""

    title: Triple
    text: str


TALKS: tuple[Talk, ...] = (
    Talk(
        (
            "Открытые данные для библиотек",
            "Données ouvertes pour les bibliothèques",
            "Offene Daten für Bibliotheken",
        ),
        "Мы расскажем, как небольшая библиотека открыла свой каталог и что из этого вышло.",
    ),
    Talk(
        ("Η θάλασσα σε αριθμούς", "La mer en chiffres", "Das Meer in Zahlen"),
        "Θα δούμε πώς μετράμε τη στάθμη της θάλασσας και τι μας λένε οι μετρήσεις.",
    ),
    Talk(
        (
            "كيف نقرأ المخطوطات القديمة",
            "Comment lire les manuscrits anciens",
            "Wie man alte Handschriften liest",
        ),
        "نعرض في هذه الجلسة طريقة بسيطة لقراءة المخطوطات القديمة بمساعدة الحاسوب.",
    ),
    Talk(
        ("מפות לטלפונים איטיים", "Des cartes pour téléphones lents", "Karten für langsame Telefone"),
        "נראה איך בונים מפה שנפתחת מהר גם בטלפון ישן, ומה לומדים בדרך.",
    ),
    Talk(
        ("小型博物馆的开放数据", "Données ouvertes pour petits musées", "Offene Daten für kleine Museen"),
        "我们将介绍一家小型博物馆如何开放自己的馆藏数据，以及从中得到的经验。",
    ),
    Talk(
        ("遅い回線のための地図", "Des cartes pour connexions lentes", "Karten für langsame Leitungen"),
        "遅い回線でもすぐに開く地図の作り方を、実例とともに紹介します。",
    ),
    Talk(
        (
            "작은 도시의 자전거 데이터",
            "Les données vélo d’une petite ville",
            "Fahrraddaten einer kleinen Stadt",
        ),
        "작은 도시가 자전거를 세기 시작하면서 무엇이 달라졌는지 이야기합니다.",
    ),
    Talk(
        ("भाषाओं के लिए खुले उपकरण", "Outils libres pour les langues", "Freie Werkzeuge für Sprachen"),
        "हम दिखाएंगे कि छोटी भाषाओं के लिए खुले उपकरण कैसे बनाए जाते हैं।",
    ),
    Talk(
        ("Bảo tàng nhỏ, dữ liệu mở", "Petits musées, données ouvertes", "Kleine Museen, offene Daten"),
        "Chúng tôi kể lại cách một bảo tàng nhỏ mở dữ liệu của mình cho mọi người.",
    ),
    Talk(
        ("🌍 + 🚲 = ❤️", "🌍 + 🚲 = ❤️", "🌍 + 🚲 = ❤️"),
        "Five cities, five counting stations, one map 🗺️ and a family on one bike 👨‍👩‍👧‍👦.",
    ),
)


PARTS: tuple[Triple, ...] = (
    ("Part one: the problem", "Première partie : le problème", "Teil eins: das Problem"),
    ("Part two: the attempt", "Deuxième partie : la tentative", "Teil zwei: der Versuch"),
    ("Part three: the answer", "Troisième partie : la réponse", "Teil drei: die Antwort"),
    ("Discussion", "Discussion", "Diskussion"),
)


SLOGANS: tuple[Triple, ...] = (
    (
        "Tools for people who keep things running.",
        "Des outils pour celles et ceux qui font tourner les choses.",
        "Werkzeuge für alle, die etwas am Laufen halten.",
    ),
    (
        "Paper, glue and backups since 1911.",
        "Papier, colle et sauvegardes depuis 1911.",
        "Papier, Leim und Sicherungen seit 1911.",
    ),
    (
        "We print what others scan.",
        "Nous imprimons ce que d’autres numérisent.",
        "Wir drucken, was andere scannen.",
    ),
    ("Water levels, on time.", "Les niveaux d’eau, à l’heure.", "Wasserstände, pünktlich."),
)


class EventText(NamedTuple):
    """The name of an event, its time zone, and the offset of that zone on its days, in minutes.

    Not every platform has a database of time zones. Where an event is repeated in another season, the offset
    may differ from the zone's by an hour.
    """

    name: str
    timezone: str
    offset: int


EVENTS: tuple[EventText, ...] = (
    EventText("Open Shelves Conference", "America/Chicago", -300),
    EventText("Journées des données ouvertes", "Europe/Paris", 120),
    EventText("Pegelstand – Tagung für Messdaten", "Europe/Berlin", 60),
    EventText("例示カンファレンス", "Asia/Tokyo", 540),
    EventText("Conferência Exemplo", "America/Sao_Paulo", -180),
    EventText("Kathmandu Map Days", "Asia/Kathmandu", 345),
)


ROOMS: tuple[str, ...] = (
    "Großer Saal",
    "Salle Étoile",
    "Room 101",
    "Room 102",
    "Зал А",
    "Αίθουσα Β",
    "会議室 3",
    "Workshop Tent ⛺",
    "Library",
    "Boiler Room",
    "Roof Garden",
    "קומה 2",
)


TRACKS: tuple[tuple[str, str], ...] = (
    ("Data", "#1F77B4"),
    ("Archives", "#8C564B"),
    ("Web & Maps", "#2CA02C"),
    ("Community", "#E377C2"),
    ("Água e clima", "#17BECF"),
    ("Languages", "#9467BD"),
    ("Infrastructure", "#7F7F7F"),
)


TAGS: tuple[str, ...] = (
    "accessibility",
    "archives",
    "asyncio",
    "bicycles",
    "captions",
    "cartography",
    "climate",
    "community",
    "databases",
    "docs",
    "education",
    "ethics",
    "forms",
    "funding",
    "hardware",
    "history",
    "i18n",
    "licences",
    "live",
    "maps",
    "museums",
    "observability",
    "open data",
    "packaging",
    "performance",
    "poetry 📜",
    "privacy",
    "queues",
    "radio",
    "rust",
    "statistics",
    "日本語",
    "Ελληνικά",
    "العربية",
)


FORMATS: tuple[str, ...] = ("Talk", "Workshop", "Panel", "Lightning talk", "Poster", "Keynote")


LEVELS: tuple[str, ...] = ("Beginner", "Intermediate", "Advanced", "Everyone")


LANGUAGES: tuple[str, ...] = ("English", "Français", "Deutsch", "日本語", "Español", "العربية")


AUDIENCES: tuple[Triple, ...] = (
    ("Everyone", "Tout public", "Alle"),
    ("Developers", "Développement", "Entwicklung"),
    ("Archivists", "Archives", "Archivwesen"),
    ("City planners", "Urbanisme", "Stadtplanung"),
)
