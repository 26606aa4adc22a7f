"""The outside world, pretended: a Salesforce org and message providers. Imports nothing of the connector."""
