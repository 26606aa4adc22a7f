"""Providers: one room or file each, which translates; `talk` does the talking for all of them."""
