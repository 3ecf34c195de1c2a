"""Writers of files with several frames, each frame made, written and forgotten before the next is asked for."""
