"""Every operation of Smsclouds' guide as a row, a room a file; `connector.providers.smsclouds.client` has the rooms."""
