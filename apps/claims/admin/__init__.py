from apps.claims.admin import banks, catalogue, claims, first_page, handlers, panels

__all__ = ["banks", "catalogue", "claims", "first_page", "handlers", "panels"]
