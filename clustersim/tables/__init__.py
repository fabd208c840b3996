"""Tables that users bring: rows and numbers as spreadsheets and people write them."""
