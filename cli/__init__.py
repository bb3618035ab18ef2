"""The command line of lmkindex: a thin shell that gathers settings, calls the library and prints. One file per group of
commands."""
