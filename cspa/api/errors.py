"""Errors of the API as problem details (RFC 9457)."""

from typing import Literal

from django.utils.translation import gettext_noop
from ninja import Schema
from pydantic import Field


class ApiError(Exception):
    def __init__(self, status: int, detail: str, parameter: str | None = None):
        super().__init__(detail)
        self.status, self.detail, self.parameter = status, str(detail), parameter


class ProblemSchema(Schema):
    """The body of every error response (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    parameter: str | None = Field(None, description=gettext_noop("The parameter that is at fault."))
