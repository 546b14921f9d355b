"""A language model: what the product asks of any of them. `settings.LLM_BACKEND` names the class that does it.

Ask by `model_ask`, which keeps to the day's budget; text that people wrote goes through `masked` first.
"""

from apps.integrations.llm.asking import model_ask
from apps.integrations.llm.budget import MILLION, cost_of, useless_note
from apps.integrations.llm.masking import masked
from apps.integrations.llm.model import Answer, AnswerUseless, Model, Usage, get_model

__all__ = [
    "MILLION",
    "Answer",
    "AnswerUseless",
    "Model",
    "Usage",
    "cost_of",
    "get_model",
    "masked",
    "model_ask",
    "useless_note",
]
