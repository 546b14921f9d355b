"""Advice on a description: what it is about and what to ask for beyond the form. The rules' own needs nothing else.

Whatever another adviser answers comes through `checked`. Plain Python.
"""

from apps.claims.rules.advice.advising import EVIDENCE_MOST, LINES_MOST, Advice, Line, advise, candidates
from apps.claims.rules.advice.answers import PROMPT_VERSION, AdviceInvalid, as_data, checked, instructions, schema
from apps.claims.rules.advice.summaries import OWN_SUMMARY_MOST, SUMMARY_MOST

__all__ = [
    "EVIDENCE_MOST",
    "LINES_MOST",
    "OWN_SUMMARY_MOST",
    "PROMPT_VERSION",
    "SUMMARY_MOST",
    "Advice",
    "AdviceInvalid",
    "Line",
    "advise",
    "as_data",
    "candidates",
    "checked",
    "instructions",
    "schema",
]
