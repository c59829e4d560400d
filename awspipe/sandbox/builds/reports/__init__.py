"""Test reports and code coverage that builds leave, read from the files that test tools write."""
