"""Methods against the sizes of a backbone and the installed library."""

from __future__ import annotations

import pytest

from adapterxlt.methods.checks import check_method


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


def test_a_method_that_the_installed_library_lacks_is_refused_with_the_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapterxlt.methods.checks._installed", lambda: "1.2.0")
    assert check_method("dora", 384) == [
        "`dora` needs adapters 1.3 or newer, but 1.2.0 is installed\npip install -U adapters"
    ]
    assert check_method("lora", 384) == []
