"""SMPP 3.4, for accounts that are a session with a message centre (SMSC) and not an address asked over HTTP."""
