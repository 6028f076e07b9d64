"""Commands that call one endpoint: how they are put together, how one check is judged, and how answers look."""
