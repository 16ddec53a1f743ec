"""Test kit: does a training loop do what the theory describes?"""
