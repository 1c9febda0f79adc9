"""`file.*` on real files in a folder of the test's own."""
