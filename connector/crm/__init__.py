"""The CRM: its contract, and the one file a CRM that keeps it."""
