"""Diagnosis of trained weights."""
