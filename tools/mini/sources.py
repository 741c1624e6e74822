"""The public texts that the bundled backbone is trained on, declared once.

The readers, the card, the lineage and the contamination check all read this table. Every source
is free to use with attribution (and share-alike where its licence says so); nothing that the
project evaluates retrieval, tagging or inference on (Tatoeba, BUCC, UDPOS, PAN-X, XNLI) is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Use = Literal["parallel", "monolingual"]
Layout = Literal["lines", "pairs", "squad", "conllu", "copa", "lexicon"]


@dataclass(frozen=True)
class Source:
    """One public data set.

    ``pattern`` is a path below the folder of downloads in which ``{code}`` stands for the
    upstream name of a language; ``codes`` maps ISO 639-1 codes to those names. With
    ``aligned`` the records of all languages are translations of each other (same line, same
    ``sent_id`` or same question id).
    """

    name: str
    title: str
    upstream: str
    licence: str
    attribution: str
    layout: Layout
    use: Use
    used_for: str
    pattern: str
    codes: Mapping[str, str]
    licence_class: Literal["A"] = "A"

    def path(self, language: str) -> str:
        """The file of one language, relative to the folder of downloads."""
        return self.pattern.replace("{code}", self.codes[language])


def _same(languages: str) -> Mapping[str, str]:
    return MappingProxyType({code: code for code in languages.split()})


def _codes(**codes: str) -> Mapping[str, str]:
    return MappingProxyType(codes)


SOURCES: tuple[Source, ...] = (
    Source(
        name="ntrex-128",
        title="NTREX-128 (newstest2019 and its translations)",
        upstream="MicrosoftTranslator/NTREX",
        licence="CC BY-SA 4.0",
        attribution="Federmann, Kocmi and Xin (2022), NTREX-128; newstest2019: WMT",
        layout="lines",
        use="parallel",
        used_for="sentences aligned over all languages; runs of lines as paragraphs",
        pattern="ntrex128/newstest2019-{code}.txt",
        codes=_codes(
            en="src.eng",
            de="ref.deu",
            es="ref.spa",
            fr="ref.fra",
            ru="ref.rus",
            zh="ref.zho-CN",
            ar="ref.arb",
            hi="ref.hin",
            tr="ref.tur",
            vi="ref.vie",
            sw="ref.swa",
            th="ref.tha",
            bg="ref.bul",
            el="ref.ell",
            ur="ref.urd",
            fi="ref.fin",
            ja="ref.jpn",
            ko="ref.kor",
        ),
    ),
    Source(
        name="flores-200",
        title="FLORES-200, dev",
        upstream="facebookresearch/flores",
        licence="CC BY-SA 4.0",
        attribution="NLLB Team (2022), No Language Left Behind; Goyal et al. (2022), FLORES-101",
        layout="lines",
        use="parallel",
        used_for="sentences aligned over all languages; runs of lines as paragraphs",
        pattern="flores200/dev/{code}.dev",
        codes=_codes(
            en="eng_Latn",
            de="deu_Latn",
            es="spa_Latn",
            fr="fra_Latn",
            ru="rus_Cyrl",
            zh="zho_Hans",
            ar="arb_Arab",
            hi="hin_Deva",
            tr="tur_Latn",
            vi="vie_Latn",
            sw="swh_Latn",
            th="tha_Thai",
            bg="bul_Cyrl",
            el="ell_Grek",
            ur="urd_Arab",
            fi="fin_Latn",
            ja="jpn_Jpan",
            ko="kor_Hang",
        ),
    ),
    Source(
        name="paws-x",
        title="PAWS-X, dev",
        upstream="google-research-datasets/paws",
        licence="free for any purpose, acknowledgement of Google LLC appreciated",
        attribution="Yang, Zhang, Tar and Baldridge (2019), PAWS-X; Google LLC",
        layout="pairs",
        use="parallel",
        used_for="both sentences of a pair, aligned by line over 7 languages",
        pattern="pawsx/dev-{code}.tsv",
        codes=_same("en de es fr ja ko zh"),
    ),
    Source(
        name="xquad",
        title="XQuAD",
        upstream="google-deepmind/xquad",
        licence="CC BY-SA 4.0",
        attribution="Artetxe, Ruder and Yogatama (2020), XQuAD; Rajpurkar et al. (2016), SQuAD",
        layout="squad",
        use="parallel",
        used_for="questions and paragraphs, aligned over 11 languages (no answers)",
        pattern="xquad/xquad.{code}.json",
        codes=_same("en de es ru zh ar hi tr vi th el"),
    ),
    Source(
        name="pud",
        title="Parallel Universal Dependencies (raw sentences, no annotation)",
        upstream="UniversalDependencies/UD_{English,German,...}-PUD",
        licence="CC BY-SA 3.0 (Finnish: CC BY-SA 4.0)",
        attribution="Zeman et al. (2017), CoNLL 2017 Shared Task; the Universal Dependencies teams",
        layout="conllu",
        use="parallel",
        used_for="sentence texts aligned by sent_id over 13 languages",
        pattern="ud/UD_{code}_pud-ud-test.conllu",
        codes=_codes(
            en="English-PUD/en",
            de="German-PUD/de",
            es="Spanish-PUD/es",
            fr="French-PUD/fr",
            ru="Russian-PUD/ru",
            zh="Chinese-PUD/zh",
            ar="Arabic-PUD/ar",
            hi="Hindi-PUD/hi",
            tr="Turkish-PUD/tr",
            th="Thai-PUD/th",
            fi="Finnish-PUD/fi",
            ja="Japanese-PUD/ja",
            ko="Korean-PUD/ko",
        ),
    ),
    Source(
        name="xcopa-val",
        title="COPA and XCOPA, validation",
        upstream="cambridgeltl/xcopa",
        licence="CC BY 4.0 (English: BSD 2-Clause)",
        attribution="Ponti et al. (2020), XCOPA; Roemmele, Bejan and Gordon (2011), COPA",
        layout="copa",
        use="parallel",
        used_for="premises and alternatives aligned by idx over 6 languages (no labels)",
        pattern="xcopa/val-{code}.jsonl",
        codes=_same("en sw th tr vi zh"),
    ),
    Source(
        name="xcopa-test",
        title="COPA and XCOPA, test",
        upstream="cambridgeltl/xcopa",
        licence="CC BY 4.0 (English: BSD 2-Clause)",
        attribution="Ponti et al. (2020), XCOPA; Roemmele, Bejan and Gordon (2011), COPA",
        layout="copa",
        use="parallel",
        used_for="premises and alternatives aligned by idx over 6 languages (no labels)",
        pattern="xcopa/test-{code}.jsonl",
        codes=_same("en sw th tr vi zh"),
    ),
    Source(
        name="mlqa",
        title="MLQA, dev",
        upstream="facebookresearch/MLQA",
        licence="CC BY-SA 3.0",
        attribution="Lewis, Oguz, Rinott, Riedel and Schwenk (2020), MLQA; Wikipedia authors",
        layout="squad",
        use="parallel",
        used_for="questions aligned by id over 6 languages; paragraphs as running text",
        pattern="mlqa/MLQA_V1/dev/dev-context-{code}.json",
        codes=_codes(
            en="en-question-en",
            de="de-question-de",
            es="es-question-es",
            ar="ar-question-ar",
            hi="hi-question-hi",
            vi="vi-question-vi",
            zh="zh-question-zh",
        ),
    ),
    Source(
        name="gatitos-en-hi",
        title="GATITOS, English to Hindi",
        upstream="google-research/url-nlp",
        licence="CC BY 4.0",
        attribution="Jones, Caswell, Saxena and Firat (2023), GATITOS; Google",
        layout="lexicon",
        use="parallel",
        used_for="words and short phrases, English with Hindi",
        pattern="gatitos/{code}.tsv",
        codes=_codes(hi="en_hi"),
    ),
    Source(
        name="tydiqa-dev",
        title="TyDiQA-GoldP v1.1, dev",
        upstream="google-research-datasets/tydiqa",
        licence="Apache 2.0 (Wikipedia text: CC BY-SA 3.0)",
        attribution="Clark et al. (2020), TyDi QA; Wikipedia authors",
        layout="squad",
        use="monolingual",
        used_for="paragraphs as running text",
        pattern="tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{code}.dev.json",
        codes=_same("en ar fi ko ru sw"),
    ),
    Source(
        name="squad",
        title="SQuAD 1.1, dev",
        upstream="rajpurkar/SQuAD-explorer",
        licence="CC BY-SA 4.0",
        attribution="Rajpurkar, Zhang, Lopyrev and Liang (2016), SQuAD; Wikipedia authors",
        layout="squad",
        use="monolingual",
        used_for="paragraphs as running text",
        pattern="squad/{code}.json",
        codes=_codes(en="dev-v1.1"),
    ),
)
