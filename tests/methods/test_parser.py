"""Texts of methods: what they mean to `adapters`, and what is not a method."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapterxlt.methods.checks import check_method
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.rules import clash
from adapterxlt.methods.table import METHODS, Parameter
from adapterxlt.methods.traits import to_adapters_string
from tests.methods.library import OLD, TABLE, part_text, their_config


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("lora[r=4, alpha=16]", {"r": 4, "alpha": 16}),
        ("par_bn[scaling=4]", {"scaling": 4.0}),
        ("par_bn[scaling=channel]", {"scaling": "channel"}),
        ("seq_bn[init_weights='mam_adapter']", {"init_weights": "mam_adapter"}),
        ("seq_bn[ln_after=true,dropout=1e-1]", {"ln_after": True, "dropout": 0.1}),
        (
            "seq_bn[reduction_factor={0:8,default:16},leave_out=[1]]",
            {"reduction_factor": {"0": 8.0, "default": 16.0}, "leave_out": [1]},
        ),
        ("lora[attn_matrices=[q,k,v]]", {"attn_matrices": ["q", "k", "v"]}),
        ("compacter[hypercomplex_nonlinearity=glorot-normal]",
         {"hypercomplex_nonlinearity": "glorot-normal"}),
        ("lora[init_weights_seed=none]", {"init_weights_seed": None}),
    ],
)  # fmt: skip
def test_parameters_reach_adapters_as_written(text: str, params: dict[str, object]) -> None:
    method = parse_method(text)
    assert method.parts[0].params == params
    config = their_config(to_adapters_string(method, 12))
    assert {key: getattr(config, key) for key in params} == params


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seq_bn[output_adapter=false]", "has no place"),
        ("seq_bn[inv_adapter=nice]", "without inv_adapter_reduction_factor"),
        ("double_seq_bn[residual_before_ln=post_add]", "needs original_ln_before=true"),
        ("compacter[init_weights=houlsby]", "needs init_weights=bert"),
        ("par_bn[phm_layer=true]", "needs init_weights=bert"),
        ("lora[selfattn_lora=false]", "has no place"),
        ("lora[vera_d=0.1]", "needs both vera_d and vera_b"),
        ("vera[vera_b=none]", "needs both vera_d and vera_b"),
        ("vera[output_lora=true]", "only share its VeRA matrices in the self-attention"),
        ("ia3[use_dora=true]", "cannot be VeRA or DoRA"),
        ("loreft[layers=[]]", "does not edit anything"),
        ("loreft[prefix_positions=0]", "does not edit anything"),
    ],
)
def test_parameters_that_adapters_cannot_build_together(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_method(text)
    assert reason in str(caught.value)


def test_layers_may_be_counted_from_the_last() -> None:
    method = parse_method("seq_bn_inv[leave_out=[0,-1]]")
    assert their_config(to_adapters_string(method, 12)).leave_out == [0, 11]
    with pytest.raises(ValueError, match="0 is the first, -1 the last"):
        parse_method("seq_bn[leave_out=[x]]")


def test_a_union_reaches_adapters() -> None:
    method = parse_method("prefix_tuning[prefix_length=5] | par_bn")
    assert method.names == ("prefix_tuning", "par_bn")
    config = their_config(to_adapters_string(method, 12))
    assert [type(part).__name__ for part in config.configs] == ["PrefixTuningConfig", "ParBnConfig"]
    assert config.configs[0].prefix_length == 5


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("seq_bm", "unknown method `seq_bm`", "did you mean `seq_bn`?"),
        ("lora[rank=4]", "`lora` has no parameter `rank`", "known: "),
        ("seq_bn[reduction_facto=4]", "no parameter `reduction_facto`", "`reduction_factor`?"),
        ("lora[r=0]", "`lora[r]` must be at least 1", ""),
        ("lora[r=4.5]", "`lora[r]` must be a whole number", ""),
        ("lora[r=true]", "`lora[r]` must be a whole number", ""),
        ("lora[dropout=1]", "`lora[dropout]` must be at most 0.99", ""),
        ("lora[alpha=1,alpha=2]", "given twice", ""),
        ("lora[attn_matrices=[x]]", "must be a list of q, k or v", ""),
        ("lora[use_gating=1]", "must be true or false", ""),
        ("seq_bn[reduction_factor=0]", "must be above 0", ""),
        ("seq_bn[reduction_factor=1e999]", "must be a finite number", ""),
        ("seq_bn[reduction_factor={0:8}]", "must have a `default`", ""),
        ("seq_bn[scaling=big]", "must be a number, `learned` or `channel`", ""),
        ("seq_bn[non_linearity=rellu]", "must be `relu` or", ""),
        ("seq_bn[leave_out=3]", "must be a list of layer numbers", ""),
        ("seq_bn[", "is not a method", "write `name`"),
        ("seq_bn[dropout]", "cannot read the parameters", "write `seq_bn[key=value,...]`"),
        ("seq_bn[dropout=__import__('os')]", "cannot read the parameters", ""),
        ("seq_bn[dropout=" + "[" * 300, "is not a method", ""),
        ("seq_bn[dropout=" + "-" * 400 + "1]", "cannot read the parameters", ""),
        ("", "is not a method", ""),
        ("lora|", "is not a method", ""),
        ("full[r=2]", "`full` has no parameter `r`", ""),
        ("mam[r=2]", "`mam` does not take parameters", "prefix_tuning[bottleneck_size=800]|par_bn"),
        ("full|lora", "`full` cannot be part of a union", ""),
        ("mam|lora", "`mam` cannot be part of a union", ""),
        ("seq_bn|par_bn", "use the same places", ""),
        ("lora|lora", "use the same places", ""),
        ("x" * 501, "at most 500 characters", ""),
    ],
)
def test_what_is_not_a_method(text: str, message: str, hint: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_method(text)
    assert message in str(caught.value).partition("\n")[0]
    assert hint in str(caught.value)
    assert check_method(text, 256) == [str(caught.value)]


def values(parameter: Parameter) -> st.SearchStrategy[object]:
    """Values that a parameter takes, in the type it comes back in."""
    low, high = parameter.low, parameter.high
    match parameter.rule:
        case "flag":
            found: st.SearchStrategy[object] = st.booleans()
        case "integer":
            found = st.integers(int(low or 0), 10_000)
        case "number":
            found = st.floats(low if low is not None else 0.001, high or 1000)
        case "scaling":
            found = st.floats(0.001, 100) | st.sampled_from(["learned", "channel"])
        case "reduction":
            number = st.floats(0.5, 64)
            mapping = st.dictionaries(st.integers(0, 24).map(str), number, max_size=3)
            found = number | st.tuples(mapping, number).map(lambda t: {**t[0], "default": t[1]})
        case "layers" | "any_layers":
            found = st.lists(st.integers(0, 24), max_size=4)
        case "matrices":
            found = st.lists(st.sampled_from("qkv"), min_size=1, max_size=3)
        case "choice":
            found = st.sampled_from(parameter.choices)
    return st.none() | found if parameter.optional else found


@st.composite
def parsed_texts(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    name = draw(st.sampled_from([n for n, method in TABLE.items() if method.parameters]))
    table = METHODS[name].parameters
    keys = draw(st.lists(st.sampled_from(sorted(table)), unique=True, max_size=5))
    return name, {key: draw(values(table[key])) for key in keys}


@given(parsed_texts())
def test_any_method_survives_writing_and_parsing(drawn: tuple[str, dict[str, object]]) -> None:
    name, params = drawn
    assume(clash(METHODS[name].family, {**METHODS[name].defaults, **params}) is None)
    method = parse_method(part_text(name, params))
    assert method.parts[0].params == params
    assert parse_method(str(method)) == method
    assert parse_method(to_adapters_string(method, 12)) == method
    config = (
        their_config(to_adapters_string(method, 12)) if not (OLD and "use_dora" in params) else {}
    )
    assert all(getattr(config, key) == value for key, value in params.items() if config)


@given(
    st.text(max_size=60)
    | st.text(string.ascii_lowercase + "_[]{}()|=,.'\"0123456789-+", max_size=60)
)
def test_any_text_is_a_method_or_a_plain_problem(text: str) -> None:
    problems = check_method("seq_bn[" + text, 64) + check_method(text, 64)
    assert all(isinstance(problem, str) and problem for problem in problems)
