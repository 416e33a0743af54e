"""Personal data: people, how they are reached, their vehicle. Nothing of it leaves these tables unasked.

What ends in `_sealed` is sealed with the key of the person, or of the loan. The column of the same name
without it is from before there were keys, and empty once `recourse privacy seal` has gone over it.
"""

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
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from recourse.storage.tables.base import document, instant, metadata, recorded_at

party = Table(
    "party",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("name_sealed", BYTEA),
    Column("language", Text, nullable=False, server_default="en"),
    Column("region", Text),
    Column("zones", ARRAY(Text), nullable=False, server_default="{}"),
    Column("ceased", ARRAY(Text), nullable=False, server_default="{}"),
    document("details", nullable=True),
    Column("details_sealed", BYTEA),
    instant("as_of", nullable=True),
    # Apart from `as_of`: a snapshot may name a person and say nothing about how he is reached.
    instant("points_as_of", nullable=True),
    Index("ix_party_plain", "id", postgresql_where="name IS NOT NULL OR details IS NOT NULL"),
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
    Column("value", Text),
    UniqueConstraint("kind", "value"),
    # Blind: whoever has the key of the index finds the row by its value, and nobody guesses the value back.
    # `number_digest` is over the end of a number, as a network may write it.
    Column("digest", Text),
    Column("number_digest", Text),
    UniqueConstraint("kind", "digest"),
    Index(None, "number_digest"),
    Index("ix_contact_point_plain", "id", postgresql_where="value IS NOT NULL"),
)

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
    # Each has the value under a key of his own: who shares a number with somebody erased keeps it.
    Column("value_sealed", BYTEA),
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
    document("details", nullable=True),
    Column("details_sealed", BYTEA),
    Column("gps_provider", Text),
    Column("gps_device_id", Text),
    Column("gps_device_sealed", BYTEA),
    Column("gps_consent_on", Date),
    Index("ix_vehicle_plain", "loan_id", postgresql_where="details IS NOT NULL OR gps_device_id IS NOT NULL"),
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
