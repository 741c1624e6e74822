"""The method table against `adapters` itself, the parser, and what may be composed."""

from __future__ import annotations

import dataclasses
import string
from typing import Any

import adapters
import pytest
import torch
from adapters.composition import Stack
from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.version import Version
from transformers import XLMRobertaConfig

from adapterxlt.methods.checks import check_method
from adapterxlt.methods.composing import can_fuse, can_stack
from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.methods.merging import can_merge, merge_note, merged_method
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.rules import clash
from adapterxlt.methods.table import METHODS, Parameter
from adapterxlt.methods.traits import to_adapters_string

LEGACY = {
    "pfeiffer",
    "houlsby",
    "parallel",
    "scaled_parallel",
    "pfeiffer+inv",
    "houlsby+inv",
}
OLD = Version(adapters.__version__) < Version("1.3")  # without DoRA
TABLE = {
    name: method
    for name, method in METHODS.items()
    if method.family != "full" and not (OLD and name in ("dora", "dvora"))
}


def their_config(text: str) -> Any:
    return adapters.AdapterConfig.load(text)


def test_the_table_names_what_adapters_names() -> None:
    assert set(TABLE) == set(adapters.ADAPTER_CONFIG_MAP) - LEGACY


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


def part_text(name: str, params: Any) -> str:
    return name + "[" + ",".join(f"{key}={value!r}" for key, value in params.items()) + "]"


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


@pytest.mark.parametrize(
    ("text", "hidden", "expected"),
    [
        ("compacter", 256, []),  # 256 / 32 = 8, divisible by 4
        ("compacter", 32, ["the bottleneck width 1 cannot be divided by phm_dim=4"]),
        ("compacter[phm_dim=7]", 256, ["width 8 cannot", "hidden size 256 cannot"]),
        ("compacter[reduction_factor={0:3,default:32}]", 256, ["bottleneck width 85 cannot"]),
        ("lora[r=300]", 256, ["rank r=300 is above the hidden size 256"]),
        ("ia3[r=2]", 256, ["needs r=1 and dropout=0 for composition_mode=scale"]),
        ("prefix_tuning[leave_out=[0,1,2,3]]", 256, ["leaves out every layer"]),
        ("seq_bn[leave_out=[0,3]]", 256, []),
        ("seq_bn[leave_out=[4]]", 256, ["there is no layer 4"]),
        ("prefix_tuning|seq_bn[leave_out=[9]]", 256, ["there is no layer 9"]),
        ("loreft[layers=[7]]", 256, ["there is no layer 7"]),
        ("seq_bn[leave_out=[-1]]", 256, []),
        ("seq_bn[leave_out=[-5]]", 256, ["there is no layer -5"]),
        ("seq_bn[leave_out=[0,1,-2,-1]]", 256, ["leaves out every layer"]),
    ],
)
def test_methods_are_checked_against_the_sizes_of_the_backbone(
    text: str, hidden: int, expected: list[str]
) -> None:
    found = check_method(text, hidden, layers=4)
    assert len(found) == len(expected)
    for problem, part in zip(found, expected, strict=True):
        assert part in problem


def methods(*texts: str) -> list[Any]:
    return [parse_method(text) for text in texts]


def test_fusion_takes_bottlenecks_of_one_configuration() -> None:
    assert can_fuse(methods("seq_bn", "seq_bn[reduction_factor=16]")) is None
    assert can_fuse(methods("compacter", "compacter")) is None
    assert "only bottleneck" in str(can_fuse(methods("lora", "lora")))
    assert "differ" in str(can_fuse(methods("seq_bn", "double_seq_bn")))
    assert "differ" in str(can_fuse(methods("seq_bn", "seq_bn[reduction_factor=8]")))
    assert "invertible" in str(can_fuse(methods("seq_bn_inv", "seq_bn_inv")))
    assert "several methods" in str(can_fuse(methods("mam", "mam")))
    assert "full" in str(can_fuse(methods("full", "seq_bn")))


def test_merging_takes_one_configuration() -> None:
    assert can_merge(methods("lora", "lora[r=8]")) is None
    assert can_merge(methods("lora", "lora[r=4,alpha=16]")) is None
    assert can_merge(methods("lora[attn_matrices=[q,v]]", "lora[attn_matrices=[v,q]]")) is None
    assert can_merge(methods("ia3", "ia3[alpha=2]")) is None
    assert can_merge(methods("full", "full")) is None
    assert can_merge(methods("mam", "prefix_tuning[bottleneck_size=800]|par_bn")) is None
    assert "differ" in str(can_merge(methods("lora", "lora[attn_matrices=[q]]")))
    assert "differ" in str(can_merge(methods("lora", "lora[leave_out=[1]]")))
    assert "differ" in str(can_merge(methods("lora", "lora[composition_mode=scale,r=1]")))
    assert "differ" in str(can_merge(methods("noreft", "direft")))  # differ outside the table
    assert "differ" in str(can_merge(methods("lora", "mtl_lora")))
    assert "differ" in str(can_merge(methods("vera", "vera[r=4]")))
    assert "full" in str(can_merge(methods("full", "lora")))


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("seq_bn_inv", "invertible"),
        ("compacter", "products of small factors"),
        ("dora", "learnt magnitudes"),
        ("dvora", "learnt magnitudes"),
        ("lora[use_dora=true]", "learnt magnitudes"),
        ("unipelt", "a gate that depends on the input"),
        ("ia3[use_gating=true]", "a gate that depends on the input"),
        ("noreft[non_linearity=relu]", "non-linear edits"),
        ("lora[leave_out=[0]]|ia3[leave_out=[1]]", "combines several LoRAs"),
    ],
)
def test_what_has_no_sum_is_not_merged(method: str, reason: str) -> None:
    assert reason in str(can_merge(methods(method, method)))


@pytest.mark.parametrize(
    ("members", "merged"),
    [
        (["seq_bn", "seq_bn"], "seq_bn"),
        (["lora", "lora[r=4,alpha=16]"], "lora[r=12,alpha=12]"),
        (["lora[r=4]|seq_bn", "lora[r=4]|seq_bn"], "lora|seq_bn"),
        (["ia3[alpha=2]", "ia3"], "ia3"),
        (["vera", "vera"], "vera"),
        (["loreft", "loreft[r=2]"], "noreft[r=3]"),
        (["mtl_lora", "mtl_lora"], "mtl_lora[r=16,alpha=16]"),
        (["full", "full"], "full"),
    ],
)
def test_the_method_of_a_merge(members: list[str], merged: str) -> None:
    assert str(merged_method(methods(*members))) == merged


def test_a_rank_cuts_what_has_one() -> None:
    two = methods("lora", "lora[r=4]")
    assert can_merge(two, 12) is None
    assert str(merged_method(two, 4)) == "lora[r=4,alpha=4]"
    assert "is above 12" in str(can_merge(two, 13))
    assert "no LoRA" in str(can_merge(methods("seq_bn", "seq_bn"), 4))


def test_what_a_merge_weighs_is_said() -> None:
    (lora,), (bottleneck,) = methods("lora"), methods("seq_bn")
    assert (
        merge_note(lora, [0.5, 0]) == "is the weighted sum of the update B A alpha / r of each LoRA"
    )
    said = "is the weighted sum of the adapters' weights, not of what they do"
    assert merge_note(bottleneck, [0.5, 0.5]) == said
    assert "the weights sum to 0.5 and not to 1" in merge_note(bottleneck, [0.5, 0])


PAIRS = [
    ("seq_bn", "seq_bn"),
    ("seq_bn", "double_seq_bn"),
    ("seq_bn", "lora"),
    ("lora", "seq_bn"),
    ("lora", "lora"),
    ("lora", "mtl_lora"),
    ("lora", "ia3"),
    ("lora[attn_matrices=[k]]", "lora[attn_matrices=[q]]"),
    ("lora[selfattn_lora=false,output_lora=true]", "lora"),
    ("ia3", "ia3"),
    ("par_bn", "seq_bn"),
    ("seq_bn", "par_bn"),
    ("seq_bn[mh_adapter=true,output_adapter=false]", "par_bn"),
    ("seq_bn", "mam"),
    ("prefix_tuning", "prefix_tuning"),
    ("prompt_tuning", "seq_bn"),
    ("seq_bn", "prompt_tuning"),
    ("loreft", "seq_bn"),
    ("seq_bn", "loreft"),
]


@pytest.mark.parametrize(("lower", "upper"), PAIRS)
def test_a_stack_is_refused_exactly_when_adapters_would_ignore_a_part(
    lower: str, upper: str
) -> None:
    below, top = methods(lower, upper)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = adapters.XLMRobertaAdapterModel(
        XLMRobertaConfig(vocab_size=30, intermediate_size=32, max_position_embeddings=40, **sizes)
    )
    model.add_adapter("low", config=to_adapters_string(below, 12))
    model.add_adapter("high", config=to_adapters_string(top, 12))
    model.active_adapters = Stack("low", "high")
    model.eval()
    ids = torch.randint(5, 30, (2, 7))

    def counts(name: str) -> bool:
        """Whether other weights of this adapter change what the model computes."""
        before = model.base_model(ids)[0]
        for key, tensor in model.named_parameters():
            if f".{name}." in f"{key}.":
                tensor.data += torch.randn(tensor.shape)
        return not torch.equal(before, model.base_model(ids)[0])

    both_count = [counts("low"), counts("high")] == [True, True]
    assert both_count == (can_stack([below], top) is None)


def test_invertible_and_full_cannot_be_stacked() -> None:
    (below,) = methods("seq_bn")
    assert "lowest" in str(can_stack([below], parse_method("seq_bn_inv")))
    assert "full" in str(can_stack([below], parse_method("full")))
    assert can_stack(methods("seq_bn_inv"), below) is None


def test_default_learning_rates_and_epochs() -> None:
    assert default_lr("full") == 2e-5
    assert default_lr("seq_bn[reduction_factor=4]") == 1e-4
    assert default_lr("lora") == 5e-4
    assert default_lr("prefix_tuning|par_bn") == 1e-4  # the lower of the two
    assert default_lr("fusion") == 5e-5
    assert default_epochs("full") == 3
    assert default_epochs("seq_bn") == default_epochs("fusion") == 5
    for name in METHODS:
        assert 0 < default_lr(name) < 1


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


def test_a_method_that_the_installed_library_lacks_is_refused_with_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapterxlt.methods.checks._installed", lambda: "1.2.0")
    assert check_method("dora", 384) == [
        "`dora` needs adapters 1.3 or newer, but 1.2.0 is installed\npip install -U adapters"
    ]
    assert check_method("lora", 384) == []
