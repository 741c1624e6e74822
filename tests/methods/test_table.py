"""The method table against `adapters` itself."""

from __future__ import annotations

import dataclasses

import adapters
import pytest

from adapterxlt.methods.parser import FORMER, parse_method
from adapterxlt.methods.table import METHODS
from tests.methods.library import OLD, TABLE, part_text, their_config


def test_the_table_names_what_adapters_names() -> None:
    assert set(TABLE) == set(adapters.ADAPTER_CONFIG_MAP) - set(FORMER)


@pytest.mark.parametrize(("former", "name"), FORMER.items())
def test_a_former_name_is_answered_with_the_present_one(former: str, name: str) -> None:
    theirs = adapters.ADAPTER_CONFIG_MAP
    assert theirs[former].to_dict() == theirs[name].to_dict()
    for text in (former, f"{former}[reduction_factor=8]", f"lora|{former}"):
        with pytest.raises(ValueError, match="unknown method") as caught:
            parse_method(text)
        assert str(caught.value) == f"unknown method `{former}`\nits name is now `{name}`"


@pytest.mark.parametrize("name", [n for n, method in TABLE.items() if method.parameters])
def test_parameters_and_defaults_are_those_of_adapters(name: str) -> None:
    config = adapters.ADAPTER_CONFIG_MAP[name]
    theirs = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    ours = dict(METHODS[name].defaults)
    if OLD:
        ours.pop("use_dora", None)
    assert ours == theirs


@pytest.mark.parametrize("name", ["mam", "unipelt"])
def test_unions_are_made_of_the_named_parts(name: str) -> None:
    parts = parse_method(name).flat()
    theirs = adapters.ADAPTER_CONFIG_MAP[name].configs
    for part, config in zip(parts, theirs, strict=True):
        assert their_config(part_text(part.name, part.params)).to_dict() == config.to_dict()
