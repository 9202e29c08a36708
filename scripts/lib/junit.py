"""Counts the tests of a JUnit file (pytest's --junitxml): prints "passed failed skipped"."""
import sys
import xml.etree.ElementTree as tree

passed = failed = skipped = 0
for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
    tests = int(suite.get("tests", 0))
    bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    skip = int(suite.get("skipped", 0))
    passed += max(0, tests - bad - skip)
    failed += bad
    skipped += skip
print(passed, failed, skipped)
