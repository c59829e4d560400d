"""Builds of CodeBuild, really run on this machine."""
