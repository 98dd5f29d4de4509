"""`cudafix server`: findings as they are typed, and their fixes, for editors with the Language Server Protocol."""
