"""Assertions in the contract explain themselves as a test file's do."""

import pytest

pytest.register_assert_rewrite("tests.providers.contract")
