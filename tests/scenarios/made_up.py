"""Small made-up files in the official layouts: XGLUE, and all that the recipes of STILTs read.

The words mean nothing; the layouts, labels and traps are those of the published files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.tasks.catalogue import get_task

LANGUAGES = {spec.name: spec.languages for spec in XGLUE.tasks}
TRAIN, DEV = 12, 5  # examples of a file; for those of XGLUE see `dev_size`

_LETTERS = {
    "ar": "ابتجدرسعفقكلمنهوي",
    "bg": "абвгдежзиклмнопрстуъя",
    "de": "abdefghiklmnorstuäöüß",
    "el": "αβγδεηικλμνοπρστυφω",
    "hi": "कखगचजतदनपबमयरलवसह",
    "ru": "абвгдежзиклмнопрстыья",
    "th": "กขคงจชดตทนบปพมยรลวส",
    "tr": "abcçdeğıilmnorsştuüyz",
    "ur": "ابپتٹجدرسفقکگلمنہے",
    "vi": "aăâbcdđeêghiklmnoôơtuư",
    "zh": "一不中人国大学山日月水火木金土",
}
NLI, PANX_TAGS, _TAGS = (get_task(name).labels for name in ("xnli", "panx", "udpos"))


def dev_size(task: str, language: str) -> int:
    """How many examples the dev file of a language has: 4 to 6. The test file has one less."""
    return 4 + LANGUAGES[task].index(language) % 3


class Writer:
    """Writes made-up files below a folder; the same seed, the same files."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.random = Random(seed)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")

    def rows(self, name: str, rows: Sequence[Sequence[str]]) -> None:
        self.write(name, "".join("\t".join(row) + "\n" for row in rows))

    def records(self, name: str, records: Sequence[dict[str, object]]) -> None:
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        self.write(name, "".join(lines))

    def word(self, language: str = "en") -> str:
        letters = _LETTERS.get(language, "abcdefghiklmnoprstuvwz")
        return "".join(self.random.choices(letters, k=self.random.randint(2, 6)))

    def text(self, language: str = "en", words: int = 7) -> str:
        return " ".join(self.word(language) for _ in range(words))

    def labels(self, names: Sequence[str], count: int) -> list[str]:
        """Labels in disorder, each as often as the others."""
        first = self.random.randrange(len(names))
        found = [names[(first + number) % len(names)] for number in range(count)]
        self.random.shuffle(found)
        return found

    def squad(
        self, name: str, count: int, language: str = "en", *, title: str = "q",
        blanked: bool = False, impossible: bool = False,
    ) -> None:  # fmt: skip
        """A file in SQuAD's schema, two questions a paragraph.

        Args:
            title: what the ids of the questions begin with.
            blanked: the answers are withheld as XTREME does it.
            impossible: every other question has no answer (SQuAD 2.0).
        """
        paragraphs: list[dict[str, object]] = []
        for number in range(count):
            if number % 2 == 0:
                context = self.text(language, 20)
                questions: list[dict[str, object]] = []
                paragraphs.append({"context": context, "qas": questions})
            words = context.split()
            at = self.random.randrange(len(words) - 2)
            answer = {
                "answer_start": len(" ".join([*words[:at], ""])),
                "text": " ".join(words[at : at + 2]),
            }
            if blanked:
                answer = {"answer_start": 0, "text": ""}
            question = {"id": f"{title}-{number}", "question": self.text(language)}
            if impossible:
                question["is_impossible"] = number % 2 == 1
            empty = impossible and number % 2 == 1
            questions.append({**question, "answers": [] if empty else [answer]})
        data = [{"title": title, "paragraphs": paragraphs}]
        self.write(name, json.dumps({"version": "1", "data": data}, ensure_ascii=False))


def write_xglue(folder: Path) -> None:
    """XGLUE's folder: every understanding task in every language, with labels in dev only where
    the published description has none in test (NC, QADSM, WPR, QAM)."""
    made = Writer(folder)
    for task in ("NER", "POS"):
        _tagged(made, task, "en", "train", TRAIN)
    for task in ("NC", "QADSM", "WPR", "QAM"):
        _matching(made, task, "en", "train", TRAIN)
    made.squad("MLQA/squad1.1/train-v1.1.json", TRAIN, title="train")
    spelled = ("neutral", "entailment", "contradictory")  # as its training file spells them
    made.rows("XNLI/multinli.train.en.tsv", [
        ("premise", "hypo", "label"),
        *((made.text(), made.text(), label) for label in made.labels(spelled, TRAIN)),
    ])  # fmt: skip
    _paraphrases(made, "PAWSX/en/train.tsv", "en", TRAIN)
    for task, languages in LANGUAGES.items():
        for language in languages:
            for split, count in (
                ("dev", dev_size(task, language)),
                ("test", dev_size(task, language) - 1),
            ):
                if task in ("NER", "POS"):
                    _tagged(made, task, language, split, count)
                elif task == "MLQA":
                    name = f"{split}-context-{language}-question-{language}.json"
                    made.squad(f"MLQA/MLQA_V1/{split}/{name}", count, language, title=split)
                elif task == "XNLI":
                    made.rows(f"XNLI/{language}.{split}", [
                        (made.text(language), made.text(language), label)
                        for label in made.labels(NLI, count)
                    ])  # fmt: skip
                elif task == "PAWSX":
                    _paraphrases(made, f"PAWSX/{language}/{split}_2k.tsv", language, count)
                else:
                    _matching(made, task, language, split, count)


def _paraphrases(made: Writer, name: str, language: str, count: int) -> None:
    made.rows(name, [
        ("id", "sentence1", "sentence2", "label"),
        *(
            (str(number), made.text(language), made.text(language), label)
            for number, label in enumerate(made.labels("01", count), start=1)
        ),
    ])  # fmt: skip


def _tagged(made: Writer, task: str, language: str, split: str, count: int) -> None:
    """`word tag` lines. English and German entities are in IOB1, the others in IOB2; words may
    hold a space; `-DOCSTART-` opens NER's files; the last sentence has no blank line after it."""
    sentences = []
    for _ in range(count):
        words = [made.word(language) for _ in range(6)]
        tags = made.random.sample(_TAGS, 6)
        if task == "NER":
            kind, other = made.random.sample(("PER", "LOC", "ORG", "MISC"), 2)
            begin = "I" if language in ("en", "de") else "B"
            tags = [f"{begin}-{kind}", f"I-{kind}", f"B-{kind}", "O", f"{begin}-{other}", "O"]
        elif language == "vi":
            words[0] += f" {words[1]}"
        sentences.append("\n".join(map(" ".join, zip(words, tags, strict=True))))
    start = "-DOCSTART- O\n\n" if task == "NER" else ""
    made.write(f"{task}/{language}.{split}", start + "\n\n".join(sentences))


def _matching(made: Writer, task: str, language: str, split: str, count: int) -> None:
    """NC, QADSM, WPR and QAM: texts in columns, the label last and not there in test files.

    German NC has the column more that the published description lists. Cells may be empty, and
    quotes belong to the text. WPR's queries are runs of two documents, the last one of one.
    """
    names = {
        "NC": get_task("xglue_nc").labels,
        "QADSM": ("Good", "Bad"),
        "WPR": "01234",
        "QAM": "01",
    }[task]
    rows: list[list[str]] = []
    for number, label in enumerate(made.labels(names, count)):
        query = made.text(language, 3)
        if task == "WPR" and number % 2:
            query = rows[-1][0]
        first = {"NC": [query] if language == "de" else []}.get(task, [query])
        title = [] if task == "QAM" else ["" if number == 1 else f'12" {made.word(language)}']
        body = f'"{made.text(language, 12)}'
        rows.append([*first, *title, body, *([] if split == "test" else [label])])
    made.rows(f"{task}/xglue.{task.lower()}.{language}.{split}", rows)


def write_stilts(folder: Path) -> None:
    """The nine intermediate tasks in English, and XTREME's targets in English and German, or
    two languages that they have, as in XTREME's download: answers and test pairs withheld."""
    made = Writer(folder)
    supertags = ["N", "NP/N", "S\\NP", *(f"T{number}" for number in range(3, 1363))]
    made.write("ccg/tags_to_id.json", json.dumps({tag: n for n, tag in enumerate(supertags)}))
    for split, count in (("train", TRAIN), ("dev", DEV)):
        made.rows(f"ccg/ccg.{split}", [
            (made.text(), " ".join(made.random.sample(supertags, 7))) for _ in range(count)
        ])  # fmt: skip
        made.records(f"snli_1.0/snli_1.0_{split}.jsonl", [
            {"sentence1": made.text(), "sentence2": made.text(), "gold_label": label}
            for label in ["-", *made.labels(NLI, count)]
        ])  # fmt: skip
        made.records(f"mnli/{split}.jsonl", [
            {"premise": made.text(), "hypothesis": made.text(), "label": label}
            for label in made.labels(NLI, count)
        ])  # fmt: skip
        for part in (1, 2, 3):
            made.records(f"anli_v1.0/R{part}/{split}.jsonl", [
                {"context": made.text(), "hypothesis": made.text(), "label": label}
                for label in made.labels("enc", count)
            ])  # fmt: skip
        made.rows(f"QQP/{split}.tsv", [
            ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
            *(("0", "1", "2", f'"{made.text()}?', made.text(), label)
              for label in made.labels("01", count)),
        ])  # fmt: skip
        made.squad(f"squad/{split}-v1.1.json", count, title=f"squad-{split}")
        made.squad(f"squad/{split}-v2.0.json", count, title=f"v2-{split}", impossible=True)
        _choices(made, split, count)
        for language in ("en", "de") if split == "dev" else ("en",):
            _targets(made, split, language, count)
    _withheld(made)


def _choices(made: Writer, split: str, count: int) -> None:
    """HellaSwag, CommonsenseQA and Cosmos QA."""
    made.records(f"hellaswag/hellaswag_{split.replace('dev', 'val')}.jsonl", [
        {"ctx_a": made.text(), "ctx_b": made.word(), "endings": [made.text() for _ in range(4)],
         "label": int(label)}
        for label in made.labels("0123", count)
    ])  # fmt: skip
    made.records(f"commonsenseqa/{split}_rand_split.jsonl", [
        {"answerKey": label, "id": made.word(), "question": {
            "stem": made.text(), "choices": [{"label": x, "text": made.word()} for x in "ABCDE"],
        }}
        for label in made.labels("ABCDE", count)
    ])  # fmt: skip
    file = io.StringIO()
    table = csv.writer(file)
    answers = [f"answer{number}" for number in range(4)]
    table.writerow(["id", "context", "question", *answers, "label"])
    for label in made.labels("0123", count):
        texts = [f'{made.text()}, "{made.word()}"', *(made.text() for _ in range(5))]
        table.writerow([made.word(), *texts, label])
    made.write(f"cosmosqa/{split.replace('dev', 'valid')}.csv", file.getvalue())


def _targets(made: Writer, split: str, language: str, count: int) -> None:
    """XTREME's classification and tagging, and MLQA."""
    for task, names in (("xnli", NLI), ("pawsx", "01")):
        made.rows(f"{task}/{split}-{language}.tsv", [
            (made.text(language), made.text(language), label)
            for label in made.labels(names, count)
        ])  # fmt: skip
    for task, prefix in (("udpos", ""), ("panx", f"{language}:")):
        rows: list[tuple[str, ...]] = []
        for _ in range(count):
            tags = made.random.sample(_TAGS if task == "udpos" else PANX_TAGS, 5)
            rows += [(prefix + made.word(language), tag) for tag in tags]
            rows.append(())
        made.rows(f"{task}/{split}-{language}.tsv", rows)
    if split == "dev":
        file = f"mlqa/MLQA_V1/dev/dev-context-{language}-question-{language}.json"
        made.squad(file, count, language, title="mlqa")


def _withheld(made: Writer) -> None:
    """TyDiQA and XQuAD without answers, BUCC without gold for its test part, and Tatoeba."""
    made.squad("tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json", TRAIN, title="english")
    for language, name in (("en", "english"), ("fi", "finnish")):
        file = f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json"
        made.squad(file, DEV, language, title=name, blanked=True)
    for language in ("en", "de"):
        made.squad(f"xquad/xquad.{language}.json", DEV, language, blanked=True)
    for language, iso3 in (("de", "deu"), ("fr", "fra")):
        for side in (iso3, "eng"):
            texts = [(made.text(language if side == iso3 else "en"),) for _ in range(DEV)]
            made.rows(f"tatoeba/v1/tatoeba.{iso3}-eng.{side}", texts)
        for split in ("dev", "test"):
            for side in (language, "en"):
                made.rows(f"bucc2018/{language}-en.{split}.{side}", [
                    (f"{side}-{number:09d}", made.text(side)) for number in range(DEV)
                ])  # fmt: skip
        gold = [(f"{language}-{number:09d}", f"en-{number:09d}") for number in range(2)]
        made.rows(f"bucc2018/{language}-en.dev.gold", gold)
