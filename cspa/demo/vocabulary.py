"""Random names and texts in both languages, with a realistic distribution of words (Zipf's law).

Frequent words are listed; the many rare words are composed of parts. The probability of a word falls with its index in
the list.
"""

from collections.abc import Iterator
from itertools import accumulate, chain, product, repeat
from random import Random

# Number of words drawn at once, which is much faster than drawing them one by one.
DRAW_COUNT = 4096
# Exponent of Zipf's law; with this one the rarest nouns occur in a few articles of a thousand.
ZIPF_EXPONENT = 1.15

# Russian nouns are inanimate, masculine and end in a consonant, so that one ending forms the genitive.
NOUNS = {
    "en": "agreement session committee law delegation meeting proposal document region border programme partner "
    "council question report project exchange group election treaty threat measure observer forum budget decision "
    "statement visit expert voter market school bridge river station archive harbour lesson railway hospital museum "
    "orchard glacier lighthouse",
    "ru": "закон договор проект комитет совет вопрос доклад регион форум документ союз орган бюджет обмен парламент "
    "визит ответ состав опыт пример срок город план суд мост архив урок вокзал завод остров сад перевал караван "
    "каштан фонтан",
}
ADJECTIVES = {
    "en": "joint new common national legal regular international important public open general special regional "
    "annual social digital economic young practical peaceful quiet northern southern wooden early late narrow golden "
    "distant silver",
    "ru": "новый совместный важный правовой открытый главный международный ежегодный народный мирный региональный "
    "общественный экономический цифровой молодой северный южный быстрый простой старый широкий далёкий тихий узкий "
    "деревянный каменный золотой серебряный",
}
VERBS = {
    "en": "supports discusses considers adopts strengthens prepares follows continues opens changes completes "
    "proposes examines explains protects welcomes repeats delays repairs measures",
    "ru": "поддерживает обсуждает рассматривает принимает укрепляет готовит продолжает открывает меняет завершает "
    "предлагает изучает объясняет защищает приветствует повторяет чинит измеряет",
}
# Parts of rare words: prefixes, and suffixes that form a noun.
BEGINNINGS = {
    "en": "hydro geo bio thermo aero cryo neo poly mono micro macro photo helio litho chrono astro electro tele "
    "baro phono topo typo iso pyro",
    "ru": "гидро гео био термо аэро крио нео поли моно микро макро фото гелио лито хроно астро электро теле баро "
    "фоно топо типо изо пиро",
}
ENDS = {
    "en": "scope graph meter phone gene lite tron drome naut logue stat type",
    "ru": "скоп граф метр фон ген лит трон дром навт лог стат тип",
}
OF_RARE_ADJECTIVES = {"en": "ical", "ru": "ный"}


def _pairs(english: str, russian: str) -> list[tuple[str, str]]:
    return list(zip(english.split(), russian.split(), strict=True))


_MEN = _pairs(
    "Alexei Viktor Timur Ruslan Pavel Oleg Bakyt Narek Farrukh Denis Yermek Stepan",
    "Алексей Виктор Тимур Руслан Павел Олег Бакыт Нарек Фаррух Денис Ермек Степан",
)
_WOMEN = _pairs(
    "Anna Yelena Aigul Mariam Zarina Nadezhda Olga Saule", "Анна Елена Айгуль Мариам Зарина Надежда Ольга Сауле"
)
WOMEN = {given for given, _ in _WOMEN}
FAMILY_BEGINNINGS = _pairs(
    "Bel Kor Vasn Tar Mir Gor Lan Ost Dar Vel Sul Nur Kam Ram Pol Zim Luk Sad Bor Tal",
    "Бел Кор Васн Тар Мир Гор Лан Ост Дар Вел Сул Нур Кам Рам Пол Зим Лук Сад Бор Тал",
)
FAMILY_MIDDLES = [("", ""), *_pairs("an ar im or un ad", "ан ар им ор ун ад")]
FAMILY_ENDS = _pairs("enko ian ik uk bek man o", "енко иан ик ук бек ман о")


class Names:
    """Generator of names of people: pairs of given and family name, each in English and in Russian."""

    def __init__(self, rng: Random):
        parts = product(FAMILY_BEGINNINGS, FAMILY_MIDDLES, FAMILY_ENDS)
        pairs = (zip(*of_one, strict=True) for of_one in parts)
        self.families = [("".join(english), "".join(russian)) for english, russian in pairs]
        self.rng = rng

    def draw(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return self.rng.choice([*_MEN, *_WOMEN]), self.rng.choice(self.families)


class Writer:
    """Generator of sentences in one language (``en`` or ``ru``), reproducible for a seed of ``rng``."""

    def __init__(self, language: str, rng: Random):
        self.rng = rng
        rare_nouns = _shuffled(map("".join, product(*_word_lists(language, BEGINNINGS, BEGINNINGS, ENDS))), rng)
        ending = OF_RARE_ADJECTIVES[language]
        rare_adjectives = _shuffled(
            (f"{a}{b}{ending}" for a, b in product(*_word_lists(language, BEGINNINGS, ENDS))), rng
        )
        nouns, adjectives, verbs = _word_lists(language, NOUNS, ADJECTIVES, VERBS)
        self.nouns = self._drawn([*nouns, *rare_nouns])
        self.adjectives = self._drawn([*adjectives, *rare_adjectives])
        self.verbs = self._drawn(verbs)
        self.clause = {"en": self._english, "ru": self._russian}[language]
        self.joined = {"en": ", and ", "ru": ", а "}[language]

    def _drawn(self, words: list[str]) -> Iterator[str]:
        chances = list(accumulate((place + 2) ** -ZIPF_EXPONENT for place in range(len(words))))
        return chain.from_iterable(self.rng.choices(words, cum_weights=chances, k=DRAW_COUNT) for _ in repeat(None))

    def _english(self) -> str:
        adjectives, nouns = self.adjectives, self.nouns
        subject = f"the {next(adjectives)} {next(nouns)} {next(self.verbs)}"
        return f"{subject} the {next(nouns)} of the {next(adjectives)} {next(nouns)}"

    def _russian(self) -> str:
        adjectives, nouns = self.adjectives, self.nouns
        subject = f"{next(adjectives)} {next(nouns)} {next(self.verbs)}"
        return f"{subject} {next(nouns)} {next(adjectives)[:-2]}ого {next(nouns)}а"

    def title(self) -> str:
        clause = self.clause()
        return clause[0].upper() + clause[1:]

    def sentence(self) -> str:
        """One or two clauses with a full stop."""
        title = self.title()
        return f"{title}{self.joined}{self.clause()}." if self.rng.random() < 0.3 else f"{title}."

    def sentences(self, least: int, most: int) -> str:
        return " ".join(self.sentence() for _ in range(self.rng.randint(least, most)))


def _word_lists(language: str, *lists: dict[str, str]) -> list[list[str]]:
    return [words[language].split() for words in lists]


def _shuffled(words: Iterator[str], rng: Random) -> list[str]:
    shuffled = list(words)
    rng.shuffle(shuffled)
    return shuffled
