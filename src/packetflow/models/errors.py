"""What can go wrong between a question to a language model and its answer, as one tree under `ModelUnavailable`."""

from __future__ import annotations

from packetflow._core.errors import PacketFlowError


class ModelUnavailable(PacketFlowError):
    """No usable answer came from any configured language model. Names the models, never a key, prompt or answer."""

    code = "model_unavailable"


class ModelDeclined(ModelUnavailable):
    """The model, or its vendor's content filter, refused to answer."""

    code = "model_declined"


class AnswerRejected(ModelUnavailable):
    """The model was corrected as often as allowed and its answer still did not fit."""

    code = "model_answer_rejected"
