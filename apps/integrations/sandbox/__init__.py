"""A server that answers like the outside systems do, over real HTTP and SMTP, and shows what it was given.

One system is one module here: it makes a `System` and hangs its routes on it; `registry.discover` finds it by listing
this package. Faults (`faults.py`) can be turned on for each system by a test or a person.
"""
