"""Shared column shapes, and names for every constraint so that migrations can speak of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A business instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def recorded_at() -> Column[datetime]:
    """When the row was written, by the database's clock."""
    return Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def document(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True), nullable=nullable)
