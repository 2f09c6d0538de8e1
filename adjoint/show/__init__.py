"""What people look at and keep: exported files, tables, pictures."""
