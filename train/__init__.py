"""How the screen is trained. Not part of the installed package."""
