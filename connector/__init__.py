"""The connector: CRM records in, text messages out, and everything that becomes of them back."""
