"""A pretend Salesforce org: its schema, its records, and the REST API that other people's clients speak to it."""
