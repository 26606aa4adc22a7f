"""Bulk360 v2: SMS and WhatsApp by its HTTP guide, with delivery notifications pushed. `adapter` is the door."""
