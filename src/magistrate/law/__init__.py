"""The law in time: which rulebook is in force, how it is changed, what a change would have changed, what it does not cover yet."""
