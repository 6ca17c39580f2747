"""`python -m songban`: how the supervisor starts each process."""

from songban.cli import main

if __name__ == "__main__":
    main()
