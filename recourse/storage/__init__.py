"""PostgreSQL: tables, repositories and the gathering of a `Situation`. The truth of every case lives here."""
