"""Deployments to the sandbox's hosts: which ones, in which waves, what came of it, and the way back."""
