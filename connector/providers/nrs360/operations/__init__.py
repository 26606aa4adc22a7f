"""The operations of 360NRS's guide, a file a chapter of it."""
