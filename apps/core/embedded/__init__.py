"""What `manage.py run` is made of: ports, a private Redis-protocol server, processes that live and die together."""
