"""Athena: SQL over the objects that Glue's tables describe, on DuckDB, results to S3.

Served: SELECT in Trino's dialect over JSON lines, CSV and Parquet (plain, GZIP), partitions registered or projected;
CREATE/DROP DATABASE and TABLE, MSCK REPAIR TABLE, ALTER TABLE ADD/DROP PARTITION, SHOW, DESCRIBE. Refused when a query
starts: everything that writes tables (CTAS, INSERT, UNLOAD, Iceberg), views, prepared statements, Spark.

A query runs in a process of its own, with limits and a deadline. It sees the rows of its tables and nothing else: they are loaded before the database is locked against files,
network and settings, and only functions of a list may be called.
"""
