"""The HTTP door for rigs that push."""
