"""Training of what ships as weights. Not part of the package; run by `make train`."""
