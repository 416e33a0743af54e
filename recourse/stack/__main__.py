"""`python -m recourse.stack PLAN`: the supervisor as a process of its own."""

import sys

from recourse.stack.supervisor import main

if __name__ == "__main__":
    sys.exit(main())
