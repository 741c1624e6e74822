from __future__ import annotations

import re
from pathlib import Path

import adapterxlt.report
from adapterxlt.languages import parse_tag
from adapterxlt.report.facts import facet_of
from adapterxlt.tasks.catalogue import catalogue

FOLDER = Path(adapterxlt.report.__file__).parent / "data"


def test_facts_of_languages() -> None:
    assert [facet_of("deu_Latn", name) for name in ("class", "script", "family")] == [
        "5", "Latn", "Germanic",
    ]  # fmt: skip
    assert facet_of("zho_Hant", "script") == "Hant"
    assert facet_of("xx", "class") == "not known"
    assert facet_of("sw", "language") == "sw"
    # As the list of Joshi et al. (2020) has them, which calls some by other names.
    classes = {
        "eng_Latn": "5",
        "zho_Hans": "5",
        "eus_Latn": "4",
        "srp_Cyrl": "4",
        "arz_Arab": "3",
        "bos_Latn": "3",
        "uzn_Latn": "3",
        "hat_Latn": "2",
        "zul_Latn": "2",
        "amh_Ethi": "2",
        "sin_Sinh": "1",
        "sot_Latn": "1",
        "nob_Latn": "1",
        "nno_Latn": "1",
        "kmr_Latn": "1",
        "ckb_Arab": "1",
        "yue_Hant": "1",
        "azj_Latn": "1",
        "jav_Latn": "1",
        "mkd_Cyrl": "1",
        "mni_Beng": "0",
    }
    assert {code: facet_of(code, "class") for code in classes} == classes


def test_every_line_of_the_languages_is_whole_and_of_the_catalogue() -> None:
    tasks = catalogue()
    used = {(parse_tag(code) or (code, ""))[0] for name in tasks for code in tasks[name].languages}
    lines = [
        line.split("\t")
        for line in (FOLDER / "languages.tsv").read_text("utf-8").splitlines()
        if line[0] != "#"
    ]
    codes = [line[0] for line in lines]
    assert codes == sorted({*codes})
    assert {*codes} <= used | {"no"}  # of which tasks have the two written forms
    for _, name, script, family, resource in lines:
        assert name[0].isupper()
        assert re.fullmatch("[A-Z][a-z]{3}", script)
        assert family[0].isupper()
        assert resource in "012345"
