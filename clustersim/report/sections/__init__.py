"""What each section of the page says: from the summary to text, tables and figures; the templates only set them."""
