"""The embedded stack: real PostgreSQL, Kafka and Temporal, and the outside world's protocol ends, without
containers.
"""

from recourse.stack.addresses import StackAddresses, environment
from recourse.stack.errors import Missing, StackError
from recourse.stack.running import running

__all__ = ["Missing", "StackAddresses", "StackError", "environment", "running"]
