"""`python -m recourse.cli`: the command line where its script is not on the PATH."""

from recourse.cli import main

main()
