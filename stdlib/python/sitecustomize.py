# Read by every interpreter of a build: it answers for the machine that the result is for.
import os
import sys

triple = os.environ["triple"]
here = os.uname()
there = os.uname_result([*here[:4], triple.partition("-")[0]])
os.uname = lambda: there
sys.implementation._multiarch = triple
