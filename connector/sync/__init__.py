"""Verbs: one file each, from the CRM to the provider and back."""
