"""Host agents: how each one's sessions are read (and, live, how its hooks are answered). One file a host."""
