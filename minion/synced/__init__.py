"""What the master gives this box to run: fetched, judged by its sealed manifest, kept, handed to the loaders."""
