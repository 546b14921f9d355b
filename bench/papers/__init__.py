"""Papers of claims as issuers write them and people photograph them, made by code, with the answers known."""

from bench.papers.plan import Paper, papers

__all__ = ["Paper", "papers"]
