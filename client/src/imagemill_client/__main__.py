"""`python -m imagemill_client` is the command `imagemill`."""

from imagemill_client.command.app import main

if __name__ == "__main__":
    main()
