"""Valid requests with damaged bytes, sent to a running service."""
