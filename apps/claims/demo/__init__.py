"""The demo: catalogue, policies, staff, and claims in every state, made by the product's own services."""

from apps.claims.demo.staff import LOGINS

__all__ = ["LOGINS"]
