"""From Kafka to accepted facts and back out: consumer, lanes, watermarks, dead letters, relay."""
