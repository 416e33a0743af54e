"""Personal data: people, how they are reached, their vehicle. Nothing of it leaves these tables unasked."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Time,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from recourse.storage.tables.base import document, instant, metadata, recorded_at

party = Table(
    "party",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("language", Text, nullable=False, server_default="en"),
    Column("region", Text),
    Column("zones", ARRAY(Text), nullable=False, server_default="{}"),
    Column("ceased", ARRAY(Text), nullable=False, server_default="{}"),
    document("details", nullable=True),
    instant("as_of", nullable=True),
    # Apart from `as_of`: a snapshot may name a person and say nothing about how he is reached.
    instant("points_as_of", nullable=True),
)

loan_party = Table(
    "loan_party",
    metadata,
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    Column("person_id", Text, ForeignKey("party.id"), primary_key=True),
    Column("role", Text, nullable=False),
    Index(None, "person_id"),
)

contact_point = Table(
    "contact_point",
    metadata,
    # A random id: a hash of a phone number could be guessed back. Two people may share the row.
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("kind", "value"),
    Index("ix_contact_point_number", text("right(regexp_replace(value, '[^0-9]', '', 'g'), 10)")),
)

NUMBERS = ("mobile", "landline")
NUMBER_END = 10
"""Digits by which a number is looked for, and which the index holds: as many as it has without its country,
in most places."""
number_digits = func.regexp_replace(
    contact_point.c.value, literal_column("'[^0-9]'"), literal_column("''"), literal_column("'g'")
)
number_end = func.right(number_digits, literal_column(str(NUMBER_END)))

person_contact_point = Table(
    "person_contact_point",
    metadata,
    Column("person_id", Text, ForeignKey("party.id"), primary_key=True),
    Column("contact_point_id", Text, ForeignKey("contact_point.id"), primary_key=True),
    Column("consent", ARRAY(Text), nullable=False),
    Column("usable", Boolean, nullable=False, server_default="true"),
    Column("unusable_code", Text),
    # By the newest snapshot. Apart from `usable`: listing a dead number again does not bring it to life.
    Column("listed", Boolean, nullable=False, server_default="true"),
    # What it is to the person (home, work), where the bank says.
    Column("whereabouts", Text),
    Index(None, "contact_point_id"),
)

restriction = Table(
    "restriction",
    metadata,
    # Withdrawn, never deleted: it says why somebody was left alone.
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("party.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("weekdays", ARRAY(Integer), nullable=False, server_default="{}"),
    Column("begins", Time),
    Column("ends", Time),
    Column("contact_point_id", Text, ForeignKey("contact_point.id")),
    Column("whereabouts", Text),
    Column("attorney_id", Text, ForeignKey("party.id")),
    Column("noted_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    instant("since"),
    instant("withdrawn_at", nullable=True),
    Column("withdrawn_by", Text),
    Column("withdrawn_source", Text),
    recorded_at(),
    Index(None, "person_id"),
)

vehicle = Table(
    "vehicle",
    metadata,
    Column("loan_id", Text, ForeignKey("loan.id"), primary_key=True),
    document("details"),
    Column("gps_provider", Text),
    Column("gps_device_id", Text),
    Column("gps_consent_on", Date),
)

consent = Table(
    "consent",
    metadata,
    # Withdrawn, never deleted: it says why somebody was written to, and since when no more.
    Column("id", Text, primary_key=True),
    Column("person_id", Text, ForeignKey("party.id"), nullable=False),
    Column("contact_point_id", Text, ForeignKey("contact_point.id"), nullable=False),
    Column("channel", Text, nullable=False),
    # NULL with way and source: the bank only listed it, and it is on record because it was withdrawn.
    instant("given_at", nullable=True),
    Column("way", Text),
    Column("source", Text),
    Column("noted_by", Text, nullable=False),
    instant("withdrawn_at", nullable=True),
    Column("withdrawn_way", Text),
    Column("withdrawn_source", Text),
    Column("withdrawn_by", Text),
    recorded_at(),
    UniqueConstraint("person_id", "contact_point_id", "channel", "given_at", "source"),
)
