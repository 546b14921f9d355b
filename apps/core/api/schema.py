from drf_standardized_errors.openapi import AutoSchema


class ApiSchema(AutoSchema):
    """drf-spectacular's description of a view, with the error answers that the handler gives."""
