"""Names of the people, companies and towns of the embedded conference.

Family names mean "example" or "pattern" in their language, so that no real person is meant.
"""

from __future__ import annotations

from typing import NamedTuple

from sessionboard_async.testing._data.texts import Triple


class Names(NamedTuple):
    """Given and family names in one script, each with its spelling in e-mail addresses.

    ``family_first`` is the order in which the language writes a full name.
    """

    given: tuple[tuple[str, str], ...]
    family: tuple[tuple[str, str], ...]
    family_first: bool = False


NAMES: tuple[Names, ...] = (
    Names(
        (
            ("Zoë", "zoe"),
            ("François", "francois"),
            ("Béatrice", "beatrice"),
            ("Jürgen", "juergen"),
            ("Anaïs", "anais"),
            ("Søren", "soren"),
            ("Åsa", "asa"),
            ("Inés", "ines"),
            ("João", "joao"),
        ),
        (
            ("Exempelaar", "exempelaar"),
            ("Beispielmann", "beispielmann"),
            ("Lexemple", "lexemple"),
            ("Muestra-Peña", "muestra-pena"),
            ("Eksempelsen", "eksempelsen"),
            ("d’Esempio", "desempio"),
        ),
    ),
    Names(
        (
            ("Žofie", "zofie"),
            ("Łukasz", "lukasz"),
            ("Ștefan", "stefan"),
            ("Ağça", "agca"),
            ("Győző", "gyozo"),
            ("Đurđa", "durda"),
            ("Ieva", "ieva"),
        ),
        (
            ("Příkladová", "prikladova"),
            ("Przykładowski", "przykladowski"),
            ("Örnekoğlu", "ornekoglu"),
            ("Példás", "peldas"),
            ("Primjerović", "primjerovic"),
        ),
    ),
    Names(
        (
            ("Wanjiru", "wanjiru"),
            ("Amara", "amara"),
            ("Kofi", "kofi"),
            ("Ngozi", "ngozi"),
            ("Thandi", "thandi"),
            ("Aroha", "aroha"),
            ("Linh", "linh"),
            ("Grace", "grace"),
            ("Owen", "owen"),
        ),
        (
            ("Mfano", "mfano"),
            ("Sampleton", "sampleton"),
            ("Placeholder-Jones", "placeholder-jones"),
            ("O’Specimen", "ospecimen"),
            ("Tauira", "tauira"),
        ),
    ),
    Names(
        (("Мария", "maria"), ("Олексій", "oleksii"), ("Георги", "georgi"), ("Светлана", "svetlana")),
        (("Образцова", "obraztsova"), ("Приклад", "pryklad"), ("Примеров", "primerov")),
    ),
    Names(
        (("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Ιωάννα", "ioanna")),
        (("Παραδείγματος", "paradeigmatos"), ("Δειγματίδη", "deigmatidi")),
    ),
    Names(
        (("ليلى", "layla"), ("يوسف", "yusuf"), ("هدى", "huda")),
        (("المثال", "al-mithal"), ("النموذجي", "al-namudhaji")),
    ),
    Names(
        (("נועה", "noa"), ("איתי", "itai"), ("תמר", "tamar")),
        (("דוגמאי", "dugmai"), ("בן־משל", "ben-mashal")),
    ),
    Names((("小明", "xiaoming"), ("思雨", "siyu"), ("子涵", "zihan")), (("例", "li"), ("范", "fan")), True),
    Names(
        (("太郎", "taro"), ("花子", "hanako"), ("さくら", "sakura")),
        (("例田", "reida"), ("見本", "mihon")),
        True,
    ),
    Names(
        (("길동", "gildong"), ("서연", "seoyeon"), ("민준", "minjun")),
        (("예", "ye"), ("견본", "gyeonbon")),
        True,
    ),
    Names(
        (("आरव", "aarav"), ("प्रिया", "priya"), ("मीरा", "meera")),
        (("उदाहरणी", "udaharani"), ("नमूनाकर", "namunakar")),
    ),
)


JOBS: tuple[Triple, ...] = (
    ("Data engineer", "Ingénierie des données", "Datentechnik"),
    ("Head of archives", "Direction des archives", "Leitung des Archivs"),
    ("Librarian", "Bibliothécaire", "Bibliothek"),
    ("Hydrologist", "Hydrologue", "Hydrologie"),
    ("Interpreter", "Interprète", "Dolmetschen"),
    ("Site reliability engineer", "Fiabilité des systèmes", "Systembetrieb"),
    ("Cartographer", "Cartographe", "Kartografie"),
    ("Curator", "Conservation du musée", "Kuration"),
)


BIOS: tuple[Triple, ...] = (
    (
        "builds small tools that outlive their makers and writes about them on Sundays",
        "construit de petits outils durables et en parle le dimanche",
        "baut kleine Werkzeuge, die lange halten, und schreibt sonntags darüber",
    ),
    (
        "has repaired databases on three continents and still likes them",
        "a réparé des bases de données sur trois continents et les aime toujours",
        "hat auf drei Kontinenten Datenbanken repariert und mag sie noch immer",
    ),
    (
        "teaches people to read data the way others read maps",
        "apprend à lire les données comme on lit une carte",
        "lehrt, Daten so zu lesen, wie andere Karten lesen",
    ),
    (
        "collects tide tables, bad puns and good bug reports",
        "collectionne les annuaires de marées et les bons rapports de bogue",
        "sammelt Gezeitentafeln, Kalauer und gute Fehlerberichte",
    ),
    (
        "looks after a small museum’s very large attic",
        "veille sur le très grand grenier d’un petit musée",
        "kümmert sich um den sehr großen Dachboden eines kleinen Museums",
    ),
)


COMPANIES: tuple[str, ...] = (
    "Example Harbour Authority",
    "Bibliothèque d’Exemple",
    "Musterwerk Datenbau GmbH",
    "Пример-Архив",
    "例示データ研究所",
    "مؤسسة المثال",
    "Sample & Sons Cartography",
    "Fundación Ejemplo",
    "Παράδειγμα Α.Ε.",
    "Instytut Przykładowy",
    "견본 지도 공방",
    "Placeholder Public Radio",
)


CITIES: tuple[tuple[str, str, str], ...] = (
    ("Reykjavík", "IS", "Musterstræti 1"),
    ("Kraków", "PL", "ul. Przykładowa 2"),
    ("São Paulo", "BR", "Rua Exemplo 3"),
    ("Nairobi", "KE", "Mfano Road 4"),
    ("Θεσσαλονίκη", "GR", "Οδός Παραδείγματος 5"),
    ("大阪", "JP", "例町 6-7"),
    ("Montréal", "CA", "8, rue de l’Exemple"),
    ("القاهرة", "EG", "شارع المثال ٩"),
)
