"""Adds heads to ModernBERT: `adapters` has adapters for it, but lacks a class with heads."""

from __future__ import annotations

from typing import Any

from adapters import AdapterSetup, ForwardContext
from adapters.heads import ModelWithFlexibleHeadsAdaptersMixin
from adapters.model_mixin import EmbeddingAdaptersWrapperMixin
from adapters.wrappers import init
from transformers import ModernBertModel, ModernBertPreTrainedModel


# The base classes are untyped.
class ModernBertAdapterModel(
    EmbeddingAdaptersWrapperMixin,  # type: ignore[misc]
    ModelWithFlexibleHeadsAdaptersMixin,  # type: ignore[misc]
    ModernBertPreTrainedModel,
):
    """A class like those of `adapters` for other architectures."""

    model: Any  # torch's type would be a tensor or a module
    head_types = (
        "classification",
        "multilabel_classification",
        "tagging",
        "multiple_choice",
        "question_answering",
        "masked_lm",
    )

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model = ModernBertModel(config)
        init(self.model)
        if not config.attention_bias:  # `adapters` adds a bias nevertheless
            for layer in self.model.layers:
                layer.attn.Wqkv.bias = None
        self._init_head_modules()  # type: ignore[operator]
        self.init_weights()  # type: ignore[no-untyped-call]

    def add_masked_lm_head(self, head_name: str, **settings: Any) -> None:
        """Add a head like that of transformers, where the layers before the decoder lack biases."""
        super().add_masked_lm_head(head_name, **settings)
        head: Any = self.heads[head_name]  # type: ignore[index]
        dense, norm = head[0], head[2]
        dense.register_parameter("bias", None)
        norm.eps = self.config.norm_eps
        if not self.config.norm_bias:
            norm.register_parameter("bias", None)

    @ForwardContext.wrap  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        output_hidden_states: bool | None = None,
        head: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the hidden states, or the outputs of the active head."""
        kwargs.pop("return_dict", None)
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=output_hidden_states,
            return_dict=True,
        )
        if not (head or AdapterSetup.get_context_head_setup() or self.active_head):
            return outputs
        return self.forward_head(  # type: ignore[operator]
            outputs, head_name=head, attention_mask=attention_mask, return_dict=True, **kwargs
        )
