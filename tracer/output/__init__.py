"""Writers: values → strace text, JSON, summaries."""
