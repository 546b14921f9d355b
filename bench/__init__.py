"""`python -m bench` measures Claimdesk beside baselines taken in the same run. docs/bench.md says how to read it."""
