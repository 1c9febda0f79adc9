"""One file a schema version, oldest first: `0001_…`, `0002_…`. A released one is never changed."""
