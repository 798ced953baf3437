"""What leaves an audit: renderings, the report, and what inline ignores keep out of them."""
