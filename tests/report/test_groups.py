from __future__ import annotations

import pytest

from adapterxlt.report.groups import facets
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from tests.report.conftest import Made


def test_groups_hold_every_language_once(made: Made) -> None:
    runs, comparisons = made
    findings = Study(contests(runs), comparisons).findings
    found = {facet.name: facet for facet in facets(findings)}
    assert found["class"].groups == ("2", "4", "5")
    assert found["script"].groups == ("Cyrl", "Latn")
    for facet in found.values():
        for finding, cells in facet.rows:
            codes = [code for group in cells.values() for code in group.languages]
            assert sorted(codes) == sorted(finding.found.languages)
            mean = sum(len(group.languages) * group.gain for group in cells.values()) / len(codes)
            assert mean == pytest.approx(finding.gain)
