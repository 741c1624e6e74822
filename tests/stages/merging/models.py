"""Models of several kinds to merge."""

from __future__ import annotations

MODELS = """\
bn: {train: mnli}
bn2: {train: mnli, seed: 2}
lora: {train: mnli, method: lora}
lora2: {train: mnli, method: lora, seed: 2}
full: {train: mnli, method: full}
full2: {train: mnli, method: full, seed: 2}
pos: {train: udpos, method: full}
reft: {train: mnli, method: loreft}
reft2: {train: mnli, method: loreft, seed: 2}
like: {train: mnli, cap: 9}
fixed: {train: mnli, method: "seq_bn[init_weights_seed=3]"}
fixed2: {train: mnli, method: "seq_bn[init_weights_seed=3]", seed: 2}
prefix: {train: mnli, method: prefix_tuning}
prefix2: {train: mnli, method: prefix_tuning, seed: 2}
"""
