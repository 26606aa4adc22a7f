"""SOQL, Salesforce's query language: a grammar, a syntax tree, and its translation to SQL."""
