"""Spot checks of the inflection helpers in each language."""

from __future__ import annotations

import pytest

from tools.pocket import clauses, questions
from tools.pocket.clauses import Clause, State
from tools.pocket.lexicon import Token
from tools.pocket.nouns import Thing, russian_adjective, swahili_adjective, swahili_number
from tools.pocket.text import capital, written

DOCTOR_BUYS = Clause(
    ("persons", "doctor"),
    ("verbs", "buy"),
    Thing("hat", colour="red"),
    place=("places", "market"),
    time="morning",
)


@pytest.mark.parametrize(
    ("lang", "plain", "time_first"),
    [
        (
            "en",
            "The doctor buys a red hat at the market in the morning.",
            "In the morning, the doctor buys a red hat at the market.",
        ),
        (
            "de",
            "Der Arzt kauft am Morgen auf dem Markt einen roten Hut.",
            "Am Morgen kauft der Arzt auf dem Markt einen roten Hut.",
        ),
        (
            "es",
            "El médico compra un sombrero rojo en el mercado por la mañana.",
            "Por la mañana, el médico compra un sombrero rojo en el mercado.",
        ),
        (
            "fr",
            "Le médecin achète un chapeau rouge au marché le matin.",
            "Le matin, le médecin achète un chapeau rouge au marché.",
        ),
        (
            "ru",
            "Врач утром покупает красную шляпу на рынке.",
            "Утром врач покупает красную шляпу на рынке.",
        ),
        ("zh", "医生早上在市场买一顶红色的帽子。", "早上，医生在市场买一顶红色的帽子。"),
        (
            "tr",
            "Doktor sabah pazarda kırmızı bir şapka satın alıyor.",
            "Sabah doktor pazarda kırmızı bir şapka satın alıyor.",
        ),
        (
            "sw",
            "Daktari ananunua kofia nyekundu sokoni asubuhi.",
            "Asubuhi, daktari ananunua kofia nyekundu sokoni.",
        ),
    ],
)
def test_word_order_and_agreement(lang: str, plain: str, time_first: str) -> None:
    assert written(clauses.render(DOCTOR_BUYS, lang), lang) == plain
    assert written(clauses.render(DOCTOR_BUYS, lang, "T"), lang) == time_first


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "The doctor does not buy an apple."),
        ("de", "Der Arzt kauft keinen Apfel."),
        ("es", "El médico no compra ninguna manzana."),
        ("fr", "Le médecin n'achète pas de pomme."),
        ("ru", "Врач не покупает яблоко."),
        ("zh", "医生不买苹果。"),
        ("tr", "Doktor elma satın almıyor."),
        ("sw", "Daktari hanunui tofaa."),
    ],
)
def test_negation(lang: str, text: str) -> None:
    clause = Clause(("persons", "doctor"), ("verbs", "buy"), Thing("apple"), negative=True)
    assert written(clauses.render(clause, lang), lang) == text


def test_chinese_negation_stands_before_the_place() -> None:
    clause = Clause(("names", "anna"), ("acts", "work"), place=("places", "school"), negative=True)
    assert written(clauses.render(clause, "zh"), "zh") == "安娜不在学校工作。"


def test_german_verb_comes_last_after_weil() -> None:
    works = Clause(("persons", "student"), ("acts", "work"))
    reason = Clause(("names", "anna"), ("wishes", "travel"))
    words = clauses.because(works, reason, "de")
    assert written(words, "de") == "Der Student arbeitet, weil Anna reisen kann."


@pytest.mark.parametrize(
    ("noun", "sentence"),
    [("hat", "Der Hut ist rot."), ("bag", "Die Tasche ist rot."), ("shirt", "Das Hemd ist rot.")],
)
def test_german_articles(noun: str, sentence: str) -> None:
    assert written(clauses.render_state(State(noun, ("red",)), "de"), "de") == sentence


def test_german_adjective_endings_in_the_accusative() -> None:
    def phrase(noun: str) -> str:
        clause = Clause(("names", "anna"), ("verbs", "see"), Thing(noun, colour="black"))
        return written(clauses.render(clause, "de"), "de")

    assert phrase("hat") == "Anna sieht einen schwarzen Hut."
    assert phrase("flower") == "Anna sieht eine schwarze Blume."
    assert phrase("car") == "Anna sieht ein schwarzes Auto."


def test_spanish_clean_takes_estar() -> None:
    words = clauses.render_state(State("shirt", ("red", "dirty")), "es")
    assert written(words, "es") == "La camisa es roja y está sucia."


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("le enfant", "L'enfant."),
        ("à le hôtel", "À l'hôtel."),
        ("parce que Anna", "Parce qu'Anna."),
        ("la Université de Oslo", "L'Université d'Oslo."),
        ("de Hambourg", "De Hambourg."),
        ("le hamburger", "Le hamburger."),
    ],
)
def test_french_elision(words: str, text: str) -> None:
    assert written([Token(word, "X") for word in words.split()], "fr") == text


def test_french_space_before_the_question_mark() -> None:
    clause = Clause(("names", "anna"), ("acts", "work"), place=("places", "school"))
    assert written(questions.where(clause, "fr"), "fr", "?") == "Où est-ce qu'Anna travaille ?"


@pytest.mark.parametrize(
    ("gender", "accusative", "form"),
    [
        ("m", False, "синий"),
        ("f", False, "синяя"),
        ("f", True, "синюю"),
        ("n", True, "синее"),
        ("p", True, "синие"),
    ],
)
def test_russian_adjectives(gender: str, accusative: bool, form: str) -> None:
    assert russian_adjective("blue", gender, accusative) == form


@pytest.mark.parametrize(
    ("noun", "number", "text"),
    [
        ("book", "two", "Анна видит две книги."),
        ("letter", "two", "Анна видит два письма."),
        ("book", "five", "Анна видит пять книг."),
        ("key", "three", "Анна видит три ключа."),
    ],
)
def test_russian_numerals(noun: str, number: str, text: str) -> None:
    clause = Clause(("names", "anna"), ("verbs", "see"), Thing(noun, number=number))
    assert written(clauses.render(clause, "ru"), "ru") == text


def test_chinese_classifiers() -> None:
    clause = Clause(("names", "anna"), ("verbs", "see"), Thing("shirt", number="two"))
    assert written(clauses.render(clause, "zh"), "zh") == "安娜看到两件衬衫。"
    assert written(clauses.render_state(State("key", ("big",)), "zh"), "zh") == "那把钥匙很大。"


@pytest.mark.parametrize(
    ("stem", "noun_class", "form"),
    [
        ("kubwa", "7", "kikubwa"),
        ("kubwa", "9", "kubwa"),
        ("kubwa", "5", "kubwa"),
        ("dogo", "9", "ndogo"),
        ("zuri", "9", "nzuri"),
        ("baya", "9", "mbaya"),
        ("pya", "5", "jipya"),
        ("pya", "9", "mpya"),
        ("ekundu", "3", "mwekundu"),
        ("eupe", "5", "jeupe"),
        ("eusi", "7", "cheusi"),
        ("epesi", "9", "nyepesi"),
        ("+bluu", "5", "la bluu"),
        ("+zamani", "11", "wa zamani"),
        ("=safi", "7", "safi"),
    ],
)
def test_swahili_concord(stem: str, noun_class: str, form: str) -> None:
    assert swahili_adjective(stem, noun_class) == form


@pytest.mark.parametrize(
    ("stem", "noun_class", "form"),
    [
        ("wili", "8", "viwili"),
        ("wili", "10", "mbili"),
        ("tano", "6", "matano"),
        ("nne", "4", "minne"),
        ("=sita", "8", "sita"),
    ],
)
def test_swahili_numerals(stem: str, noun_class: str, form: str) -> None:
    assert swahili_number(stem, noun_class) == form


def test_turkish_suffixes_follow_vowel_harmony() -> None:
    """Locatives of the lexicon: -da/-ta after a, ı, o, u; -de/-te after e, i, ö, ü."""
    from tools.pocket.lexicon import forms, table

    checked = 0
    for name in ("cities", "countries", "organisations"):
        for key in table(name):
            last = forms(name, key, "tr")[1].strip("[]").split()[-1]
            stem, _, suffix = last.partition("'")
            if key in ("google", "bbc", "sony", "delhi", "siemens", "microsoft", "airbus"):
                continue  # read aloud in a foreign way, or letter by letter
            vowel = [letter for letter in stem.lower() if letter in "aıoueiöü"][-1]
            assert suffix[-1] == ("a" if vowel in "aıou" else "e"), last
            assert (suffix[-2] == "t") == (stem[-1] in "fstkçşhp"), last
            checked += 1
    assert checked > 30


def test_turkish_capital_i() -> None:
    assert capital("işçi", "tr") == "İşçi"
    assert capital("işçi", "en") == "Işçi"


@pytest.mark.parametrize(
    ("lang", "question"),
    [
        ("en", "How many books does the girl sell at home?"),
        ("de", "Wie viele Bücher verkauft das Mädchen zu Hause?"),
        ("es", "¿Cuántos libros vende la chica en casa?"),
        ("fr", "Combien de livres est-ce que la fille vend à la maison ?"),
        ("ru", "Сколько книг девочка продаёт дома?"),
        ("zh", "女孩在家里卖几本书？"),
        ("tr", "Kız evde kaç kitap satıyor?"),
        ("sw", "Msichana anauza vitabu vingapi nyumbani?"),
    ],
)
def test_how_many(lang: str, question: str) -> None:
    clause = Clause(
        ("persons", "girl"),
        ("verbs", "sell"),
        Thing("book", number="three"),
        place=("places", "home"),
    )
    assert written(questions.how_many(clause, lang), lang, "?") == question


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "Nobody buys an apple."),
        ("de", "Niemand kauft einen Apfel."),
        ("es", "Nadie compra una manzana."),
        ("fr", "Personne n'achète de pomme."),
        ("ru", "Никто не покупает яблоко."),
        ("zh", "没有人买一个苹果。"),
        ("tr", "Hiç kimse elma satın almıyor."),
        ("sw", "Hakuna mtu anayenunua tofaa."),
    ],
)
def test_nobody(lang: str, text: str) -> None:
    clause = Clause(("nobody", ""), ("verbs", "buy"), Thing("apple"))
    assert written(clauses.render(clause, lang), lang) == text


def test_russian_and_chinese_join_two_subjects_with_a_word_of_their_own() -> None:
    one = Clause(("names", "anna"), ("acts", "work"))
    two = Clause(("names", "peter"), ("acts", "sleep"))
    assert written(clauses.both(one, two, "ru"), "ru") == "Анна работает, а Питер спит."
    assert written(clauses.both(one, two, "zh"), "zh") == "安娜工作，而彼得睡觉。"
    assert written(clauses.and_can(one, "travel", "ru"), "ru") == (
        "Анна работает и может путешествовать."
    )
